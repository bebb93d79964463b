"""`portside check` and `portside fix` of notebooks: places in cells, and nothing else written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Portside

SETS = ["import os, uvicorn\n", "os.environ['VLLM_PORT'] = '8000'\n"]
USES = ["# ü\n", "!nvidia-smi\n", "uvicorn.run('a:b', port=int(os.environ['VLLM_PORT']))"]


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    text = {"cell_type": "markdown", "metadata": {}, "source": ["# VLLM_PORT"]}
    cells = [text, *({"cell_type": "code", "metadata": {}, "outputs": [], "source": s} for s in (SETS, USES))]
    table = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    file = tmp_path / "serve.ipynb"
    file.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return file


def test_a_finding_is_told_by_its_cell(portside: Portside, notebook: Path) -> None:
    for path in (".", notebook.name):
        outcome = portside("check", path)
        assert outcome.code == 1
        assert outcome.out.startswith("serve.ipynb:cell 3:3:29: PS202 ")
        assert "  3 │ uvicorn.run('a:b', port=int(os.environ['VLLM_PORT']))\n" in outcome.out


def test_what_comes_from_an_editor_is_checked_as_a_notebook(portside: Portside, notebook: Path) -> None:
    outcome = portside("check", "-", "--stdin-filename", "serve.ipynb", stdin=notebook.read_bytes())
    assert outcome.out.startswith("serve.ipynb:cell 3:3:29: PS202 ")


def test_machines_are_told_the_cell_and_the_line_of_the_file(portside: Portside, notebook: Path) -> None:
    (found,) = json.loads(portside("check", "--output-format", "json").out)
    assert {name: found[name] for name in ("path", "cell", "line", "column", "end_column")} == {
        "path": "serve.ipynb", "cell": 3, "line": 3, "column": 29, "end_column": 52,
    }  # fmt: skip
    line = next(n for n, text in enumerate(notebook.read_text("utf-8").split("\n"), 1) if "run(" in text)
    assert f"file=serve.ipynb,line={line},endLine={line}::" in portside("check", "--output-format=github").out
    (result,) = json.loads(portside("check", "--output-format", "sarif").out)["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": line}
    assert "fixes" not in result


def test_a_fix_writes_the_lines_of_its_cells_and_no_others(portside: Portside, notebook: Path) -> None:
    before = notebook.read_text("utf-8")
    shown = portside("fix", "--unsafe", "--diff").out
    assert [line for line in shown.split("\n") if line[:1] in "+-" and line[1:2] == " "] == [
        """-    "os.environ['VLLM_PORT'] = '8000'\\n\"""",
        """+    "os.environ['PORT'] = '8000'\\n\"""",
        """-    "uvicorn.run('a:b', port=int(os.environ['VLLM_PORT']))\"""",
        """+    "uvicorn.run('a:b', port=int(os.environ['PORT']))\"""",
    ]
    outcome = portside("fix", "--unsafe")
    assert "fixed cell 3, line 3: PS202" in outcome.out
    assert notebook.read_text("utf-8") == before.replace("['VLLM_PORT']", "['PORT']")
    assert portside("check").code == 0


def test_one_that_is_none_is_named_and_hides_nothing(portside: Portside, notebook: Path) -> None:
    (notebook.parent / "other.ipynb").write_text("{}")
    outcome = portside("check")
    assert "warning: other.ipynb: is no notebook of format 4" in outcome.err
    assert outcome.code == 1
    assert portside("check", "other.ipynb").code == 2


def test_a_baseline_accepts_a_finding_wherever_its_cell_goes(portside: Portside, notebook: Path) -> None:
    portside("check", "--write-baseline", "known.json")
    table = json.loads(notebook.read_text("utf-8"))
    table["cells"].insert(0, {"cell_type": "code", "metadata": {}, "outputs": [], "source": "x = 1"})
    notebook.write_text(json.dumps(table))
    assert portside("check", "--baseline", "known.json").code == 0
