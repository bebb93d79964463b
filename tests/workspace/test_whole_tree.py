"""What is left unread, or answered by a look at the text, must not change what is found."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest
from tests.folders import lay_out
from tests.rules.marked import unmark

from portside.checking import Checker
from portside.cli.check_many import Examined
from portside.cli.files import Target
from portside.lint.finding import Finding
from portside.python.prefilter import Interest
from portside.rules import ALL
from portside.workspace import engine_ways
from portside.workspace import project as project_module
from portside.workspace.project import Project
from portside.workspace.text_file import read_text_file
from portside.workspace.walk import nothing_excluded

# Libraries that have to do with servers: apps, sockets, commands, and files that import each other.
LIBRARIES = ("uvicorn", "fastapi", "starlette")

ENGINE = (
    "from vllm import LLM\n\n\ndef make():\n    return LLM('m')\n\n\nasync def start():\n    return make()\n"
)
PARSER = "import argparse\n\n\ndef main():\n    return argparse.ArgumentParser().parse_args()\n"
SERVER = """\
import uvicorn
from fastapi import FastAPI
%s

app = FastAPI()

if __name__ == "__main__":
    uvicorn.run(app, port=8000)
"""
ACROSS = {
    "across/engine.py": "from vllm import LLM\n\nllm = LLM('m')\n",
    "across/app.py": "from fastapi import FastAPI\nimport deps\n\napp = FastAPI()\n",
    "across/deps.py": "def f():\n    pass\n\n\nfrom services import llm\n",
    "across/services.py": "import engine as e\n\nllm = e.llm\n",
    "called/engine.py": ENGINE,
    "called/app.py": "from fastapi import FastAPI\nfrom pkg import make as build\n\n"
    "app = FastAPI()\nllm = build()\n",
    "called/pkg/__init__.py": "from engine import make\n",
    "attribute/engine.py": ENGINE,
    "attribute/app.py": "import engine as e\nfrom fastapi import FastAPI\n\n"
    "app = FastAPI()\nllm = e.make()\n",
    "between/engine.py": ENGINE,
    "between/services.py": "import engine\n\nllm = engine.make()\n",
    "between/app.py": "from fastapi import FastAPI\nfrom services import llm\n\napp = FastAPI()\n",
    "star/engine.py": ENGINE,
    "star/services.py": "from engine import *\n\nllm = make()\n",
    "star/app.py": "from fastapi import FastAPI\nfrom services import *\n\napp = FastAPI()\n",
    "awaited/engine.py": ENGINE,
    "awaited/app.py": "from fastapi import FastAPI\nfrom engine import start\n\napp = FastAPI()\n\n\n"
    "@app.on_event('startup')\nasync def up():\n    app.state.llm = await start()\n",
    "checked/engine.py": "from vllm import LLM\n\nllm = LLM('m')\n",
    "checked/app.py": "from typing import TYPE_CHECKING\n\nfrom fastapi import FastAPI\n\nif TYPE_CHECKING:\n"
    "    from engine import llm\n\napp = FastAPI()\n",
    "own/vllm/__init__.py": "",
    "own/old.py": "from vllm.entrypoints.launcher import serve_http\n",
    "parsing/options.py": PARSER + "\n\nargs = main()\n",
    "parsing/config.py": "from options import args\n\nlevel = args.level\n",
    "parsing/server.py": SERVER % "import config",
    "calling/cli.py": PARSER,
    "calling/pkg/__init__.py": "from cli import main\n",
    "calling/settings.py": "import pkg\n\noptions = pkg.main()\n",
    "calling/server.py": SERVER % "from settings import options",
    "attributes/pkg/__init__.py": "from . import inner\n",
    "attributes/pkg/inner.py": PARSER,
    "attributes/settings.py": "import pkg\n\noptions = pkg.inner.main()\n",
    "attributes/server.py": SERVER % "import settings",
    "renamed/cli.py": PARSER,
    "renamed/settings.py": "from cli import main as read\n\noptions = read()\n",
    "renamed/server.py": SERVER % "import settings",
    "handed/cli.py": PARSER,
    "handed/server.py": SERVER % "from cli import main\n\nargs = main()",
    "untouched/cli.py": PARSER,
    "untouched/server.py": SERVER % "import cli",
    "ignored/.gitignore": "engine.py\nmade/\n",
    "ignored/engine.py": "from vllm import LLM\n\nllm = LLM('m')\n",
    "ignored/app.py": "from fastapi import FastAPI\nimport engine\n\napp = FastAPI()\n",
    "ignored_folder/.gitignore": "made/\n",
    "ignored_folder/made/engine.py": "from vllm import LLM\n\nllm = LLM('m')\n",
    "ignored_folder/between.py": "from made import engine\n",
    "ignored_folder/app.py": "from fastapi import FastAPI\nimport between\n\napp = FastAPI()\n",
    "of_package/pkg/__init__.py": "from vllm import LLM\n\nllm = LLM('m')\n",
    "of_package/pkg/part.py": "from . import llm\n",
    "of_package/app.py": "from fastapi import FastAPI\nfrom pkg import part\n\napp = FastAPI()\n",
    "lazy/pkg/__init__.py": "from importlib import import_module\n\n_LAZY = {'make': '.engine'}\n\n\n"
    "def __getattr__(name):\n    return getattr(import_module(_LAZY[name], __name__), name)\n",
    "lazy/pkg/engine.py": ENGINE,
    "lazy/app.py": "from fastapi import FastAPI\nfrom pkg import make\n\napp = FastAPI()\nllm = make()\n",
    "script/engine.py": ENGINE,
    "script/helpers.py": "from engine import make\n\n\ndef load():\n    return make()\n",
    "script/ask.py": "from helpers import load\n\nllm = load()\nprint(llm.generate('Hi'))\n",
    "round/one.py": "from fastapi import FastAPI\nimport two\n\napp = FastAPI()\n",
    "round/two.py": "import one\nfrom vllm import LLM\n\nllm = LLM('m')\n",
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("tree")
    for name in LIBRARIES:
        found = importlib.util.find_spec(name)
        assert found is not None
        assert found.origin is not None
        shutil.copytree(Path(found.origin).parent, top / name, ignore=shutil.ignore_patterns("__pycache__"))
    for rule in ALL:
        for number, example in enumerate((*rule.invalid, *rule.valid)):
            folder = top / ("starlette" if number % 2 else "examples") / f"{rule.code.lower()}_{number}"
            lay_out(folder, {**example.files, example.path: unmark(example.code).text})
    lay_out(top, ACROSS)
    return top


def _findings(tree: Path, *, steady: bool) -> dict[str, tuple[Finding, ...]]:
    """steady: as a command does, after a first look at all files that git does not ignore."""
    checker = Checker(steady=True)
    if steady:
        files = checker.survey.walk(str(tree), nothing_excluded)
        examined = Examined([Target(file, named=False) for file in files], checker)
        examined.complete()
    project = Project(tree, steady=steady, survey=checker.survey)
    files = [file for file in sorted(tree.rglob("*.py")) if file.is_file()]
    checked = {str(file): project.check(file, read_text_file(file).text).findings for file in files}
    return {path: findings for path, findings in checked.items() if findings}


@pytest.fixture(scope="module")
def full(tree: Path) -> dict[str, tuple[Finding, ...]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(project_module, "interest", lambda *_: Interest.ANY)
        return _findings(tree, steady=False)


@pytest.mark.parametrize("most", [0, 100_000], ids=["following imports", "from the engines on"])
def test_a_tree_gives_what_every_file_in_full_gives(
    tree: Path, full: dict[str, tuple[Finding, ...]], monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(engine_ways, "_MOST", most)
    monkeypatch.setattr(engine_ways, "_MOST_LOOKS", most)
    quick = _findings(tree, steady=True)
    assert quick.keys() == full.keys()
    for path, findings in full.items():
        assert quick[path] == findings, path
    found = {finding.code for findings in full.values() for finding in findings}
    assert found >= {rule.code for rule in ALL if rule.check is not None} - {"PS000"}
    in_apps = {
        Path(path).parent.name for path in full if path.endswith("/app.py") and "PS302" in str(full[path])
    }
    assert in_apps >= {
        "across",
        "called",
        "attribute",
        "between",
        "ignored",
        "ignored_folder",
        "of_package",
        "lazy",
    }
    assert any(path.endswith("script/ask.py") and "PS102" in str(full[path]) for path in full)
    parsing = {
        Path(path).parent.name
        for path, findings in quick.items()
        if path.endswith("/server.py") and "parses the arguments" in str(findings)
    }
    assert parsing >= {"parsing", "calling", "attributes", "renamed", "handed"}
    assert "untouched" not in parsing
