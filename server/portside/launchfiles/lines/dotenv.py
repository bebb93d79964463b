""".env files, as python-dotenv reads them: quotes, `export`, comments, `${OTHER:-default}`."""

from __future__ import annotations

import re

from portside.launchfiles.facts import Format, LaunchFile, Setting, Unit
from portside.launchfiles.text.placed import Piece, Placed
from portside.launchfiles.text.variables import Style, expand, of_settings
from portside.lint.source import Span

_BINDING = re.compile(
    r"""^[^\S\r\n]*(?:export[^\S\r\n]+)?
    (?: '(?P<quoted_name>[^'\n]+)' | (?P<name>[^=\#\s'"][^=\#\s]*) )
    [^\S\r\n]*=[^\S\r\n]*
    (?: '(?P<single>(?:\\'|[^'])*)' | "(?P<double>(?:\\.|[^"\\])*)" | (?P<plain>[^\r\n]*) )""",
    re.MULTILINE | re.VERBOSE | re.DOTALL,
)
_SINGLE_ESCAPE = re.compile(r"\\([\\'])")
_DOUBLE_ESCAPE = re.compile(r"\\([\\'\"abfnrtv])")
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_COMMENT = re.compile(r"\s+#.*")


def read(path: str, text: str) -> LaunchFile:
    """One unit that has settings alone."""
    settings: dict[str, Setting] = {}
    for found in _BINDING.finditer(text):
        setting = _setting(found, settings)
        settings[setting.name] = setting
    unit = Unit("environment", path.rpartition("/")[2], Span(0, len(text)), settings=settings)
    return LaunchFile(path, Format.DOTENV, (unit,) if settings else ())


def _setting(found: re.Match[str], settings: dict[str, Setting]) -> Setting:
    kind = "quoted_name" if found["quoted_name"] is not None else "name"
    value = expand(_value(found), Style.DOTENV, of_settings(settings))
    return value.setting(found[kind], Span(*found.span(kind)))


def _value(found: re.Match[str]) -> Placed:
    if found["single"] is not None:
        return _unescaped(found, "single", _SINGLE_ESCAPE)
    if found["double"] is not None:
        return _unescaped(found, "double", _DOUBLE_ESCAPE)
    plain = _COMMENT.sub("", found["plain"]).rstrip()
    return Placed.literal(plain, found.start("plain"))


def _unescaped(found: re.Match[str], group: str, escape: re.Pattern[str]) -> Placed:
    start, end = found.span(group)
    parts: list[Placed] = []
    for one in escape.finditer(found.string, start, end):
        parts.append(Placed.literal(found.string[start : one.start()], start))
        letter = _LETTERS.get(one[1])
        parts.append(
            Placed.literal(one[1], one.start(1))
            if letter is None
            else Placed((Piece(letter, Span(*one.span())),))
        )
        start = one.end()
    return Placed.joined([*parts, Placed.literal(found.string[start:end], start)], quoted=True)
