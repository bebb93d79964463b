"""`portside free` ends what the user chose, with its tree, and nothing else; then it looks again."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.loopback import is_listening, low_port
from tests.patience import PATIENCE_S

from portside.devserver.ports import freeing, stopping
from portside.devserver.registry import identity, procfs
from portside.devserver.registry.identity import Identity

from .conftest import Start, wait_until
from .holding import Holding, can_change_user
from .test_conflicts import Screen, in_terminal
from .test_port_states import leaving_time_wait

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="ports are read from Linux's /proc"
)


@pytest.fixture
def port() -> int:
    return low_port()


def free(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "portside", "free", *words]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=PATIENCE_S,
        check=False,
        **options,
    )


def test_a_free_port_is_left_alone(port: int) -> None:
    result = free(str(port))
    assert (result.returncode, result.stdout) == (0, f"✓ port {port} is free\n")


def test_time_wait_counts_as_free(port: int) -> None:
    with leaving_time_wait(port):
        assert free(str(port)).returncode == 0


def test_nobody_to_ask_ends_nothing(port: int) -> None:
    with Holding("listens", port) as holding:
        result = free(str(port))
        assert holding.process.poll() is None
    assert result.returncode == 2
    assert f"held by   {sys.executable} -c" in result.stdout
    assert (
        f"to do     end pid {holding.pid}: SIGINT, then SIGTERM, and SIGKILL for what is left"
        in result.stdout
    )
    assert "--yes does it" in result.stderr


def test_a_dry_run_ends_nothing(port: int) -> None:
    with Holding("listens", port) as holding:
        result = free(str(port), "--dry-run", "--yes")
        assert holding.process.poll() is None
    assert result.returncode == 0
    assert f"to do     end pid {holding.pid}" in result.stdout


def test_what_was_chosen_is_ended_and_the_port_is_free(port: int) -> None:
    with Holding("listens", port) as holding:
        result = free(str(port), "--yes", "--grace", "60")
        assert holding.process.wait(PATIENCE_S) == -signal.SIGINT
    assert result.returncode == 0
    assert result.stdout.endswith(f"✓ port {port} is free; ended pid {holding.pid}\n")


def test_what_is_bound_and_does_not_listen_can_be_ended_too(port: int) -> None:
    with Holding("is bound", port):
        assert free(str(port), "--yes").returncode == 0


def test_it_is_ended_as_by_ctrl_c_so_that_it_can_clean_up(port: int, tmp_path: Path) -> None:
    """`vllm serve` swallows SIGTERM while it boots; SIGINT ends it."""
    mark = tmp_path / "mark"
    with Holding("cleans up on Ctrl-C alone", port, "127.0.0.1", str(mark)):
        assert free(str(port), "--yes", "--grace", "60").returncode == 0
    assert mark.read_text() == "cleaned up"


def test_what_a_shell_put_into_the_background_gets_sigterm(port: int) -> None:
    script = f"'{sys.executable}' -m http.server {port} --bind 127.0.0.1 & echo $!; wait"
    shell = subprocess.Popen(
        ["sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert shell.stdout is not None
    pid = int(shell.stdout.readline())
    wait_until(lambda: is_listening(port), "the server")
    chosen = identity.of(pid)
    assert chosen is not None
    request = stopping.request_for(chosen)
    assert free(str(port), "--yes").returncode == 0
    shell.communicate()
    assert request.signals == (signal.SIGTERM,)


def test_who_ignores_signals_is_killed_after_the_grace(port: int) -> None:
    with Holding("ignores signals", port) as holding:
        result = free(str(port), "--yes", "--grace", "0.5")
        assert holding.process.wait(PATIENCE_S) == -signal.SIGKILL
    assert result.returncode == 0


def test_its_children_go_too_and_nobody_else(port: int) -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with Holding("has a child that ignores signals", port) as holding:
        (child,) = psutil.Process(holding.pid).children()
        result = free(str(port), "--yes", "--grace", "0.5")
        assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    assert other.poll() is None
    other.kill()
    other.wait()
    assert result.returncode == 0
    assert "and the process below it" in result.stdout


def test_all_who_share_it_are_ended(port: int) -> None:
    with Holding("shares", port) as one, Holding("shares", port) as other:
        assert free(str(port), "--yes", "--grace", "60").returncode == 0
        assert {one.process.wait(PATIENCE_S), other.process.wait(PATIENCE_S)} == {-signal.SIGINT}


@pytest.mark.skipif(not can_change_user(), reason="needs root, to become another user")
def test_another_users_process_is_never_ended(port: int) -> None:
    with Holding("is another user's", port) as holding:
        result = free(str(port), "--yes")
        assert holding.process.poll() is None
    assert result.returncode == 1
    assert f"not done  pid {holding.pid} is not to be ended from here: nobody's" in result.stdout


def test_dockers_forwarder_is_never_ended(port: int, tmp_path: Path) -> None:
    proxy = tmp_path / "docker-proxy"
    proxy.symlink_to(os.path.realpath(sys.executable))
    with Holding("listens", port, "127.0.0.1", "-host-port", str(port), command=[str(proxy)]) as holding:
        result = free(str(port), "--yes")
        assert holding.process.poll() is None
    assert result.returncode == 1
    assert "stop that" in result.stdout


def test_what_it_runs_in_is_never_ended(port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        result = free(str(port), "--yes")
    assert result.returncode == 1
    assert "what Portside itself runs in" in result.stdout


def test_a_pid_that_was_given_to_another_process_is_not_ended() -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    now = identity.of(other.pid)
    assert now is not None
    assert stopping.stop([Identity(now.pid, now.ticks - 1)], 0.1) == []
    assert other.poll() is None
    other.kill()
    other.wait()


def test_portside_itself_and_its_parents_are_left_out_of_every_tree() -> None:
    parent = identity.of(os.getppid())
    assert parent is not None
    assert stopping.tree_of([parent]) == []
    for pid in (os.getpid(), *procfs.ancestors(os.getpid())):
        assert all(found.pid != pid for found in stopping.tree_of([Identity(pid, 0)]))


def test_a_running_dev_server_is_ended_as_a_whole(serve: Start) -> None:
    served = serve("app:app")
    served.wait_for("ready")
    served.tree()
    result = free(str(served.port), "--yes", env={**os.environ, "PORTSIDE_STATE_DIR": str(served.state)})
    assert result.returncode == 0, result.stdout
    assert f"pid {served.process.pid}" in result.stdout
    assert served.process.wait(PATIENCE_S) == 0
    served.assert_nothing_left()


def test_asked_in_a_terminal(port: int, tmp_path: Path) -> None:
    for answer, ended in (("n\n", False), ("y\n", True)):
        with Holding("listens", port) as holding:
            process, master = in_terminal(tmp_path, tmp_path, str(port), command="free")
            screen = Screen(master)
            screen.wait_for("Do that? [y/N]")
            screen.press(answer)
            assert process.wait(PATIENCE_S) == (0 if ended else 1)
            assert (holding.process.poll() is not None) == ended
            os.close(master)


def test_json_tells_what_was_done(port: int) -> None:
    with Holding("listens", port) as holding:
        asked = free(str(port), "--output-format", "json")
        result = free(str(port), "--yes", "--output-format", "json")
    assert asked.returncode == 2
    found = json.loads(result.stdout)
    assert (found["done"], found["ended"], found["left"], found["free"]) == (True, [holding.pid], [], True)
    assert found["holders"][0]["pid"] == holding.pid


@pytest.mark.parametrize("word", ["0", "65536", "-1", "eighty"])
def test_what_is_no_port_is_refused(word: str) -> None:
    assert free("--", word).returncode == 2


# -- Unix sockets --------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> str:
    found = str(tmp_path / "server.sock")
    if len(found) > 100:
        pytest.skip("the folder's name is too long for a Unix socket")
    return found


def listening_at(path: str, listen: bool = True) -> subprocess.Popen[bytes]:
    source = (
        "import socket, sys, time; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]);"
        f"{'s.listen();' if listen else ''} print(flush=True); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", source, path], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_a_socket_file_that_was_left_behind_is_removed_once_chosen(path: str) -> None:
    process = listening_at(path)
    process.kill()
    process.communicate()
    assert freeing.of_path(path).state == "stale socket file"
    assert free(path).returncode == 2
    assert Path(path).exists()
    result = free(path, "--yes")
    assert (result.returncode, Path(path).exists()) == (0, False)
    assert f"to do     remove {path}" in result.stdout


@pytest.mark.parametrize(("listen", "state"), [(True, "live socket file"), (False, "bound, not listening")])
def test_a_server_behind_a_socket_file_is_named_and_ended(path: str, listen: bool, state: str) -> None:
    process = listening_at(path, listen)
    found = freeing.of_path(path)
    assert found.state == state
    assert [holder.pid for holder in found.occupancy.holders] == [process.pid]
    result = free(path, "--yes")
    assert (result.returncode, Path(path).exists()) == (0, False)
    process.communicate()


def test_a_file_that_is_no_socket_is_never_removed(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    result = free(str(file), "--yes")
    assert (result.returncode, file.read_text()) == (1, "mine")


def test_a_path_that_is_too_long_is_told(tmp_path: Path) -> None:
    result = free(str(tmp_path / ("x" * 120)), "--yes")
    assert result.returncode == 1
    assert "too long for a Unix socket" in result.stdout


# -- only what was shown ---------------------------------------------------------------------------


def test_who_was_shown_is_ended(port: int) -> None:
    with Holding("listens", port) as holding:
        result = free(str(port), "--yes", "--only", str(holding.pid))
    assert result.returncode == 0
    assert f"ended pid {holding.pid}" in result.stdout


def test_who_took_the_port_since_is_left_alone(port: int) -> None:
    with Holding("listens", port) as holding:
        result = free(str(port), "--yes", "--only", str(os.getpid()), "--output-format", "json")
        assert holding.process.poll() is None
    assert result.returncode == 1
    told = json.loads(result.stdout)
    assert (told["done"], told["steps"]) == (False, [])
    assert told["refused"] == [f"it is held by others than were chosen: now by pid {holding.pid}"]


def test_one_more_who_shares_the_port_was_not_chosen(port: int) -> None:
    with Holding("shares", port) as one, Holding("shares", port) as other:
        assert free(str(port), "--yes", "--only", str(one.pid)).returncode == 1
        assert (one.process.poll(), other.process.poll()) == (None, None)
