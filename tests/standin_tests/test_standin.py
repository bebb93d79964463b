"""The stand-in behaves as the facts about vLLM 0.32 say; else what is tested against it proves nothing."""

from __future__ import annotations

import os
import pathlib
import signal
import sys
import time

import psutil
import pytest
from tests.patience import PATIENCE_S

from .conftest import Start

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sessions and signals of POSIX")

GUARDED = """
import os
from vllm import LLM, SamplingParams

if __name__ == "__main__":
    llm = LLM(model="tiny")
    {body}
"""

ASYNC = """
import asyncio, os, sys
from vllm import AsyncEngineArgs, SamplingParams
from vllm.sampling_params import RequestOutputKind
from vllm.engine.async_llm_engine import AsyncLLMEngine

async def main():
    engine = AsyncLLMEngine.from_engine_args(AsyncEngineArgs(model="tiny"))
    print("pid", engine._processes.process.pid, flush=True)
    {body}

if __name__ == "__main__":
    asyncio.run(main())
"""

WAIT = "await asyncio.sleep(60)"


def output_of(start: Start, code: str, **environment: str) -> tuple[int, str]:
    process = start(code, **environment)
    output, _ = process.communicate(timeout=PATIENCE_S)
    return process.returncode, output


def engine_pid(process: object) -> int:
    """The pid that the script printed, once its engine was ready."""
    for line in process.stdout:  # type: ignore[attr-defined]
        if line.startswith("pid "):
            return int(line.split()[1])
    raise AssertionError("the script ended without an engine")


def test_a_guarded_script_generates_the_same_text_each_time(start: Start) -> None:
    script = GUARDED.format(
        body="print(llm.generate('hello', SamplingParams(max_tokens=4))[0].outputs[0].text)"
    )
    first, second = output_of(start, script), output_of(start, script)
    assert first[0] == second[0] == 0
    assert "\n helm signal rudder voyage\n" in first[1]
    assert "\n helm signal rudder voyage\n" in second[1]


def test_a_script_without_a_guard_fails_in_the_child_and_then_in_the_parent(start: Start) -> None:
    code, output = output_of(start, "from vllm import LLM\nllm = LLM(model='tiny')\n")
    child = output.index("An attempt has been made to start a new process before the\n")
    parent = output.index(
        "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {"
    )
    assert code == 1
    assert child < parent


def test_without_multiprocessing_no_guard_is_needed(start: Start) -> None:
    script = "from vllm import LLM\nprint(LLM(model='tiny').generate('hello')[0].finished)\n"
    code, output = output_of(start, script, VLLM_ENABLE_V1_MULTIPROCESSING="0")
    assert (code, output.splitlines()[-1]) == (0, "True")


def test_llm_has_no_serve(start: Start) -> None:
    code, output = output_of(start, GUARDED.format(body="llm.serve(port=1234)"))
    assert code == 1
    assert "AttributeError: 'LLM' object has no attribute 'serve'" in output


def test_a_stream_of_deltas_adds_up_to_the_cumulative_text(start: Start) -> None:
    body = """
    texts = {}
    for kind in (RequestOutputKind.DELTA, RequestOutputKind.CUMULATIVE):
        params = SamplingParams(max_tokens=6, output_kind=kind)
        texts[kind] = [o.outputs[0].text async for o in engine.generate({"prompt": "hi"}, params, kind.name)]
    deltas, cumulative = texts.values()
    print("same", "".join(deltas) == cumulative[-1], len(deltas))
    engine.shutdown()"""
    code, output = output_of(start, ASYNC.format(body=body))
    assert code == 0
    assert "same True 6" in output


def test_an_image_changes_the_answer(start: Start) -> None:
    body = """
    from PIL import Image
    image = Image.new("RGB", (64, 48), "red")
    prompt = {"prompt": "what?", "multi_modal_data": {"image": image}}
    async for output in engine.generate(prompt, SamplingParams(max_tokens=8), "1"):
        pass
    print("text", output.outputs[0].text)
    engine.shutdown()"""
    code, output = output_of(start, ASYNC.format(body=body))
    assert code == 0
    assert "text  An image of 64x48 pixels:" in output


def test_the_engine_takes_as_long_as_it_is_told_and_logs_what_vllm_logs(start: Start) -> None:
    began = time.monotonic()
    code, output = output_of(start, GUARDED.format(body="pass"), STANDIN_LOAD_S="1")
    assert code == 0
    assert time.monotonic() - began > 1
    assert "Loading safetensors checkpoint shards:  50% Completed | 2/4" in output
    assert "(EngineCore pid=" in output
    assert "[core.py:402] init engine (profile, create kv cache, warmup model) took 0.30 s" in output


def test_a_failure_while_loading_reaches_the_parent_without_its_cause(start: Start) -> None:
    code, output = output_of(
        start, GUARDED.format(body="pass"), STANDIN_FAIL="Free memory on device cuda:0 is low"
    )
    assert code == 1
    assert "ValueError: Free memory on device cuda:0 is low" in output
    assert output.rstrip().splitlines()[-1].startswith("RuntimeError: Engine core initialization failed.")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc")
def test_titles_hide_the_command_line_and_the_environment(start: Start) -> None:
    engine = pathlib.Path(f"/proc/{engine_pid(start(ASYNC.format(body=WAIT), PORTSIDE_TEST_MARK='1'))}")
    assert (engine / "cmdline").read_bytes().rstrip(b"\0") == b"VLLM::EngineCore"
    assert (engine / "comm").read_text() == "VLLM::EngineCor\n"
    assert b"PORTSIDE_TEST_MARK" not in (engine / "environ").read_bytes()


def test_killing_the_parent_leaves_the_engine_alive(start: Start) -> None:
    parent = start(ASYNC.format(body=WAIT), STANDIN_WORKERS="1")
    engine = psutil.Process(engine_pid(parent))
    (worker,) = [child for child in engine.children() if "resource_tracker" not in "".join(child.cmdline())]
    parent.kill()
    parent.wait()
    assert engine.is_running()
    assert os.getsid(engine.pid) == parent.pid
    engine.send_signal(signal.SIGTERM)
    psutil.wait_procs([engine, worker], timeout=PATIENCE_S)
    assert not engine.is_running()


def test_killing_the_engine_fails_the_running_request(start: Start) -> None:
    body = """
    params = SamplingParams(max_tokens=10**6, ignore_eos=True)
    async for output in engine.generate("hi", params, "1"):
        os.kill(engine._processes.process.pid, 9)"""
    code, output = output_of(start, ASYNC.format(body=body))
    assert code == 1
    assert "vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue." in output


def test_leaving_a_stream_aborts_its_request(start: Start) -> None:
    body = """
    endless = engine.generate("hi", SamplingParams(max_tokens=None, ignore_eos=True), "1")
    await anext(endless)
    await endless.aclose()
    async for output in engine.generate("hi", SamplingParams(max_tokens=3), "2"):
        pass
    print("finished", output.finished)
    engine.shutdown()"""
    code, output = output_of(start, ASYNC.format(body=body))
    assert code == 0
    assert "finished True" in output


def test_importing_it_is_cheap_and_unknown_names_are_refused(start: Start) -> None:
    names = "'vllm.engine' in sys.modules, hasattr(vllm, 'LLM'), hasattr(vllm, 'serve')"
    script = f"import sys, vllm\nprint({names})\n"
    assert output_of(start, script) == (0, "False True False\n")
