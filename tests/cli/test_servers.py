"""`portside ps`, `stop`, `restart` and `logs`, beside real servers."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.devserver.conftest import (
    RAW_APP,
    Served,
    Start,
    command_of,
    is_alive,
    project,
    serve,
    wait_until,
    write,
)  # fmt: skip
from tests.devserver.test_teardown import CHILDREN, stubborn, with_children
from tests.patience import PATIENCE_S

__all__ = ["project", "serve"]


def portside(
    served: Served | Path, *arguments: str, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    state = served if isinstance(served, Path) else served.state
    return subprocess.run(
        [sys.executable, "-m", "portside", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        cwd=folder or state.parent,
        env={**os.environ, "PORTSIDE_STATE_DIR": str(state), "COLUMNS": "200"},
    )


def listed(served: Served) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(portside(served, "ps", "--output-format", "json").stdout)
    return found


def ready(served: Served) -> Served:
    """Once it answers, and its record says so."""
    served.wait_for("ready")
    wait_until(lambda: [one for one in listed(served) if one["phase"] == "ready"], "the record")
    return served


def end_of_portside(served: Served) -> list[psutil.Process]:
    """Kill all that is Portside's own at once, as `pkill -9 -f portside` does; what is left."""
    children = served.one("worker").children(recursive=True)
    # Behind the program: that is the environment's Python, whose path names the folder of the checkout.
    named = [process for process in served.tree() if "portside" in command_of(process).partition(" ")[2]]
    ours = [process for process in named if process not in children]
    rest = [process for process in served.tree() if process not in ours]
    for act in (psutil.Process.suspend, psutil.Process.kill):  # none is to act on the end of another
        for process in ours:
            with contextlib.suppress(psutil.NoSuchProcess):  # it was about to end anyway
                act(process)
    served.process.wait(PATIENCE_S)
    wait_until(lambda: not any(is_alive(process) for process in ours), "the end")
    return [process for process in rest if is_alive(process)]


def test_nothing_runs(tmp_path: Path) -> None:
    assert portside(tmp_path / "state", "ps").stdout == "no dev server runs\n"
    assert portside(tmp_path / "state", "ps", "--output-format", "json").stdout == "[]\n"
    stop = portside(tmp_path / "state", "stop")
    assert (stop.returncode, stop.stderr) == (2, "no dev server runs\n")
    assert portside(tmp_path / "state", "stop", "--all").returncode == 0
    logs = portside(tmp_path / "state", "logs")
    assert (logs.returncode, logs.stderr) == (2, "no dev server has left a log\n")


def test_a_server_is_listed_with_its_workers_and_memory(serve: Start, project: Path) -> None:
    served = ready(serve("app:app"))
    (one,) = listed(served)
    assert one["pid"] == served.process.pid
    assert one["workers"] == [served.one("worker").pid]
    assert one["guardian"] == served.one("guardian").pid
    assert (one["folder"], one["port"]) == (str(project), served.port)
    assert 10 << 20 < one["memory_bytes"] < 1 << 30
    head, row = portside(served, "ps").stdout.splitlines()
    assert head.split() == ["NAME", "URL", "PHASE", "SINCE", "PID", "WORKERS", "MEMORY", "FOLDER"]
    assert row.split()[:3] == ["app:app", f"http://127.0.0.1:{served.port}", "ready"]


def test_a_kept_engine_is_listed_below_its_server(serve: Start, project: Path) -> None:
    served = ready(serve("app:app"))
    worker = served.one("worker").pid
    engine = {"model": "Qwen/Qwen3-8B", "key": "1a2b3c4d", "phase": "ready", "pid": worker, "memory": 0}
    (file,) = (served.state / "servers").glob("*.json")
    record = json.loads(file.read_text(encoding="utf-8"))
    record["engines"] = [{**engine, "attached": [worker], "in_flight": 2}, {**engine, "pid": None}]
    write(file, json.dumps(record))
    _, _, busy, idle = portside(served, "ps").stdout.splitlines()
    told = f"  engine Qwen/Qwen3-8B: ready, key 1a2b3c4d, worker {worker}, 2 requests in flight, "
    assert busy.startswith(told)
    assert busy.endswith(" MiB")
    assert idle == "  engine Qwen/Qwen3-8B: ready, key 1a2b3c4d, nobody is attached, 0 requests in flight"
    first, second = listed(served)[0]["engines"]
    assert (first["pid"], first["workers"], first["in_flight"]) == (worker, [worker], 2)
    assert first["memory_bytes"] > 10 << 20
    assert (second["pid"], second["workers"], second["memory_bytes"]) == (None, [], 0)


def test_only_a_server_that_keeps_its_engine_restarts_it(serve: Start, project: Path) -> None:
    served = ready(serve("app:app"))
    result = portside(served, "restart", "--engine")
    assert result.returncode == 1
    assert result.stderr.endswith("keeps no engine: see portside serve --keep-engine\n")


@pytest.mark.parametrize("word", ["port", "pid", "target", "worker", None])
def test_a_server_is_stopped_by_whatever_names_it(serve: Start, project: Path, word: str | None) -> None:
    stubborn(project)
    served = with_children(ready(serve("app:app")))
    words = {
        "port": str(served.port),
        "pid": str(served.process.pid),
        "target": "app:app",
        "worker": str(served.one("worker").pid),
    }
    stop = portside(served, "stop", *([words[word]] if word else []))
    assert stop.returncode == 0, stop.stderr
    assert ": stopped in " in stop.stdout
    assert stop.stdout.endswith(f"no process left, port {served.port} free\n")
    assert not served.tree()
    assert served.process.wait(PATIENCE_S) == 0
    assert "Application shutdown complete" in served.log


def test_of_several_one_has_to_be_chosen(serve: Start, tmp_path: Path) -> None:
    first, second = ready(serve("app:app")), serve("app:app")
    ready(second)
    wait_until(lambda: len(listed(first)) == 2, "both records")
    stop = portside(first, "stop")
    assert stop.returncode == 2
    assert str(first.port) in stop.stderr
    assert str(second.port) in stop.stderr
    assert portside(first, "stop", "no-such").returncode == 2
    assert portside(first, "stop", "--all").returncode == 0
    assert not first.tree()
    assert not second.tree()


def test_one_of_the_folder_is_meant_where_no_name_is_given(
    serve: Start, project: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    write(other / "app.py", RAW_APP)
    first, second = ready(serve("app:app")), serve("app:app", folder=other)
    ready(second)
    wait_until(lambda: len(listed(first)) == 2, "both records")
    assert portside(first, "stop", folder=other).returncode == 0
    assert not second.tree()
    assert first.tree()


def test_a_server_without_a_socket_is_stopped_by_a_signal(serve: Start) -> None:
    served = ready(serve("app:app"))
    Path(listed(served)[0]["control"]).unlink()
    restart = portside(served, "restart")
    assert restart.returncode == 1
    assert "takes no orders" in restart.stderr
    assert portside(served, "stop").returncode == 0
    assert not served.tree()


def test_a_supervisor_that_is_stopped_is_stopped_all_the_same(serve: Start) -> None:
    served = ready(serve("app:app", "--grace", "1"))
    served.process.send_signal(signal.SIGSTOP)
    stop = portside(served, "stop")
    assert stop.returncode == 0, stop.stdout
    assert not served.tree()


def test_a_restart_loads_the_code_anew(serve: Start) -> None:
    served = ready(serve("app:app", "--no-reload"))
    assert portside(served, "restart").returncode == 0
    served.wait_for("ready", generation=2)


def test_logs_survive_the_server(serve: Start, project: Path) -> None:
    write(project / "app.py", RAW_APP + "\nprint('hello from the app')\n")
    served = ready(serve("app:app"))
    assert "hello from the app\n" in portside(served, "logs").stdout
    assert portside(served, "logs", "app:app", "-n", "1").stdout.count("\n") == 1
    served.stop()
    after = portside(served, "logs", str(served.port))
    assert "hello from the app\n" in after.stdout
    assert "Application shutdown complete." in after.stdout
    assert after.stderr.startswith(f"(app:app at http://127.0.0.1:{served.port} ended ")


def test_logs_are_followed_to_the_end(serve: Start, project: Path) -> None:
    served = ready(serve("app:app"))
    command = [sys.executable, "-m", "portside", "logs", "-f"]
    environment = {**os.environ, "PORTSIDE_STATE_DIR": str(served.state)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as follower:
        assert follower.stdout is not None
        wait_until(lambda: "startup complete" in follower.stdout.readline(), "what was there")
        write(project / "app.py", RAW_APP + "\nprint('and more')\n")
        served.wait_for("ready", generation=2)
        served.stop()
        rest = follower.stdout.read()
        assert follower.wait(PATIENCE_S) == 0
    assert "and more\n" in rest
    assert rest.rstrip().splitlines()[-1].startswith("INFO:     Finished server process")


def test_what_a_killed_server_left_is_listed_and_stopped(serve: Start, project: Path) -> None:
    stubborn(project)
    served = with_children(ready(serve("app:app")))
    served.tree()
    left = end_of_portside(served)
    assert len(left) >= CHILDREN
    (one,) = listed(served)
    assert one["phase"] == "dead"
    assert {process.pid for process in left} <= set(one["processes"])
    assert " dead " in portside(served, "ps").stdout
    stop = portside(served, "stop")
    assert stop.returncode == 0, stop.stdout
    assert "what it had left is ended" in stop.stdout
    wait_until(lambda: not any(is_alive(process) for process in left), "the end of it")
    assert portside(served, "ps").stdout == "no dev server runs\n"


def test_a_start_sweeps_what_a_killed_server_left(serve: Start, project: Path) -> None:
    """Also where it holds the port: a child that was forked while the worker had the socket."""
    holder = """
import os, time
if os.fork() == 0:
    os.setsid()
    time.sleep(600)
"""
    write(project / "app.py", RAW_APP + holder)
    served = ready(serve("app:app"))
    wait_until(lambda: _forked(served), "the child")
    left = end_of_portside(served)
    assert left
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as bystander:
        write(project / "app.py", RAW_APP)
        again = serve("app:app", "--on-conflict", "fail", port=served.port)
        swept = again.wait_for("swept")
        again.wait_for("ready")
        assert bystander.poll() is None
        bystander.kill()
    assert {process.pid for process in left} == {one["pid"] for one in swept["processes"]}
    assert swept["left"] == []
    assert not any(is_alive(process) for process in left)
    again.stop()


def _forked(served: Served) -> bool:
    worker = served.one("worker")
    return any(command_of(child) == command_of(worker) for child in worker.children(recursive=True))


def test_a_browser_that_it_opened_is_not_its_own(serve: Start, tmp_path: Path) -> None:
    """It is a child of the server, and stays when that ends; nobody is told that it could not be ended."""
    pid_file = tmp_path / "browser.pid"
    browser = tmp_path / "browser.sh"
    browser.write_text(f"#!/bin/sh\necho $$ > {pid_file}.tmp; mv {pid_file}.tmp {pid_file}\nexec sleep 600\n")
    browser.chmod(0o755)
    served = ready(serve("app:app", "--open", env={"BROWSER": f"{browser} %s &", "DISPLAY": ":0"}))
    wait_until(pid_file.exists, "the browser")
    process = psutil.Process(int(pid_file.read_text()))
    try:
        assert process.pid not in listed(served)[0]["processes"]
        stop = portside(served, "stop")
        assert (stop.returncode, served.wait_for("stopped")["left"]) == (0, []), stop.stdout
        assert process.is_running()
    finally:
        process.kill()


def test_a_server_whose_port_nobody_knows_is_shown_without_one(serve: Start, project: Path) -> None:
    write(project / "script.py", "import time\ntime.sleep(600)\n")
    served = serve("script.py", tell_port=False)
    wait_until(lambda: listed(served), "the record")
    (line,) = portside(served, "ps").stdout.splitlines()[1:]
    assert line.split()[:2] == ["script.py", "-"]
    stopped = portside(served, "stop", "script.py").stdout
    assert stopped.startswith("■ script.py: stopped in ")
    assert stopped.endswith(": no process left\n")
    assert portside(served, "logs").stderr.startswith("(script.py ended ")
