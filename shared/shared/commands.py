"""Commands without detours: an endpoint of a body, a `Command` and parts of its path is called straight away.

The framework solves such an endpoint's parameters anew for every request, which costs more than everything else that
a command does. It still routes it, documents it, and handles every endpoint of another shape.
"""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, get_type_hints

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

Read = Callable[[Request], Awaitable[Any]]
"""What gives one parameter its value."""


def straight(
    endpoint: Callable[..., Awaitable[Any]], path_names: set[str], known: dict[Any, Read]
) -> Callable[[Request], Awaitable[Response]] | None:
    """The endpoint as a function of the request, or None when it has another shape.

    known: what reads parameters by their annotation. The function raises RequestValidationError and what they raise.
    """
    hints = get_type_hints(endpoint, include_extras=True)
    names = list(inspect.signature(endpoint).parameters)
    readers = {name: known.get(hints[name]) or _reader(name, hints[name], path_names) for name in names}
    if hints.get("return") is not Response or None in readers.values():
        return None
    # As the framework does: what is known comes first, so that a missing key is told before a faulty body.
    ordered = sorted(readers.items(), key=lambda reader: reader[1] not in known.values())

    async def called(request: Request) -> Response:
        response: Response = await endpoint(**{name: await read(request) for name, read in ordered if read})
        return response

    return called


def _reader(name: str, hint: Any, path_names: set[str]) -> Read | None:
    if name in path_names:
        return _of_path(name, TypeAdapter(hint))
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return _of_body(hint)
    return None


def _of_path(name: str, shape: TypeAdapter[Any]) -> Read:
    async def read(request: Request) -> Any:
        try:
            return shape.validate_strings(request.path_params[name])
        except ValidationError as error:
            raise _unfit(error, "path", name) from error

    return read


def _of_body(model: type[BaseModel]) -> Read:
    async def read(request: Request) -> BaseModel:
        try:
            # `from_attributes` as the framework has it, so that faults read the same.
            return model.model_validate(await request.json(), from_attributes=True)
        except ValidationError as error:
            raise _unfit(error, "body") from error

    return read


def _unfit(error: ValidationError, *where: str) -> RequestValidationError:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return RequestValidationError([{**fault, "loc": (*where, *fault["loc"])} for fault in faults])
