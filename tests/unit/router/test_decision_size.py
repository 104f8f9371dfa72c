"""A decision stays small and quick, whatever the text."""

import time

import pytest

from router.record import OTHER_WORDS
from shared.events import EVENT_LIMIT_BYTES, Fact
from shared.events.issues import IssueSubmitted
from shared.events.routing import IssueRouted
from shared.ids import new_id
from shared.vocabulary import TEXT_LIMIT
from support.events import envelope, submission
from support.poison import POISON_TEXTS
from support.policies import decided_by_policy, shipped

SECONDS_FOR_THE_LONGEST_TEXT = 1.0
"""Of processor time."""
RECORD_LIMIT_BYTES = 12 * 1024
"""What a decision may add to the submission it carries on."""
WORDS = ". ".join(
    sorted({phrase for row in shipped().categories.values() for phrases in row.keywords.values() for phrase in phrases})
)
"""Every keyword of the policy."""


def test_a_record_shows_the_strongest_words_and_adds_up_the_others() -> None:
    record = decided_by_policy(submission(title="Hello", text=WORDS)).record
    assert record.words[-1].text == OTHER_WORDS
    assert len(record.words) == 13


@pytest.mark.parametrize("text", POISON_TEXTS.values(), ids=POISON_TEXTS.keys())
def test_no_text_crashes_stalls_or_swells_a_decision(text: str) -> None:
    issue = submission().model_copy(update={"text": text})
    started = time.thread_time()
    routing = decided_by_policy(issue)
    assert time.thread_time() - started < SECONDS_FOR_THE_LONGEST_TEXT
    assert len(routing.model_dump_json()) < RECORD_LIMIT_BYTES


@pytest.mark.parametrize("letter", ["x", "\x01", "é", "\U0001f469"])
def test_the_largest_issue_that_can_be_accepted_can_also_be_routed(letter: str) -> None:
    issue = submission(text=WORDS + letter * (TEXT_LIMIT - len(WORDS)))
    room = IssueSubmitted.LIMIT_BYTES - size(IssueSubmitted(submission=issue))
    largest = issue.model_copy(update={"form": {"log": "x" * (room - len('"log":""'))}})
    assert size(IssueSubmitted(submission=largest)) == IssueSubmitted.LIMIT_BYTES
    routed_fact = IssueRouted(decision=new_id(), revision=0, submission=largest, routing=decided_by_policy(largest))
    assert size(routed_fact) < EVENT_LIMIT_BYTES


def size(fact: Fact) -> int:
    return len(envelope(fact).model_dump_json().encode())


def test_a_text_of_all_keywords_does_not_swell_a_decision() -> None:
    routing = decided_by_policy(submission(title="Hello", text=WORDS))
    assert len(routing.model_dump_json()) < RECORD_LIMIT_BYTES
