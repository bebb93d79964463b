"""What starts from a warm process is what starts by itself: the proofs rest on it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.proof.factories import FACTORIES
from tests.proof.movable import MOVABLE
from tests.proof.shapes import Movable
from tests.proof.test_launch_move import lay_out, run, script_command
from tests.proof.warm import programs

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks")
# A script, one in a folder, a module, one with an engine.
_SHAPES = [
    MOVABLE[0],
    next(shape for shape in MOVABLE if shape.folder != "."),
    next(shape for shape in MOVABLE if "-m" in shape.arguments),
    next(shape for shape in FACTORIES if "PROOF_ENGINES" in shape.environment),
]


@pytest.mark.parametrize("shape", _SHAPES, ids=lambda shape: shape.id)
def test_a_script_serves_the_same(tmp_path: Path, shape: Movable) -> None:
    lay_out(tmp_path, shape)
    command = script_command(shape)
    assert run(tmp_path, command, shape) == run(tmp_path, command, shape, is_warm=False)


def test_the_command_serves_the_same(tmp_path: Path) -> None:
    shape = MOVABLE[0]
    lay_out(tmp_path, shape)
    command = ["sh", "-c", "uvicorn server:app --host 0.0.0.0 --port 8010 --workers 2"]
    assert run(tmp_path, command, shape) == run(tmp_path, command, shape, is_warm=False)


_SAYS = """\
import atexit, os, sys
atexit.register(print, "end")
print(__name__, sys.argv[1:], sys.path[0], os.getcwd())
"""


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["say.py", "a b"], 0),
        (["-u", "say.py"], 0),
        (["-m", "pkg.say", "1"], 0),
        (["-c", "import sys; print(sys.argv); sys.exit(3)", "x"], 3),
        (["fails.py"], 1),
        (["leaves.py"], 1),
    ],
)
def test_a_program_says_and_ends_the_same(tmp_path: Path, words: list[str], code: int) -> None:
    (tmp_path / "pkg").mkdir()
    for name, text in {
        "say.py": _SAYS,
        "pkg/say.py": _SAYS,
        "fails.py": "import atexit\natexit.register(print, 'end')\nraise ValueError(1)\n",
        "leaves.py": "raise SystemExit('no')\n",
    }.items():
        (tmp_path / name).write_text(text)
    warm, cold = (
        subprocess.run([program, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
        for program in (programs() / "python", sys.executable)
    )
    assert (warm.returncode, warm.stdout) == (cold.returncode, cold.stdout)
    assert warm.returncode == code
    assert warm.stderr.splitlines()[-1:] == cold.stderr.splitlines()[-1:]
