"""The policy of promises in tables: its versions, and the calendars that ledgers name."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.db import NOW, Transaction
from tier_queues.calendars import Calendar, Window
from tier_queues.promise_policy import PromisePolicy
from tier_queues.promise_tables import PROMISE_CALENDARS, PROMISE_POLICIES
from tier_queues.versions import MADE, Made, Versions

KEY_DIGITS: Final = 12
"""Hexadecimal digits of a calendar's content in its key."""
VERSIONS: Final = Versions(PROMISE_POLICIES, ("policy", "calendars"), (*MADE, "active_from"))


@dataclass(frozen=True, slots=True)
class PolicyVersion(Made):
    """One version of the policy. active_from: when it replaces the one before; calendars: name to key."""

    active_from: datetime
    policy: PromisePolicy
    calendars: Mapping[str, str]

    @classmethod
    def of(cls, row: Any) -> "PolicyVersion":
        """The version in a row."""
        return cls(**dict(row) | {"policy": PromisePolicy.model_validate(row.policy)})


@dataclass(frozen=True, slots=True)
class Walk:
    """How far the open issues were looked at for a version. to: the last one."""

    version: int
    to: UUID | None


async def newest(tx: Transaction) -> PolicyVersion | None:
    """The newest version, in force or not yet; None when nobody has changed the first one."""
    row = await VERSIONS.newest(tx)
    return PolicyVersion.of(row) if row else None


async def version(tx: Transaction, number: int) -> PolicyVersion | None:
    """A version, or None."""
    row = await VERSIONS.find(tx, number)
    return PolicyVersion.of(row) if row else None


async def in_force(tx: Transaction) -> tuple[int, int]:
    """The number of the version in force and of the newest one; 0 for the first, which is in no table."""
    rows = await tx.fetch(
        f"SELECT coalesce(max(version) FILTER (WHERE active_from <= (SELECT {NOW})), 0), coalesce(max(version), 0) "  # noqa: S608
        "FROM (SELECT version, active_from FROM promise_policies ORDER BY version DESC LIMIT 10) AS latest"
    )
    return rows[0][0], rows[0][1]


async def add(tx: Transaction, made: PolicyVersion, calendars: Mapping[str, Calendar]) -> None:
    """Keep a new version, and its calendars as far as they are new."""
    rows = [{"key": key, "calendar": json.dumps(_written(calendar))} for key, calendar in calendars.items()]
    await tx.insert(PROMISE_CALENDARS, rows, tail="ON CONFLICT (key) DO NOTHING")
    await VERSIONS.add(tx, made, policy=made.policy.model_dump_json(), calendars=json.dumps(dict(made.calendars)))


async def calendars(tx: Transaction) -> dict[str, Calendar]:
    """Every calendar that a ledger may name, by its key."""
    rows = await tx.fetch("SELECT key, calendar FROM promise_calendars")
    return {row[0]: _read(row[1]) for row in rows}


async def lock_walk(tx: Transaction, number: int) -> Walk | None:
    """The walk of a version, locked; None when it is over, not due yet, or in another process's hands."""
    rows = await tx.fetch(
        "SELECT version, renewed_to FROM promise_policies WHERE version = $1 AND NOT renewed FOR UPDATE SKIP LOCKED",
        number,
    )
    return Walk(*rows[0]) if rows else None


async def keep_walk(tx: Transaction, number: int, to: UUID | None) -> None:
    """Remember how far a walk has come; None when it is over."""
    await tx.fetch(
        "UPDATE promise_policies SET renewed = $2::uuid IS NULL, renewed_to = coalesce($2, renewed_to) "
        "WHERE version = $1",
        number,
        to,
    )


def key_of(name: str, calendar: Calendar) -> str:
    """What ledgers call a calendar: its name, and what it holds."""
    content = json.dumps(_written(calendar), sort_keys=True).encode()
    return f"{name}@{hashlib.sha256(content).hexdigest()[:KEY_DIGITS]}"


def _written(calendar: Calendar) -> dict[str, Any]:
    windows = sorted(calendar.windows, key=lambda window: (window.weekday, window.opens))
    return {
        "zone": str(calendar.zone),
        "windows": [[window.weekday, window.opens.isoformat(), window.closes.isoformat()] for window in windows],
        "holidays": [day.isoformat() for day in sorted(calendar.holidays)],
    }


def _read(written: dict[str, Any]) -> Calendar:
    zone = UTC if written["zone"] == "UTC" else ZoneInfo(written["zone"])
    windows = tuple(
        Window(weekday, time.fromisoformat(opens), time.fromisoformat(closes))
        for weekday, opens, closes in written["windows"]
    )
    return Calendar(zone, windows, frozenset(date.fromisoformat(day) for day in written["holidays"]))
