"""The checks of many files: the first looks beside the first checks, the last checks in two processes.

Everything comes out as if one process had done one file after the other.
"""

from __future__ import annotations

import marshal
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from portside.checking import Checker
from portside.cli.files import Target, content
from portside.cli.progress import Progress
from portside.cli.side import Side, can_work_beside
from portside.lint.finding import LintResult
from portside.workspace.first_look import LastLook, Look, Verdict, first_looks
from portside.workspace.text_file import decode

# A copy of the process takes some milliseconds: so many files take it longer to look at, or to check.
_MANY_FILES = 300
_MANY_CHECKS = 16

_Done = tuple[int, "LintResult | None"]
_Spent = tuple[dict[str, float], dict[str, int]]


@dataclass
class Examined:
    """What is known so far of some files, by their number.

    verdicts: of those that are worth more than to be counted. results: of those that were checked. Where
    a check did not come to its end there is none, and whoever checks again gets the exception.
    """

    files: Sequence[Target]
    checker: Checker
    verdicts: dict[int, tuple[Verdict, str]] = field(default_factory=dict)
    results: dict[int, LintResult] = field(default_factory=dict)
    _waiting: deque[int] = field(default_factory=deque)
    _later: list[int] = field(default_factory=list)
    _complete: bool = False

    @property
    def has_waiting(self) -> bool:
        return bool(self._waiting)

    def take(self, values: Iterable[object]) -> None:
        for value in values:
            if isinstance(value, tuple) and isinstance(value[0], int):
                self._take_look(cast("Look", value))
            else:
                self._take_last(cast("LastLook", value))

    def _take_look(self, look: Look) -> None:
        number, verdict, reason = look
        if number in self.verdicts:
            return
        self.verdicts[number] = Verdict(verdict), reason
        if verdict == Verdict.CHECK:
            self._waiting.append(number)
        elif verdict == Verdict.LATER:
            self._later.append(number)

    def _take_last(self, look: LastLook) -> None:
        """With the imports of all files known, the others need no look at them any more."""
        lines, reading_s, judging_s = look
        for target, imports in zip(self.files, lines, strict=True):
            if imports is not None:
                self.checker.seen_imports[target.file] = imports
        self.checker.stopwatch.seconds["read"] += reading_s
        self.checker.stopwatch.seconds["prefilter"] += judging_s
        self._waiting.extend(self._later)
        self._later.clear()
        self._complete = True

    def complete(self) -> None:
        """Look at what nobody has looked at."""
        if not self._complete:
            self.take(_looks(self.files))

    def check_next(self) -> None:
        number = self._waiting.popleft()
        result = _checked(self.checker, self.files[number])
        if result is not None:
            self.results[number] = result

    def handed_out(self) -> list[int]:
        """Half of the files that wait, by their size."""
        sizes = sorted(((_size(self.files[number]), number) for number in self._waiting), reverse=True)
        shares: tuple[list[int], list[int]] = [], []
        weights = [0, 0]
        for size, number in sizes:
            lighter = weights.index(min(weights))
            shares[lighter].append(number)
            weights[lighter] += size
        self._waiting = deque(sorted(shares[0]))
        return sorted(shares[1])

    def take_done(self, values: Iterable[object]) -> None:
        for value in values:
            number, result = cast("_Done", value)
            if result is not None:
                self.results[number] = result


def examine(checker: Checker, files: Sequence[Target], progress: Progress) -> Examined:
    """Look at the files, and check those that are worth it."""
    examined = Examined(files, checker)
    beside = len(files) >= _MANY_FILES and can_work_beside()
    checker.stopwatch.lap("find")
    if beside:
        with Side(lambda: _looks(files), _marshalled, marshal.loads) as looking:
            _load_rules(checker)
            while not looking.over:
                examined.take(looking.received(wait=not examined.has_waiting))
                checker.stopwatch.skip()
                if examined.has_waiting:
                    examined.check_next()
                progress.step(max(examined.verdicts, default=0))
    examined.complete()
    checker.stopwatch.skip()
    if examined.has_waiting and not beside:
        _load_rules(checker)
    if beside and len(examined._waiting) >= _MANY_CHECKS:
        _check_beside(examined, progress)
    while examined.has_waiting:
        examined.check_next()
        progress.step(len(files))
    return examined


def _load_rules(checker: Checker) -> None:
    checker.load_rules()
    checker.stopwatch.lap("load")


def _check_beside(examined: Examined, progress: Progress) -> None:
    import pickle

    others = examined.handed_out()
    make = lambda: _all_checked(examined.checker, examined.files, others)  # noqa: E731
    with Side(make, pickle.dumps, pickle.loads) as checking:
        while examined.has_waiting:
            examined.check_next()
            progress.step(len(examined.files))
        while not checking.over:
            for value in checking.received(wait=True):
                if isinstance(value, tuple) and isinstance(value[0], dict):
                    examined.checker.stopwatch.add(*cast("_Spent", value))
                else:
                    examined.take_done([value])
        examined.checker.stopwatch.skip()


def _marshalled(value: object) -> bytes:
    return marshal.dumps(cast("Any", value))


def _looks(files: Sequence[Target]) -> Iterator[Look | LastLook]:
    return first_looks((target.file, target.named) for target in files)


def _all_checked(
    checker: Checker, files: Sequence[Target], numbers: Iterable[int]
) -> Iterator[_Done | _Spent]:
    checker.stopwatch.restart()
    for number in numbers:
        yield number, _checked(checker, files[number])
    yield dict(checker.stopwatch.seconds), dict(checker.stopwatch.laps)


def _checked(checker: Checker, target: Target) -> LintResult | None:
    try:
        data = content(target)
        return checker.check(target.path, decode(target.path, data).text) if data is not None else None
    except Exception:
        return None


def _size(target: Target) -> int:
    try:
        return os.stat(target.file).st_size  # noqa: PTH116
    except OSError:
        return 0
