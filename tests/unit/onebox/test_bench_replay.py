"""Lines of an incident log as commands, and the end that they must lead to."""

import gzip
from pathlib import Path

import pytest

from onebox.bench import NothingMeasured
from onebox.bench.replay_log import Case, Ending, Event, Phase, Place, bpi, servicenow, steps

DESK, LAB = Place(1, "desk"), Place(3, "lab")


def event(at: int, place: Place, phase: Phase, words: str = "As it was.") -> Event:
    return Event(at, place, phase, words)


def told(*events: Event) -> list[tuple[str, str]]:
    return [(step.by, step.command) for step in steps(Case("1", events)) if not step.opening]


def test_every_case_is_brought_to_where_its_log_begins() -> None:
    opening = [step for step in steps(Case("1", (event(7, LAB, "active"),))) if step.opening]
    assert [step.command for step in opening] == ["claim", "offer", "accept"]
    assert opening[1].body["target"] == {"tier": 3, "team": "lab"}
    assert {step.at for step in opening} == {7}


def test_a_change_of_place_is_a_handover_that_the_next_one_takes() -> None:
    given = told(event(1, DESK, "active"), event(2, LAB, "queued"), event(3, LAB, "active"), event(4, LAB, "over"))
    desk, lab = "agent-desk", "agent-lab"
    assert given == [
        (desk, "note"),
        (desk, "offer"),
        (lab, "accept"),
        (lab, "put-back"),
        (lab, "claim"),
        (lab, "resolve"),
    ]


def test_what_moves_while_it_waits_or_after_its_end_is_taken_up_first() -> None:
    given = told(event(1, DESK, "waiting"), event(2, LAB, "over"), event(3, DESK, "over", "Closed"))
    assert [command for _, command in given] == [
        *("wait", "resume", "offer", "accept", "resolve"),
        *("reopen", "offer", "accept", "resolve", "close"),
    ]


def test_the_end_counts_places_in_turn_with_the_first_one() -> None:
    case = Case("1", (event(1, DESK, "active"), event(2, LAB, "active"), event(3, DESK, "over")))
    assert case.ending == Ending(DESK, 3, "resolved")


def test_both_logs_are_read_and_a_line_without_a_group_stays_where_the_case_was(tmp_path: Path) -> None:
    _write(
        tmp_path / "bpi2013_incidents_replay.csv.gz",
        "case,t,tier,team,org,agent,status,sub_status,impact,product",
        "4,10,1,0,0,0,Accepted,In Progress,Medium,0",
        "4,20,2,9,0,0,Completed,Resolved,Medium,0",
    )
    _write(
        tmp_path / "servicenow_incidents_replay.csv.gz",
        "case,t,state,group,agent,priority",
        "0,1,New,-1,-1,3",
        "0,2,Active,24,1,3",
        "0,3,Resolved,-1,1,3",
        "0,4,Closed,-1,1,3",
    )
    assert bpi(tmp_path)[0].ending == Ending(Place(2, "bpi-9"), 2, "resolved")
    assert servicenow(tmp_path)[0].ending == Ending(Place(1, "group-24"), 1, "closed")


def test_without_the_logs_nothing_is_measured(tmp_path: Path) -> None:
    with pytest.raises(NothingMeasured, match=r"bpi2013_incidents_replay\.csv\.gz is missing"):
        bpi(tmp_path)


def _write(file: Path, *lines: str) -> None:
    file.write_bytes(gzip.compress("\n".join(lines).encode()))
