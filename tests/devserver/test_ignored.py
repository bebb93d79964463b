"""Which folders are watched, and which files never count."""

from __future__ import annotations

from pathlib import Path

from tests.folders import lay_out

from portside.devserver.watching import ignored


def make(root: Path, *paths: str) -> None:
    lay_out(root, dict.fromkeys(paths, ""))


def test_environments_caches_and_hidden_folders_are_not_watched(tmp_path: Path) -> None:
    make(
        tmp_path,
        "app.py",
        "core/server.py",
        ".venv/lib/x.py",
        "myenv/pyvenv.cfg",
        "myenv/lib/x.py",
        "node_modules/m/x.js",
        "core/__pycache__/server.pyc",
        "outputs/run1/log.txt",
    )
    (tmp_path / ".gitignore").write_text("outputs/\n")
    assert ignored.source_folders([tmp_path]) == [str(tmp_path), str(tmp_path / "core")]


def test_the_nearest_gitignore_wins(tmp_path: Path) -> None:
    make(tmp_path, ".git/HEAD", "gen/a.py", "gen/kept/b.py")
    (tmp_path / ".gitignore").write_text("*.py\n")
    (tmp_path / "gen" / "kept" / ".gitignore").write_text("!b.py\n")
    assert ignored.is_ignored(tmp_path / "gen" / "a.py")
    assert not ignored.is_ignored(tmp_path / "gen" / "kept" / "b.py")


def test_a_gitignore_above_the_repository_does_not_count(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*\n")
    make(tmp_path / "repository", ".git/HEAD", "app.py")
    assert not ignored.is_ignored(tmp_path / "repository" / "app.py")


def test_a_gitignore_that_lists_what_is_kept_leaves_the_folders_of_that_watched(tmp_path: Path) -> None:
    make(tmp_path, ".git/HEAD", "core/server.py", "core/run.log")
    (tmp_path / ".gitignore").write_text("*\n!*/\n!*.py\n")
    assert ignored.source_folders([tmp_path]) == [str(tmp_path), str(tmp_path / "core")]
    assert not ignored.is_ignored(tmp_path / "core" / "server.py")
    assert ignored.is_ignored(tmp_path / "core" / "run.log")
