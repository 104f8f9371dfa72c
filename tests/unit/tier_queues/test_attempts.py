"""How often a password may be tried."""

from tier_queues.attempts import REMEMBERED, Attempts


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_attempts_above_the_limit_wait_until_the_oldest_is_a_minute_old() -> None:
    clock = Clock()
    attempts = Attempts(2, clock)
    assert [attempts.wait("ada", "1.2.3.4") for _ in range(2)] == [0, 0]
    clock.now = 10.5
    assert attempts.wait("ada", "1.2.3.4") == 50
    clock.now = 60.0
    assert attempts.wait("ada", "1.2.3.4") == 0


def test_another_agent_and_another_address_are_counted_apart() -> None:
    attempts = Attempts(1, Clock())
    assert attempts.wait("ada", "1.2.3.4") == 0
    assert attempts.wait("bob", "1.2.3.4") == 0
    assert attempts.wait("ada", "5.6.7.8") == 0
    assert attempts.wait("ada", "1.2.3.4") > 0


def test_a_refused_attempt_does_not_prolong_the_wait() -> None:
    clock = Clock()
    attempts = Attempts(1, clock)
    attempts.wait("ada", "1.2.3.4")
    for clock.now in range(1, 60):
        assert attempts.wait("ada", "1.2.3.4") > 0
    clock.now = 60.0
    assert attempts.wait("ada", "1.2.3.4") == 0


def test_a_flood_of_names_takes_no_more_than_its_memory() -> None:
    attempts = Attempts(1, Clock())
    for number in range(REMEMBERED + 100):
        attempts.wait(f"agent{number}", "1.2.3.4")
    assert len(attempts._made) == REMEMBERED
