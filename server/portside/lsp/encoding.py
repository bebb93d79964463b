"""What the client counts characters in: code units of UTF-16 (every client), UTF-8 or UTF-32."""

from __future__ import annotations

import enum
from collections.abc import Iterable


class Encoding(enum.Enum):
    """A position encoding. Inside Portside columns are characters, which is what UTF-32 counts."""

    UTF_8 = "utf-8"
    UTF_16 = "utf-16"
    UTF_32 = "utf-32"

    @classmethod
    def choose(cls, offered: Iterable[str]) -> Encoding:
        """The first of the client's offers that is known; UTF-16, which it must understand, failing that."""
        known = {encoding.value: encoding for encoding in cls}
        return next((known[name] for name in offered if name in known), cls.UTF_16)

    def units(self, line: str, column: int) -> int:
        """How many code units the first `column` characters of the line take."""
        if self is Encoding.UTF_32 or line.isascii():
            return column
        return sum(self._width(char) for char in line[:column])

    def column(self, line: str, units: int) -> int:
        """The character at this code unit; the line's end where it is shorter.

        A place within a character means its beginning.
        """
        if self is Encoding.UTF_32 or line.isascii():
            return min(units, len(line))
        taken = 0
        for column, char in enumerate(line):
            taken += self._width(char)
            if taken > units:
                return column
        return len(line)

    def _width(self, char: str) -> int:
        code = ord(char)
        if self is Encoding.UTF_16:
            return 2 if code > 0xFFFF else 1
        return 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4
