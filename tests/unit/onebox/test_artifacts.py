"""What the embedded servers are made of is pinned, and nothing else is accepted."""

import re

import pytest

from onebox.artifacts import LOCK_FILE, folder_name, locked

PLATFORMS = ("linux-amd64", "linux-arm64v8", "darwin-amd64", "darwin-arm64v8")


def test_every_line_of_the_lock_file_pins_one_file_by_its_digest() -> None:
    for line in LOCK_FILE.read_text().splitlines():
        assert re.fullmatch(r"(kafka|postgres-[\w-]+) [0-9a-f]{64} \d+ [\w.-]+:[\w.-]+:[\w.-]+", line), line


def test_kafka_is_pinned_with_all_it_needs() -> None:
    names = {artifact.name for artifact in locked("kafka")}
    assert {"kafka_2.13-4.3.1.jar", "kafka-clients-4.3.1.jar", "log4j-core-2.25.4.jar"} <= names


@pytest.mark.parametrize("platform", PLATFORMS)
def test_postgres_is_pinned_for_each_platform(platform: str) -> None:
    (artifact,) = locked(f"postgres-{platform}")
    assert artifact.coordinate.endswith(f"-{platform}:18.4.0")


def test_another_set_of_files_never_shares_a_folder() -> None:
    every = locked("kafka")
    assert folder_name("kafka", every) != folder_name("kafka", every[1:])
