"""What is answered and by whom, and what a vendor may read of a conversation."""

import pytest

from shared.events import work
from shared.events.base import EVENT_LIMIT_BYTES
from shared.ids import new_id
from shared.vocabulary import TEXT_LIMIT
from support import events, queues
from support.queues import HOUR, NOW, last, resolve, ruled, told
from tier_queues import commands as c
from tier_queues.automation import lead_by_rule
from tier_queues.command_parts import Command
from tier_queues.conversation import MESSAGES_LIMIT_BYTES, newest
from tier_queues.frontline_commands import AskForm, Redirect
from tier_queues.goals import FIRST_RESPONSE, NEXT_RESPONSE
from tier_queues.issue import Issue, UnseenMessages
from tier_queues.promises import clock_of

ASK = c.Forward(vendor="acme-cloud", ask="Please look.")
ANSWERS: tuple[Command, ...] = (
    c.Reply(text="It is reset."),
    AskForm(form="printer"),
    resolve(),
    Redirect(channel="sales", reason="Wants to buy.", text="Sales will help you."),
)
BY_RULE = work.ByRule(name="acknowledge", version=1, chain=("acknowledge",))


def unread() -> Issue:
    """An issue that Ada owns and whose customer wrote what nobody has read."""
    return told(queues.assigned(), events.customer_replied()).issue


def sent(command: Command, **changes: object) -> Command:
    return command.model_copy(update=changes)


def message(text: str, author: str = "customer") -> work.PublicMessage:
    return work.PublicMessage(author=author, at=NOW, text=text)


def test_a_short_conversation_goes_whole() -> None:
    said = [message("It is slow."), message("How slow?", "support"), message("Very.")]
    assert newest(said) == (tuple(said), False)
    assert newest([]) == ((), False)


def test_of_a_long_one_the_newest_messages_go_in_order_of_writing() -> None:
    said = [message(f"{number} " + "x" * 10_000) for number in range(20)]
    kept, truncated = newest(said)
    assert truncated
    assert list(kept) == said[-len(kept) :]
    size = sum(len(one.model_dump_json().encode()) for one in kept)
    assert MESSAGES_LIMIT_BYTES - 11_000 < size <= MESSAGES_LIMIT_BYTES


def test_a_forward_names_its_case_and_keeps_the_owner() -> None:
    decision = ruled(queues.assigned(), ASK, messages=[message("It is slow.")])
    issue = decision.issue
    assert (issue.state, issue.waiting_for, issue.owner) == ("waiting", "vendor", "ada")
    assert last(decision).case == issue.cases[0].id
    assert last(decision).messages == (message("It is slow."),)


def test_the_longest_question_leaves_room_for_the_envelope() -> None:
    said = [message("\N{PILE OF POO}" * TEXT_LIMIT), message("\N{PILE OF POO}" * 9_000)]
    file = c.AttachedFile(id=new_id(), name="n" * 100, media_type="text/plain", size_bytes=1)
    command = c.Forward(vendor="acme-cloud", ask="\N{PILE OF POO}" * TEXT_LIMIT, attachments=(file,) * 20)
    fact = last(ruled(queues.assigned(), command, messages=said))
    assert fact.truncated
    assert fact.messages
    assert len(fact.model_dump_json().encode()) < EVENT_LIMIT_BYTES


def test_only_the_files_that_the_owner_chose_go_along() -> None:
    file = c.AttachedFile(id=new_id(), name="log.txt", media_type="text/plain", size_bytes=12)
    command = c.Forward(vendor="acme-cloud", ask="Please look.", attachments=(file,))
    assert [one.name for one in last(ruled(queues.assigned(), command)).attachments] == ["log.txt"]


@pytest.mark.parametrize("command", ANSWERS, ids=lambda one: type(one).__name__)
def test_who_answers_has_read_what_the_customer_wrote_or_says_so(command: Command) -> None:
    issue = unread()
    for unaware in (command, sent(command, seen=new_id())):
        with pytest.raises(UnseenMessages) as refused:
            ruled(issue, unaware)
        assert refused.value.more["message"] == issue.newest_message
    for aware in (sent(command, seen=issue.newest_message), sent(command, confirm=True)):
        assert not ruled(issue, aware).issue.unseen


@pytest.mark.parametrize("command", ANSWERS[:2], ids=lambda one: type(one).__name__)
def test_what_a_rule_sends_unread_is_not_the_answer_that_is_owed(command: Command) -> None:
    issue = unread()
    rule = lead_by_rule(BY_RULE, issue)
    with pytest.raises(UnseenMessages):
        ruled(issue, command, by=rule)
    acknowledged = ruled(issue, sent(command, confirm=True), by=rule).issue
    first = clock_of(acknowledged, FIRST_RESPONSE)
    assert first is not None
    assert (acknowledged.unseen, acknowledged.newest_message, first.is_over) == (True, issue.newest_message, False)
    with pytest.raises(UnseenMessages):
        ruled(acknowledged, command)


def test_what_a_rule_sends_to_who_wrote_nothing_new_is_an_answer() -> None:
    issue = queues.assigned()
    first = clock_of(ruled(issue, c.Reply(text="Any news?"), by=lead_by_rule(BY_RULE, issue)).issue, FIRST_RESPONSE)
    assert first is not None
    assert first.is_over


def test_a_rule_resolves_what_is_unread_only_when_it_confirms_and_it_stays_unread() -> None:
    issue = unread()
    rule = lead_by_rule(BY_RULE, issue)
    with pytest.raises(UnseenMessages):
        ruled(issue, resolve(), by=rule)
    ended = ruled(issue, resolve(confirm=True), by=rule).issue
    assert (ended.state, ended.unseen) == ("resolved", True)


def test_the_response_owed_after_a_rules_acknowledgement_is_met_by_a_person() -> None:
    issue = told(ruled(queues.assigned(), c.Reply(text="On it.")).issue, events.customer_replied()).issue
    issue = ruled(issue, c.Reply(text="We got it.", confirm=True), by=lead_by_rule(BY_RULE, issue)).issue
    owed = clock_of(issue, NEXT_RESPONSE)
    assert owed is not None
    assert not owed.is_over
    answered = clock_of(ruled(issue, c.Reply(text="Done.", confirm=True), now=NOW + HOUR).issue, NEXT_RESPONSE)
    assert answered is not None
    assert answered.is_over
