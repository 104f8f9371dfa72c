"""A dry run on a file is bounded in time."""

from datetime import timedelta

from router.dry_run_files import read_csv
from router.dry_runs import AT_ONCE, Candidate, on_file
from router.handlers import Desk
from router.keywords import KeywordClassifier
from support.policies import shipped


async def test_a_dry_run_on_a_file_ends_with_its_time_and_says_what_is_left() -> None:
    desk = Desk(shipped(), KeywordClassifier(shipped()))
    tried = Candidate(desk.policy, desk.classifier)
    table = "text\n" + "The csv export fails\n" * (AT_ONCE * 2 + 1)
    found = await on_file(desk, tried, table, read_csv, within=timedelta(0))
    assert (found.found.issues, found.untried) == (AT_ONCE, AT_ONCE + 1)
    whole = await on_file(desk, tried, table, read_csv)
    assert (whole.found.issues, whole.untried) == (AT_ONCE * 2 + 1, 0)
