"""`npm start`, as someone with a fresh checkout sees it."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest
from tests.patience import PATIENCE_S

ROOT = pathlib.Path(__file__).parents[2]

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="portside serve is for Linux"),
    pytest.mark.skipif(shutil.which("node") is None, reason="no node"),
]


class Demo:
    def __init__(self, scratch: pathlib.Path) -> None:
        self.scratch = scratch
        self.log = scratch / "log"
        with self.log.open("w", encoding="utf-8") as output:
            self.process = subprocess.Popen(
                ["node", "scripts/start.mjs"],
                cwd=ROOT,
                env={**os.environ, "TMPDIR": str(scratch), "STANDIN_LOAD_S": "0.2", "NO_COLOR": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_for(self, pattern: str) -> re.Match[str]:
        while self.process.poll() is None:
            if found := re.search(pattern, self.output()):
                return found
            time.sleep(0.05)
        pytest.fail(f"it ended with {self.process.returncode}:\n{self.output()}")

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def tree(self) -> list[psutil.Process]:
        me = psutil.Process(self.process.pid)
        return [me, *me.children(recursive=True)]


@pytest.fixture
def demo(tmp_path: pathlib.Path) -> Iterator[Demo]:
    demo = Demo(tmp_path)
    yield demo
    if demo.process.poll() is None:
        demo.process.send_signal(signal.SIGINT)
        demo.process.wait(PATIENCE_S)


def test_it_finds_fixes_and_serves_and_its_curl_line_answers(demo: Demo) -> None:
    command = demo.wait_for(r"try +(curl .*)")[1]
    answer = subprocess.run(
        command, shell=True, capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )
    assert len(answer.stdout.split()) > 10
    output = demo.output()
    assert re.search(r"core/qwen_vllm_server\.py:\d+:\d+: PS101 ", output)
    assert '-    uvicorn.run(app, host="0.0.0.0", port=8010)' in output


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_with_zero_and_leaves_nothing(demo: Demo, how: signal.Signals) -> None:
    demo.wait_for(r"stop +Ctrl-C")
    tree = demo.tree()
    demo.process.send_signal(how)
    assert demo.process.wait(PATIENCE_S) == 0
    assert psutil.wait_procs(tree, timeout=PATIENCE_S)[1] == []
    assert [path.name for path in demo.scratch.iterdir()] == ["log"]


def test_the_checkout_stays_as_it_was(demo: Demo) -> None:
    example = ROOT / "examples" / "qwen_vllm_server" / "core" / "qwen_vllm_server.py"
    before = example.read_bytes()
    demo.wait_for(r"stop +Ctrl-C")
    assert example.read_bytes() == before
