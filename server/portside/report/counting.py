"""Numbers of things in a sentence."""

from __future__ import annotations


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """`1 file`, `2 files`; of another plural than with an `s`, `2 fixes`."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"
