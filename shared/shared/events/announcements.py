"""What customers are told before they ask: made on support.work, addressed to each on support.issues."""

from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, StringConstraints

from shared.events.base import Fact, Value
from shared.events.work import Actor
from shared.vocabulary import Moment, Title, Word, without_control_characters

ANNOUNCEMENT_LIMIT: Final = 4_000
"""Characters of an announcement: it travels with its addressees."""

AnnouncementText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=ANNOUNCEMENT_LIMIT, strip_whitespace=True),
    AfterValidator(without_control_characters),
]


class AnnouncementMade(Fact, type="tierdesk.announcement-made.v1"):
    """Support has something to tell all customers who have a product or asked about it.

    The subject is the announcement's id. category, account, plan: narrow whom it concerns, where given.
    """

    title: Title
    text: AnnouncementText
    product: Word
    category: Word | None = None
    account: Word | None = None
    plan: Word | None = None
    actor: Actor
    at: Moment


class Addressee(Value):
    """A customer to be told. application: the client application by which they asked; language: in which they did.

    Who has the product and asked nothing about it has '' and the default.
    """

    customer: UUID
    name: Word
    email: str
    application: str
    language: Word


class AnnouncementAddressed(Fact, type="tierdesk.announcement-addressed.v1"):
    """Some of the customers whom an announcement concerns; no two of its facts name the same. Subject as above."""

    title: Title
    text: AnnouncementText
    customers: tuple[Addressee, ...]
    at: Moment
