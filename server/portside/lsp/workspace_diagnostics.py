"""The findings of files that nobody has open, looked for while the client is silent.

A client that pulls asks once (`workspace/diagnostic`) and has its answer as soon as it is known; its
next question is answered when the answer is another one. To any other client they are sent, where its user
wants them. Only the files that matter are reported: those with findings, and those that had some.

    asked ──> held ──(all files looked at)──> answered, or held on where nothing has changed
                └──($/cancelRequest, progress cancelled, shutdown)──> refused
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from portside.lsp.chores import Chores
from portside.lsp.convert import Json
from portside.lsp.diagnostics import NOTHING, Diagnostics, identity
from portside.lsp.documents import Document
from portside.lsp.outbox import Outbox
from portside.lsp.preferences import Preferences
from portside.lsp.progress import Progress
from portside.lsp.refusal import SERVER_CANCELLED
from portside.lsp.workspace import Workspace
from portside.lsp.workspace_answer import Answer, Report

_CHORE = "check the workspace"
# Whoever opens a whole disk gets the findings of open files.
_MOST_FILES = 100_000

_log = logging.getLogger(__name__)


class WorkspaceDiagnostics:
    """Of all files below the folders of the workspace, open or not."""

    def __init__(
        self,
        workspace: Workspace,
        outbox: Outbox,
        chores: Chores,
        diagnostics: Diagnostics,
        preferences: Callable[[Path], Preferences],
    ) -> None:
        self._workspace, self._outbox, self._chores = workspace, outbox, chores
        self._diagnostics, self._preferences = diagnostics, preferences
        self._held: dict[Any, Answer] = {}
        self._is_known = False
        self._known: dict[str, str] = {}
        self._sent: dict[str, str] = {}
        self._looks: dict[str, tuple[int, int, bool]] = {}
        self._progress: Progress | None = None

    def asked(self, request: Any, params: Json) -> None:
        """`workspace/diagnostic`; the answer follows."""
        answer = self._held[request] = Answer(self._outbox, request, params)
        if not self._is_known or answer.known != self._known:
            self._begin()

    def changed(self) -> None:
        """Files have changed, or what counts in them."""
        self._is_known = False
        if self._held or self._sends:
            self._begin()

    def closed(self, document: Document) -> None:
        """What was sent of the file before it was opened is gone."""
        self._sent.pop(document.uri, None)

    def withdraw(self, request: Any) -> bool:
        """Whether this request was being worked on, which it no longer is."""
        if self._held.pop(request, None) is None:
            return False
        if not self._held:
            self._stop("cancelled")
        return True

    def cancel_progress(self, token: Any) -> None:
        """The user has had enough of it."""
        tokens = [answer.work_token for answer in self._held.values()]
        tokens += [self._progress.token] if self._progress is not None else []
        if token is not None and token in tokens:
            self.end()

    def end(self) -> None:
        self._stop("cancelled")
        for request in list(self._held):
            del self._held[request]
            self._outbox.refuse(request, SERVER_CANCELLED, "ended", {"retriggerRequest": False})

    @property
    def _sends(self) -> bool:
        """Whether the client is sent what it could also ask for."""
        client = self._workspace.client
        return not client.pulls and any(self._is_wanted(folder) for folder in client.folders)

    def _is_wanted(self, path: Path) -> bool:
        preferences = self._preferences(path)
        wanted = preferences.whole_workspace
        return preferences.enable and (self._workspace.client.pulls if wanted is None else wanted)

    def _begin(self) -> None:
        self._stop("begun anew")
        self._chores.put(_CHORE, self._run(), patient=True)

    def _stop(self, why: str) -> None:
        self._chores.drop(_CHORE)
        if self._progress is not None:
            self._progress.end(why)
            self._progress = None

    def _run(self) -> Iterator[None]:
        answers = list(self._held.values())
        token = next((answer.work_token for answer in answers if answer.work_token is not None), None)
        self._progress = progress = Progress(
            self._outbox,
            "Portside: checking the workspace",
            token,
            may_create=self._workspace.client.shows_progress,
        )
        for answer in answers:
            answer.begin()
        files: list[str] = []
        found: dict[str, str] = {}
        for file in self._files():
            files.append(file)
            yield
        for number, file in enumerate(files):
            report = self._report(Path(file))
            if report is not None:
                found.update({report.uri: report.identity} if report.items else {})
                self._take(report, answers)
            progress.report(f"{number} of {len(files)} files", 100 * number // len(files))
            yield
        self._finish(answers, found)
        progress.end(f"{len(files)} files")
        self._progress = None

    def _files(self) -> Iterator[str]:
        from portside.workspace.file_kinds import may_be_checked
        from portside.workspace.walk import paths_below

        seen: set[str] = set()
        for folder in self._workspace.client.folders:
            for path in paths_below(folder, self._workspace.projects.excluded, may_be_checked):
                if len(seen) >= _MOST_FILES:
                    _log.warning("more than %d files: the others are checked once they are open", _MOST_FILES)
                    return
                if path not in seen:
                    seen.add(path)
                    yield path

    def _report(self, path: Path) -> Report | None:
        """What is to be said of a file; None where it can't be anything."""
        if not self._is_wanted(path):
            return None
        document = self._workspace.documents.at(path)
        if document is None and (not self._may_matter(path) or (document := self._closed(path)) is None):
            return None
        items = self._diagnostics.items(document)
        return Report(document.uri, document.version, identity(items), items)

    def _closed(self, path: Path) -> Document | None:
        buffer = self._workspace.documents.buffer(path)
        return Document(self._workspace.documents.uri(path), path, "", None, buffer) if buffer else None

    def _may_matter(self, path: Path) -> bool:
        """One look at a file tells that nothing can be found in most; one that has not changed isn't read."""
        from portside.workspace.first_look import may_matter

        try:
            state = os.stat(path)  # noqa: PTH116 - thousands of them
        except OSError:
            return False
        known = self._looks.get(str(path))
        if known is None or known[:2] != (state.st_mtime_ns, state.st_size):
            known = self._looks[str(path)] = (state.st_mtime_ns, state.st_size, may_matter(str(path)))
        return known[2]

    def _take(self, report: Report, answers: list[Answer]) -> None:
        for answer in answers:
            answer.take(report)
        if not self._sends:
            return
        is_open = self._workspace.documents.get(report.uri) is not None
        if not is_open and self._sent.get(report.uri, NOTHING) != report.identity:
            self._sent[report.uri] = report.identity
            self._outbox.publish(report.uri, None, report.items)

    def _finish(self, answers: list[Answer], found: dict[str, str]) -> None:
        self._is_known, self._known = True, found
        for answer in answers:
            if self._held.get(answer.request) is answer and answer.finish():
                del self._held[answer.request]
