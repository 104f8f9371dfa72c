"""HTTP for operators: vendors, their contracts and secrets."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Final, TypeVar

from pydantic import BaseModel, Field, StringConstraints, TypeAdapter
from starlette.responses import Response

from shared import idempotency
from shared.api import Api, Body, Command, CommandHeaders, etag
from shared.auth import OPERATORS, StaffTokens
from shared.db import Database, Transaction
from shared.idempotency import Answer
from shared.paging import Cursor, Limit, Page, cursor_of, key_in
from shared.problems import Problem, conflict, invalid, not_found, stale
from shared.targets import URL_LIMIT, TargetRefused
from shared.vocabulary import Word
from shared.webhooks import seal, unseal
from vendor_bridge import contract, registry, vendors
from vendor_bridge.contract import OUR_WORDS, Meaning, Vendor, VendorId
from vendor_bridge.handlers import callback_url
from vendor_bridge.refusals import NoSuchVendor, Stale, VendorExists
from vendor_bridge.registry import Secrets
from vendor_bridge.settings import Settings
from vendor_bridge.vendors import Contract

Done = TypeVar("Done")

PRODUCTS_LIMIT: Final = 100
STATES_LIMIT: Final = 100
Url = Annotated[str, StringConstraints(min_length=1, max_length=URL_LIMIT)]


class ContractBody(Body):
    """A vendor's contract. fields: what may leave; states: the vendor's word for a state to what it means to us."""

    name: Word
    url: Url
    products: Annotated[tuple[Word, ...], Field(max_length=PRODUCTS_LIMIT)] = ()
    fields: frozenset[contract.Field] = frozenset()
    states: Annotated[dict[Word, Meaning], Field(max_length=STATES_LIMIT, default_factory=lambda: dict(OUR_WORDS))]
    active: bool = True

    def contract(self) -> Contract:
        """What the body says, as a value."""
        return Contract(self.name, self.url, self.products, self.fields, self.states, self.active)


class VendorBody(ContractBody):
    """A new vendor."""

    id: VendorId


class VendorView(BaseModel):
    """A vendor without its secrets."""

    id: str
    name: str
    url: str
    products: list[str]
    fields: list[contract.Field]
    states: dict[str, Meaning]
    active: bool
    version: int
    callback_url: str

    @classmethod
    def of(cls, vendor: Vendor, settings: Settings) -> "VendorView":
        """What operators see of a vendor."""
        return cls(
            id=vendor.id,
            name=vendor.name,
            url=vendor.url,
            products=list(vendor.products),
            fields=sorted(vendor.fields),
            states=dict(vendor.states),
            active=vendor.active,
            version=vendor.version,
            callback_url=callback_url(settings, vendor.id),
        )


class VendorWithSecrets(VendorView):
    """A vendor with new secrets, shown this once: ours signs deliveries, the vendor's signs its callbacks."""

    outgoing_secret: str
    callback_secret: str

    @classmethod
    def told(cls, vendor: Vendor, secrets: Secrets, settings: Settings) -> "VendorWithSecrets":
        """What is told once."""
        seen = VendorView.of(vendor, settings)
        return cls(**seen.model_dump(), outgoing_secret=secrets.outgoing, callback_secret=secrets.callback)


_KEY: Final = TypeAdapter(tuple[VendorId])


def add_vendors(api: Api, db: Database, tokens: StaffTokens, settings: Settings) -> None:
    """What operators do with vendors."""
    operators = tokens.allow(OPERATORS)

    @api.get("/vendors", allow=operators)
    async def list_vendors(limit: Limit = 50, after: Cursor = None) -> Page[VendorView]:
        """Vendors by id."""
        last = "" if after is None else key_in(after, _KEY)[0]
        async with db.transaction() as tx:
            found = await registry.page(tx, last, limit)
        following = cursor_of([found[-1].id]) if len(found) == limit else None
        return Page(items=[VendorView.of(vendor, settings) for vendor in found], next=following)

    @api.get("/vendors/{vendor_id}", allow=operators)
    async def read_vendor(vendor_id: VendorId, response: Response) -> VendorView:
        """A vendor with its contract."""
        async with db.transaction() as tx:
            vendor = (await registry.find(tx, [vendor_id])).get(vendor_id)
        if vendor is None:
            raise not_found()
        response.headers["etag"] = etag(vendor.version)[1]
        return VendorView.of(vendor, settings)

    @api.post("/vendors", allow=operators, status_code=201, response_model=VendorWithSecrets)
    async def register(body: VendorBody, command: Command) -> Response:
        """Register a vendor. The answer holds its secrets, which are never shown again."""
        refusal = await _refusal(body.contract(), settings)

        async def act(tx: Transaction) -> VendorWithSecrets:
            _insist(refusal)
            vendor, secrets = await _refusing(vendors.register(tx, body.id, body.contract(), settings))
            return VendorWithSecrets.told(vendor, secrets, settings)

        return await _once_sealed(db, command, act, settings, status=201)

    @api.put("/vendors/{vendor_id}", allow=operators, response_model=VendorView)
    async def change(vendor_id: VendorId, body: ContractBody, command: Command) -> Response:
        """Replace a vendor's contract. Deliveries that wait go to the new URL; their content stays as it was."""
        refusal = await _refusal(body.contract(), settings)

        async def act(tx: Transaction) -> Answer:
            _insist(refusal)
            vendor = await _refusing(vendors.change(tx, vendor_id, body.contract(), expected=command.expected))
            shown = VendorView.of(vendor, settings)
            return Answer(200, shown.model_dump_json().encode(), (etag(vendor.version),))

        return (await idempotency.once(db, command.key, act)).response()

    @api.post("/vendors/{vendor_id}/secrets", allow=operators, response_model=VendorWithSecrets)
    async def renew_secrets(vendor_id: VendorId, command: Command) -> Response:
        """New secrets in both directions; the old ones work for a day longer."""

        async def act(tx: Transaction) -> VendorWithSecrets:
            work = vendors.renew_secrets(tx, vendor_id, settings, expected=command.expected)
            vendor, secrets = await _refusing(work)
            return VendorWithSecrets.told(vendor, secrets, settings)

        return await _once_sealed(db, command, act, settings, status=200)


async def _refusal(given: Contract, settings: Settings) -> Problem | None:
    """Why a contract's URL is not acceptable. Asked before the transaction, used in it: a stored answer comes first."""
    try:
        await vendors.check(given, settings)
    except TargetRefused as error:
        return invalid(str(error))
    return None


def _insist(refusal: Problem | None) -> None:
    if refusal is not None:
        raise refusal


async def _once_sealed(
    db: Database,
    command: CommandHeaders,
    act: Callable[[Transaction], Awaitable[VendorWithSecrets]],
    settings: Settings,
    *,
    status: int,
) -> Response:
    """`once` for answers with secrets: what is stored for repeats is sealed, as all secrets at rest are."""
    key, owner = settings.derived_key("answers"), f"{command.key.caller}/{command.key.key}"

    async def sealed(tx: Transaction) -> Answer:
        told = await act(tx)
        return Answer(status, seal(key, told.model_dump_json(), owner=owner), (etag(told.version),))

    answer = await idempotency.once(db, command.key, sealed)
    return replace(answer, body=unseal(key, answer.body, owner=owner).encode()).response()


async def _refusing(work: Awaitable[Done]) -> Done:
    """What was done, or the Problem that tells why nothing was."""
    try:
        return await work
    except VendorExists as error:
        raise conflict("vendor-exists", f"There is a vendor {error} already.") from error
    except NoSuchVendor as error:
        raise not_found() from error
    except Stale as error:
        raise stale(error.version) from error
