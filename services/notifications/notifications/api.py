"""IN: HTTP. Who may see deliveries and set webhooks; turns errors into answers and decides nothing."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from notifications import records, upkeep
from notifications.listeners import Listener, Listeners, UnknownApplication
from notifications.records import NoSuchDelivery, NotFailed, Record
from notifications.settings import Settings
from shared.api import INT64_LIMIT, Api, Body, Command
from shared.auth import OPERATORS, STAFF, StaffTokens
from shared.db import Database, Transaction
from shared.idempotency import Answer, once
from shared.paging import Cursor, Limit, Page, cursor_of, key_in
from shared.problems import conflict, invalid, not_found
from shared.targets import URL_LIMIT, TargetRefused, check_target

Application = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,100}$", description="The client application's id.")]
_KEY: TypeAdapter[tuple[int]] = TypeAdapter(tuple[Annotated[int, Field(ge=0, le=INT64_LIMIT)]])


class WebhookBody(Body):
    """Where to send. rotate_secret: replace the secret; for a day both sign.

    feature_requests: hear of all feature requests too, for those who make the product; as before when not given.
    """

    url: Annotated[str, Field(min_length=1, max_length=URL_LIMIT)]
    rotate_secret: bool = False
    feature_requests: bool | None = None


class Webhook(BaseModel):
    """A client application's webhook."""

    model_config = ConfigDict(from_attributes=True)

    application: str
    url: str
    created_at: datetime
    rotated_at: datetime | None
    feature_requests: bool


class WebhookWithSecret(Webhook):
    """secret: only in the answer that made it, never again."""

    secret: str | None


class Delivery(BaseModel):
    """One message to one receiver. state: waiting, delivered, failed or dropped.

    channel: mail and webhook are the application's, staff is a mail to the agent.
    """

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    issue: UUID
    channel: str
    application: str | None
    agent: str | None
    about: str
    cause: UUID
    state: str
    attempts: int
    next_attempt_at: datetime | None
    reason: str | None
    created_at: datetime
    settled_at: datetime | None


class Backlog(BaseModel):
    """How far one channel is behind."""

    model_config = ConfigDict(from_attributes=True)

    channel: str
    waiting: int
    oldest_waiting_seconds: float
    failed: int


def add_deliveries(api: Api, db: Database, tokens: StaffTokens, settings: Settings) -> None:
    """Deliveries: staff read them, operators send failed ones again."""
    operators = tokens.allow(OPERATORS)

    @api.get("/deliveries", allow=tokens.allow(STAFF))
    async def deliveries(issue: UUID, after: Cursor = None, limit: Limit = 50) -> Page[Delivery]:
        """An issue's messages, oldest first."""
        async with db.transaction() as tx:
            return _page(await records.of_issue(tx, issue, after=_position(after), limit=limit), limit)

    @api.get("/operations/deliveries", allow=operators)
    async def backlog() -> list[Backlog]:
        """How far sending is behind, by channel."""
        async with db.transaction() as tx:
            found = await upkeep.backlogs(tx, settings.alarm_failed_within)
        return [Backlog.model_validate(one) for one in found]

    @api.get("/operations/deliveries/failed", allow=operators)
    async def failed(after: Cursor = None, limit: Limit = 50) -> Page[Delivery]:
        """What failed for good, oldest first."""
        async with db.transaction() as tx:
            return _page(await records.failed(tx, after=_position(after), limit=limit), limit)

    @api.post("/deliveries/{delivery}/replay", allow=operators, response_model=Delivery)
    async def replay(delivery: UUID, command: Command) -> Any:
        """Send a failed delivery again, under the same id."""

        async def act(tx: Transaction) -> Answer:
            try:
                again = await records.replay(tx, delivery)
            except NoSuchDelivery as error:
                raise not_found() from error
            except NotFailed as error:
                raise conflict("not-failed", "Only a failed delivery is sent again.", state=error.state) from error
            return Answer(200, Delivery.model_validate(again).model_dump_json().encode())

        return (await once(db, command.key, act)).response()


def add_webhooks(api: Api, db: Database, tokens: StaffTokens, settings: Settings, listeners: Listeners) -> None:
    """Where client applications listen; operators set it."""
    operators = tokens.allow(OPERATORS)

    @api.get("/webhooks", allow=operators)
    async def webhooks() -> list[Webhook]:
        """All of them, by application."""
        async with db.transaction() as tx:
            return [_webhook(one) for one in await listeners.everything(tx)]

    @api.put("/webhooks/{application}", allow=operators, responses={201: {"model": WebhookWithSecret}})
    async def put(application: Application, body: WebhookBody, response: Response) -> WebhookWithSecret:
        """Register or move a webhook. A repeat changes nothing; a lost secret is replaced by rotating it."""
        try:
            await check_target(body.url, settings.allowed_private_targets)
        except TargetRefused as error:
            raise invalid(str(error)) from error
        async with db.transaction() as tx:
            try:
                found, secret = await listeners.put(
                    tx,
                    application,
                    body.url,
                    rotate=body.rotate_secret,
                    feature_requests=body.feature_requests,
                )
            except UnknownApplication as error:
                raise not_found() from error
        response.status_code = 201 if secret and found.rotated_at is None else 200
        return WebhookWithSecret(**_webhook(found).model_dump(), secret=secret)

    @api.get("/webhooks/{application}", allow=operators)
    async def get(application: Application) -> Webhook:
        """One application's webhook, without its secret."""
        async with db.transaction() as tx:
            found = await listeners.get(tx, application)
        if found is None:
            raise not_found()
        return _webhook(found)

    @api.delete("/webhooks/{application}", allow=operators, status_code=204)
    async def delete(application: Application) -> None:
        """Stop sending; what waits is dropped."""
        async with db.transaction() as tx:
            if not await listeners.remove(tx, application):
                raise not_found()


def _webhook(listener: Listener) -> Webhook:
    return Webhook.model_validate(listener)


def _position(after: str | None) -> int:
    return 0 if after is None else key_in(after, _KEY)[0]


def _page(found: list[Record], limit: int) -> Page[Delivery]:
    following = cursor_of((found[-1].position,)) if len(found) == limit else None
    return Page(items=[Delivery.model_validate(one) for one in found], next=following)
