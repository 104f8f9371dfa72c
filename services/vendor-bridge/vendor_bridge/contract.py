"""A vendor and what its contract allows: which fields may leave, and what its words for a state mean. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import StringConstraints

from shared.events.work import IssueForwarded
from vendor_bridge.case import Heard, Signal

VendorId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""A short name in lower case, part of the callback's address."""

MESSAGE_TYPE: Final = "case.opened"


class Field(StrEnum):
    """What a contract may allow to leave besides the case's id and what we ask for. Notes never leave."""

    TITLE = "title"
    MESSAGES = "messages"
    PRODUCT = "product"
    CATEGORY = "category"
    PRIORITY = "priority"
    ACCOUNT = "account"
    ATTACHMENTS = "attachments"


class Meaning(StrEnum):
    """What a vendor's word for a state can mean to us."""

    ACKNOWLEDGED = "acknowledged"
    UPDATED = "updated"
    QUESTION = "question"
    RESOLVED = "resolved"
    REJECTED = "rejected"


OUR_WORDS: Final[Mapping[str, Meaning]] = {meaning.value: meaning for meaning in Meaning}
"""The state map of a vendor that speaks our words."""


@dataclass(frozen=True, slots=True)
class Vendor:
    """Somebody outside the organisation, and the contract with them. states: the vendor's word to our meaning."""

    id: str
    name: str
    url: str
    products: tuple[str, ...]
    fields: frozenset[Field]
    states: Mapping[str, Meaning]
    active: bool
    version: int


def message(vendor: Vendor, forwarded: IssueForwarded, *, callback_url: str) -> bytes:
    """The body that the vendor gets, the same at every attempt: only what the contract allows."""
    content: dict[str, Any] = {
        "type": MESSAGE_TYPE,
        "case": str(forwarded.case),
        "ask": forwarded.ask,
        "callback_url": callback_url,
    }
    allowed = _everything(forwarded)
    content |= {field.value: allowed[field] for field in Field if field in vendor.fields}
    if Field.MESSAGES in vendor.fields:
        content["truncated"] = forwarded.truncated
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _everything(forwarded: IssueForwarded) -> dict[Field, Any]:
    return {
        Field.TITLE: forwarded.title,
        Field.MESSAGES: [one.model_dump(mode="json") for one in forwarded.messages],
        Field.PRODUCT: forwarded.product,
        Field.CATEGORY: forwarded.category,
        Field.PRIORITY: forwarded.standing.priority,
        Field.ACCOUNT: forwarded.account,
        Field.ATTACHMENTS: [
            one.model_dump(mode="json", include={"id", "name", "media_type", "size_bytes"})
            for one in forwarded.attachments
        ],
    }


def meaning(vendor: Vendor, state: str, *, text: str | None, reference: str | None) -> Heard:
    """What a vendor's callback says in our words; a state that is not in the map asks a person to look."""
    meant = vendor.states.get(state)
    signal = Signal.QUESTION if meant is None else Signal(meant.value)
    return Heard(signal, text=text, reference=reference, vendor_state=state)


def message_id(delivery: UUID) -> str:
    """A delivery's fixed id as vendors see it."""
    return f"msg_{delivery.hex}"
