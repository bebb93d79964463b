"""What the rules say about vLLM, asked of a real one."""

from __future__ import annotations

import pathlib
import subprocess

import pytest

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(300)]


def run(python: pathlib.Path, environment: dict[str, str], *arguments: str) -> tuple[int, str]:
    result = subprocess.run(
        [str(python), *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return result.returncode, result.stdout


def test_a_script_without_a_main_guard_fails(
    python: pathlib.Path, environment: dict[str, str], project: pathlib.Path
) -> None:
    """missing-main-guard (PS102)"""
    code, output = run(python, {**environment, "VLLM_LOGGING_LEVEL": "ERROR"}, str(project / "batch.py"))
    assert code == 1
    child = output.index("An attempt has been made to start a new process before the\n")
    assert output.index("RuntimeError: Engine core initialization failed. See root cause above.") > child


def test_llm_has_no_serve(python: pathlib.Path, environment: dict[str, str]) -> None:
    """llm-has-no-serve (PS306)"""
    script = "from vllm import LLM; print('has serve:', hasattr(LLM, 'serve'))"
    code, output = run(python, environment, "-c", script)
    assert code == 0
    assert output.splitlines()[-1] == "has serve: False"
