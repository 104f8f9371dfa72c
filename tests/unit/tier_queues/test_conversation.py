"""What a vendor may read of a conversation."""

from shared.events import work
from shared.events.base import EVENT_LIMIT_BYTES
from shared.ids import new_id
from shared.vocabulary import TEXT_LIMIT
from support import queues
from support.queues import NOW, last, ruled
from tier_queues import commands as c
from tier_queues.conversation import MESSAGES_LIMIT_BYTES, newest

ASK = c.Forward(vendor="acme-cloud", ask="Please look.")


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
