"""While a file is typed in, what is said of it is what a check of that text alone says."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.folders import lay_out
from tests.workspace.typed import EXAMPLES, SHAPES, Text, Typist

from portside.workspace.project import Project

TEXTS = {**EXAMPLES, **SHAPES}


def _written(root: Path, text: Text) -> Path:
    lay_out(root, {**text.files, text.path: text.code})
    return root / text.path


@pytest.mark.parametrize("edit", ["above", "below"])
@pytest.mark.parametrize("texts", TEXTS.values(), ids=list(TEXTS))
def test_an_edit_elsewhere_changes_nothing_but_places(texts: list[Text], edit: str, tmp_path: Path):
    for number, text in enumerate(texts):
        root = tmp_path / str(number)
        path, project = _written(root, text), Project(root)
        project.check(path, f"typed = 1\n{text.code}" if edit == "above" else f"{text.code}\ntyped = 1\n")
        assert project.check(path, text.code) == Project(root).check(path, text.code), text


@pytest.mark.parametrize("seed", range(60))
def test_what_is_found_while_typing_is_what_is_in_the_text(seed: int, tmp_path: Path):
    typist = Typist(seed)
    text, path, project = typist.begun(), tmp_path / "server.py", Project(tmp_path)
    project.check(path, text)
    for _ in range(25):
        text = typist.typed(text)
        assert project.check(path, text) == Project(tmp_path).check(path, text), text
