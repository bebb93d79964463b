"""What others see of an engine that is kept, and how it is loaded anew."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from tests.loopback import free_port

from .conftest import Served

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(1800)]


def portside(served: Served, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "portside", *arguments],
        env={**os.environ, "PORTSIDE_STATE_DIR": str(served.state)},
        capture_output=True,
        text=True,
        check=False,
    )


def kept(record: dict[str, Any]) -> dict[str, Any] | None:
    """The engine, once it is up and its worker serves."""
    engines = record.get("engines") or [{}]
    is_up = record["phase"] == "ready" and engines[0].get("phase") == "ready" and engines[0].get("attached")
    return engines[0] if is_up else None


def test_a_kept_engine_is_seen_and_restarted(serve: Callable[..., Served]) -> None:
    served = serve("core.qwen_vllm_server:app", "--port", str(free_port()), "--keep-engine")
    record = served.wait_until(lambda record: kept(record) is not None)
    engine = kept(record) or {}
    (listed,) = json.loads(portside(served, "ps", "--output-format", "json").stdout)
    (seen,) = listed["engines"]
    assert seen["model"].endswith("tiny-llama")
    assert (seen["key"], seen["pid"], seen["phase"]) == (engine["key"], engine["pid"], "ready")
    assert seen["workers"] == record["workers"]
    assert seen["memory_bytes"] > 300 << 20
    assert "VLLM::EngineCore" in {one.name() for one in psutil.Process(seen["pid"]).children(recursive=True)}

    restarted = portside(served, "restart", "--engine")
    assert restarted.stdout.endswith("loads anew, and its engine\n"), restarted.stderr
    another = served.wait_until(lambda record: (kept(record) or engine)["pid"] != engine["pid"])
    assert (kept(another) or {})["key"] == engine["key"]
    assert not psutil.pid_exists(engine["pid"])
