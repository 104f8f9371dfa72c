"""Writes jars.lock anew after a version below was changed: `python -m onebox.relock`. For maintainers."""

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from jgo.maven import Artifact, MavenContext

from onebox.artifacts import LOCK_FILE

KAFKA = ("org.apache.kafka", "kafka_2.13", "4.3.1")
# Kafka's own dependencies leave the choice of a logger to its distribution.
LOGGER = ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.4")
POSTGRES = ("io.zonky.test.postgres", "embedded-postgres-binaries-{platform}", "18.4.0")
POSTGRES_PLATFORMS = ("linux-amd64", "linux-arm64v8", "darwin-amd64", "darwin-arm64v8")


def main() -> None:
    """Resolve, download and digest everything."""
    with tempfile.TemporaryDirectory() as folder:
        context = MavenContext(repo_cache=Path(folder))
        lines = sorted(_line(part, artifact) for part, artifact in _wanted(context))
    LOCK_FILE.write_text("".join(f"{line}\n" for line in lines))


def _wanted(context: MavenContext) -> Iterator[tuple[str, Artifact]]:
    # The logger is not resolved together with Kafka: jgo would let its dependency management rule Kafka's versions.
    for artifact in _with_dependencies(context):
        yield "kafka", artifact
    yield "kafka", _artifact(context, *LOGGER)
    for platform in POSTGRES_PLATFORMS:
        group, name, version = POSTGRES
        yield f"postgres-{platform}", _artifact(context, group, name.format(platform=platform), version)


def _with_dependencies(context: MavenContext) -> list[Artifact]:
    kafka = context.create_dependency(":".join(KAFKA))
    direct, transitive = context.resolver.resolve([kafka])
    return [dependency.artifact for dependency in (*direct, *transitive)]


def _artifact(context: MavenContext, group: str, name: str, version: str) -> Artifact:
    return context.project(group, name).at_version(version).artifact()


def _line(part: str, artifact: Artifact) -> str:
    content = artifact.resolve().read_bytes()
    coordinate = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
    return f"{part} {hashlib.sha256(content).hexdigest()} {len(content)} {coordinate}"


if __name__ == "__main__":
    main()
