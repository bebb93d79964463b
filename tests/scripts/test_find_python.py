"""The Python that set-up uses: the first one that runs and is new enough."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys

import pytest

SCRIPTS = pathlib.Path(__file__).parents[2] / "scripts"
NODE = shutil.which("node")
FIND = """
import { findPython } from "%s/python.mjs";
try { console.log(findPython().command.join(" ")); } catch (error) { console.log(error.message); }
"""

pytestmark = [
    pytest.mark.skipif(NODE is None, reason="no node"),
    pytest.mark.skipif(sys.platform == "win32", reason="fake interpreters are shell scripts"),
]


def fake_python(folder: pathlib.Path, name: str, version: str) -> None:
    script = folder / name
    body = f"printf '%s\\n' {version.replace('.', ' ')} /somewhere" if version else "exit 127"
    script.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    script.chmod(0o755)


def find(folder: pathlib.Path, **environment: str) -> str:
    assert NODE is not None
    result = subprocess.run(
        [NODE, "--input-type=module", "-e", FIND % SCRIPTS],
        env={"PATH": str(folder), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.strip()


def test_python3_is_taken_where_it_is_new_enough(tmp_path: pathlib.Path) -> None:
    fake_python(tmp_path, "python3", "3.12")
    fake_python(tmp_path, "python3.13", "3.13")
    assert find(tmp_path) == "python3"


def test_a_newer_one_is_taken_where_python3_is_old_or_only_a_shim(tmp_path: pathlib.Path) -> None:
    fake_python(tmp_path, "python3", "3.9")
    fake_python(tmp_path, "python3.12", "")
    fake_python(tmp_path, "python3.10", "3.10")
    assert find(tmp_path) == "python3.10"


def test_the_variable_goes_first(tmp_path: pathlib.Path) -> None:
    fake_python(tmp_path, "python3", "3.12")
    fake_python(tmp_path, "mine", "3.11")
    assert find(tmp_path, PORTSIDE_PYTHON=str(tmp_path / "mine")) == str(tmp_path / "mine")


def test_only_old_ones_are_named(tmp_path: pathlib.Path) -> None:
    fake_python(tmp_path, "python3", "3.9")
    assert find(tmp_path).splitlines()[0] == "Portside needs Python 3.10 or newer. python3 is 3.9."


def test_none_at_all_is_said(tmp_path: pathlib.Path) -> None:
    said = find(tmp_path).splitlines()
    assert said[0] == "Portside needs Python 3.10 or newer. None was found."
    assert "PORTSIDE_PYTHON" in said[1]
