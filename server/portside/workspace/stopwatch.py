"""How long each phase of a check takes, at the price of one look at the clock per phase."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from time import perf_counter


class Stopwatch:
    """Runs from when it is made, and gives all time to some phase.

    seconds: by phase, in the order in which they first ended. laps: how often each ended.
    """

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.laps: Counter[str] = Counter()
        self._last = perf_counter()

    def lap(self, phase: str) -> None:
        """What has passed since the last lap was this phase."""
        now = perf_counter()
        self.seconds[phase] += now - self._last
        self.laps[phase] += 1
        self._last = now

    def skip(self) -> None:
        """What has passed since the last lap belongs to no phase here."""
        self._last = perf_counter()

    def restart(self) -> None:
        """Forget all that has passed."""
        self.seconds.clear()
        self.laps.clear()
        self._last = perf_counter()

    def add(self, seconds: Mapping[str, float], laps: Mapping[str, int]) -> None:
        """Count what another one took."""
        for phase, spent in seconds.items():
            self.seconds[phase] += spent
        self.laps.update(laps)
