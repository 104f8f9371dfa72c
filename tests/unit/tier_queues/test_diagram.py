"""The picture in the README is the tables."""

from pathlib import Path

from tier_queues.diagram import BEGIN_MARKER, END_MARKER, mermaid, section

README = Path(__file__).parents[3] / "services" / "tier-queues" / "README.md"


def test_the_readme_shows_the_life_of_an_issue_as_the_tables_hold_it() -> None:
    text = README.read_text()
    shown = text[text.index(BEGIN_MARKER) : text.index(END_MARKER) + len(END_MARKER)]
    assert shown == section(), "run `python -m tier_queues.diagram` and replace the section"


def test_each_pair_of_states_is_drawn_once() -> None:
    pairs = [line.split(" : ")[0] for line in mermaid().splitlines()[1:]]
    assert len(pairs) == len(set(pairs))
