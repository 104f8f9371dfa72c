"""What a client application may send to open an issue, and the submission that is made of it."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from shared.api import Body
from shared.events.issues import Attachment, Customer, Submission
from shared.idempotency import Key
from shared.problems import Problem, invalid
from shared.vocabulary import Channel, Level, Text, Title, Word

ATTACHMENTS_LIMIT: Final = 20
"""Files of one message."""
FORM_LIMIT_BYTES: Final = 16 * 1024
SUBMISSION_LIMIT_BYTES: Final = 96 * 1024
"""Leaves room for the router's decision, which travels in one event with the submission."""
UNKNOWN_ACCOUNT: Final = "individual"
UNKNOWN_PLAN: Final = "standard"
"""Account and plan of who is in nobody's list of customers."""
_ADDRESS: Final = re.compile(r"[^@\s\x00-\x1f\x7f<>(),;:\"\\\[\]]{1,64}@[^@\s\x00-\x1f\x7f<>(),;:\"\\\[\]]{1,189}")


def _address(text: str) -> str:
    """An e-mail address as it is compared and stored. Raises ValueError when it is none."""
    if _ADDRESS.fullmatch(text) is None:
        raise ValueError("must be an e-mail address")
    return text.lower()


def _bounded(form: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(form, ensure_ascii=False).encode()) > FORM_LIMIT_BYTES:
        raise ValueError(f"must not exceed {FORM_LIMIT_BYTES} bytes")
    return form


Address = Annotated[str, StringConstraints(max_length=254, strip_whitespace=True), AfterValidator(_address)]
AttachmentIds = Annotated[tuple[UUID, ...], Field(max_length=ATTACHMENTS_LIMIT)]


class CustomerGiven(Body):
    """Who asks: a known customer by id or e-mail, or a new one by e-mail and name.

    account and plan are believed only of applications that vouch for their customers.
    """

    id: UUID | None = None
    email: Address | None = None
    name: Word | None = None
    account: Word | None = None
    plan: Word | None = None

    @model_validator(mode="after")
    def _one_way_to_say_who(self) -> Self:
        if (self.id is None) == (self.email is None):
            raise ValueError("give either `id` or `email`")
        if self.id is not None and (self.name or self.account or self.plan):
            raise ValueError("`name`, `account` and `plan` go with `email`")
        return self

    @property
    def claims_entitlement(self) -> bool:
        """Whether account or plan are named, which is for those who vouch."""
        return self.account is not None or self.plan is not None

    def says_nothing_new_of(self, known: Customer) -> bool:
        """Whether everything given is what is known already."""
        given = ((self.name, known.name), (self.account, known.account), (self.plan, known.plan))
        return all(said is None or said == kept for said, kept in given)


class SubmitBody(Body):
    """An issue as a client application posts it."""

    customer: CustomerGiven
    title: Title
    text: Text
    channel: Channel = Channel.API
    language: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)] = "en"
    product: Word | None = None
    category: Word | None = None
    impact: Level | None = None
    urgency: Level | None = None
    source: Word | None = None
    form: Annotated[dict[str, Any], AfterValidator(_bounded)] = Field(default_factory=dict)
    attachments: AttachmentIds = ()
    reference: Word | None = None


def unvouched() -> Problem:
    """422: account and plan come from the organisation's list, not from this application."""
    return invalid("This application does not vouch for `account` and `plan`.")


@dataclass(frozen=True, slots=True)
class Submit:
    """One request to open an issue. vouches: what the application says of its customers is believed."""

    key: Key
    application: str
    vouches: bool
    body: SubmitBody
    traceparent: str | None = None

    @property
    def place(self) -> tuple[str, str]:
        """Whose key it is, and the key: what makes a repeated request the same."""
        return self.key.caller, self.key.key


def submission_of(
    submit: Submit, *, number: int, accepted_at: datetime, customer: Customer, attachments: tuple[Attachment, ...]
) -> Submission:
    """The submission that is published and carried on by the router; its parts were validated when they came in."""
    body = submit.body
    return Submission(
        number=number,
        accepted_at=accepted_at,
        application=submit.application,
        customer=customer,
        channel=body.channel,
        language=body.language,
        verified=submit.vouches,
        product=body.product,
        category=body.category,
        impact=body.impact,
        urgency=body.urgency,
        source=body.source,
        form=body.form,
        title=body.title,
        text=body.text,
        attachments=attachments,
        reference=body.reference,
    )
