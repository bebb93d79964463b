"""What other runs and editors can read about a running dev server."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from portside.devserver.registry import orphans, registry

from .conftest import RAW_APP, Start, wait_until, write

pytestmark = pytest.mark.usefixtures("state")


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
    wait_until(lambda: json.loads(path.read_text())["ports"] == [served.port], "the ports")
    record = json.loads(path.read_text())
    assert record["workers"] == [served.one("worker").pid]
    assert record["guardian"]["pid"] == served.one("guardian").pid
    assert record["session"] == os.getsid(served.process.pid)
    assert record["command"][:3] == ["portside", "serve", "app:app"]
    write(project / "app.py", RAW_APP + "\nbroken(")
    served.wait_for("failed", generation=2)
    record = wait_until(lambda: _in_phase(path, "ready", message=True), "the message")
    assert "SyntaxError" in record["message"]
    served.stop()
    assert not path.exists()


def _in_phase(path: Path, phase: str, message: bool = False) -> dict[str, object] | None:
    if not path.exists():
        return None
    record: dict[str, object] = json.loads(path.read_text())
    return record if record["phase"] == phase and bool(record["message"]) is message else None


def test_the_folder_is_nobody_elses(state: Path) -> None:
    entry = registry.Entry(_record())
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    entry.remove()


def test_records_of_the_dead_are_swept(state: Path) -> None:
    dead = replace(_record(), ticks=1)
    assert not dead.is_running()
    registry.Entry(replace(dead, pid=2**22 + 1))
    assert len(registry.records()) == 1
    assert registry.has_dead()
    entry = registry.Entry(_record())
    assert orphans.sweep() == []
    assert [record.pid for record in registry.records()] == [os.getpid()]
    assert [record.id for record in registry.ended()] == [dead.id]
    entry.remove(code=0)
    assert [record.code for record in registry.ended()] == [0, None]


def test_a_record_of_another_boot_is_dead_whatever_has_its_pid(state: Path) -> None:
    assert _record().is_running()
    assert not replace(_record(), boot="another").is_running()


def test_a_record_of_another_container_is_left_alone(state: Path) -> None:
    registry.Entry(replace(_record(), namespace="pid:[1]", ticks=1))
    assert not registry.has_dead()
    assert orphans.sweep() == []
    entry = registry.Entry(_record())
    assert entry.path.name == f"{os.getpid()}-{entry.record.id[:8]}.json"
    assert len(registry.records()) == 2


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1}', '{"version": 1, "pid": "7"}'])
def test_damaged_records_are_named_and_put_aside(state: Path, text: str) -> None:
    (state / "servers").mkdir(parents=True)
    (state / "servers" / "1.json").write_text(text)
    (state / "servers" / "2.json").write_text('{"version": 99}')
    assert registry.records() == []
    ((path, why),) = registry.put_damaged_aside()
    assert path == state / "servers" / "1.unreadable"
    assert why.startswith("it ")
    assert registry.put_damaged_aside() == []
    assert (state / "servers" / "2.json").exists(), "of a newer version, which is not ours to judge"


def test_a_full_disk_costs_the_record_alone(state: Path) -> None:
    state.mkdir()
    (state / "servers").write_text("no folder")
    entry = registry.Entry(_record())
    assert entry.trouble is not None
    entry.change(phase="ready", generation=1)
    assert entry.trouble is not None
    (state / "servers").unlink()
    entry.change(phase="ready", generation=2)
    assert entry.trouble is None
    assert [record.generation for record in registry.records()] == [2]
    entry.remove()


def _record() -> registry.Record:
    return registry.own_record("/project", "app:app", None, "127.0.0.1", 8000, "http://127.0.0.1:8000")
