"""What the demo's customers write."""

import csv
import gzip
from pathlib import Path

import pytest

from intake.submission import SubmitBody
from onebox.demo.issues import NoTexts, drafts


def write(file: Path, column: str, texts: list[str]) -> Path:
    """A gzipped CSV file with one column."""
    with gzip.open(file, "wt", newline="", encoding="utf-8") as lines:
        rows = csv.writer(lines)
        rows.writerow([column])
        rows.writerows([text] for text in texts)
    return file


def test_every_written_issue_is_one_that_intake_accepts() -> None:
    for draft in drafts(400, run="one"):
        SubmitBody.model_validate(draft.body)


def test_no_text_comes_twice() -> None:
    texts = [draft.body["text"] for draft in drafts(300, run="one")]
    assert len(set(texts)) == len(texts)


def test_two_runs_share_neither_addresses_nor_references() -> None:
    one, two = drafts(100, run="one"), drafts(100, run="two")
    assert not {draft.address for draft in one} & {draft.address for draft in two}
    assert not {draft.body["reference"] for draft in one} & {draft.body["reference"] for draft in two}


def test_the_same_run_writes_the_same_issues() -> None:
    assert drafts(50, run="one") == drafts(50, run="one")


def test_texts_of_a_file_are_posted_in_turn_with_titles_cut_from_them(tmp_path: Path) -> None:
    file = write(tmp_path / "texts.csv.gz", "text", ["The printer\n is on fire", "x" * 500, "  "])
    bodies = [draft.body for draft in drafts(3, run="one", data=file)]
    assert [body["title"] for body in bodies] == ["The printer is on fire", "x" * 79 + "…", "The printer is on fire"]
    assert bodies[1]["text"] == "x" * 500
    for body in bodies:
        SubmitBody.model_validate(body)


@pytest.mark.parametrize(("column", "texts"), [("title", ["one"]), ("text", ["", "  "])])
def test_a_file_without_texts_is_refused(tmp_path: Path, column: str, texts: list[str]) -> None:
    file = write(tmp_path / "texts.csv.gz", column, texts)
    with pytest.raises(NoTexts):
        drafts(1, run="one", data=file)
