"""`portside serve -- vllm serve …` with a real vLLM."""

from __future__ import annotations

import json
import pathlib
import signal
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from tests.loopback import can_listen, free_port
from tests.patience import PATIENCE_S

from .conftest import Served
from .test_serve import ask, is_ready

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(1800)]

Serve = Callable[..., Served]
OPTIONS = ["--dtype", "float32", "--max-model-len", "128", "--enforce-eager", "--host", "127.0.0.1"]


def while_it_loads(url: str) -> dict[str, Any]:
    """What a client is told that asks too early."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url + "/health", timeout=PATIENCE_S)
    with refused.value as answer:
        assert answer.code == 503
        found: dict[str, Any] = json.load(answer)
        return found


def test_vllm_serve_has_the_held_socket_from_start_to_stop(
    serve: Serve, vllm: pathlib.Path, project: pathlib.Path
) -> None:
    port = free_port()
    model = str(vllm / "tiny-llama")
    (project / "vllm.yaml").write_text(f"port: {port}\nserved-model-name: first\n")
    command = ["--", "vllm", "serve", model, *OPTIONS, "--config", "vllm.yaml"]
    served = serve(*command)
    url = served.wait_until(lambda record: bool(record["url"]))["url"]
    assert url == f"http://127.0.0.1:{port}"
    assert while_it_loads(url)["phase"] == "loading"

    second = serve("--on-conflict", "fail", *command)
    assert second.process.wait(PATIENCE_S) == 2
    assert f"port {port} is taken" in second.log.read_text(encoding="utf-8")

    first = served.wait_until(is_ready)
    answer = ask(url, "/v1/completions", {"model": "first", "prompt": "hello", "max_tokens": 4})
    assert answer["usage"]["completion_tokens"] == 4

    (project / "vllm.yaml").write_text(f"port: {port}\nserved-model-name: second\n")
    served.wait_until(lambda record: is_ready(record) and record["generation"] > first["generation"])
    answer = ask(url, "/v1/completions", {"model": "second", "prompt": "hello", "max_tokens": 4})
    assert answer["model"] == "second"

    tree = served.tree()
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(PATIENCE_S) == 0
    assert psutil.wait_procs(tree, PATIENCE_S)[1] == []
    assert can_listen(port)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_it_can_be_stopped_while_it_boots(serve: Serve, vllm: pathlib.Path, number: int) -> None:
    """vLLM swallows SIGTERM until it serves."""
    port = free_port()
    served = serve("--", "vllm", "serve", str(vllm / "tiny-llama"), *OPTIONS, "--port", str(port))
    served.wait_until(lambda _: served.has_engine())
    tree = served.tree()
    served.process.send_signal(number)
    assert served.process.wait(PATIENCE_S) == 0
    assert psutil.wait_procs(tree, PATIENCE_S)[1] == []
    assert can_listen(port)
