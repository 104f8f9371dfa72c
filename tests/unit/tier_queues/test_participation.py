"""Who writes to whom: exceptions, teams behind the scenes, mentions, participants and remote sessions."""

from dataclasses import replace
from types import MappingProxyType

import pytest

from shared.events import collaboration, issues, work
from shared.ids import new_id
from support import queues
from support.queues import ADA, BOB, EVE, LEA, NOW, POLICIES, TIM, after, agent, facts_of, last, offer, ruled, told
from tier_queues import commands as c
from tier_queues import side_commands as side
from tier_queues.agents import Agent
from tier_queues.issue import BehindTheScenes, Issue, NotAllowed, NotOwner, Unacceptable, allowed_in
from tier_queues.mentions import MENTIONS_LIMIT, mentioned
from tier_queues.teams import Team

SILENT = replace(
    POLICIES, teams=MappingProxyType({"frontline": Team("frontline", frozenset({1}), behind_the_scenes=True)})
)
"""Rules under which Tier 1's team works behind the scenes."""
EXCEPTION = c.Reply(text="I can say more myself.", exception_reason="Only I know the kernel.")
SESSION = side.OfferRemoteSession(link="https://remote.example.com/1", purpose="To see the error.")


def offered_session() -> Issue:
    return after(queues.assigned(), SESSION)


def consent(issue: Issue, *, granted: bool = True) -> issues.ConsentGiven:
    assert issue.remote is not None
    return issues.ConsentGiven(session=issue.remote.id, granted=granted, at=NOW)


@pytest.mark.parametrize("person", [EVE, LEA], ids=["an expert", "the lead"])
def test_who_does_not_own_it_writes_to_the_customer_only_by_an_exception_that_is_recorded(person: Agent) -> None:
    with pytest.raises(NotOwner):
        ruled(queues.assigned(), c.Reply(text="Hello"), by=person)
    entry = ruled(queues.assigned(), EXCEPTION, by=person).entries[0]
    assert entry.private == {"exception": "Only I know the kernel."}
    assert entry.fact.actor.id == person.id
    assert "kernel" not in entry.fact.model_dump_json()


@pytest.mark.parametrize("person", [BOB, TIM], ids=lambda who: who.id)
def test_nobody_else_has_exceptions(person: Agent) -> None:
    with pytest.raises(NotOwner):
        ruled(queues.assigned(), EXCEPTION, by=person)


def test_an_exception_needs_an_issue_that_is_worked() -> None:
    with pytest.raises(NotAllowed):
        ruled(queues.queued(), EXCEPTION, by=LEA)


@pytest.mark.parametrize("command", [c.Reply(text="Hello"), EXCEPTION, queues.resolve(), SESSION])
def test_of_a_team_behind_the_scenes_even_the_owner_says_nothing_to_the_customer(command: c.Command) -> None:
    with pytest.raises(BehindTheScenes) as refused:
        ruled(queues.assigned(), command, policies=SILENT)
    assert refused.value.more == {"team": "frontline"}


def test_of_a_team_behind_the_scenes_a_lead_writes_by_exception_and_anybody_notes() -> None:
    owned = queues.assigned(by=LEA)
    assert ruled(owned, EXCEPTION, by=LEA, policies=SILENT).entries[0].private["exception"]
    assert ruled(owned, c.Note(text="Found it."), policies=SILENT).entries


def test_a_note_calls_the_agents_it_names_and_its_text_stays_here() -> None:
    decision = ruled(queues.assigned(), c.Note(text="@tim please SECRETLY look"), mentioned=(TIM,))
    assert facts_of(decision) == [work.IssueNoted, collaboration.AgentMentioned]
    note, mention = decision.entries
    assert (mention.fact.agent, mention.fact.note) == ("tim", note.fact.note)  # type: ignore[attr-defined]
    assert mention.private == {"note_version": note.fact.standing.version}
    assert "SECRETLY" not in note.fact.model_dump_json() + mention.fact.model_dump_json()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@tim look", ("tim",)),
        ("see (@tim), @eve.b and @tim.", ("tim", "eve.b")),
        ("write to grace@example.com", ()),
        ("ask @grace@example.com!", ("grace@example.com",)),
        ("nobody @ all, @@, @-x", ()),
        ("no one", ()),
    ],
)
def test_a_name_behind_an_at_sign_is_a_mention_and_a_mail_address_is_not(text: str, names: tuple[str, ...]) -> None:
    assert mentioned(text) == names


def test_a_note_calls_only_so_many() -> None:
    assert len(mentioned(" ".join(f"@agent{n}" for n in range(100)))) == MENTIONS_LIMIT


def test_who_writes_takes_part_until_they_leave_and_again_when_they_write_again() -> None:
    issue = after(queues.assigned(), c.Note(text="Hm."), by=BOB)
    assert [one.id for one in issue.participants] == ["bob"]
    assert after(issue, c.Note(text="Aha."), by=BOB).participants == issue.participants
    left = ruled(issue, side.Leave(), by=BOB)
    assert (facts_of(left), left.issue.participants) == ([collaboration.ParticipantLeft], ())
    assert after(left.issue, c.Note(text="Wait."), by=BOB).participants


def test_who_takes_no_part_cannot_leave() -> None:
    with pytest.raises(NotAllowed):
        ruled(queues.assigned(), side.Leave(), by=BOB)


def test_an_agent_is_added_by_name_or_adds_themselves() -> None:
    added = ruled(queues.assigned(), side.AddParticipant(agent="tim"), receiver=TIM)
    assert (last(added).agent, last(added).actor.id) == ("tim", "ada")
    assert [(one.id, one.how) for one in added.issue.participants] == [("tim", "added")]
    assert [one.id for one in after(queues.assigned(), side.AddParticipant(), by=BOB).participants] == ["bob"]
    with pytest.raises(Unacceptable):
        ruled(queues.assigned(), side.AddParticipant(agent="nobody"))


def test_after_a_warm_handover_the_introducer_stays_on_the_thread_until_they_leave() -> None:
    issue = after(queues.offered(mode="warm"), c.AcceptHandover(), by=TIM)
    assert [(one.id, one.how) for one in issue.participants] == [("ada", "introduced")]
    assert "leave" in allowed_in(issue, ADA)
    assert after(issue, side.Leave(), by=ADA).participants == ()


def test_after_a_cold_handover_nobody_stays() -> None:
    assert after(queues.offered(mode="cold"), c.AcceptHandover(), by=TIM).participants == ()
    wrote = after(after(queues.assigned(), c.Note(text="Hm.")), offer(mode="warm"))
    introduced = after(wrote, c.AcceptHandover(), by=TIM)
    assert [(one.id, one.how) for one in introduced.participants] == [("ada", "introduced")]


def test_findings_of_a_remote_session_need_the_customers_consent() -> None:
    issue, findings = offered_session(), side.RecordRemoteFindings(findings="The SECRET disk is full.")
    for refused in (issue, told(issue, consent(issue, granted=False)).issue):
        with pytest.raises(NotAllowed):
            ruled(refused, findings)
    allowed = told(issue, consent(issue))
    assert last(allowed).granted is True
    assert last(allowed).actor.kind == "customer"
    recorded = ruled(allowed.issue, findings)
    assert recorded.entries[0].private["findings"] == "The SECRET disk is full."
    assert "SECRET" not in recorded.entries[0].fact.model_dump_json()
    assert recorded.issue.remote is None


def test_a_consent_to_an_older_offer_is_only_noted() -> None:
    first = offered_session()
    second = after(first, SESSION)
    decision = told(second, consent(first))
    assert decision.entries[0].private == {"superseded": True}
    assert decision.issue.remote == second.remote
    assert told(queues.closed(), issues.ConsentGiven(session=new_id(), at=NOW)).entries


@pytest.mark.parametrize("link", ["http://remote.example.com/1", "javascript:alert(1)", "https://a b", "https://"])
def test_a_link_for_a_customer_is_https_and_nothing_else(link: str) -> None:
    with pytest.raises(ValueError, match="link"):
        side.OfferRemoteSession(link=link, purpose="To see.")


def test_a_stranger_offers_no_remote_session() -> None:
    with pytest.raises(NotOwner):
        ruled(queues.assigned(), SESSION, by=agent("max"))
