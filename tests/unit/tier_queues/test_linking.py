"""Links and merges as decided: both sides, and what is refused."""

from dataclasses import replace

import pytest

from shared.events import work
from shared.ids import new_id
from support import queues
from support.queues import ADA, EVE, POLICIES, after, facts_of, ruled
from tier_queues import tidying_commands as tidy
from tier_queues.circumstances import Circumstances
from tier_queues.issue import BehindTheScenes, NotOwner
from tier_queues.linking import duplicates_of, informed, master_of, mirrored
from tier_queues.links import LINKS_LIMIT, Link, Relation
from tier_queues.refusals import Unacceptable, Unrelatable
from tier_queues.spreadsheet import COLUMNS, header
from tier_queues.teams import Team


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
