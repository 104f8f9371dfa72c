"""Forms: the owner asks the customer field by field, and what they answer ends the wait for them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from shared.events import issues
from shared.events.form_parts import asked_words
from shared.events.forms import FormAsked
from shared.vocabulary import IssueState, WaitingFor
from tier_queues import waiting
from tier_queues.circumstances import Circumstances
from tier_queues.commands import Wait
from tier_queues.companions import FORMS_LIMIT, OPEN_FORMS_LIMIT, AskedForm
from tier_queues.conversation import answering, read
from tier_queues.frontline_commands import AskForm
from tier_queues.record import Decision, Issue
from tier_queues.refusals import Unacceptable


def ask(decision: Decision, command: AskForm, given: Circumstances) -> Decision:
    """The owner asks the customer to fill in a form. Raises Unacceptable, UnseenMessages."""
    form = given.form
    if form is None:
        raise Unacceptable("unknown-form", "There is no such form.")
    decision = read(decision, given, seen=command.seen, confirm=command.confirm)
    issue = decision.issue
    _check_room(issue)
    asked = AskedForm(issue.made_id("form"), form.name, form.title, form.fields, given.agent.id, given.now)
    decision = decision.then(
        FormAsked,
        actor=given.actor,
        at=given.now,
        change={"forms": _kept((*issue.forms, asked))} | answering(issue, given),
        form=asked.id,
        name=form.name,
        title=form.title,
        fields=form.fields,
        text=asked_words(form.title, form.fields),
        until=command.until and command.until.astimezone(UTC),
    )
    return _rested(decision, command, given) if command.wait else decision


def _check_room(issue: Issue) -> None:
    if sum(form.is_open for form in issue.forms) >= OPEN_FORMS_LIMIT:
        raise Unacceptable("too-many-forms", f"{OPEN_FORMS_LIMIT} forms wait for the customer's answers already.")


def _kept(forms: Sequence[AskedForm]) -> tuple[AskedForm, ...]:
    """The forms that stay on the issue: all open ones, and the newest others; the rest is on the timeline only."""
    answered = [form for form in forms if not form.is_open]
    dropped = answered[: max(0, len(forms) - FORMS_LIMIT)]
    return tuple(form for form in forms if form not in dropped)


def _rested(decision: Decision, command: AskForm, given: Circumstances) -> Decision:
    """Waiting for the customer; unchanged where it does already. Raises Unacceptable."""
    issue = decision.issue
    if issue.state is not IssueState.WAITING:
        rest = Wait(waiting_for=WaitingFor.CUSTOMER, until=command.until, reason=issue.forms[-1].title)
        return waiting.wait(decision, rest, given)
    if issue.waiting_for is not WaitingFor.CUSTOMER or command.until is not None:
        raise Unacceptable("waits-already", f"The issue waits for the {issue.waiting_for} already; ask without `wait`.")
    return decision


def filled_in(issue: Issue, fact: issues.FormAnswered, *, now: datetime) -> dict[str, Any]:
    """The change by which a form is answered; empty for one that the issue does not hold, or holds answered."""
    if not any(form.id == fact.form and form.is_open for form in issue.forms):
        return {}
    answered = (
        replace(form, answered_at=now, answers=fact.answers) if form.id == fact.form else form for form in issue.forms
    )
    return {"forms": tuple(answered)}
