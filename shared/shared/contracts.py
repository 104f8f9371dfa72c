"""The written contract of the events, made from the code: JSON Schemas and the AsyncAPI page.

`python -m shared.contracts` writes them anew; a test fails while what is committed differs. Examples of events are
written by hand, once, and never edited: they stand for what is still on the topics.
"""

import json
import sys
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from shared.events import EVENT_LIMIT_BYTES, FACTS, Envelope, Fact
from shared.topics import PARTITIONS, TOPICS, Topic

EVENTS: Final = Path(__file__).parent / "events"
SCHEMAS: Final = EVENTS / "schemas"
EXAMPLES: Final = EVENTS / "examples"
ASYNCAPI: Final = Path(__file__).parent.parent / "asyncapi.json"
ASYNCAPI_VERSION: Final = "3.0.0"
CONTRACT_VERSION: Final = "1.0.0"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

Document = dict[str, Any]


@cache
def schema_of(fact: type[Fact]) -> Document:
    """The JSON Schema of a fact's whole envelope, as a reader accepts it."""
    schema: Document = Envelope[fact].model_json_schema()  # type: ignore[valid-type]
    schema["properties"]["type"] |= {"const": fact.TYPE}
    return {"$schema": DIALECT, "$id": f"urn:tierdesk:event:{fact.TYPE}", **schema, "title": fact.TYPE}


def asyncapi() -> Document:
    """The AsyncAPI page of all topics: who publishes what, who reads it, how long it stays."""
    return {
        "asyncapi": ASYNCAPI_VERSION,
        "info": {
            "title": "Tierdesk events",
            "version": CONTRACT_VERSION,
            "description": f"CloudEvents 1.0, structured JSON, at most {EVENT_LIMIT_BYTES} bytes. In order per key. "
            "Readers ignore fields and event types they do not know.",
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": {name: operation for topic in TOPICS for name, operation in _operations(topic)},
        "components": {"messages": {fact.TYPE: _message(fact) for topic in TOPICS for fact in topic.facts}},
    }


def _channel(topic: Topic) -> Document:
    kept = (
        {"cleanup.policy": ["compact"]}
        if topic.retention is None
        else {"retention.ms": topic.retention // timedelta(milliseconds=1)}
    )
    return {
        "address": topic.name,
        "messages": {fact.TYPE: {"$ref": f"#/components/messages/{fact.TYPE}"} for fact in topic.facts},
        "bindings": {"kafka": {"partitions": topic.partitions(PARTITIONS), "topicConfiguration": kept}},
    }


def _operations(topic: Topic) -> list[tuple[str, Document]]:
    channel = {"$ref": f"#/channels/{topic.name}"}
    sends = [(f"{topic.producer} publishes {topic.name}", {"action": "send", "channel": channel})]
    reads = [
        (f"{consumer} reads {topic.name}", {"action": "receive", "channel": channel})
        for consumer in sorted(topic.consumers)
    ]
    return sends + reads


def _message(fact: type[Fact]) -> Document:
    summary = (fact.__doc__ or "").strip().partition("\n")[0]
    return {
        "name": fact.TYPE,
        "summary": summary,
        "payload": {"$ref": f"shared/events/schemas/{fact.TYPE}.json"},
        "examples": [{"payload": {"$ref": f"shared/events/examples/{fact.TYPE}.json"}}],
    }


def written(document: Document) -> str:
    """A document as it is committed."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write schemas and the AsyncAPI page."""
    SCHEMAS.mkdir(exist_ok=True)
    for type_, fact in FACTS.items():
        (SCHEMAS / f"{type_}.json").write_text(written(schema_of(fact)), encoding="utf-8")
    ASYNCAPI.write_text(written(asyncapi()), encoding="utf-8")
    sys.stdout.write(f"{len(FACTS)} schemas and {ASYNCAPI.name} written\n")


if __name__ == "__main__":
    main()
