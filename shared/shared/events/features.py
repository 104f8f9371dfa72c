"""support.work: what becomes of a feature request, for those who make the product. No fact about an issue."""

from typing import Final, Literal
from uuid import UUID

from shared.events.base import Fact, Value
from shared.vocabulary import Moment, Title, Word

ACCOUNTS_LIMIT: Final = 100
"""Accounts that a fact names, those with the most issues first."""


class AccountCount(Value):
    """How often an account asked."""

    account: Word
    customers: int
    issues: int


class FeatureRequestChanged(Fact, type="tierdesk.feature-request-changed.v1"):
    """A feature request was created, counted anew, decided on or fixed. The subject is the request's id.

    issues, customers, accounts: who asked so far; by_account: the accounts with the most issues. will_be_made: what was
    decided, None before; release: in which it is made.
    """

    what: Literal["created", "counted", "decided", "fixed"] | str
    request: UUID
    number: int
    title: Title
    product: Word | None = None
    state: Word
    issues: int
    customers: int
    accounts: int
    by_account: tuple[AccountCount, ...]
    will_be_made: bool | None = None
    release: Word | None = None
    at: Moment
