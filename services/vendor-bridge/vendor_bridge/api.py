"""HTTP for vendors and staff: callbacks in, cases to read, and replay."""

from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from shared import idempotency
from shared.api import Api, Body, CallerOf, Command, etag
from shared.auth import OPERATORS, STAFF, Allow, Caller, StaffTokens
from shared.db import Database, Transaction
from shared.idempotency import Answer
from shared.paging import Cursor, Limit, Page, cursor_of, key_in
from shared.problems import conflict, not_found, stale, unauthenticated
from shared.telemetry import log
from shared.vocabulary import Text, Word
from shared.webhooks import SignatureRefused, verify
from vendor_bridge import handlers, reading, registry
from vendor_bridge.case import Case, CaseState, NotAllowed
from vendor_bridge.contract import Vendor, VendorId
from vendor_bridge.handlers import Callback
from vendor_bridge.reading import Delivery
from vendor_bridge.refusals import NoSuchCase, NoSuchVendor, RepeatedWithOtherBody, Stale
from vendor_bridge.settings import Settings
from vendor_bridge.vendors import SECRETS_KEY


class CallbackBody(Body):
    """What a vendor says about a case. id: the vendor's own for what it says; state: in the vendor's words."""

    case: UUID
    state: Word
    text: Text | None = None
    reference: Word | None = None
    id: Word | None = None


class Heard(BaseModel):
    """A callback was taken. state: the case's, in our words."""

    case: UUID
    state: CaseState


class CaseSummary(BaseModel):
    """A case as lists show it."""

    id: UUID
    issue: UUID
    vendor: str
    vendor_name: str
    state: CaseState
    reference: str | None
    attempts: int
    opened_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, case: Case) -> "CaseSummary":
        """The summary of a case."""
        return cls(**{name: getattr(case, name) for name in cls.model_fields})


class AttemptView(BaseModel):
    """One attempt to deliver. status: None without an answer; reply: its beginning; reason: why it failed."""

    number: int
    at: datetime
    took_milliseconds: int
    status: int | None
    reply: str | None
    reason: str | None


class DeliveryView(BaseModel):
    """A message to the vendor with every attempt so far. state: due, delivered or exhausted."""

    id: str
    state: str
    next_attempt_at: datetime | None
    attempts: list[AttemptView]


class CaseView(CaseSummary):
    """A case with its deliveries."""

    deliveries: list[DeliveryView]


def signed_by_vendor(db: Database, settings: Settings) -> Allow:
    """The vendor that the path names, by the signature of the raw body; anything else is the same 401."""
    key = settings.derived_key(SECRETS_KEY)

    async def authenticate(request: Request) -> Caller:
        body = await request.body()
        vendor_id = _vendor_id(request)
        async with db.transaction() as tx:
            vendor = (await registry.find(tx, [vendor_id])).get(vendor_id)
            secrets = (await registry.secrets_of(tx, [vendor_id], "callback", key))[vendor_id]
        try:
            message = verify(secrets, request.headers.raw, body, datetime.now(UTC))
        except SignatureRefused as error:
            raise unauthenticated() from error
        assert vendor is not None, "a vendor without a row has no secrets"
        request.state.vendor = vendor
        request.state.message = message
        return Caller("vendor", vendor.id, vendor.name)

    return Allow("vendor: by signature", authenticate)


_VENDOR_ID: Final = TypeAdapter(VendorId)


def _vendor_id(request: Request) -> str:
    try:
        return _VENDOR_ID.validate_python(request.path_params["vendor_id"])
    except ValidationError as error:
        raise unauthenticated() from error


def add_callbacks(api: Api, db: Database, settings: Settings) -> None:
    """What vendors call."""

    @api.post("/callbacks/{vendor_id}", allow=signed_by_vendor(db, settings), response_model=Heard)
    async def callback(vendor_id: VendorId, body: CallbackBody, caller: CallerOf, request: Request) -> Heard:
        """Report on a case. Signed as Standard Webhooks 1.0 says, with the callback secret."""
        said = _callback(request.state.vendor, request.state.message, body, await request.body())
        try:
            case = await handlers.hear(db, said)
        except NoSuchCase as error:
            raise not_found() from error
        except RepeatedWithOtherBody as error:
            log().error("callback repeated with another body", service=api.service, vendor=caller.id, id=said.id)
            raise conflict("callback-id-reused", "This id was used for another message.") from error
        return Heard(case=case.id, state=case.state)


def _callback(vendor: Vendor, message: str, body: CallbackBody, raw: bytes) -> Callback:
    return Callback(vendor, body.case, message, body.id, body.state, body.text, body.reference, raw)


_KEY: Final = TypeAdapter(tuple[UUID])


def add_cases(api: Api, db: Database, tokens: StaffTokens, settings: Settings) -> None:
    """What staff read and operators replay."""

    @api.get("/cases", allow=tokens.allow(STAFF))
    async def list_cases(
        issue: UUID | None = None,
        vendor: VendorId | None = None,
        state: Annotated[CaseState | None, Query()] = None,
        limit: Limit = 50,
        after: Cursor = None,
    ) -> Page[CaseSummary]:
        """Cases, newest first."""
        last = None if after is None else key_in(after, _KEY)[0]
        async with db.transaction() as tx:
            cases = await reading.page(tx, issue=issue, vendor=vendor, state=state, before=last, limit=limit)
        following = cursor_of([cases[-1].id]) if len(cases) == limit else None
        return Page(items=[CaseSummary.of(case) for case in cases], next=following)

    @api.get("/cases/{case}", allow=tokens.allow(STAFF))
    async def read_case(case: UUID, response: Response) -> CaseView:
        """A case with every attempt to deliver it."""
        async with db.transaction() as tx:
            found = await reading.case(tx, case)
            if found is None:
                raise not_found()
            deliveries = await reading.deliveries(tx, case)
        response.headers["etag"] = etag(found.version)[1]
        return CaseView(**CaseSummary.of(found).model_dump(), deliveries=[_delivery(one) for one in deliveries])

    @api.post("/cases/{case}/replay", allow=tokens.allow(OPERATORS), response_model=CaseSummary)
    async def replay(case: UUID, command: Command) -> Response:
        """Send a case again that the vendor does not have, with the whole schedule of attempts before it."""

        async def act(tx: Transaction) -> Answer:
            return _answer(await _replayed(tx, case, settings, command.expected))

        return (await idempotency.once(db, command.key, act)).response()


async def _replayed(tx: Transaction, case: UUID, settings: Settings, expected: int | None) -> Case:
    try:
        return await handlers.replay(tx, case, settings, expected=expected)
    except NoSuchCase as error:
        raise not_found() from error
    except NotAllowed as error:
        raise conflict("not-allowed", str(error), state=error.state, allowed=error.allowed) from error
    except NoSuchVendor as error:
        raise conflict("no-such-vendor", f"There is no active vendor {error}.") from error
    except Stale as error:
        raise stale(error.version) from error


def _answer(case: Case) -> Answer:
    return Answer(200, CaseSummary.of(case).model_dump_json().encode(), (etag(case.version),))


def _delivery(delivery: Delivery) -> DeliveryView:
    return DeliveryView.model_validate(delivery, from_attributes=True)
