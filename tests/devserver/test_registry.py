"""What other runs and editors can read about a running dev server."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from portside.devserver import registry

from .conftest import RAW_APP, Start, wait_until, write


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORTSIDE_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


def test_a_server_is_recorded_from_start_to_end(serve: Start, project: Path, state: Path) -> None:
    served = serve("app:app")
    served.wait_for("ready")
    path = state / "servers" / f"{served.process.pid}.json"
    record = wait_until(lambda: _in_phase(path, "ready"), "the record")
    expected = {
        "version": 1,
        "pid": served.process.pid,
        "folder": str(project),
        "target": "app:app",
        "name": None,
        "host": "127.0.0.1",
        "port": served.port,
        "url": f"http://127.0.0.1:{served.port}",
        "generation": 1,
        "message": None,
    }
    assert expected.items() <= record.items()
    assert abs(record["created"] - psutil.Process(served.process.pid).create_time()) < 1
    write(project / "app.py", RAW_APP + "\nbroken(")
    served.wait_for("failed", generation=2)
    record = wait_until(lambda: _in_phase(path, "ready", message=True), "the message")
    assert "SyntaxError" in record["message"]
    served.stop()
    assert not path.exists()


def _in_phase(path: Path, phase: str, message: bool = False) -> dict[str, object] | None:
    record: dict[str, object] = json.loads(path.read_text())
    return record if record["phase"] == phase and bool(record["message"]) is message else None


def test_the_folder_is_nobody_elses(state: Path) -> None:
    entry = registry.Entry(_record())
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    entry.remove()


def test_records_of_the_dead_are_swept(state: Path) -> None:
    dead = replace(_record(), created=1.0)
    assert not dead.is_running()
    stale = registry.Entry(replace(dead, pid=2**22 + 1))
    assert len(registry.records()) == 1
    entry = registry.Entry(_record())
    assert [record.pid for record in registry.records()] == [os.getpid()]
    entry.remove()
    stale.remove()


def test_unreadable_records_are_left_alone(state: Path) -> None:
    (state / "servers").mkdir(parents=True)
    (state / "servers" / "1.json").write_text("{")
    (state / "servers" / "2.json").write_text('{"version": 99}')
    assert registry.records() == []


def _record() -> registry.Record:
    return registry.own_record("/project", "app:app", None, "127.0.0.1", 8000, "http://127.0.0.1:8000")
