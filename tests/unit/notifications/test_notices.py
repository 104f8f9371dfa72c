"""Which facts customers hear of, and what is never said."""

import json
from typing import Any

import pytest

from notifications.notices import MAILED, SAY, About, Notice, Told, hear, received
from shared.customer_state import CustomerState
from shared.events import work
from shared.events.collaboration import ConsultAsked, RemoteSessionOffered
from shared.events.form_parts import FormField
from shared.events.forms import FormAsked
from shared.ids import new_id
from shared.vocabulary import IssueState, WaitingFor
from support.events import ACCEPTED_AT, AGENT, SYSTEM, forwarded, offer, standing, submitted, worked

INTERNAL = "only for colleagues: acme-cloud is at fault"


def replied(version: int = 3, **changes: Any) -> work.WorkFact:
    values: dict[str, Any] = {"message": new_id(), "text": "Try again.", "state": IssueState.ASSIGNED, "owner": "ada"}
    return worked(work.IssueReplied, version=version, **values | changes)


def resolved(version: int = 4, **changes: Any) -> work.WorkFact:
    values: dict[str, Any] = {"resolution": "solved", "text": "It is reset.", "state": IssueState.RESOLVED}
    return worked(work.IssueResolved, version=version, **values | changes)


def accepted(direction: str, version: int = 5) -> work.WorkFact:
    after = standing(version, state=IssueState.ASSIGNED, tier=2)
    return work.HandoverAccepted(at=ACCEPTED_AT, actor=AGENT, standing=after, offer=offer(), direction=direction)


def claimed(version: int = 2) -> work.WorkFact:
    return worked(work.IssueClaimed, version=version, state=IssueState.ASSIGNED, owner="ada")


def asked(version: int = 3, **changes: Any) -> work.WorkFact:
    target = work.Target(tier=2)
    return worked(ConsultAsked, version=version, state=IssueState.ASSIGNED, consult=new_id(), target=target, **changes)


def remote_session(version: int = 3) -> work.WorkFact:
    told = {"session": new_id(), "purpose": "To see the error.", "link": "https://remote.example.com/1"}
    return worked(RemoteSessionOffered, version=version, state=IssueState.ASSIGNED, **told)


def form(version: int = 3) -> work.WorkFact:
    fields = (FormField(name="model", label="Which model is it?"),)
    told = {"form": new_id(), "name": "printer", "title": "Your printer", "fields": fields}
    text = "Your printer\n\n- Which model is it?"
    return worked(FormAsked, version=version, state=IssueState.ASSIGNED, text=text, **told)


def waiting(waiting_for: WaitingFor, version: int = 3) -> work.WorkFact:
    return worked(
        work.IssueWaiting, version=version, reason=INTERNAL, state=IssueState.WAITING, waiting_for=waiting_for
    )


def resumed(version: int = 6) -> work.WorkFact:
    return worked(work.IssueResumed, version=version, cause="customer", state=IssueState.ASSIGNED)


def said(told: Told, fact: work.WorkFact) -> Notice | None:
    return hear(told, fact)[1]


def about(told: Told, fact: work.WorkFact) -> About | None:
    notice = said(told, fact)
    return notice.about if notice else None


AT_WORK = Told(version=2, state=CustomerState.IN_PROGRESS, claimed=True)


def test_a_submission_is_confirmed() -> None:
    assert received(submitted()).about is About.RECEIVED


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (replied(), About.REPLIED),
        (accepted("up"), About.SPECIALIST),
        (asked(on_hold=True), About.UPDATED),
        (remote_session(), About.REPLIED),
        (waiting(WaitingFor.CUSTOMER), About.WAITING),
        (waiting(WaitingFor.FIX), About.UPDATED),
        (resolved(), About.SOLVED),
        (worked(work.IssueReopened, version=5, cause="customer", state=IssueState.ASSIGNED), About.REOPENED),
        (worked(work.IssueClosed, version=6, cause="time", state=IssueState.CLOSED), About.CLOSED),
    ],
)
def test_what_concerns_the_customer_is_said(fact: work.WorkFact, expected: About) -> None:
    assert about(AT_WORK, fact) is expected


@pytest.mark.parametrize(
    "fact",
    [
        accepted("down"),
        asked(),
        accepted("across"),
        waiting(WaitingFor.VENDOR),
        forwarded(version=3),
        resumed(),
    ],
)
def test_moves_inside_the_organisation_and_to_vendors_are_not_said(fact: work.WorkFact) -> None:
    assert about(AT_WORK, fact) is None


def test_only_the_first_claim_is_said() -> None:
    told, first = hear(Told(), claimed(2))
    assert first is not None
    assert first.about is About.IN_PROGRESS
    assert about(told, claimed(5)) is None


def test_who_heard_of_a_specialist_is_not_told_of_a_later_claim() -> None:
    told, _ = hear(Told(), accepted("up", version=4))
    assert about(told, claimed(9)) is None


def test_a_wait_that_ends_is_said_to_applications_but_not_by_mail() -> None:
    told, _ = hear(AT_WORK, waiting(WaitingFor.CUSTOMER, version=5))
    assert about(told, resumed(6)) is About.UPDATED
    assert About.UPDATED not in MAILED


def test_an_issue_that_goes_to_a_vendor_at_once_is_in_progress_for_the_customer() -> None:
    notice = said(Told(), forwarded(version=2))
    assert notice is not None
    assert (notice.about, notice.state) == (About.UPDATED, CustomerState.IN_PROGRESS)


def test_a_fact_that_is_not_newer_is_not_said_again() -> None:
    told, _ = hear(AT_WORK, replied(7))
    assert hear(told, replied(7)) == (told, None)
    assert hear(told, resolved(6)) == (told, None)


def test_an_offered_remote_session_is_said_in_the_agents_words_with_its_link() -> None:
    notice = said(AT_WORK, remote_session())
    assert notice is not None
    assert notice.author == "Ada"
    assert notice.text is not None
    assert "To see the error." in notice.text
    assert "https://remote.example.com/1" in notice.text


def test_a_withdrawal_is_not_called_solved() -> None:
    by_customer = work.Actor(kind="customer", id="grace", name="Grace")
    assert about(AT_WORK, resolved(actor=by_customer, resolution="withdrawn")) is About.WITHDRAWN


def test_an_agent_signs_with_the_name_and_nobody_else_does() -> None:
    by_agent, by_system = said(AT_WORK, replied()), said(AT_WORK, replied(actor=SYSTEM))
    assert by_agent is not None
    assert by_system is not None
    assert (by_agent.author, by_system.author) == ("Ada", None)


@pytest.mark.parametrize(
    "fact",
    [
        claimed(),
        replied(),
        accepted("up"),
        waiting(WaitingFor.CUSTOMER),
        waiting(WaitingFor.FIX),
        forwarded(version=3),
        resolved(),
        worked(work.IssueReopened, version=5, cause="lead", state=IssueState.QUEUED),
        worked(work.IssueClosed, version=6, cause="owner", state=IssueState.CLOSED),
    ],
)
def test_no_message_holds_a_tier_a_team_a_vendor_or_a_reason(fact: work.WorkFact) -> None:
    notice = said(Told(), fact)
    assert notice is not None
    written = json.dumps(notice.model_dump(mode="json")).lower()
    assert not any(word in written for word in ("tier", "frontline", "technical", "acme", "colleagues", "vendor"))


def test_every_fact_that_is_consumed_has_a_rule() -> None:
    assert all(issubclass(fact, work.WorkFact) for fact in SAY)
    assert work.IssueNoted not in SAY
    assert work.HandoverOffered not in SAY


def test_a_form_is_mailed_with_its_questions_under_the_agents_name() -> None:
    notice = said(AT_WORK, form())
    assert notice is not None
    assert (notice.about, notice.author) == (About.FORM, AGENT.name)
    assert "Which model is it?" in str(notice.text)
    assert About.FORM in MAILED


def test_what_a_rule_sends_names_no_author() -> None:
    rule = work.Actor(kind="rule", id="rule:ask-model", name="Automation rule ask-model")
    for fact in (form(), remote_session(), replied()):
        notice = said(AT_WORK, fact.model_copy(update={"actor": rule}))
        assert notice is not None
        assert notice.author is None
        assert "ask-model" not in notice.model_dump_json()
