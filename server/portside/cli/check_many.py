"""The checks of many files: the first looks beside the first checks, the last checks in two processes.

Everything comes out as if one process had done one file after the other.
"""

from __future__ import annotations

import gc
import itertools
import marshal
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from typing import Any, cast

from portside.checking import Checker
from portside.cli.claims import Claims, pieces
from portside.cli.files import Target, content
from portside.cli.progress import Progress
from portside.cli.side import Side, can_work_beside
from portside.lint.finding import LintResult
from portside.python.prefilter import Interest
from portside.records import dataclass
from portside.workspace.file_kinds import is_python_name
from portside.workspace.first_look import LastLook, Look, Verdict, first_looks
from portside.workspace.text_file import decode

# A copy of the process takes some milliseconds: so many files take it longer to look at, or to check.
_MANY_FILES = 300
_MANY_CHECKS = 16
# What these take once, an index of the tree, takes as long as so many of them: who comes late leaves them.
_MANY_LAUNCHES = 50
# So many files are looked at in one go.
_PIECE = 50

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
    _launch_files: set[str] = field(default_factory=set)
    _pieces: list[range] = field(init=False)
    _looked_at: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._pieces = pieces(len(self.files), _PIECE)

    @property
    def has_waiting(self) -> bool:
        return bool(self._waiting)

    @property
    def many_wait(self) -> bool:
        return len(self._waiting) >= _MANY_CHECKS

    def unseen(self) -> Claims:
        """The pieces of the files, by number, for a first look at them."""
        return Claims(len(self._pieces))

    def looks(self, pieces: Iterable[int]) -> Iterator[Look | LastLook]:
        for piece in pieces:
            numbers = self._pieces[piece]
            targets = ((target.file, target.named) for target in self.files[numbers.start : numbers.stop])
            yield from first_looks(targets, numbers.start)

    def take(self, values: Iterable[object]) -> None:
        for value in values:
            look = cast("Look | LastLook", value)
            if len(look) == 3:
                self._take_last(look)
            else:
                self._take_look(look)

    def _take_look(self, look: Look) -> None:
        number, verdict, reason, interest = look
        if number in self.verdicts:
            return
        self.verdicts[number] = Verdict(verdict), reason
        if verdict >= Verdict.CHECK:
            self._later.append(number)
            if self._is_launch_file(number):
                self._launch_files.add(self.files[number].file.rpartition(os.sep)[2])
            found = Interest(interest) if interest is not None else None
            self.checker.survey.interesting[self.files[number].file] = found

    def _take_last(self, look: LastLook) -> None:
        first, lines, (reading_s, judging_s) = look
        for target, imports in zip(self.files[first : first + len(lines)], lines, strict=True):
            if imports is not None:
                self.checker.survey.imports[target.file] = imports
        self.checker.stopwatch.seconds["read"] += reading_s
        self.checker.stopwatch.seconds["prefilter"] += judging_s
        self._looked_at.add(first)

    def load_readers(self) -> None:
        """Import what reads the launch files that are to be checked, as far as they have turned up."""
        if self._launch_files:
            self.checker.load_launch_files(self._launch_files)
            self._launch_files.clear()

    def complete(self) -> None:
        """Look at what nobody has: then the imports of all files are known, which checks ask for."""
        missing = (number for number, one in enumerate(self._pieces) if one.start not in self._looked_at)
        self.take(self.looks(missing))
        self._add_led_to_engines()
        self._waiting.extend(sorted(self._later))
        self._later.clear()

    def _add_led_to_engines(self) -> None:
        """What to check by what its imports do: it says nothing itself that rules know."""
        numbers = {self.files[number].file: number for number in self._passed_over()}
        for file in self.checker.led_to_engines(numbers):
            self.verdicts[numbers[file]] = Verdict.CHECK, ""
            self._later.append(numbers[file])

    def _passed_over(self) -> Iterator[int]:
        for number, target in enumerate(self.files):
            if number not in self.verdicts and self.checker.survey.imports.get(target.file):
                yield number

    def check_next(self) -> None:
        self.check(self._waiting.popleft())

    def check(self, number: int) -> None:
        result = _checked(self.checker, self.files[number])
        if result is not None:
            self.results[number] = result

    def handed_out(self) -> tuple[list[int], list[int]]:
        """The files that wait, in the order in which they are taken: those that launch, and the others.

        Who launches a script takes an index of the tree and what reads all kinds of launch files: mostly
        only the process that begins with the first ones makes and loads that. The largest come first:
        whoever takes the last one has little left to do.
        """
        numbers = sorted(self._waiting, key=lambda number: (-_size(self.files[number]), number))
        self._waiting.clear()
        launching = [number for number in numbers if self._launches(number)]
        others = [number for number in numbers if not self._launches(number)]
        return launching, others

    def _launches(self, number: int) -> bool:
        return self.verdicts[number][0] is Verdict.LAUNCHES or self._is_launch_file(number)

    def _is_launch_file(self, number: int) -> bool:
        return not is_python_name(self.files[number].file)

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
        _look_beside(examined, progress)
    examined.complete()
    checker.stopwatch.skip()
    if examined.has_waiting and not beside:
        _load_rules(checker)
    if beside and examined.many_wait:
        _check_beside(examined, progress)
    while examined.has_waiting:
        examined.check_next()
        progress.step(len(files))
    return examined


def _look_beside(examined: Examined, progress: Progress) -> None:
    """The copy looks at files while this process loads the rules; then both do."""
    unseen = examined.unseen()
    with Side(lambda: examined.looks(unseen), _marshalled, marshal.loads) as looking:
        _load_rules(examined.checker)
        for piece in unseen:
            examined.take(examined.looks([piece]))
            examined.take(looking.received(wait=False))
            examined.load_readers()  # once, and not in each of those that check
            progress.step(max(examined.verdicts, default=0))
        while not looking.over:
            examined.take(looking.received(wait=True))
            examined.checker.stopwatch.skip()
    unseen.close()


def _load_rules(checker: Checker) -> None:
    checker.load_rules()
    # Nor is there garbage in what was loaded; copies of the process share what nobody looks through.
    gc.freeze()
    checker.stopwatch.lap("load")


def _check_beside(examined: Examined, progress: Progress) -> None:
    import pickle

    gc.freeze()
    launching, others = map(_Shares.of, examined.handed_out())

    def make() -> Iterator[_Done | _Spent]:
        checker = examined.checker
        checker.stopwatch.restart()
        yield from _all_checked(checker, examined.files, others)
        if launching.left() >= _MANY_LAUNCHES:
            yield from _all_checked(checker, examined.files, launching)
        yield dict(checker.stopwatch.seconds), dict(checker.stopwatch.laps)

    with Side(make, pickle.dumps, pickle.loads) as checking:
        for number in itertools.chain(launching, others):
            examined.check(number)
            progress.step(len(examined.files))
        while not checking.over:
            for value in checking.received(wait=True):
                if isinstance(value, tuple) and isinstance(value[0], dict):
                    examined.checker.stopwatch.add(*cast("_Spent", value))
                else:
                    examined.take_done([value])
        examined.checker.stopwatch.skip()
    launching.claims.close()
    others.claims.close()


@dataclass(frozen=True, slots=True)
class _Shares:
    """The numbers of files, in pieces that whoever has time takes."""

    numbers: list[int]
    pieces: list[range]
    claims: Claims

    @classmethod
    def of(cls, numbers: list[int]) -> _Shares:
        found = pieces(len(numbers))
        return cls(numbers, found, Claims(len(found)))

    def __iter__(self) -> Iterator[int]:
        """Those that nobody has taken before."""
        for number in self.claims:
            piece = self.pieces[number]
            yield from self.numbers[piece.start : piece.stop]

    def left(self) -> int:
        """How many nobody has taken yet."""
        return sum(map(len, self.pieces[len(self.pieces) - self.claims.left() :]))


def _marshalled(value: object) -> bytes:
    return marshal.dumps(cast("Any", value))


def _all_checked(checker: Checker, files: Sequence[Target], numbers: Iterable[int]) -> Iterator[_Done]:
    return ((number, _checked(checker, files[number])) for number in numbers)


def _checked(checker: Checker, target: Target) -> LintResult | None:
    try:
        data = content(target)
        if data is None:
            return None
        file = decode(target.path, data)
        return checker.check(target.path, file.checked(file.text), keep=False)
    except Exception:
        return None


def _size(target: Target) -> int:
    try:
        return os.stat(target.file).st_size  # noqa: PTH116
    except OSError:
        return 0
