"""What the environment of tier-queues means."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from shared.vocabulary import WaitingFor
from tier_queues.goals import FIRST_RESPONSE, RESOLUTION
from tier_queues.settings import Settings

REQUIRED = {"DATABASE_URL": "postgresql://localhost/x", "KAFKA_BOOTSTRAP": "localhost:9", "TIERDESK_SECRET": "00" * 32}


def settings(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Settings:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    for name, value in environment.items():
        monkeypatch.setenv(f"TIERDESK_TIER_QUEUES_{name}", value)
    return Settings()


def test_tiers_are_named_with_commas_and_all_are_meant_when_none_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings(monkeypatch, TIERS="2, 3").tiers == frozenset({2, 3})
    assert settings(monkeypatch, TIERS="").tiers is None


@pytest.mark.parametrize("tiers", ["77", "one", "-1"])
def test_a_tier_that_cannot_be_stops_the_start(monkeypatch: pytest.MonkeyPatch, tiers: str) -> None:
    with pytest.raises(ValidationError):
        settings(monkeypatch, TIERS=tiers)


def test_a_changed_promise_leaves_the_others_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    goals = '{"first-response/2": {"span": "PT30M"}, "resolution/4": null}'
    policies = settings(monkeypatch, GOALS=goals).policies
    changed, dropped = policies.goal(FIRST_RESPONSE, 2), policies.goal(RESOLUTION, 4)
    assert changed is not None
    assert changed.span == timedelta(minutes=30)
    assert dropped is None
    assert policies.goal(RESOLUTION, 2) is not None


@pytest.mark.parametrize("goals", ['{"lunch/1": null}', '{"resolution/9": null}', '{"resolution/1": {"span": "PT0S"}}'])
def test_a_promise_that_cannot_be_stops_the_start(monkeypatch: pytest.MonkeyPatch, goals: str) -> None:
    with pytest.raises(ValidationError):
        settings(monkeypatch, GOALS=goals)


def test_business_hours_are_those_of_the_zone_without_its_holidays(monkeypatch: pytest.MonkeyPatch) -> None:
    policies = settings(monkeypatch, ZONE="Europe/Berlin", HOLIDAYS="2026-12-25").policies
    goal = policies.goal(FIRST_RESPONSE, 3)
    assert goal is not None
    eve = datetime(2026, 12, 24, 15, 0, tzinfo=UTC)
    monday_noon = datetime(2026, 12, 28, 11, 0, tzinfo=UTC)
    assert policies.calendars[goal.calendar].add(eve, goal.span) == monday_noon


def test_a_vendors_wait_pauses_only_where_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    usual: Any = settings(monkeypatch).policies.pausing
    assert set(usual) == {WaitingFor.CUSTOMER}
    chosen = settings(monkeypatch, VENDOR_WAIT_PAUSES="true").policies.pausing
    assert set(chosen) == {WaitingFor.CUSTOMER, WaitingFor.VENDOR}
