"""What can be proved of a process: that it is part of a run of this user, living or dead."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from portside.devserver.console.console import Console
from portside.devserver.registry import identity, orphans, registry, runs, sweeping, tree
from portside.devserver.registry.identity import Identity

from .conftest import Start, is_alive, wait_until
from .test_teardown import stubborn, with_children

pytestmark = pytest.mark.usefixtures("state")


@pytest.fixture
def sleeper() -> Iterator[psutil.Popen]:
    """A process in a session of its own, with a child."""
    command = "import subprocess, sys, time; subprocess.Popen(['sleep', '600']); time.sleep(600)"
    process = psutil.Popen([sys.executable, "-c", command], start_new_session=True)
    wait_until(lambda: [child.name() for child in process.children()] == ["sleep"], "the child")
    children = process.children()
    yield process
    for one in [process, *children]:
        if one.is_running():
            one.kill()
    process.wait()


def dead_record() -> registry.Record:
    record = registry.own_record("/project", "app:app", None, "127.0.0.1", 8000, "http://127.0.0.1:8000")
    return replace(record, pid=2**22 + 1, ticks=1, session=None)


def known(process: psutil.Popen) -> Identity:
    found = identity.of(process.pid)
    assert found is not None
    return found


def test_everything_of_a_running_server_is_its_own(serve: Start, project: Path) -> None:
    stubborn(project)
    served = serve("app:app")
    served.wait_for("ready")
    with_children(served)
    found = runs.find(served.process.pid)
    assert found is not None
    assert (found.role, found.is_orphan, found.record.port) == ("supervisor", False, served.port)
    for process in served.tree():
        member = runs.find(process.pid, process.create_time())
        assert member is not None
        assert not member.is_orphan
    assert runs.find(os.getpid()) is None


def test_a_recorded_process_is_proved_and_one_with_its_pid_is_not(sleeper: psutil.Popen) -> None:
    record = dead_record()
    registry.Entry(record)
    pid, ticks = known(sleeper)
    tree.write(record.id, tree.Tree(others=frozenset({Identity(pid, ticks - 1)})))
    assert runs.find(pid) is None
    tree.write(record.id, tree.Tree(others=frozenset({Identity(pid, ticks)})))
    found = runs.find(pid, sleeper.create_time())
    assert found is not None
    assert found.is_orphan
    assert runs.find(pid, sleeper.create_time() - 5) is None
    child = runs.find(sleeper.children()[0].pid)
    assert child is not None
    assert child.role == "child"


def test_a_session_is_proved_by_who_was_born_into_it_while_the_worker_was_seen(
    sleeper: psutil.Popen,
) -> None:
    """The worker itself is gone, and nothing of what it had started was recorded by pid."""
    record = dead_record()
    registry.Entry(record)
    child = sleeper.children()[0]
    worker = known(sleeper)
    sleeper.kill()
    sleeper.wait()
    born = identity.of(child.pid)
    assert born is not None
    before = tree.Tree(seen=born.ticks - 1, workers=frozenset({worker}))
    tree.write(record.id, before)
    assert runs.find(child.pid) is None, "born after the last look: the session might be another's by then"
    tree.write(record.id, replace(before, seen=born.ticks))
    assert runs.find(child.pid) is not None
    child.kill()


def test_the_mark_proves_a_child_that_left_the_session(state: Path) -> None:
    record = replace(dead_record(), ticks=1)
    registry.Entry(record)
    environment = {**os.environ, tree.MARK: record.id}
    with subprocess.Popen(["sleep", "600"], env=environment, start_new_session=True) as process:
        # The kernel shows the environment a moment after the program has begun.
        found = wait_until(lambda: runs.find(process.pid), "the mark")
        process.kill()
    assert found.is_orphan


def test_nothing_of_a_run_before_the_reboot_is_proved(sleeper: psutil.Popen) -> None:
    record = replace(dead_record(), boot="another")
    registry.Entry(record)
    tree.write(record.id, tree.Tree(others=frozenset({known(sleeper)})))
    assert runs.find(sleeper.pid) is None
    assert orphans.sweep() == []
    assert sleeper.is_running()


def test_the_remnants_of_a_dead_run_are_ended_and_nobody_else(sleeper: psutil.Popen) -> None:
    record = dead_record()
    registry.Entry(record)
    tree.write(record.id, tree.Tree(others=frozenset({known(sleeper)})))
    children = sleeper.children()
    with subprocess.Popen(["sleep", "600"]) as bystander:
        (left,) = orphans.sweep()
        assert bystander.poll() is None
        bystander.kill()
    assert {remnant.pid for remnant in left.remnants} == {sleeper.pid, *(child.pid for child in children)}
    assert left.left == ()
    assert sleeper.wait() == -signal.SIGTERM
    assert not any(is_alive(child) for child in children)
    assert registry.records() == []


def test_a_start_says_what_it_ended(sleeper: psutil.Popen, capsys: pytest.CaptureFixture[str]) -> None:
    record = dead_record()
    registry.Entry(record)
    tree.write(record.id, tree.Tree(others=frozenset({known(sleeper)})))
    (child,) = sleeper.children()
    sweeping.sweep(Console("text", "/project"))
    said = capsys.readouterr().out
    assert said.startswith("■ ended what a killed server had left, app:app in /project: ")
    assert f"(pid {sleeper.pid})" in said
    assert f"sleep (pid {child.pid})" in said
    sweeping.sweep(Console("text", "/project"))
    assert capsys.readouterr().out == ""
