"""PURE: a notice as the body of a webhook: the customer's view of an issue and nothing else."""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from notifications.notices import About, Notice
from shared.customer_state import CustomerState
from shared.events.features import FeatureRequestChanged


class View(BaseModel):
    """What a client application is told. reference: its own; text: what support wrote to the customer."""

    model_config = ConfigDict(frozen=True)

    issue: UUID
    number: int
    reference: str | None
    state: CustomerState
    at: AwareDatetime
    text: str | None
    files: tuple[str, ...]


class Payload(BaseModel):
    """A webhook's body, shaped as Standard Webhooks advises."""

    model_config = ConfigDict(frozen=True)

    type: About
    timestamp: AwareDatetime
    data: View


class FeaturePayload(BaseModel):
    """The body of a webhook about a feature request: what is known of it, with who asks for it in numbers."""

    model_config = ConfigDict(frozen=True)

    type: About
    timestamp: AwareDatetime
    data: FeatureRequestChanged


def payload(notice: Notice, *, issue: UUID, number: int, reference: str | None) -> bytes:
    """The bytes that are signed and sent, the same at every attempt."""
    if notice.feature_request is not None:
        feature = FeaturePayload(type=notice.about, timestamp=notice.at, data=notice.feature_request)
        return feature.model_dump_json().encode()
    view = View(
        issue=issue,
        number=number,
        reference=reference,
        state=notice.state,
        at=notice.at,
        text=notice.text,
        files=notice.files,
    )
    return Payload(type=notice.about, timestamp=notice.at, data=view).model_dump_json().encode()
