"""Issues in every state and people who work them, made by the same decisions that make them in real life."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from shared.events import Fact, issues, routing, work
from shared.events.deliveries import NotificationFailed
from shared.events.form_parts import FormAnswer, FormField
from shared.ids import new_id
from shared.vocabulary import IssueState, Level, Role
from support import events
from tier_queues import commands as c
from tier_queues import frontline_commands as first
from tier_queues import incident_commands as major
from tier_queues import problem_commands as about
from tier_queues import side_commands as side
from tier_queues import tidying_commands as tidy
from tier_queues.agents import Agent
from tier_queues.companions import Form
from tier_queues.issue import Decision, Issue, decide, heard, open_issue, tick
from tier_queues.links import Relation
from tier_queues.policies import Policies
from tier_queues.problem import Kind, Person, Problem, State

NOW: Final = events.ACCEPTED_AT
"""When an issue of a test was accepted and routed."""
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
POLICIES: Final = Policies(tier_leads={1: ("lea",), 2: ("lea",), 3: ("lea",)})

URGENT: Final = c.SetPriority(impact=Level.HIGH, urgency=Level.HIGH, reason="All are down.")
"""What makes an issue a P1."""
PARTS: Final = {
    "impact": "Nobody in accounting can work.",
    "findings": "The import stops at row 4,012.",
    "tried": "Another browser, a smaller file.",
    "ask": "Please look at the import log.",
    "promised": "An update by noon.",
}
"""The five parts of a handover."""
BRIEFING: Final = side.Briefing(customer="Navy, plan basic.", symptoms="The import stops.", tried="A smaller file.")
"""What comes with a question to somebody else."""


FORM: Final = Form(
    "printer",
    "About your printer",
    (
        FormField(name="model", label="Which model is it?"),
        FormField(name="paper", label="Is there paper?", type="yes-no", required=False),
    ),
)
"""A form of the shelf."""
KIM: Final = Person("kim", "Kim")
"""Who made the problem of tests."""
PROBLEM: Final = Problem(
    id=UUID("0193f000-0000-7000-8000-000000000001"),
    number=7,
    version=1,
    kind=Kind.PROBLEM,
    state=State.KNOWN_ERROR,
    title="The import stops at umlauts",
    description="Rows with umlauts end the import.",
    product="navy",
    made_at=NOW,
    made_by=KIM,
    updated_at=NOW,
    workaround="Save the file as UTF-8 first.",
)
"""A known error."""


def agent(name: str = "ada", *, tier: int = 1, team: str = "frontline", **changes: Any) -> Agent:
    """An agent of Tier 1's usual team, unless told otherwise."""
    values: dict[str, Any] = {
        "id": name,
        "name": name.title(),
        "role": Role.AGENT,
        "tiers": frozenset({tier}),
        "teams": frozenset({team}),
        "capacity": 10,
    }
    return Agent(**values | changes)


ADA: Final = agent("ada")
BOB: Final = agent("bob")
TIM: Final = agent("tim", tier=2, team="technical")
EVE: Final = agent("eve", tier=3, team="experts")
LEA: Final = agent("lea", role=Role.LEAD)


def opened(*early: Fact, now: datetime = NOW, policies: Policies = POLICIES, **changes: Any) -> Decision:
    """What a first routing makes; changes are the routing's, `of` is the submission."""
    return open_issue(events.routed(**changes), early, id=new_id(), policies=policies, now=now)


def queued(**changes: Any) -> Issue:
    """An issue in the queue of Tier 1."""
    return opened(**changes).issue


def after(issue: Issue, *steps: c.Command, by: Agent = ADA, now: datetime | None = None, **given: Any) -> Issue:
    """The issue after somebody's commands."""
    for step in steps:
        issue = ruled(issue, step, by=by, now=now, **given).issue
    return issue


def ruled(
    issue: Issue,
    command: c.Command,
    *,
    by: Agent = ADA,
    now: datetime | None = None,
    policies: Policies = POLICIES,
    **given: Any,
) -> Decision:
    """What follows from one command. now: the time of the issue's last entry, unless told otherwise.

    other: the second issue that it names, a queued one of this id unless told otherwise.
    """
    return decide(issue, command, actor=by, now=now or issue.last_at, policies=policies, **(meant(command) | given))


def meant(command: c.Command) -> dict[str, Any]:
    """What a command names, as `decide` is given it: a problem, a form, a second issue (a major one to follow)."""
    second = tidy.other_of(command)
    return {
        "problem": named(command),
        "form": FORM if isinstance(command, first.AskForm) else None,
        "other": second and replace(queued(), id=second, major=isinstance(command, major.JoinIncident)),
    }


def named(command: c.Command) -> Problem | None:
    """The problem that a command names: a known error, whichever it is."""
    problem = getattr(command, "problem", None)
    return None if problem is None else replace(PROBLEM, id=problem)


def told(issue: Issue, fact: Fact, *, now: datetime | None = None, policies: Policies = POLICIES) -> Decision:
    """What follows from one fact."""
    return heard(issue, fact, now=now or issue.last_at, policies=policies)


def ticked(issue: Issue, now: datetime, policies: Policies = POLICIES) -> Decision:
    """What follows from the time."""
    return tick(issue, now=now, policies=policies)


def assigned(by: Agent = ADA, **changes: Any) -> Issue:
    """An issue that somebody owns."""
    return after(queued(**changes), c.Claim(), by=by)


def offered(**changes: Any) -> Issue:
    """An issue that Ada owns and offers to Tier 2; changes are the offer's."""
    return after(assigned(), offer(**changes))


def waiting_for_customer() -> Issue:
    """An issue that Ada owns, waiting for the customer."""
    return after(assigned(), wait("customer"))


def waiting_for_vendor() -> Issue:
    """An issue that Ada owns, waiting for a vendor."""
    return after(assigned(), c.Forward(vendor="acme-cloud", ask="Please look."))


def with_vendor() -> Issue:
    """An issue routed straight to a vendor: nobody owns it."""
    return opened(tier=4).issue


def consulting(**changes: Any) -> Issue:
    """An issue that Ada owns, noted and asks Tier 2 about, with leave to look at the customer's machine."""
    session = side.OfferRemoteSession(link="https://remote.example.com/1", purpose="To see the error.")
    issue = after(assigned(), c.Note(text="Looks like the index."), consult(**changes), session)
    assert issue.remote is not None
    return told(issue, issues.ConsentGiven(session=issue.remote.id, at=NOW)).issue


def linked(issue: Issue, problem: Problem = PROBLEM) -> Issue:
    """The issue with a problem."""
    return after(issue, about.LinkProblem(problem=problem.id), problem=problem)


def resolved(**changes: Any) -> Issue:
    """An issue that Ada solved."""
    return after(assigned(**changes), resolve())


def closed() -> Issue:
    """An issue that Ada solved and closed."""
    return after(resolved(), c.Close(reason="Done."))


def joined(issue: Issue) -> Issue:
    """The issue tagged and related to another one."""
    return after(issue, tidy.Tag(tags=("slow",)), tidy.LinkTo(other=new_id(), relation=Relation.RELATED))


def declared(issue: Issue) -> Issue:
    """The issue as a major incident."""
    return after(issue, major.DeclareMajorIncident(reason="All shops are down."), by=LEA)


def following(issue: Issue) -> Issue:
    """The issue as one that follows a major incident."""
    return after(issue, major.JoinIncident(master=new_id()))


def offer(**changes: Any) -> c.OfferHandover:
    """A cold handover to Tier 2 for want of knowledge."""
    values: dict[str, Any] = {"target": c.Destination(tier=2), "reason": "knowledge"}
    return c.OfferHandover(**values | PARTS | changes)


def wait(what_for: str, until: datetime | None = None) -> c.Wait:
    """A rest."""
    return c.Wait.model_validate({"for": what_for, "until": until, "reason": "It has to."})


def resolve(**changes: Any) -> c.Resolve:
    """The answer."""
    values: dict[str, Any] = {"resolution": "solved", "text": "It works again."}
    return c.Resolve(**values | changes)


def consult(**changes: Any) -> side.Consult:
    """A question to Tier 2."""
    values: dict[str, Any] = {"target": c.Destination(tier=2), "question": "Which index?", "briefing": BRIEFING}
    return side.Consult(**values | changes)


def form_answered(form: UUID, **changes: Any) -> issues.FormAnswered:
    """The customer filled in a form."""
    answer = FormAnswer(name="model", label="Which model is it?", answer="LX-300")
    values: dict[str, Any] = {"form": form, "message": new_id(), "answers": (answer,), "at": NOW}
    return issues.FormAnswered(**values | changes)


def undelivered() -> NotificationFailed:
    """A mail about the issue that did not arrive."""
    return NotificationFailed(
        delivery=new_id(),
        channel="mail",
        cause=new_id(),
        about="issue-replied",
        attempts=3,
        at=NOW,
        reason="no such mailbox",
    )


def facts_of(decision: Decision) -> list[type[work.WorkFact]]:
    """The types of what is published, in order."""
    return [type(entry.fact) for entry in decision.entries]


def last(decision: Decision) -> Any:
    """The fact published last."""
    return decision.entries[-1].fact


LADDER: Final[tuple[routing.Rung, ...]] = events.LADDER
STATES: Final = tuple(IssueState)
