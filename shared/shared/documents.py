"""What a service's OpenAPI document says beside its schemas: an example of every body, and how requests are refused.

Examples are composed of the examples of fields, so that each is written once and fits every body it is part of.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from shared.problems import MEDIA_TYPE, Problem

Examples = Mapping[str, Any]
"""Field, or `Schema.field` where a field of that name means something else, to what may stand there."""

JSON: Final = "application/json"
ID: Final = "0193f0a1-7c3e-7b52-9d4e-2f6a8b1c0d3e"
COMMON: Final[Examples] = {
    "account": "navy",
    "email": "grace@example.com",
    "id": ID,
    "language": "en",
    "next": None,
    "number": 1001,
    "plan": "premium",
    "Reason.reason": "The cause is put right.",
    "tier": 2,
    "url": "https://shop.example.com/tierdesk",
    "vendor": "acme-cloud",
    "version": 7,
}
_FORMATS: Final[Examples] = {
    "uuid": ID,
    "date-time": "2026-11-02T09:00:00Z",
    "date": "2026-11-02",
    "time": "09:00:00",
    "duration": "PT15M",
    "password": "correct horse battery staple",
}
_REFUSALS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("malformed-json", "No JSON, or a command without an Idempotency-Key."),
    401: ("unauthenticated", "Nobody is known by these credentials."),
    403: ("forbidden", "Known, but not allowed."),
    404: ("not-found", "There is nothing, or it belongs to somebody else."),
    409: ("not-allowed-now", "Not possible in the present state."),
    412: ("stale-version", "It has changed since the version in If-Match."),
    413: ("too-large", "The body is too large."),
    415: ("unsupported-media-type", "The body is announced as something else."),
    422: ("invalid", "Understood, but not acceptable."),
    428: ("version-missing", "Say in If-Match which version is meant."),
    429: ("too-many-attempts", "Too often; Retry-After says when to come back."),
    503: ("unavailable", "A part this needs is away; nothing was done. Send it again."),
}


def complete(document: dict[str, Any], examples: Examples) -> dict[str, Any]:
    """The document with its examples and refusals; changed in place. examples: of the service's own fields."""
    composer = _Composer(document.get("components", {}).get("schemas", {}), {**COMMON, **examples})
    for operation in (operation for methods in document["paths"].values() for operation in methods.values()):
        _add_examples(operation, composer)
        for status in (*_refused(operation), *_declared(operation)):
            operation["responses"][str(status)] = {"$ref": f"#/components/responses/{status}"}
    document.setdefault("components", {})["responses"] = {str(status): _refusal(status) for status in _REFUSALS}
    return document


def _add_examples(operation: Mapping[str, Any], composer: "_Composer") -> None:
    asked = operation.get("requestBody", {}).get("content", {}).get(JSON)
    if asked is not None:
        asked.setdefault("example", composer.value(asked["schema"], whole=False))
    for status, response in operation["responses"].items():
        answered = response.get("content", {}).get(JSON)
        if status.startswith("2") and answered is not None and answered["schema"].keys() - {"title"}:
            answered.setdefault("example", composer.value(answered["schema"], whole=True))


def _refused(operation: Mapping[str, Any]) -> Iterator[int]:
    """The statuses with which an operation may be refused, by what it takes."""
    taken = {parameter["name"].lower(): parameter["in"] for parameter in operation.get("parameters", ())}
    has_body = "requestBody" in operation
    if has_body or "idempotency-key" in taken:
        yield 400
    if "anyone" not in operation.get("x-allow", ""):
        yield from (401, 403)
    if "path" in taken.values():
        yield 404
    if "idempotency-key" in taken:
        yield 409
    if "if-match" in taken:
        yield 412
    if has_body:
        yield from (413, 415)
    if has_body or taken:
        yield 422
    yield 503


def _declared(operation: Mapping[str, Any]) -> list[int]:
    """The further statuses that an endpoint names itself, by `responses={428: {}}`."""
    return [status for status in _REFUSALS if str(status) in operation["responses"]]


def _refusal(status: int) -> dict[str, Any]:
    kind, description = _REFUSALS[status]
    body = {"schema": PROBLEM_SCHEMA, "example": Problem(status, kind, description).members()}
    return {"description": description, "content": {MEDIA_TYPE: body}}


PROBLEM_SCHEMA: Final = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}


class _Composer:
    """Makes values that fit schemas."""

    def __init__(self, schemas: Mapping[str, Any], examples: Examples) -> None:
        self._schemas = schemas
        self._examples = examples

    def value(self, schema: Mapping[str, Any], *, whole: bool, name: str = "", of: str = "") -> Any:
        """A value that fits. whole: with every field, else with those that a request must have.

        name: of the field it is for. of: the name of the schema that the field belongs to.
        """
        for known in (f"{of}.{name}", name):
            if known in self._examples and self._may_stand(schema, self._examples[known]):
                return self._examples[known]
        while "$ref" in schema:
            of = schema["$ref"].rpartition("/")[2]
            schema = self._schemas[of]
        if "examples" in schema:
            return schema["examples"][0]
        if "const" in schema or "enum" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            return self.value(choices[0], whole=whole, name=name, of=of)
        return self._of_type(schema, whole, name, of)

    def _of_type(self, schema: Mapping[str, Any], whole: bool, name: str, of: str) -> Any:
        match schema.get("type"):
            case "object":
                return self._fields(schema, whole, of)
            case "array":
                return [self.value(schema["items"], whole=whole, name=name, of=of)] if schema.get("items") else []
            case "string":
                fitting = name.replace("_", " ") or "text"
                return _FORMATS.get(schema.get("format", ""), fitting.ljust(schema.get("minLength", 0), "."))
            case "integer" | "number":
                return schema.get("minimum", 1)
            case "boolean":
                return False
        return None

    def _fields(self, schema: Mapping[str, Any], whole: bool, of: str) -> dict[str, Any]:
        wanted = schema.get("properties", {})
        if not whole:
            wanted = {name: wanted[name] for name in schema.get("required", ())}
        made = {name: self.value(field, whole=whole, name=name, of=of) for name, field in wanted.items()}
        if not made and schema.get("minProperties"):
            made["example"] = self.value(schema["additionalProperties"], whole=whole)
        return made

    def _may_stand(self, schema: Mapping[str, Any], example: Any) -> bool:
        """Whether an example is of a schema's type: fields of one name may be of several."""
        while "$ref" in schema:
            schema = self._schemas[schema["$ref"].rpartition("/")[2]]
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            return any(self._may_stand(choice, example) for choice in choices)
        if "enum" in schema or "const" in schema:
            return example in schema.get("enum", [schema.get("const")])
        if isinstance(example, bool):
            return schema.get("type") == "boolean"
        return "format" not in schema and isinstance(example, _TYPES.get(schema.get("type", ""), ()))


_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}
