"""The state machine: every pair of phase and event, and whole histories with their times."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path
from typing import Any

import pytest

from portside.devserver import events
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
from portside.devserver.machine import Phase, Policy, State, step

TABLE = Path(__file__).with_name("transitions.txt")
EDIT = FilesChanged(frozenset({"app.py"}))
HEAVY_EDIT = FilesChanged(frozenset({"app.py"}), engine=True)


class History:
    """A machine, its clock, and what it commanded."""

    def __init__(self, **policy: Any) -> None:
        self.policy = Policy(**policy)
        self.state = State()
        self.now = 100.0
        self.commands: list[Command] = []

    def after(self, *events: Event, at: float | None = None) -> list[Command]:
        """What these events, coming together, make it command; what it tells the user left out."""
        self.now = self.now if at is None else 100.0 + at
        found: list[Command] = []
        for event in events:
            self.state, commands = step(self.state, event, self.now, self.policy)
            found += commands
        self.commands += found
        return [command for command in found if not isinstance(command, Tell)]

    def told(self) -> list[str]:
        return [command.what for command in self.commands if isinstance(command, Tell)]


def serving(**policy: Any) -> History:
    history = History(**policy)
    history.after(Started(), Loaded(1), Served(1), Answered(1))
    return history


def test_a_start() -> None:
    history = History()
    assert history.after(Started()) == [Spawn(1)]
    assert history.after(Loaded(1)) == [Go(1)]
    assert history.after(Served(1)) == [Probe(1)]
    assert not history.state.ready
    assert history.after(Answered(1)) == []
    assert history.state.ready
    assert history.told() == ["loaded", "serving", "ready"]


def test_a_reload_switches_strictly() -> None:
    history = serving()
    assert history.after(EDIT) == [Spawn(2, frozenset({"app.py"}))]
    assert history.after(Loaded(2)) == [Quiet(1)]
    assert history.after(Quieted(1)) == [Go(2)]
    assert history.after(Served(2)) == [Probe(2), Retire(1)]
    assert history.after(Ended(1, 0)) == []
    assert history.state.running == (2,)


def test_a_reload_that_fails_leaves_the_old_one() -> None:
    history = serving()
    history.after(EDIT)
    assert history.after(Failed(2, "no")) == [Kill(2)]
    assert history.after(Ended(2, 1)) == []
    assert (history.state.phase, history.state.live, history.state.ready) == (Phase.SERVING, 1, True)


def test_a_change_while_reloading_starts_over() -> None:
    history = serving()
    history.after(EDIT)
    assert history.after(EDIT) == [Kill(2), Spawn(3, frozenset({"app.py"}))]
    assert history.after(Loaded(2)) == []
    assert history.after(Loaded(3)) == [Quiet(1)]


def test_a_change_while_switching_is_not_lost() -> None:
    history = serving()
    history.after(EDIT, Loaded(2), EDIT)
    history.after(Quieted(1))
    assert history.after(Served(2))[-1] == Spawn(3, frozenset({"app.py"}))


def test_an_old_one_that_stays_loud_is_ended_after_the_grace() -> None:
    history = serving(grace_s=10)
    history.after(EDIT, Loaded(2))
    assert history.after(Ticked(), at=9) == []
    assert history.after(Ticked(), at=10) == [Kill(1)]
    assert history.after(Ended(1, -9)) == [Go(2)]


def test_a_retiring_one_that_does_not_end_is_killed_again_and_again() -> None:
    history = serving(grace_s=10)
    history.after(EDIT, Loaded(2), Quieted(1), Served(2))
    assert history.state.next_deadline == 110
    assert history.after(Ticked(), at=10) == [Kill(1)]
    assert history.after(Ticked(), at=10.5) == []
    assert history.after(Ticked(), at=11) == [Kill(1)]
    assert history.after(Ended(1, -9)) == []
    assert history.state.next_deadline is None


def test_with_an_engine_the_old_one_goes_first_once_the_change_compiles() -> None:
    history = serving()
    assert history.after(HEAVY_EDIT) == [Spawn(2, frozenset({"app.py"}), held=True)]
    assert history.after(Checked(2)) == [Quiet(1), Retire(1)]
    assert history.state.live is None
    assert history.after(Ended(1, 0)) == [Load(2)]
    assert history.after(Loaded(2)) == [Go(2)]


def test_with_an_engine_a_change_that_does_not_compile_costs_nothing() -> None:
    history = serving()
    history.after(HEAVY_EDIT)
    assert history.after(Failed(2, "SyntaxError")) == [Kill(2)]
    assert (history.state.phase, history.state.live) == (Phase.SERVING, 1)


def test_a_second_change_while_the_old_engine_goes_is_loaded_alone() -> None:
    history = serving()
    history.after(HEAVY_EDIT, Checked(2))
    assert history.after(HEAVY_EDIT) == [Kill(2)]
    assert history.after(Ended(1, 0)) == []
    assert history.after(Ended(2, -9)) == [Spawn(3, frozenset({"app.py"}))]


def test_a_change_while_the_first_one_loads_waits_for_its_end() -> None:
    """It may hold half a model already."""
    history = History()
    history.after(Started())
    assert history.after(EDIT) == [Kill(1)]
    assert history.after(Ended(1, -9)) == [Spawn(2, frozenset({"app.py"}))]


def test_crashes_back_off_up_to_a_limit_and_an_edit_starts_anew() -> None:
    history = serving(first_backoff_s=0.5, crash_limit=3)
    history.after(Ended(1, -11), at=1)
    assert (history.state.phase, history.state.deadline) == (Phase.BACKING_OFF, 101.5)
    assert history.after(Ticked(), at=1.4) == []
    assert history.after(Ticked(), at=1.5) == [Spawn(2)]
    history.after(Ended(2, -11), at=2)
    assert history.state.deadline == 103
    history.after(Ticked(), at=3)
    history.after(Ended(3, -11), at=4)
    assert (history.state.phase, history.state.deadline) == (Phase.FAILED, None)
    assert history.after(EDIT) == [Spawn(4, frozenset({"app.py"}))]
    assert history.state.crashes == 0


def test_a_long_calm_forgets_crashes() -> None:
    history = serving(calm_s=30)
    history.after(Ended(1, -11), at=1)
    history.after(Ticked(), at=2)
    history.after(Loaded(2), Served(2), at=3)
    history.after(Ended(2, -11), at=40)
    assert history.state.crashes == 1


def test_without_watching_a_failure_ends_the_run() -> None:
    history = History(watch=False)
    history.after(Started())
    assert history.after(Failed(1, "no")) == [Stop(1)]
    assert history.after(Ended(1, 1)) == [Finish(1)]


@pytest.mark.parametrize(("status", "code"), [(0, 0), (3, 1), (-11, 1)])
def test_without_watching_the_end_of_the_app_ends_the_run(status: int, code: int) -> None:
    history = serving(watch=False)
    assert history.after(Ended(1, status)) == [Finish(code)]


def test_a_stop_waits_for_every_generation() -> None:
    history = serving(grace_s=10)
    history.after(EDIT, Loaded(2), Quieted(1), Served(2), EDIT)
    assert history.after(StopRequested()) == [Stop(2), Stop(3), Stop(1)]
    assert history.after(Ended(2, 0), Ended(1, 0)) == []
    assert history.after(Ended(3, 0)) == [Finish(0)]


def test_a_second_stop_and_the_end_of_the_grace_both_kill() -> None:
    history = serving(grace_s=10)
    history.after(StopRequested())
    assert history.after(StopRequested()) == [Kill(1)]
    history = serving(grace_s=10)
    history.after(StopRequested(), at=0)
    assert history.after(Ticked(), at=10) == [Kill(1)]


def test_a_stop_with_nothing_running_is_the_end() -> None:
    history = serving()
    history.after(Ended(1, -11))
    assert history.after(StopRequested()) == [Finish(0)]


def test_a_lost_guardian_is_replaced_and_nothing_else_happens() -> None:
    history = serving()
    before = history.state
    assert history.after(GuardianLost()) == [Guard()]
    assert history.state == before


# -- the table -----------------------------------------------------------------------------

IN_PHASE = {
    Phase.IDLE: State(),
    Phase.LOADING: State(Phase.LOADING, newest=2, candidate=2),
    Phase.SERVING: State(Phase.SERVING, newest=1, live=1),
    Phase.RELOADING: State(Phase.RELOADING, newest=2, live=1, candidate=2),
    Phase.SWITCHING: State(Phase.SWITCHING, newest=2, live=1, candidate=2, deadline=5.0),
    Phase.CHECKING: State(Phase.CHECKING, newest=2, live=1, candidate=2),
    Phase.REPLACING: State(Phase.REPLACING, newest=2, candidate=2, retiring=((1, 9.0),)),
    Phase.BACKING_OFF: State(Phase.BACKING_OFF, newest=1, deadline=5.0, crashes=1),
    Phase.FAILED: State(Phase.FAILED, newest=1),
    Phase.STOPPING: State(Phase.STOPPING, newest=2, live=1, candidate=2, deadline=5.0),
    Phase.STOPPED: State(Phase.STOPPED, newest=1),
}
EVENTS: dict[str, Event] = {
    "started": Started(),
    "candidate checked": Checked(2),
    "candidate loaded": Loaded(2),
    "live quieted": Quieted(1),
    "candidate served": Served(2),
    "live answered": Answered(1),
    "candidate failed": Failed(2, "why"),
    "live failed": Failed(1, "why"),
    "candidate ended": Ended(2, 1),
    "live ended": Ended(1, 1),
    "candidate claims engine": EngineClaimed(2),
    "files changed": EDIT,
    "files changed, engine": HEAVY_EDIT,
    "restart requested": RestartRequested(),
    "guardian lost": GuardianLost(),
    "stop requested": StopRequested(),
    "deadline": Ticked(),
}


def _describe(command: Command) -> str:
    name = type(command).__name__
    match command:
        case Tell(what):
            return f"tell {what!r}"
        case Finish(code):
            return f"Finish {code}"
        case Spawn(generation, _, held):
            return f"Spawn {generation}{' held' if held else ''}"
        case Guard():
            return name
    return f"{name} {command.generation}"


def table() -> str:
    lines = []
    for phase, (name, event) in itertools.product(Phase, EVENTS.items()):
        state, commands = step(IN_PHASE[phase], event, 5.0, Policy())
        unchanged = state == IN_PHASE[phase] and not commands
        effect = (
            "-" if unchanged else f"{state.phase.value:<12} {', '.join(map(_describe, commands))}".rstrip()
        )
        lines.append(f"{phase.value:<12} {name:<22} {effect}")
    return "\n".join(lines) + "\n"


def test_an_engine_that_becomes_another_has_the_old_generation_go_first() -> None:
    history = serving()
    assert history.after(EDIT, EngineClaimed(2)) == [Spawn(2, frozenset({"app.py"})), Quiet(1), Retire(1)]
    assert history.state.phase is Phase.LOADING
    assert history.after(Ended(1, 0), Loaded(2)) == [Go(2)]
    assert history.after(Served(2)) == [Probe(2)]


def test_an_engine_that_does_not_start_leaves_nothing_that_serves() -> None:
    history = serving()
    history.after(EDIT, EngineClaimed(2), Ended(1, 0))
    assert history.after(Failed(2, "why")) == [Kill(2)]
    assert history.state.phase is Phase.FAILED
    assert history.after(EDIT) == []
    assert history.after(Ended(2, 1)) == [Spawn(3, frozenset({"app.py"}))]


def test_the_transition_table_is_the_one_that_was_agreed_on() -> None:
    """A change of behaviour shows as a change of transitions.txt: look at it, then run this file."""
    assert set(IN_PHASE) == set(Phase)
    assert {type(event) for event in EVENTS.values()} == set(events.Event.__args__)  # type: ignore[attr-defined]
    assert table() == TABLE.read_text(encoding="utf-8")


@pytest.mark.parametrize("phase", list(Phase), ids=lambda phase: phase.value)
def test_from_every_phase_a_stop_leads_to_the_end(phase: Phase) -> None:
    state, commands = step(IN_PHASE[phase], StopRequested(), 5.0, Policy())
    for generation in state.running:
        state, more = step(state, Ended(generation, 0), 6.0, Policy())
        commands = (*commands, *more)
    assert state.phase is Phase.STOPPED
    assert state.running == ()
    assert phase is Phase.STOPPED or any(isinstance(command, Finish) for command in commands)


def test_states_are_values() -> None:
    assert all(dataclasses.is_dataclass(value) for value in (State(), EDIT, Spawn(1)))
    with pytest.raises(dataclasses.FrozenInstanceError):
        State().newest = 3  # type: ignore[misc]


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
