"""Installed packages stay imported from one generation to the next, as long as that can't be noticed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.patience import PATIENCE_S

from .conftest import Served, Start, ask, command_of, free_port, is_alive, name_of, wait_until, write

HEAVY = """\
import os, time
with open(os.environ["HEAVY_LOG"], "a") as log:
    log.write(f"{os.getpid()}\\n")
time.sleep(float(os.environ.get("HEAVY_S", "0")))
MODE = os.environ.get("HEAVY_MODE")
NUMBER = 1
"""
APP = """\
import json, os, random, sys
{before}
import heavy
{after}
DRAWN = random.random()

def state():
    return {{"pid": os.getpid(), "mode": heavy.MODE, "number": heavy.NUMBER, "drawn": DRAWN,
            "variable": os.environ.get("HEAVY_MODE"), "version": {version!r}}}

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({{"type": message["type"] + ".complete"}})
            if message["type"] == "lifespan.shutdown":
                return
    body = json.dumps(state()).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({{"type": "http.response.start", "status": 200, "headers": headers}})
    await send({{"type": "http.response.body", "body": body}})
"""


def app(version: str = "1", before: str = "", after: str = "") -> str:
    return APP.format(version=version, before=before, after=after)


@pytest.fixture(scope="session")
def base_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that has what ours has."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    ours = sysconfig.get_paths()["purelib"]
    site_packages(folder).joinpath("ours.pth").write_text(ours + "\n")
    return folder


def site_packages(environment: Path) -> Path:
    return next(environment.glob("lib/python3*/site-packages"))


@pytest.fixture
def heavy(base_environment: Path) -> Path:
    """A package in there, whose imports are counted."""
    folder = site_packages(base_environment) / "heavy"
    folder.mkdir(exist_ok=True)
    write(folder / "__init__.py", HEAVY)
    return folder


class Warm:
    """Servers of one project that imports the package, and how often that was imported."""

    def __init__(self, serve: Start, project: Path, environment: Path, log: Path) -> None:
        self._serve = serve
        self.project = project
        self._python = environment / "bin" / "python"
        self._log = log

    def start(self, *arguments: str, **variables: str) -> Served:
        env = {"HEAVY_LOG": str(self._log), **variables}
        return self._serve("--python", str(self._python), *(arguments or ("app:app",)), env=env)

    def imports(self) -> int:
        return len(self._log.read_text().splitlines()) if self._log.exists() else 0

    def edit(self, served: Served, text: str) -> dict[str, Any]:
        """What the next generation answers."""
        generation = max(event["generation"] for event in served.events if event["event"] == "ready") + 1
        write(self.project / "app.py", text)
        served.wait_for("ready", generation=generation)
        return answer(served)


def answer(served: Served) -> dict[str, Any]:
    status, body = ask(served.port)
    assert status == 200, body
    found: dict[str, Any] = json.loads(body)
    return found


def zygotes(served: Served) -> list[psutil.Process]:
    return [one for one in served.tree() if "zygote" in command_of(one) and parent_is_guardian(one)]


def parent_is_guardian(process: psutil.Process) -> bool:
    parent = process.parent()
    return parent is not None and "guardian" in command_of(parent) and name_of(parent) != "portside keeper"


@pytest.fixture
def warm(serve: Start, project: Path, base_environment: Path, heavy: Path, tmp_path: Path) -> Warm:
    write(project / "app.py", app())
    return Warm(serve, project, base_environment, tmp_path / "imports.txt")


def test_an_edit_imports_no_package_again(warm: Warm) -> None:
    served = warm.start()
    served.wait_for("warm")
    before = warm.imports()
    first = answer(served)
    second = warm.edit(served, app("2"))
    third = warm.edit(served, app("3"))
    assert warm.imports() == before == 2  # the first worker's, and the one for all others
    assert (second["version"], third["version"]) == ("2", "3")
    assert len({first["pid"], second["pid"], third["pid"]}) == 3
    assert served.stop() == 0
    served.assert_nothing_left()


def test_a_later_run_imports_it_once_for_all_generations(warm: Warm) -> None:
    served = warm.start()
    served.wait_for("warm")
    served.stop()
    before = warm.imports()
    again = warm.start()
    again.wait_for("ready")
    assert warm.edit(again, app("2"))["version"] == "2"
    assert warm.imports() == before + 1


def test_generations_do_not_draw_the_same_numbers(warm: Warm) -> None:
    served = warm.start()
    served.wait_for("warm")
    drawn = {warm.edit(served, app(str(number)))["drawn"] for number in range(3)}
    assert len(drawn) == 3


def test_a_variable_that_the_program_sets_before_the_import_is_seen_by_the_package(warm: Warm) -> None:
    write(warm.project / "app.py", app(before='os.environ["HEAVY_MODE"] = "a"'))
    served = warm.start()
    served.wait_for("warm")
    before = warm.imports()
    assert warm.edit(served, app("2", before='os.environ["HEAVY_MODE"] = "a"'))["mode"] == "a"
    assert warm.imports() == before


@pytest.mark.parametrize(
    ("line", "mode"),
    [
        pytest.param('os.environ["HEAVY_MODE"] = "b"', "b", id="changed"),
        pytest.param("", None, id="gone"),
        pytest.param('os.environ.update(HEAVY_MODE="a", HEAVY_MORE="1")', "a", id="another"),
        pytest.param('os.environ["HEAVY_MODE"] = "a"; del os.environ["HEAVY_MODE"]', None, id="taken away"),
    ],
)
def test_another_variable_has_the_package_imported_anew(warm: Warm, line: str, mode: str | None) -> None:
    write(warm.project / "app.py", app(before='os.environ["HEAVY_MODE"] = "a"'))
    served = warm.start()
    served.wait_for("warm")
    before = warm.imports()
    assert warm.edit(served, app("2", before=line))["mode"] == mode
    wait_until(lambda: warm.imports() >= before + 2, "the package to be imported anew, also for what follows")
    number = warm.imports()
    wait_until(lambda: len([one for one in served.events if one["event"] == "warm"]) == 2, "another zygote")
    assert warm.edit(served, app("3", before=line))["mode"] == mode
    assert warm.imports() == number


def test_what_is_set_after_all_imports_makes_no_difference(warm: Warm) -> None:
    write(warm.project / "app.py", app(after='os.environ["HEAVY_MODE"] = str(random.random())'))
    served = warm.start()
    served.wait_for("warm")
    before = warm.imports()
    found = warm.edit(served, app("2", after='os.environ["HEAVY_MODE"] = str(random.random())'))
    assert found["mode"] is None
    assert found["variable"]
    assert warm.imports() == before


def test_a_package_that_changed_is_imported_anew(warm: Warm, heavy: Path) -> None:
    served = warm.start()
    served.wait_for("warm")
    write(heavy / "__init__.py", HEAVY.replace("NUMBER = 1", "NUMBER = 22"))
    assert warm.edit(served, app("2"))["number"] == 22
    assert warm.edit(served, app("3"))["number"] == 22


def test_a_module_of_the_project_with_a_packages_name_takes_its_place(warm: Warm) -> None:
    served = warm.start()
    served.wait_for("warm")
    write(warm.project / "heavy.py", "MODE = 'mine'\nNUMBER = 3\n")
    assert warm.edit(served, app("2"))["mode"] == "mine"


def test_a_package_that_starts_a_thread_is_left_to_each_worker(warm: Warm, heavy: Path) -> None:
    thread = "import threading\nthreading.Thread(target=time.sleep, args=(3600,), daemon=True).start()\n"
    write(heavy / "__init__.py", HEAVY + thread)
    served = warm.start()
    served.wait_for("warm")
    assert warm.edit(served, app("2"))["version"] == "2"
    assert warm.edit(served, app("3"))["version"] == "3"
    served.stop()
    served.assert_nothing_left()


def test_no_warm_keeps_nothing(warm: Warm) -> None:
    served = warm.start("--no-warm", "app:app")
    served.wait_for("ready")
    before = warm.imports()
    assert warm.edit(served, app("2"))["version"] == "2"
    assert warm.imports() == before + 1
    assert not zygotes(served)


def test_a_lost_zygote_costs_nobody_anything(warm: Warm) -> None:
    served = warm.start()
    served.wait_for("warm")
    warm.edit(served, app("2"))
    (zygote,) = zygotes(served)
    zygote.kill()
    wait_until(lambda: not is_alive(zygote), "its end")
    assert answer(served)["version"] == "2"
    assert warm.edit(served, app("3"))["version"] == "3"
    assert warm.edit(served, app("4"))["version"] == "4"
    assert served.stop() == 0
    served.assert_nothing_left()


def test_ctrl_c_ends_it_while_it_imports(warm: Warm) -> None:
    served = warm.start()
    served.wait_for("warm")
    served.stop()
    again = warm.start(HEAVY_S="3600")
    wait_until(lambda: zygotes(again), "the zygote")
    assert again.stop() == 0
    again.assert_nothing_left()


@pytest.mark.parametrize("kind", ["supervisor", "guardian", "keeper", "worker"])
def test_nothing_is_left_of_forked_workers(warm: Warm, kind: str) -> None:
    served = warm.start()
    served.wait_for("warm")
    warm.edit(served, app("2"))
    served.tree()
    victim = served.process if kind == "supervisor" else served.one(kind)
    os.kill(victim.pid, signal.SIGKILL)
    if kind == "supervisor":
        served.process.wait(PATIENCE_S)
    else:
        served.stop()
    served.assert_nothing_left()


OPEN = """\
def opened():
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{name}").partition(":")[0])
        except OSError:
            pass
    return sorted(found)
print("open", opened(), flush=True)
"""


def test_a_worker_has_nobody_elses_files_open(warm: Warm) -> None:
    write(warm.project / "app.py", app(after=OPEN))
    served = warm.start()
    served.wait_for("warm")
    warm.edit(served, app("2", after=OPEN))
    warm.edit(served, app("3", after=OPEN))
    said = [line for line in served.log.splitlines() if line.startswith("open ")]
    assert len(said) == 3
    assert all(line.count("'socket'") == 2 for line in said), said  # its conversation, and what it serves on
    assert len(set(said)) == 1, said


SCRIPT = """\
import atexit, multiprocessing, os, sys, threading
import heavy

def child(queue):
    queue.put(os.getpid())

def say(*words):
    # In one write: print makes two where PYTHONUNBUFFERED is set, and others write there too.
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

if __name__ == "__main__":
    import uvicorn
    say("terminal", sys.stdout.isatty(), sys.stdin.isatty())
    atexit.register(say, "atexit")
    threading.Thread(target=say, args=("thread",)).start()
    for method in ("fork", "spawn"):
        context = multiprocessing.get_context(method)
        queue = context.Queue()
        process = context.Process(target=child, args=(queue,))
        process.start()
        assert queue.get(timeout=60) == process.pid
        process.join()
        say(method, process.exitcode)
    from app import app
    uvicorn.run(app, port=int(sys.argv[1]))
    sys.exit(3)
"""


def test_a_forked_script_runs_as_a_new_interpreter_would_run_it(warm: Warm) -> None:
    write(warm.project / "script.py", SCRIPT)
    port = free_port()
    served = warm.start("script.py", "--", str(port))
    served.wait_for("warm")
    write(warm.project / "script.py", SCRIPT + "\n")
    served.wait_for("ready", generation=2)
    assert zygotes(served)
    served.stop()
    said = served.log.splitlines()
    for line in ("terminal False False", "thread", "fork 0", "spawn 0", "atexit"):
        assert said.count(line) == 2, (line, said)
    served.assert_nothing_left()


def test_a_secret_is_not_kept_on_disk(warm: Warm, tmp_path: Path) -> None:
    line = 'os.environ["HF_TOKEN"] = "hf_abcdefghijklmnop"'
    write(warm.project / "app.py", app(before=line))
    served = warm.start()
    served.wait_for("warm")
    kept = "".join(file.read_text() for file in (tmp_path / "state").rglob("*.json"))
    assert "heavy" not in kept
    assert "hf_abcdef" not in kept
    before = warm.imports()
    assert warm.edit(served, app("2", before=line))["version"] == "2"
    assert warm.imports() == before


@pytest.mark.parametrize("text", ["", "{", "[]", '{"steps": [["import", "os; x"]], "late": []}', "\0"])
def test_a_broken_record_of_imports_counts_as_none(warm: Warm, tmp_path: Path, text: str) -> None:
    served = warm.start()
    served.wait_for("warm")
    served.stop()
    (record,) = (tmp_path / "state" / "imports").iterdir()
    record.write_text(text)
    again = warm.start()
    again.wait_for("warm")
    assert answer(again)["version"] == "1"
