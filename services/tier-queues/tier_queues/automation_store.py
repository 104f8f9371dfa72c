"""The rules of automation in rows: every version, and the one in force."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from shared.db import Transaction
from shared.problems import stale
from shared.telemetry import FAULTS, log
from tier_queues.automation import AutomationPlan, Rule
from tier_queues.automation_tables import AUTOMATION_VERSIONS

_COLUMNS: Final = "version, rules, author, author_name, note, made_at"
_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtextextended('automation', 0))"


@dataclass(frozen=True, slots=True)
class RulesVersion:
    """The rules after a change, as they were given. Version 0: there are none."""

    version: int
    rules: Sequence[dict[str, Any]]
    author: str | None = None
    author_name: str | None = None
    note: str = "What the installation began with."
    made_at: datetime | None = None

    def readable(self) -> list[Rule]:
        """The rules that this program understands; one from before a change of its commands is told of and rests."""
        return [rule for raw in self.rules if (rule := _read(raw, self.version)) is not None]


FIRST: Final = RulesVersion(0, ())


async def newest(tx: Transaction) -> RulesVersion:
    """The version in force."""
    rows = await tx.fetch(f"SELECT {_COLUMNS} FROM automation_versions ORDER BY version DESC LIMIT 1")  # noqa: S608
    return RulesVersion(*rows[0]) if rows else FIRST


async def newest_number(tx: Transaction) -> int:
    """The number of the version in force."""
    rows = await tx.fetch("SELECT coalesce(max(version), 0) FROM automation_versions")
    return int(rows[0][0])


async def find(tx: Transaction, version: int) -> RulesVersion | None:
    """A version, or None."""
    if version == FIRST.version:
        return FIRST
    rows = await tx.fetch(f"SELECT {_COLUMNS} FROM automation_versions WHERE version = $1", version)  # noqa: S608
    return RulesVersion(*rows[0]) if rows else None


async def with_newest(tx: Transaction, versions: Collection[int]) -> dict[int, RulesVersion]:
    """These versions and the one in force, by number."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM automation_versions "  # noqa: S608
        "WHERE version = ANY($1) OR version = (SELECT max(version) FROM automation_versions)",
        sorted(versions),
    )
    return {row.version: RulesVersion(*row) for row in rows}


async def versions(tx: Transaction, *, before: int, limit: int) -> Sequence[Any]:
    """Versions without their content, below `before`, newest first."""
    return await tx.fetch(
        "SELECT version, author, author_name, note, made_at FROM automation_versions "
        "WHERE version < $1 ORDER BY version DESC LIMIT $2",
        before,
        limit,
    )


async def replace(
    tx: Transaction, plan: AutomationPlan, *, expected: int, author: str, author_name: str, note: str
) -> RulesVersion:
    """Put other rules in force. expected: the version that they replace. Raises Problem 412."""
    await tx.fetch(_ONE_AT_A_TIME)
    number = await newest_number(tx)
    if expected != number:
        raise stale(number)
    made = RulesVersion(number + 1, written(plan), author, author_name, note, await tx.now())
    row = {
        "version": made.version,
        "rules": json.dumps(made.rules),
        "author": author,
        "author_name": author_name,
        "note": note,
        "made_at": made.made_at,
    }
    await tx.insert(AUTOMATION_VERSIONS, [row])
    return made


def written(plan: AutomationPlan) -> list[dict[str, Any]]:
    """Rules as JSON values; what is not said is left out."""
    return [rule.model_dump(mode="json", by_alias=True, exclude_defaults=True) for rule in plan.rules]


def _read(raw: dict[str, Any], version: int) -> Rule | None:
    try:
        return Rule.model_validate(raw)
    except ValidationError as error:
        FAULTS.labels("tier-queues", "automation").inc()
        log().error("a rule rests", service="tier-queues", rule=raw.get("name"), version=version, cause=str(error))
        return None
