"""Which functions make an engine whatever they are given."""

from __future__ import annotations

import pytest

from portside.lint.source import SourceFile
from portside.python.facts import module_facts

HEAD = "from vllm import LLM\n"

CERTAIN = {
    "nothing before": "def f(m):\n    return LLM(m)\n",
    "what may fail before": "def f(m):\n    if not m:\n        raise ValueError\n    return LLM(m)\n",
    "a loop that may return before": "def f(m):\n    for x in m:\n        if x:\n            return x\n"
    "    return LLM(m)\n",
    "a try": "def f(m):\n    try:\n        return LLM(m)\n    except OSError:\n        return None\n",
    "what is made once": "llm = None\ndef f():\n    global llm\n    if llm is None:\n        llm = LLM('m')\n"
    "    return llm\n",
    "what is made once, asked first": "llm = None\ndef f():\n    global llm\n    if llm is not None:\n"
    "        return llm\n    llm = LLM('m')\n    return llm\n",
    "what is made once, of an object": "class f:\n    llm = None\n    def __init__(self):\n"
    "        if not self.llm:\n            self.llm = LLM('m')\n",
    "a condition": "def f():\n    if LLM('m').generate('x'):\n        return 1\n",
    "a cache": "from functools import lru_cache\n@lru_cache(maxsize=1)\ndef f():\n    return LLM('m')\n",
    "a cache of streamlit": "import streamlit as st\n@st.cache_resource\ndef f():\n    return LLM('m')\n",
    "a subclass": "class f(LLM): ...\n",
    "in turn": "def g():\n    return LLM('m')\ndef f():\n    return g()\n",
}

OPEN = {
    "a branch": "def f(x):\n    if x == 'vllm':\n        return LLM(x)\n",
    "the other branch": "def f(x):\n    if x == 'hf':\n        return x\n    else:\n        return LLM(x)\n",
    "a return before": "def f(x):\n    if x == 'hf':\n        return x\n    return LLM(x)\n",
    "a continue before": "def f(x):\n    for y in x:\n        if y:\n            continue\n        LLM(y)\n",
    "a case": "def f(x):\n    match x:\n        case 1:\n            return LLM(x)\n",
    "a conditional expression": "def f(x):\n    return LLM(x) if x else None\n",
    "a second side": "def f(x):\n    return x or LLM(x)\n",
    "an exception": "def f(x):\n    try:\n        return x()\n    except OSError:\n        return LLM(x)\n",
    "what is not given": "def f(llm=None):\n    if llm is None:\n        llm = LLM('m')\n    return llm\n",
    "a class of other processes": "import ray\n@ray.remote\nclass f:\n    def __init__(self):\n"
    "        LLM('m')\n",
    "a branch in turn": "def g():\n    return LLM('m')\ndef f(x):\n    if x:\n        return g()\n",
    "a fork": "import os\nos.environ['VLLM_WORKER_MULTIPROC_METHOD'] = 'fork'\ndef f():\n"
    "    return LLM('m')\n",
}


@pytest.mark.parametrize("text", CERTAIN.values(), ids=CERTAIN)
def test_it_is_certain(text: str) -> None:
    facts = module_facts(SourceFile("engine.py", HEAD + text))
    assert "f" in facts.certain_engine_makers | facts.engine_classes.keys()


@pytest.mark.parametrize("text", OPEN.values(), ids=OPEN)
def test_it_depends(text: str) -> None:
    facts = module_facts(SourceFile("engine.py", HEAD + text))
    assert "f" in facts.engine_makers
    assert "f" not in facts.certain_engine_makers


def test_what_another_process_runs_is_no_maker() -> None:
    text = "import ray\n@ray.remote\ndef f():\n    return LLM('m')\n"
    assert not module_facts(SourceFile("engine.py", HEAD + text)).engine_makers
