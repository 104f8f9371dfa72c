"""PURE. Which hard rules fire, and what the customer is entitled to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from router.policy import Policy
from router.policy_parts import Entitlement, Rule, When
from router.words import Reading, name_of
from shared.events.issues import Submission

WHY_LIMIT: Final = 200
"""Characters of a reason; a record must stay small whatever the policy holds."""


@dataclass(frozen=True, slots=True)
class Fired:
    """A hard rule that fired. why: what it saw; by_words: it saw it in the text, so that it may only propose."""

    rule: Rule
    why: str
    by_words: bool


def fired(
    policy: Policy,
    submission: Submission,
    reading: Reading,
    category: str | None,
    entitled: Entitlement | None = None,
) -> list[Fired]:
    """The rules that fire, in the policy's order. category: what the person, or else the client, says it is."""
    forms: dict[tuple[int, int], list[str]] = {}
    for found in policy.rule_words.find(reading):
        forms.setdefault(found.meaning, []).append(found.form)
    values = _values(policy, submission, category, entitled)
    at = submission.accepted_at
    firing = []
    for place, rule in enumerate(policy.rules):
        for condition, when in enumerate(rule.when):
            seen = forms.get((place, condition), [])
            if _holds(when, values, seen) and _in_time(policy, when, at):
                firing.append(Fired(rule, _why(when, values, seen), by_words=bool(when.words)))
                break
    return firing


def _values(
    policy: Policy, submission: Submission, category: str | None, entitled: Entitlement | None
) -> Mapping[str, str]:
    """The fields that rules ask for, by name, as the policy compares them."""
    customer = submission.customer
    values = {
        "source": submission.source,
        "channel": submission.channel,
        "product": submission.product,
        "category": category,
        "plan": customer.plan,
        "account": customer.account,
        "application": submission.application,
        "language": submission.language,
        "impact": submission.impact,
        "urgency": submission.urgency,
        "entitlement": entitled.name if entitled else None,
    }
    return {name: name_of(values[name] or "") for name in policy.asked}


def _holds(when: When, values: Mapping[str, str], seen: list[str]) -> bool:
    if when.words and not seen:
        return False
    return all(values[name] in accepted for name, accepted in when.fields)


def _in_time(policy: Policy, when: When, moment: datetime) -> bool:
    """Whether the issue was accepted in the hours that the condition names."""
    if when.hours and not any(_open(policy, name, moment) for name in when.hours):
        return False
    return not any(_open(policy, name, moment) for name in when.outside_hours)


def _open(policy: Policy, name: str, moment: datetime) -> bool:
    return any(window.holds(moment) for window in policy.hours[name])


def _why(when: When, values: Mapping[str, str], seen: list[str]) -> str:
    reasons = [f"{name} {values[name]}" for name, _ in when.fields]
    reasons += [f"in hours {', '.join(when.hours)}"] * bool(when.hours)
    reasons += [f"outside hours {', '.join(when.outside_hours)}"] * bool(when.outside_hours)
    told = ", ".join(reasons + [f"*{form}*" for form in seen[:3]])
    return told if len(told) <= WHY_LIMIT else f"{told[:WHY_LIMIT]}…"


def entitlement(policy: Policy, submission: Submission) -> Entitlement | None:
    """The first row that fits the customer's plan or account."""
    if not policy.entitlements:
        return None
    plan, account = name_of(submission.customer.plan), name_of(submission.customer.account)
    return next((row for row in policy.entitlements if plan in row.plans or account in row.accounts), None)
