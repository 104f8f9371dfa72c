"""The services keep what their OpenAPI documents say, whatever is generated from them.

TIERDESK_FUZZ_EXAMPLES says how many requests are made of each operation, good and bad ones each.
"""

import asyncio
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode

from shared.problems import MEDIA_TYPE
from shared.service import Service
from support.operations import Operation, operations_of, unconnected
from support.people import as_command
from support.whole import VENDOR, Whole

EXAMPLES: Final = int(os.environ.get("TIERDESK_FUZZ_EXAMPLES", "4"))
ANSWERED_WITHIN: Final = timedelta(seconds=20)
BOUNDED: Final = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

Signed = Callable[[requests.PreparedRequest], requests.PreparedRequest]


@pytest.mark.parametrize("service", unconnected(), ids=lambda service: service.name)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
async def test_no_generated_request_is_answered_by_a_fault(
    whole: Whole, service: Service, mode: GenerationMode
) -> None:
    document = schemathesis.openapi.from_dict(service.api.openapi())
    for operation in operations_of(service):
        if mode is GenerationMode.NEGATIVE and not can_be_wrong(operation):
            continue
        described = document[operation.path][operation.method]
        trial = _trial(whole, operation, described.as_strategy(generation_mode=mode))
        # In a thread: the services answer in this loop.
        await asyncio.to_thread(trial)


def can_be_wrong(operation: Operation) -> bool:
    """Whether there is anything to send that does not fit: cookies and headers take any text."""
    places = {parameter["in"] for parameter in operation.described.get("parameters", ())}
    return operation.schema is not None or bool(places - {"cookie", "header"})


def _trial(whole: Whole, operation: Operation, cases: Any) -> Callable[[], None]:
    @BOUNDED
    @given(case=cases)
    def trial(case: "Case[Any]") -> None:
        if operation.path.endswith("/callbacks/{vendor_id}"):
            case.path_parameters["vendor_id"] = VENDOR
        answer = case.call(base_url=whole.url, auth=_signer(whole, operation), timeout=ANSWERED_WITHIN.total_seconds())
        check(operation, answer.status_code, answer.headers.get("content-type", [""])[0], answer.content)

    return trial


def check(operation: Operation, status: int, media_type: str, content: bytes) -> None:
    """A success is one that the document knows; everything else is a problem of the caller's."""
    assert status < 500, (str(operation), status, content[:500])
    if status < 400:
        assert str(status) in operation.described["responses"], f"{operation} answers {status} and does not say so"
    else:
        assert media_type == MEDIA_TYPE, (str(operation), status, media_type)


def _signer(whole: Whole, operation: Operation) -> Signed:
    """Signs a request as somebody who may make it, once its body is known."""
    caller = operation.caller

    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        content = body if isinstance(body, bytes) else str(body).encode()
        kept = {name: value for name, value in request.headers.items() if name.lower() == "idempotency-key"}
        request.headers.update(as_command(whole.callers[caller](content)) | kept)
        return request

    return sign
