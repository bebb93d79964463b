"""Findings and fixes -> the protocol's values, as JSON.

Plain JSON and not lsprotocol's classes: importing those takes longer than
starting the server and checking the first file together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from portside.knowledge.pages import rule_url
from portside.lint.finding import Applicability, Edit, Finding, Fix, Related, Severity
from portside.lint.source import Span
from portside.lsp.buffer import Buffer
from portside.lsp.client import Client
from portside.lsp.documents import Document, Documents
from portside.records import dataclass
from portside.workspace.presence import exists

Json = dict[str, Any]

SOURCE = "portside"
QUICK_FIX = "quickfix"
FIX_ALL = "source.fixAll.portside"
_REVIEW = "review"
# Unnecessary, which editors fade, and deprecated, which they strike through.
_TAGS = {"PS001": 1, "PS308": 2}
_SEVERITIES = {Severity.ERROR: 1, Severity.WARNING: 2, Severity.INFORMATION: 3, Severity.HINT: 4}


@dataclass(frozen=True, slots=True)
class Converter:
    """Converts for one client, with the texts that it has open."""

    client: Client
    documents: Documents

    def diagnostic(self, document: Document, finding: Finding) -> Json:
        diagnostic: Json = {
            "range": document.buffer.range(finding.span),
            "severity": _SEVERITIES[finding.severity],
            "code": finding.code,
            "codeDescription": {"href": rule_url(finding.code, finding.name)},
            "source": SOURCE,
            "message": finding.message,
            "data": {"name": finding.name},
        }
        if self.client.related and finding.related:
            places = (self._related(related) for related in finding.related)
            diagnostic["relatedInformation"] = [place for place in places if place is not None]
        tag = _TAGS.get(finding.code)
        if tag in self.client.tags:
            diagnostic["tags"] = [tag]
        return diagnostic

    def quick_fix(
        self, fix: Fix, diagnostics: Sequence[Json], *, preferred: bool, data: Json | None = None
    ) -> Json | None:
        """The action that makes a fix; None where the client can't be told how.

        data: by what its edit is made when it is chosen; it comes with the action where this is None.
        """
        action: Json = {"title": fix.title, "kind": QUICK_FIX, "diagnostics": list(diagnostics)}
        edit = self.workspace_edit(fix) if data is None else None
        if edit is None and data is None:
            return None
        action |= {"edit": edit} if edit is not None else {"data": data}
        return {**action, "isPreferred": True} if preferred else action

    def workspace_edit(self, fix: Fix) -> Json | None:
        """The fix as one edit; None where a file that it changes can't be read, or can't be made."""
        review = self.client.annotations and fix.applicability is Applicability.UNSAFE
        changes: list[Json] = []
        ordered = sorted(fix.edits, key=lambda edit: edit.path)
        for path, edits in groupby(ordered, key=lambda edit: edit.path):
            own = self._file_changes(Path(path), list(edits), review)
            if own is None:
                return None
            changes += own
        return self._edit(changes, fix if review else None)

    def replacement(self, document: Document, text: str) -> Json:
        """An edit that makes the document this text, and touches as little of it as one edit can."""
        old = document.buffer
        edit = _smallest_edit(str(document.path), old.text, text)
        return self._edit([self._text_edits(document.path, old, [edit], False)], None)

    def _edit(self, changes: list[Json], reviewed: Fix | None) -> Json:
        if not self.client.document_changes:
            return {"changes": {change["textDocument"]["uri"]: change["edits"] for change in changes}}
        edit: Json = {"documentChanges": changes}
        if reviewed is not None:
            description = " ".join(reviewed.notes)
            # Told, not asked, where the user has picked this very fix for the file that is in view: a
            # preview that opens by itself with nothing ticked would make three steps of one.
            asks = _changes_launches(changes)
            annotation = {"label": reviewed.title, "needsConfirmation": asks, "description": description}
            edit["changeAnnotations"] = {_REVIEW: annotation}
        return edit

    def _file_changes(self, path: Path, edits: list[Edit], review: bool) -> list[Json] | None:
        buffer = self.documents.buffer(path)
        if buffer is not None:
            return [self._text_edits(path, buffer, edits, review)]
        if exists(path) or not self.client.creates_files:
            return None
        create = {"kind": "create", "uri": self.documents.uri(path), "options": {"ignoreIfExists": True}}
        return [create, self._text_edits(path, Buffer("", self.client.encoding), edits, review)]

    def _text_edits(self, path: Path, buffer: Buffer, edits: list[Edit], review: bool) -> Json:
        document = self.documents.at(path)
        named = {"uri": self.documents.uri(path), "version": document.version if document else None}
        return {"textDocument": named, "edits": [_text_edit(buffer, edit, review) for edit in edits]}

    def _related(self, related: Related) -> Json | None:
        path = Path(related.path)
        buffer = self.documents.buffer(path)
        if buffer is None:
            return None
        location = {"uri": self.documents.uri(path), "range": buffer.range(related.span)}
        return {"location": location, "message": related.message}


def _changes_launches(changes: Iterable[Json]) -> bool:
    """Whether files change that are not in view: others than one of code and the settings beside it."""
    uris = {change["textDocument"]["uri"] for change in changes if "textDocument" in change}
    return len([uri for uri in uris if not uri.endswith(".toml")]) > 1


def matching(finding: Finding, where: Json, offered: Iterable[Mapping[str, Any]]) -> list[Json]:
    """Those of the client's diagnostics that are this finding, which is at this range."""
    return [
        dict(diagnostic)
        for diagnostic in offered
        if diagnostic.get("code") == finding.code and diagnostic.get("range") == where
    ]


def _text_edit(buffer: Buffer, edit: Edit, review: bool) -> Json:
    change: Json = {"range": buffer.range(edit.span), "newText": edit.new_text}
    return {**change, "annotationId": _REVIEW} if review else change


def _smallest_edit(path: str, old: str, new: str) -> Edit:
    shorter = min(len(old), len(new))
    start = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    rest = shorter - start
    same = next((at for at in range(rest) if old[-1 - at] != new[-1 - at]), rest)
    return Edit(path, Span(start, len(old) - same), new[start : len(new) - same])
