"""PURE. Proposals of impact and urgency. Tier-queues computes the priority; the text may only propose an urgency."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from router.finding import Finding
from router.policy import Policy
from router.rules import Fired
from shared.events.issues import Submission
from shared.vocabulary import Level

RANK: Final = {Level.LOW: 0, Level.MEDIUM: 1, Level.HIGH: 2}
"""How strong a level is."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A level and who says so. unheard: a proposal from the text that did not outweigh the client's word."""

    level: Level
    because: str
    unheard: str | None = None


def impact_of(policy: Policy, submission: Submission, finding: Finding, firing: Sequence[Fired]) -> Proposal:
    """The client's, else that of a category that somebody gave, else the default; raised by rules on fields."""
    row = None if finding.by == "text" else finding.row
    base = _base(_level(submission.impact), row.impact if row else None, policy.impact)
    return _strongest(base, [_by_rule(one, one.rule.impact) for one in firing])


def urgency_of(policy: Policy, submission: Submission, finding: Finding, firing: Sequence[Fired]) -> Proposal:
    """The client's, else the category's, else the default; rules raise it, but those on words never a client's."""
    stated = _level(submission.urgency)
    base = _base(stated, finding.row.urgency if finding.row else None, policy.urgency)
    by_fields = [_by_rule(one, one.rule.urgency) for one in firing if not one.by_words]
    by_words = [_by_rule(one, one.rule.urgency) for one in firing if one.by_words]
    if stated is None:
        return _strongest(base, by_fields + by_words)
    chosen = _strongest(base, by_fields)
    wished = _strongest(chosen, by_words)
    if wished is chosen:
        return chosen
    return Proposal(chosen.level, chosen.because, unheard=f"{wished.because} proposes {wished.level}")


def _level(said: Level | str | None) -> Level | None:
    """A level, or None for what was not said or is no level we know."""
    return None if said is None else next((level for level in Level if level == said), None)


def _base(stated: Level | None, of_category: Level | None, default: Level) -> Proposal:
    if stated is not None:
        return Proposal(stated, "the client")
    if of_category is not None:
        return Proposal(of_category, "the category")
    return Proposal(default, "nobody said")


def _by_rule(one: Fired, level: Level | None) -> Proposal | None:
    return None if level is None else Proposal(level, f"rule {one.rule.name}")


def _strongest(base: Proposal, raises: Sequence[Proposal | None]) -> Proposal:
    """The strongest; of equals the one named first."""
    chosen = base
    for proposal in raises:
        if proposal is not None and RANK[proposal.level] > RANK[chosen.level]:
            chosen = proposal
    return chosen
