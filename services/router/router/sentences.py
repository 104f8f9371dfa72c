"""PURE. A decision as a support agent would say it."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from router.outcome import Correction, Outcome

_WORDS_NAMED = 3
FIRED_TOLD: Final = 8
"""Rules that fired of which each has a sentence of its own."""


def sentences(outcome: Outcome, correction: Correction | None) -> tuple[str, ...]:
    """The decision in words, the most important first."""
    return tuple(_told(outcome, correction))


def answered(before: int, after: int) -> Iterator[str]:
    """What is said beside a decision before and after which the customer answered so many questions."""
    for questions, when in ((before, "before"), (after, "after")):
        asked = "a question" if questions == 1 else f"{questions} questions"
        if questions:
            yield f"The customer answered {asked} {when} this decision; what they said was not used."


def _told(outcome: Outcome, correction: Correction | None) -> Iterator[str]:
    if correction is not None:
        yield _difference(outcome, correction)
    yield _main(outcome)
    yield from _rules(outcome)
    yield from _way(outcome)
    yield _priority(outcome)
    if outcome.finding.method in ("keywords", "none"):
        yield "No model is trained yet: rules and keywords decide."


def _main(outcome: Outcome) -> str:
    finding, version = outcome.finding, outcome.policy.version
    fired = _joined([one.rule.name for one in outcome.firing[:FIRED_TOLD]])
    rules = f"fired: {fired}" if fired else "no rule fired"
    if finding.row is None:
        return f"{_doubt(outcome)}; {rules}."
    if finding.row.redirect is not None:
        sends = f"calls that no support issue ({finding.row.redirect.rstrip('.')})"
    else:
        sends = f"sends that to Tier {finding.row.tier}"
    if outcome.tier > finding.tier:
        asked = f"Tier {outcome.tier} because {_raised_by(outcome)} asks for it"
        return f"{asked}; {_because(outcome)}; policy {version} {sends}."
    return f"{_where(outcome)} because {_because(outcome)}; policy {version} {sends}; {rules}."


def _raised_by(outcome: Outcome) -> str:
    """Who asked for the tier that the category alone would not have got."""
    names = [f"rule {one.rule.name}" for one in outcome.firing if one.rule.floor == outcome.tier][:FIRED_TOLD]
    if outcome.entitled is not None and outcome.entitled.floor == outcome.tier:
        names.append(f"entitlement {outcome.entitled.name}")
    return _joined(names)


def _where(outcome: Outcome) -> str:
    return f"Tier {outcome.tier}" if outcome.redirect is None else "Redirected"


def _because(outcome: Outcome) -> str:
    finding = outcome.finding
    assert finding.row is not None
    title = finding.row.title
    match finding.by:
        case "person" | "rule":
            return f"{_chooser(finding.rule)} chose {title}"
        case "client":
            return f"the client says that it is {title}"
        case "product":
            return f"the product belongs to {title}"
    said = (text for text, share in finding.words if share > 0 and not text.startswith("("))
    words = [f"*{text}*" for text in islice(said, _WORDS_NAMED)] or ["the whole text"]
    probability = next(share for category, share in finding.categories if category == finding.category)
    whole = finding.score or probability
    where = f"Tier {finding.row.tier}" if finding.row.redirect is None else "redirecting"
    together = f" (all that speaks for {where}: {_percent(whole)})" if whole - probability >= 0.005 else ""
    return f"{_joined(words)} {'point' if len(words) > 1 else 'points'} to {title}, {_percent(probability)}{together}"


def _doubt(outcome: Outcome) -> str:
    """Why nobody could tell the category, and who decides instead."""
    finding, policy = outcome.finding, outcome.policy
    decides = "A person at Tier 1 decides" if outcome.triage else f"Tier {outcome.tier} without a category"
    if finding.by in ("person", "rule"):
        chosen = f"{_chooser(finding.rule)} chose {finding.category}"
        return f"{decides}: {chosen}, which policy {policy.version} does not have"
    if not finding.categories and finding.method == "model":
        return f"{decides}: policy {policy.version} has none of the model's categories"
    if not finding.categories:
        return f"{decides}: policy {policy.version} knows no word of the text"
    titles = [(policy.categories[name].title, probability) for name, probability in finding.categories[:3]]
    guesses = _joined([f"{title} {_percent(probability)}" for title, probability in titles], "or")
    best, asked = _percent(finding.score or 0), _percent(finding.threshold or 0)
    short = f"{best} is less than the {asked} that policy {policy.version} asks for"
    if finding.method == "model":
        short = f"{best} is less than the {asked} that must be reached"
    if not finding.in_scope:
        short = "it is unlike anything that the model was trained on"
    return f"{decides}: the text may be about {guesses}, and {short}"


def _rules(outcome: Outcome) -> Iterator[str]:
    for one in outcome.firing[:FIRED_TOLD]:
        yield f"Rule {one.rule.name} fired ({one.why}): at least Tier {one.rule.floor}, and no automatic answer."
    if len(outcome.firing) > FIRED_TOLD:
        yield f"{len(outcome.firing) - FIRED_TOLD} more rules fired."
    entitled = outcome.entitled
    if entitled is not None:
        teams = "".join(f", at Tier {tier} team {team}" for tier, team in entitled.teams.items())
        yield f"Entitlement {entitled.name}: at least Tier {entitled.floor}{teams}."


def _way(outcome: Outcome) -> Iterator[str]:
    row = outcome.finding.row
    if outcome.redirect is not None:
        yield f"The right channel is: {outcome.redirect}"
    elif row is not None and row.redirect is not None:
        yield "It is not turned away all the same, because a rule fired."
    if row is not None and row.vendor is not None:
        yield f"Vendor {row.vendor} works on it, and Tier {outcome.watching_tier} watches."


def _priority(outcome: Outcome) -> str:
    impact, urgency = outcome.impact, outcome.urgency
    unheard = (
        f" {urgency.unheard[0].upper()}{urgency.unheard[1:]}; the client's word stands." if urgency.unheard else ""
    )
    return f"Impact {impact.level} ({impact.because}), urgency {urgency.level} ({urgency.because}).{unheard}"


def _difference(outcome: Outcome, correction: Correction) -> str:
    before, row = correction.before, outcome.finding.row
    chosen = row.title if row is not None else correction.category
    old_row = outcome.policy.categories.get(before.category or "")
    old = old_row.title if old_row is not None else before.category or "no category"
    tier = "as before" if before.tier == outcome.tier else f"instead of Tier {before.tier}"
    team = "as before" if before.team == outcome.team else f"instead of {before.team}"
    return (
        f"Revision {correction.revision}: {_chooser(correction.rule)} chose {chosen} instead of {old}; "
        f"Tier {outcome.tier} {tier}, team {outcome.team} {team}."
    )


def _chooser(rule: str | None) -> str:
    return "a person" if rule is None else f"rule {rule}"


def _joined(parts: list[str], last: str = "and") -> str:
    return f" {last} ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"
