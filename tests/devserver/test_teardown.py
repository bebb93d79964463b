"""However it ends, nothing of its tree is left, and the port is free."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from tests.patience import PATIENCE_S

from .conftest import (
    RAW_APP,
    Served,
    Start,
    ask,
    can_listen,
    command_of,
    free_port,
    is_alive,
    name_of,
    wait_until,
    write,
)  # fmt: skip

STUBBORN = """
import subprocess, sys
IGNORE = "import signal; [signal.signal(number, signal.SIG_IGN) for number in (1, 2, 15)]; "
SLEEP = IGNORE + "import time; time.sleep(600)"
FORK = "os.fork() and os._exit(0); "
DAEMON = (
    IGNORE + "import os, sys; " + FORK + "os.setsid(); " + FORK
    + "os.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(600)'])"
)
subprocess.Popen([sys.executable, "-c", SLEEP])
subprocess.Popen([sys.executable, "-c", SLEEP], start_new_session=True)
subprocess.Popen([sys.executable, "-c", DAEMON], start_new_session=True)
"""
CHILDREN = 3


def stubborn(project: Path, load_s: float = 0.0) -> None:
    """An app whose children ignore signals, leave the session and the parent."""
    write(project / "app.py", RAW_APP + STUBBORN + f"\nimport time; time.sleep({load_s})\n")


def with_children(served: Served) -> Served:
    """Once every one of the stubborn children runs, the daemon below its keeper."""

    def all_sleep() -> bool:
        return sum(map(_sleeps, served.tree())) >= CHILDREN

    wait_until(all_sleep, "the children")
    return served


def _sleeps(process: psutil.Process) -> bool:
    """Whether it has come to its last line, and ignores what it is to ignore."""
    if not command_of(process).endswith("import time; time.sleep(600)"):
        return False
    try:
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    except OSError:
        return False
    ignored = int(status.split("SigIgn:")[1].split()[0], 16)
    return all(ignored >> (number - 1) & 1 for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name)
def test_a_signal_stops_it_gracefully(serve: Start, project: Path, number: signal.Signals) -> None:
    stubborn(project)
    served = serve("app:app")
    served.wait_for("ready")
    with_children(served)
    assert served.stop(number) == 0
    assert "Application shutdown complete" in served.log
    assert served.wait_for("stopped")["left"] == []
    served.assert_nothing_left()


@pytest.mark.parametrize("phase", ["claimed", "loading", "serving", "reloading"])
def test_sigkill_of_the_supervisor_leaves_nothing(serve: Start, project: Path, phase: str) -> None:
    stubborn(project, load_s=0.3)
    served = serve("app:app")
    if phase == "claimed":
        served.wait_for("claimed")
        served.one("guardian")
    elif phase == "loading":
        with_children(served)
    else:
        served.wait_for("ready")
        with_children(served)
    if phase == "reloading":
        stubborn(project, load_s=5)
        served.wait_for("loading", generation=2)
    assert served.stop(signal.SIGKILL) == -signal.SIGKILL
    served.assert_nothing_left()


def test_sigkill_at_any_moment_leaves_nothing(serve: Start, project: Path) -> None:
    """From before the guardian runs until the app answers."""
    stubborn(project)
    for step in range(12):
        served = serve("app:app")
        time.sleep(0.05 * step)
        served.tree()
        served.stop(signal.SIGKILL)
        served.assert_nothing_left()


@pytest.mark.parametrize("victim", ["worker", "keeper"])
def test_the_loss_of_a_worker_or_keeper_is_mended(serve: Start, project: Path, victim: str) -> None:
    stubborn(project)
    served = serve("app:app")
    served.wait_for("ready", generation=1)
    with_children(served)
    keeper = served.one("keeper")
    generation_1 = [keeper, *keeper.children(recursive=True)]
    assert len(generation_1) >= 2 + CHILDREN
    served.one(victim).kill()
    served.wait_for("crashed", generation=1)
    served.wait_for("ready", generation=2)
    wait_until(
        lambda: not [process for process in generation_1 if is_alive(process)],
        "the end of the first generation",
    )
    assert ask(served.port)[0] == 200


def test_the_loss_of_the_guardian_interrupts_nothing(serve: Start, project: Path) -> None:
    served = serve("app:app")
    served.wait_for("ready", generation=1)
    served.tree()
    first = served.one("guardian")
    worker = served.one("worker")
    first.kill()
    served.wait_for("note", text="the guardian process was killed; a new one has taken its place")
    assert is_alive(worker)
    assert ask(served.port) == (200, "1")
    write(project / "app.py", RAW_APP.replace('VERSION = "1"', 'VERSION = "2"'))
    served.wait_for("ready", generation=2)
    assert served.stop() == 0
    served.assert_nothing_left()


def test_guardian_and_supervisor_may_die_together(serve: Start, project: Path) -> None:
    stubborn(project)
    served = serve("app:app")
    served.wait_for("ready", generation=1)
    with_children(served)
    os.kill(served.one("guardian").pid, signal.SIGKILL)
    served.stop(signal.SIGKILL)
    served.assert_nothing_left()


def test_guardian_and_keeper_may_die_together(serve: Start, project: Path) -> None:
    stubborn(project)
    served = serve("app:app")
    served.wait_for("ready", generation=1)
    with_children(served)
    keeper, guardian = served.one("keeper"), served.one("guardian")
    old = [keeper, *keeper.children(recursive=True)]
    assert len(old) >= 2 + CHILDREN
    guardian.kill()
    keeper.kill()
    served.wait_for("ready", generation=2)
    wait_until(lambda: not [process for process in old if is_alive(process)], "the end of all before")
    assert served.stop() == 0
    served.assert_nothing_left()


def test_a_second_interrupt_ends_it_at_once(serve: Start, project: Path) -> None:
    slow = RAW_APP.replace(
        'await send({"type": "lifespan.shutdown.complete"})',
        'await asyncio.sleep(600); await send({"type": "lifespan.shutdown.complete"})',
    )
    write(project / "app.py", slow)
    served = serve("app:app")
    served.wait_for("ready")
    served.tree()
    served.process.send_signal(signal.SIGINT)
    served.wait_for("stopping", seconds=10.0)
    assert served.process.poll() is None
    assert served.stop() == 0
    served.wait_for("forced")
    served.assert_nothing_left()


def test_the_grace_is_kept(serve: Start, project: Path) -> None:
    deaf = """
import signal, sys, time
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
print("it loads", file=sys.stderr, flush=True)
time.sleep(600)
"""
    write(project / "app.py", deaf)
    served = serve("app:app", "--grace", "0.3")
    wait_until(lambda: "it loads" in served.log, "the app")
    assert served.stop() == 0
    served.wait_for("forced")
    served.assert_nothing_left()


def test_a_stopped_keeper_is_ended_with_the_rest(serve: Start, project: Path) -> None:
    stubborn(project)
    served = serve("app:app")
    served.wait_for("ready")
    with_children(served)
    served.one("keeper").suspend()
    served.stop(signal.SIGKILL)
    served.assert_nothing_left()


def test_nohup_outlives_the_terminal(serve: Start) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        served = serve("app:app")
    finally:
        signal.signal(signal.SIGHUP, before)
    served.wait_for("ready")
    served.process.send_signal(signal.SIGHUP)
    assert ask(served.port)[0] == 200
    assert served.process.poll() is None
    assert served.stop(signal.SIGTERM) == 0


def _can_be_first() -> bool:
    command = ["unshare", "--user", "--map-root-user", "--fork", "--pid", "--mount-proc", "true"]
    return shutil.which("unshare") is not None and subprocess.run(command, check=False).returncode == 0


@pytest.mark.skipif(not _can_be_first(), reason="no pid namespace may be made here")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda n: n.name)
def test_it_can_be_the_first_process_of_a_container(
    project: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """Without an init: it is process 1, stops when told, and buries the orphans of strangers."""
    stubborn(project)
    port = free_port()
    unshare = ["unshare", "--user", "--map-root-user", "--fork", "--pid", "--mount-proc", "--kill-child"]
    serving = [sys.executable, "-m", "portside", "serve", "app:app", "--port", str(port)]
    environment = {**os.environ, "PORTSIDE_STATE_DIR": str(tmp_path / "state")}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([*unshare, *serving], cwd=project, env=environment, stdout=log, stderr=log)
    text = (tmp_path / "log").read_text
    try:
        wait_until(lambda: "ready in" in text(), "ready")
        (first,) = psutil.Process(process.pid).children()
        enter = ["nsenter", "--target", str(first.pid), "--user", "--pid", "--mount"]
        subprocess.run([*enter, "sh", "-c", "(sleep 0.2 &) ; (sleep 600 &)"], check=True)
        wait_until(lambda: _adopted(first) == ["sleep"], "the one orphan that ended to be buried")
        tree = first.children(recursive=True)
        first.send_signal(number)
        process.wait(PATIENCE_S)
    finally:
        process.kill()
        process.wait()
    assert "the port is free" in text()
    assert "Application shutdown complete" in text()
    wait_until(lambda: not any(is_alive(one) for one in tree), "the end")
    assert can_listen(port)


def _adopted(first: psutil.Process) -> list[str]:
    return [name for child in first.children() if "sleep" in (name := name_of(child))]
