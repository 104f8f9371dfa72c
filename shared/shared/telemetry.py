"""Logs (structlog, JSON) and metrics (Prometheus): every name of a metric is on this page."""

import logging
import sys
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from shared import trace

REGISTRY: Final = CollectorRegistry()

_FAST: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

REQUESTS: Final = Histogram(
    "tierdesk_request_seconds",
    "Time to answer a request.",
    ("service", "method", "route", "status"),
    buckets=_FAST,
    registry=REGISTRY,
)
PUBLISHED: Final = Counter("tierdesk_published_events", "Events the broker took.", ("service",), registry=REGISTRY)
HANDLED: Final = Counter(
    "tierdesk_handled_events",
    "Events consumed. outcome: applied, repeated, unknown, parked, dead.",
    ("service", "outcome"),
    registry=REGISTRY,
)
LAG: Final = Gauge("tierdesk_consumer_lag_events", "Records not handled yet.", ("service",), registry=REGISTRY)
FAULTS: Final = Counter(
    "tierdesk_faults",
    "Faults that were waited out. part: consumer, relay, timer.",
    ("service", "part"),
    registry=REGISTRY,
)
AUDIT_PRECISION: Final = Gauge(
    "tierdesk_router_audit_precision",
    "Share of the router's audited decisions that people agreed with.",
    registry=REGISTRY,
)
COVERAGE: Final = Gauge(
    "tierdesk_router_coverage",
    "Share of the last day's issues whose category the router found without a person.",
    registry=REGISTRY,
)


def log(**bound: Any) -> structlog.stdlib.BoundLogger:
    """A logger; events are short past-tense phrases, details are keywords, secrets and customers' texts never."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(**bound)
    return logger


def configure_logging(level: str = "INFO") -> None:
    """Write one JSON object per line to standard output, ours and the libraries'."""
    shared_processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_trace,
    ]
    structlog.configure(
        processors=[*shared_processors, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared_processors],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def _with_trace(_logger: object, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    trace_id = trace.trace_id()
    if trace_id is not None:
        event["trace_id"] = trace_id
    return event
