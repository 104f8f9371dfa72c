"""The organisation as a file: what is right is read, what is wrong is refused with its line."""

from datetime import timedelta

import pytest

from shared.located import WrongFile
from tier_queues.organisation import Organisation, parse
from tier_queues.organisation_store import as_yaml
from tier_queues.teams import Push

FILE = """\
tiers:
  0: {name: Self-service, staffed: false}
  1:
    name: Frontline
    team: frontline
    overflow:
      to: 2
      above: {count: 50}
      below: {count: 20}
  2: {name: Technical, team: technical}
channels: {chat: 2, phone: 5}
teams:
  frontline:
    tiers: [1]
    leads: [lea]
    push: least-loaded
    accept_within: PT1M
    idle_after: PT2H
  technical: {tiers: [2]}
agents:
  root: {name: Root, role: admin}
  lea: {name: Lea, role: lead, tiers: [1, 2], teams: [frontline]}
  ada:
    name: Ada
    role: agent
    tiers: [1]
    teams: [frontline]
    skills: {german: 2}
    shifts:
      zone: Europe/Berlin
      windows:
        - {day: monday, from: 09:00, to: 17:00}
"""


def read(text: str = FILE) -> Organisation:
    return parse(text, file="organisation.yaml")


def test_a_file_says_all_of_an_organisation() -> None:
    organisation = read()
    assert organisation.teams["frontline"].push is Push.LEAST_LOADED
    assert organisation.teams["frontline"].idle_after == timedelta(hours=2)
    assert organisation.agents["ada"].skills == {"german": 2}
    shifts = organisation.agents["ada"].shifts
    assert shifts is not None
    assert (shifts.windows[0].begins.hour, shifts.windows[0].ends.hour) == (9, 17)


def test_what_is_exported_is_read_back_as_the_same() -> None:
    assert read(as_yaml(read())) == read()


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("team: technical}", "team: nobody}", 10, "there is no team nobody"),
        ("      to: 2", "      to: 0", 7, "no other people work tier 0"),
        ("      to: 2", "      to: 1", 7, "no other people work tier 1"),
        ("      below: {count: 20}", "      below: {count: 70}", 6, "count must end at or below"),
        ("    leads: [lea]", "    leads: [ada]", 15, "ada is no active agent with the role lead"),
        ("    push: least-loaded", "    push: sometimes", 16, "round-robin"),
        ("    idle_after: PT2H", "    idle_after: soon", 18, "duration"),
        ("technical: {tiers: [2]}", "technical: {tiers: [7]}", 19, "there is no tier 7"),
        ("role: admin", "role: agent", 20, "name an active admin"),
        ("    teams: [frontline]\n    skills", "    teams: [night]\n    skills", 27, "there is no team night"),
        ("german: 2", "german: 9", 28, "less than or equal to 5"),
        ("Europe/Berlin", "Atlantis", 30, "is not a zone"),
        ("from: 09:00", "from: early", 32, "time"),
        ("    name: Ada\n", "    name: Ada\n    nick: A\n", 25, "Extra inputs"),
        ("    role: agent\n", "    role: agent\n    role: lead\n", 26, "role is given twice"),
        ("name: Frontline\n", "name: Frontline\n    staffed: false\n", 1, "people must work tier 1"),
    ],
)
def test_a_wrong_file_is_refused_with_the_line_and_the_reason(old: str, new: str, line: int, reason: str) -> None:
    assert old in FILE
    with pytest.raises(WrongFile) as refused:
        read(FILE.replace(old, new, 1))
    assert reason in refused.value.what
    assert refused.value.line == line, refused.value
    assert str(refused.value).startswith(f"organisation.yaml:{line}: ")
