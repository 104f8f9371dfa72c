"""Every operation declares who may call it, stands in the table, and lets in nobody else."""

import tomllib
from pathlib import Path
from typing import Final

import httpx2
import pytest
from fastapi import FastAPI

from intake import forms
from shared.api import Api, Undeclared, application
from shared.auth import anyone
from shared.events.form_parts import FormField
from shared.events.forms import FormAsked
from shared.ids import new_id
from shared.problems import unauthenticated
from shared.service import Service
from shared.vocabulary import Role
from support.credentials import refused_credentials
from support.events import envelope, worked
from support.intake import ISSUE
from support.operations import ABSENT, Operation, operations, unconnected
from support.people import as_command
from support.whole import Whole

TABLE_FILE: Final = Path(__file__).with_name("endpoints.toml")
TABLE: Final[dict[str, frozenset[str]]] = {
    name: frozenset(who.split())
    for service in tomllib.loads(TABLE_FILE.read_text(encoding="utf-8")).values()
    for name, who in service.items()
}
STAFF: Final = frozenset(role.value for role in Role)
CALLERS: Final = ("application", "vendor", "session", *sorted(STAFF))
DOCUMENTS: Final = "openapi.json"
"""The one path of a service that is no operation: what it says is in the repository."""

every_operation = pytest.mark.parametrize("operation", operations(), ids=str)
every_service = pytest.mark.parametrize("service", unconnected(), ids=lambda service: service.name)
guarded_operations = pytest.mark.parametrize(
    "operation", [each for each in operations() if TABLE.get(str(each), frozenset()) != {"anyone"}], ids=str
)


def declared_callers(operation: Operation) -> frozenset[str]:
    """Who may call an operation, as its service says, in the words of the table."""
    who = operation.declared.replace("client application", "application")
    return frozenset({who.partition(":")[0]} if ":" in who else who.split(", "))


def undeclared(api: FastAPI, service: str) -> list[str]:
    """Paths of an application that do not say who may call them."""
    described = api.openapi()["paths"]
    silent = [
        f"{method.upper()} {path}"
        for path, methods in described.items()
        for method, operation in methods.items()
        if not operation.get("x-allow")
    ]
    hidden = [path for route in api.routes if (path := getattr(route, "path", "")) not in described]
    return silent + [path for path in hidden if path != f"/{service}/{DOCUMENTS}"]


@every_service
def test_every_operation_says_who_may_call_it(service: Service) -> None:
    assert undeclared(service.api, service.name) == [], "register it by shared.api.Api with `allow`"


def test_an_endpoint_that_says_nothing_is_found() -> None:
    api = Api("intake")
    api.get("/open", allow=anyone("the test says so"))(lambda: "open")
    built = application([api], title="An application with an endpoint added behind its back")
    built.add_api_route("/intake/secret", lambda: "secret")
    built.add_api_route("/intake/hidden", lambda: "hidden", include_in_schema=False)
    assert undeclared(built, "intake") == ["GET /intake/secret", "/intake/hidden"]


def test_a_service_with_an_endpoint_that_says_nothing_does_not_start() -> None:
    api = Api("intake")
    api.router.add_api_route("/secret", lambda: "secret")
    with pytest.raises(Undeclared):
        application([api], title="Never built")


@every_operation
def test_every_operation_stands_in_the_table_as_it_is_declared(operation: Operation) -> None:
    name = str(operation)
    assert name in TABLE, f"{name} is new: add it to {TABLE_FILE.name} with everyone who may call it"
    told = frozenset("anyone" if who == "session" else who for who in TABLE[name])
    assert declared_callers(operation) == told, (
        f"{name} declares {operation.declared!r}, {TABLE_FILE.name} says {sorted(TABLE[name])}: one of them is wrong"
    )


def test_the_table_holds_no_operation_that_is_gone() -> None:
    gone = TABLE.keys() - {str(operation) for operation in operations()}
    assert not gone, f"remove from {TABLE_FILE.name}: {sorted(gone)}"


@guarded_operations
async def test_nobody_is_let_in_with_a_credential_that_is_none(whole: Whole, operation: Operation) -> None:
    """Always with the same bytes, so that nobody learns what was wrong."""
    for fault, headers in refused_credentials().items():
        answer = await whole.client.request(
            operation.method,
            operation.url(vendor_id="acme"),
            headers=as_command({"content-type": "application/json"} | headers),
            content=b"{}",
        )
        assert answer.status_code == 401, (fault, answer.text)
        assert answer.content == unauthenticated().body(), fault
        assert answer.headers["www-authenticate"] == "Bearer", fault


@every_operation
@pytest.mark.parametrize("caller", CALLERS)
async def test_an_operation_lets_in_whom_the_table_names(whole: Whole, operation: Operation, caller: str) -> None:
    allowed = TABLE.get(str(operation), frozenset())
    answer = await whole.call(operation, caller)
    if caller in allowed:
        assert answer.status_code not in (401, 403), answer.text
    elif "anyone" not in allowed:
        # A member of staff is known wherever staff may call; elsewhere a staff token is not even a credential.
        known = caller in STAFF and allowed & STAFF
        assert answer.status_code == (403 if known else 401), answer.text


async def test_what_anyone_may_call_needs_no_credential(whole: Whole) -> None:
    for operation in operations():
        if TABLE.get(str(operation), frozenset()) == {"anyone"}:
            answer = await whole.call(operation, "agent", b"{}")
            assert answer.status_code == (await whole.call(operation, "nobody", b"{}")).status_code == 422


@every_service
async def test_a_service_shows_its_document_and_no_page_that_loads_scripts(whole: Whole, service: Service) -> None:
    assert (await whole.client.get(f"/{service.name}/{DOCUMENTS}")).json() == service.api.openapi()
    for page in ("docs", "redoc"):
        assert (await whole.client.get(f"/{service.name}/{page}")).status_code == 404


OF_TENANTS: Final = [each for each in operations() if "application" in TABLE.get(str(each), ()) and each.places]


@pytest.mark.parametrize("operation", OF_TENANTS, ids=str)
async def test_what_belongs_to_another_application_looks_as_if_it_were_not_there(
    whole: Whole, operation: Operation
) -> None:
    """The same bytes and headers, but for the request's id."""
    own = await own_places(whole, operation)
    foreign = await whole.call(operation, "another application", at=own)
    absent = await whole.call(operation, "another application", at=dict.fromkeys(own, ABSENT))
    assert foreign.status_code == absent.status_code == 404
    assert foreign.content == absent.content
    varying = {"x-request-id", "date"}
    assert [pair for pair in foreign.headers.items() if pair[0] not in varying] == [
        pair for pair in absent.headers.items() if pair[0] not in varying
    ]
    assert (await whole.call(operation, "application", at=own)).status_code != 404


async def test_an_application_cannot_use_or_list_what_belongs_to_another(whole: Whole) -> None:
    issue, attachment = await issue_of(whole), await attachment_of(whole)
    listed = await whole.client.get("/intake/issues", headers=whole.callers["another application"](b""))
    assert issue not in [line["id"] for line in listed.json()["items"]]
    refusals = [await post_issue(whole, "another application", attachments=[name]) for name in (attachment, ABSENT)]
    assert [refusal.status_code for refusal in refusals] == [422, 422]
    assert refusals[0].content == refusals[1].content


async def test_two_applications_may_use_the_same_idempotency_key(whole: Whole) -> None:
    answers = [
        await post_issue(whole, caller, key="one-key", email=f"{caller.replace(' ', '-')}@example.com")
        for caller in ("application", "another application")
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["id"] != answers[1].json()["id"]


async def test_what_an_accepted_request_leaves_is_counted(whole: Whole) -> None:
    """Otherwise it would say nothing that refused requests leave nothing."""
    before = await whole.rows()
    await issue_of(whole)
    after = await whole.rows()
    grown = {table for table, count in after.items() if count > before[table]}
    assert {"intake.issue", "intake.idempotency", "intake.outbox_sequence"} <= grown


async def own_places(whole: Whole, operation: Operation) -> dict[str, str]:
    """Names in the operation's path, with values of what the application has."""
    if "attachment" in operation.places:
        return {"attachment": await attachment_of(whole)}
    own = {"issue": await issue_of(whole)}
    return own | ({"form": await form_of(whole, own["issue"])} if "form" in operation.places else {})


async def form_of(whole: Whole, issue: str) -> str:
    fields = (FormField(name="model", label="Which model is it?"),)
    fact = worked(FormAsked, form=new_id(), name="printer", title="Your printer", fields=fields, text="Your printer")
    async with whole.services["intake"].db.transaction() as tx:
        await forms.insert(tx, [event := envelope(fact, subject=issue)])
    return str(event.data.form)


async def issue_of(whole: Whole) -> str:
    """A new issue of the first application."""
    answer = await post_issue(whole, "application")
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def attachment_of(whole: Whole) -> str:
    """A new upload of the first application."""
    headers = as_command({"x-file-name": "log.txt"} | whole.callers["application"](b""))
    answer = await whole.client.post("/intake/attachments", content=b"a line", headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def post_issue(
    whole: Whole, caller: str, *, key: str | None = None, email: str | None = None, **changes: object
) -> httpx2.Response:
    """An issue that an application posts, of a customer of the organisation or of its own."""
    customer = ISSUE["customer"] if email is None else {"email": email, "name": "Somebody"}
    headers = as_command(whole.callers[caller](b""), key=key)
    return await whole.client.post("/intake/issues", json=ISSUE | {"customer": customer} | changes, headers=headers)
