"""Ports are remembered, and given up when somebody else has them."""

import socket
from pathlib import Path

import pytest

from onebox.ports import LOOPBACK, Ports, PortTaken


def test_a_port_stays_the_same_over_restarts(tmp_path: Path) -> None:
    first = Ports(tmp_path / "ports.json").take("kafka")
    assert Ports(tmp_path / "ports.json").take("kafka") == first


def test_a_remembered_port_that_is_taken_is_replaced(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        ports = Ports(tmp_path / "ports.json")
        assert ports.take("web", preferred=other.getsockname()[1]) != other.getsockname()[1]


def test_two_names_never_get_the_same_port(tmp_path: Path) -> None:
    ports = Ports(tmp_path / "ports.json")
    first = ports.take("kafka")
    assert ports.take("postgres", preferred=first) != first


def test_a_port_that_must_be_it_is_refused_when_it_is_taken(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as other, pytest.raises(PortTaken):
        Ports(tmp_path / "ports.json").fix("web", other.getsockname()[1])
