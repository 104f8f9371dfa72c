"""Two public logs of incidents as commands: what happened to each case, and how it must end."""

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from onebox.bench import NothingMeasured

Phase = Literal["queued", "active", "waiting", "over"]
STARTER: Final = "replay-starter"
"""Who brings every case to the place where its log begins."""
PARTS: Final = dict.fromkeys(("impact", "findings", "tried", "ask", "promised"), "As the log has it.")
UNKNOWN: Final = "-1"


@dataclass(frozen=True)
class Place:
    """Where a case is. team: also names the agent who works for it."""

    tier: int
    team: str

    @property
    def agent(self) -> str:
        """Who gives the commands there."""
        return f"agent-{self.team}"


@dataclass(frozen=True)
class Event:
    """A line of a log. at: epoch seconds; what_for: of a wait."""

    at: int
    place: Place
    phase: Phase
    words: str
    what_for: str = "customer"


@dataclass(frozen=True)
class Step:
    """A command at its time. opening: it only brings the case to where the log begins."""

    at: int
    by: str
    command: str
    body: Mapping[str, Any] = field(default_factory=dict)
    opening: bool = False


@dataclass(frozen=True)
class Ending:
    """How a case must stand at the end. handovers: with the one of its opening."""

    place: Place
    handovers: int
    state: str


@dataclass(frozen=True)
class Case:
    """A case of a log, its events by time."""

    id: str
    events: tuple[Event, ...]

    @property
    def places(self) -> list[Place]:
        """Every place in turn; the same one again only after another."""
        turns: list[Place] = []
        for event in self.events:
            if not turns or turns[-1] != event.place:
                turns.append(event.place)
        return turns

    @property
    def ending(self) -> Ending:
        """What the log says of the end."""
        return Ending(self.places[-1], len(self.places), _state(self.events[-1]))


def _state(last: Event) -> str:
    match last.phase:
        case "over":
            return "closed" if last.words == "Closed" else "resolved"
        case "waiting":
            return "waiting"
        case "queued":
            return "queued"
        case _:
            return "assigned"


def steps(case: Case) -> list[Step]:
    """The commands that make the case's history, in order. No event is left out: what changes nothing is noted."""
    return list(_Telling(case).steps())


class _Telling:
    """A case while its events become commands: where it is, and whether somebody has it."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._place = case.events[0].place
        self._phase: Phase = "active"
        self._what_for = ""

    def steps(self) -> Iterator[Step]:
        first = self._case.events[0]
        yield Step(first.at, STARTER, "claim", opening=True)
        yield Step(first.at, STARTER, "offer", _offer(self._place), opening=True)
        yield Step(first.at, self._place.agent, "accept", opening=True)
        for event in self._case.events:
            yield from self._told(event)
        last = self._case.events[-1]
        if self._case.ending.state == "closed":
            yield self._step(last, "close", reason=last.words)

    def _told(self, event: Event) -> Iterator[Step]:
        made = list(self._led_there(event))
        yield from made
        yield from self._now(event, done=bool(made))
        self._phase, self._what_for = event.phase, event.what_for

    def _led_there(self, event: Event) -> Iterator[Step]:
        """From where the case is to the event's place, and into somebody's hands."""
        moved = event.place != self._place
        if (moved or event.phase != "over") and self._phase == "over":
            yield self._step(event, "reopen", reason=event.words)
            self._phase = "active"
        if self._phase == "queued" and (moved or event.phase != "queued"):
            yield self._step(event, "claim")
            self._phase = "active"
        if moved:
            yield from self._moved(event)

    def _moved(self, event: Event) -> Iterator[Step]:
        if self._phase == "waiting":
            yield self._step(event, "resume")
        yield self._step(event, "offer", **_offer(event.place))
        self._place = event.place
        yield self._step(event, "accept")
        self._phase = "active"

    def _now(self, event: Event, *, done: bool) -> Iterator[Step]:
        same = event.phase == self._phase and (event.phase != "waiting" or event.what_for == self._what_for)
        if same:
            if not done:
                yield self._step(event, "note", text=event.words)
            return
        if self._phase == "waiting" and event.phase != "over":
            yield self._step(event, "resume")
        match event.phase:
            case "queued":
                yield self._step(event, "put-back", reason=event.words)
            case "waiting":
                yield self._step(event, "wait", **{"for": event.what_for, "reason": event.words})
            case "over":
                yield self._step(event, "resolve", resolution="solved", text=event.words)
            case "active":
                pass

    def _step(self, event: Event, command: str, **body: Any) -> Step:
        return Step(event.at, self._place.agent, command, body)


def _offer(place: Place) -> dict[str, Any]:
    return {"target": {"tier": place.tier, "team": place.team}, "reason": "knowledge", **PARTS}


def bpi(folder: Path) -> list[Case]:
    """The cases of the BPI log: tiers and teams."""
    return _cases(folder / "bpi2013_incidents_replay.csv.gz", _bpi_event)


def servicenow(folder: Path) -> list[Case]:
    """The cases of the ServiceNow log: groups, all of them at Tier 1."""
    return _cases(folder / "servicenow_incidents_replay.csv.gz", _servicenow_event)


def _cases(file: Path, told: Any) -> list[Case]:
    """Raises NothingMeasured when the file is not there."""
    rows: dict[str, list[Mapping[str, str]]] = {}
    try:
        with gzip.open(file, "rt", encoding="utf-8", newline="") as text:
            for row in csv.DictReader(text):
                rows.setdefault(row["case"], []).append(row)
    except FileNotFoundError as error:
        raise NothingMeasured(f"{file} is missing.") from error
    return [Case(case, told(lines)) for case, lines in rows.items()]


_BPI_WAITS: Final = {"Wait - User": "customer", "Wait - Customer": "customer"}


def _bpi_event(lines: Sequence[Mapping[str, str]]) -> tuple[Event, ...]:
    return tuple(_bpi(line) for line in lines)


def _bpi(line: Mapping[str, str]) -> Event:
    phase: Phase = "active"
    if line["status"] == "Queued":
        phase = "queued"
    elif line["status"] == "Completed":
        phase = "over"
    elif line["sub_status"].startswith("Wait"):
        phase = "waiting"
    # Several teams of the log work on more than one tier.
    place = Place(int(line["tier"]), f"bpi-{line['team']}")
    return Event(int(line["t"]), place, phase, line["sub_status"], _BPI_WAITS.get(line["sub_status"], "fix"))


def _servicenow_event(lines: Sequence[Mapping[str, str]]) -> tuple[Event, ...]:
    known = [line["group"] for line in lines if line["group"] != UNKNOWN]
    group = known[0] if known else "unknown"
    events = []
    for line in lines:
        # A line without a group says nothing about where the case is.
        group = line["group"] if line["group"] != UNKNOWN else group
        state = line["state"]
        phase: Phase = "active"
        if state == "New":
            phase = "queued"
        elif state in ("Resolved", "Closed"):
            phase = "over"
        elif state.startswith("Awaiting"):
            phase = "waiting"
        what_for = "customer" if state == "Awaiting User Info" else "fix"
        events.append(Event(int(line["t"]), Place(1, f"group-{group}"), phase, state, what_for))
    return tuple(events)
