"""What was written is what is loaded; anything else is refused with the reason."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from router.artefact import ARRAYS, MANIFEST, ArtefactDamaged, Manifest, load
from support.models import labelled_rows, small_model, trained_in


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_model(), tmp_path / "model"))


def rewritten(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the arrays and sign them again, as somebody who knows the format would."""
    with np.load(folder / ARRAYS) as stored:
        arrays = dict(stored)
    change(arrays)
    np.savez(folder / ARRAYS, **arrays)
    sign(folder, {"arrays_sha256": hashlib.sha256((folder / ARRAYS).read_bytes()).hexdigest()})


def sign(folder: Path, changes: dict[str, Any]) -> None:
    described = json.loads((folder / MANIFEST).read_text()) | changes
    described.pop("version")
    version = Manifest.model_validate(described).version
    (folder / MANIFEST).write_text(json.dumps({"version": version, **described}))


def test_the_same_data_gives_the_same_version_and_the_same_bytes(tmp_path: Path) -> None:
    again = trained_in(tmp_path, labelled_rows())
    for name in (ARRAYS, MANIFEST):
        assert (again / name).read_bytes() == (small_model() / name).read_bytes()


def test_a_model_says_what_it_was_made_from_and_how_good_it_is(folder: Path) -> None:
    described = json.loads((folder / MANIFEST).read_text())
    assert described["out_of_scope"] == "oos"
    assert described["data_sha256"] == hashlib.sha256((small_model().parent / "issues.csv").read_bytes()).hexdigest()
    assert 0.9 < described["metrics"]["accuracy"] <= 1
    assert load(folder).version == described["version"]


def test_a_single_changed_byte_is_found(folder: Path) -> None:
    content = bytearray((folder / ARRAYS).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / ARRAYS).write_bytes(content)
    with pytest.raises(ArtefactDamaged, match="digest differs"):
        load(folder)


def test_a_changed_threshold_is_found(folder: Path) -> None:
    described = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(described | {"threshold": 0.01}))
    with pytest.raises(ArtefactDamaged, match="was changed after it was written"):
        load(folder)


@pytest.mark.parametrize("name", [ARRAYS, MANIFEST])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ArtefactDamaged, match=f"{name} cannot be read"):
        load(folder)


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{", '{"version": 1}', "[" * 100_000, '{"version": "x", "format": 2}']
)
def test_a_file_that_describes_no_model_is_refused(folder: Path, text: str) -> None:
    (folder / MANIFEST).write_text(text)
    with pytest.raises(ArtefactDamaged, match="does not describe a model"):
        load(folder)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda arrays: arrays["terms_head"].__setitem__((0, 0), np.nan), "not every number is finite"),
        (lambda arrays: arrays["grams_weight"].__setitem__(0, np.inf), "not every number is finite"),
        (lambda arrays: arrays.update(words_head=arrays["words_head"][:-1]), "names do not fit"),
        (lambda arrays: arrays.update(terms_head=arrays["terms_head"][:, 1:]), "names do not fit"),
        (lambda arrays: arrays.update(terms_weight=arrays["terms_weight"].astype(np.float64)), "other types"),
        (lambda arrays: arrays.pop("terms_names"), "does not hold the arrays"),
        (lambda arrays: arrays.update(terms_names=np.array([{"a": 1}], dtype=object)), "does not hold the arrays"),
    ],
)
def test_arrays_that_are_no_model_are_refused_though_they_are_signed(
    folder: Path, change: Callable[[dict[str, Any]], object], reason: str
) -> None:
    rewritten(folder, change)
    with pytest.raises(ArtefactDamaged, match=reason):
        load(folder)


def test_a_truncated_archive_is_refused_though_it_is_signed(folder: Path) -> None:
    content = (folder / ARRAYS).read_bytes()[:1000]
    (folder / ARRAYS).write_bytes(content)
    sign(folder, {"arrays_sha256": hashlib.sha256(content).hexdigest()})
    with pytest.raises(ArtefactDamaged, match="does not hold the arrays"):
        load(folder)
