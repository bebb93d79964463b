from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psutil
import pytest
from tests import real_vllm
from tests.patience import PATIENCE_S

EXAMPLE = pathlib.Path(__file__).parents[2] / "examples" / "qwen_vllm_server"


@pytest.fixture(scope="session")
def vllm() -> pathlib.Path:
    """The folder that .ci/install-vllm prints: `venv` and `tiny-llama`."""
    if folder := os.environ.get("PORTSIDE_VLLM"):
        return pathlib.Path(folder)
    pytest.skip("PORTSIDE_VLLM is not set: PORTSIDE_VLLM=$(.ci/install-vllm) pytest tests/vllm")


@pytest.fixture(scope="session")
def python(vllm: pathlib.Path) -> pathlib.Path:
    return vllm / "venv" / "bin" / "python"


@pytest.fixture
def environment(vllm: pathlib.Path, tmp_path: pathlib.Path) -> dict[str, str]:
    return {**os.environ, **real_vllm.environment(vllm), "PORTSIDE_STATE_DIR": str(tmp_path / "state")}


@pytest.fixture
def project(tmp_path: pathlib.Path) -> pathlib.Path:
    """A copy of the example."""
    return pathlib.Path(shutil.copytree(EXAMPLE, tmp_path / "project"))


@dataclass
class Served:
    """A running `portside serve`, and what its registry record says."""

    process: subprocess.Popen[str]
    state: pathlib.Path
    log: pathlib.Path

    @classmethod
    def start(
        cls,
        folder: pathlib.Path,
        python: pathlib.Path,
        environment: dict[str, str],
        log: pathlib.Path,
        *arguments: str,
    ) -> Served:
        """Serve in the folder, with this interpreter for the app."""
        with log.open("w", encoding="utf-8") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "portside", "serve", "--python", str(python), *arguments],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        return cls(process, pathlib.Path(environment["PORTSIDE_STATE_DIR"]), log)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(PATIENCE_S)

    def record(self) -> dict[str, Any]:
        (file,) = (self.state / "servers").glob("*.json")
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return found

    def wait_until(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first record that `condition` holds for. Fails with the log when the server ends before."""
        while self.process.poll() is None:
            try:
                record = self.record()
            except (ValueError, OSError):  # there is none yet
                record = {}
            if record and condition(record):
                return record
            time.sleep(0.1)
        pytest.fail(f"portside serve ended with {self.process.returncode}:\n{self.log.read_text()[-6000:]}")

    def tree(self) -> list[psutil.Process]:
        me = psutil.Process(self.process.pid)
        return [me, *me.children(recursive=True)]

    def has_engine(self) -> bool:
        return any(_name(process).startswith("VLLM::") for process in self.tree())


def _name(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.name()
    return ""


@pytest.fixture
def serve(
    project: pathlib.Path, environment: dict[str, str], python: pathlib.Path, tmp_path: pathlib.Path
) -> Iterator[Callable[..., Served]]:
    """Start `portside serve` in the project, with vLLM's interpreter for the app."""
    started: list[Served] = []

    def serve(*arguments: str) -> Served:
        log = tmp_path / f"serve{len(started)}.log"
        started.append(Served.start(project, python, environment, log, *arguments))
        return started[-1]

    yield serve
    for served in started:
        served.end()
