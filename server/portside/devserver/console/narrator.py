"""Puts what happens to generations into events for the user, and remembers what they need to be told."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from portside.devserver import commands
from portside.devserver.console.console import Console
from portside.devserver.machine import Phase, State
from portside.devserver.planning import near_names
from portside.devserver.planning.plan import Plan
from portside.devserver.ports.ports import Claim
from portside.knowledge import secrets

if TYPE_CHECKING:  # imported only where something fails: most starts need none of it
    from portside.devserver.workers.reloaded_engines import Reloaded
    from portside.failures import Failure

_NOTES = {
    "guardian lost": "the guardian process was killed; a new one has taken its place",
    "replacing": "the model has to be freed before the new code can load it again",
    "freeing debugger's port": "the debugger's port has to be free before the new code can have it",
    "stopping first": "the command is ended first: it binds the port itself",
}


class Narrator:
    """message: the last trouble in one line, until a generation serves. fatal: what has to be done first."""

    def __init__(self, plan: Plan, claim: Claim, console: Console) -> None:
        self._plan = plan
        self._claim = claim
        self._console = console
        self._causes: dict[int, tuple[float, frozenset[str]]] = {}
        self._details: dict[int, str] = {}
        self._explained: dict[int, Failure | None] = {}
        self.shown_failure: dict[str, Any] | None = None
        """Why nothing serves, or the last edit does not; until a generation does."""
        self.message: str | None = None
        self.fatal: str | None = None
        self.stop_began: float | None = None
        self.offer: dict[str, Any] | None = None
        """What would have made the last reload shorter, once that is known."""
        self._reloaded: tuple[int, Reloaded] | None = None

    def announce(self) -> None:
        plan = self._plan
        self._console.emit(
            "starting",
            target=plan.target.title,
            python=plan.interpreter.path,
            interpreter=plan.interpreter.source,
            folder=str(plan.folder),
            name=plan.name,
            level="watched" if plan.target.is_watched else "held",
        )
        if plan.keep_engine:
            self.note("the engine is kept from one edit to the next: for development, not for benchmarks")
        if self._claim.port:
            self.claimed(self._claim)
        elif plan.uds is None:
            self.note("which port it listens on is not known before it does; --port N names it")

    def claimed(self, claim: Claim) -> None:
        """The port is held, or found free for a program that binds it itself."""
        self._claim = claim
        level = "watched" if self._plan.target.is_watched else "held"
        self._console.emit("claimed", host=claim.host, port=claim.port, url=claim.url, level=level)

    def found(self, claim: Claim) -> None:
        """The program has this port, which nobody held."""
        self._claim = claim

    def note(self, text: str) -> None:
        self._console.emit("note", text=text)

    def silent(self) -> None:
        """From any thread."""
        self.note("it says that it serves, but nothing answers: its event loop is blocked, or not listening")

    def other_port(self, asked: int) -> None:
        self.note(f"the script asks for port {asked}; it is served on {self._claim.port}")

    def debugging(self, host: str, port: int, waits: bool) -> None:
        self._console.emit("debugging", host=host, port=port, waits=waits)

    def loading(self, generation: int, began: float, changed: frozenset[str]) -> None:
        """began: when the file was saved, or the start asked for."""
        self._causes.setdefault(generation, (began, changed))
        self._console.emit("loading", generation=generation, changed=sorted(changed))

    def loaded(self, generation: int) -> None:
        self._console.emit("loaded", generation=generation, seconds=self._since(generation))

    def reloaded(self, generation: int, engine: Reloaded | None) -> None:
        """Keep for when the generation is ready: what it need not have loaded again."""
        if engine is not None and not self._plan.keep_engine and self._plan.watch and self.offer is None:
            self._reloaded = generation, engine

    def _offer(self, generation: int) -> None:
        """Say once in a run how an engine is kept."""
        if self._reloaded is None or self._reloaded[0] != generation:
            return
        engine = self._reloaded[1]
        self._reloaded = None
        self.offer = {"what": "keep-engine", "model": engine.model, "seconds": engine.seconds}
        self._console.emit("offer", **self.offer)

    def failure(self, generation: int, fields: Mapping[str, Any], printed: Sequence[str]) -> None:
        """Keep the details of a failure until the machine has decided what it means."""
        detail = str(fields.get("detail", ""))
        self._details[generation] = detail
        failure = explained(printed, detail, str(self._plan.folder))
        if failure is not None and generation == 1 and self._is_mistyped(failure):
            failure = near_names.with_suggestions(failure, self._plan)
            self.fatal = failure.happened
        self._explained[generation] = failure
        if fields.get("no_debugpy"):
            install = f"{self._plan.interpreter.path} -m pip install debugpy"
            self.fatal = f"debugpy is not installed there: {install}"
        elif fields.get("no_uvicorn"):
            install = f"{self._plan.interpreter.path} -m pip install 'uvicorn[standard]'"
            self.fatal = f"uvicorn is not installed there: {install}"

    def _is_mistyped(self, failure: Failure) -> bool:
        """Whether the app that the command line names is not there: no edit of a file cures the command."""
        is_typed = self._plan.name is None and self._plan.target.kind == "app"
        return is_typed and failure.name in ("app-module-missing", "app-attribute-missing")

    def ended(self, generation: int, status: int, printed: Sequence[str]) -> None:
        """A worker's tree is gone: keep why, should nobody have wanted that."""
        if status != 0 and generation not in self._explained:
            found = explained(printed, "", str(self._plan.folder))
            self._explained[generation] = found or explained([killed_line(status)], "", None)

    def tell(self, tell: commands.Tell, kept: int | None, pid: int | None) -> None:
        """kept: the generation that serves. pid: of the worker that this is about."""
        generation, emit = tell.generation, self._console.emit
        match tell.what:
            case "serving":
                self.message = self.shown_failure = None
                emit("serving", generation=generation, seconds=self._since(generation), pid=pid)
            case "ready":
                changed = sorted(self._causes[generation][1])
                url, seconds = self._plan.reached_at(self._claim.url), self._since(generation)
                emit("ready", generation=generation, seconds=seconds, url=url, changed=changed)
                self._offer(generation)
            case "failed" | "reload failed":
                self._failed(tell, kept)
            case "crashed" | "ended":
                failure = self._explained.pop(generation, None)
                self.message = f"generation {generation}: {tell.text}"
                if failure is not None:
                    self.message += f": {failure.happened}"
                self.message = secrets.redact(self.message)
                self._show_failure(failure)
                emit(tell.what, generation=generation, message=tell.text, failure=self.shown_failure)
            case "backing off":
                emit("waiting", **{"for": "retry", "seconds": tell.seconds})
            case "stopping":
                self.stop_began = time.monotonic()
                emit("stopping", seconds=tell.seconds)
            case "forced":
                emit("forced")
            case _ if text := tell.text or _NOTES.get(tell.what):
                self.note(text)

    def _failed(self, tell: commands.Tell, kept: int | None) -> None:
        detail = self._details.pop(tell.generation, "")
        text = (self.fatal or tell.text).strip()
        self.message = text.splitlines()[-1] if text else "it did not start"
        failure = self._explained.pop(tell.generation, None)
        if failure is not None and failure.where is not None and not failure.remedies:
            self.message = failure.evidence  # what uvicorn logs last tells less than what was raised
        self.message = secrets.redact(self.message)
        where = failing_line(detail, str(self._plan.folder)) or (failure and failure.where)
        message = f"{where}: {self.message}" if where else self.message
        self._show_failure(failure)
        self._console.emit(
            "failed",
            generation=tell.generation,
            message=message,
            detail=detail,
            kept=kept,
            port=self._claim.port or None,
            failure=self.shown_failure,
        )

    def _show_failure(self, failure: Failure | None) -> None:
        self.shown_failure = failure.fields() if failure is not None else None

    def waiting_for_edit(self) -> None:
        if self.fatal is None:
            self._console.emit("waiting", **{"for": "edit"})

    def stopped(self, code: int, left: list[int], port_free: bool) -> None:
        seconds = round(time.monotonic() - (self.stop_began or time.monotonic()), 3)
        port = self._claim.port or None
        self._console.emit("stopped", code=code, seconds=seconds, left=left, port=port, port_free=port_free)

    def _since(self, generation: int) -> float:
        return round(time.monotonic() - self._causes[generation][0], 3)


def registry_phase(state: State) -> str:
    """The phase in the words of the registry's records."""
    match state.phase:
        case Phase.IDLE:
            return "claiming"
        case Phase.LOADING:
            return "loading"
        case Phase.SERVING:
            return "ready" if state.ready else "loading" if state.newest == 1 else "reloading"
        case Phase.FAILED | Phase.BACKING_OFF:
            return "failed"
        case Phase.STOPPING | Phase.STOPPED:
            return "stopping"
        case _:
            return "reloading"


def failing_line(detail: str, folder: str) -> str | None:
    """`file:line` of the innermost place in the user's own code that a traceback names."""
    found = None
    for line in detail.splitlines():
        head, _, rest = line.strip().partition('", line ')
        if not head.startswith('File "') or "site-packages" in head:
            continue
        path, number = head[6:], rest.split(",")[0]
        if path.startswith(folder + os.sep) and number.isdigit():
            found = f"{os.path.relpath(path, folder)}:{number}"
    return found


def explained(printed: Sequence[str], detail: str, folder: str | None) -> Failure | None:
    """Why a worker failed, from what it printed; failing that from the traceback that it reported."""
    from portside.failures import explain

    found = explain(printed, folder) or explain(detail.splitlines(), folder)
    return next((failure for failure in found if failure.is_known), found[0] if found else None)


def killed_line(status: int) -> str:
    """An end by signal as a shell would have told it."""
    names = {-9: "Killed", -11: "Segmentation fault", -7: "Bus error", -4: "Illegal instruction"}
    return names.get(status, "")
