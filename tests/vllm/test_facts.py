"""What the rules say about vLLM, asked of a real one."""

from __future__ import annotations

import pathlib
import subprocess

import pytest

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(1800)]


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
    python: pathlib.Path, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    """missing-main-guard (PS102)"""
    script = tmp_path / "batch.py"
    model = environment["MODEL_ID"]
    script.write_text(
        f"from vllm import LLM\nllm = LLM(model={model!r}, max_model_len=128)\n", encoding="utf-8"
    )
    code, output = run(python, environment, str(script))
    assert code == 1
    child = output.index("An attempt has been made to start a new process before the\n")
    assert output.index("RuntimeError: Engine core initialization failed. See root cause above.") > child


def test_llm_has_no_serve(python: pathlib.Path, environment: dict[str, str]) -> None:
    """llm-has-no-serve (PS306)"""
    script = "from vllm import LLM; print('has serve:', hasattr(LLM, 'serve'))"
    code, output = run(python, environment, "-c", script)
    assert code == 0
    assert output.splitlines()[-1] == "has serve: False"
