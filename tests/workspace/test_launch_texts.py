"""Which files may start something, and what they hold, over folders on disk."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from tests.folders import lay_out

from portside.workspace.launch_texts import LaunchTexts


def launches(root: Path, *names: str) -> None:
    lay_out(root, dict.fromkeys(names, "uvicorn a:app\n"))


def test_one_walk_finds_what_may_launch_what_may_say_how_and_the_python_files(tmp_path: Path) -> None:
    launches(
        tmp_path, "run.sh", "docs/README.md", "ci.yml", "src/a.py", "src/b/a.py", "data.csv", "CHANGELOG.md"
    )
    texts = LaunchTexts(tmp_path)
    assert texts.paths() == {"run.sh", "docs/README.md", "ci.yml"}
    assert texts.python() == {"a.py": {"src/a.py", "src/b/a.py"}}


@pytest.mark.parametrize(
    "name",
    [
        "node_modules/x/start.sh",
        "env/start.sh",
        "local/start.sh",
        "sub/secret.sh",
        "gone/start.sh",
        "linked/start.sh",
    ],
)
def test_a_new_file_counts_only_where_the_walk_would_come(tmp_path: Path, name: str) -> None:
    (tmp_path / ".git").mkdir()
    launches(tmp_path, "start.sh", "env/pyvenv.cfg")
    (tmp_path / ".gitignore").write_text("local/\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/.gitignore").write_text("secret.sh\n")
    (tmp_path / "linked").symlink_to(tmp_path / "sub")
    excluded = str(tmp_path / "gone")
    texts = LaunchTexts(tmp_path, lambda _folder: lambda path, _is_folder: path == excluded)
    assert texts.paths() == {"start.sh"}
    launches(tmp_path, name, "sub/start.sh", "sub/deeper/a.py")
    for new in (name, "sub/start.sh", "sub/deeper/a.py"):
        texts.changed(tmp_path / new)
    assert texts.paths() == {"start.sh", "sub/start.sh"}
    assert texts.python() == {"a.py": {"sub/deeper/a.py"}}
    assert texts.paths() == LaunchTexts(tmp_path, lambda _f: lambda path, _i: path == excluded).paths()


def test_who_keeps_something_is_told(tmp_path: Path) -> None:
    texts, told = LaunchTexts(tmp_path), list[str | None]()
    texts.tell(told.append)
    texts.changed(tmp_path / "a.sh")
    texts.set_overlay(tmp_path / "b/c.sh", "x")
    texts.changed()
    assert told == ["a.sh", "b/c.sh", None]


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes are of POSIX")
def test_a_pipe_is_no_text_and_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "control")
    assert LaunchTexts(tmp_path).text("control") is None


def test_a_folder_that_was_moved_takes_its_files_along(tmp_path: Path) -> None:
    launches(tmp_path, "old/start.sh", "old/inner/a.py")
    texts = LaunchTexts(tmp_path)
    assert texts.paths() == {"old/start.sh"}
    (tmp_path / "old").rename(tmp_path / "new")
    texts.changed(tmp_path / "old")
    texts.changed(tmp_path / "new")
    assert texts.paths() == {"new/start.sh"}
    assert texts.python() == {"a.py": {"new/inner/a.py"}}


def test_another_working_tree_of_the_repository_does_not_count(tmp_path: Path) -> None:
    launches(tmp_path, "start.sh", "wt/start.sh", "vendored/start.sh")
    (tmp_path / "wt/.git").write_text("gitdir: /src/.git/worktrees/wt\n")
    (tmp_path / "vendored/.git").write_text("gitdir: ../.git/modules/vendored\n")
    texts = LaunchTexts(tmp_path)
    assert texts.paths() == {"start.sh", "vendored/start.sh"}
    launches(tmp_path, "wt/new.sh")
    texts.changed(tmp_path / "wt/new.sh")
    assert texts.paths() == {"start.sh", "vendored/start.sh"}
    assert LaunchTexts(tmp_path / "wt").paths() == {"start.sh", "new.sh"}


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_link_to_a_file_of_the_workspace_is_no_second_one(tmp_path: Path) -> None:
    launches(tmp_path, "w/real/start.sh", "elsewhere/run.sh")
    (tmp_path / "w/start.sh").symlink_to("real/start.sh")
    (tmp_path / "w/run.sh").symlink_to(tmp_path / "elsewhere/run.sh")
    (tmp_path / "w/gone.sh").symlink_to("nowhere")
    assert LaunchTexts(tmp_path / "w").paths() == {"real/start.sh", "run.sh"}


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("# café\nuvicorn a:app\n".encode("latin-1"), "# café\nuvicorn a:app\n"),
        (b"\xef\xbb\xbfuvicorn a:app\n", "uvicorn a:app\n"),
        (b"uvicorn a:app \\\r\n  --port 1\r\n", "uvicorn a:app \\\r\n  --port 1\r\n"),
        ("uvicorn a:app\n".encode("utf-16"), None),
        (b"uvicorn\0", None),
    ],
)
def test_texts_of_other_encodings(tmp_path: Path, data: bytes, text: str | None) -> None:
    (tmp_path / "run.sh").write_bytes(data)
    assert LaunchTexts(tmp_path).text("run.sh") == text
