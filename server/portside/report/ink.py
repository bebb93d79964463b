"""Colour for terminals, and text that can't do more to a terminal than be read."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from portside.records import dataclass

if TYPE_CHECKING:  # `portside ports` has no findings to load
    from portside.lint.finding import Severity

_RESET = "\x1b[0m"
_TAB = "    "


@dataclass(frozen=True, slots=True)
class Ink:
    """Paints words, or, without colour, leaves them as they are."""

    colour: bool = False

    def bold(self, text: str) -> str:
        return self._paint("1", text)

    def dim(self, text: str) -> str:
        return self._paint("2", text)

    def good(self, text: str) -> str:
        return self._paint("32", text)

    def added(self, text: str) -> str:
        return self._paint("32", text)

    def removed(self, text: str) -> str:
        return self._paint("31", text)

    def link(self, text: str) -> str:
        return self._paint("36", text)

    def severity(self, severity: Severity, text: str) -> str:
        return self._paint(_SEVERITY_CODES[severity.value], text)

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}{_RESET}" if self.colour and text else text


_SEVERITY_CODES = {
    "error": "1;31",
    "warning": "1;33",
    "information": "1;34",
    "hint": "1;36",
}


def printable(text: str) -> str:
    """The text on one line, tabs widened; control characters, which could drive a terminal, shown as `·`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_TAB if char == "\t" else char if _harmless(char) else "·" for char in text)


def width(text: str) -> int:
    """How many columns a terminal gives this printable text."""
    if text.isascii():
        return len(text)
    return sum(_columns(char) for char in text)


def _harmless(char: str) -> bool:
    # Format characters (Cf) can turn the reading direction; a joiner in an emoji is one too, and is harmless.
    return char.isprintable() or char in " \u200d\ufe0f"


def _columns(char: str) -> int:
    if unicodedata.combining(char) or char in "\u200d\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
