"""What the processes of an instance are told."""

from pathlib import Path

import pytest

from onebox.keys import Secrets
from onebox.layout import Planner
from onebox.places import Places
from onebox.ports import Ports


@pytest.mark.parametrize("split", [False, True])
def test_administrators_can_add_models_out_of_a_folder_of_the_instance(tmp_path: Path, split: bool) -> None:
    places = Places(home=tmp_path, cache=tmp_path / "cache", postgres=tmp_path / "postgres")
    places.make()
    planner = Planner(places, Ports(tmp_path / "ports.json"), Secrets(tmp_path / "secrets.json"), public_port=8080)
    layout = planner.plan(split=split, database_url="postgresql://localhost", kafka_bootstrap="localhost:9092")
    serving = next(one for one in layout.services if one.name == "router") if split else layout.public
    folder = Path(serving.environment["TIERDESK_ROUTER_MODELS_FOLDER"])
    assert folder.is_dir()
    assert folder.name in places.contents()
