"""All safe fixes of one document at once, in memory."""

from __future__ import annotations

from portside.checking import Checker
from portside.fixing import Fixing
from portside.lsp.documents import Document, Documents
from portside.workspace.text_file import TextFile


def fixed_text(document: Document, documents: Documents, checker: Checker) -> str:
    """The document's text after every safe fix that changes this document alone.

    checker: one of its own, since the half-fixed texts in between are nobody else's business.
    """
    for other in documents.open():
        checker.set_overlay(other.path, other.buffer.text)
    text = document.buffer.text
    fixing = Fixing(checker, within=document.path)
    fixing.fix(TextFile(document.path, text, text.encode("utf-8", "replace")))
    return next((change.text for change in fixing.changed() if change.path == document.path), text)
