"""`portside serve --keep-engine`, with a vLLM that has no model: everything but the model is real."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.patience import PATIENCE_S

from portside.devserver.registry import control

from .conftest import Served, Start, ask, free_port, is_alive, wait_until, write

VLLM = Path(__file__).parent / "kept_vllm"
APP = """\
import json, os
from vllm.config import ModelConfig, ParallelConfig, VllmConfig
from vllm.v1.engine.core_client import AsyncMPClient, EngineDeadError, SyncMPClient

VERSION = "{version}"
CONFIG = VllmConfig(ModelConfig(max_model_len={length}), ParallelConfig({engines}))
engine = None

async def lifespan(receive, send):
    global engine
    await receive()
    engine = {client}(CONFIG, dict, True)
    {lifespan}
    await send({{"type": "lifespan.startup.complete"}})
    await receive()
    engine.shutdown()
    await send({{"type": "lifespan.shutdown.complete"}})

async def answer(path):
    if path == "/":
        dead = getattr(engine, "is_dead", False)
        yield json.dumps({{"version": VERSION, "pid": os.getpid(), "dead": dead}})
        return
    if not path[1:].isdigit():
        return
    count = int(path[1:])
    if isinstance(engine, SyncMPClient):
        for token in engine.generate("hello", count):
            yield f"{{token}} "
        return
    async for token in engine.generate("hello", count):
        yield f"{{token}} "

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    await send({{"type": "http.response.start", "status": 200, "headers": []}})
    async for text in answer(scope["path"]):
        await send({{"type": "http.response.body", "body": text.encode(), "more_body": True}})
    await send({{"type": "http.response.body", "body": b""}})
"""
TOKENS = "540 541 544 549 556 565 576 589 "


def app(
    version: str,
    length: int = 128,
    lifespan: str = "pass",
    client: str = "AsyncMPClient",
    engines: int = 1,
) -> str:
    return APP.format(version=version, length=length, lifespan=lifespan, client=client, engines=engines)


class Kept:
    def __init__(self, start: Start, project: Path, state: Path, text: str, *options: str) -> None:
        self.file = project / "app.py"
        self.launched = project.parent / "launches.txt"
        self._state = state
        write(self.file, text)
        env = {"LAUNCHES": str(self.launched)}
        words = ["app:app", "--keep-engine", *options, "--", "--lifespan", "on"]
        self.served: Served = start(*words, paths=[VLLM], env=env)
        self.served.wait_for("ready")

    def edit(self, text: str) -> dict[str, Any]:
        """What the next generation says of itself."""
        generation = max(one["generation"] for one in self.served.events if one["event"] == "loading") + 1
        write(self.file, text)
        self.served.wait_for("ready", generation=generation)
        return self.state()

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(ask(self.served.port)[1])
        return found

    def tokens(self) -> str:
        return ask(self.served.port, "/8")[1]

    def launches(self) -> list[str]:
        return self.launched.read_text(encoding="utf-8").split()

    def record(self) -> dict[str, Any]:
        (file,) = (self._state / "servers").glob("*.json")
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return found

    def wait_for_engine(self, condition: Callable[[dict[str, Any]], bool], what: str) -> None:
        wait_until(lambda: (found := self.record()["engines"]) and condition(found[0]), what)

    def host(self) -> psutil.Process:
        return psutil.Process(self.record()["engines"][0]["pid"])

    def core(self) -> psutil.Process:
        children = self.host().children()
        return next(one for one in children if "spawn_main" in " ".join(one.cmdline()))

    def phases(self) -> list[str]:
        return [one["phase"] for one in self.served.events if one["event"] == "engine"]


@pytest.fixture
def keep(serve: Start, project: Path, tmp_path: Path) -> Callable[..., Kept]:
    return lambda text, *options: Kept(serve, project, tmp_path / "state", text, *options)


Keep = Callable[..., Kept]


@pytest.mark.parametrize("client", ["AsyncMPClient", "SyncMPClient"])
def test_an_edit_keeps_the_engine(keep: Keep, client: str) -> None:
    kept = keep(app("1", client=client))
    first = kept.state()
    assert kept.tokens() == TOKENS
    assert kept.edit(app("2", client=client))["version"] == "2"
    assert kept.edit(app("3", client=client))["pid"] != first["pid"]
    assert kept.tokens() == TOKENS
    assert kept.launches() == ["128"]
    assert kept.served.stop() == 0
    kept.served.assert_nothing_left()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("import missing\n" + app("2"), id="it does not import"),
        pytest.param(app("2", lifespan="raise ValueError('no')"), id="its lifespan raises"),
        pytest.param(app("2", lifespan="os._exit(3)"), id="it dies in its lifespan"),
    ],
)
def test_code_that_breaks_costs_nothing(keep: Keep, text: str) -> None:
    kept = keep(app("1"))
    before = kept.state()
    write(kept.file, text)
    kept.served.wait_for("failed")
    assert kept.state() == before
    assert kept.edit(app("3"))["version"] == "3"
    assert kept.tokens() == TOKENS
    assert kept.launches() == ["128"]


def test_a_lifespan_that_hangs_is_given_up_for_the_next_edit(keep: Keep) -> None:
    kept = keep(app("1"))
    write(kept.file, app("2", lifespan="while True: pass"))
    kept.wait_for_engine(lambda engine: len(engine["attached"]) == 2, "the one that hangs to be attached")
    assert kept.edit(app("3"))["version"] == "3"
    assert kept.launches() == ["128"]


def test_a_killed_worker_leaves_no_request_behind(keep: Keep) -> None:
    kept = keep(app("1"))
    streams = [socket.create_connection(("127.0.0.1", kept.served.port)) for _ in range(3)]
    for stream in streams:
        stream.sendall(b"GET /100000 HTTP/1.1\r\nhost: localhost\r\n\r\n")
    kept.wait_for_engine(lambda engine: engine["in_flight"] == 3, "the requests")
    os.kill(kept.state()["pid"], signal.SIGKILL)
    kept.served.wait_for("ready", generation=2)
    kept.wait_for_engine(lambda engine: engine["in_flight"] == 0, "their end")
    assert kept.tokens() == TOKENS
    assert kept.launches() == ["128"]
    for stream in streams:
        stream.close()


def test_another_argument_is_another_engine_and_is_named(keep: Keep) -> None:
    kept = keep(app("1"))
    core = kept.core()
    kept.edit(app("2", length=96))
    restarted = kept.served.wait_for("engine", phase="restarting")
    assert restarted["reason"] == "max_model_len 128 → 96"
    assert kept.launches() == ["128", "96"]
    assert not is_alive(core)
    assert kept.tokens() == TOKENS


def test_an_engine_that_can_not_start_fails_the_app_until_it_is_mended(keep: Keep) -> None:
    kept = keep(app("1"))
    write(kept.file, app("2", length=2000))
    failed = kept.served.wait_for("failed")
    assert failed["kept"] is None  # the one before had to go for it
    assert "Available memory is less than requested" in kept.served.log
    assert kept.edit(app("3"))["version"] == "3"
    assert kept.tokens() == TOKENS


@pytest.mark.parametrize("victim", ["core", "host"])
def test_an_engine_that_died_is_told_and_replaced_at_the_next_edit(keep: Keep, victim: str) -> None:
    kept = keep(app("1"))
    getattr(kept, victim)().kill()
    kept.served.wait_for("engine", phase="lost")
    wait_until(lambda: kept.state()["dead"], "the app to hear of it")
    kept.edit(app("2"))
    assert kept.tokens() == TOKENS
    assert kept.launches() == ["128", "128"]


def test_it_is_loaded_again_when_somebody_asks(keep: Keep) -> None:
    kept = keep(app("1"))
    assert control.ask(kept.record()["control"], "restart-engine") == {"ok": True, "engines": 1}
    kept.served.wait_for("ready", generation=2)
    assert kept.launches() == ["128", "128"]
    assert kept.tokens() == TOKENS


def test_a_worker_under_a_debugger_uses_it_too(keep: Keep) -> None:
    kept = keep(app("1"), "--debug", "--debug-port", str(free_port()))
    assert kept.edit(app("2"))["version"] == "2"
    assert any("the debugger's port has to be free" in one.get("text", "") for one in kept.served.events)
    assert kept.launches() == ["128"]
    assert kept.tokens() == TOKENS


def test_what_can_not_be_kept_starts_with_the_worker(keep: Keep) -> None:
    kept = keep(app("1", engines=2))
    own = kept.served.wait_for("engine", phase="own")
    assert own["reason"] == "an engine with data parallel can't be kept"
    assert kept.edit(app("2", engines=2))["version"] == "2"
    assert kept.tokens() == TOKENS
    assert kept.launches() == ["128", "128"]


@pytest.mark.parametrize("kind", ["supervisor", "guardian"])
def test_nothing_outlives_the_dev_server(keep: Keep, kind: str) -> None:
    kept = keep(app("1"))
    kept.wait_for_engine(lambda engine: engine["phase"] == "ready", "the engine")
    kept.served.tree()
    victim = kept.served.process if kind == "supervisor" else kept.served.one(kind)
    os.kill(victim.pid, signal.SIGKILL)
    if kind == "supervisor":
        kept.served.process.wait(PATIENCE_S)
    else:
        kept.served.stop()
    kept.served.assert_nothing_left()
