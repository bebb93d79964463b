"""Raw lines of a log -> what was said, by which process, at which level.

Logs arrive as a terminal, a container runtime, journald or Kubernetes wrote them.
What those put in front of a line is taken off, layer by layer; what the program
itself printed, with its indentation, is left.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from portside.records import dataclass

_LONGEST = 20_000
"""A line may be a whole batch of prompts; what matters stands in its beginning."""

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])|\x00")

_STAMP = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z| ?[+-]\d\d:?\d\d)?"
_LEVEL = r"TRACE|DEBUG|INFO|WARN(?:ING)?|ERROR|ERR|CRITICAL|FATAL|SUCCESS"

# In front of what a program printed. Each leaves the program's own indentation alone.
_CARRIERS = tuple(
    re.compile(pattern)
    for pattern in (
        r"\[ *\d+\.\d+\] ",  # seconds since the start
        rf"{_STAMP} (?:stdout|stderr) [FP] ",  # CRI, as kubelet stores it
        r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ [\w@./-]+(?:\[\d+\])?: ",  # journald, syslog
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:?\d\d \S+ [\w@./-]+\[\d+\]: ",  # journalctl -o short-iso
        rf"{_STAMP} ",  # docker logs -t, kubectl logs --timestamps
        r"[\w.-]+ +\| ?",  # docker compose
        r"\d+\|[\w.-]+ +\| ?",  # pm2
        r"\[(?:pod|rank|worker|default)[\w./-]*\]:? ",  # kubectl --prefix, torchrun
        r"(?:stdout|stderr)\|? ?: ",
        r"> ",  # quoted in an answer
        r"(?:base\) )?[│┃] ",
    )
)
_PROCESS = re.compile(r"(?:\[[\w .-]*\] ?)?\((?P<name>[\w.-]*?) ?pid=(?P<pid>\d+)(?:, ip=[\d.a-f:]+)?\) ?")
_RAY_COLOUR = re.compile(r"\[repeated \d+x across cluster\][^\n]*$")
_VLLM = re.compile(
    rf"(?P<level>{_LEVEL}) (?P<time>\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d+)? (?:\[[^\]]*?:?\d*\]|[\w./]+:\d+\]) ?"
)
_SGLANG = re.compile(rf"\[(?P<time>{_STAMP})(?: [\w ]+)?\] (?:(?P<level>{_LEVEL}):? )?")
_GUNICORN = re.compile(rf"\[{_STAMP}\] \[\d+\] \[(?P<level>{_LEVEL})\] ")
_LOGURU = re.compile(rf"{_STAMP} ?\| (?P<level>{_LEVEL}) *\| (?:[^|]{{1,80}}? - )?")
_STANDARD = re.compile(rf"{_STAMP} - (?:\S+ - )?(?P<level>{_LEVEL}) - (?:\S+ - )?")
_UVICORN = re.compile(rf"(?P<level>{_LEVEL}): {{2,}}")
_BASIC = re.compile(rf"(?P<level>{_LEVEL}):[\w.]+:")
_GLOG = re.compile(r"\[?(?:rank\d+\]:\[)?(?P<level>[WEF])\d{4} \d\d:\d\d:\d\d\.\d+ (?:[^\]]*\] ?)")
_NCCL = re.compile(r"\S+:\d+:\d+ (?:\[\d+\] )?(?:\S+:\d+ )?NCCL (?P<level>WARN|INFO) ")
_TIGHT = re.compile(rf"\[?(?P<level>{_LEVEL})\]?:? (?={_STAMP})")

_SPEAKERS = (_VLLM, _GUNICORN, _SGLANG, _LOGURU, _STANDARD, _UVICORN, _BASIC, _GLOG, _NCCL, _TIGHT)
# Most texts begin with none of all these, and need no further look.
_MAY_BE_CARRIED = re.compile(
    rf"[\[(>\d│┃]|(?:{_LEVEL}|stdout|stderr)\b|[A-Z][a-z]{{2}} [ \d]\d |[\w.-]+ +\||base\)"
    r"|[WEF]\d{4} |\S+:\d+:\d+ "
)
_LEVELS = {"WARN": "WARNING", "ERR": "ERROR", "FATAL": "CRITICAL", "W": "WARNING", "E": "ERROR", "F": "ERROR"}
_LAYERS = 6


@dataclass(frozen=True, slots=True)
class Line:
    """number: from 1, in the log. level: "" where the line names none. process: (`EngineCore`, pid)."""

    number: int
    text: str
    level: str = ""
    process: tuple[str, str] = ("", "")
    time: str = ""

    @property
    def is_quiet(self) -> bool:
        """Whether it does not claim that something failed."""
        return self.level in ("TRACE", "DEBUG", "INFO", "WARNING", "SUCCESS")


def lines(raw: str, number: int) -> Iterator[Line]:
    """What one raw line says. A progress bar overwrites itself: each state of it counts as a line."""
    for part in raw.rstrip("\r\n").split("\r") if "\r" in raw else (raw.rstrip("\n"),):
        for whole in _unwrapped(_ANSI.sub("", part[:_LONGEST]) if "\x1b" in part or "\x00" in part else part):
            yield _line(whole[:_LONGEST], number)


def _unwrapped(text: str) -> Iterator[str]:
    """The message of a JSON line as container runtimes and log collectors write it, else the line."""
    if text.startswith("{") and text.endswith("}"):
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            fields = {}
        for key in ("log", "message", "msg", "textPayload", "MESSAGE", "exc_info", "event"):
            if isinstance(message := fields.get(key), str):
                level = next((f for k in ("level", "severity", "levelname") if (f := fields.get(k))), None)
                first, *rest = message.rstrip("\n").split("\n")
                known = isinstance(level, str) and re.fullmatch(_LEVEL, level.upper())
                yield f"{level.upper()}:     {first}" if known and isinstance(level, str) else first
                yield from rest
                return
    yield text


def _line(text: str, number: int) -> Line:
    process, level, time = ("", ""), "", ""
    for _ in range(_LAYERS):
        before = text
        if not _MAY_BE_CARRIED.match(text):
            break
        if found := _PROCESS.match(text):
            process, text = (found["name"], found["pid"]), text[found.end() :]
        elif speaker := next((found for form in _SPEAKERS if (found := form.match(text))), None):
            groups = speaker.groupdict()
            level, time = groups.get("level") or level, groups.get("time") or time
            text = text[speaker.end() :]
        elif carrier := next((found for form in _CARRIERS if (found := form.match(text))), None):
            text = text[carrier.end() :]
        if text == before:
            break
    text = _RAY_COLOUR.sub("", text).rstrip() if "[repeated" in text else text.rstrip()
    return Line(number, text, _LEVELS.get(level, level), process, time)
