"""Every state that a port can be in, made for real, told apart and put into one sentence."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.loopback import free_port, low_port

from portside.devserver.ports import holders, port_report, sockets
from portside.devserver.ports.holder_kinds import HolderKind
from portside.devserver.ports.port_report import PortReport
from portside.devserver.ports.port_states import PortState, ephemeral_range
from portside.devserver.ports.tcp_socket import TcpState

from .conftest import wait_until
from .holding import Holding, can_change_user, can_make_network

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="ports are read from Linux's /proc"
)


@pytest.fixture
def port() -> int:
    return low_port()


def look(port: int, host: str = "127.0.0.1") -> PortReport:
    return port_report.report(host, port)


def shown(report: PortReport) -> str:
    return "\n".join([report.text, *(f"{label}: {text}" for label, text in report.rows())])


def test_nobody_has_it(port: int) -> None:
    report = look(port)
    assert report.is_free
    assert report.text == f"port {port} is free"


def test_somebody_listens(port: int) -> None:
    with Holding("listens", port) as holding:
        report = look(port)
    assert report.found.state is PortState.LISTENING
    assert report.text == f"port {port} is taken"
    (holder,) = report.occupancy.holders
    assert (holder.pid, holder.kind, holder.mine) == (holding.pid, HolderKind.PROCESS, True)
    assert report.occupancy.stoppable == (holder,)


@pytest.mark.parametrize(
    ("theirs", "ours", "sentence"),
    [
        ("0.0.0.0", "127.0.0.1", "its holder listens on all addresses (0.0.0.0), 127.0.0.1 among them"),
        ("127.0.0.1", "0.0.0.0", "taken on 127.0.0.1, one of all the addresses that 0.0.0.0 stands for"),
        ("::", "127.0.0.1", "listens on [::], which takes all IPv4 addresses as well, 127.0.0.1 among them"),
        ("::1", "::", "taken on [::1], one of all the addresses that :: stands for"),
    ],
)
def test_a_wildcard_and_an_address_overlap(port: int, theirs: str, ours: str, sentence: str) -> None:
    with Holding("listens", port, theirs):
        assert sentence in look(port, ours).text


@pytest.mark.parametrize(("theirs", "ours"), [("127.0.0.2", "127.0.0.1"), ("::1", "127.0.0.1")])
def test_other_addresses_do_not_conflict_and_are_named(port: int, theirs: str, ours: str) -> None:
    with Holding("listens on IPv6 alone" if ":" in theirs else "listens", port, theirs) as holding:
        report = look(port, ours)
    assert report.is_free
    assert f"by pid {holding.pid} (" in shown(report)
    assert "which does not conflict" in shown(report)


def test_it_is_bound_and_nobody_listens(port: int) -> None:
    with Holding("is bound", port) as holding:
        report = look(port)
    assert report.found.state is PortState.BOUND
    assert report.text == (
        f"port {port} is bound by a process that does not listen yet (a server that is loading?)"
    )
    assert [holder.pid for holder in report.occupancy.holders] == [holding.pid]


def test_a_kernel_that_hides_what_is_bound_still_gives_the_process_away(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before Linux 6.8, or where netlink is forbidden."""

    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr("portside.devserver.ports.sock_diag.tcp_sockets", forbidden)
    with Holding("is bound", port) as holding:
        assert not sockets.shows_bound()
        report = look(port)
    assert report.found.state is PortState.BOUND
    assert (holding.pid, True) in [(holder.pid, holder.guessed) for holder in report.occupancy.holders]
    assert report.occupancy.stoppable == (), "what is only guessed is never offered for stopping"


def test_bound_beside_remains_is_not_taken_for_free(port: int) -> None:
    """TIME_WAIT alone lets us bind; beside a server that loads we would make it deaf."""
    with leaving_time_wait(port), Holding("is bound", port):
        report = look(port)
    assert report.found.state is PortState.BOUND


@contextlib.contextmanager
def leaving_time_wait(port: int, reuse: bool = True) -> Iterator[None]:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(reuse))
        listener.bind(("127.0.0.1", port))
        listener.listen()
        with socket.create_connection(("127.0.0.1", port)):
            listener.accept()[0].close()  # closing first is what leaves TIME_WAIT here
    wait_until(lambda: [row.state for row in sockets.at_port(port)] == [TcpState.TIME_WAIT], "TIME_WAIT")
    yield


def test_only_time_wait_is_free(port: int) -> None:
    with leaving_time_wait(port):
        report = look(port)
    assert report.is_free
    assert report.found.state is PortState.TIME_WAIT
    assert f"port {port} is free: 1 connection of an earlier server in TIME_WAIT" in report.text


def test_time_wait_of_a_server_without_reuseaddr_is_not_free_yet(port: int) -> None:
    with leaving_time_wait(port, reuse=False):
        report = look(port)
    assert not report.is_free
    assert report.found.state is PortState.LINGERING
    assert "did not set SO_REUSEADDR" in report.text


def test_a_process_that_hangs_on_to_closed_connections_is_named(port: int) -> None:
    with Holding("hangs on to closed connections", port) as holding:
        for _ in range(2):
            socket.create_connection(("127.0.0.1", port)).close()
        holding.said("closed")
        wait_until(lambda: len(sockets.at_port(port)) >= 2, "the connections")
        wait_until(lambda: look(port).found.state is PortState.CLOSE_WAIT, "CLOSE_WAIT")
        report = look(port)
    assert report.text.startswith(
        f"port {port} has no listener any more, but a process hangs on to 2 connections "
        "that the other side has closed (CLOSE_WAIT)"
    )
    assert [holder.pid for holder in report.occupancy.holders] == [holding.pid]


def test_a_listener_that_no_longer_accepts_is_said_to_hang(port: int) -> None:
    with Holding("hangs", port):
        for _ in range(3):
            socket.create_connection(("127.0.0.1", port)).close()
        wait_until(
            lambda: sum(row.state is TcpState.CLOSE_WAIT for row in sockets.at_port(port)) == 3, "CLOSE_WAIT"
        )
        report = look(port)
    assert (
        "it seems to hang: it keeps 3 connections that the other side has closed, 3 not yet accepted"
    ) in shown(report)


def test_connections_that_outlive_their_server_are_told_from_a_listener(port: int) -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = listener.accept()
    with client, accepted:
        report = look(port)
    assert report.found.state is PortState.DRAINING
    assert report.is_free
    assert "but 1 connection of its server" in report.text


def test_parent_and_child_with_one_socket_are_named(port: int) -> None:
    with Holding("has a child with the socket", port) as holding:
        wait_until(lambda: len(look(port).occupancy.holders) == 2, "the child")
        report = look(port)
    parent, child = report.occupancy.holders
    assert (parent.pid, parent.inherited_from) == (holding.pid, None)
    assert child.inherited_from == holding.pid
    assert f"inherited: {child.command}   pid {child.pid}, yours, a child of pid {holding.pid}" in shown(
        report
    )
    assert [holder.pid for holder in report.occupancy.stoppable] == [holding.pid]


def test_all_who_share_a_port_are_named(port: int) -> None:
    """As two `vllm serve` of 0.7.3 to 0.24: no error, each gets part of the requests."""
    with Holding("shares", port) as one, Holding("shares", port) as other:
        report = look(port)
    assert report.found.state is PortState.SHARED
    assert report.text.startswith(f"port {port} is shared by 2 sockets (SO_REUSEPORT)")
    assert {holder.pid for holder in report.occupancy.holders} == {one.pid, other.pid}
    assert {holder.pid for holder in report.occupancy.stoppable} == {one.pid, other.pid}


@pytest.mark.parametrize("program", ["shares", "is bound and shares"])
def test_a_port_that_a_second_server_would_join_silently_is_said_to_be_so(port: int, program: str) -> None:
    with Holding(program, port):
        report = look(port)
        assert "it is open to sharing (SO_REUSEPORT)" in report.text
    with Holding("listens", port):
        assert "SO_REUSEPORT" not in look(port).text


def test_an_outgoing_connection_is_told_from_a_server() -> None:
    with socket.create_server(("127.0.0.1", low_port())) as server:
        client = socket.create_connection(server.getsockname())
        with client:
            port = client.getsockname()[1]
            report = look(port)
    low, high = ephemeral_range()
    assert low <= port <= high
    assert report.found.state is PortState.EPHEMERAL
    there = f"127.0.0.1:{server_port(report)}"
    assert report.text == (
        f"port {port} is the near end of an outgoing connection to {there}: the kernel takes those "
        f"from {low} to {high}, a server is better off below"
    )
    assert [holder.pid for holder in report.occupancy.holders] == [os.getpid()]
    assert report.occupancy.stoppable == (), "what Portside runs in is never offered for stopping"


def server_port(report: PortReport) -> int:
    return next(row.remote_port for row in report.found.rows)


# -- whose it is ---------------------------------------------------------------------------------


@pytest.mark.skipif(not can_change_user(), reason="needs root, to become another user")
def test_another_users_process_is_named_and_spared(port: int) -> None:
    with Holding("is another user's", port) as holding:
        report = look(port)
    (holder,) = report.occupancy.holders
    assert (holder.pid, holder.kind, holder.mine) == (holding.pid, HolderKind.OTHER_USER, False)
    assert "it is: nobody's: ask them, or end it as nobody" in shown(report)
    assert report.occupancy.stoppable == ()


# Imported first: the interpreter may lie in a folder that is closed to others.
_AS_NOBODY = """
import encodings.ascii, encodings.idna, encodings.latin_1, importlib, os, pkgutil, sys
import portside.cli.ports, portside.devserver
for module in pkgutil.iter_modules(portside.devserver.__path__):
    importlib.import_module("portside.devserver." + module.name)
os.setgroups([]); os.setgid(65534); os.setuid(65534)
portside.cli.main(["ports", "{port}"])
"""


@pytest.mark.skipif(not can_change_user(), reason="needs root, to become another user")
def test_a_process_out_of_sight_is_said_to_be_so(port: int, tmp_path: Path) -> None:
    """Its open files are not ours to read, and its command tells no port."""
    source = f"import socket, time; s = socket.create_server(('', {port - 1} + 1)); print(); time.sleep(600)"
    hidden = subprocess.Popen([sys.executable, "-u", "-c", source], stdout=subprocess.PIPE)
    assert hidden.stdout is not None
    hidden.stdout.readline()
    try:
        result = _as_nobody(port)
    finally:
        hidden.kill()
        hidden.communicate()
    assert result.returncode == 1
    assert f"port {port} is taken" in result.stdout
    assert "held by   a process of root that is not visible from here" in result.stdout
    assert "free it" not in result.stdout


@pytest.mark.skipif(not can_change_user(), reason="needs root, to become another user")
def test_a_process_out_of_sight_is_guessed_from_its_command(port: int) -> None:
    with Holding("listens", port) as holding:
        result = _as_nobody(port)
    assert f"pid {holding.pid}, of root" in result.stdout
    assert "perhaps" in result.stdout


def _as_nobody(port: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _AS_NOBODY.format(port=port)]
    result = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    assert "Traceback" not in result.stderr, result.stderr
    return result


@pytest.mark.skipif(not can_make_network(), reason="needs the right to make a network namespace")
def test_another_network_namespace_does_not_conflict_and_is_named(port: int) -> None:
    with Holding("is in another network", port) as holding:
        report = look(port)
        holding.end()
    assert report.is_free
    assert f"pid {holding.pid} (" in shown(report)
    assert f"listens on port {port} in another network namespace: it does not conflict" in shown(report)


def test_dockers_forwarder_is_named_and_spared(port: int, tmp_path: Path) -> None:
    """Imitated by its name and its arguments."""
    proxy = tmp_path / "docker-proxy"
    proxy.symlink_to(os.path.realpath(sys.executable))
    options = ["-host-port", str(port), "-container-ip", "172.17.0.2", "-container-port", "8000"]
    with Holding("listens", port, "127.0.0.1", *options, command=[str(proxy)]):
        report = look(port)
    (holder,) = report.occupancy.holders
    assert holder.kind is HolderKind.FORWARDER
    assert holder.note == (
        f"Docker's, for the container at 172.17.0.2:8000; `docker ps --filter publish={port}` names it, "
        "stop that"
    )
    assert report.occupancy.stoppable == ()


def test_a_forwarder_is_known_by_its_parent_too(port: int, tmp_path: Path) -> None:
    """One of another name, below Docker's daemon."""
    for name in ("dockerd", "my-proxy"):
        (tmp_path / name).symlink_to(os.path.realpath(sys.executable))
    source = (
        "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1])));"
        "print(flush=True); time.sleep(600)"
    )
    command = [str(tmp_path / "my-proxy"), "-c", source, str(port)]
    starts = f"import subprocess; subprocess.Popen({command!r}).wait()"
    daemon = subprocess.Popen([tmp_path / "dockerd", "-c", starts], stdout=subprocess.PIPE)
    assert daemon.stdout is not None
    daemon.stdout.readline()
    try:
        (holder,) = look(port).occupancy.holders
        os.kill(holder.pid, 9)
    finally:
        daemon.communicate()
    assert holder.kind is HolderKind.FORWARDER
    assert holder.note.startswith("Docker's, which passes the port on to a container")


def test_a_port_forward_to_a_cluster_may_be_ended(port: int, tmp_path: Path) -> None:
    (tmp_path / "kubectl").symlink_to(os.path.realpath(sys.executable))
    words = ["port-forward", "svc/vllm"]
    with Holding("listens", port, "127.0.0.1", *words, command=[str(tmp_path / "kubectl")]):
        report = look(port)
    (holder,) = report.occupancy.stoppable
    assert holder.kind is HolderKind.TUNNEL
    assert "a port-forward to svc/vllm of a Kubernetes cluster" in holder.note


def test_what_portside_runs_in_is_spared(port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        command = [sys.executable, "-m", "portside", "ports", str(port), "--output-format", "json"]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert '"kind": "above portside"' in result.stdout
    assert '"action": "stop"' not in result.stdout


ENGINE = """
import ctypes, time
ctypes.CDLL(None).prctl(15, b"VLLM::EngineCore", 0, 0, 0)
print(flush=True)
time.sleep(600)
"""


def test_an_engine_that_a_server_left_behind_is_said_to_be_so(port: int) -> None:
    """As vLLM's, forked: it has the socket and answers nobody (facts: SIGKILL of the API server)."""
    source = f"""
import os, socket, sys, time
sock = socket.create_server(("127.0.0.1", int(sys.argv[1])))
sock.set_inheritable(True)
if os.fork() == 0:
    os.execv(sys.executable, ["VLLM::EngineCore", "-c", {ENGINE!r}])
time.sleep(600)
"""
    command = [sys.executable, "-c", source, str(port)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    assert server.stdout is not None
    server.stdout.readline()
    server.kill()
    server.wait()
    wait_until(lambda: len(look(port).occupancy.holders) == 1, "the end of the parent")
    report = look(port)
    (holder,) = report.occupancy.holders
    os.kill(holder.pid, 9)
    server.communicate()
    assert holder.command.startswith("VLLM::EngineCore")
    assert "left behind by a vLLM server that is gone" in holder.note


# -- what can never be had -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "number", "state"),
    [
        ("127.0.0.1", 70000, PortState.INVALID),
        ("192.0.2.1", 8000, PortState.NOT_LOCAL),
        ("no-such-host.invalid", 8000, PortState.UNKNOWN_HOST),
    ],
)
def test_what_can_never_be_had(host: str, number: int, state: PortState) -> None:
    report = look(number, host)
    assert report.found.state is state
    assert not report.is_free
    assert report.fields()["actions"] == [{"action": "another"}]


@pytest.mark.skipif(not can_change_user(), reason="needs root, to become another user")
def test_a_privileged_port_is_named_so() -> None:
    result = _as_nobody(81)
    assert "port 81 is below 1024: it needs root, or another port" in result.stdout


def test_ports_at_random_are_not_confused(port: int) -> None:
    """The same facts for many ports at once as for each alone."""
    others = [free_port() for _ in range(3)]
    with Holding("listens", port), Holding("is bound", others[0]), Holding("shares", others[1]):
        found = {one: sockets.at_port(one) for one in (port, *others)}
        together = holders.occupancies(found)
        for one in (port, *others):
            assert together[one] == holders.occupancy(one)
