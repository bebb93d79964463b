"""Editors for tests, each with a server of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.lsp.editor import Editor


@pytest.fixture
def editor(tmp_path: Path) -> Iterator[Editor]:
    """A server in an empty folder; it must not have complained when the test ends."""
    editor = Editor(tmp_path)
    try:
        yield editor
    finally:
        editor.close()
    assert b"Traceback" not in editor.stderr, editor.stderr.decode()
    assert editor.conformance.complaints == []


@pytest.fixture
def unchecked_editor(tmp_path: Path) -> Iterator[Editor]:
    """The same for tests that provoke failures."""
    editor = Editor(tmp_path)
    try:
        yield editor
    finally:
        editor.close()
    assert editor.conformance.complaints == []
