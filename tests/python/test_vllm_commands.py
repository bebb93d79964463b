"""Commands that start vLLM's server as a module, and what becomes of them."""

from __future__ import annotations

import pytest

from portside.lint.finding import apply_edits
from portside.lint.source import SourceFile
from portside.python.facts import module_facts
from portside.python.launching.vllm_commands import module_runs, serve_edits

MODULE = "vllm.entrypoints.openai.api_server"


def served(text: str) -> str | None:
    source = SourceFile("a.py", text)
    names = module_facts(source).names
    (run,) = module_runs(names)
    edits = serve_edits(names, run)
    return apply_edits(text, edits) if edits is not None else None


def test_the_model_goes_before_all_options() -> None:
    text = f"import sys\ncmd = [sys.executable, '-m', '{MODULE}', '--port', p, '--model', MODEL]\n"
    assert served(text) == "cmd = ['vllm', 'serve', MODEL, '--port', p]\n"


@pytest.mark.parametrize(
    "items",
    [
        f"python, '-m', '{MODULE}', '--model', m",
        f"'python', '-u', '-m', '{MODULE}', '--model', m",
        f"'python', '-m', '{MODULE}', '--model=m'",
        f"'python', '-m', '{MODULE}', '--model', *model",
        f"'python', '-m', '{MODULE}', '--model', '--port'",
        f"'python', '-m', '{MODULE}', '--model'",
        f"'python', '-m', '{MODULE}',  # the server\n '--model', m",
        "'python', '-m', 'vllm.entrypoints.api_server', '--model', m",
    ],
    ids=[
        "an unknown interpreter",
        "an option of Python's",
        "the model in one word",
        "words that are not known",
        "no model",
        "nothing behind the option",
        "a comment between",
        "the demo server",
    ],
)
def test_what_is_not_certain_is_left_alone(items: str) -> None:
    assert served(f"cmd = [{items}]\n") is None


def test_a_shell_string_needs_the_model_first() -> None:
    start = f"import os\nos.system('python -m {MODULE} "
    assert served(start + "--model m --port 1')\n") == "import os\nos.system('vllm serve m --port 1')\n"
    assert served(start + "--port 1 --model m')\n") is None


def test_a_text_that_nobody_starts_is_no_command() -> None:
    text = f"import os\nHELP = 'python -m {MODULE}'\nos.system('echo python -m {MODULE}')\n"
    assert tuple(module_runs(module_facts(SourceFile("a.py", text)).names)) == ()
