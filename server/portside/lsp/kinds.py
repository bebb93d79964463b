"""Which documents are checked: Python by its language, launch files by their name.

Editors disagree on what a compose file's or a systemd unit's language is called, so that does not count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portside.lsp.documents import Document

if TYPE_CHECKING:
    from portside.launchfiles.facts import Format


def launch_format_of(document: Document) -> Format | None:
    """The kind of launch file that the document is; None for Python, and for what is left alone."""
    if document.is_python:
        return None
    # Loaded late: this brings the tables by which texts are judged.
    from portside.workspace.file_kinds import launch_format

    return launch_format(document.path, document.buffer.text)


def is_checked(document: Document) -> bool:
    return document.is_python or launch_format_of(document) is not None
