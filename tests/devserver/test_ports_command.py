"""`portside ports`: the table, one port, the plan of the project, and what changes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.loopback import low_port
from tests.patience import PATIENCE_S

from .conftest import Start, wait_until
from .holding import Holding, can_change_user
from .test_conflicts import Screen, in_terminal

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="ports are read from Linux's /proc"
)


@pytest.fixture
def port() -> int:
    return low_port()


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "portside", "ports", *words]


def run(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words), capture_output=True, text=True, timeout=PATIENCE_S, check=False, **options
    )


def listed(*words: str, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*words, "--output-format", "json", **options).stdout)
    return found


def test_the_table_says_who_listens_where(port: int, tmp_path: Path) -> None:
    with Holding("listens", port, "0.0.0.0") as holding:
        result = run(cwd=tmp_path)
    assert result.returncode == 0
    head, *lines = result.stdout.splitlines()
    assert head.split() == ["PORT", "ADDRESS", "STATE", "PID", "AGE", "USER", "PROCESS"]
    (line,) = [line for line in lines if line.startswith(str(port))]
    name = Path(sys.executable).name
    assert line.split()[:4] == [str(port), "*", "listening", str(holding.pid)]
    assert f"you   {name} -c" in line
    assert "/" + name not in line


def test_all_states_are_in_the_table(tmp_path: Path) -> None:
    numbers = sorted(low_port() for _ in range(4))
    with (
        Holding("listens", numbers[0]),
        Holding("is bound", numbers[1]),
        Holding("shares", numbers[2]),
        Holding("shares", numbers[2]),
        Holding("has a child with the socket", numbers[3]),
    ):
        rows = listed(cwd=tmp_path)["ports"]
        text = run(cwd=tmp_path).stdout
    states = [(row["port"], row["state"], len(row["holders"])) for row in rows if row["port"] in numbers]
    assert sorted(states) == [
        (numbers[0], "listening", 1),
        (numbers[1], "bound, not listening", 1),
        (numbers[2], "shared", 1),
        (numbers[2], "shared", 1),
        (numbers[3], "listening", 2),
    ]
    assert "inherited" in text


def test_the_projects_servers_come_first(tmp_path: Path, serve: Start, project: Path) -> None:
    served = serve("app:app")
    served.wait_for("ready")
    number = low_port()
    environment = {**os.environ, "PORTSIDE_STATE_DIR": str(served.state)}
    with Holding("listens", number):
        rows = listed(cwd=project, env=environment)["ports"]
        text = run(cwd=project, env=environment).stdout
    assert rows[0]["port"] == served.port
    assert rows[0]["holders"][0]["server"] == f"http://127.0.0.1:{served.port}"
    assert "app:app (dev server): python" in text.splitlines()[1]


@pytest.mark.skipif(not can_change_user(), reason="needs root, to become another user")
def test_others_are_shown_on_demand(port: int, tmp_path: Path) -> None:
    with Holding("is another user's", port) as holding:
        assert port not in [row["port"] for row in listed(cwd=tmp_path)["ports"]]
        rows = [row for row in listed("--all", cwd=tmp_path)["ports"] if row["port"] == port]
    assert [holder["pid"] for row in rows for holder in row["holders"]] == [holding.pid]


def test_an_engines_many_ports_are_one_line(tmp_path: Path) -> None:
    source = (
        "import socket, time; s = [socket.create_server(('127.0.0.1', 0)) for _ in range(13)];"
        "print(flush=True); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    folded = [row for row in listed(cwd=tmp_path)["ports"] if row["holders"][0]["pid"] == process.pid]
    every = [row for row in listed("--all", cwd=tmp_path)["ports"] if _is_of(row, process.pid)]
    process.kill()
    process.communicate()
    assert [len(row["more_ports"]) for row in folded] == [12]
    assert len(every) == 13


def _is_of(row: dict[str, Any], pid: int) -> bool:
    return any(holder["pid"] == pid for holder in row["holders"])


def test_exit_codes_tell_whether_a_port_can_be_had(port: int) -> None:
    assert run(str(port)).returncode == 0
    with Holding("listens", port):
        assert run(str(port)).returncode == 1
        assert run(str(low_port()), str(port)).returncode == 1
    assert run("70000").returncode == 2
    assert run("eighty").returncode == 2


def test_no_secret_is_shown(port: int) -> None:
    with Holding("listens", port, "127.0.0.1", "--api-key", "topsecret"):
        result = run("--all")
        assert str(port) in result.stdout
        for text in (result.stdout, run(str(port)).stdout, json.dumps(listed("--all"))):
            assert "topsecret" not in text


# -- the plan ------------------------------------------------------------------------------------


def test_the_plan_of_a_project_names_every_port_and_what_is_in_its_way(port: int, tmp_path: Path) -> None:
    api, taken = low_port(), port
    transfer = '{"kv_connector": "NixlConnector", "kv_role": "kv_both"}'
    words = ["vllm", "serve", "m", "--port", str(api), "--kv-transfer-config", transfer]
    (tmp_path / "portside.toml").write_text(
        f"[servers.llm]\ncommand = {json.dumps(words)}\n"
        f'env = {{ VLLM_NIXL_SIDE_CHANNEL_PORT = "{taken}", VLLM_PORT = "{taken}" }}\n'
    )
    with Holding("listens", taken) as holding:
        plan = listed(cwd=tmp_path)["plan"]
        text = run(cwd=tmp_path).stdout
    facts = [(row["what"], row["port"], row["setting"], row["conflict"]) for row in plan]
    assert facts == [
        ("HTTP API", api, None, False),
        ("first of vLLM's internal ports", taken, "VLLM_PORT", False),
        ("NIXL side channel", taken, "VLLM_NIXL_SIDE_CHANNEL_PORT", True),
    ]
    assert plan[2]["text"] == f"listening by pid {holding.pid}"
    assert plan[1]["text"] == f"listening by pid {holding.pid}: vLLM takes the next"
    assert "The ports of this project" in text


def test_a_port_in_use_by_its_own_dev_server_is_no_conflict(serve: Start, project: Path) -> None:
    served = serve("app:app")
    served.wait_for("ready")
    (project / "portside.toml").write_text(f'[servers.api]\napp = "app:app"\nport = {served.port}\n')
    environment = {**os.environ, "PORTSIDE_STATE_DIR": str(served.state)}
    (row,) = listed(cwd=project, env=environment)["plan"]
    assert (row["running"], row["conflict"], row["text"]) == (True, False, "in use by its own dev server")


# -- changes -------------------------------------------------------------------------------------


def test_what_changes_is_told_line_by_line_and_ctrl_c_ends_it(port: int, tmp_path: Path) -> None:
    output = tmp_path / "output"
    with output.open("w") as file:
        process = subprocess.Popen(command("--watch"), stdout=file, stderr=file, cwd=tmp_path)
    with Holding("listens", port) as holding:
        wanted = f"+ {port}  127.0.0.1  listening  {holding.pid}"
        wait_until(lambda: wanted in output.read_text(), wanted)
    wait_until(lambda: f"- {port}  127.0.0.1  listening  {holding.pid}" in output.read_text(), "its end")
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE_S) == 0
    assert "Traceback" not in output.read_text()


def test_changes_as_json(port: int, tmp_path: Path) -> None:
    output = tmp_path / "output"
    with output.open("w") as file:
        words = ("--watch", str(port), "--output-format", "json")
        process = subprocess.Popen(command(*words), stdout=file, stderr=file)
    wait_until(lambda: output.read_text().count("\n") == 1, "the first line")
    with Holding("listens", port):
        wait_until(lambda: output.read_text().count("\n") >= 3, "the change")
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE_S) == 0
    events = [json.loads(line) for line in output.read_text().splitlines()[:3]]
    assert [(event["event"], event["state"]) for event in events] == [
        ("opened", "free"), ("closed", "free"), ("opened", "listening"),
    ]  # fmt: skip


def test_a_terminal_is_refreshed_and_left_as_it_was(port: int, tmp_path: Path) -> None:
    process, master = in_terminal(tmp_path, tmp_path, "--watch", command="ports")
    screen = Screen(master)
    screen.wait_for("Ctrl-C ends this")
    with Holding("listens", port):
        screen.wait_for(str(port))
    screen.press("\x03")
    screen.wait_for("\x1b[?1049l")
    assert process.wait(PATIENCE_S) == 0
    os.close(master)
    assert "Traceback" not in screen.text


# -- speed ---------------------------------------------------------------------------------------


def test_a_table_of_many_sockets_takes_no_time_worth_a_word(tmp_path: Path) -> None:
    """scripts/ports_bench.py measures it; here only that nothing grows with the square of it."""
    source = (
        "import socket, time; s = [socket.create_server(('127.0.0.1', 0)) for _ in range(400)];"
        "print(flush=True); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    began = time.process_time()
    from portside.devserver.ports import port_table

    rows = [row for row in port_table.table(str(tmp_path), everything=True) if row.port]
    spent = time.process_time() - began
    process.kill()
    process.communicate()
    assert len(rows) >= 400
    assert spent < 20  # with the square of it, minutes
