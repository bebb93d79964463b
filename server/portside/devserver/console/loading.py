"""How far the generation that loads is, and how long it may still take. Pure: time is an argument."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from portside.knowledge.loading_steps import BAR, MARKS, STEPS

Durations = Mapping[str, float]
"""Seconds that each step of a start took."""

_ORDER = {step: number for number, step in enumerate(STEPS)}
_TRUSTED = 0.05
"""A bar that has come this far tells how fast it is."""


@dataclass(slots=True)
class Loading:
    """One start. history: earlier ones of the same server. done: of the step, 0 to 1, if a bar tells."""

    began: float
    history: Sequence[Durations] = ()
    step: str = "imports"
    done: float | None = None
    entered: float = field(init=False)
    _durations: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.entered = self.began

    def hear(self, line: str, now: float) -> bool:
        """Whether this line tells that it has come further."""
        step = next((name for name, marks in MARKS if any(mark in line for mark in marks)), None)
        further = step is not None and _ORDER[step] > _ORDER[self.step]
        if further and step is not None:
            self._leave(now)
            self.step, self.done = step, None
        bar = BAR.search(line) if step == self.step else None
        done = min(int(bar["percent"]), 100) / 100 if bar else self.done
        moved = done is not None and (self.done is None or done > self.done)
        if moved:
            self.done = done
        return further or moved

    def durations(self, now: float) -> dict[str, float]:
        """What each step took, the last one up to now."""
        return {**self._durations, self.step: self._durations.get(self.step, 0.0) + now - self.entered}

    def eta_s(self, now: float) -> float | None:
        """Seconds to go, as it was before; None for a server that was never seen to start."""
        if not self.history:
            return None
        inside = now - self.entered
        rest = max(0.0, self._usual(self.step) - inside)
        if self.done is not None and self.done >= _TRUSTED:
            rest = inside * (1 - self.done) / self.done
        later = [step for step in STEPS if _ORDER[step] > _ORDER[self.step]]
        return rest + sum(self._usual(step) for step in later)

    def _usual(self, step: str) -> float:
        return statistics.median(run.get(step, 0.0) for run in self.history)

    def _leave(self, now: float) -> None:
        self._durations[self.step] = now - self.entered
        self.entered = now


def status_text(loading: Loading, now: float, width: int, *, plain: bool = False) -> str:
    """One line of at most `width` columns. plain: without characters that are not ASCII."""
    parts = [STEPS[loading.step]]
    if loading.done is not None:
        parts.append(f"{loading.done:4.0%} {_bar(loading.done, plain)}")
    parts.append(f"{now - loading.began:.0f} s")
    eta_s = loading.eta_s(now)
    if eta_s is not None and eta_s >= 1:
        parts.append(f"about {eta_s:.0f} s to go")
    mark, between = ("-", " - ") if plain else ("…", " · ")
    return f"{mark} {between.join(parts)}"[: max(0, width)]


def _bar(done: float, plain: bool, width: int = 20) -> str:
    full, empty = ("#", "-") if plain else ("━", "╌")
    count = round(done * width)
    return full * count + empty * (width - count)
