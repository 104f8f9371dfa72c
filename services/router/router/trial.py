"""An issue as it might come in, to be decided and not to be kept."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import BeforeValidator

from shared.api import Body
from shared.events.issues import Customer, Submission
from shared.paging import KeyMoment
from shared.vocabulary import Channel, Level, Text, Title, Word

_NUMBER: Final = re.compile(r"[-+\d.eE\s]*")
NOBODY: Final = UUID(int=0)


def _written(moment: object) -> object:
    """A number would be taken for seconds since 1970, which nobody means."""
    if moment is None or (isinstance(moment, str) and not _NUMBER.fullmatch(moment)):
        return moment
    raise ValueError("must be a time as 2026-01-31T09:00:00Z")


class DryRun(Body):
    """An issue as it might come in. Only what can change a decision is asked."""

    title: Title
    text: Text
    channel: Channel = Channel.API
    language: Word = "en"
    product: Word | None = None
    category: Word | None = None
    impact: Level | None = None
    urgency: Level | None = None
    source: Word | None = None
    plan: Word = "none"
    account: Word = "none"
    application: Word = "none"
    accepted_at: Annotated[KeyMoment | None, BeforeValidator(_written)] = None
    """When it would have come in, for rules by hours; not given: now."""

    def submission(self) -> Submission:
        """A submission without number and customer, on which no decision depends."""
        customer = Customer(id=NOBODY, name="nobody", email="", account=self.account, plan=self.plan)
        said = {name: getattr(self, name) for name in _CARRIED}
        at = self.accepted_at or datetime.now(UTC)
        return Submission(number=0, accepted_at=at, customer=customer, **said)


_CARRIED: Final = tuple(
    name for name in DryRun.model_fields if name in Submission.model_fields and name != "accepted_at"
)
