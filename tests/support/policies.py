"""The shipped policy, and small changes of it."""

from functools import cache

from router.decide import decide
from router.keywords import KeywordClassifier
from router.outcome import Correction
from router.policy import Policy, parse
from router.settings import POLICIES
from shared.events.issues import Submission
from shared.events.routing import Routing

FIRST = POLICIES / "0001.yaml"


@cache
def shipped() -> Policy:
    """The policy that a new installation decides by."""
    return parse(FIRST.read_text(encoding="utf-8"), file=FIRST.name)


@cache
def _keywords() -> KeywordClassifier:
    return KeywordClassifier(shipped())


def decided_by_policy(submission: Submission, correction: Correction | None = None) -> Routing:
    """Where the shipped policy and its keywords send an issue."""
    return decide(submission, shipped(), _keywords(), correction=correction)


def with_line(before: str, after: str) -> tuple[str, int]:
    """The shipped policy's text with its first `before` replaced, and the line of it."""
    text = FIRST.read_text(encoding="utf-8")
    assert before in text
    return text.replace(before, after, 1), text[: text.index(before)].count("\n") + 1


def version_of_policy(version: int, *changes: tuple[str, str]) -> str:
    """The shipped policy under another number, each change a text replaced by another."""
    text = FIRST.read_text(encoding="utf-8")
    for before, after in (("version: 1\n", f"version: {version}\n"), *changes):
        assert before in text
        text = text.replace(before, after, 1)
    return text


@cache
def with_floor(floor: int) -> Policy:
    """The shipped policy with one rule more, which fires for everybody's plan *basic*."""
    rule = f"  - {{name: any, floor: {floor}, when: [{{plan: basic}}]}}\n"
    return parse(version_of_policy(2, ("rules:\n", f"rules:\n{rule}")))


def policy_of_one_category(version: int, category: str) -> str:
    """A policy that knows one category only, and sends it to the frontline."""
    return f"""version: {version}
author: Ada
note: Everything stays at the frontline.
threshold: 0.5
redirect_threshold: 0.5
smoothing: 1
impact: medium
urgency: medium
ladder: [{{tier: 1, team: frontline}}]
rules: []
entitlements: []
categories: {{{category}: {{title: {category}}}}}
"""
