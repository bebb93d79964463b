"""Notebooks as files: their cells as one text, and the JSON that they are stored in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from portside.lint.source import Span
from portside.workspace.notebook_file import NotebookFile
from portside.workspace.text_file import UnreadableFile, decode

PYTHON = {"kernelspec": {"language": "python", "name": "python3"}}


def code(source: str | list[str], **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "outputs": [], "source": source, **more}


def notebook(*cells: dict[str, Any], metadata: Any = PYTHON, **json_options: Any) -> NotebookFile:
    table = {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    data = json.dumps(table, **({"indent": 1, "ensure_ascii": False} | json_options)) + "\n"
    file = decode(Path("/a.ipynb"), data.encode())
    assert isinstance(file, NotebookFile)
    return file


def replaced(file: NotebookFile, old: str, new: str) -> str:
    return file.encode(file.text.replace(old, new)).decode()


def test_the_cells_of_python_are_one_text_in_which_magics_are_idle() -> None:
    text = {"cell_type": "markdown", "metadata": {}, "source": ["# VLLM\n"]}
    file = notebook(code(["!pip install vllm\n", "import os"]), text, code("%%bash\nls\n"), code("x = 1"))
    checked = file.checked(file.text)
    assert len(checked) == len(file.text)
    assert compile(checked, "", "exec") is not None
    assert "pip" not in checked
    assert "ls" not in checked
    source = file.source("a.ipynb", file.text)
    assert source.where(file.text.index("os")) == "cell 1:2:8"
    assert source.where(file.text.index("x = 1")) == "cell 4:1:1"
    assert file.json.split("\n")[source.line_in_file(file.text.index("os")) - 1].strip() == '"import os"'


@pytest.mark.parametrize("indent", [1, 4, None])
@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize(
    "source", ["a = 'ä'\nb = 2\nc = 3", ["a = 'ä'\n", "b = 2\n", "c = 3"], ["b = 2"], ["b = 2\n"]]
)
def test_nothing_but_the_line_is_changed(
    source: str | list[str], indent: int | None, ascii_only: bool
) -> None:
    cells = code("x"), code(source, execution_count=3), code("y")
    file = notebook(*cells, indent=indent, ensure_ascii=ascii_only)
    assert replaced(file, "b = 2", "b = 'ö'") == file.json.replace(
        "b = 2", f"b = '{json.dumps('ö', ensure_ascii=ascii_only and 'ä' in str(source))[1:-1]}'"
    )
    assert file.encode(file.text) == file.data


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("b = 2\n", "", ["a = 1\n", "c = 3"]),
        ("c = 3", "", ["a = 1\n", "b = 2\n"]),
        ("a = 1\n", "", ["b = 2\n", "c = 3"]),
        ("a = 1\nb = 2\nc = 3", "", []),
        ("a = 1\n", "a = 1\nimport os\n", ["a = 1\n", "import os\n", "b = 2\n", "c = 3"]),
        ("a = 1\n", "import os\na = 1\n", ["import os\n", "a = 1\n", "b = 2\n", "c = 3"]),
        ("c = 3", "c = 3\nd = 4", ["a = 1\n", "b = 2\n", "c = 3\n", "d = 4"]),
    ],
)
@pytest.mark.parametrize("indent", [1, None])
def test_lines_come_and_go(old: str, new: str, expected: list[str], indent: int | None) -> None:
    file = notebook(code("x"), code(["a = 1\n", "b = 2\n", "c = 3"]), code("y"), indent=indent)
    cells = json.loads(replaced(file, old, new))["cells"]
    assert [cell["source"] for cell in cells] == ["x", expected, "y"]


def test_a_cell_of_one_line_grows_in_the_style_of_the_file() -> None:
    file = notebook(code(["a = 1"]))
    grown = replaced(file, "a = 1", "import os\na = 1")
    assert grown == file.json.replace('    "a = 1"\n', '    "import os\\n",\n    "a = 1"\n')


def test_a_line_of_ipython_and_the_end_of_a_cell_are_not_edited() -> None:
    file = notebook(code("!pip install vllm\na = 1"), code("b = 2"))
    at = file.text.index
    assert file.may_edit(file.text, Span(at("a = 1"), at("a = 1") + 5))
    assert not file.may_edit(file.text, Span(at("pip"), at("pip") + 3))
    assert not file.may_edit(file.text, Span(at("a = 1"), at("b = 2") + 5))


def test_a_text_that_looks_like_what_separates_cells_stays_within_its_cell() -> None:
    texts = ["a\n\f\nb", "\f", "c\n", "\n\f"]
    file = notebook(*map(code, texts))
    assert [cell["source"] for cell in json.loads(file.encode(file.text))["cells"]] == texts
    assert [cell["source"] for cell in json.loads(replaced(file, "b", "bb"))["cells"]] == [
        "a\n\f\nbb", *texts[1:],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "metadata",
    [{"language_info": {"name": "R"}}, {"kernelspec": {"language": "julia"}}],
)
def test_a_notebook_of_another_language_has_nothing_to_check(metadata: Any) -> None:
    assert notebook(code("VLLM_PORT"), metadata=metadata).cells == ()


def test_a_cell_that_the_editor_has_in_another_language_is_left_out() -> None:
    file = notebook(code("SELECT 1", metadata={"vscode": {"languageId": "sql"}}), code("x"))
    assert [cell.number for cell in file.cells] == [2]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{", "is no JSON (Expecting property name"),
        (b"[]", "is no notebook of format 4: it has no `cells`"),
        (b'{"worksheets": [{"cells": []}], "nbformat": 3}', "is no notebook of format 4"),
        (b"\xff", "is not UTF-8 (line 1)"),
    ],
)
def test_what_is_no_notebook_is_said_to_be_none(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableFile) as raised:
        decode(Path("/a.ipynb"), data)
    assert str(raised.value).startswith(reason)
