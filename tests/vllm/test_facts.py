"""What the rules say about vLLM, asked of a real one."""

from __future__ import annotations

import os
import pathlib
import subprocess

import pytest
from tests import real_vllm

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(1800)]


SCRIPT = """\
from vllm import LLM

print("has serve:", hasattr(LLM, "serve"), flush=True)
llm = LLM(model={model!r}, max_model_len=128)
"""


@pytest.fixture(scope="module")
def said(python: pathlib.Path, vllm: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a script says that makes an engine without a main guard, and fails."""
    environment = {**os.environ, **real_vllm.environment(vllm)}
    script = tmp_path_factory.mktemp("script") / "batch.py"
    script.write_text(SCRIPT.format(model=environment["MODEL_ID"]), encoding="utf-8")
    result = subprocess.run(
        [str(python), str(script)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    return result.stdout


def test_a_script_without_a_main_guard_fails(said: str) -> None:
    """missing-main-guard (PS102)"""
    child = said.index("An attempt has been made to start a new process before the\n")
    assert said.index("RuntimeError: Engine core initialization failed. See root cause above.") > child


def test_llm_has_no_serve(said: str) -> None:
    """llm-has-no-serve (PS306)"""
    assert "has serve: False\n" in said
