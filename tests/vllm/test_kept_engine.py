"""`portside serve --keep-engine` with a real vLLM: a server is edited, broken and killed in turn.

An engine takes half a minute to start here, so the steps of a test share one; each leaves it serving.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests import real_vllm
from tests.loopback import can_listen, free_port
from tests.patience import PATIENCE_S

from .conftest import Served
from .kept_apps import DIRECT, SYNC, app

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(1800)]

PROMPTS = ["hello", "the quick brown fox", "x y z"]


class Kept:
    """A server whose engine is kept, and its app's file."""

    def __init__(self, folder: Path, python: Path, environment: dict[str, str], text: str) -> None:
        self.file = folder / "app.py"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.file.write_text(text, encoding="utf-8")
        words = ["app:app", "--port", str(self.port), "--keep-engine"]
        self.served = Served.start(folder, python, environment, folder / "serve.log", *words)

    def edit(self, text: str) -> None:
        temporary = self.file.with_suffix(".new")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(self.file)

    def until_it_says(self, version: str) -> dict[str, Any]:
        """What the generation with this version says of itself. Fails should the server end."""
        return self.until(lambda: found if (found := self.version()).get("version") == version else None)

    def until(self, condition: Callable[[], Any]) -> Any:
        end = time.monotonic() + 3 * PATIENCE_S
        while time.monotonic() < end and self.served.process.poll() is None:
            found = condition()
            if found:
                return found
            time.sleep(0.05)
        pytest.fail(self.served.log.read_text(encoding="utf-8")[-6000:])

    def version(self) -> dict[str, Any]:
        with contextlib.suppress(urllib.error.HTTPError, OSError, ValueError):
            found: dict[str, Any] = json.loads(self.get("/version"))
            return found
        return {}

    def get(self, path: str, body: dict[str, Any] | None = None) -> str:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            text: str = answer.read().decode()
            return text

    def tokens(self, prompt: str) -> list[int]:
        text = self.get(f"/tokens?prompt={urllib.request.quote(prompt)}")  # type: ignore[attr-defined]
        return [int(token) for token in text.strip("[]").replace(",", " ").split()]

    def engine(self) -> dict[str, Any]:
        """What the registry says of the one engine; nothing where there is none or several."""
        with contextlib.suppress(ValueError, OSError):
            found = self.served.record().get("engines", [])
            return dict(found[0]) if len(found) == 1 else {}
        return {}

    def core(self) -> psutil.Process:
        """EngineCore: below the process that keeps it."""
        host = psutil.Process(self.engine()["pid"])
        (found,) = [one for one in host.children() if one.name().startswith("VLLM::EngineCor")]
        return found

    def portside(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "portside", *arguments],
            env={**os.environ, "PORTSIDE_STATE_DIR": str(self.served.state)},
            capture_output=True,
            text=True,
            check=False,
        )

    def stream(self) -> socket.socket:
        """A connection on which tokens come, as many as the model may make."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
        connection.sendall(b"GET /tokens?n=120 HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert connection.recv(4096)
        return connection

    def said(self, text: str) -> bool:
        return text in self.served.log.read_text(encoding="utf-8")


@pytest.fixture
def start(tmp_path: Path, python: Path, environment: dict[str, str]) -> Iterator[Callable[[str], Kept]]:
    """Serve an app with this text."""
    started: list[Kept] = []

    def start(text: str) -> Kept:
        started.append(Kept(tmp_path, python, environment, text))
        return started[-1]

    yield start
    for kept in started:
        kept.served.end()


@pytest.fixture
def direct(tmp_path: Path, python: Path, vllm: Path) -> list[list[int]]:
    """The tokens of an engine without Portside, nor a process of its own."""
    script = tmp_path / "direct.py"
    script.write_text(DIRECT, encoding="utf-8")
    result = subprocess.run(
        [python, script, str(vllm / "tiny-llama"), *PROMPTS],
        env={**os.environ, **real_vllm.environment(vllm), "VLLM_ENABLE_V1_MULTIPROCESSING": "0"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    lines = [line.split()[1:] for line in result.stdout.splitlines() if line.startswith("tokens ")]
    return [[int(token) for token in line] for line in lines]


def test_an_engine_outlives_whatever_happens_to_the_code(
    start: Callable[[str], Kept], direct: list[list[int]], vllm: Path
) -> None:
    kept = start(app("1"))
    edits_keep_it(kept, direct)
    vllms_own_app_works_over_it(kept, str(vllm / "tiny-llama"))
    for what, text in BROKEN.items():
        code_that_breaks_costs_nothing(kept, text, what)
    killed_workers_leave_no_request_behind(kept, direct)
    nothing_outlives_the_dev_server(kept)


def test_an_engine_is_another_one_where_it_has_to_be(start: Callable[[str], Kept]) -> None:
    kept = start(app("1", text=SYNC))
    a_synchronous_engine_is_kept_as_well(kept)
    another_argument_is_named(kept)
    it_is_listed_and_loaded_anew_on_demand(kept)
    an_engine_that_died_is_replaced(kept)


def edits_keep_it(kept: Kept, direct: list[list[int]]) -> None:
    first = kept.until_it_says("1")
    assert first["type"] == "AsyncLLM"
    assert kept.said("for development, not for benchmarks")
    assert [kept.tokens(prompt) for prompt in PROMPTS] == direct
    core = kept.core()
    for version in ("2", "3", "4"):
        kept.edit(app(version))
        found = kept.until_it_says(version)
        assert found["pid"] != first["pid"]
        assert [kept.tokens(prompt) for prompt in PROMPTS] == direct
    assert kept.core() == core
    kept.until(lambda: kept.engine()["attached"] == [found["pid"]] and kept.engine()["in_flight"] == 0)


def vllms_own_app_works_over_it(kept: Kept, model: str) -> None:
    assert json.loads(kept.get("/openai/v1/models"))["data"][0]["id"] == model
    body = {"model": model, "prompt": "hello", "max_tokens": 5, "temperature": 0, "logprobs": 2}
    assert json.loads(kept.get("/openai/v1/completions", body))["usage"]["completion_tokens"] > 0
    message = {"role": "user", "content": "hi"}
    chat = {"model": model, "messages": [message], "max_tokens": 4, "stream": True}
    assert kept.get("/openai/v1/chat/completions", chat).rstrip().endswith("data: [DONE]")
    assert "vllm:num_requests_running" in kept.get("/openai/metrics")


BROKEN = {
    "it does not compile": app("5") + "\ndef broken(:\n",
    "it does not import": "import does_not_exist\n" + app("5"),
    "its lifespan raises": app("5", lifespan="raise ValueError('no')"),
    "its lifespan never ends": app("5", lifespan="while True: pass"),
}


def code_that_breaks_costs_nothing(kept: Kept, text: str, what: str) -> None:
    before, core = kept.until_it_says("4"), kept.core()
    generation = kept.served.record()["generation"]
    kept.edit(text)
    if "never ends" in what:
        kept.until(lambda: len(kept.engine()["attached"]) == 2)
    else:
        kept.until(lambda: kept.served.record()["message"])
    assert kept.version() == before, what
    kept.edit(app("4"))
    kept.until(lambda: kept.served.record()["generation"] > generation)
    assert kept.core() == core
    found = kept.until_it_says("4")
    kept.until(lambda: kept.engine()["attached"] == [found["pid"]])


def killed_workers_leave_no_request_behind(kept: Kept, direct: list[list[int]]) -> None:
    core = kept.core()
    for _ in range(3):
        pid = kept.until_it_says("4")["pid"]
        streams = [kept.stream() for _ in range(4)]
        os.kill(pid, signal.SIGKILL)
        kept.until(lambda pid=pid: kept.version().get("pid", pid) != pid)
        for stream in streams:
            stream.close()
    assert kept.tokens(PROMPTS[0]) == direct[0]
    assert kept.core() == core
    kept.until(lambda: kept.engine()["in_flight"] == 0 and len(kept.engine()["attached"]) == 1)


def a_synchronous_engine_is_kept_as_well(kept: Kept) -> None:
    assert kept.until_it_says("1")["type"] == "LLM"
    core, tokens = kept.core(), kept.tokens("hello")
    for version in ("2", "3"):
        kept.edit(app(version, text=SYNC))
        kept.until_it_says(version)
        assert kept.tokens("hello") == tokens
    assert kept.core() == core


def another_argument_is_named(kept: Kept) -> None:
    core = kept.core()
    kept.edit(app("4", text=SYNC, length=96))
    kept.until_it_says("4")
    assert kept.said("the engine starts again: max_model_len 128 → 96")
    assert kept.core() != core
    assert not core.is_running()


def it_is_listed_and_loaded_anew_on_demand(kept: Kept) -> None:
    engine, core = kept.engine(), kept.core()
    (listed,) = json.loads(kept.portside("ps", "--output-format", "json").stdout)
    (seen,) = listed["engines"]
    assert seen["model"].endswith("tiny-llama")
    assert (seen["key"], seen["pid"], seen["phase"]) == (engine["key"], engine["pid"], "ready")
    assert seen["workers"] == kept.served.record()["workers"]
    assert seen["memory_bytes"] > 300 << 20

    restarted = kept.portside("restart", "--engine")
    assert restarted.stdout.endswith("loads anew, and its engine\n"), restarted.stderr
    kept.until(lambda: kept.engine().get("attached") and kept.engine()["pid"] != engine["pid"])
    kept.until_it_says("4")
    assert kept.engine()["key"] == engine["key"]
    assert not core.is_running()


def an_engine_that_died_is_replaced(kept: Kept) -> None:
    core = kept.core()
    core.kill()
    kept.until(lambda: kept.said("the engine is gone (signal 9)"))
    with pytest.raises(urllib.error.HTTPError):
        kept.tokens("hello")  # EngineDeadError: nobody waits for an answer that can't come
    kept.edit(app("5", text=SYNC, length=96))
    kept.until_it_says("5")
    assert kept.tokens("hello")
    assert kept.core() != core


def nothing_outlives_the_dev_server(kept: Kept) -> None:
    assert kept.served.has_engine()
    tree = kept.served.tree()
    kept.served.process.kill()
    assert psutil.wait_procs(tree, PATIENCE_S)[1] == []
    assert can_listen(kept.port)
