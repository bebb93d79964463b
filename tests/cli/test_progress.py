"""Progress of a check: on a terminal, on standard error, and only for those who wait."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="terminals to test with are POSIX's")

IMPATIENT = "from portside.cli import main, progress; progress._PATIENCE_S = 0; main()"
PATIENT = "from portside.cli import main, progress; progress._PATIENCE_S = 3600; main()"


def on_a_terminal(folder: Path, program: str, *arguments: str, **environment: str) -> str:
    """What `portside check` writes to standard error, where that is a terminal."""
    reading, writing = pty.openpty()
    inherited = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "CI"}}
    with subprocess.Popen(
        [sys.executable, "-I", "-c", program, "check", *arguments],
        cwd=folder,
        env={**inherited, "TERM": "xterm", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=writing,
    ):
        os.close(writing)
        said = _all_of(reading)
    os.close(reading)
    return said.decode()


def _all_of(terminal: int) -> bytes:
    said = b""
    while True:
        try:
            data = os.read(terminal, 4096)
        except OSError:  # Linux says so that nobody writes any more
            return said
        if not data:
            return said
        said += data


@pytest.fixture(autouse=True)
def files(server: Path, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import os\n")


def test_a_long_check_says_how_far_it_is_and_leaves_no_trace(tmp_path: Path) -> None:
    said = on_a_terminal(tmp_path, IMPATIENT)
    assert re.search(r"Files checked: [12]\b", said)
    assert said.rstrip().endswith("\x1b[2K")


def test_a_short_check_says_nothing(tmp_path: Path) -> None:
    assert on_a_terminal(tmp_path, PATIENT) == ""


def test_warnings_keep_their_lines(tmp_path: Path) -> None:
    (tmp_path / "b.py").write_bytes(b"from uvicorn import run\0")
    said = on_a_terminal(tmp_path, IMPATIENT)
    assert "warning: b.py: is binary\r\n" in said


@pytest.mark.parametrize(
    ("arguments", "environment"), [(["-q"], {}), ([], {"TERM": "dumb"})], ids=["quiet", "a dumb terminal"]
)
def test_nobody_is_told_who_did_not_ask(
    tmp_path: Path, arguments: list[str], environment: dict[str, str]
) -> None:
    assert on_a_terminal(tmp_path, IMPATIENT, *arguments, **environment) == ""
