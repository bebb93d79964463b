"""Which calls make an engine, whether importing the file comes there, and whether that starts a process."""

from __future__ import annotations

import pytest

from portside.knowledge.vllm import ENGINE_CONSTRUCTORS
from portside.lint.source import SourceFile
from portside.python.facts import ModuleFacts, module_facts


def facts(text: str) -> ModuleFacts:
    return module_facts(SourceFile("engine.py", text))


@pytest.mark.parametrize("name", sorted(ENGINE_CONSTRUCTORS))
def test_every_constructor_is_found_by_its_full_name_and_by_import(name: str) -> None:
    package, _, rest = name.partition(".")
    assert len(facts(f"import {package}\nx = {package}.{rest}()\n").engines_at_import) == 1
    head, _, last = name.rpartition(".")
    if not head.rpartition(".")[2][:1].isupper():
        assert len(facts(f"from {head} import {last} as it\nx = it()\n").engines_at_import) == 1


def test_the_lazy_attributes_of_the_package() -> None:
    text = "from vllm import LLM, LLMEngine, AsyncLLMEngine\nLLM()\nLLMEngine(a)\nAsyncLLMEngine(b)\n"
    assert [engine.constructor for engine in facts(text).engines] == ["LLM", "LLMEngine", "AsyncLLMEngine"]


V = "import vllm\n"

AT_IMPORT = {
    "plain": V + "x = vllm.LLM('m')",
    "a star import": "from vllm import *\nx = LLM('m')",
    "a star import of a module": "from vllm.entrypoints.llm import *\nx = LLM('m')",
    "an argument": V + "serve(vllm.LLM('m'))",
    "a with statement": V + "with vllm.LLM('m') as x: ...",
    "a walrus": V + "if (x := vllm.LLM('m')): ...",
    "a function": V + "def f():\n    return vllm.LLM('m')\nx = f()",
    "a function with a local import": "def f():\n    from vllm import LLM\n    return LLM('m')\nx = f()",
    "a function of a function": V + "def g():\n    return vllm.LLM('m')\ndef f():\n    return g()\nx = f()",
    "a global": V + "x = None\ndef f():\n    global x\n    x = vllm.LLM('m')\nf()",
    "a class": V + "class A:\n    def __init__(self):\n        self.x = vllm.LLM('m')\na = A()",
    "a class's helper": V
    + "class A:\n    def __init__(self):\n        self.f()\n    def f(self):\n        vllm.LLM('m')\nA()",
    "a base class": V + "class B:\n    def __init__(self):\n        vllm.LLM('m')\nclass A(B): ...\na = A()",
    "a class attribute": V + "class A:\n    x = vllm.LLM('m')",
    "a default": V + "def f(x=vllm.LLM('m')): ...",
    "a decorator's argument": V + "@use(vllm.LLM('m'))\ndef f(): ...",
    "asyncio.run": V + "import asyncio\nasync def f():\n    return vllm.LLM('m')\nx = asyncio.run(f())",
    "after another setting": "import os\nos.environ['VLLM_ENABLE_V1_MULTIPROCESSING'] = '1'\n"
    + V
    + "vllm.LLM('m')",
    "before the setting": V + "import os\nvllm.LLM('m')\nos.environ['VLLM_ENABLE_V1_MULTIPROCESSING'] = '0'",
    "another backend": V + "vllm.LLM('m', distributed_executor_backend='mp')",
}

NOT_AT_IMPORT = {
    "the main block": V + "if __name__ == '__main__':\n    vllm.LLM('m')",
    "a function": V + "def f():\n    vllm.LLM('m')",
    "a lambda": V + "f = lambda: vllm.LLM('m')",
    "a class that nobody makes": V + "class A:\n    def __init__(self):\n        vllm.LLM('m')",
    "a method that nobody calls": V + "class A:\n    def f(self):\n        vllm.LLM('m')\na = A()",
    "arguments only": V + "vllm.EngineArgs('m')\nvllm.SamplingParams()",
    "a class of the same name": V + "class LLM: ...\nLLM('m')",
    "another package": "from other import LLM\nLLM('m')",
    "another package's client": "from langchain_community.llms import VLLMOpenAI as LLM\nLLM('m')",
    "a relative import": "from .vllm import LLM\nLLM('m')",
    "external": V + "vllm.LLM('m', distributed_executor_backend='external_launcher')",
    "external, by a constant": V + "B = 'external_launcher'\nvllm.LLM('m', distributed_executor_backend=B)",
    "external, by engine arguments": V
    + "a = vllm.EngineArgs('m', distributed_executor_backend='external_launcher')\n"
    + "vllm.LLMEngine.from_engine_args(a)",
    "external, by a dict": V
    + "k = {'model': 'm', 'distributed_executor_backend': 'external_launcher'}\nvllm.LLM(**k)",
    "in process": "import os\nos.environ['VLLM_ENABLE_V1_MULTIPROCESSING'] = '0'\n" + V + "vllm.LLM('m')",
    "in process, from os": "from os import environ\nenviron['VLLM_ENABLE_V1_MULTIPROCESSING'] = \"0\"\n"
    + V
    + "vllm.LLM('m')",
    "in process, by setdefault": "import os\nos.environ.setdefault('VLLM_ENABLE_V1_MULTIPROCESSING', '0')\n"
    + V
    + "vllm.LLM('m')",
    "in process, by update": "import os\nos.environ.update({'VLLM_ENABLE_V1_MULTIPROCESSING': '0'})\n"
    + V
    + "vllm.LLM('m')",
    "in process, by update with keywords": "import os\n"
    "os.environ.update(VLLM_ENABLE_V1_MULTIPROCESSING='0')\n" + V + "vllm.LLM('m')",
}


@pytest.mark.parametrize("text", AT_IMPORT.values(), ids=AT_IMPORT)
def test_an_engine_that_an_import_makes(text: str) -> None:
    assert len(facts(text + "\n").engines_at_import) == 1


@pytest.mark.parametrize("text", NOT_AT_IMPORT.values(), ids=NOT_AT_IMPORT)
def test_no_engine_that_an_import_makes(text: str) -> None:
    assert facts(text + "\n").engines_at_import == ()


def test_fork_on_purpose_is_known() -> None:
    module = facts("import os, vllm\nos.environ['VLLM_WORKER_MULTIPROC_METHOD'] = 'fork'\nvllm.LLM('m')\n")
    assert module.engines[0].forked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from fastapi import FastAPI\napp = FastAPI()", [("FastAPI", "app", False)]),
        ("import fastapi as f\ndef make():\n    return f.FastAPI()", [("FastAPI", None, False)]),
        ("from starlette.applications import Starlette\na = Starlette()", [("Starlette", "a", False)]),
        ("from flask import Flask\napp = Flask(__name__)", [("Flask", "app", False)]),
        ("from fastapi import APIRouter\nr = APIRouter()", [("router", "r", True)]),
        ("from fastapi import FastAPI\nclass A(FastAPI): ...\napp = A()", [("FastAPI", "app", False)]),
        ("from mine import FastAPI\napp = FastAPI()", []),
        ("import typer\napp = typer.Typer()", []),
    ],
)
def test_apps(text: str, expected: list[tuple[str, str | None, bool]]) -> None:
    assert [(app.kind, app.name, app.is_router) for app in facts(text + "\n").apps] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import vllm", True),
        ("from vllm.sampling_params import SamplingParams", True),
        ("def f():\n    import vllm", True),
        ("# vllm\nx = 'vllm'", False),
        ("import vllm_tools", False),
        ("from .vllm import x", False),
    ],
)
def test_vllm_code(text: str, expected: bool) -> None:
    assert facts(text + "\n").is_vllm_code is expected
