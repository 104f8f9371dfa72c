"""Every operation of every service, as its OpenAPI document describes it, and bodies that fit."""

import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import intake.app
import intake.settings
import notifications.app
import notifications.settings
import router.app
import router.settings
import tier_queues.app
import tier_queues.settings
import vendor_bridge.app
import vendor_bridge.settings
from shared.service import Service
from shared.settings import ServiceSettings

ABSENT: Final = "0193ffff-0000-7000-8000-000000000000"
"""An id of nothing."""
TARGET: Final = "http://127.0.0.1:9/"
"""An address that the settings of `whole` let through; nobody listens there."""
KNOWN_FIELDS: Final[Mapping[str, Any]] = {
    "url": TARGET,
    "customer": {"email": "ada@example.com"},
    "target": {"tier": 2},
    "media_type": "text/plain",
    "link": "https://remote.example.com/1",
    "command": "resume",
    "briefing": {"customer": "x", "symptoms": "x", "tried": "x"},
}
"""Fields whose shape the schema does not tell in full."""
KNOWN_PLACES: Final[Mapping[str, str]] = {
    "tier": "1",
    "agent": "nobody",
    "vendor_id": "nobody",
    "application": "nobody",
    "number": "9",
    "name": "nothing",
    "version": "9",
}
"""Names in paths that are not UUIDs, with values that name nothing."""
NO_MODEL: Final = ("/models/{version}/", f"/models/{'0' * 16}/")
"""A model's version is no number, as other versions are."""


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    service: str
    method: str
    path: str
    described: Mapping[str, Any] = field(repr=False)
    document: Mapping[str, Any] = field(repr=False)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def declared(self) -> str:
        """Who may call it, in the document's words; empty when nobody said."""
        return str(self.described.get("x-allow", ""))

    @property
    def caller(self) -> str:
        """One kind of those who may call it, as `whole` knows them."""
        words = self.declared.replace("client application", "application")
        return next((kind for kind in ("application", "vendor", "admin", "agent") if kind in words), "nobody")

    @property
    def places(self) -> list[str]:
        """Names in the path."""
        return re.findall(r"{(\w+)}", self.path)

    @property
    def parameters(self) -> dict[str, Mapping[str, Any]]:
        """What the query and the headers may hold, by name."""
        return {one["name"]: one for one in self.described.get("parameters", ()) if one["in"] != "path"}

    @property
    def schema(self) -> Mapping[str, Any] | None:
        """The schema of its JSON body, or None when it takes none."""
        content = self.described.get("requestBody", {}).get("content", {})
        found: Mapping[str, Any] | None = content.get("application/json", {}).get("schema")
        return None if found is None else self.resolved(found)

    @property
    def is_command(self) -> bool:
        """Whether it needs an Idempotency-Key."""
        return "idempotency-key" in self.parameters

    def url(self, **values: str) -> str:
        """Its address; places without a value name nothing that exists."""
        path = self.path.replace(*NO_MODEL)
        return re.sub(r"{(\w+)}", lambda place: values.get(place[1]) or KNOWN_PLACES.get(place[1], ABSENT), path)

    def query(self) -> dict[str, Any]:
        """What the query must hold."""
        needed = {name: one for name, one in self.parameters.items() if one["in"] == "query" and one.get("required")}
        return {name: self.fitting(one["schema"]) for name, one in needed.items()}

    def body(self) -> Any:
        """The smallest body that fits."""
        assert self.schema is not None
        return self.fitting(self.schema)

    def fitting(self, schema: Mapping[str, Any]) -> Any:
        """The smallest value that fits a schema."""
        schema = self.resolved(schema)
        if "enum" in schema or "const" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            return self.fitting(choices[0])
        return self._of_type(schema)

    def _of_type(self, schema: Mapping[str, Any]) -> Any:
        match schema.get("type"):
            case "object":
                needed = schema.get("required", ())
                return {name: self.field(name, schema["properties"][name]) for name in needed}
            case "string":
                return _FORMATS.get(schema.get("format", ""), "x" * max(1, schema.get("minLength", 1)))
            case "integer" | "number":
                return schema.get("minimum", 1)
            case "boolean":
                return False
            case "array":
                return [self.fitting(schema["items"])] * schema.get("minItems", 0)
        return None

    def field(self, name: str, schema: Mapping[str, Any]) -> Any:
        """The smallest value of a named field."""
        return KNOWN_FIELDS[name] if name in KNOWN_FIELDS else self.fitting(schema)

    def fields(self, kind: str) -> list[str]:
        """Names of the body's fields that may hold a value of a type, e.g. `string`."""
        properties = (self.schema or {}).get("properties", {})
        return [name for name, schema in properties.items() if kind in self._kinds(schema)]

    def _kinds(self, schema: Mapping[str, Any]) -> set[str]:
        resolved = self.resolved(schema)
        return {resolved.get("type", "")}.union(*(self._kinds(choice) for choice in resolved.get("anyOf", ())))

    @property
    def answers(self) -> str:
        """The name of the schema that a good answer has; empty when it has none."""
        content = self.described["responses"].get("200", {}).get("content", {})
        return str(content.get("application/json", {}).get("schema", {}).get("$ref", "")).rpartition("/")[2]

    def resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema itself, where another is named."""
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return schema


_FORMATS: Final = {"uuid": ABSENT, "date-time": "2040-01-01T00:00:00Z", "duration": "PT1H"}

SETTINGS: Final[tuple[type[ServiceSettings], ...]] = (
    intake.settings.Settings,
    router.settings.Settings,
    tier_queues.settings.Settings,
    vendor_bridge.settings.Settings,
    notifications.settings.Settings,
)
_NOWHERE: Final = {
    "DATABASE_URL": "postgresql://nobody:nothing@localhost:9/nothing",
    "KAFKA_BOOTSTRAP": "localhost:9",
    "TIERDESK_SECRET": "00" * 32,
    "TIERDESK_OBJECT_STORE": Path(tempfile.gettempdir()).as_uri(),
}


def build(settings: ServiceSettings) -> Service:
    """The service whose settings these are."""
    match settings:
        case intake.settings.Settings():
            return intake.app.build(settings)
        case router.settings.Settings():
            return router.app.build(settings)
        case tier_queues.settings.Settings():
            return tier_queues.app.build(settings)
        case vendor_bridge.settings.Settings():
            return vendor_bridge.app.build(settings)
        case notifications.settings.Settings():
            return notifications.app.build(settings)
    raise LookupError(f"no service has {type(settings)}")


@cache
def unconnected() -> tuple[Service, ...]:
    """The five services, built to be looked at: nothing they need is there."""
    return tuple(build(kind.model_validate(_NOWHERE)) for kind in SETTINGS)


@cache
def operations() -> tuple[Operation, ...]:
    """All operations of all services."""
    return tuple(operation for service in unconnected() for operation in operations_of(service))


def operations_of(service: Service) -> Iterator[Operation]:
    """The operations in a service's document."""
    document = service.api.openapi()
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            yield Operation(service.name, method.upper(), path, described, document)


def json_operations() -> list[Operation]:
    """Those that take a JSON body."""
    return [operation for operation in operations() if operation.schema is not None]


def commanding_operations() -> list[Operation]:
    """Those that need an Idempotency-Key."""
    return [operation for operation in operations() if operation.is_command]
