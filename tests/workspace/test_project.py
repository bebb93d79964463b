"""A workspace being checked: other files, unsaved texts, edits, and what is kept in between."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from tests.folders import lay_out

from portside.lint.finding import LintResult, Severity
from portside.lint.selection import Selection
from portside.python.source.syntax import SyntaxTree
from portside.workspace.importers import ImporterIndex
from portside.workspace.local_modules import LocalModules
from portside.workspace.project import Project
from portside.workspace.script_runners import ScriptRunners

APP = "from fastapi import FastAPI\nfrom engine import llm\n\napp = FastAPI()\n"
ENGINE = "from vllm import LLM\n\nllm = LLM('m')\n"
HARMLESS = "from vllm import LLM\n\n\ndef make():\n    return LLM('m')\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path


def write(root: Path, /, **files: str) -> None:
    """Writes modules; a key such as `pkg/engine` goes by `**{…}`."""
    lay_out(root, {f"{name}.py": text for name, text in files.items()})


def codes(result: LintResult) -> list[str]:
    return [finding.code for finding in result.findings]


def test_the_text_counts_and_not_the_file(root: Path) -> None:
    write(root, server="x = 1\n")
    text = "import uvicorn\nuvicorn.run('a:b')\n"
    assert "PS102" in codes(Project(root).check(root / "server.py", text))


def test_a_file_need_not_exist(root: Path) -> None:
    path = root / "new" / "server.py"
    assert "PS102" in codes(Project(root).check(path, "import uvicorn\nuvicorn.run('a:b')\n"))


def test_a_relative_path_counts_from_the_root(root: Path) -> None:
    write(root, engine=ENGINE)
    assert "PS302" in codes(Project(root).check(Path("app.py"), APP))


def test_an_imported_engine_names_the_place_that_makes_it(root: Path) -> None:
    write(root, engine=ENGINE)
    (finding,) = Project(root).check(root / "app.py", APP).findings
    assert "line 3 of `engine.py`" in finding.message
    (related,) = finding.related
    assert Path(related.path) == root / "engine.py"
    assert ENGINE[related.span.start : related.span.end] == "LLM('m')"


def test_an_unsaved_text_of_another_file_counts(root: Path) -> None:
    write(root, engine=ENGINE)
    project = Project(root)
    project.set_overlay(root / "engine.py", HARMLESS)
    assert codes(project.check(root / "app.py", APP)) == []
    project.set_overlay(root / "engine.py", None)
    assert codes(project.check(root / "app.py", APP)) == ["PS302"]


def test_a_saved_change_of_another_file_counts(root: Path) -> None:
    write(root, engine=HARMLESS)
    project = Project(root)
    assert codes(project.check(root / "app.py", APP)) == []
    write(root, engine=ENGINE)
    assert codes(project.check(root / "app.py", APP)) == ["PS302"]


def test_a_new_importer_counts_once_the_project_is_told(root: Path) -> None:
    write(root, engine=ENGINE)
    project = Project(root)
    assert codes(project.check(root / "engine.py", ENGINE)) == ["PS102"]
    write(root, run="import engine\n")
    project.changed(root / "run.py")
    assert codes(project.check(root / "engine.py", ENGINE)) == ["PS302"]


def test_an_importer_that_is_not_saved_yet_counts(root: Path) -> None:
    write(root, engine=ENGINE, run="")
    project = Project(root)
    project.set_overlay(root / "run.py", "from engine import (\n    llm,\n)\n")
    assert codes(project.check(root / "engine.py", ENGINE)) == ["PS302"]


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("from engine import llm", "PS302"),
        ("import engine", "PS302"),
        ("from engine import encode_tokens", "PS102"),
    ],
)
def test_who_wants_names_that_the_file_lacks_means_another_one(root: Path, statement: str, code: str) -> None:
    write(root, engine=ENGINE, **{"models/quant/gptq": f"{statement}\n"})
    assert codes(Project(root).check(root / "engine.py", ENGINE)) == [code]


@pytest.mark.parametrize(
    ("statement", "files"),
    [
        ("import engine", {"engine": ENGINE}),
        ("import engine as e", {"engine": ENGINE}),
        ("from engine import *", {"engine": ENGINE}),
        ("import pkg.engine", {"pkg/__init__": "", "pkg/engine": ENGINE}),
        ("from pkg import engine", {"pkg/__init__": "", "pkg/engine": ENGINE}),
        ("from pkg.engine import llm", {"pkg/engine": ENGINE}),
        ("import pkg.other", {"pkg/__init__": ENGINE, "pkg/other": ""}),
        ("from pkg import llm", {"pkg/__init__": "from .engine import llm\n", "pkg/engine": ENGINE}),
        ("if x:\n    import engine", {"engine": ENGINE}),
        ("try:\n    import engine\nexcept ImportError:\n    pass", {"engine": ENGINE}),
        ("from a import x", {"a": "from b import x\n", "b": "import c\n", "c": ENGINE}),
        ("import a", {"a": "import b\n", "b": "import a\nimport engine\n", "engine": ENGINE}),
    ],
)
def test_imports_that_make_an_engine(root: Path, statement: str, files: dict[str, str]) -> None:
    write(root, **files)
    text = f"from fastapi import FastAPI\n{statement}\napp = FastAPI()\n"
    assert codes(Project(root).check(root / "app.py", text)) == ["PS302"]


@pytest.mark.parametrize(
    ("statement", "files"),
    [
        ("import engine", {}),
        ("import other", {"engine": ENGINE, "other": ""}),
        ("def f():\n    import engine", {"engine": ENGINE}),
        ("if TYPE_CHECKING:\n    import engine", {"engine": ENGINE}),
        ("from . import engine", {}),
        ("from ......... import engine", {"engine": ENGINE}),
        ("import engine", {"engine": "import app\n"}),
        ("import engine", {"engine": "def broken(:\n\0"}),
    ],
)
def test_imports_that_make_none(root: Path, statement: str, files: dict[str, str]) -> None:
    write(root, **files)
    text = f"from typing import TYPE_CHECKING\nfrom fastapi import FastAPI\n{statement}\napp = FastAPI()\n"
    assert codes(Project(root).check(root / "app.py", text)) == []


def test_what_the_launched_file_imports_makes_it_vllm_code(root: Path) -> None:
    write(root, engine=HARMLESS)
    text = "import uvicorn\nfrom engine import make\nif __name__ == '__main__':\n    uvicorn.run(app)\n"
    (finding,) = [f for f in Project(root).check(root / "s.py", text).findings if f.code == "PS101"]
    assert finding.severity is Severity.WARNING
    without = text.replace("from engine import make\n", "")
    (finding,) = [f for f in Project(root).check(root / "s.py", without).findings if f.code == "PS101"]
    assert finding.severity is Severity.INFORMATION


def test_only_selected_rules_speak(root: Path) -> None:
    text = "import uvicorn\nuvicorn.run('a:b')\n"
    assert codes(Project(root).check(root / "s.py", text, Selection(frozenset()))) == []


def test_syntax_errors_are_told_beside_findings(root: Path) -> None:
    result = Project(root).check(root / "s.py", "import uvicorn\nuvicorn.run('a:b')\ndef f(:\n    pass\n")
    assert "PS102" in codes(result)
    assert result.syntax_errors


def test_an_uninteresting_file_says_nothing(root: Path) -> None:
    assert Project(root).check(root / "s.py", "def f(:\n") == LintResult(())


def test_keystrokes_give_what_a_fresh_look_gives(root: Path) -> None:
    text = "import uvicorn\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\ndef main():\n"
    "    uvicorn.run(app)\n"
    typed = "\n\nif __name__ == '__main__':\n    main()\n"
    project, path = Project(root), root / "s.py"
    for end in range(len(typed) + 1):
        now = text + typed[:end]
        assert project.check(path, now) == Project(root).check(path, now), now


def test_each_version_of_a_text_is_let_go_of_without_a_search_for_garbage(tmp_path: Path) -> None:
    launch = 'if __name__ == "__main__":\n    uvicorn.run(app, port=8000)\n'
    text = f"import uvicorn\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n{launch}"
    project, found = Project(tmp_path), LintResult(())
    gc.collect()
    before = _trees()
    gc.disable()
    try:
        for _ in range(12):
            text = f"# typed\n{text}"
            found = project.check(tmp_path / "server.py", text, fixes_later=True)
        made = _trees() - before
    finally:
        gc.enable()
    assert found.findings[0].fixes
    assert made <= 3


def _trees() -> int:
    return sum(isinstance(value, SyntaxTree) for value in gc.get_objects())


def test_a_file_that_no_rule_asks_about_costs_no_look_at_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object) -> None:
        raise AssertionError("nobody needs to know")

    monkeypatch.setattr(ImporterIndex, "of", fail)
    monkeypatch.setattr(ScriptRunners, "references_to", fail)
    monkeypatch.setattr(LocalModules, "summary", fail)
    (tmp_path / "config.py").write_text("TITLE = 'x'\n")
    text = "from fastapi import APIRouter\nfrom config import TITLE\n\nrouter = APIRouter()\n"
    assert Project(tmp_path).check(tmp_path / "api.py", text).findings == ()


def test_a_call_of_a_file_that_has_nothing_to_do_with_cuda_costs_no_look_into_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    summary = LocalModules.summary
    monkeypatch.setattr(
        LocalModules, "summary", lambda self, path: asked.append(path.name) or summary(self, path)
    )
    handed_on = "from .applications import FastAPI\n"
    write(root, **{"fastapi/__init__": handed_on, "fastapi/applications": "class FastAPI:\n    pass\n"})
    write(root, **{"gpus/__init__": "from .shown import show\n"})
    write(root, **{"gpus/shown": "import torch\n\n\ndef show():\n    torch.cuda.init()\n"})
    text = "from vllm import LLM\nfrom fastapi import FastAPI\n\napp = FastAPI()\nllm = LLM('m')\n"
    assert "PS304" not in codes(Project(root, steady=True).check(root / "server.py", text))
    assert not {"__init__.py", "applications.py"} & set(asked)
    text = text.replace("app = FastAPI()", "show()").replace("fastapi import FastAPI", "gpus import show")
    assert "PS304" in codes(Project(root, steady=True).check(root / "server.py", text))
