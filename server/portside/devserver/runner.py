"""The supervisor's loop: what happens goes into the state machine, what it commands is done.

One thread decides. Others (the watcher, the prober, the responder) only post
events or answer on sockets of their own.
"""

from __future__ import annotations

import dataclasses
import os
import selectors
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from portside.devserver import commands, events, machine
from portside.devserver.callers.callers import Callers
from portside.devserver.callers.loading_answer import Progress
from portside.devserver.console import browser, output, terminal, transcripts
from portside.devserver.console.console import Console
from portside.devserver.console.meter import Meter
from portside.devserver.console.narrator import Narrator, registry_phase
from portside.devserver.console.screen import Screen
from portside.devserver.engines.engines import Engines
from portside.devserver.holding import Holding
from portside.devserver.machine import Phase
from portside.devserver.planning.plan import Plan
from portside.devserver.ports import ports
from portside.devserver.ports.ports import Claim
from portside.devserver.registry.registration import Registration
from portside.devserver.tenancy import Tenancy
from portside.devserver.workers import processes
from portside.devserver.workers.debug_link import DebugLink
from portside.devserver.workers.fleet import Fleet
from portside.devserver.workers.pauses import Pauses
from portside.devserver.workers.processes import Worker
from portside.devserver.workers.readiness import Readiness
from portside.devserver.workers.reloaded_engines import ReloadedEngines
from portside.inside.channel import Message
from portside.knowledge.loading_steps import STEPS

if TYPE_CHECKING:  # its library is imported while the worker already starts
    from portside.devserver.watching.watching import Watching

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Long enough for a light app to answer itself; whoever waits for a model hears so at once.
_FIRST_PATIENCE_S = 0.05
_RELOAD_PATIENCE_S = 10.0
_SPARE_DELAY_S = 0.1
_OVER = frozenset({"ready", "failed", "reload failed", "crashed", "ended", "stopping"})
"""What ends a start, one way or the other."""


class Runner:
    """Runs one plan on one claim until it is over. `run` returns the exit code."""

    def __init__(self, plan: Plan, claim: Claim, console: Console, link: DebugLink | None = None) -> None:
        self._plan = plan
        self._console = console
        self._policy = machine.Policy(watch=plan.watch, grace_s=plan.grace_s)
        self._state = machine.State()
        self._events: deque[events.Event] = deque()
        self._calls: deque[Callable[[], None]] = deque()
        self._selector = selectors.DefaultSelector()
        self._registration = Registration(plan, self._say)
        self._screen = Screen(live=console.is_live and terminal.is_shared(), folds=plan.folds_log)
        console.screen = self._screen
        self._meter = Meter(plan, console, self._screen, self._soon)
        self._reloaded_engines = ReloadedEngines()
        self._transcripts = transcripts.Transcripts(self._heard)
        self._output = output.Output(self._screen.write, self._keep)
        self._holding = Holding(plan, claim, self._on_claim)
        self._fleet = Fleet(
            plan,
            claim,
            self._selector,
            self._on_message,
            self._on_end,
            self._output,
            self._before_load,
            self._on_warm,
            self._say,
        )
        self._fleet.mark = self._registration.mark
        self._spare_at: float | None = None
        self._fleet.terminal = terminal.is_shared() and not console.is_json
        self._fleet.output = 2 if console.is_json else 1
        self._keyboard: terminal.Keyboard | None = None
        self._watching: Watching | None = None
        self._callers = Callers(plan, claim, self._describe)
        self._narrator = Narrator(plan, claim, console)
        self._readiness = Readiness(plan, self._narrator, self._post)
        self._tenancy = Tenancy(
            plan,
            self._holding,
            self._callers.responder,
            self._narrator,
            console,
            self._post,
            self._soon,
            self._answer,
        )
        self._engines: Engines | None = None
        if plan.keep_engine:
            self._engines = Engines(
                self._registration.run,
                self._selector,
                self._fleet,
                self._make_way,
                self._transcripts,
                console.emit,
                lambda: self._soon(self._record),
            )
            self._fleet.engines = str(self._engines.path) if self._engines.path else None
        self._pauses = Pauses(self._fleet, self._narrator.note, self._post)
        self._link = link
        self._changed_at: float | None = None
        self._code: int | None = None
        self._opened = False

    def run(self) -> int:
        self._wakeup = self._listen_for_signals()
        self._guard()
        self._fleet.warm_up()
        self._post(events.Started())
        self._drain_events()
        self._registration.begin(self._holding.claim, self._fleet.members, self._selector, self._obey)
        self._narrator.announce()
        self._watching = self._watch()
        if self._link is not None:
            self._link.follow(self._selector, self._fleet, self._post)
        if self._fleet.terminal:
            self._keyboard = terminal.Keyboard()
            self._selector.register(0, selectors.EVENT_READ, self._on_key)
        try:
            while self._code is None:
                self._turn()
        finally:
            code = self._tear_down()
        return code

    # -- the loop ----------------------------------------------------------------------

    def _turn(self) -> None:
        for key, _ in self._selector.select(self._timeout()):
            key.data()
        now = time.monotonic()
        due = self._deadline()
        if due is not None and due <= now:
            self._post(events.Ticked())
        self._drain_events()
        if self._spare_at is not None and self._spare_at <= now:
            self._prepare_spare()
        if self._meter.next_look is not None and self._meter.next_look <= now:
            self._meter.look()

    def _timeout(self) -> float | None:
        times = [
            time for time in (self._deadline(), self._spare_at, self._meter.next_look) if time is not None
        ]
        return max(0.0, min(times) - time.monotonic()) if times else None

    def _deadline(self) -> float | None:
        """None while a debugger holds a worker: it does nothing in time, and that is no fault of its own."""
        stopping = self._state.phase is Phase.STOPPING
        return None if self._pauses.is_held and not stopping else self._state.next_deadline

    def _post(self, event: events.Event) -> None:
        """From any thread."""
        self._events.append(event)
        with suppress(OSError, AttributeError):
            self._wakeup.send(b".")

    def _soon(self, call: Callable[[], None]) -> None:
        """From any thread: have the loop do it."""
        self._calls.append(call)
        with suppress(OSError, AttributeError):
            self._wakeup.send(b".")

    def _say(self, text: str) -> None:
        """From any thread: what the user has to know."""
        self._soon(lambda: self._narrator.note(text))

    def _drain_events(self) -> None:
        while self._calls:
            self._calls.popleft()()
        while self._events:
            event = self._relevant(self._events.popleft())
            if event is None:
                continue
            before = self._state.phase
            self._state, due = machine.step(self._state, event, time.monotonic(), self._policy)
            for command in due:
                self._perform(command)
            if self._state.phase is not before:
                self._entered(self._state.phase)
        if self._state.phase in (Phase.FAILED, Phase.BACKING_OFF) and not self._state.running:
            self._tenancy.take_back()
        self._record()

    def _relevant(self, event: events.Event) -> events.Event | None:
        """An event with what only now can be known of it; None for a change that concerns nobody."""
        if isinstance(event, events.RestartRequested):
            self._changed_at = time.monotonic()
            return events.RestartRequested(self._holds_engine())
        if not isinstance(event, events.FilesChanged):
            return event
        if self._watching is None:
            return None
        paths = self._watching.relevant(
            event.paths, self._fleet.files(), serving=self._state.live is not None
        )
        if not paths or self._pauses.keeps(paths):
            return None
        self._changed_at = time.monotonic()
        return events.FilesChanged(paths, self._holds_engine())

    def _listen_for_signals(self) -> socket.socket:
        receiving, sending = socket.socketpair()
        for end in (receiving, sending):
            end.setblocking(False)
        for number in _SIGNALS:
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue  # nohup: it is to outlive the terminal
            signal.signal(number, lambda *_: self._post(events.StopRequested()))
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGWINCH, lambda *_: self._soon(self._resize))
        signal.set_wakeup_fd(sending.fileno(), warn_on_full_buffer=False)
        self._selector.register(receiving, selectors.EVENT_READ, lambda: self._woken(receiving))
        return sending

    def _woken(self, receiving: socket.socket) -> None:
        with suppress(BlockingIOError):
            while receiving.recv(4096):
                pass
        self._fleet.reap()

    # -- commands ----------------------------------------------------------------------

    def _perform(self, command: commands.Command) -> None:
        match command:
            case commands.Spawn(generation, changed, held):
                began = self._changed_at if changed and self._changed_at else time.monotonic()
                self._narrator.loading(generation, began, changed)
                self._meter.begin(generation, alone=self._state.live is None)
                self._reloaded_engines.begin(generation)
                self._renew_environment(changed)
                self._fleet.start(generation, changed, held)
            case commands.Tell():
                self._tell(command)
            case commands.Guard():
                self._guard()
            case commands.Finish(code):
                self._code = code
            case _:
                worker = self._fleet.get(command.generation)
                if worker is not None:
                    self._command_worker(command, worker)

    def _renew_environment(self, changed: frozenset[str]) -> None:
        if changed.isdisjoint(str(path.resolve()) for path in self._plan.env_files):
            return
        mistake = self._fleet.environment.renew()
        if mistake is not None:
            self._narrator.note(f"{mistake}; what the file said before still counts")

    def _command_worker(self, command: commands.Command, worker: Worker) -> None:
        match command:
            case commands.Load():
                self._fleet.load(worker)
            case commands.Quiet():
                self._quiet(worker)
            case commands.Go():
                self._callers.let_in(worker)
            case commands.Retire():
                worker.retire(self._policy.grace_s)
            case commands.Stop():
                self._fleet.stop(worker, self._policy.grace_s)
            case commands.Kill():
                self._fleet.end(worker)
            case commands.Probe(generation):
                self._probe(generation, worker)

    def _guard(self) -> None:
        self._fleet.guard(lambda: self._post(events.GuardianLost()))

    def _quiet(self, worker: Worker) -> None:
        """Have it accept nothing more. Who can't be told so is stopped."""
        if worker.plain or worker.own_port:
            worker.retire(self._policy.grace_s)
        else:
            worker.channel.send("quiet")

    def _probe(self, generation: int, worker: Worker) -> None:
        if worker.own_port:
            return  # who has found it to listen asks it, too
        if worker.plain:
            self._readiness.stop()
            self._tenancy.look(worker, everywhere=False)
            return
        self._readiness.ask(generation, self._holding.claim.sockets[0], worker.tls)

    # -- what workers and keepers say --------------------------------------------------

    def _keep(self, data: bytes, source: int) -> None:
        """Called by the thread that shows what workers print."""
        self._registration.log.write(data, source)
        self._transcripts.feed(data, source)

    def _heard(self, source: int, line: str) -> None:
        """Called by the same thread, with each line of it."""
        self._meter.heard(source, line)
        self._reloaded_engines.heard(line)

    def _on_end(self, worker: Worker, status: int) -> None:
        generation = worker.generation
        assert generation is not None
        self._narrator.ended(generation, status, self._transcripts.take(worker.sources))
        self._tenancy.ended(generation)
        self._post(events.Ended(generation, status))
        self._pauses.look()
        if self._engines is not None:
            self._engines.look()

    def _on_message(self, worker: Worker, message: Message) -> None:  # noqa: C901, PLR0912  (one branch each)
        fields, generation = message.fields, worker.generation
        if "files" in fields:
            self._learn(worker, fields)
        if generation is None:
            return
        match message.event:
            case "checked" if worker.held:
                self._post(events.Checked(generation))
            case "began":
                self._tenancy.began(worker)
            case "debugging":
                self._narrator.debugging(fields["host"], fields["port"], bool(fields["waits"]))
            case "held" | "released":
                self._pauses.tell(worker, held=message.event == "held")
            case "stale":
                self._fleet.restart(worker, str(fields["reason"]))
            case "learnt":
                self._fleet.learn(worker, fields)
            case "asked":
                self._tenancy.asked(worker, generation, fields)
            case "yield":
                self._tenancy.let_go(worker, str(fields["why"]), serves=self._state.live is not None)
            case "engine":
                worker.starts_engine = True
                self._console.emit("engine", phase="own", reason=str(fields["reason"]))
            case "note" if generation == 1:
                self._narrator.note(str(fields["text"]))
            case "loaded":
                self._loaded(worker, generation, plain=bool(fields.get("plain")))
            case "serving":
                worker.serving, worker.tls = True, bool(fields["tls"])
                self._callers.learn_certificate(
                    self._plan.folder, fields.get("certificate"), fields.get("key")
                )
                self._post(events.Served(generation))
            case "answered":
                self._readiness.answered(str(fields["token"]), int(fields["status"]))
            case "idle":
                heir = self._state.candidate if self._state.phase is Phase.SWITCHING else self._state.live
                self._callers.pass_on(message, self._fleet.get(heir))
            case "quiet":
                self._post(events.Quieted(generation))
            case "failed":
                self._output.settle(worker.sources)
                self._narrator.failure(generation, fields, self._printed_by(worker))
                if self._watching is not None:
                    self._watching.failed(worker.files)
                self._post(events.Failed(generation, str(fields["message"])))

    def _loaded(self, worker: Worker, generation: int, *, plain: bool) -> None:
        worker.plain = plain
        if generation == self._state.live:  # its first server is over, and here is the next
            self._callers.let_in(worker)
        self._post(events.Loaded(generation))
        self._narrator.loaded(generation)
        if worker.engine and not self._plan.keep_engine:
            self._output.settle(worker.sources)
            self._narrator.reloaded(generation, self._reloaded_engines.loaded(generation))

    def _printed_by(self, worker: Worker) -> list[str]:
        """What it and its engine have printed; the engine first, since its failures are the cause."""
        engine: list[str] = []
        if self._engines is not None:
            self._output.settle(self._engines.sources())
            engine = self._engines.printed_for(worker.pid)
        return [*engine, *self._transcripts.lines(worker.sources)]

    def _learn(self, worker: Worker, fields: dict[str, Any]) -> None:
        before = worker.files
        worker.files = before | frozenset(fields["files"])
        worker.names = tuple(fields["names"])
        worker.engine, worker.gpu = bool(fields["engine"]), bool(fields["gpu"])
        if self._watching is not None:
            missed = self._watching.learn(worker.files - before)
            if missed and worker.serving:
                self._post(events.FilesChanged(missed))

    def _on_claim(self, claim: Claim) -> None:
        self._fleet.claim = claim
        self._callers.responder.answer_at(claim.sockets)
        self._registration.update(host=claim.host, port=claim.port, url=self._plan.reached_at(claim.url))

    def _on_warm(self, modules: int, seconds: float) -> None:
        self._console.emit("warm", modules=modules, seconds=round(seconds, 3))

    def _before_load(self, worker: Worker) -> None:
        self._tenancy.before_load(worker)

    def _answer(self, patience_s: float) -> None:
        """Have it answer at the port, unless requests are to wait."""
        if self._plan.while_loading == "respond" or self._state.phase in (Phase.FAILED, Phase.BACKING_OFF):
            self._callers.responder.start(patience_s)

    # -- changes -----------------------------------------------------------------------

    def _watch(self) -> Watching | None:
        if not self._plan.watch:
            return None
        from portside.devserver.watching.watching import Watching

        def changed(paths: frozenset[str]) -> None:
            self._post(events.FilesChanged(paths))

        return Watching(self._plan, changed, self._say)

    def _holds_engine(self) -> bool:
        """Whether the live worker may have a model in memory: on the GPU itself, or in a child process."""
        worker = self._fleet.get(self._state.live)
        if worker is None or worker.pid is None:
            return False
        if worker.own_port or self._tenancy.needs_it_free:
            return True  # two would not fit on one port either
        if self._has_debuggers_port():
            return True  # its debugger's port has to be free before the next one can listen there
        if self._engines is not None and self._engines.holds_for(worker.pid) and not worker.starts_engine:
            return worker.gpu
        return worker.gpu or (worker.engine and bool(processes.below(worker.pid)))

    def _has_debuggers_port(self) -> bool:
        """Whether a debugger attaches to a port at which each worker listens in turn."""
        return self._fleet.debug is not None and not self._fleet.debug.connects

    def _make_way(self, pid: int) -> bool:
        """Have the live generation go, since the candidate, which has this pid, needs its engine."""
        session = processes.session_of(pid)
        asking = next((one.generation for one in self._fleet if one.pid in (pid, session)), None)
        if asking is None or asking != self._state.candidate:
            return False
        self._post(events.EngineClaimed(asking))
        return True

    # -- a spare interpreter -----------------------------------------------------------

    def _prepare_spare(self) -> None:
        """For the next edit: an interpreter that has the web stack imported already."""
        self._spare_at = None
        if self._state.phase is not Phase.SERVING or self._fleet.spare is not None or not self._plan.watch:
            return
        live = self._fleet.get(self._state.live)
        if live is not None and live.names:
            self._fleet.prepare(live.names)

    # -- what the user is told ---------------------------------------------------------

    def _tell(self, tell: commands.Tell) -> None:
        worker = self._fleet.get(tell.generation)
        if tell.what == "replacing" and (self._holding.released or self._tenancy.needs_it_free):
            tell = dataclasses.replace(tell, what="stopping first")
        elif tell.what == "replacing" and self._has_debuggers_port():
            tell = dataclasses.replace(tell, what="freeing debugger's port")
        if tell.what in _OVER:
            self._meter.finish(ready=tell.what == "ready")
        self._narrator.tell(tell, self._state.live, worker.pid if worker else None)
        if tell.what == "serving":
            self._spare_at = time.monotonic() + _SPARE_DELAY_S
            if self._watching is not None:
                self._watching.mended()
        elif tell.what == "stopping" and self._engines is not None:
            self._engines.interrupt()
        elif tell.what == "ready" and self._plan.opens_browser and not self._opened:
            self._opened = True
            browser.open_at(self._holding.claim.url, self._say)
        elif tell.what == "failed" and self._narrator.fatal:
            self._post(events.StopRequested())

    def _entered(self, phase: Phase) -> None:
        if phase in (Phase.FAILED, Phase.BACKING_OFF):
            if phase is Phase.FAILED:
                self._narrator.waiting_for_edit()
            self._callers.responder.start(0.0)
        elif phase is Phase.LOADING and self._state.live is None:
            # Who came while nothing ran has had an answer; from now on waiting is worth it.
            self._callers.wait()
            if self._plan.while_loading == "respond":
                self._callers.responder.start(
                    _FIRST_PATIENCE_S if self._state.newest == 1 else _RELOAD_PATIENCE_S
                )

    def _describe(self) -> Progress:
        """For a client that asked too early."""
        loading = self._meter.loading
        phase, target, message = registry_phase(self._state), self._plan.target.spec, self._narrator.message
        if loading is None:
            return Progress(phase, target, message)
        eta_s = loading.eta_s(time.monotonic())
        return Progress(phase, target, message, STEPS[loading.step], loading.done, eta_s)

    # -- what others see, and may ask for ----------------------------------------------

    def _record(self) -> None:
        state = self._state
        self._fleet.seen = self._registration.seen
        self._registration.update(
            phase=registry_phase(state),
            generation=state.live or state.newest,
            message=self._narrator.message,
            failure=self._narrator.shown_failure,
            offer=self._narrator.offer,
            workers=tuple(pid for pid in self._running().values() if pid is not None),
            engines=self._engines.records() if self._engines is not None else (),
        )

    def _running(self) -> dict[int, int | None]:
        """The pid of each generation, None where that is not known yet."""
        return {one.generation: one.pid for one in self._fleet if one.generation is not None}

    def _obey(self, command: str) -> dict[str, Any] | None:
        """An order from outside, carried out; what is answered."""
        match command:
            case "stop":
                self._post(events.StopRequested())
                return {"grace_s": self._policy.grace_s}
            case "restart":
                self._post(events.RestartRequested())
                return {}
            case "restart-engine":
                if self._engines is None:
                    return {"ok": False, "error": "its engines are not kept: --keep-engine does that"}
                self._engines.renew()
                self._post(events.RestartRequested())
                return {"engines": len(self._engines.members)}
            case "status":
                workers = [{"generation": number, "pid": pid} for number, pid in self._running().items()]
                phase = registry_phase(self._state)
                return {"pid": os.getpid(), "phase": phase, "live": self._state.live, "workers": workers}
        return None

    # -- the terminal ------------------------------------------------------------------

    def _resize(self) -> None:
        """The terminal has another size: so have the workers'."""
        for worker in self._fleet:
            if worker.terminal is not None:
                terminal.resize(worker.terminal)

    def _on_key(self) -> None:
        assert self._keyboard is not None
        data = self._keyboard.read()
        if not data:
            self._selector.unregister(0)
            return
        worker = self._fleet.get(self._state.live or self._state.candidate)
        if worker is not None and worker.terminal is not None:
            self._screen.typed()
            with suppress(OSError):
                os.write(worker.terminal, data)

    # -- the end -----------------------------------------------------------------------

    def _tear_down(self) -> int:
        """Nothing is left, and that is checked, not assumed."""
        if self._watching is not None:
            self._watching.stop()
        self._readiness.stop()
        self._tenancy.stop()
        self._callers.close()
        self._holding.claim.close()
        self._registration.take_no_more_orders()
        if self._engines is not None:
            self._engines.close()
        left = self._fleet.disband()
        free = isinstance(result := ports.claim(self._plan.host, self._holding.claim.port), Claim)
        if isinstance(result, Claim):
            result.close()
        code = 2 if self._narrator.fatal else self._code or 0
        self._registration.end(code)
        if self._keyboard is not None:
            self._keyboard.restore()
        self._narrator.stopped(code, left, free)
        self._hear_no_more_signals()
        return code

    @staticmethod
    def _hear_no_more_signals() -> None:
        """All is said and done: one more Ctrl-C is not to take the exit code away while Python ends."""
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGWINCH, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)


def run(plan: Plan, claim: Claim, console: Console, link: DebugLink | None = None) -> int:
    """Serve the plan on what was claimed until it is over; the exit code."""
    with suppress(ValueError):
        sys.setswitchinterval(0.001)  # events of the watcher's thread are not to wait for ours
    return Runner(plan, claim, console, link).run()
