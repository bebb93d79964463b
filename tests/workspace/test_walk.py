"""The files that a folder means: as git sees them."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest
from tests.folders import lay_out

from portside.workspace.survey import Survey
from portside.workspace.walk import is_below, nothing_excluded, paths_below, python_files

IGNORE = """\
# a comment
*.log.py
/anchored.py
ignored/
!kept.log.py
deep/**/secret.py
"""


def files(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in python_files(folder)]


def make(folder: Path, *names: str) -> None:
    lay_out(folder, dict.fromkeys(names, ""))


def test_what_git_ignores_is_left_out(tmp_path: Path) -> None:
    make(
        tmp_path,
        "a.py", "x.log.py", "kept.log.py", "anchored.py", "sub/anchored.py", "ignored/a.py",
        "sub/ignored/a.py",
        "deep/a/b/secret.py", "deep/secret.py", "sub/own/a.py", "sub/own/b.py",
    )  # fmt: skip
    (tmp_path / ".gitignore").write_text(IGNORE)
    (tmp_path / "sub" / "own" / ".gitignore").write_text("*\n!b.py\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard", "*.py"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert sorted(files(tmp_path)) == sorted(listed)


def test_a_folder_below_the_repository_obeys_the_files_above_it(tmp_path: Path) -> None:
    make(tmp_path, "sub/a.py", "sub/x.log.py")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text(IGNORE)
    assert files(tmp_path / "sub") == ["a.py"]


def test_a_file_above_the_repository_does_not_count(tmp_path: Path) -> None:
    make(tmp_path, "repository/a.py")
    (tmp_path / ".gitignore").write_text("*\n")
    (tmp_path / "repository" / ".git").mkdir()
    assert files(tmp_path / "repository") == ["a.py"]


def test_environments_and_the_folders_of_tools_are_left_out(tmp_path: Path) -> None:
    make(tmp_path, "a.py", "any-name/lib/a.py", "any-name/pyvenv.cfg", ".venv/a.py", "node_modules/a.py")
    assert files(tmp_path) == ["a.py"]


def test_a_package_that_is_called_as_what_tools_build_is_source(tmp_path: Path) -> None:
    make(tmp_path, "build/lib/app.py", "dist/app.py", "tool/build/__init__.py", "tool/build/wheel/made.py")
    assert files(tmp_path) == ["tool/build/__init__.py", "tool/build/wheel/made.py"]
    for path, is_found in (("build/lib/app.py", False), ("tool/build/wheel/made.py", True)):
        assert is_below(str(tmp_path), str(tmp_path / path), nothing_excluded) is is_found


def test_only_the_broken_lines_of_an_ignore_file_do_not_count(tmp_path: Path) -> None:
    make(tmp_path, "a.py", "b.py")
    (tmp_path / ".gitignore").write_bytes(b"\xff\xfe\0!\n[z-a]\nb.py\n")
    assert files(tmp_path) == ["a.py"]


def test_a_folder_that_can_not_be_listed_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(tmp_path, {"a.py": "", "closed/b.py": "", "open/c.py": ""})
    scan = os.scandir

    def refuse(folder: str) -> object:
        if folder.endswith("closed"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    survey = Survey()
    assert survey.walk(str(tmp_path), nothing_excluded) == tuple(
        str(tmp_path / name) for name in ("a.py", "open/c.py")
    )
    assert survey.unlisted == [str(tmp_path / "closed")]


def test_a_walk_of_so_many_goes_into_no_other_folder(tmp_path: Path) -> None:
    """All that is in the folders that it came to counts: those at the top, first of all."""
    lay_out(tmp_path, dict.fromkeys(("a/1.py", "a/2.py", "b/3.py", "c.py"), ""))
    left_out = set[str]()
    found = paths_below(tmp_path, nothing_excluded, lambda name: name.endswith(".py"), left_out, most=4)
    assert [os.path.relpath(path, tmp_path) for path in found] == ["a/1.py", "a/2.py", "c.py"]
    assert left_out == {"b"}
