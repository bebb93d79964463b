"""Several files change together or not at all."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from portside.workspace.rewrite import Rewrite, RewriteError, rewrite_together
from portside.workspace.turns import turn_in


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"1")
    other.write_bytes(b"2")
    return one, other


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_all_files_change(pair: tuple[Path, Path]) -> None:
    one, other = pair
    new = one.with_name("new")
    rewrite_together([Rewrite(one, b"1", b"A"), Rewrite(other, b"2", b"B"), Rewrite(new, None, b"C")])
    assert contents(one.parent) == {"one": b"A", "other": b"B", "new": b"C"}


def test_a_file_that_changed_meanwhile_stops_all(pair: tuple[Path, Path]) -> None:
    one, other = pair
    with pytest.raises(RewriteError, match="other was changed by someone else"):
        rewrite_together([Rewrite(one, b"1", b"A"), Rewrite(other, b"stale", b"B")])
    assert contents(one.parent) == {"one": b"1", "other": b"2"}


def test_a_file_that_appeared_meanwhile_stops_all(pair: tuple[Path, Path]) -> None:
    one, other = pair
    with pytest.raises(RewriteError, match="other has appeared"):
        rewrite_together([Rewrite(one, b"1", b"A"), Rewrite(other, None, b"B")])
    assert contents(one.parent) == {"one": b"1", "other": b"2"}


def test_a_file_that_is_gone_stops_all(pair: tuple[Path, Path]) -> None:
    one, other = pair
    other.unlink()
    with pytest.raises(RewriteError, match="other can't be written: No such file"):
        rewrite_together([Rewrite(one, b"1", b"A"), Rewrite(other, b"2", b"B")])
    assert contents(one.parent) == {"one": b"1"}


def test_a_failure_half_way_puts_back_what_was_done(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = pair
    one.chmod(0o640)
    replace = Path.replace

    def fail_on_other(path: Path, target: Path) -> Path:
        if Path(target) == other:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", fail_on_other)
    with pytest.raises(RewriteError, match="other can't be written: Input/output error"):
        rewrite_together([Rewrite(one, b"1", b"A"), Rewrite(other, b"2", b"B")])
    assert contents(one.parent) == {"one": b"1", "other": b"2"}
    assert stat.S_IMODE(one.stat().st_mode) == 0o640


STOPPED = """
import os, signal, sys
from pathlib import Path
from portside.workspace.rewrite import Rewrite, rewrite_together

def stop(_file):
    os.kill(os.getpid(), getattr(signal, sys.argv[1]))

os.fsync = stop
rewrite_together(Rewrite(Path(name), b"old", b"new") for name in ("a.py", "b.py"))
Path("a.py").write_bytes(b"went on")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_waits_until_all_files_are_written(name: str, tmp_path: Path) -> None:
    for file in ("a.py", "b.py"):
        (tmp_path / file).write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", STOPPED, name], cwd=tmp_path, capture_output=True, timeout=60, check=False
    )
    assert done.returncode != 0
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.py": b"new", "b.py": b"new"}


def test_what_is_saved_while_the_new_content_goes_to_the_disk_stays(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = pair
    monkeypatch.setattr(os, "fsync", lambda _file: other.write_bytes(b"saved"))
    with pytest.raises(RewriteError, match="other was changed by someone else"):
        rewrite_together([Rewrite(one, b"1", b"A"), Rewrite(other, b"2", b"B")])
    assert contents(one.parent) == {"one": b"1", "other": b"saved"}


def test_a_name_may_be_as_long_as_names_get(tmp_path: Path) -> None:
    file = tmp_path / f"{'n' * 252}.py"
    file.write_bytes(b"1")
    rewrite_together([Rewrite(file, b"1", b"A")])
    assert contents(tmp_path) == {file.name: b"A"}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere files have none of these")
def test_attributes_stay(pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    one, _ = pair
    given = {}
    monkeypatch.setattr(os, "listxattr", lambda path: ["user.note"] if path == one else [])
    monkeypatch.setattr(os, "getxattr", lambda _path, name: f"of {name}".encode())
    monkeypatch.setattr(os, "setxattr", lambda _path, name, value: given.update({name: value}))
    rewrite_together([Rewrite(one, b"1", b"A")])
    assert given == {"user.note": b"of user.note"}


@pytest.mark.skipif(sys.platform == "win32", reason="owners of POSIX")
def test_the_group_stays_where_the_owner_may_not(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []

    def chown(_path: Path, uid: int, gid: int) -> None:
        if uid != -1:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        given.append(gid)

    monkeypatch.setattr(os, "chown", chown)
    one, _ = pair
    rewrite_together([Rewrite(one, b"1", b"A")])
    assert given == [one.stat().st_gid]


def test_a_file_with_two_names_keeps_both(pair: tuple[Path, Path]) -> None:
    one, _ = pair
    second = one.with_name("second")
    second.hardlink_to(one)
    rewrite_together([Rewrite(one, b"1", b"A")])
    assert contents(one.parent) == {"one": b"A", "other": b"2", "second": b"A"}


@pytest.mark.parametrize("link", [Path.hardlink_to, Path.symlink_to])
def test_the_names_of_one_file_change_it_once(link: Callable[[Path, Path], None], tmp_path: Path) -> None:
    one, second = tmp_path / "one", tmp_path / "second"
    one.write_bytes(b"1")
    link(second, one)
    rewrite_together([Rewrite(one, b"1", b"A"), Rewrite(second, b"1", b"A")])
    assert contents(tmp_path) == {"one": b"A", "second": b"A"}
    with pytest.raises(RewriteError, match="second is the same file as"):
        rewrite_together([Rewrite(one, b"A", b"B"), Rewrite(second, b"A", b"C")])
    assert contents(tmp_path) == {"one": b"A", "second": b"A"}


@pytest.mark.skipif(sys.platform == "win32", reason="owners of POSIX")
def test_a_file_of_another_owner_stays_theirs(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = pair
    before = one.stat()
    monkeypatch.setattr(os, "geteuid", lambda: before.st_uid + 1)
    rewrite_together([Rewrite(one, b"1", b"longer")])
    assert (one.read_bytes(), one.stat().st_ino) == (b"longer", before.st_ino)


def test_a_folder_may_take_no_new_files(pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = pair
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != one.parent)
    rewrite_together([Rewrite(one, b"1", b"A"), Rewrite(other, b"2", b"")])
    assert contents(one.parent) == {"one": b"A", "other": b""}


def test_a_file_that_is_mounted_by_itself_is_overwritten(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = pair

    def refuse(*_paths: Path) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    monkeypatch.setattr(Path, "replace", refuse)
    rewrite_together([Rewrite(one, b"1", b"A")])
    assert contents(one.parent) == {"one": b"A", "other": b"2"}


def test_a_file_that_can_not_be_overwritten_to_the_end_is_what_it_was(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = pair
    write = os.write

    def no_room(file: int, data: bytes) -> int:
        if len(data) > 4:
            return write(file, data[:4])
        if bytes(data) == b"ends":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, data)

    for name in pair:
        name.with_name(f"{name.name} again").hardlink_to(name)
    monkeypatch.setattr(os, "write", no_room)
    with pytest.raises(RewriteError, match="other can't be written: No space left on device"):
        rewrite_together([Rewrite(one, b"1", b"A"), Rewrite(other, b"2", b"nearends")])
    assert set(contents(one.parent).items()) == {
        ("one", b"1"), ("one again", b"1"), ("other", b"2"), ("other again", b"2")
    }  # fmt: skip


TURN = """
import sys
from pathlib import Path
from portside.workspace.rewrite import Rewrite, RewriteError, rewrite_together

file, new = Path(sys.argv[1]), sys.argv[2].encode()
print("ready", flush=True)
sys.stdin.read()
try:
    rewrite_together([Rewrite(file, b"1", new)])
    print("written")
except RewriteError:
    print("refused")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there a folder can't be opened")
def test_of_two_processes_at_once_one_writes_and_the_other_is_told(pair: tuple[Path, Path]) -> None:
    one, _ = pair
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", TURN, str(one), new],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for new in ("A", "B")
    ]
    with turn_in([one.parent]):
        for run in runs:
            assert run.stdout is not None
            assert run.stdout.readline() == "ready\n"
            assert run.stdin is not None
            run.stdin.close()
            run.stdin = None
        assert one.read_bytes() == b"1"
    said = [run.communicate(timeout=60)[0].strip() for run in runs]
    assert sorted(said) == ["refused", "written"]
    assert one.read_bytes() == (b"A" if said[0] == "written" else b"B")


@pytest.mark.skipif(sys.platform == "win32", reason="there a folder can't be opened")
def test_nobody_waits_for_ever_for_whoever_holds_a_folder(tmp_path: Path) -> None:
    with turn_in([tmp_path]), turn_in([tmp_path], longest_wait_s=0):
        pass
