"""Folders for sockets have short paths, whatever the folder for temporary files is called."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from pathlib import Path

import pytest

from portside.inside import socket_folder


@pytest.fixture(autouse=True)
def ask_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


def test_it_is_where_temporary_files_are_for_the_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    made = Path(socket_folder.make("x-", longest_name=3))
    assert made.parent == tmp_path
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


@pytest.mark.parametrize("room", [110, 95])
def test_where_that_is_too_long_it_is_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    long = tmp_path / ("t" * (room - len(str(tmp_path)) - 1))
    long.mkdir()
    monkeypatch.setenv("TMPDIR", str(long))
    made = socket_folder.make("x-", longest_name=6)
    try:
        assert len(os.fsencode(f"{made}/socket")) <= 107
        assert not list(long.iterdir())
    finally:
        Path(made).rmdir()


def test_where_none_can_be_made_the_trouble_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    with pytest.raises(OSError, match="No space left"):
        socket_folder.make("x-", longest_name=6)
