"""Engines that are moved from the import of a module into the start of its app."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tests.rules.marked import Workspace, of_rule

APP = "from fastapi import Depends, FastAPI\nfrom vllm import LLM, AsyncLLMEngine\n\napp = FastAPI()\n"
ENGINE = "AsyncLLMEngine.from_engine_args(None)"
HANDLER = '\n\n@app.get("/")\ndef root():\n    return {}\n'
HOLDER = "\n\nclass Holder:\n    def __init__(self, llm=None):\n        self.llm = llm\n\n\n"


def fixed(tmp_path: Path, text: str) -> str | None:
    """The file once the first finding's fix is applied; None where there is no fix."""
    workspace = Workspace(tmp_path, "server.py")
    findings = of_rule(workspace.check(text), "PS302")
    assert findings
    return workspace.fixed(text, findings[0].fixes[0]) if findings[0].fixes else None


def lifespan(text: str) -> str:
    tree = ast.parse(text)
    found = next(node for node in tree.body if getattr(node, "name", None) == "lifespan")
    return ast.unparse(found)


MOVED = {
    "an attribute of the app's state": (
        APP + f"app.state.engine = {ENGINE}\n" + HANDLER,
        f"app.state.engine = {ENGINE}\n    yield\n    app.state.engine.shutdown()",
    ),
    "an attribute of an object": (
        APP + HOLDER + 'holder = Holder()\nholder.llm = LLM("m")\n' + HANDLER,
        "holder.llm = LLM('m')\n    yield\n    del holder.llm",
    ),
    "an item of a dictionary": (
        APP + 'models = {}\nmodels["chat"] = LLM("m")\n' + HANDLER,
        "models['chat'] = LLM('m')\n    yield\n    del models['chat']",
    ),
    "one of two names": (
        APP + f"engine, sizes = {ENGINE}, [1]\n" + HANDLER,
        f"global engine, sizes\n    engine, sizes = ({ENGINE}, [1])\n    yield\n    engine.shutdown()",
    ),
    "two names that a function makes": (
        APP + "\n\ndef load():\n    return LLM('m'), [1]\n\n\nllm, sizes = load()\n" + HANDLER,
        "global llm, sizes\n    llm, sizes = load()\n    yield\n    del llm, sizes",
    ),
    "an object that is handed the engine": (
        APP + HOLDER + 'holder = Holder(llm=LLM("m"))\n' + HANDLER,
        "global holder\n    holder = Holder(llm=LLM('m'))\n    yield\n    del holder",
    ),
    "an engine that a function returns": (
        APP + f"\n\ndef load():\n    return {ENGINE}\n\n\nengine = load()\n" + HANDLER,
        "global engine\n    engine = load()\n    yield\n    engine.shutdown()",
    ),
    "names that a function sets itself": (
        APP + f"\n\ndef load():\n    global engine, sizes\n    engine = {ENGINE}\n    sizes = [engine]\n"
        "    return engine, sizes\n\n\nengine, sizes = load()\n" + HANDLER,
        "global engine, sizes\n    engine, sizes = load()\n    yield\n    engine.shutdown()",
    ),
    "an engine that requests get by a dependency": (
        APP + "\n\ndef load():\n    return LLM('m')\n\n\nllm = load()\n\n\ndef get_llm():\n    return llm\n"
        '\n\n@app.get("/ask")\ndef ask(llm=Depends(get_llm)):\n    return llm.generate("a")\n',
        "global llm\n    llm = load()\n    yield\n    del llm",
    ),
    "an attribute of a class": (
        APP + '\n\nclass Holder:\n    llm = LLM("m")\n' + HANDLER,
        "Holder.llm = LLM('m')\n    yield\n    Holder.llm = None",
    ),
}


@pytest.mark.parametrize(("text", "body"), MOVED.values(), ids=MOVED)
def test_it_is_moved(text: str, body: str, tmp_path: Path) -> None:
    after = fixed(tmp_path, text)
    assert after is not None
    head = "@contextlib.asynccontextmanager\nasync def lifespan(app):\n    "
    # Compared as this Python writes both: whether a tuple gets parentheses depends on its version.
    assert lifespan(after) == ast.unparse(ast.parse(head + body))
    assert not of_rule(Workspace(tmp_path, "server.py").check(after), "PS302")
    assert not of_rule(Workspace(tmp_path, "server.py").check(after), "PS305")


def test_the_class_keeps_its_attribute(tmp_path: Path) -> None:
    text, _ = MOVED["an attribute of a class"]
    after = fixed(tmp_path, text)
    assert after is not None
    assert "class Holder:\n    llm = None\n" in after


def test_a_lifespan_that_is_there_sets_the_attribute_first(tmp_path: Path) -> None:
    text = (
        "from contextlib import asynccontextmanager\nfrom fastapi import FastAPI\nfrom vllm import LLM\n\n\n"
        "@asynccontextmanager\nasync def lifespan(api):\n    print('up')\n    yield\n\n\n"
        "app = FastAPI(lifespan=lifespan)\napp.state.llm = LLM('m')\n"
    )
    after = fixed(tmp_path, text)
    assert after is not None
    assert "    app.state.llm = LLM('m')\n    print('up')\n    yield\n    del app.state.llm\n" in after


@pytest.mark.parametrize("line", ["app = FastAPI()", "engine = LLM('m')"])
def test_it_stays_where_a_line_of_the_module_is_indented(line: str, tmp_path: Path) -> None:
    made = "engine = LLM('m')\napp = FastAPI()\n"
    text = f"from fastapi import FastAPI\nfrom vllm import LLM\n\n{made}{HANDLER}"
    assert fixed(tmp_path, text) is not None
    assert fixed(tmp_path, text.replace(line, f"  {line}", 1)) is None


def test_handlers_of_their_own_set_the_item(tmp_path: Path) -> None:
    text = APP + "models = {}\nmodels['m'] = LLM('m')\n\n\n@app.on_event('startup')\ndef start():\n    pass\n"
    after = fixed(tmp_path, text)
    assert after is not None
    assert "def start_engine():\n    models['m'] = LLM('m')\n" in after
    assert "def shut_down_engine():\n    del models['m']\n" in after


def test_the_comment_above_moves_along(tmp_path: Path) -> None:
    before = "x = 1\n\n\n# The model,\n# which is large.\nllm = LLM('m')\n\n"
    after = fixed(tmp_path, APP + before + HANDLER.lstrip("\n"))
    assert after is not None
    assert "    global llm\n    # The model,\n    # which is large.\n    llm = LLM('m')\n    yield\n" in after
    assert "x = 1\n\n\n@app" in after


def test_a_comment_that_is_about_more_stays(tmp_path: Path) -> None:
    after = fixed(tmp_path, APP + "\n# Settings.\nllm = LLM('m')\nsize = 1\n" + HANDLER)
    assert after is not None
    assert "\n\n# Settings.\nsize = 1\n" in after


STAYS = {
    "a name that a function sets, which others call": APP
    + "\n\ndef load():\n    global llm\n    llm = LLM('m')\n    return llm\n\n\n"
    + "llm = load()\nother = load()\n",
    "an attribute that the import reads": APP + f"app.state.engine = {ENGINE}\nprint(app.state.engine)\n",
    "an item that the import reads": APP + "models = {}\nmodels['m'] = LLM('m')\nprint(models)\n",
    "an attribute of a class that is used on import": APP
    + "\n\nclass Holder:\n    llm = LLM('m')\n\n\nholder = Holder()\n",
    "an attribute that others read through objects": APP
    + "\n\nclass Holder:\n    llm = LLM('m')\n\n\ndef ask(holder):\n    return holder.llm\n",
    "what a cached function returns": "from functools import lru_cache\n"
    + APP
    + "\n\n@lru_cache\ndef load():\n    return LLM('m')\n\n\nllm = load()\n",
    "what a loop of its own makes": "import asyncio\n"
    + APP
    + f"\n\nasync def load():\n    return {ENGINE}\n\n\nengine = asyncio.run(load())\n",
    "what a method keeps": APP
    + "\n\nclass Holder:\n    @classmethod\n    def get(cls):\n"
    + "        cls.llm = LLM('m')\n        return cls\n"
    + "\n\nholder = Holder.get()\n",
}


@pytest.mark.parametrize("text", STAYS.values(), ids=STAYS)
def test_it_stays(text: str, tmp_path: Path) -> None:
    assert fixed(tmp_path, text) is None
