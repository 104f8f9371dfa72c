"""`/livez`, `/readyz` and `/metrics` of a process."""

import json
import time
from typing import TYPE_CHECKING, Final

from prometheus_client import generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from shared.db import Unavailable
from shared.telemetry import REGISTRY

if TYPE_CHECKING:
    from shared.service import Process, Service

STUCK_AFTER: Final = 10.0
"""Seconds without a tick of the loop after which the process is not alive."""


def probes(process: "Process") -> ASGIApp:
    """An application that answers for the whole process and 404 for everything else."""

    async def livez(_request: Request) -> Response:
        return _answer([] if time.monotonic() - process.last_tick < STUCK_AFTER else ["the loop is stuck"])

    async def readyz(_request: Request) -> Response:
        return _answer([fault for service in process.services for fault in await _faults(service)])

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(REGISTRY), media_type="text/plain; version=0.0.4")

    routes = [Route(path, endpoint) for path, endpoint in (("/livez", livez), ("/readyz", readyz))]
    return Starlette(routes=[*routes, Route("/metrics", metrics)])


def _answer(faults: list[str]) -> Response:
    return Response(json.dumps({"ok": not faults, "faults": faults}), 503 if faults else 200, None, "application/json")


async def _faults(service: "Service") -> list[str]:
    """What keeps a service from its work: web needs the database, a worker its partitions besides."""
    faults = []
    try:
        async with service.db.transaction() as tx:
            await tx.fetch("SELECT 1")
    except Unavailable:
        faults.append(f"{service.name}: the database is away")
    if "worker" in service.roles and service.consumer is not None:
        if service.consumer.halted:
            faults.append(f"{service.name}: {service.consumer.halted}")
        elif not service.consumer.assigned:
            faults.append(f"{service.name}: no partitions yet")
    return faults
