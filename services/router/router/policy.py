"""PURE. The policy: which tier, team, vendor and priority an issue gets, as a versioned file that people edit."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from router.hours import Window
from router.policy_file import Fault, Path, located
from router.policy_parts import (
    Category,
    CategoryName,
    Destination,
    Entitlement,
    LadderRung,
    Part,
    Rule,
    Share,
    Weight,
    Weights,
    When,
)
from router.words import PhraseBook, forms, name_of
from shared.events.routing import RuleTried, Rung
from shared.vocabulary import FRONTLINE_TIER, VENDOR_TIER, Level, Word, without_control_characters

VERSION_LIMIT: Final = 1_000_000_000


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
    def destinations(self) -> Mapping[str, Destination]:
        """Where each category's issues go."""
        return {name: category.destination for name, category in self.categories.items()}

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
