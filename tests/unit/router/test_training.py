"""Training cleans, measures on what it has not seen, and fits the head that decides."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from router.artefact import load
from router.evaluation import evaluate
from router.labelled_texts import TableRefused, read_table
from router.measures import calibration_error, confusions, macro_f1, threshold_for, wilson_lower_bound
from router.model_life import MAKES_ROOM, NotAllowed, State, Step, after
from router.trained import TrainedClassifier
from router.training.duplicates import distinct, near_clusters
from router.training.heads import fit
from router.training.report import DIAGRAM, REPORT
from router.training.training import clean_of, train
from router.training.vectors import count, vectors, weigh
from router.words import read
from support.models import as_csv, evaluated, labelled_rows, small_model, trained_in

SAID = ["the", "export", "of", "the", "weekly", "report", "stops", "at", "half"]


def test_the_head_that_decides_is_the_head_that_was_fitted(tmp_path: Path) -> None:
    rows = labelled_rows(3)
    model = load(trained_in(tmp_path, rows))
    clean = clean_of(read_table(as_csv(tmp_path, rows), "text", "topic"))
    counts = count(clean.texts)
    texts = vectors(counts, weigh(counts, np.arange(len(clean.texts)), clean.truth))
    strengths = (0.2, 1.0)
    margins = [fit(texts, clean.truth, len(clean.labels), strength).margins(texts) for strength in strengths]
    column = list(model.labels).index("billing")
    served = []
    for words in clean.texts:
        logit = TrainedClassifier(model).guess(read(" ".join(words))).logit
        assert logit is not None
        served.append(logit("billing") / model.calibration.temperature)
    assert min(np.abs(fitted[:, column] - served).max() for fitted in margins) < 1e-4


def test_texts_that_say_nearly_the_same_are_one_cluster_and_others_are_not() -> None:
    texts = [SAID, [*SAID, "way"], list(reversed(SAID)), ["hello"], ["hello"], []]
    clusters = near_clusters(texts).tolist()
    assert clusters[0] == clusters[1] != clusters[2]
    assert clusters[3] == clusters[4]
    assert clusters[2] != clusters[3] != clusters[5]


def test_a_text_is_kept_once_with_the_label_it_has_most_often() -> None:
    texts = [("a",), ("a",), ("b",), ("a",)]
    assert distinct(texts, ["x", "y", "x", "y"]) == [1, 2]


def test_duplicates_and_rare_labels_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [*labelled_rows(), *labelled_rows()[:30], ("", "bug"), ("a lonely one", "rare"), ("no label", "")]
    rows.append((" ".join(SAID), "bug"))
    rows.append((" ".join([*SAID, "please"]), "bug"))
    cleaned = clean_of(read_table(as_csv(tmp_path, rows), "text", "topic")).rows
    assert cleaned["without label"] == 1
    assert cleaned["exactly the same or empty"] >= 31
    assert cleaned["nearly the same"] >= 1
    assert cleaned["of a label too rare"] == 1


def test_a_report_and_a_diagram_lie_beside_the_model() -> None:
    told = (small_model() / REPORT).read_text()
    assert "calibration_error" in told
    assert "most frequent mistakes" in told
    assert (small_model() / DIAGRAM).read_text().startswith("<svg")


def test_a_gzipped_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "issues.csv.gz"
    file.write_bytes(gzip.compress(b"text,topic\nhello,x\n"))
    assert read_table(file, "text", "topic").texts == ["hello"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"text,label\nhello,x\n", "has no column topic"),
        (b"", "has no column text"),
        (b"text,topic\n\xff\xfe,x\n", "cannot be read as CSV in UTF-8"),
        (b"text,topic\nhello,x\n", "fewer than two labels"),
        (
            b"text,topic\n" + b"".join(b"a%d b%d,%s\n" % (n, n, b"x y" if n % 2 else b"X-Y") for n in range(20)),
            "the same",
        ),
    ],
)
def test_a_file_that_cannot_be_learnt_from_is_refused_with_the_reason(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    file = tmp_path / "issues.csv"
    file.write_bytes(content)
    with pytest.raises(TableRefused, match=reason):
        train(file, "text", "topic", tmp_path / "model", out_of_scope="oos", say=lambda _: None)
    assert not (tmp_path / "model").exists()


def test_two_labels_are_enough(tmp_path: Path) -> None:
    rows = [(text, label) for text, label in labelled_rows() if label in ("bug", "billing")]
    model = load(trained_in(tmp_path, rows))
    guess = TrainedClassifier(model).guess(read("refund the invoice"))
    assert guess.categories[0][0] == "billing"


def test_an_evaluation_has_the_promised_figures_and_no_others(tmp_path: Path) -> None:
    tiers = {"password_reset": 1, "billing": 1, "import_export": 2, "bug": 2, "feature_request": 3}
    found = evaluated(tmp_path, labelled_rows(2), tiers).as_dict()
    assert list(found) == [
        "accuracy",
        "macro_f1",
        "calibration_error",
        "coverage",
        "precision",
        "tier_accuracy",
        "out_of_scope_recall",
        "in_scope_accuracy",
        "latency_ms",
    ]
    assert found["accuracy"] > 0.95  # type: ignore[operator]
    assert found["tier_accuracy"] > 0.95  # type: ignore[operator]
    assert found["out_of_scope_recall"] > 0.9  # type: ignore[operator]


def test_an_evaluation_follows_tiers_by_their_sums_as_the_service_does(tmp_path: Path) -> None:
    """Nobody can tell two categories apart that people use for the same, but both go to one tier."""
    rows = [
        (text, "account" if label == "billing" and place % 2 else label)
        for place, (text, label) in enumerate(labelled_rows())
    ]
    model, measured = trained_in(tmp_path, rows), as_csv(tmp_path, [row for row in rows if row[1] != "oos"])
    tiers = {"password_reset": 1, "billing": 1, "account": 1, "import_export": 2, "bug": 2, "feature_request": 3}
    by_category = evaluate(model, measured, "text", "topic", out_of_scope="oos")
    by_tier = evaluate(model, measured, "text", "topic", tiers=tiers, out_of_scope="oos")
    assert by_category.coverage < 0.9 < by_tier.coverage
    assert by_tier.precision == 1
    apart = evaluate(model, measured, "text", "topic", tiers=tiers | {"account": 2}, out_of_scope="oos")
    assert apart.coverage < 0.9


def test_an_evaluation_says_nothing_about_what_the_file_does_not_hold(tmp_path: Path) -> None:
    found = evaluated(tmp_path, [(text, label) for text, label in labelled_rows(2) if label != "oos"])
    assert (found.tier_accuracy, found.out_of_scope_recall) == (None, None)


def test_the_lower_bound_grows_with_the_proof() -> None:
    assert wilson_lower_bound(0, 0) == 0
    assert wilson_lower_bound(95, 100) < wilson_lower_bound(950, 1000) < 0.95


def test_the_threshold_is_where_the_precision_is_proven() -> None:
    confidence = np.linspace(1, 0, 1000)
    right = np.arange(1000) < 600
    threshold = threshold_for(confidence, right)
    assert wilson_lower_bound(float(right[confidence >= threshold].sum()), int((confidence >= threshold).sum())) >= 0.95
    assert 0.38 < threshold < 0.42
    assert threshold_for(confidence, np.zeros(1000, dtype=bool)) == 1


def test_measures_of_a_perfect_and_of_a_wrong_guess() -> None:
    truth, wrong = np.array([0, 1, 1]), np.array([1, 0, 0])
    assert (macro_f1(truth, truth), macro_f1(truth, wrong)) == (1, 0)
    assert calibration_error(np.array([0.75] * 4), np.array([True, True, True, False])) == pytest.approx(0)
    assert confusions(truth, wrong) == [(1, 0, 2), (0, 1, 1)]


def test_a_model_is_followed_only_after_it_was_compared() -> None:
    assert after(after(State.CANDIDATE, Step.COMPARE), Step.ACTIVATE) is State.ACTIVE
    with pytest.raises(NotAllowed, match="candidate cannot activate; it can: compare"):
        after(State.CANDIDATE, Step.ACTIVATE)
    assert MAKES_ROOM[State.ACTIVE] is State.REPLACED
