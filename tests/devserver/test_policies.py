"""What `--on-conflict` makes of a port that is taken, for each policy, and of the run's other ports."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from tests.loopback import is_listening, low_port
from tests.patience import PATIENCE_S

from .conftest import Start, ask, wait_until, write
from .holding import Holding
from .test_conflicts import Screen, in_terminal

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="portside serve is for Linux")


@pytest.fixture
def port() -> int:
    return low_port()


# -- wait ----------------------------------------------------------------------------------------


def test_wait_starts_once_the_port_is_free(serve: Start, port: int) -> None:
    with Holding("listens", port) as holding:
        served = serve("app:app", "--on-conflict", "wait", port=port)
        conflict = served.wait_for("conflict")
        assert conflict["holders"][0]["pid"] == holding.pid
        note = served.wait_for("note")
        assert note["text"] == f"waiting for port {port}, held by pid {holding.pid}; Ctrl-C gives up"
    served.wait_for("ready")
    assert ask(port) == (200, "1")


def test_wait_tells_when_somebody_else_takes_it(serve: Start, port: int) -> None:
    with Holding("listens", port):
        served = serve("app:app", "--on-conflict", "wait", port=port)
        served.wait_for("note")
        served.process.send_signal(signal.SIGSTOP)  # it must not get in between
        stopped = psutil.Process(served.process.pid)
        wait_until(lambda: stopped.status() == psutil.STATUS_STOPPED, "its stop")
    with Holding("listens", port) as second:
        served.process.send_signal(signal.SIGCONT)
        wait_until(
            lambda: len([e for e in served.events if e["event"] == "conflict"]) == 2, "the second holder"
        )
        told = [event for event in served.events if event["event"] == "conflict"][1]
        assert told["holders"][0]["pid"] == second.pid
        served.process.send_signal(signal.SIGINT)
        assert served.process.wait(PATIENCE_S) == 2


def test_ctrl_c_ends_the_wait_cleanly(serve: Start, port: int) -> None:
    with Holding("listens", port) as holding:
        served = serve("app:app", "--on-conflict", "wait", port=port)
        served.wait_for("note")
        served.process.send_signal(signal.SIGINT)
        assert served.process.wait(PATIENCE_S) == 2
        assert "Traceback" not in served.log
        assert holding.process.poll() is None


# -- stop ----------------------------------------------------------------------------------------


def test_stop_ends_nothing_that_is_not_proved_to_be_ones_own(serve: Start, port: int) -> None:
    with Holding("listens", port) as holding:
        served = serve("app:app", "--on-conflict", "stop", port=port)
        assert served.process.wait(PATIENCE_S) == 2
        assert holding.process.poll() is None


HOLDING_CHILD = """\
import os, socket, sys, time
port = int(os.environ["CHILD_PORT"])
if os.fork() == 0:
    os.setsid()
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen()
    time.sleep(600)
"""


def _is_portsides(process: psutil.Process) -> bool:
    """All but the child that the app forked, which has the app's command line and a session of its own."""
    return os.getsid(process.pid) != process.pid or not _is_forked(process)


def _is_forked(process: psutil.Process) -> bool:
    parent = process.parent()
    return parent is not None and parent.cmdline() == process.cmdline()


def test_stop_ends_what_is_left_of_an_own_run_whose_dev_server_was_killed(
    serve: Start, project: Path, port: int
) -> None:
    """Killed with its guardian at once: what it had started lives on, and has a port."""
    app = (project / "app.py").read_text()
    write(project / "engine.py", HOLDING_CHILD + app)
    first = serve("engine:app", env={"CHILD_PORT": str(port)})
    first.wait_for("ready")
    wait_until(lambda: is_listening(port), "the child's port")
    # All of Portside's own at once: frozen first, so that none can see the others go.
    own = [process for process in first.tree() if _is_portsides(process)]
    for process in own:
        process.suspend()
    for process in own:
        process.kill()
    first.process.wait(PATIENCE_S)
    wait_until(lambda: is_listening(port), "the child's port, still")
    second = serve("app:app", "--on-conflict", "stop", port=port)
    second.wait_for("ready")
    assert ask(port) == (200, "1")
    wait_until(
        lambda: not [process for process in first.tree() if process.pid != second.process.pid], "the rest"
    )


def test_stop_asks_in_a_terminal_about_others(project: Path, tmp_path: Path, port: int) -> None:
    with Holding("listens", port) as holding:
        process, master = in_terminal(
            project, tmp_path, "app:app", "--port", str(port), "--on-conflict", "stop"
        )
        screen = Screen(master)
        screen.wait_for(f"[k] stop pid {holding.pid} and start")
        screen.press("q")
        assert process.wait(PATIENCE_S) == 2
        assert holding.process.poll() is None
        os.close(master)


# -- next, ask, fail -----------------------------------------------------------------------------


def test_the_dialog_names_the_port_that_would_be_taken(project: Path, tmp_path: Path, port: int) -> None:
    with Holding("listens", port):
        process, master = in_terminal(project, tmp_path, "app:app", "--port", str(port))
        screen = Screen(master)
        screen.wait_for("[q] quit")
        assert f"[n] use {port + 1}   [w] wait until it is free   [q] quit" in screen.text
        screen.press("xn")
        screen.wait_for(f"using port {port + 1} instead of {port}")
        screen.wait_for("ready in")
        screen.press("\x03")
        assert process.wait(PATIENCE_S) == 0
        os.close(master)


def test_a_port_that_becomes_free_while_the_user_thinks_is_taken(
    project: Path, tmp_path: Path, port: int
) -> None:
    with Holding("listens", port):
        process, master = in_terminal(project, tmp_path, "app:app", "--port", str(port))
        screen = Screen(master)
        screen.wait_for("[q] quit")
    screen.wait_for(f"port {port} has become free")
    screen.wait_for("ready in")
    screen.press("\x03")
    assert process.wait(PATIENCE_S) == 0
    os.close(master)


def test_the_policy_may_stand_in_the_settings(serve: Start, project: Path, port: int) -> None:
    (project / "portside.toml").write_text('[servers.api]\napp = "app:app"\non-conflict = "next"\n')
    with Holding("listens", port):
        served = serve("api", port=port)
        assert served.wait_for("claimed")["port"] > port
        served.wait_for("ready")


SLOW_TO_IMPORT = {
    "asyncio",
    "logging",
    "psutil",
    "pygls",
    "rich",
    "tree_sitter",
    "uvicorn",
    "watchfiles",
    "yaml",
}


def test_a_conflict_is_printed_before_anything_slow_is_imported(project: Path, port: int) -> None:
    """Within 0.3 s on an idle machine."""
    write(project / "app.py", "raise SystemExit('imported')\n")
    told_of = [sys.executable, "-X", "importtime", "-m", "portside", "serve", "app:app", "--port", str(port)]
    with Holding("listens", port):
        result = subprocess.run(told_of, cwd=project, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert f"✗ port {port} is taken" in result.stdout
    assert "imported\n" not in result.stdout
    modules = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "portside.devserver.ports.conflict" in modules
    assert modules & SLOW_TO_IMPORT == set()


# -- races ---------------------------------------------------------------------------------------


def test_of_two_that_want_a_port_at_once_one_has_it_and_the_other_says_who(serve: Start, port: int) -> None:
    both = [serve("app:app", port=port), serve("app:app", port=port)]
    wait_until(lambda: any(one.process.poll() == 2 for one in both), "the loser")
    (loser,) = [one for one in both if one.process.poll() == 2]
    (winner,) = [one for one in both if one is not loser]
    winner.wait_for("ready")
    assert loser.wait_for("conflict")["holders"][0]["pid"] == winner.process.pid
    assert ask(port) == (200, "1")


def test_claims_at_the_same_moment_have_one_winner(port: int) -> None:
    """With remains of connections too, when all bind with SO_REUSEADDR."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        with socket.create_connection(("127.0.0.1", port)):
            listener.accept()[0].close()
    source = (
        "import sys, time\n"
        "from portside.devserver.ports import ports\n"
        "print('at the start', flush=True)\n"
        "time.sleep(max(0, float(sys.stdin.readline()) - time.time()))\n"
        "result = ports.claim('127.0.0.1', int(sys.argv[1]))\n"
        "print(type(result).__name__, flush=True)\n"
        "sys.stdin.read()\n"
    )
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", source, str(port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(6)
    ]  # fmt: skip
    assert {_line_of(racer) for racer in racers} == {"at the start"}
    start = time.time() + 0.3
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write(f"{start}\n")
        racer.stdin.flush()
    said = [_line_of(racer) for racer in racers]
    for racer in racers:
        racer.communicate()
    assert sorted(said) == ["Claim", *["Refusal"] * 5]


def _line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_port_zero_is_no_conflict_ever(serve: Start) -> None:
    served = serve("app:app", port=0)
    claimed = served.wait_for("claimed")
    served.wait_for("ready")
    assert ask(claimed["port"]) == (200, "1")
    served.port = claimed["port"]


# -- the other ports of a run --------------------------------------------------------------------


def test_another_port_of_the_run_that_is_taken_is_said_before_anything_is_loaded(
    serve: Start, project: Path, port: int
) -> None:
    write(project / "app.py", "raise SystemExit('imported')\n")
    with Holding("listens", port) as holding:
        served = serve("app:app", env={"VLLM_NIXL_SIDE_CHANNEL_PORT": str(port)})
        assert served.process.wait(PATIENCE_S) == 2
        conflict = served.wait_for("conflict")
    assert conflict["port"] == port
    assert conflict["planned"] == {"what": "NIXL side channel", "setting": "VLLM_NIXL_SIDE_CHANNEL_PORT"}
    assert conflict["text"] == (
        f"port {port}, NIXL side channel (VLLM_NIXL_SIDE_CHANNEL_PORT), can't be had: port {port} is taken"
    )
    assert conflict["holders"][0]["pid"] == holding.pid
    assert "imported" not in served.log


def test_a_run_that_would_get_into_its_own_way_is_told_so(serve: Start, port: int) -> None:
    served = serve("app:app", port=port, env={"VLLM_NIXL_SIDE_CHANNEL_PORT": str(port)})
    assert served.process.wait(PATIENCE_S) == 2
    text = served.wait_for("conflict")["text"]
    assert text.endswith("is the port of the API as well: this run would get into its own way")


def test_next_moves_the_api_away_from_the_runs_own_ports(serve: Start, port: int) -> None:
    served = serve(
        "app:app", "--on-conflict", "next", port=port,
        env={"VLLM_NIXL_SIDE_CHANNEL_PORT": str(port)},
    )  # fmt: skip
    assert served.wait_for("claimed")["port"] == port + 1
    served.wait_for("ready")
    served.port = port + 1


def test_next_passes_over_a_port_that_the_run_needs_for_something_else(serve: Start, port: int) -> None:
    with Holding("listens", port):
        served = serve(
            "app:app", "--on-conflict", "next", port=port,
            env={"VLLM_NIXL_SIDE_CHANNEL_PORT": str(port + 1)},
        )  # fmt: skip
        assert served.wait_for("claimed")["port"] == port + 2
        served.wait_for("ready")
        served.port = port + 2


def test_kubernetes_variable_for_a_service_called_vllm_is_told_at_once(serve: Start) -> None:
    served = serve("app:app", env={"VLLM_PORT": "tcp://10.0.0.1:8000"})
    assert served.process.wait(PATIENCE_S) == 2
    text = served.wait_for("conflict")["text"]
    assert text == "VLLM_PORT=tcp://10.0.0.1:8000 is no port number: vLLM fails on it, after some 20 s"


def test_a_remedy_is_offered_and_one_may_start_all_the_same(project: Path, tmp_path: Path, port: int) -> None:
    (project / "portside.toml").write_text(
        f'[servers.api]\napp = "app:app"\nenv = {{ VLLM_NIXL_SIDE_CHANNEL_PORT = "{port}" }}\n'
    )
    with Holding("listens", port) as holding:
        process, master = in_terminal(project, tmp_path, "api", "--port", "0")
        screen = Screen(master)
        screen.wait_for("[q] quit")
        assert f"set VLLM_NIXL_SIDE_CHANNEL_PORT={port + 1}" in screen.text
        assert f"[k] stop pid {holding.pid} and start" in screen.text
        screen.press("s")
        screen.wait_for("ready in")
        screen.press("\x03")
        assert process.wait(PATIENCE_S) == 0
        assert holding.process.poll() is None
        os.close(master)


def test_vllms_internal_ports_move_by_themselves(serve: Start, port: int) -> None:
    with Holding("listens", port):
        served = serve("app:app", env={"VLLM_PORT": str(port)})
        served.wait_for("ready")


# -- neighbours ----------------------------------------------------------------------------------


def test_a_server_on_the_other_family_is_mentioned(serve: Start, port: int) -> None:
    with Holding("listens on IPv6 alone", port, "::1"):
        served = serve("app:app", port=port)
        note = served.wait_for("note")
        served.wait_for("ready")
    assert note["text"] == (
        f"another process listens at [::1]:{port}, which does not conflict; but `localhost:{port}` "
        f"may reach that one: use http://127.0.0.1:{port}"
    )


def test_events_are_whole_json(serve: Start, port: int) -> None:
    with Holding("listens", port):
        served = serve("app:app", port=port)
        served.process.wait(PATIENCE_S)
        conflict = served.wait_for("conflict")
    assert [action["action"] for action in conflict["actions"]] == ["stop", "next", "wait", "another"]
    assert json.dumps(conflict)


# -- Unix sockets --------------------------------------------------------------------------------

VLLM = (sys.executable, "-m", "vllm.entrypoints.cli.main", "serve", "m")
STANDIN = Path(__file__).parents[1] / "standin"


def left_behind(path: Path) -> str:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
    return str(path)


def test_a_socket_file_in_vllms_way_is_told_before_anything_is_loaded(tmp_path: Path) -> None:
    path = left_behind(tmp_path / "v.sock")
    words = ["serve", "--output-format", "json", "--", *VLLM, "--uds", path]
    environment = {**os.environ, "PYTHONPATH": str(STANDIN), "PORTSIDE_STATE_DIR": str(tmp_path / "state")}
    command = [sys.executable, "-m", "portside", *words]
    result = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert result.returncode == 2
    events = [json.loads(line) for line in result.stdout.splitlines()]
    (conflict,) = [event for event in events if event["event"] == "conflict"]
    assert (conflict["path"], conflict["state"]) == (path, "stale socket file")


def test_another_port_of_a_vllm_command_is_looked_at(serve: Start, port: int) -> None:
    with Holding("listens", port) as holding:
        served = serve("--", *VLLM, "--nnodes", "2", "--master-port", str(port), paths=[STANDIN])
        assert served.process.wait(PATIENCE_S) == 2
        conflict = served.wait_for("conflict")
    assert conflict["planned"] == {"what": "rendezvous of several machines", "setting": "--master-port"}
    assert conflict["holders"][0]["pid"] == holding.pid
