"""What initialises CUDA for other files whatever they give it."""

from __future__ import annotations

import pytest

from portside.lint.source import SourceFile
from portside.python.engines.cuda_starters import cuda_starters
from portside.python.engines.cuda_uses import may_use_cuda
from portside.python.facts import module_facts

HEAD = "import torch\nfrom transformers import AutoModel\n"
INIT = "torch.cuda.init()\n"

STARTING = {
    "a function": f"def f():\n    {INIT}",
    "where there is a GPU": f"def f():\n    if torch.cuda.is_available():\n        {INIT}",
    "not where there is none": f"def f():\n    if not torch.cuda.is_available():\n        return\n    {INIT}",
    "a device that is chosen": "def f():\n    d = 'cuda' if torch.cuda.is_available() else 'cpu'\n"
    "    return AutoModel.from_pretrained('m').to(d)\n",
    "in turn": f"def g():\n    {INIT}def f():\n    g()\n",
    "a class": f"class f:\n    def __init__(self):\n        self.g()\n    def g(self):\n        {INIT}",
    "where torch is installed": "def f():\n    try:\n        import torch\n    except ImportError:\n"
    f"        return\n    {INIT}",
}

OPEN = {
    "a branch": f"def f(verbose):\n    if verbose:\n        {INIT}",
    "where there is none": "def f():\n    if torch.cuda.is_available():\n        pass\n"
    f"    else:\n        {INIT}",
    "another question": f"def f():\n    if torch.cuda.is_available() and f.on:\n        {INIT}",
    "after a failure": f"def f(x):\n    try:\n        x()\n    except OSError:\n        return\n    {INIT}",
    "a device that is given": "def f(d='cuda'):\n    return AutoModel.from_pretrained('m').to(d)\n",
    "a generator": f"def f():\n    {INIT}    yield\n",
    "a coroutine": f"async def f():\n    {INIT}",
    "elsewhere": f"import ray\n@ray.remote\ndef f():\n    {INIT}",
    "a function in it": f"def f():\n    def g():\n        {INIT}    return g\n",
}


@pytest.mark.parametrize("body", STARTING.values(), ids=STARTING.keys())
def test_initialises_cuda(body: str):
    assert "f" in _starters(body)


@pytest.mark.parametrize("body", OPEN.values(), ids=OPEN.keys())
def test_may_leave_it(body: str):
    assert "f" not in _starters(body)


WITHOUT_THE_WORD = (
    "import torch\ntorch.zeros(2, device=0)\n",
    "from transformers import pipeline\npipeline('x', device=0)\n",
    "from transformers import AutoModel\nAutoModel.from_pretrained('m', device_map='auto')\n",
    "from langchain_huggingface import HuggingFaceEmbeddings\n"
    "HuggingFaceEmbeddings(model_kwargs={'device': 0})\n",
)


@pytest.mark.parametrize("text", [*(HEAD + body for body in STARTING.values()), *WITHOUT_THE_WORD])
def test_no_look_at_the_text_leaves_it_out(text: str):
    assert may_use_cuda(text.encode())


def test_a_text_about_other_devices_is_left_out():
    assert not may_use_cuda(b"import audio\naudio.play(device=0)\n")


def _starters(body: str) -> set[str]:
    return set(cuda_starters(module_facts(SourceFile("lib.py", HEAD + body)).names))
