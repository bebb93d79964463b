"""Two saves of one size within a second: Python's cached bytecode of the first is not run for the second."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# Saved, imported, and saved again with the same size and time, then imported by a process of its own.
TWICE = """\
import os, subprocess, sys, time
sys.path[:0] = [os.getcwd()]
if sys.argv[1] == "distrusting":
    from portside.inside import bytecode
    bytecode.distrust_young_sources()

def save(text):
    with open("answers.py", "w") as file:
        file.write(text)
    os.utime("answers.py", (SAVED, SAVED))

SAVED = float(sys.argv[2]) if len(sys.argv) > 2 else time.time() + 1
if len(sys.argv) == 2:
    save("ANSWER = 1")
    import answers
    save("ANSWER = 2")
    subprocess.run([sys.executable, __file__, sys.argv[1], str(SAVED)], check=True)
else:
    import answers
    print(answers.ANSWER)
"""


@pytest.mark.parametrize(("how", "answer"), [("plain", 1), ("distrusting", 2)])
def test_what_was_saved_last_is_run(tmp_path: Path, how: str, answer: int) -> None:
    (tmp_path / "twice.py").write_text(TWICE)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, str(tmp_path / "twice.py"), how]
    result = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert int(result.stdout) == answer


def test_what_has_lain_for_a_while_is_cached_as_ever(tmp_path: Path) -> None:
    (tmp_path / "answers.py").write_text("ANSWER = 1")
    os.utime(tmp_path / "answers.py", (1_000_000_000, 1_000_000_000))
    source = "from portside.inside import bytecode; bytecode.distrust_young_sources(); import answers"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-c", source], cwd=tmp_path, env=environment, check=True)
    assert list((tmp_path / "__pycache__").glob("answers.*.pyc"))
