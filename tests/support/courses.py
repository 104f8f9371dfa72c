"""Entries of a timeline as the reports read them."""

from collections.abc import Iterable
from typing import Any

from tier_queues.course import Happening
from tier_queues.record import Entry


def happenings(entries: Iterable[Entry]) -> list[Happening]:
    """What counts of each entry."""
    return [_happening(entry) for entry in entries]


def _happening(entry: Entry) -> Happening:
    fact, said = entry.fact, entry.fact.model_dump(mode="json")
    offer = said.get("offer") or {}
    standing: dict[str, Any] = {
        name: said["standing"][name] for name in ("state", "waiting_for", "tier", "team", "priority")
    }
    others: dict[str, Any] = {name: said.get(name) for name in ("cause", "direction", "resolution")}
    return Happening(
        version=fact.standing.version,
        at=fact.at,
        type=fact.TYPE,
        actor=fact.actor.id,
        **standing,
        **others,
        offer=offer.get("reason"),
        lower_tier_could=bool(entry.private.get("lower_tier_could")),
        score=said.get("score"),
    )
