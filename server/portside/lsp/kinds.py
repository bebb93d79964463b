"""Which documents are checked: Python by its language, launch files by their name.

Editors disagree on what a compose file's or a systemd unit's language is called, so that does not count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portside.lsp.documents import Document

if TYPE_CHECKING:
    from portside.launchfiles.facts import Format

# What editors call an older version of a file, one side of a comparison, or text that is no file at all.
_OTHER_SCHEMES = frozenset(
    {
        "git", "gitfs", "gitlens", "gitlens-git", "gitsigns", "fugitive", "diffview", "git-graph", "hg",
        "svn", "pr", "review", "githubpr", "merge-conflict.conflict-diff", "vscode-local-history", "timeline",
        "output", "vscode-scm", "vscode-chat-code-block", "chat-editing-text-model", "search-editor", "term",
        "zipfile", "jdt",
    }
)  # fmt: skip


def launch_format_of(document: Document) -> Format | None:
    """The kind of launch file that the document is; None for Python, and for what is left alone."""
    if document.is_python:
        return None
    # Loaded late: this brings the tables by which texts are judged.
    from portside.workspace.file_kinds import launch_format

    return launch_format(document.path, document.buffer.text)


def is_checked(document: Document) -> bool:
    return document.uri.partition(":")[0] not in _OTHER_SCHEMES and _is_known(document)


def _is_known(document: Document) -> bool:
    return document.is_python or launch_format_of(document) is not None
