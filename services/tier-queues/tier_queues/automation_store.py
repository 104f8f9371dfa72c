"""The rules of automation in rows: every version, and the one in force."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from shared.db import Transaction
from shared.telemetry import FAULTS, log
from tier_queues.automation import AutomationPlan, Rule
from tier_queues.automation_tables import AUTOMATION_VERSIONS
from tier_queues.versions import BEGAN, Author, Made, Versions

VERSIONS: Final = Versions(AUTOMATION_VERSIONS, ("rules",))


@dataclass(frozen=True, slots=True)
class RulesVersion(Made):
    """The rules after a change, as they were given. Version 0: there are none."""

    rules: Sequence[dict[str, Any]]

    def readable(self) -> list[Rule]:
        """The rules that this program understands; one from before a change of its commands is told of and rests."""
        return [rule for raw in self.rules if (rule := _read(raw, self.version)) is not None]


FIRST: Final = RulesVersion(**BEGAN, rules=())


async def newest(tx: Transaction) -> RulesVersion:
    """The version in force."""
    row = await VERSIONS.newest(tx)
    return RulesVersion(*row) if row else FIRST


async def find(tx: Transaction, version: int) -> RulesVersion | None:
    """A version, or None."""
    if version == FIRST.version:
        return FIRST
    row = await VERSIONS.find(tx, version)
    return RulesVersion(*row) if row else None


async def with_newest(tx: Transaction, versions: Collection[int]) -> dict[int, RulesVersion]:
    """These versions and the one in force, by number."""
    rows = await tx.fetch(
        f"SELECT {VERSIONS.columns} FROM automation_versions "  # noqa: S608
        "WHERE version = ANY($1) OR version = (SELECT max(version) FROM automation_versions)",
        sorted(versions),
    )
    return {row.version: RulesVersion(*row) for row in rows}


async def replace(tx: Transaction, plan: AutomationPlan, author: Author, *, expected: int) -> RulesVersion:
    """Put other rules in force. expected: the version that they replace. Raises Problem 412."""
    number = await VERSIONS.following(tx, expected)
    made = RulesVersion(number, author.id, author.name, author.note, await tx.now(), written(plan))
    await VERSIONS.add(tx, made, rules=json.dumps(made.rules))
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
