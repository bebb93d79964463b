"""Ctrl-C at any moment, from the first import on: the right exit code, and never a traceback."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.patience import PATIENCE_S

import portside

from .conftest import Served, Start, free_port, wait_until
from .holding import Holding
from .test_conflicts import Screen, in_terminal

BEFORE_ANYTHING = (-signal.SIGINT, 1)
"""As any program that the signal ends. 1: Python itself was not up yet."""
MOMENTS_S = [number / 10 for number in range(16)]
AT_ONCE = 4


def interrupted(start: Callable[[], Served]) -> list[Served]:
    """Servers that were interrupted at all these moments after their start, and have ended.

    Every other with its whole group, as a terminal does it.
    """
    done: list[Served] = []
    for first in range(0, len(MOMENTS_S), AT_ONCE):
        began = time.monotonic()
        batch = [(start(), moment_s) for moment_s in MOMENTS_S[first : first + AT_ONCE]]
        for number, (served, moment_s) in enumerate(batch):
            time.sleep(max(0.0, began + moment_s - time.monotonic()))
            (os.kill if number % 2 else os.killpg)(served.process.pid, signal.SIGINT)
        for served, _ in batch:
            wait_for_end(served)
            done.append(served)
    return done


def names(served: Served) -> list[str]:
    return [event["event"] for event in served.events[:-1]]


def is_noisy(output: str) -> bool:
    """Whether Portside tells of it as of a mishap. Python may, before our first line has had its effect."""
    ours = re.escape(str(Path(portside.__file__).parent)) + r"/(?!__init__|__main__)"
    return bool(re.search(rf"(?:Traceback|Exception ignored).*{ours}", output, re.DOTALL))


def is_aborted(served: Served) -> bool:
    """Whether click ended Portside. Once a worker runs, it may be uvicorn's command line that it ended."""
    return not names(served) and "Aborted" in served.log


def wait_for_end(served: Served) -> None:
    try:
        served.process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        # Python swallows one that meets a callback of its importlib, before a line of ours has run.
        assert "Exception ignored" in served.log
        served.process.send_signal(signal.SIGINT)
        served.process.wait(PATIENCE_S)
    served.wait_for("end of output")


def test_a_start_can_be_interrupted_at_any_moment(serve: Start) -> None:
    for served in interrupted(lambda: serve("app:app")):
        assert not is_noisy(served.log), served.log
        assert not is_aborted(served)
        if names(served):
            assert served.process.returncode == 0
            assert names(served)[-1] == "stopped"
        else:
            assert served.process.returncode in BEFORE_ANYTHING
        served.assert_nothing_left()


def test_waiting_for_a_port_can_be_given_up_at_any_moment(serve: Start) -> None:
    port = free_port()
    with Holding("listens", port) as holding:
        for served in interrupted(lambda: serve("app:app", "--on-conflict", "wait", port=port)):
            assert not is_noisy(served.log), served.log
            assert not is_aborted(served)
            if "note" in names(served):
                assert served.events[-2]["text"] == f"gave up waiting for port {port}"
            if names(served):
                assert served.process.returncode == 2
            else:  # 2: the port had been looked at, and not a word been said of it
                assert served.process.returncode in (*BEFORE_ANYTHING, 2)
        assert holding.process.poll() is None


@pytest.mark.parametrize("event", ["loading", "starting", "claimed", "loaded", "serving", "ready"])
def test_a_run_can_be_interrupted_right_when_it_says_something(serve: Start, event: str) -> None:
    served = serve("app:app")
    served.wait_for(event)
    assert served.stop() == 0
    assert served.wait_for("stopped")["port_free"]
    assert not is_noisy(served.log), served.log


def test_one_more_after_the_end_does_not_take_the_exit_code_away(serve: Start) -> None:
    served = serve("app:app")
    served.wait_for("ready")
    served.process.send_signal(signal.SIGINT)
    served.wait_for("stopped")
    while served.process.poll() is None:
        served.process.send_signal(signal.SIGINT)
    assert served.process.returncode == 0
    assert not is_noisy(served.log), served.log


def test_a_dialog_that_is_interrupted_leaves_the_terminal_as_it_was(project: Path, tmp_path: Path) -> None:
    port = free_port()
    with Holding("listens", port):
        process, master = in_terminal(project, tmp_path, "app:app", "--port", str(port))
        before = termios.tcgetattr(master)
        screen = Screen(master)
        screen.wait_for("[q] quit")
        wait_until(lambda: termios.tcgetattr(master) != before, "the dialog to read keys")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 2
        assert termios.tcgetattr(master) == before
        os.close(master)


@pytest.mark.parametrize("words", [["check"], ["logs", "-f"], ["ports", "--watch"]], ids=" ".join)
def test_no_command_answers_with_a_traceback_or_an_exit_code_of_its_own(
    words: list[str], tmp_path: Path
) -> None:
    for moment_s in (0.0, 0.1, 0.2, 0.4):
        process = subprocess.Popen(
            [sys.executable, "-m", "portside", *words], cwd=tmp_path, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "PORTSIDE_STATE_DIR": str(tmp_path / "state")},
        )  # fmt: skip
        time.sleep(moment_s)
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=PATIENCE_S)[0]
        assert not is_noisy(output), output
        assert "Aborted" not in output
        assert process.returncode in (0, 2, *BEFORE_ANYTHING), output
