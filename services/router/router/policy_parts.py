"""PURE. The parts that a policy is made of: conditions, rules, entitlements, categories, the ladder."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from router.words import PHRASE_LIMIT, name_of, words_of
from shared.vocabulary import FRONTLINE_TIER, Level, Tier, Word

PHRASE_LETTERS: Final = 100
"""Of a word or phrase: records and explanations show them."""

REDIRECT: Final = "redirect"
Destination = int | Literal["redirect"]
"""A tier, or a channel outside of support."""

Share = Annotated[float, Field(gt=0, lt=1)]
Weight = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
Strength = Annotated[int, Field(ge=1, le=1_000_000)]
"""The weight of a keyword. Bounded, because sums of weights are divided."""


def _phrase(text: str) -> str:
    words = words_of(text)
    if not 0 < len(words) <= PHRASE_LIMIT:
        raise ValueError(f"must be one to {PHRASE_LIMIT} words")
    if len(text) > PHRASE_LETTERS:
        raise ValueError(f"must have at most {PHRASE_LETTERS} letters")
    return " ".join(words)


def _written_as_name(text: str) -> str:
    if text != name_of(text):
        raise ValueError(f"must be written as {name_of(text)}")
    return text


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


Phrase = Annotated[str, AfterValidator(_phrase)]
Name = Annotated[str, AfterValidator(name_of), Field(min_length=1, max_length=100)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_several)]
CategoryName = Annotated[str, AfterValidator(_written_as_name), Field(min_length=1, max_length=100)]


class Part(BaseModel):
    """A part of the policy: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class When(Part):
    """A condition. Every field that is given must hold; a field holds when one of its values is met.

    words: plain words or phrases of title and text. entitlement: a row of the policy that fits the customer. hours,
    outside_hours: windows of the policy that hold, or none of which holds, when the issue was accepted.
    All others compare the submission's field of that name.
    """

    words: Annotated[tuple[Phrase, ...], BeforeValidator(_several)] = ()
    source: Names = ()
    channel: Names = ()
    product: Names = ()
    category: Names = ()
    plan: Names = ()
    account: Names = ()
    application: Names = ()
    language: Names = ()
    impact: Names = ()
    urgency: Names = ()
    entitlement: Names = ()
    hours: Names = ()
    outside_hours: Names = ()

    @model_validator(mode="after")
    def _says_something(self) -> "When":
        if not (self.words or self.fields or self.hours or self.outside_hours):
            raise ValueError("must name at least one field")
        return self

    @cached_property
    def fields(self) -> tuple[tuple[str, frozenset[str]], ...]:
        """(field, values) of every condition that compares one value."""
        names = (name for name in type(self).model_fields if name not in ("words", "hours", "outside_hours"))
        return tuple((name, frozenset(getattr(self, name))) for name in names if getattr(self, name))


class Rule(Part):
    """A hard rule: fires when one of its conditions holds. It sets a floor, and no automatic answer is given."""

    name: Word
    when: Annotated[tuple[When, ...], Field(min_length=1)]
    floor: Tier = FRONTLINE_TIER
    impact: Level | None = None
    urgency: Level | None = None


class Entitlement(Part):
    """What a plan or an account is entitled to; the first row that fits applies."""

    name: Word
    plans: Names = ()
    accounts: Names = ()
    floor: Tier = FRONTLINE_TIER
    teams: Mapping[Tier, Word] = {}


class Category(Part):
    """Where a kind of issue goes. redirect: the channel for what is no support issue.

    keywords: weight to words. With a smoothing of 1, a lone word of weight 1 is worth 50 %, of weight 3 75 %.
    """

    title: Word
    tier: Tier = FRONTLINE_TIER
    vendor: Word | None = None
    products: Names = ()
    redirect: Word | None = None
    impact: Level | None = None
    urgency: Level | None = None
    skills: tuple[Word, ...] = ()
    teams: Mapping[Tier, Word] = {}
    keywords: Mapping[Strength, tuple[Phrase, ...]] = {}

    @property
    def destination(self) -> Destination:
        return self.tier if self.redirect is None else REDIRECT


class LadderRung(Part):
    """The default team of a tier. vendor and watching_tier: of the tier that is worked outside the organisation."""

    tier: Tier
    team: Word
    vendor: Word | None = None
    watching_tier: Tier | None = None


class Weights(Part):
    """What a wrong tier costs, per tier of distance. under: the issue must be handed up; over: it wastes an expert."""

    under: Weight = 3.0
    over: Weight = 1.0
