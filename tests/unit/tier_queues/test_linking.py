"""Links and merges as decided: both sides, and what is refused."""

from dataclasses import replace

import pytest

from shared.events import issues, work
from shared.ids import new_id
from support import queues
from support.queues import ADA, EVE, NOW, POLICIES, PROBLEM, after, facts_of, ruled
from tier_queues import incidents
from tier_queues import tidying_commands as tidy
from tier_queues.circumstances import Circumstances
from tier_queues.frontline_commands import Redirect
from tier_queues.issue import BehindTheScenes, NotOwner
from tier_queues.linking import duplicates_of, informed, master_of, mirrored
from tier_queues.links import LINKS_LIMIT, Link, Relation
from tier_queues.problem import Topic
from tier_queues.problem_links import Heard, heard
from tier_queues.refusals import Unacceptable, Unrelatable
from tier_queues.spreadsheet import COLUMNS, header
from tier_queues.teams import Team
from tier_queues.tellings import told_of


def test_a_link_is_mirrored_and_so_is_its_end() -> None:
    one, other = queues.queued(), queues.queued()
    given = Circumstances(ADA, one.last_at, POLICIES)
    linked = after(one, tidy.LinkTo(other=other.id, relation=Relation.BLOCKS), other=other)
    mirror = mirrored(other, one, linked, given).issue
    assert mirror.links == (Link(one.id, one.number, Relation.BLOCKED_BY),)
    unlinked = after(linked, tidy.Unlink(other=other.id), other=mirror)
    assert mirrored(mirror, linked, unlinked, given).issue.links == ()


def test_a_duplicate_is_told_what_its_master_is_told_until_the_merge_is_undone() -> None:
    master = queues.assigned()
    duplicate = after(queues.assigned(), tidy.Merge(into=master.id), other=master)
    assert (master_of(duplicate), duplicate.resolution) == (master.id, "duplicate")
    told = informed(duplicate, master.id, "It works again.", actor=ADA.actor, at=duplicate.last_at)
    assert facts_of(told) == [work.IssueReplied]
    assert told.issue.clocks == duplicate.clocks
    apart = after(duplicate, tidy.Unlink(other=master.id), other=master)
    assert informed(apart, master.id, "It works again.", actor=ADA.actor, at=apart.last_at).entries == ()


def test_duplicates_hear_the_answer_to_their_master_however_it_was_given() -> None:
    duplicates = (Link(new_id(), 7, Relation.DUPLICATE), Link(new_id(), 8, Relation.DUPLICATE))
    master = replace(queues.linked(queues.assigned()), links=duplicates)
    child = replace(master, links=(*duplicates, Link(new_id(), 9, Relation.CHILD_OF)))
    fix = Heard(PROBLEM.id, Topic.FIXED, "So.", True, "2026.11")
    redirect = Redirect(channel="sales", reason="Wants to buy.", text="So.")
    incident = child.links[-1].issue
    for decision in (
        ruled(master, queues.resolve(text="So.")),
        ruled(master, redirect),
        heard(master, fix, now=NOW, policies=POLICIES),
        incidents.told(child, incident, "So.", then="resolve", now=NOW, policies=POLICIES),
    ):
        (job,) = told_of(decision)
        assert (job.content["text"], job.content["master"]) == ("So.", str(master.id))
        assert job.issues == [link.issue for link in duplicates]


def test_what_one_customer_says_when_they_withdraw_is_told_to_nobody_else() -> None:
    master = replace(queues.assigned(), links=(Link(new_id(), 7, Relation.DUPLICATE),))
    withdrawn = queues.told(master, issues.IssueWithdrawn(reason="My boss knows.", at=NOW))
    assert withdrawn.issue.state == "resolved"
    assert list(told_of(withdrawn)) == []


def test_only_keepers_merge_and_teams_behind_the_scenes_do_not() -> None:
    with pytest.raises(NotOwner):
        ruled(queues.assigned(), tidy.Merge(into=new_id()), by=EVE)
    silent = replace(POLICIES, teams={"frontline": Team("frontline", frozenset({1}), behind_the_scenes=True)})
    with pytest.raises(BehindTheScenes):
        ruled(queues.assigned(), tidy.Merge(into=new_id()), policies=silent)


def test_a_master_that_is_over_or_merged_takes_no_duplicates() -> None:
    merged = after(queues.assigned(), tidy.Merge(into=new_id()))
    for other in (queues.closed(), merged):
        with pytest.raises(Unrelatable):
            ruled(queues.assigned(), tidy.Merge(into=other.id), other=other)


def test_an_issue_has_a_limit_of_links() -> None:
    links = tuple(Link(new_id(), n, Relation.DUPLICATE) for n in range(LINKS_LIMIT))
    full = replace(queues.assigned(), links=links)
    assert len(duplicates_of(full)) == LINKS_LIMIT
    with pytest.raises(Unacceptable):
        ruled(full, tidy.LinkTo(other=new_id(), relation=Relation.RELATED))


def test_the_first_line_of_an_export_names_its_columns() -> None:
    assert header() == ",".join(COLUMNS) + "\r\n"
