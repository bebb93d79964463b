"""A port that can't be had is said at once, with who has it, and before anything is loaded."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.patience import PATIENCE_S

from portside.devserver.ports import holders, ports, sockets
from portside.devserver.ports.ports import Claim, PortState, Refusal
from portside.devserver.ports.tcp_socket import TcpState

from .conftest import Start, ask, free_port, wait_until, write

LISTEN = """\
import socket, sys, time
sock = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
if ":" in sys.argv[1]:
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
sock.bind((sys.argv[1], int(sys.argv[2])))
if sys.argv[3] == "listen":
    sock.listen()
print("held", flush=True)
time.sleep(600)
"""


class Holding:
    """Another process that has the port."""

    def __init__(self, host: str, port: int, how: str = "listen", *more: str) -> None:
        command = [sys.executable, "-c", LISTEN, host, str(port), how, *more]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "held\n"

    def __enter__(self) -> Holding:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


def claim(host: str, port: int) -> Refusal | None:
    result = ports.claim(host, port)
    if isinstance(result, Claim):
        result.close()
        return None
    return result


@pytest.fixture
def port() -> int:
    return free_port()


def state(host: str, port: int) -> PortState | None:
    refusal = claim(host, port)
    return refusal.state if refusal else None


# -- states --------------------------------------------------------------------------------


def test_a_free_port_is_claimed_and_listens(port: int) -> None:
    result = ports.claim("127.0.0.1", port)
    assert isinstance(result, Claim)
    with socket.create_connection(("127.0.0.1", port)):
        pass
    result.close()


def test_port_zero_takes_any() -> None:
    result = ports.claim("127.0.0.1", 0)
    assert isinstance(result, Claim)
    assert result.port > 0
    assert result.url == f"http://127.0.0.1:{result.port}"
    result.close()


@pytest.mark.parametrize(
    ("theirs", "ours", "expected"),
    [
        ("127.0.0.1", "127.0.0.1", PortState.LISTENING),
        ("0.0.0.0", "127.0.0.1", PortState.LISTENING),
        ("127.0.0.1", "0.0.0.0", PortState.LISTENING),
        ("::", "0.0.0.0", PortState.LISTENING),
        ("127.0.0.2", "127.0.0.1", None),
        ("::1", "127.0.0.1", None),
    ],
)
def test_addresses_that_overlap_conflict(
    port: int, theirs: str, ours: str, expected: PortState | None
) -> None:
    with Holding(theirs, port):
        assert state(ours, port) is expected


def test_bound_and_not_listening_is_seen(port: int) -> None:
    """As vLLM is while it loads: a bind with SO_REUSEADDR would succeed, and leave it deaf."""
    with Holding("127.0.0.1", port, "bind"):
        assert state("127.0.0.1", port) is PortState.BOUND


def test_time_wait_is_free(port: int) -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = listener.accept()
        accepted.close()  # closing first is what leaves TIME_WAIT here
        client.close()
    wait_until(lambda: [row.state for row in sockets.at_port(port)] == [TcpState.TIME_WAIT], "TIME_WAIT")
    assert state("127.0.0.1", port) is None


@pytest.mark.parametrize(
    ("host", "number", "expected"),
    [
        ("127.0.0.1", 70000, PortState.INVALID),
        ("127.0.0.1", -1, PortState.INVALID),
        ("192.0.2.1", 8000, PortState.NOT_LOCAL),
        ("no-such-host.invalid", 8000, PortState.UNKNOWN_HOST),
    ],
)
def test_what_can_never_be_had(host: str, number: int, expected: PortState) -> None:
    assert state(host, number) is expected


def _may_bind_low_ports() -> bool:
    return claim("127.0.0.1", 1) is None


@pytest.mark.skipif(_may_bind_low_ports(), reason="this user may bind low ports")
def test_a_privileged_port_is_named_so() -> None:
    assert state("127.0.0.1", 1) is PortState.PRIVILEGED


# -- holders -------------------------------------------------------------------------------


def test_the_holder_is_named_without_its_secrets(port: int) -> None:
    with Holding("127.0.0.1", port, "listen", "HF_TOKEN=hf_abcdefgh", "--api-key", "topsecret") as holding:
        (holder,) = holders.occupancy(port).holders
    assert holder.pid == holding.process.pid
    assert holder.mine
    assert holder.command.endswith(f"127.0.0.1 {port} listen 'HF_TOKEN=***' --api-key '***'")
    assert holder.age_s < 60


# -- what the command does ------------------------------------------------------------------


def test_a_conflict_is_the_end_without_a_terminal(serve: Start, port: int, project: Path) -> None:
    write(project / "app.py", "raise SystemExit('it must not be imported')\n")
    with Holding("127.0.0.1", port) as holding:
        served = serve("app:app", port=port)
        assert served.process.wait(PATIENCE_S) == 2
    conflict = served.wait_for("conflict")
    assert (conflict["port"], conflict["state"]) == (port, "listening")
    assert [holder["pid"] for holder in conflict["holders"]] == [holding.process.pid]
    assert "it must not be imported" not in served.log


def test_the_next_free_port_is_taken_on_demand(serve: Start, port: int) -> None:
    with Holding("127.0.0.1", port):
        served = serve("app:app", "--on-conflict", "next", port=port)
        claimed = served.wait_for("claimed")
        assert claimed["port"] > port
        served.wait_for("ready")
        assert ask(claimed["port"]) == (200, "1")
        served.port = claimed["port"]


def test_a_running_dev_server_is_recognised(serve: Start) -> None:
    first = serve("app:app")
    first.wait_for("ready")
    second = serve("app:app", port=first.port)
    assert second.process.wait(PATIENCE_S) == 2
    (holder,) = second.wait_for("conflict")["holders"]
    assert holder["server"] == f"http://127.0.0.1:{first.port}"


def in_terminal(
    folder: Path, tmp_path: Path, *arguments: str, command: str = "serve"
) -> tuple[subprocess.Popen[bytes], int]:
    """`portside serve`, or another command, on a terminal of its own; its master."""
    master, slave = os.openpty()
    environment = {
        **os.environ,
        "PORTSIDE_STATE_DIR": str(tmp_path / "state"),
        "TERM": "dumb",
        "COLUMNS": "200",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", _IN_TERMINAL, command, *arguments],
        cwd=folder, env=environment, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    return process, master


_IN_TERMINAL = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
sys.argv[:1] = ["portside"]
from portside.cli import main
main()
"""


class Screen:
    """What a terminal has shown so far."""

    def __init__(self, master: int) -> None:
        self._master = master
        self.text = ""

    def wait_for(self, wanted: str, patience_s: float = 40.0) -> None:
        end = time.monotonic() + patience_s
        os.set_blocking(self._master, False)
        while wanted not in self.text:
            assert time.monotonic() < end, f"no {wanted!r} in {self.text}"
            try:
                self.text += os.read(self._master, 65536).decode(errors="replace")
            except BlockingIOError:
                time.sleep(0.01)
            except OSError:
                break
        assert wanted in self.text

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())


@pytest.mark.parametrize(("key", "code"), [("q", 2), ("\x03", 2)], ids=["q", "Ctrl-C"])
def test_asked_in_a_terminal_one_may_quit(
    project: Path, tmp_path: Path, port: int, key: str, code: int
) -> None:
    with Holding("127.0.0.1", port) as holding:
        process, master = in_terminal(project, tmp_path, "app:app", "--port", str(port))
        screen = Screen(master)
        screen.wait_for("[q] quit")
        assert f"pid {holding.process.pid}, yours, started" in screen.text
        screen.press(key)
        assert process.wait(PATIENCE_S) == code
        assert holding.process.poll() is None
        os.close(master)


def test_asked_in_a_terminal_one_may_stop_the_holder(project: Path, tmp_path: Path, port: int) -> None:
    with Holding("127.0.0.1", port) as holding:
        process, master = in_terminal(project, tmp_path, "app:app", "--port", str(port))
        screen = Screen(master)
        screen.wait_for("[k] stop pid")
        screen.press("k")
        screen.wait_for("ready in")
        assert holding.process.wait(PATIENCE_S) == -signal.SIGINT
        assert ask(port) == (200, "1")
        screen.press("\x03")
        screen.wait_for("no process is left")
        assert process.wait(PATIENCE_S) == 0
        os.close(master)


def test_asked_in_a_terminal_one_may_wait(project: Path, tmp_path: Path, port: int) -> None:
    with Holding("127.0.0.1", port):
        process, master = in_terminal(project, tmp_path, "app:app", "--port", str(port))
        screen = Screen(master)
        screen.wait_for("[w] wait")
        screen.press("w")
        screen.wait_for("waiting for port")
    screen.wait_for("ready in")
    screen.press("\x03")
    assert process.wait(PATIENCE_S) == 0
    os.close(master)


# -- the worker's terminal -------------------------------------------------------------------


def test_the_worker_has_a_terminal_and_breakpoint_works(project: Path, tmp_path: Path, port: int) -> None:
    text = (project / "app.py").read_text()
    write(
        project / "app.py",
        text.replace('"1"', '"1"\nimport sys\nFACTS = sys.stdin.isatty(), sys.stdout.isatty()\nbreakpoint()'),
    )
    process, master = in_terminal(project, tmp_path, "app:app", "--port", str(port))
    screen = Screen(master)
    screen.wait_for("(Pdb)")
    screen.press("p FACTS, 6 * 7\n")
    screen.wait_for("((True, True), 42)")
    screen.press("c\n")
    screen.wait_for("ready in")
    screen.press("\x03")
    screen.wait_for("the port is free")
    assert process.wait(PATIENCE_S) == 0
    os.close(master)
