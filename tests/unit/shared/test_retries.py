"""When deliveries are tried again."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from shared.ids import new_id
from shared.retries import ATTEMPTS, RETRY_AFTER_LIMIT, SCHEDULE, wait_before_retry


def test_there_are_24_retries_over_more_than_eight_days() -> None:
    assert len(SCHEDULE) == 24
    assert timedelta(days=8.4) <= sum(SCHEDULE, timedelta()) < timedelta(days=8.5)


def test_after_the_last_planned_attempt_there_is_no_other() -> None:
    assert wait_before_retry(new_id(), ATTEMPTS - 1) is not None
    assert wait_before_retry(new_id(), ATTEMPTS) is None


@given(some.uuids(), some.integers(min_value=1, max_value=len(SCHEDULE)))
def test_a_wait_is_the_planned_one_and_up_to_a_tenth_or_two_seconds_longer(message: UUID, attempts: int) -> None:
    planned = SCHEDULE[attempts - 1]

    wait = wait_before_retry(message, attempts)

    assert wait is not None
    assert planned <= wait <= planned + max(planned / 10, timedelta(seconds=2))
    assert wait == wait_before_retry(message, attempts)


def test_messages_that_failed_together_are_not_tried_again_together() -> None:
    waits = {wait_before_retry(new_id(), 4) for _ in range(100)}

    assert len(waits) == 100


@pytest.mark.parametrize(
    ("asked", "waited"),
    [(timedelta(hours=3), timedelta(hours=3)), (timedelta(days=400), RETRY_AFTER_LIMIT)],
)
def test_a_receiver_may_ask_for_a_longer_wait_up_to_a_day(asked: timedelta, waited: timedelta) -> None:
    assert wait_before_retry(new_id(), 1, asked) == waited


def test_a_receiver_cannot_ask_for_a_shorter_wait() -> None:
    wait = wait_before_retry(new_id(), 6, timedelta(seconds=1))

    assert wait is not None
    assert wait >= timedelta(hours=1)
