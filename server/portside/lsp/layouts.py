"""Where comments are in documents, as actions that write one need to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portside.lint.layout import Layout
from portside.lsp.documents import Document
from portside.lsp.kinds import launch_format_of

if TYPE_CHECKING:
    from portside.python.source.syntax import SyntaxTree


class Layouts:
    """Keeps the last Python document's tree, so that the answer is quick after a small change."""

    def __init__(self) -> None:
        self._tree: SyntaxTree | None = None

    def of(self, document: Document) -> Layout:
        source = document.buffer.source(str(document.path))
        format_ = launch_format_of(document)
        if format_ is not None:
            from portside.launchfiles.text.layout import LaunchLayout

            return LaunchLayout(source, format_)
        from portside.python.source.layout import PythonLayout
        from portside.python.source.syntax import parse

        previous = self._tree if self._tree is not None and self._tree.source.path == source.path else None
        self._tree = (
            previous if previous is not None and previous.source == source else parse(source, previous)
        )
        return PythonLayout(self._tree)
