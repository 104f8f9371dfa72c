"""`./tierdesk up` survives what happens to machines: killed processes, taken ports, a killed supervisor, a restart."""

import json
import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from onebox.ports import any_free
from onebox.seed import Credentials
from support.onebox import Onebox, all_gone, onebox
from support.waiting import eventually


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Onebox]:
    with onebox(tmp_path_factory.mktemp("home with a space")) as instance:
        yield instance


@pytest.fixture
def running(box: Onebox) -> Onebox:
    box.up()
    return box


def status_of(url: str) -> int:
    """The HTTP status of a GET, 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as answer:
        answer.close()
        return answer.code
    except OSError:
        return 0


PROCESSES = {"postgres", "kafka", "mail", "web", "worker", "background"}


def test_up_brings_everything_to_ready_behind_one_port(running: Onebox) -> None:
    assert running.is_ready()
    assert status_of(f"{running.state().url}/readyz") == 200
    assert {record.name for record in running.state().processes} == PROCESSES


def test_a_second_up_finds_the_first_one_and_says_where_it_is(running: Onebox) -> None:
    before = running.state()
    finished = running.run("up")
    assert finished.returncode == 0
    assert before.url in finished.stdout
    assert running.state() == before


@pytest.mark.parametrize("name", sorted(PROCESSES))
def test_a_killed_process_is_started_again(running: Onebox, name: str) -> None:
    running.kill(name)


def test_nothing_outlives_a_killed_supervisor_and_the_next_up_works(running: Onebox) -> None:
    supervisor, *below = running.processes()
    assert len(below) >= 5
    supervisor.kill()
    eventually(lambda: all_gone(below), "the processes below a killed supervisor end")
    running.up()
    assert running.is_ready()


def test_an_up_at_once_after_the_supervisor_was_killed_does_not_take_its_last_words_for_its_own(
    running: Onebox,
) -> None:
    supervisor, *_ = running.processes()
    supervisor.kill()
    running.up()
    assert running.is_ready()


def test_up_works_after_everything_was_killed_and_a_stranger_got_the_number_in_a_pid_file(running: Onebox) -> None:
    """As after a power cut: pid files, locks and state of the dead lie about."""
    data = Path(psutil.Process(running.pid("postgres")).cwd())
    kill_all(running.processes())
    pid_file = data / "postmaster.pid"
    pid_file.write_text(pid_file.read_text().replace(pid_file.read_text().splitlines()[0], str(os.getpid()), 1))
    running.up()
    assert running.is_ready()


def test_a_remembered_port_that_somebody_took_is_replaced_by_a_free_one(running: Onebox) -> None:
    taken = port_of(running, "postgres")
    assert running.run("down").returncode == 0
    with socket.create_server(("127.0.0.1", taken)):
        running.up()
        assert port_of(running, "postgres") != taken
        assert running.is_ready()


def test_a_port_that_was_asked_for_and_is_taken_is_refused_by_name(tmp_path: Path) -> None:
    with onebox(tmp_path / "home") as box, socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        finished = box.run("up", "--port", str(port))
        assert finished.returncode == 1
        assert f"Port {port} is taken" in finished.stderr
        assert box.processes() == []


def test_an_agent_added_to_the_running_instance_can_sign_in(running: Onebox) -> None:
    added = running.run("add", "agent", "dana", "--name", "Dana", "--role", "agent", "--tiers", "1")
    assert added.returncode == 0, added.stderr
    password = json.loads(added.stdout)["password"]
    assert signed_in(running.state().url, "dana", password)


def test_interrupting_up_in_the_foreground_stops_everything_in_order(box: Onebox) -> None:
    box.run("down")
    with subprocess.Popen(box.command("up"), env=box.environment(), text=True, stdout=subprocess.PIPE) as foreground:
        assert foreground.stdout is not None
        lines = iter(foreground.stdout.readline, "")
        assert any("Tierdesk is ready" in line for line in lines)
        below = box.processes()
        foreground.send_signal(signal.SIGINT)
        assert list(lines)[-1].endswith("Stopped.\n")
    assert foreground.returncode == 0
    assert all_gone(below)


def test_sign_ins_are_shown_and_work_but_get_into_no_log(running: Onebox) -> None:
    shown = running.run("up").stdout
    sign_ins = Credentials(running.home)
    assert set(sign_ins.staff) >= {"admin", "operator", "lead"}
    logs = "".join(log.read_text(errors="replace") for log in (running.home / "logs").iterdir())
    for agent, password in sign_ins.staff.items():
        assert password in shown
        assert password not in logs
        assert signed_in(running.state().url, agent, password)
        assert not signed_in(running.state().url, agent, "wrong " + password)


def test_reset_leaves_nothing(running: Onebox) -> None:
    below = running.processes()
    postgres = Path(psutil.Process(running.pid("postgres")).cwd())
    assert running.run("reset", "--yes").returncode == 0
    assert all_gone(below)
    assert not running.home.exists()
    assert not postgres.exists()


def test_split_runs_each_service_and_tier_on_its_own_behind_the_one_port(tmp_path: Path) -> None:
    port = any_free(set())
    with onebox(tmp_path / "home") as box:
        state = box.up("--split", "--port", str(port))
        tiers = {f"tier-queues-{tier}" for tier in (1, 2, 3)}
        services = {"intake", "router", "vendor-bridge", "notifications"} | tiers
        assert services < {record.name for record in state.processes}
        assert state.url.endswith(f":{port}")
        for path in ("intake", "router", "tier-queues", "vendor-bridge", "notifications"):
            assert status_of(f"{state.url}/{path}/operations") == 401, path


def signed_in(url: str, agent: str, password: str) -> bool:
    answer = httpx.post(f"{url}/tier-queues/session", json={"agent": agent, "password": password})
    return answer.status_code < 300


def kill_all(processes: list[psutil.Process]) -> None:
    """All at once: the supervisor starts nothing again, and nobody is told of its end in time to stop in order."""
    supervisor, *below = processes
    supervisor.suspend()
    for process in (*below, supervisor):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    eventually(lambda: all_gone(processes), "all that was killed is gone")


def port_of(instance: Onebox, name: str) -> int:
    record = instance.record(name)
    assert record is not None
    assert record.port is not None
    return record.port
