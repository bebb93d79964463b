"""The dev server as a pure function: `step(state, event, now, policy) -> (state, commands)`.

    idle ─► loading ─► serving ─► reloading ─► switching ─► serving
               │          │ └───► checking ─► replacing ─► loading     (an engine: the old one goes first)
               │          │   reloading ─► loading                      (a kept engine becomes another)
               ▼          ▼
             failed   backing off ─► loading
    any ─► stopping ─► stopped

A *generation* is one worker process, numbered from 1. At most one is `live`
(it accepts requests) and one the `candidate` (it loads); those that are on
their way out are `retiring`, each with the moment at which it is killed.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, replace

from portside.devserver.commands import (
    Command,
    Finish,
    Go,
    Guard,
    Kill,
    Load,
    Probe,
    Quiet,
    Retire,
    Spawn,
    Stop,
    Tell,
)
from portside.devserver.events import (
    Answered,
    Checked,
    Ended,
    EngineClaimed,
    Event,
    Failed,
    FilesChanged,
    GuardianLost,
    Loaded,
    Quieted,
    RestartRequested,
    Served,
    Started,
    StopRequested,
    Ticked,
)


class Phase(enum.Enum):
    IDLE = "idle"
    LOADING = "loading"
    SERVING = "serving"
    RELOADING = "reloading"
    SWITCHING = "switching"
    CHECKING = "checking"
    REPLACING = "replacing"
    BACKING_OFF = "backing off"
    FAILED = "failed"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Policy:
    """watch: an edit causes a reload. grace_s: how long a worker may take to stop."""

    watch: bool = True
    grace_s: float = 10.0
    crash_limit: int = 5
    first_backoff_s: float = 0.5
    longest_backoff_s: float = 10.0
    calm_s: float = 30.0
    """A generation that served this long starts a new count of crashes."""


@dataclass(frozen=True, slots=True)
class State:
    """changed: files whose change is still to be acted upon. code: what the command will exit with."""

    phase: Phase = Phase.IDLE
    newest: int = 0
    live: int | None = None
    candidate: int | None = None
    retiring: tuple[tuple[int, float], ...] = ()
    deadline: float | None = None
    changed: frozenset[str] = frozenset()
    ready: bool = False
    serving_since: float = 0.0
    crashes: int = 0
    code: int = 0

    @property
    def running(self) -> tuple[int, ...]:
        """Every generation whose tree is not known to have ended."""
        named = [generation for generation in (self.live, self.candidate) if generation is not None]
        return (*named, *(generation for generation, _ in self.retiring))

    @property
    def next_deadline(self) -> float | None:
        times = [until for _, until in self.retiring]
        if self.deadline is not None:
            times.append(self.deadline)
        return min(times, default=None)


Step = tuple[State, tuple[Command, ...]]


# -- step --------------------------------------------------------------------------------


def step(state: State, event: Event, now: float, policy: Policy) -> Step:
    """What follows from an event. now: seconds on any clock that only goes forward."""
    match event:
        case StopRequested():
            return _stop(state, now, policy, state.code)
        case RestartRequested(engine):
            return step(state, FilesChanged(frozenset(), engine), now, policy)
        case GuardianLost() if state.phase not in (Phase.STOPPING, Phase.STOPPED):
            return state, (Guard(), Tell("guardian lost"))
        case Ended(generation, _) if generation in dict(state.retiring):
            rest = tuple(entry for entry in state.retiring if entry[0] != generation)
            return _all_gone(replace(state, retiring=rest))
        case Ticked():
            state, commands = _overdue(state, now)
            state, more = _PHASES[state.phase](state, event, now, policy)
            return state, (*commands, *more)
    return _PHASES[state.phase](state, event, now, policy)


def _idle(state: State, event: Event, now: float, policy: Policy) -> Step:
    if isinstance(event, Started):
        return _load(state)
    return state, ()


def _loading(state: State, event: Event, now: float, policy: Policy) -> Step:
    """No generation answers yet; requests wait, or are told what is loading."""
    match event:
        case Checked(generation) if generation == state.candidate:  # the live one ended meanwhile
            return state, (Load(generation),)
        case Loaded(generation) if generation == state.candidate:
            return state, (Tell("loaded", generation), Go(generation))
        case Served(generation) if generation == state.candidate:
            return _serve(state, now, policy)
        case Failed(generation, message) if generation == state.candidate:
            return _give_up(_retire_candidate(state, now), now, policy, "failed", generation, message)
        case Ended(generation, status) if generation == state.candidate:
            return _crash(replace(state, candidate=None), now, policy, generation, status)
        case FilesChanged(paths, _):
            state = replace(state, phase=Phase.REPLACING, changed=state.changed | paths)
            killed = tuple(Kill(generation) for generation in state.running)
            return _all_gone(_retire_candidate(state, now), (Tell("start over"), *killed))
    return state, ()


def _serving(state: State, event: Event, now: float, policy: Policy) -> Step:
    """One generation answers. Edits start the next; its end is a crash."""
    match event:
        case Answered(generation) if generation == state.live and not state.ready:
            return replace(state, ready=True), (Tell("ready", generation),)
        case FilesChanged(paths, engine):
            return _reload(replace(state, changed=state.changed | paths), engine)
        case Failed(generation, message) if generation == state.live:
            return state, (Tell("failed", generation, message), Kill(generation))
        case Ended(generation, status) if generation == state.live:
            crashes = 0 if now - state.serving_since >= policy.calm_s else state.crashes
            state = replace(state, live=None, ready=False, crashes=crashes)
            return _crash(state, now, policy, generation, status)
    return state, ()


def _reloading(state: State, event: Event, now: float, policy: Policy) -> Step:
    """The next generation loads beside the one that answers."""
    match event:
        case Loaded(generation) if generation == state.candidate and state.live is not None:
            switching = replace(state, phase=Phase.SWITCHING, deadline=now + policy.grace_s)
            return switching, (Tell("loaded", generation), Quiet(state.live))
        case EngineClaimed(generation) if generation == state.candidate and state.phase is Phase.RELOADING:
            old = state.live
            assert old is not None
            retiring = (*state.retiring, (old, now + policy.grace_s))
            state = replace(state, phase=Phase.LOADING, live=None, ready=False, retiring=retiring)
            return state, (Quiet(old), Retire(old))
        case Failed(generation, message) if generation == state.candidate:
            state = _retire_candidate(state, now)
            return replace(state, phase=Phase.SERVING), (
                Tell("reload failed", generation, message),
                Kill(generation),
            )
        case Ended(generation, status) if generation == state.candidate:
            text = f"it ended while it was loading ({describe_status(status)})"
            state = replace(state, candidate=None, phase=Phase.SERVING)
            return state, (Tell("reload failed", generation, text),)
        case FilesChanged(paths, engine) if state.candidate is not None:
            killed = Kill(state.candidate)
            state = _retire_candidate(replace(state, changed=state.changed | paths), now)
            state, commands = _reload(state, engine)
            return state, (killed, Tell("start over"), *commands)
        case Answered(generation) if generation == state.live:
            return replace(state, ready=True), ()
        case Ended(generation, status) if generation == state.live:
            text = describe_status(status)
            return replace(state, live=None, ready=False, phase=Phase.LOADING), (
                Tell("crashed", generation, text),
            )
    return state, ()


def _switching(state: State, event: Event, now: float, policy: Policy) -> Step:
    """The old one falls quiet, then the new one accepts; the kernel holds requests in between."""
    match event:
        case Quieted(generation) if generation == state.live and state.candidate is not None:
            return replace(state, deadline=None), (Go(state.candidate),)
        case Ticked() if state.deadline is not None and state.deadline <= now and state.live is not None:
            text = "the old generation did not fall quiet in time; it is ended"
            return replace(state, deadline=None), (Tell("note", text=text), Kill(state.live))
        case Ended(generation, _) if generation == state.live and state.candidate is not None:
            return replace(state, live=None, deadline=None), (Go(state.candidate),)
        case Served(generation) if generation == state.candidate:
            return _serve(state, now, policy)
        case FilesChanged(paths, _):
            return replace(state, changed=state.changed | paths), ()
        case Failed(generation, _) if generation == state.candidate:
            return _start_over_quiet(_retire_candidate(state, now), now, policy, (Kill(generation),))
        case Ended(generation, _) if generation == state.candidate:
            return _start_over_quiet(replace(state, candidate=None), now, policy, ())
    return state, ()


def _checking(state: State, event: Event, now: float, policy: Policy) -> Step:
    """What changed is compiled before the generation with the engine is given up for it."""
    match event:
        case Checked(generation) if generation == state.candidate and state.live is not None:
            old = state.live
            retiring = (*state.retiring, (old, now + policy.grace_s))
            state = replace(state, phase=Phase.REPLACING, live=None, ready=False, retiring=retiring)
            return state, (Tell("replacing", generation), Quiet(old), Retire(old))
        case _:
            return _reloading(state, event, now, policy)


def _replacing(state: State, event: Event, now: float, policy: Policy) -> Step:
    """The memory of the old generation has to be free before the next one loads."""
    match event:
        case FilesChanged(paths, _) if state.candidate is not None:
            killed = Kill(state.candidate)
            state = replace(_retire_candidate(state, now), changed=state.changed | paths)
            return state, (killed,)
        case FilesChanged(paths, _):
            return replace(state, changed=state.changed | paths), ()
        case Failed(generation, message) if generation == state.candidate:
            state = _retire_candidate(state, now)
            return _give_up(state, now, policy, "failed", generation, message)
        case Ended(generation, _) if generation == state.candidate:
            return _all_gone(replace(state, candidate=None))
    return state, ()


def _waiting(state: State, event: Event, now: float, policy: Policy) -> Step:
    """Nothing runs: backing off after a crash, or failed until something is edited."""
    match event:
        case FilesChanged(paths, _):
            # What failed may still be giving its memory back.
            state = replace(state, phase=Phase.REPLACING, changed=state.changed | paths, crashes=0)
            return _all_gone(replace(state, deadline=None))
        case Ticked() if state.deadline is not None and state.deadline <= now:
            return _load(state)
    return state, ()


def _stopping(state: State, event: Event, now: float, policy: Policy) -> Step:
    match event:
        case Ended(generation, _):
            live = None if generation == state.live else state.live
            candidate = None if generation == state.candidate else state.candidate
            return _all_gone(replace(state, live=live, candidate=candidate))
        case Ticked() if state.deadline is not None and state.deadline <= now:
            killed = tuple(Kill(generation) for generation in state.running)
            return replace(state, deadline=None), (Tell("forced"), *killed)
    return state, ()


def _stopped(state: State, event: Event, now: float, policy: Policy) -> Step:
    return state, ()


_PHASES: dict[Phase, Callable[[State, Event, float, Policy], Step]] = {
    Phase.IDLE: _idle,
    Phase.LOADING: _loading,
    Phase.SERVING: _serving,
    Phase.RELOADING: _reloading,
    Phase.SWITCHING: _switching,
    Phase.CHECKING: _checking,
    Phase.REPLACING: _replacing,
    Phase.BACKING_OFF: _waiting,
    Phase.FAILED: _waiting,
    Phase.STOPPING: _stopping,
    Phase.STOPPED: _stopped,
}


# -- what several phases do --------------------------------------------------------------


def _load(state: State) -> Step:
    """Start a generation with no other beside it."""
    generation = state.newest + 1
    spawn = Spawn(generation, state.changed)
    state = replace(
        state,
        phase=Phase.LOADING,
        newest=generation,
        candidate=generation,
        deadline=None,
        changed=frozenset(),
    )
    return state, (spawn,)


def _reload(state: State, engine: bool) -> Step:
    """Start a generation beside the live one; with an engine it only compiles, for now."""
    generation = state.newest + 1
    spawn = Spawn(generation, state.changed, held=engine)
    phase = Phase.CHECKING if engine else Phase.RELOADING
    state = replace(state, phase=phase, newest=generation, candidate=generation, changed=frozenset())
    return state, (spawn,)


def _serve(state: State, now: float, policy: Policy) -> Step:
    """The candidate accepts: it is the live one now, and the one before retires."""
    new, old = state.candidate, state.live
    assert new is not None
    retiring = state.retiring if old is None else (*state.retiring, (old, now + policy.grace_s))
    changed = state.changed
    state = replace(
        state,
        phase=Phase.SERVING,
        live=new,
        candidate=None,
        retiring=retiring,
        deadline=None,
        ready=False,
        serving_since=now,
    )
    commands: tuple[Command, ...] = (Tell("serving", new), Probe(new))
    if old is not None:
        commands = (*commands, Retire(old))
    if changed:
        state, more = _reload(state, engine=False)
        commands = (*commands, *more)
    return state, commands


def _retire_candidate(state: State, now: float) -> State:
    """Its tree is being ended: it counts until that is done."""
    if state.candidate is None:
        return state
    return replace(state, candidate=None, retiring=(*state.retiring, (state.candidate, now)))


def _start_over_quiet(state: State, now: float, policy: Policy, commands: tuple[Command, ...]) -> Step:
    """The candidate was lost after the old one had been told to fall quiet: a new candidate, alone."""
    if state.live is not None:
        commands = (*commands, Retire(state.live))
        retiring = (*state.retiring, (state.live, now + policy.grace_s))
        state = replace(state, live=None, ready=False, retiring=retiring)
    state, more = _load(replace(state, crashes=state.crashes + 1))
    return state, (*commands, *more)


def _give_up(state: State, now: float, policy: Policy, what: str, generation: int, message: str) -> Step:
    """It can't start as it is. Watching, an edit tries again; else this is the end."""
    tell = Tell(what, generation, message)
    if policy.watch:
        return replace(state, phase=Phase.FAILED, deadline=None), (tell, Kill(generation))
    state, commands = _stop(replace(state, code=1), now, policy, 1)
    return state, (tell, *commands)


def _crash(state: State, now: float, policy: Policy, generation: int, status: int) -> Step:
    """A generation ended that nobody asked to end."""
    what = "ended" if status == 0 else "crashed"
    tell = Tell(what, generation, describe_status(status))
    if not policy.watch:
        state, commands = _stop(state, now, policy, 0 if status == 0 else 1)
        return state, (tell, *commands)
    crashes = state.crashes + 1
    if status == 0 or crashes >= policy.crash_limit:
        return replace(state, phase=Phase.FAILED, deadline=None, crashes=crashes), (tell,)
    pause = min(policy.first_backoff_s * 2 ** (crashes - 1), policy.longest_backoff_s)
    state = replace(state, phase=Phase.BACKING_OFF, deadline=now + pause, crashes=crashes)
    return state, (tell, Tell("backing off", generation, seconds=pause))


def _all_gone(state: State, commands: tuple[Command, ...] = ()) -> Step:
    """Act on the end of a tree where something waits for it."""
    if state.phase is Phase.REPLACING and not state.retiring:
        if state.candidate is not None:
            return replace(state, phase=Phase.LOADING), (*commands, Load(state.candidate))
        state, more = _load(state)
        return state, (*commands, *more)
    if state.phase is Phase.STOPPING and not state.running:
        return replace(state, phase=Phase.STOPPED, deadline=None), (*commands, Finish(state.code))
    return state, commands


def _stop(state: State, now: float, policy: Policy, code: int) -> Step:
    if state.phase is Phase.STOPPED:
        return state, ()
    if state.phase is Phase.STOPPING:
        killed = tuple(Kill(generation) for generation in state.running)
        return replace(state, deadline=None), (Tell("forced"), *killed)
    stops = tuple(Stop(generation) for generation in state.running)
    state = replace(state, phase=Phase.STOPPING, deadline=now + policy.grace_s, code=code, ready=False)
    return _all_gone(state, (Tell("stopping", seconds=policy.grace_s), *stops))


def _overdue(state: State, now: float) -> Step:
    """Retiring generations whose time is up are killed; the kill is repeated, not assumed."""
    late = [generation for generation, until in state.retiring if until <= now]
    if not late:
        return state, ()
    retiring = tuple(
        (generation, until if until > now else now + 1.0) for generation, until in state.retiring
    )
    return replace(state, retiring=retiring), tuple(Kill(generation) for generation in late)


def describe_status(status: int) -> str:
    """An exit status in words."""
    return f"ended by signal {-status}" if status < 0 else f"exit status {status}"
