"""A real terminal: the status line, what the worker prints itself, prompts, sizes, and what is left of it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import PATIENCE_S, RAW_APP, free_port, wait_until, write

HEAD = "(EngineCore pid=7) INFO 11-21 18:42:51 [core.py:133] "

LOADING = f'''\
import sys, time
def say(text):
    print(text, flush=True)
say("{HEAD}Initializing a V1 LLM engine (v0.32.0)")
say("{HEAD}Starting to load model tiny...")
sys.stderr.write("Loading safetensors checkpoint shards:  50% Completed | 1/2 [00:00<00:01]\\n")
say("mine: half of it")
time.sleep(2.5)
sys.stdout.write("a prompt> "); sys.stdout.flush()
time.sleep(1.2)
say("done")
'''
QUICKER = LOADING.replace("2.5", "0.3").replace("1.2", "0")

GONE = r"(?:\r\x1b\[K[^\r\n]*\r\x1b\[K)?"
"""A status line that was taken away again: only a machine that is too busy for a prompt shows one."""


class Terminal:
    """`portside serve` in a terminal of its own."""

    def __init__(self, folder: Path, state: Path, *arguments: str, term: str = "xterm") -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "portside", "serve", *arguments, "--port", str(self.port)]
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            environment = {**os.environ, "PORTSIDE_STATE_DIR": str(state), "TERM": term, "NO_COLOR": "1"}
            environment |= {"PYTHONIOENCODING": "utf-8"}
            os.execve(command[0], command, environment)
        self.resize(24, 100)
        self.before = termios.tcgetattr(self.master)
        self.text = ""

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def wait_for(self, pattern: str) -> re.Match[str]:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if found := re.search(pattern, self.text):
                return found
            if select.select([self.master], [], [], 0.1)[0]:
                with contextlib.suppress(OSError):
                    self.text += os.read(self.master, 65536).decode("utf-8", "replace")
        raise AssertionError(f"{pattern!r} is not in {self.text!r}")

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGINT)
        self.wait_for("stopped in")
        os.waitpid(self.pid, 0)
        self.pid = 0

    def close(self) -> None:
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)


@pytest.fixture
def terminals(project: Path, tmp_path: Path) -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


def test_a_start_is_one_line_and_what_the_worker_prints_is_whole(
    terminals: list[Terminal], project: Path, tmp_path: Path
) -> None:
    write(project / "app.py", LOADING + RAW_APP)
    terminal = Terminal(project, tmp_path / "state", "app:app")
    terminals.append(terminal)
    terminal.wait_for(r"\r\x1b\[K… loading weights ·  50% ━+╌+ · \d+ s")
    terminal.wait_for(r"\r\x1b\[Ka prompt> ")  # the line is taken away before anything else is printed
    terminal.wait_for(r"a prompt> done\r+\n")  # and does not come back within another's line
    terminal.wait_for(r"✓ generation 1 ready")
    assert re.search(r"[\nK]mine: half of it\r+\n", terminal.text)
    assert HEAD not in terminal.text
    assert "checkpoint shards" not in terminal.text
    terminal.stop()
    after = terminal.text[terminal.text.index("ready in") :]
    assert "…" not in after.partition("stopping")[0]


def test_the_next_start_is_estimated_and_all_is_shown_where_that_is_asked_for(
    terminals: list[Terminal], project: Path, tmp_path: Path
) -> None:
    write(project / "app.py", LOADING + RAW_APP)
    for number in range(2):
        terminal = Terminal(project, tmp_path / "state", "app:app", "--log", "full")
        terminals.append(terminal)
        if number:
            terminal.wait_for(r"· about \d+ s to go")
        terminal.wait_for("✓ generation 1 ready")
        assert HEAD in terminal.text
        terminal.stop()


def test_a_debugger_prompt_takes_input_and_the_terminal_is_as_before(
    terminals: list[Terminal], project: Path, tmp_path: Path
) -> None:
    write(project / "app.py", "answer = 6\nbreakpoint()\nprint('answer is', answer, flush=True)\n" + RAW_APP)
    terminal = Terminal(project, tmp_path / "state", "app:app")
    terminals.append(terminal)
    terminal.wait_for(r"\(Pdb\) $")
    seen = len(terminal.text)
    time.sleep(1.5)  # the status line has had its time to get in between
    terminal.type("answer = 42\n")
    terminal.wait_for(rf"\(Pdb\) answer = 42\r+\n{GONE}\(Pdb\) $")
    terminal.type("c\n")
    terminal.wait_for(r"answer is 42\r+\n")
    assert "…" not in re.sub(GONE, "", terminal.text[seen:].partition("(Pdb) c")[0])
    terminal.wait_for("ready in")
    terminal.stop()
    assert termios.tcgetattr(terminal.master) == terminal.before


def test_a_new_size_reaches_the_worker(terminals: list[Terminal], project: Path, tmp_path: Path) -> None:
    size = tmp_path / "size"
    write(
        project / "app.py",
        "import os, signal\n"
        f"def told(*_): open({str(size)!r}, 'w').write(str(os.get_terminal_size(1).columns))\n"
        "signal.signal(signal.SIGWINCH, told)\n" + RAW_APP,
    )
    terminal = Terminal(project, tmp_path / "state", "app:app")
    terminals.append(terminal)
    terminal.wait_for("ready in")
    terminal.resize(30, 61)
    wait_until(lambda: size.is_file() and size.read_text() == "61", "the new size")
    terminal.stop()


def test_where_no_line_can_be_redrawn_none_is(
    terminals: list[Terminal], project: Path, tmp_path: Path
) -> None:
    write(project / "app.py", QUICKER + RAW_APP)
    terminal = Terminal(project, tmp_path / "state", "app:app", term="dumb")
    terminals.append(terminal)
    terminal.wait_for("ready in")
    assert "\x1b[K" not in terminal.text
    assert "· loading weights   (after" in terminal.text
    terminal.stop()
