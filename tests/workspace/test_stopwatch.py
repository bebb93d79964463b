"""The stopwatch: all time belongs to some phase."""

from __future__ import annotations

import pytest

from portside.workspace import stopwatch


def test_a_lap_is_what_passed_since_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([10.0, 11.0, 13.0, 16.0])
    monkeypatch.setattr(stopwatch, "perf_counter", lambda: next(times))
    watch = stopwatch.Stopwatch()
    for phase in ("read", "parse", "read"):
        watch.lap(phase)
    assert dict(watch.seconds) == {"read": 4.0, "parse": 2.0}
    assert dict(watch.laps) == {"read": 2, "parse": 1}
