"""PURE. The policy: which tier, team, vendor and priority an issue gets, as a versioned file that people edit."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from router.hours import Window
from router.policy_file import Fault, Path, located
from router.words import PHRASE_LIMIT, PhraseBook, forms, words_of
from shared.events.routing import RuleTried, Rung
from shared.vocabulary import FRONTLINE_TIER, VENDOR_TIER, Level, Tier, Word, without_control_characters

VERSION_LIMIT: Final = 1_000_000_000
PHRASE_LETTERS: Final = 100
"""Of a word or phrase: records and explanations show them."""

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


def name_of(text: str) -> str:
    """A name as the policy compares it: *Password reset* and *password-reset* are `password_reset`."""
    return "_".join(words_of(text))


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


class Policy(Part):
    """One version of the whole policy. threshold: share of the evidence a tier needs to be chosen without a person.

    weights: for dry runs, which say what the wrong tiers of a policy cost. hours: windows that rules may name.
    """

    version: Annotated[int, Field(ge=1, le=VERSION_LIMIT)]
    author: Word
    note: Annotated[str, Field(max_length=2000), AfterValidator(without_control_characters)]
    threshold: Share
    redirect_threshold: Share
    smoothing: Weight
    impact: Level
    urgency: Level
    weights: Weights = Weights()
    hours: Mapping[CategoryName, tuple[Window, ...]] = {}
    ladder: Annotated[tuple[LadderRung, ...], Field(min_length=1)]
    rules: tuple[Rule, ...]
    entitlements: tuple[Entitlement, ...]
    categories: Annotated[Mapping[CategoryName, Category], Field(min_length=1)]

    @cached_property
    def rungs(self) -> Mapping[int, LadderRung]:
        """Rungs by tier."""
        return {rung.tier: rung for rung in self.ladder}

    @cached_property
    def usual_ladder(self) -> tuple[Rung, ...]:
        """The teams of the tiers, unless a category or a customer has others."""
        return tuple(Rung(tier=rung.tier, team=rung.team) for rung in self.ladder)

    @cached_property
    def silent_rules(self) -> tuple[RuleTried, ...]:
        """What a record says of the rules when none fires."""
        return tuple(RuleTried(rule=rule.name, fired=False) for rule in self.rules)

    @cached_property
    def outside(self) -> LadderRung | None:
        """The rung that vendors work, if there is one."""
        return next((rung for rung in self.ladder if rung.vendor is not None), None)

    @cached_property
    def category_of_product(self) -> Mapping[str, str]:
        """A vendor's product to the category its issues belong to."""
        return {product: name for name, category in self.categories.items() for product in category.products}

    @cached_property
    def asked(self) -> frozenset[str]:
        """The submission's fields that some rule asks for."""
        return frozenset(name for rule in self.rules for when in rule.when for name, _ in when.fields)

    @cached_property
    def rule_words(self) -> PhraseBook[tuple[int, int]]:
        """Words of all rules; each means (place of its rule, place of the condition in the rule)."""
        return PhraseBook(
            (phrase, (place, condition))
            for place, rule in enumerate(self.rules)
            for condition, when in enumerate(rule.when)
            for phrase in when.words
        )


def parse(text: str, *, file: str = "policy") -> Policy:
    """The policy in a YAML text. Raises PolicyError, which names file and line, also when an issue could go nowhere."""
    return located(text, file, Policy, _faults)


def _faults(policy: Policy) -> Iterator[Fault]:
    """What is wrong although every part by itself is right."""
    yield from _ladder_faults(policy)
    yield from _rule_faults(policy)
    yield from _repeated("rules", [rule.name for rule in policy.rules])
    yield from _repeated("entitlements", [row.name for row in policy.entitlements])
    for place, row in enumerate(policy.entitlements):
        at: Path = ("entitlements", place)
        if not row.plans and not row.accounts:
            yield Fault(at, "an entitlement needs plans or accounts")
        yield from _floor_faults(policy, at, row.floor)
        yield from _team_faults(policy, at, row.teams)
    for name, category in policy.categories.items():
        yield from _category_faults(policy, ("categories", name), category)
    products = [(name, product) for name, category in policy.categories.items() for product in category.products]
    for name, product in products:
        if policy.category_of_product[product] != name:
            yield Fault(("categories", name, "products"), f"{product} belongs to another category too")


def _ladder_faults(policy: Policy) -> Iterator[Fault]:
    tiers = [rung.tier for rung in policy.ladder]
    if tiers != sorted(set(tiers)):
        yield Fault(("ladder",), "tiers must be given once each, in rising order")
    if FRONTLINE_TIER not in tiers:
        yield Fault(("ladder",), f"Tier {FRONTLINE_TIER} is missing: what nobody can place goes there")
    for place, rung in enumerate(policy.ladder):
        if (rung.tier == VENDOR_TIER) != (rung.vendor is not None):
            yield Fault(("ladder", place), f"Tier {VENDOR_TIER}, and no other, needs a vendor")
        if (rung.vendor is not None) != (rung.watching_tier is not None):
            yield Fault(("ladder", place), "a vendor needs a watching_tier, and only a vendor")
        if rung.watching_tier is not None and (rung.watching_tier not in tiers or rung.watching_tier >= rung.tier):
            yield Fault(("ladder", place, "watching_tier"), "must be a lower tier of the ladder")


def _rule_faults(policy: Policy) -> Iterator[Fault]:
    for place, rule in enumerate(policy.rules):
        at: Path = ("rules", place)
        yield from _floor_faults(policy, at, rule.floor)
        if rule.impact is not None and any(when.words for when in rule.when):
            yield Fault((*at, "impact"), "words may propose an urgency, never an impact")
        for condition, when in enumerate(rule.when):
            yield from _unknown_names(policy, (*at, "when", condition), when)


def _unknown_names(policy: Policy, at: Path, when: When) -> Iterator[Fault]:
    known = {
        "category": policy.categories.keys(),
        "entitlement": {name_of(row.name) for row in policy.entitlements},
        "hours": policy.hours.keys(),
        "outside_hours": policy.hours.keys(),
    }
    for field, names in known.items():
        for name in getattr(when, field):
            if name not in names:
                yield Fault((*at, field), f"there is no {field.removeprefix('outside_')} {name}")


def _category_faults(policy: Policy, at: Path, category: Category) -> Iterator[Fault]:
    yield from _team_faults(policy, at, category.teams)
    if category.tier not in policy.rungs:
        yield Fault((*at, "tier"), f"the ladder has no Tier {category.tier}")
    if (category.tier == VENDOR_TIER) != (category.vendor is not None):
        yield Fault((*at, "tier"), f"a category of Tier {VENDOR_TIER}, and no other, needs a vendor")
    if category.products and category.vendor is None:
        yield Fault((*at, "products"), "only a vendor's category has products")
    owner: dict[str, str] = {}
    for weight, phrases in category.keywords.items():
        for phrase in phrases:
            twin = next((owner[form] for form in sorted(forms(phrase)) if form in owner), None)
            if twin is not None:
                yield Fault((*at, "keywords", weight), f"*{phrase}* would count twice: *{twin}* finds it too")
            owner |= dict.fromkeys(forms(phrase), phrase)


def _floor_faults(policy: Policy, at: Path, floor: int) -> Iterator[Fault]:
    if floor not in policy.rungs or floor == VENDOR_TIER:
        yield Fault((*at, "floor"), f"Tier {floor} is no tier of the ladder inside the organisation")


def _team_faults(policy: Policy, at: Path, teams: Mapping[int, Any]) -> Iterator[Fault]:
    for tier in teams:
        if tier not in policy.rungs:
            yield Fault((*at, "teams", tier), f"the ladder has no Tier {tier}")


def _repeated(part: str, names: list[str]) -> Iterator[Fault]:
    seen: set[str] = set()
    for place, name in enumerate(names):
        if name in seen:
            yield Fault((part, place, "name"), f"{name} is given twice")
        seen.add(name)


RANK: Final = {Level.LOW: 0, Level.MEDIUM: 1, Level.HIGH: 2}
"""How strong a level is."""
