"""What the editor offers on a finding: its fixes, a comment that ignores it, and all safe fixes at once."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from portside.lint.finding import Applicability, Finding, Fix
from portside.lint.layout import Layout
from portside.lsp.commands import TELL
from portside.lsp.convert import FIX_ALL, QUICK_FIX, Converter, Json, matching
from portside.lsp.documents import Document, Documents
from portside.lsp.refusal import Outdated

if TYPE_CHECKING:
    from portside.checking import Checker

_log = logging.getLogger(__name__)

_Linked = Sequence[tuple[Finding, list[Json]]]

_FIX_ALL_TITLE = "Portside: apply all safe fixes"


class Actions:
    """Makes code actions for one client.

    layout: where comments are in a document. checkpoint: called now and then; may raise. apart: makes a
    checker of half-fixed texts.
    """

    def __init__(
        self,
        convert: Converter,
        documents: Documents,
        layout: Callable[[Document], Layout],
        checkpoint: Callable[[], None],
        apart: Callable[[], Checker],
    ) -> None:
        self._layout = layout
        self._checkpoint = checkpoint
        self._apart = apart
        self._convert = convert
        self._documents = documents

    def at(self, document: Document, found: Sequence[Finding], where: Json, context: Json) -> list[Json]:
        """The actions for a range, of the kinds that the client asks for."""
        if not self._convert.client.literal_actions:
            return []
        wanted = context.get("only")
        actions: list[Json] = []
        if _asks_for(wanted, QUICK_FIX):
            actions += self._quick_fixes(document, found, where, context.get("diagnostics") or ())
        is_cell = document.notebook is not None
        if (
            not is_cell
            and _asks_for(wanted, FIX_ALL)
            and any(_safe_fix(self._with_fixes(finding)) for finding in found)
        ):
            actions += self._fix_all(document, at_once=wanted is not None)
        return actions

    def resolved(self, document: Document, found: Sequence[Finding], action: Json) -> Json:
        """The action with its edit. Raises Outdated where it can't be made any more."""
        number = action["data"].get("finding")
        if number is None:
            return {**action, "edit": self._fix_all_edit(document)}
        fix = self._with_fixes(found[number]).fixes[action["data"]["fix"]]
        edit = self._convert.workspace_edit(fix)
        if edit is None:
            raise Outdated("a file that the fix changes is gone")
        return {**action, "edit": edit}

    def _quick_fixes(
        self, document: Document, found: Sequence[Finding], where: Json, offered: Iterable[Any]
    ) -> list[Json]:
        span = document.buffer.span(where)
        here = [number for number, finding in enumerate(found) if finding.span.touches(span)]
        settled = {number: self._with_fixes(found[number]) for number in here}
        linked = [(finding, self._linked(document, finding, offered)) for finding in settled.values()]
        named = {
            fix: {"uri": document.uri, "version": document.version, "finding": number, "fix": index}
            for number, finding in reversed(settled.items())
            for index, fix in enumerate(finding.fixes)
        }
        return [
            *self._fixes(document, linked, named),
            *self._refused(linked),
            *self._ignores(document, linked),
        ]

    def _linked(self, document: Document, finding: Finding, offered: Iterable[Any]) -> list[Json]:
        """The finding as the client shows it: its own diagnostics come back untouched."""
        where = document.buffer.range(finding.span)
        return matching(finding, where, offered) or [self._convert.diagnostic(document, finding)]

    def _with_fixes(self, finding: Finding) -> Finding:
        """The finding with its fixes made; without any where that fails, which is a bug of Portside's."""
        self._checkpoint()
        try:
            return finding.settled
        except Exception:
            _log.exception("the fixes of %s failed", finding.code)
            return dataclasses.replace(finding, fixes=())

    def _fixes(self, document: Document, linked: _Linked, named: Mapping[Fix, Json]) -> Iterator[Json]:
        """Each fix once: one that ends several findings is one action for all of them.

        named: by what a fix is found again. An edit of several files is made when it is chosen, where the
        client can ask for that: it takes reading them.
        """
        ended: dict[Fix, tuple[Finding, list[Json]]] = {}
        for finding, diagnostics in linked:
            for fix in finding.fixes:
                ended.setdefault(fix, (finding, []))[1].extend(diagnostics)
        preferred = {_safe_fix(finding) for finding, _ in linked}
        for fix, (finding, diagnostics) in ended.items():
            later = self._convert.client.resolves_edits and any(
                edit.path != str(document.path) for edit in fix.edits
            )
            data = named[fix] if later else None
            action = self._convert.quick_fix(fix, diagnostics, preferred=fix in preferred, data=data)
            if action is not None:
                yield {**action, **_told_afterwards(finding, fix)}

    def _refused(self, linked: _Linked) -> Iterator[Json]:
        """The launch fix where it can't be made, with why, for a client that shows such actions."""
        if not self._convert.client.disabled_actions:
            return
        from portside.python.launching.launch_move import TITLE

        for finding, diagnostics in linked:
            if finding.launch is not None and finding.launch.blockers and not finding.fixes:
                first = finding.launch.blockers[0]
                reason = f"It can't be moved as it stands, because of line {first.line}: {first.reason}"
                action = {"title": TITLE, "kind": QUICK_FIX, "diagnostics": diagnostics}
                yield {**action, "disabled": {"reason": reason}}

    def _ignores(self, document: Document, linked: _Linked) -> Iterator[Json]:
        if not linked:
            return
        from portside.lint.directives import directives
        from portside.lint.suppress_edits import ignore_fix

        source = document.buffer.source(str(document.path))
        layout = self._layout(document)
        present = directives(source, layout)
        for finding, diagnostics in linked:
            self._checkpoint()
            fix = ignore_fix(finding, source, layout, present)
            action = fix and self._convert.quick_fix(fix, diagnostics, preferred=False)
            if action:
                yield action

    def _fix_all(self, document: Document, *, at_once: bool) -> Iterator[Json]:
        """One action; its edit follows on demand where nobody asked for exactly this, since it takes time."""
        action: Json = {"title": _FIX_ALL_TITLE, "kind": FIX_ALL}
        if at_once:
            yield {**action, "edit": self._fix_all_edit(document)}
        elif self._convert.client.resolves_edits:
            yield {**action, "data": {"uri": document.uri, "version": document.version}}

    def _fix_all_edit(self, document: Document) -> Json:
        from portside.lsp.fix_all import fixed_text

        text = fixed_text(document, self._documents, self._apart())
        return self._convert.replacement(document, text)


def _asks_for(wanted: Sequence[str] | None, kind: str) -> bool:
    """Whether a kind is among those wanted, each of which stands for all kinds below it."""
    return wanted is None or any(kind == name or kind.startswith(f"{name}.") for name in wanted)


def _told_afterwards(finding: Finding, fix: Fix) -> Json:
    """What has the editor show what is left to do, once an edit has been made that can't do it all."""
    lines = [f"Start it with: {finding.launch.command}"] if finding.launch and finding.launch.command else []
    if fix.applicability is Applicability.UNSAFE:
        lines += fix.notes
    if not lines:
        return {}
    return {"command": {"title": fix.title, "command": TELL, "arguments": [". ".join(lines)]}}


def _safe_fix(finding: Finding) -> Fix | None:
    return next((fix for fix in finding.fixes if fix.applicability is Applicability.SAFE), None)
