"""`portside serve` with the example on a real vLLM."""

from __future__ import annotations

import json
import pathlib
import signal
import socket
import urllib.request
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from tests.loopback import can_listen, free_port
from tests.patience import PATIENCE_S

from .conftest import Served

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(1800)]

APP = "core.qwen_vllm_server:app"
Serve = Callable[..., Served]


def ask(url: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
        answer: dict[str, Any] = json.load(response)
        return answer


def is_ready(record: dict[str, Any]) -> bool:
    return bool(record["phase"] == "ready")


def test_a_taken_port_is_told_before_anything_is_loaded(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        served = serve(APP, "--port", str(holder.getsockname()[1]), "--on-conflict", "fail")
        assert served.process.wait(PATIENCE_S) == 2
    log = served.log.read_text(encoding="utf-8")
    assert f"pid {psutil.Process().pid}" in log
    assert "EngineCore" not in log


def test_it_answers_reloads_and_leaves_nothing_after_ctrl_c(serve: Serve, project: pathlib.Path) -> None:
    port = free_port()
    served = serve(APP, "--port", str(port))
    first = served.wait_until(is_ready)
    answer = ask(first["url"], "/generate", {"prompt": "hello", "max_tokens": 8})
    assert answer["finish_reason"] in {"length", "stop"}

    source = project / "core" / "qwen_vllm_server.py"
    source.write_text(
        source.read_text(encoding="utf-8").replace('"status": "ok"', '"status": "reloaded"'), "utf-8"
    )
    again = served.wait_until(lambda record: is_ready(record) and record["generation"] > first["generation"])
    assert ask(first["url"], "/health")["status"] == "reloaded"
    assert again["offer"]["what"] == "keep-engine"
    assert again["offer"]["seconds"] > 1
    assert "went to loading the same engine again" in served.log.read_text(encoding="utf-8")

    tree = served.tree()
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(PATIENCE_S) == 0
    assert psutil.wait_procs(tree, PATIENCE_S)[1] == []
    assert can_listen(port)


def test_killing_the_dev_server_leaves_no_engine(serve: Serve) -> None:
    port = free_port()
    served = serve(APP, "--port", str(port))
    served.wait_until(is_ready)
    tree = served.tree()
    assert served.has_engine()
    served.process.kill()
    assert psutil.wait_procs(tree, PATIENCE_S)[1] == []
    assert can_listen(port)
