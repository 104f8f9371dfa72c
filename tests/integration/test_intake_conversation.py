"""What customers say after they posted, and what they see of the work on their issue."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.events import Envelope, issues, work
from shared.events.collaboration import ConsultAnswered, ConsultAsked, RemoteSessionOffered
from shared.events.promises import UpdatePromised
from shared.events.work import Actor
from shared.ids import new_id
from shared.topics import WORK
from shared.vocabulary import IssueState, WaitingFor
from support.events import ACCEPTED_AT, SYSTEM, envelope, forwarded, session_revoked, worked
from support.intake import Intake, Shop
from support.kafka import published
from support.people import bearer, token
from support.running import rows, wait_until

SOON = timedelta(seconds=20)
VENDOR = Actor(kind="vendor", id="acme-cloud", name="Acme Cloud")


def assigned(version: int = 2) -> work.WorkFact:
    return worked(work.IssueClaimed, version=version, state=IssueState.ASSIGNED, owner="ada")


def replied(text: str, version: int = 3, **changes: Any) -> work.WorkFact:
    kind = work.IssueReplied
    return worked(kind, version=version, state=IssueState.ASSIGNED, message=new_id(), text=text, **changes)


def resolved(text: str, version: int = 4, **changes: Any) -> work.WorkFact:
    kind = work.IssueResolved
    return worked(kind, version=version, state=IssueState.RESOLVED, resolution="solved", text=text, **changes)


def closed(version: int = 5) -> work.WorkFact:
    return worked(work.IssueClosed, version=version, state=IssueState.CLOSED, cause="time", actor=SYSTEM)


async def facts_of(intake: Intake, issue: str) -> list[Envelope[Any]]:
    """What intake published about an issue, in order."""
    return await published(intake.settings, "support.issues", issue)


async def test_a_reply_reaches_the_conversation_and_the_topic(intake: Intake, shop: Shop) -> None:
    issue = await shop.submit()
    answer = await shop.post(f"/issues/{issue}/messages", {"text": "It happens on the phone too."})
    assert answer.status_code == 202
    message = (await shop.issue(issue))["messages"]["items"][0]
    assert (message["author"], message["name"], message["text"]) == (
        "customer",
        "Ada Lovelace",
        "It happens on the phone too.",
    )

    async def both() -> list[Envelope[Any]] | None:
        found = await facts_of(intake, issue)
        return found if len(found) == 2 else None

    submitted, reply = await wait_until(both, SOON, "both facts are on the topic")
    assert isinstance(submitted.data, issues.IssueSubmitted)
    assert submitted.data.submission.customer.account == "analytical"
    assert isinstance(reply.data, issues.CustomerReplied)
    assert (submitted.seq, reply.seq) == (1, 2)
    assert str(reply.data.message) == message["id"] == answer.json()["message"]


async def test_the_customer_reads_states_in_words_without_tiers(intake: Intake, shop: Shop) -> None:
    issue = await shop.submit()
    steps: list[tuple[work.WorkFact, str]] = [
        (worked(work.IssueQueued, version=1, cause="routed"), "received"),
        (assigned(2), "in_progress"),
        (worked(work.IssueReleased, version=3, reason="a break"), "in_progress"),
        (_waiting(4, WaitingFor.CUSTOMER), "waiting_for_you"),
        (forwarded(version=5), "in_progress"),
        (_waiting(6, WaitingFor.FIX), "on_hold"),
        (_waiting(7, WaitingFor.TIME), "on_hold"),
        (resolved("Done.", 8), "solved"),
        (worked(work.IssueReopened, version=9, cause="customer"), "in_progress"),
        (worked(work.IssueNoted, version=10, state="pondered", note=new_id()), "in_progress"),
        (closed(11), "closed"),
    ]
    for seq, (fact, state) in enumerate(steps, 1):
        await intake.hear(issue, fact, first=seq)
        assert (await shop.issue(issue))["state"] == state, type(fact).__name__


def _waiting(version: int, what: WaitingFor) -> work.WorkFact:
    return worked(work.IssueWaiting, version=version, state=IssueState.WAITING, waiting_for=what, reason="rest")


async def test_a_question_behind_the_scenes_shows_as_on_hold_only_when_so_chosen(intake: Intake, shop: Shop) -> None:
    issue = await shop.submit()
    about: dict[str, Any] = {"consult": new_id(), "target": work.Target(tier=2), "state": IssueState.ASSIGNED}
    steps: list[tuple[work.WorkFact, str]] = [
        (assigned(2), "in_progress"),
        (worked(ConsultAsked, version=3, **about), "in_progress"),
        (worked(ConsultAsked, version=4, on_hold=True, **about), "on_hold"),
        (worked(ConsultAnswered, version=5, **about), "in_progress"),
    ]
    for seq, (fact, state) in enumerate(steps, 1):
        await intake.hear(issue, fact, first=seq)
        assert (await shop.issue(issue))["state"] == state, type(fact).__name__
    assert (await shop.issue(issue))["messages"]["items"] == []


async def test_a_remote_session_is_asked_for_in_the_conversation_and_allowed_by_its_message(
    intake: Intake, shop: Shop
) -> None:
    issue, session = await shop.submit(), new_id()
    told: dict[str, Any] = {"session": session, "purpose": "To see it.", "link": "https://remote.example.com/1"}
    await intake.hear(issue, worked(RemoteSessionOffered, version=2, state=IssueState.ASSIGNED, **told))
    message = (await shop.issue(issue))["messages"]["items"][0]
    assert (message["id"], message["name"]) == (str(session), "Ada")
    assert "https://remote.example.com/1" in message["text"]
    answer = await shop.post(f"/issues/{issue}/consent", {"session": message["id"], "granted": True})
    assert answer.status_code == 202

    async def both() -> list[Envelope[Any]] | None:
        found = await facts_of(intake, issue)
        return found if len(found) == 2 else None

    consent = (await wait_until(both, SOON, "the consent is on the topic"))[1].data
    assert isinstance(consent, issues.ConsentGiven)
    assert (consent.session, consent.granted) == (session, True)
    await intake.hear(issue, resolved("Done.", 3), first=2)
    refused = await shop.post(f"/issues/{issue}/consent", {"session": message["id"], "granted": False})
    assert refused.status_code == 409


async def test_a_customer_rates_the_answer_and_may_change_their_mind_for_a_while(intake: Intake, shop: Shop) -> None:
    issue = await shop.submit()
    early = await shop.post(f"/issues/{issue}/rating", {"score": 5})
    assert (early.status_code, early.json()["allowed"]) == (409, ["closed", "solved"])
    await intake.hear(issue, resolved("Done.", 2))
    assert (await shop.issue(issue))["rating"] is None
    assert (await shop.post(f"/issues/{issue}/rating", {"score": 6})).status_code == 422
    assert (await shop.post(f"/issues/{issue}/rating", {"score": 5, "comment": "Quick."})).status_code == 202
    assert (await shop.post(f"/issues/{issue}/rating", {"score": 2})).status_code == 202
    shown = (await shop.issue(issue))["rating"]
    assert (shown["score"], shown["comment"]) == (2, None)

    async def all_three() -> list[Envelope[Any]] | None:
        found = await facts_of(intake, issue)
        return found if len(found) == 3 else None

    facts = [event.data for event in await wait_until(all_three, SOON, "the ratings are on the topic")]
    assert [(fact.score, fact.comment) for fact in facts[1:]] == [(5, "Quick."), (2, None)]
    await rows(intake.service.db, "UPDATE rating SET first_at = first_at - $1::interval", timedelta(days=15))
    late = await shop.post(f"/issues/{issue}/rating", {"score": 4})
    assert (late.status_code, late.json()["type"].split(":")[-1]) == (409, "rating-final")
    assert (await shop.issue(issue))["rating"]["score"] == 2


async def test_a_lower_version_never_wins_and_nothing_is_heard_twice(intake: Intake, shop: Shop) -> None:
    issue = await shop.submit()
    await intake.hear(issue, assigned(5), first=1)
    await intake.hear(issue, resolved("Old.", 4), first=2)
    await intake.hear(issue, resolved("Old.", 4), first=2)
    view = await shop.issue(issue)
    assert view["state"] == "in_progress"
    assert [message["text"] for message in view["messages"]["items"]] == ["Old."]


async def test_support_speaks_under_display_names_only(intake: Intake, shop: Shop) -> None:
    issue = await shop.submit()
    agent = Actor(kind="agent", id="ada-4711", name="Ada")
    await intake.hear(
        issue,
        replied("Please restart it.", 2, actor=agent),
        resolved("The vendor fixed it.", 3, actor=VENDOR, at=ACCEPTED_AT + timedelta(hours=1)),
        resolved("As you wish.", 4, actor=Actor(kind="customer", id=str(new_id()), name="Ada Lovelace")),
    )
    answer = await shop.get(f"/issues/{issue}")
    said = [(message["author"], message["name"], message["text"]) for message in answer.json()["messages"]["items"]]
    assert said == [("support", "Support", "The vendor fixed it."), ("support", "Ada", "Please restart it.")]
    for hidden in ("ada-4711", "acme", "frontline", "tier", "owner", "team", "priority"):
        assert hidden not in answer.text.lower()


async def test_long_conversations_come_in_pages(intake: Intake, shop: Shop) -> None:
    issue = await shop.submit()
    texts = [f"line {number}" for number in range(60)]
    await intake.hear(issue, *(replied(text, version) for version, text in enumerate(texts, 2)))
    newest = (await shop.issue(issue))["messages"]
    older = (await shop.get(f"/issues/{issue}/messages", after=newest["next"])).json()
    said = [message["text"] for message in newest["items"] + older["items"]]
    assert len(newest["items"]) == 50
    assert sorted(said) == sorted(texts)
    assert older["next"] is None


async def test_what_is_allowed_depends_on_the_state(intake: Intake, shop: Shop) -> None:
    async def tried(issue: str) -> list[int]:
        bodies: list[tuple[str, dict[str, str]]] = [
            ("messages", {"text": "Hello?"}),
            ("reopen", {"text": "It is back."}),
            ("withdraw", {"reason": "I found it."}),
        ]
        return [(await shop.post(f"/issues/{issue}/{path}", body)).status_code for path, body in bodies]

    issue = await shop.submit()
    assert await tried(issue) == [202, 409, 202]
    await intake.hear(issue, resolved("Done.", 2), first=1)
    assert await tried(issue) == [202, 202, 409]
    await intake.hear(issue, closed(3), first=2)
    assert await tried(issue) == [409, 409, 409]
    refused = await shop.post(f"/issues/{issue}/messages", {"text": "Hello?"})
    assert refused.json()["new_issue"] == "/intake/issues"


async def test_the_first_answer_outlives_the_state_it_was_given_in(intake: Intake, shop: Shop) -> None:
    issue = await shop.submit()
    first = await shop.post(f"/issues/{issue}/messages", {"text": "Hello?"}, key="hello")
    await intake.hear(issue, closed(2), first=1)
    again = await shop.post(f"/issues/{issue}/messages", {"text": "Hello?"}, key="hello", version=99)
    assert (again.status_code, again.content) == (202, first.content)
    assert len((await shop.issue(issue))["messages"]["items"]) == 1


async def test_a_stale_version_is_refused_after_legality(intake: Intake, shop: Shop) -> None:
    issue = await shop.submit()
    await intake.hear(issue, assigned(7), first=1)
    assert (await shop.get(f"/issues/{issue}")).headers["etag"] == '"7"'
    stale = await shop.post(f"/issues/{issue}/messages", {"text": "Hello?"}, version=6)
    assert (stale.status_code, stale.json()["version"]) == (412, 7)
    assert (await shop.post(f"/issues/{issue}/reopen", {}, version=6)).status_code == 409
    assert (await shop.post(f"/issues/{issue}/messages", {"text": "Hello?"}, version=7)).status_code == 202


async def test_facts_on_the_topic_take_effect_by_themselves(intake: Intake, shop: Shop) -> None:
    issue = await shop.submit()
    await intake.send(WORK, envelope(assigned(2), subject=issue))

    async def begun() -> bool:
        return bool((await shop.issue(issue))["state"] == "in_progress")

    await wait_until(begun, SOON, "the customer sees that work began")


async def test_a_fact_about_an_unknown_issue_becomes_a_dead_letter_and_blocks_nobody(
    intake: Intake, shop: Shop
) -> None:
    issue, unknown = await shop.submit(), str(new_id())
    events = [envelope(assigned(2), subject=unknown), envelope(assigned(2), subject=issue)]
    await intake.handle(*events)
    assert (await shop.issue(issue))["state"] == "in_progress"
    letters = await rows(intake.service.db, "SELECT state, cause FROM dead_letter WHERE key = $1", unknown)
    assert [state for state, _ in letters] == ["dead"]
    assert "UnknownIssue" in letters[0][1]


async def test_a_poll_of_many_issues_takes_effect_at_once(intake: Intake, shop: Shop) -> None:
    opened = [await shop.submit() for _ in range(20)]
    events = [
        envelope(fact, subject=issue, seq=seq)
        for issue in opened
        for seq, fact in enumerate((assigned(2), replied("Hello.", 3), resolved("Bye.", 4)), 1)
    ]
    await intake.handle(*events)
    lines = (await shop.get("/issues", state="solved")).json()["items"]
    assert {line["id"] for line in lines} == set(opened)


async def test_issues_that_reach_no_queue_raise_an_alarm(intake: Intake, shop: Shop) -> None:
    async def alarms() -> list[str]:
        answer = await shop.client.get("/intake/operations", headers=bearer("operator"))
        found: list[str] = answer.json()["alarms"]
        return found

    await intake.settle()
    issue = await shop.submit()
    assert await alarms() == []
    await rows(intake.service.db, "UPDATE issue SET accepted_at = accepted_at - interval '61 s' WHERE id = $1", issue)
    assert ["1 accepted issues are in no queue" in alarm for alarm in await alarms()] == [True]
    await intake.hear(issue, worked(work.IssueQueued, version=1, cause="routed"), first=1)
    assert await alarms() == []


async def test_a_revoked_session_is_refused_within_seconds(intake: Intake) -> None:
    session = new_id()
    headers = {"authorization": f"Bearer {token('operator', session=session)}"}
    client = intake.running.client
    assert (await client.get("/intake/operations", headers=headers)).status_code == 200
    await intake.handle(envelope(session_revoked(session, expires_at=datetime.now(UTC) + SOON)))

    async def refused() -> bool:
        return (await client.get("/intake/operations", headers=headers)).status_code == 401

    await wait_until(refused, SOON, "the session's token is refused")


async def test_the_customer_sees_until_when_support_has_promised_to_write(intake: Intake, shop: Shop) -> None:
    issue, until = await shop.submit(), datetime(2030, 1, 2, 12, 0, tzinfo=UTC)
    steps: list[tuple[work.WorkFact, str | None]] = [
        (assigned(2), None),
        (worked(UpdatePromised, version=3, state=IssueState.ASSIGNED, until=until), "2030-01-02T12:00:00Z"),
        (_waiting(4, WaitingFor.VENDOR), "2030-01-02T12:00:00Z"),
        (replied("Still on it.", 5), None),
    ]
    for seq, (fact, shown) in enumerate(steps, 1):
        await intake.hear(issue, fact, first=seq)
        assert (await shop.issue(issue))["next_update_by"] == shown, type(fact).__name__
