"""A server with a model in it: one at a time, nobody refused, nothing left on the accelerator."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.patience import PATIENCE_S

from .conftest import Served, Start, ask, is_alive, wait_until, write

STANDIN = Path(__file__).parents[1] / "standin"

APP = """\
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from vllm import SamplingParams
from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.v1.engine.async_llm import AsyncLLM

VERSION = "1"

@asynccontextmanager
async def lifespan(app):
    app.state.engine = AsyncLLM.from_engine_args(AsyncEngineArgs(model="tiny"))
    yield
    app.state.engine.shutdown()

app = FastAPI(lifespan=lifespan)

@app.get("/")
async def root():
    outputs = app.state.engine.generate("hello", SamplingParams(max_tokens=2), request_id=VERSION)
    texts = [output.outputs[0].text async for output in outputs]
    return [VERSION, bool(texts[-1])]

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=8123)
"""


@pytest.fixture(params=["app:app", "app.py"])
def served(serve: Start, project: Path, request: pytest.FixtureRequest) -> Served:
    write(project / "app.py", APP)
    return serve(request.param, paths=[STANDIN], env={"STANDIN_LOAD_S": "0.5"})


def engines(served: Served) -> list[psutil.Process]:
    return [
        process for process in served.tree() if is_alive(process) and _title(process).startswith("VLLM::")
    ]


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline()) or process.name()
    except psutil.Error:
        return ""


def test_the_old_engine_goes_before_the_new_one_comes(served: Served, project: Path) -> None:
    served.wait_for("ready", generation=1)
    assert ask(served.port) == (200, '["1",true]')
    (first,) = engines(served)
    failures: list[Any] = []
    most = 1
    stopped = threading.Event()

    def keep_asking() -> None:
        while not stopped.is_set():
            status, body = ask(served.port)
            if status != 200:
                failures.append((status, body))

    client = threading.Thread(target=keep_asking)
    client.start()
    write(project / "app.py", APP.replace('"1"', '"2"'))
    while not any(event["event"] == "ready" and event["generation"] == 2 for event in served.events):
        most = max(most, len(engines(served)))
    stopped.set()
    client.join(PATIENCE_S)
    assert failures == []
    assert most == 1
    assert not is_alive(first)
    assert ask(served.port) == (200, '["2",true]')


def test_a_broken_edit_costs_no_engine(served: Served, project: Path) -> None:
    served.wait_for("ready", generation=1)
    (engine,) = engines(served)
    write(project / "app.py", APP + "\ndef broken(:\n")
    assert served.wait_for("failed", generation=2)["kept"] == 1
    assert is_alive(engine)
    assert ask(served.port) == (200, '["1",true]')


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_no_engine_outlives_the_server(served: Served, number: signal.Signals) -> None:
    served.wait_for("ready", generation=1)
    (engine,) = engines(served)
    served.stop(number)
    wait_until(lambda: not is_alive(engine), "the end of the engine")
    served.assert_nothing_left()


def test_no_half_loaded_engine_outlives_the_server(serve: Start, project: Path) -> None:
    write(project / "app.py", APP)
    served = serve("app.py", paths=[STANDIN], env={"STANDIN_LOAD_S": "60"})
    wait_until(lambda: engines(served), "an engine that loads")
    served.stop(signal.SIGKILL)
    served.assert_nothing_left()


def test_a_missing_guard_fails_as_under_python(serve: Start, project: Path) -> None:
    write(project / "app.py", APP.replace('if __name__ == "__main__":\n    uvicorn', "uvicorn"))
    served = serve("app.py", "--no-reload", paths=[STANDIN])
    assert served.process.wait(PATIENCE_S) == 1
    assert "An attempt has been made to start a new process before the" in served.log
    served.assert_nothing_left()
