"""Lines of a log -> the exceptions in it, each with its frames.

Several processes print at once: what carries a process's prefix is read apart
from the rest. Where people pasted a log, indentation is often lost; a frame is
known by its form.
"""

from __future__ import annotations

import re
from dataclasses import field

from portside.failures.failure import Place
from portside.failures.lines import Line
from portside.records import dataclass

_FRAME = re.compile(r"[ |+]*File [\"“](?P<file>[^\"”]+)[\"”], line (?P<line>\d+)(?:, in (?P<function>.+))?$")
_HEAD = re.compile(r"[ |+]*(?:Exception Group )?Traceback \(most recent call last\):")
_MARKS = re.compile(r"[\s~^|+.-]*$|\s*\.\.\.<\d+ lines?>\.\.\.$")
_NAME = r"(?:[A-Za-z_]\w*\.)*[A-Z]\w*"
# At the end of a traceback anything of this form is an exception; elsewhere only what is called so.
_END = re.compile(rf"[ |+]*(?P<type>{_NAME}|[a-z_]\w*(?:\.\w+)*\.[a-z_]\w*)(?:: ?(?P<message>.*))?$")
_BARE = re.compile(
    r"(?P<type>(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Interrupt|Exit|Died|Timeout|TimeoutExpired))"
    r"(?:: ?(?P<message>.*))?$"
)
_LINK = re.compile(
    r"[ |+]*(?:(?P<context>During handling of the above exception, another exception occurred:)"
    r"|(?P<cause>The above exception was the direct cause of the following exception:))"
)
_LONGEST_MESSAGE = 40


@dataclass(slots=True, eq=False)
class Raised:
    """An exception as it was printed. before: the one that it was raised from, or while handling it."""

    type: str
    message: str
    number: int
    line: Line
    frames: list[Place] = field(default_factory=list)
    before: Raised | None = None
    direct: bool = False
    lines: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        below = next((text for text in self.lines if text.strip()), "")
        # Some messages begin below their exception's name, indented.
        message = self.message.strip() or (below.strip() if below[:1].isspace() else "")
        return f"{self.type.rpartition('.')[2]}: {message}" if message else self.type.rpartition(".")[2]

    def chain(self) -> list[Raised]:
        """It and what it came from, the first first."""
        found, one = [self], self.before
        while one is not None and len(found) < 20:
            found.insert(0, one)
            one = one.before
        return found


@dataclass(slots=True)
class _Stream:
    """One process's printing. open: within a traceback. last: whose message may go on."""

    open: bool = False
    frames: list[Place] = field(default_factory=list)
    last: Raised | None = None
    link: tuple[Raised, bool] | None = None
    expects_source: bool = False
    level: str = ""


class Tracebacks:
    """Fed line by line; answers with the exception that a line completes."""

    def __init__(self) -> None:
        self._streams: dict[tuple[str, str], _Stream] = {}
        self.inside = False
        """Whether the last line was a frame, or source: code that may name errors without one."""

    def feed(self, line: Line) -> Raised | None:
        if len(self._streams) > 500:
            self._streams.clear()
        stream = self._streams.setdefault(line.process, _Stream())
        raised = self._feed(stream, line)
        self.inside = raised is None and stream.open and not (line.level and not stream.level)
        return raised

    def _feed(self, stream: _Stream, line: Line) -> Raised | None:
        text = line.text
        if _HEAD.search(text):
            stream.open, stream.frames, stream.expects_source, stream.level = True, [], False, line.level
            return None
        if found := _FRAME.match(text):
            if not stream.open:
                stream.open, stream.frames, stream.level = True, [], line.level
            place = Place(found["file"], int(found["line"]), (found["function"] or "").strip())
            stream.frames.append(place)
            stream.expects_source = True
            return None
        if found := _LINK.match(text):
            if stream.last is not None:
                stream.link = (stream.last, bool(found["cause"]))
            return None
        if stream.open and not (line.level and not stream.level):
            return self._within(stream, line)
        return self._outside(stream, line)

    def current(self, line: Line) -> Raised | None:
        """The exception whose message this line belongs to."""
        stream = self._streams.get(line.process)
        return stream.last if stream is not None else None

    def _within(self, stream: _Stream, line: Line) -> Raised | None:
        text = line.text
        if not text.strip() or _MARKS.fullmatch(text):
            return None
        if stream.expects_source and stream.frames:
            ended = _BARE.match(text.lstrip(" |+")) if not text.startswith("    ") else None
            if ended is None:
                stream.expects_source = False
                stream.frames[-1] = _with_source(stream.frames[-1], text.strip())
                return None
        if text.startswith("    ") and not _BARE.match(text.strip()):
            return None  # a statement over several lines
        if found := _END.match(text):
            return self._raised(stream, line, found["type"], found["message"] or "")
        return None

    def _outside(self, stream: _Stream, line: Line) -> Raised | None:
        if not line.is_quiet and (found := _BARE.match(line.text.lstrip())):
            stream.frames = []
            return self._raised(stream, line, found["type"], found["message"] or "")
        if stream.last is not None:
            if line.text.strip() and len(stream.last.lines) < _LONGEST_MESSAGE and not line.is_quiet:
                stream.last.lines.append(line.text)
            elif line.is_quiet:
                stream.last = None
        return None

    def _raised(self, stream: _Stream, line: Line, kind: str, message: str) -> Raised:
        before, direct = stream.link or (None, False)
        raised = Raised(kind, message, line.number, line, stream.frames, before, direct)
        stream.open, stream.frames, stream.link, stream.last = False, [], None, raised
        stream.expects_source = False
        return raised


def _with_source(place: Place, source: str) -> Place:
    return Place(place.file, place.line, place.function, source)
