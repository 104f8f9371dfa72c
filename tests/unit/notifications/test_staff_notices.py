"""Which facts call members of staff, whom, and in which words."""

from datetime import timedelta
from typing import Any

import pytest

from notifications.staff_notices import StaffAbout, Summons, summons
from shared.events import attention, collaboration, frontline, work
from shared.ids import new_id
from shared.vocabulary import HandoverMode, HandoverReason, IssueState
from support.events import ACCEPTED_AT, AGENT, standing

SOON = ACCEPTED_AT + timedelta(hours=1)
QUEUED: dict[str, Any] = {}
OWNED: dict[str, Any] = {"state": IssueState.ASSIGNED, "owner": "ada"}


def called(kind: type[work.WorkFact], of: dict[str, Any] = QUEUED, **content: object) -> Summons | None:
    """Whom a fact calls. of: the issue's standing."""
    return summons(kind.model_validate({"at": ACCEPTED_AT, "actor": AGENT, "standing": standing(2, **of)} | content))


def told(kind: type[work.WorkFact], of: dict[str, Any] = QUEUED, **content: object) -> Summons:
    found = called(kind, of, **content)
    assert found is not None
    return found


def test_an_alert_goes_to_the_leads_whom_it_names_and_says_why() -> None:
    found = told(attention.LeadAlerted, cause="ping-pong", tier=2, team="technical", leads=("lea", "leo"), times=4)
    assert (found.agents, found.notice.about) == (("lea", "leo"), StaffAbout.ALERT)
    assert found.notice.words == "It has come to technical at Tier 2 4 times."
    other = told(attention.LeadAlerted, cause="a-cause-of-tomorrow", tier=2, leads=("lea",))
    assert other.notice.words == "You are asked to look at it at Tier 2: a-cause-of-tomorrow."
    assert called(attention.LeadAlerted, cause="ping-pong", tier=2) is None


@pytest.mark.parametrize(
    "cause",
    ["offer-overdue", "consult-overdue", "ping-pong", "major-incident", "automation-stopped", "escalated"],
)
def test_every_cause_of_an_alert_has_words_of_its_own(cause: str) -> None:
    assert cause not in told(attention.LeadAlerted, cause=cause, tier=2, leads=("lea",)).notice.words


def test_the_owner_hears_of_an_answer_a_question_back_and_a_call_that_is_due() -> None:
    target = {"tier": 2, "team": "technical"}
    offer = work.Offer.model_validate({"id": new_id(), "target": target, "mode": "cold", "reason": "knowledge"})
    facts: list[tuple[type[work.WorkFact], StaffAbout, dict[str, Any]]] = [
        (collaboration.ConsultAnswered, StaffAbout.ANSWERED, {"consult": new_id(), "target": target}),
        (work.HandoverReturned, StaffAbout.RETURNED, {"offer": offer}),
        (frontline.CallBackDue, StaffAbout.CALL_BACK, {"call_back": new_id(), "due_at": SOON}),
    ]
    for kind, about, content in facts:
        found = told(kind, of=OWNED | {"owner": "bob"}, **content)
        assert (found.agents, found.team, found.notice.about) == (("bob",), None, about)
    assert called(collaboration.ConsultAnswered, consult=new_id(), target=target) is None
    assert called(collaboration.ConsultAnswered, of=OWNED, consult=new_id(), target=target) is None, "their own answer"


def test_a_call_that_is_due_on_what_nobody_owns_calls_the_leads() -> None:
    found = told(frontline.CallBackDue, call_back=new_id(), due_at=SOON)
    assert (found.agents, found.team) == ((), "frontline")
    assert SOON.strftime("%H:%M UTC") in found.notice.words


def test_a_note_calls_whom_it_names() -> None:
    found = told(collaboration.AgentMentioned, note=new_id(), agent="tim", agent_name="Tim", of=OWNED)
    assert (found.agents, found.notice.about) == (("tim",), StaffAbout.MENTIONED)


def test_who_is_given_an_issue_reads_until_when() -> None:
    found = told(attention.IssuePushed, agent="ada", agent_name="Ada", until=SOON)
    assert found.agents == ("ada",)
    assert SOON.strftime("%H:%M UTC") in found.notice.words


def test_an_offer_calls_the_agent_whom_it_names_and_nobody_of_a_queue() -> None:
    def offer(agent: str | None) -> work.Offer:
        target = work.Target(tier=2, team="technical", agent=agent)
        return work.Offer(id=new_id(), target=target, mode=HandoverMode.COLD, reason=HandoverReason.KNOWLEDGE)

    assert told(work.HandoverOffered, offer=offer("tim"), direction="up", of=OWNED).agents == ("tim",)
    assert called(work.HandoverOffered, offer=offer(None), direction="up", of=OWNED) is None


def test_a_question_calls_who_is_asked_or_the_leads_of_the_team() -> None:
    def asked(**target: object) -> Summons | None:
        return called(collaboration.ConsultAsked, consult=new_id(), target=work.Target.model_validate(target), of=OWNED)

    of_agent, of_team = asked(tier=2, team="technical", agent="tim"), asked(tier=2, team="technical")
    assert of_agent is not None
    assert of_team is not None
    assert (of_agent.agents, of_agent.team) == (("tim",), None)
    assert (of_team.agents, of_team.team) == ((), "technical")
    assert asked(tier=2) is None


def test_the_owner_hears_that_who_was_offered_the_issue_has_left() -> None:
    target = work.Target(tier=2, team="technical", agent="tim")
    offer = work.Offer(id=new_id(), target=target, mode=HandoverMode.COLD, reason=HandoverReason.KNOWLEDGE)
    left = told(work.HandoverWithdrawn, offer=offer, cause="left", of=OWNED)
    assert (left.agents, left.notice.about) == (("ada",), StaffAbout.RETURNED)
    assert called(work.HandoverWithdrawn, offer=offer, cause="owner", of=OWNED) is None


def test_leads_read_how_many_wait_for_the_answer_of_an_incident_that_ended() -> None:
    alert = told(attention.LeadAlerted, cause="incident-unanswered", tier=1, leads=("lea",), followers=7)
    assert alert.notice.words == "It ended, and 7 issues that followed it still wait for an answer."


def test_the_owner_hears_of_idleness_and_of_a_promised_update_that_comes_due_and_breaks() -> None:
    idle = told(attention.OwnerIdle, returns_at=SOON, of=OWNED)
    early = called(work.ClockWarned, clock="promised-update", percent=50, due_at=SOON, of=OWNED)
    due = told(work.ClockWarned, clock="promised-update", percent=75, due_at=SOON, of=OWNED)
    broken = told(work.ClockBreached, clock="promised-update", due_at=SOON, of=OWNED)
    assert [one.agents for one in (idle, due, broken)] == [("ada",)] * 3
    assert early is None
    assert called(work.ClockBreached, clock="promised-update", due_at=SOON) is None


def test_leads_hear_of_what_nobody_picks_up_and_nobody_of_the_other_clocks() -> None:
    late = told(work.ClockWarned, clock="pickup", percent=75, due_at=SOON)
    broken = told(work.ClockBreached, clock="pickup", due_at=SOON)
    assert late.team == broken.team == "frontline"
    for clock in ("first-response", "next-response", "resolution"):
        assert called(work.ClockBreached, clock=clock, due_at=SOON, of=OWNED) is None


def test_who_watches_it_hears_that_it_is_resolved_reopened_and_late_unless_they_did_it() -> None:
    watchers = ("kim", AGENT.id)
    resolved = told(work.IssueResolved, resolution="solved", text="SECRETLY done.", watchers=watchers, of=OWNED)
    reopened = told(work.IssueReopened, cause="lead", watchers=watchers, of=OWNED)
    late = told(work.ClockBreached, clock="resolution", due_at=SOON, watchers=("kim",), of=OWNED)
    for found in (resolved, reopened, late):
        assert (found.agents, found.notice.about) == (("kim",), StaffAbout.WATCHED)
        assert "SECRETLY" not in found.notice.words
    update = told(work.ClockBreached, clock="promised-update", due_at=SOON, watchers=("kim",), of=OWNED)
    pickup = told(work.ClockBreached, clock="pickup", due_at=SOON, watchers=("kim",))
    assert (set(update.agents), pickup.agents, pickup.team) == ({"ada", "kim"}, ("kim",), "frontline")
    assert called(work.IssueResolved, resolution="solved", text="Done.", of=OWNED) is None
