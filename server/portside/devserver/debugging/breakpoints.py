"""What the editor has set: kept for the generations to come, and told as each of them takes it.

A generation names its breakpoints itself. The editor knows each by the number that it was given when
it was set, and learns by `breakpoint` events where, and whether, the newest generation has put it.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

from portside.devserver.debugging.framing import Message

SETTERS = frozenset({"setBreakpoints", "setFunctionBreakpoints", "setExceptionBreakpoints"})
PENDING = "It is set when the app loads."


class Breakpoints:
    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._set: dict[str, tuple[Message, list[int]]] = {}
        """By what they replace: the request, and the editor's numbers."""
        self._named: dict[tuple[int, int], int] = {}

    def keep(self, command: str, arguments: Message) -> list[int]:
        """Remember it for all generations to come; the editor's numbers."""
        count = 0 if command == "setExceptionBreakpoints" else len(arguments.get("breakpoints") or ())
        numbers = [next(self._numbers) for _ in range(count)]
        self._set[_key(command, arguments)] = ({"command": command, "arguments": arguments}, numbers)
        return numbers

    def all(self) -> Iterator[tuple[Message, list[int]]]:
        yield from list(self._set.values())

    @staticmethod
    def pending(numbers: list[int], arguments: Message) -> list[Message]:
        """As the editor is to show them while nothing runs."""
        asked = arguments.get("breakpoints") or ()
        lines = [{"line": each["line"]} if "line" in each else {} for each in asked]
        return [
            {"id": number, "verified": False, "message": PENDING, **line}
            for number, line in zip(numbers, lines, strict=False)
        ]

    def unset(self) -> Iterator[Message]:
        """All of them, once no generation has them any more."""
        for request, numbers in self.all():
            yield from self.pending(numbers, request["arguments"])

    def placed(self, owner: int, numbers: list[int], response: Message) -> list[Message]:
        """What a generation made of them, by the editor's numbers."""
        found = list((response.get("body") or {}).get("breakpoints") or ())
        for number, each in zip(numbers, found, strict=False):
            if "id" in each:
                self._named[owner, each["id"]] = number
        return [{**each, "id": number} for number, each in zip(numbers, found, strict=False)]

    def renamed(self, owner: int, breakpoint_: Message) -> Message | None:
        """One that a generation says has changed; None where the editor has none such."""
        number = self._named.get((owner, breakpoint_.get("id", -1)))
        return None if number is None else {**breakpoint_, "id": number}

    def hit(self, owner: int, identifiers: list[int]) -> list[int]:
        return [self._named[owner, each] for each in identifiers if (owner, each) in self._named]


def _key(command: str, arguments: Message) -> str:
    if command != "setBreakpoints":
        return command
    source = arguments.get("source") or {}
    return f"{command} {source.get('path') or json.dumps(source, sort_keys=True)}"
