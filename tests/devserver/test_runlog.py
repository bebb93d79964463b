"""The log of a run: plain, bounded, and never in the way."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from portside.devserver.console import output
from portside.devserver.registry import runlog
from portside.devserver.registry.runlog import RunLog, plain

from .conftest import RAW_APP, Start, ask, wait_until, write


@pytest.mark.parametrize(
    ("printed", "kept"),
    [
        (b"plain", "plain"),
        (b"\x1b[32mINFO\x1b[0m:     started\r", "INFO:     started"),
        (b" 10%\r 50%\r100%", "100%"),
        (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        (b"bell\x07 and \x00nul", "bell and nul"),
        (b"broken \xff utf", "broken � utf"),
        (b"token=hf_abcdefghijklmnop", "token=***"),
    ],
)
def test_lines_are_kept_as_they_were_left_on_the_screen(printed: bytes, kept: str) -> None:
    assert plain(printed) == kept


def test_streams_do_not_meet_within_a_line(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "logs" / "a.log", pytest.fail)
    for data, source in ((b"one ", 1), (b"two ", 2), (b"one\n", 1), (b"two\nrest", 2)):
        log.write(data, source)
    log.close()
    assert log.path.read_text() == "one one\ntwo two\nrest\n"
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600


def test_it_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runlog, "LIMIT", 1000)
    log = RunLog(tmp_path / "logs" / "a.log", pytest.fail)
    for number in range(500):
        log.write(f"line {number}\n".encode(), 1)
        if number % 20 == 0:
            wait_until(lambda: not log._waiting, "the writer")
    log.close()
    assert sorted(path.name for path in log.path.parent.iterdir()) == ["a.log", "a.log.1"]
    assert all(path.stat().st_size <= 1000 for path in log.path.parent.iterdir())
    assert log.path.read_text().endswith("line 499\n")


def test_a_full_disk_costs_lines_and_says_how_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runlog, "_RETRY_S", 0.0)
    troubles: list[str] = []
    path = tmp_path / "logs" / "a.log"
    path.mkdir(parents=True)  # nothing can be written to a folder
    log = RunLog(path, troubles.append)
    log.write(b"lost 1\nlost 2\n", 1)
    wait_until(lambda: log._missing == 2, "the attempt")
    path.rmdir()
    log.write(b"kept\n", 1)
    log.close()
    assert path.read_text() == "(portside: 2 lines are missing here)\nkept\n"
    assert troubles == [f"{path}: Is a directory"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_device_without_room_is_a_full_disk(tmp_path: Path) -> None:
    troubles: list[str] = []
    path = tmp_path / "logs" / "a.log"
    path.parent.mkdir()
    path.symlink_to("/dev/full")
    log = RunLog(path, troubles.append)
    log.write(b"lost\n", 1)
    log.close()
    assert troubles == [f"{path}: No space left on device"]


def test_a_disk_that_hangs_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runlog, "_CLOSE_S", 0.2)
    path = tmp_path / "logs" / "a.log"
    path.parent.mkdir()
    os.mkfifo(path)  # opening it waits for a reader that never comes
    log = RunLog(path, lambda _: None)
    for _ in range(2000):
        log.write(b"x" * 9999 + b"\n", 1)
    log.close()  # and here we are
    assert log._size <= runlog._WAITING_LIMIT
    with path.open("rb"):  # lets the writer go
        pass


def test_what_is_shown_when_nobody_reads_does_not_hold_up_the_end() -> None:
    shown: list[bytes] = []
    held = output.Output(lambda data, _: shown.append(data))
    writing, source = held.open(1)
    os.write(writing, b"first\n")
    os.close(writing)
    held.finish([source])
    assert shown == [b"first\n"]


def test_who_is_finished_late_does_not_close_what_another_prints_into() -> None:
    """The descriptor of a worker that has ended is free again before the end of the worker is seen to."""
    shown: list[bytes] = []
    held = output.Output(lambda data, _: shown.append(data))
    writing, ended = held.open(1)
    os.close(writing)
    held.settle([ended])
    others = [held.open(1) for _ in range(8)]
    held.finish([ended])
    for number, (writing, _) in enumerate(others):
        os.write(writing, f"{number}\n".encode())
        os.close(writing)
    held.finish([source for _, source in others])
    assert sorted(b"".join(shown).split()) == [str(number).encode() for number in range(8)]


def test_a_server_logs_what_it_prints(serve: Start, project: Path) -> None:
    write(project / "app.py", RAW_APP + "\nprint('\\x1b[31mhello\\x1b[0m from the app')\n")
    served = serve("app:app")
    served.wait_for("ready")
    (log,) = (served.state / "logs").iterdir()
    wait_until(lambda: "Application startup complete" in log.read_text(), "the log")
    assert "\nhello from the app\n" in "\n" + log.read_text()
    assert served.stop() == 0
    assert "Application shutdown complete" in log.read_text()


def test_a_full_disk_does_not_stop_a_server(serve: Start, project: Path, tmp_path: Path) -> None:
    """Neither record, nor list of processes, nor log, nor socket can be made; it serves all the same."""
    (tmp_path / "nowhere").write_text("not a folder")
    served = serve("app:app", env={"PORTSIDE_STATE_DIR": str(tmp_path / "nowhere" / "state")})
    served.wait_for("ready")
    notes = " ".join(event["text"] for event in served.events if event["event"] == "note")
    assert "no record of this server can be kept" in notes
    assert "no log of this run can be kept" in notes
    write(project / "app.py", RAW_APP.replace('VERSION = "1"', 'VERSION = "2"'))
    served.wait_for("ready", generation=2)
    assert ask(served.port) == (200, "2")
    assert served.stop() == 0
