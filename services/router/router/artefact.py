"""A trained model as a folder: arrays in `model.npz` (never pickled) and all the rest in `model.json`.

The version is a digest of everything: the same data and settings give the same version, and a changed byte is found.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final, Literal
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from router.calibration import Calibration, Scope
from router.trained import Head, Model, Table

ARRAYS: Final = "model.npz"
MANIFEST: Final = "model.json"
VERSION_DIGITS: Final = 16
TABLES: Final = ("terms", "words", "grams", "pairs")
MANIFEST_LIMIT_BYTES: Final = 4 * 1024 * 1024
ARRAYS_LIMIT_BYTES: Final = 256 * 1024 * 1024


class ArtefactDamaged(Exception):
    """A model's folder cannot be used. The message says what is wrong with it."""


class Manifest(BaseModel):
    """What is to be known of a model besides its numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format: Literal[1] = 1
    labels: tuple[str, ...] = Field(min_length=1)
    """As in the data; the columns of the head in this order."""
    out_of_scope: str | None = None
    """The label, one of labels, that stands for *none of the others*."""
    calibration: Calibration
    scope: Scope
    threshold: float = Field(ge=0, le=1)
    """Below this probability a person decides."""
    bias: tuple[float, ...]
    unknown_word_weight: float
    data_sha256: str
    """Of the file that it was trained on."""
    rows: Mapping[str, int]
    """How many were read, left out and why, and learnt from."""
    settings: Mapping[str, float]
    metrics: Mapping[str, float | None]
    """Measured on rows that the measured head had not seen (grouped folds)."""
    libraries: Mapping[str, str]
    arrays_sha256: str

    @property
    def version(self) -> str:
        """The first digits of the digest of all of it."""
        return hashlib.sha256(_canonical(self.model_dump(mode="json"))).hexdigest()[:VERSION_DIGITS]


def write(folder: Path, manifest: Mapping[str, Any], tables: Mapping[str, Table]) -> Manifest:
    """Write a model. manifest: fields of Manifest without the digest. Raises OSError."""
    packed = BytesIO()
    # savez writes a constant date, so equal arrays are equal bytes.
    np.savez(
        packed, allow_pickle=False, **{key: array for name in TABLES for key, array in _packed(name, tables[name])}
    )
    content = packed.getvalue()
    whole = Manifest.model_validate({**manifest, "arrays_sha256": hashlib.sha256(content).hexdigest()})
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ARRAYS).write_bytes(content)
    described = {"version": whole.version, **whole.model_dump(mode="json")}
    (folder / MANIFEST).write_text(json.dumps(described, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return whole


@dataclass(frozen=True, slots=True)
class Artefact:
    """A model as its two files hold it. Unproven: only `unpack` finds out whether it is whole."""

    manifest: bytes
    arrays: bytes


def load(folder: Path) -> Model:
    """A model from its folder, ready to decide. Raises ArtefactDamaged when anything is not as it was written."""
    return unpack(read_artefact(folder))


def read_artefact(folder: Path) -> Artefact:
    """The files of a model. Raises ArtefactDamaged when one is missing or larger than any model is."""
    return Artefact(_read(folder / MANIFEST, MANIFEST_LIMIT_BYTES), _read(folder / ARRAYS, ARRAYS_LIMIT_BYTES))


def unpack(artefact: Artefact) -> Model:
    """The model that an artefact holds. Raises ArtefactDamaged."""
    manifest = describe(artefact)
    if hashlib.sha256(artefact.arrays).hexdigest() != manifest.arrays_sha256:
        raise ArtefactDamaged(f"{ARRAYS} is not the file that {MANIFEST} describes: its digest differs")
    try:
        with np.load(BytesIO(artefact.arrays), allow_pickle=False) as arrays:
            terms, words, grams, pairs = (_table(arrays, name, len(manifest.labels)) for name in TABLES)
    except (ValueError, KeyError, BadZipFile, EOFError) as error:
        raise ArtefactDamaged(f"{ARRAYS} does not hold the arrays of a model: {error}") from error
    bias = np.asarray(manifest.bias, dtype=np.float64)
    outside = None if manifest.out_of_scope is None else manifest.labels.index(manifest.out_of_scope)
    head = Head(terms, words, grams, pairs, bias, manifest.unknown_word_weight)
    version, labels = manifest.version, manifest.labels
    return Model(version, labels, outside, head, manifest.calibration, manifest.scope, manifest.threshold)


def describe(artefact: Artefact) -> Manifest:
    """What an artefact says of itself. Raises ArtefactDamaged."""
    try:
        described = json.loads(artefact.manifest)
        claimed = described.pop("version")
        manifest = Manifest.model_validate(described)
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise ArtefactDamaged(f"{MANIFEST} does not describe a model: {error}") from error
    if claimed != manifest.version:
        raise ArtefactDamaged(f"{MANIFEST} was changed after it was written: it is not version {claimed}")
    if len(set(manifest.labels)) != len(manifest.labels) or len(manifest.bias) != len(manifest.labels):
        raise ArtefactDamaged(f"{MANIFEST} does not name each label once, with its bias")
    if manifest.out_of_scope is not None and manifest.out_of_scope not in manifest.labels:
        raise ArtefactDamaged(f"{MANIFEST} names {manifest.out_of_scope} as out of scope, which is no label")
    if len(manifest.labels) - (manifest.out_of_scope is not None) < 1:
        raise ArtefactDamaged(f"{MANIFEST} names no category")
    return manifest


def _read(file: Path, limit_bytes: int) -> bytes:
    try:
        if file.stat().st_size > limit_bytes:
            raise ArtefactDamaged(f"{file.name} is larger than {limit_bytes} bytes")
        return file.read_bytes()
    except OSError as error:
        raise ArtefactDamaged(f"{file.name} cannot be read: {error.strerror}") from error


def _packed(name: str, table: Table) -> list[tuple[str, NDArray[Any]]]:
    names = np.frombuffer("\n".join(table.names).encode("utf-8", "surrogatepass"), dtype=np.uint8)
    return [
        (f"{name}_names", names),
        (f"{name}_weight", table.weight.astype(np.float32)),
        (f"{name}_head", table.head.astype(np.float32)),
    ]


def _table(arrays: Mapping[str, NDArray[Any]], name: str, labels: int) -> Table:
    """One table of the arrays. Raises ArtefactDamaged, and KeyError or ValueError for what is no table at all."""
    packed, weight, head = (arrays[f"{name}_{part}"] for part in ("names", "weight", "head"))
    if packed.dtype != np.uint8 or weight.dtype != np.float32 or head.dtype != np.float32:
        raise ArtefactDamaged(f"{name}: arrays are of other types than a model's")
    text = packed.tobytes().decode("utf-8", "surrogatepass")
    names = text.split("\n") if text else []
    if weight.shape != (len(names),) or head.shape != (len(names), labels) or len(set(names)) != len(names):
        raise ArtefactDamaged(f"{name}: {len(names)} names do not fit arrays of {weight.shape} and {head.shape}")
    if not (np.isfinite(weight).all() and np.isfinite(head).all()):
        raise ArtefactDamaged(f"{name}: not every number is finite")
    return Table(names, weight, head)


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
