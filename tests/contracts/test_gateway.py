"""The gateway of the containers sends every operation where the one route table says, and its containers are there."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from intake.settings import Settings as IntakeSettings
from onebox.routes import SERVICES, TIER_GROUPS, routes, tier_process, upstreams_of
from support.operations import operations

ROOT: Final = Path(__file__).parents[2]
CONFIGURATION: Final = (ROOT / "deploy/gateway/nginx.conf").read_text(encoding="utf-8")
COMPOSE: Final[Mapping[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
TABLE: Final = routes(TIER_GROUPS)
PROCESSES: Final = {upstream for route in TABLE for upstream in route.upstreams}

UPSTREAMS: Final = {
    name: tuple(re.findall(r"server ([\w-]+):(\d+);", servers))
    for name, servers in re.findall(r"upstream ([\w-]+) {([^}]*)}", CONFIGURATION)
}
"""Name of an upstream to its servers, each a container and its port."""
LOCATIONS: Final = dict(re.findall(r"location (/\S*) {\s*proxy_pass http://([\w-]+);\s*}", CONFIGURATION))
"""Prefix of paths to the upstream that answers them."""

TIERS: Final = ("0", "1", "2", "3", "4", "9", "12")
PATHS: Final = sorted(
    {operation.url(tier=tier) for operation in operations() for tier in TIERS}
    | {f"/{service}/openapi.json" for service in SERVICES}
    | {"/", "/help", "/router", "/tier-queues", "/tier-queues/tiers", "/tier-queues/tiers/", "/unheard-of/of"}
)


def passed_to(path: str) -> set[str]:
    """The containers that get a path from the gateway, which takes the longest prefix."""
    longest = max((prefix for prefix in LOCATIONS if path.startswith(prefix)), key=len)
    return {container for container, _ in UPSTREAMS[LOCATIONS[longest]]}


@pytest.mark.parametrize("path", PATHS)
def test_the_gateway_sends_a_path_where_the_route_table_says(path: str) -> None:
    assert passed_to(path) == set(upstreams_of(path, TABLE))


def test_every_location_of_the_gateway_is_looked_at() -> None:
    """A location of another form (a pattern, a rewrite) would escape the comparison above."""
    others = re.findall(r"location ([^{]+?) {", CONFIGURATION)
    assert set(others) == LOCATIONS.keys() | {"= /gatewayz"}


def test_the_gateway_knows_the_containers_that_compose_starts_and_no_others() -> None:
    known = {container for servers in UPSTREAMS.values() for container, _ in servers}
    assert known == PROCESSES
    assert COMPOSE["services"].keys() >= PROCESSES
    assert COMPOSE["services"]["gateway"]["depends_on"].keys() >= PROCESSES


@pytest.mark.parametrize("process", sorted(PROCESSES))
def test_a_container_runs_the_service_that_its_name_says(process: str) -> None:
    container = COMPOSE["services"][process]
    service = next(service for service in SERVICES if process.startswith(service))
    assert container["command"] == f"run {service}"
    assert container["healthcheck"]
    assert container["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


@pytest.mark.parametrize("tiers", TIER_GROUPS)
def test_a_container_of_tiers_runs_just_these(tiers: str) -> None:
    environment = COMPOSE["services"][tier_process(tiers)]["environment"]
    assert environment["TIERDESK_TIER_QUEUES_TIERS"] == tiers


def test_containers_of_one_service_are_told_apart() -> None:
    """Static membership: two members of one group under one name would push each other out."""
    instances = [
        COMPOSE["services"][tier_process(tiers)]["environment"].get("TIERDESK_INSTANCE") for tiers in TIER_GROUPS
    ]
    assert None not in instances
    assert len(set(instances)) == len(TIER_GROUPS)


def test_the_gateway_lets_the_largest_attachment_pass() -> None:
    (limit,) = re.findall(r"client_max_body_size (\d+)m;", CONFIGURATION)
    assert int(limit) * 1024 * 1024 > IntakeSettings.model_fields["attachment_limit_bytes"].default


def test_compose_mounts_the_configuration_that_is_looked_at_here() -> None:
    (mounted,) = COMPOSE["services"]["gateway"]["volumes"]
    assert (ROOT / mounted.split(":")[0]).read_text(encoding="utf-8") == CONFIGURATION


def test_the_container_of_the_router_has_a_folder_that_models_are_added_from() -> None:
    router = COMPOSE["services"]["router"]
    folder = router["environment"]["TIERDESK_ROUTER_MODELS_FOLDER"]
    (volume,) = [one.partition(":")[0] for one in router["volumes"] if one.endswith(f":{folder}")]
    assert volume in COMPOSE["volumes"]
    assert router["environment"].items() >= COMPOSE["services"]["intake"]["environment"].items()
    assert folder in (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
