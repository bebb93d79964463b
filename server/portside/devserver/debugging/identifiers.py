"""What the editor calls a thread, a frame or a variable, whichever generation it is of.

Each process counts its own from 1; two live at once during a reload. The editor gets numbers that
are nobody else's, and what it sends back is led to where it belongs.
"""

from __future__ import annotations

import itertools
from typing import Any

_KINDS = ("threadId", "frameId", "variablesReference", "sourceReference")
_OWN_ID = {"threads": ("threads", "threadId"), "stackTrace": ("stackFrames", "frameId")}
"""Responses whose items name themselves: the field of the list, and the kind of their `id`."""


class Identifiers:
    """owner: the number of a generation."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._outside: dict[tuple[str, int, int], int] = {}
        self._inside: dict[tuple[str, int], tuple[int, int]] = {}

    def outside(self, owner: int, kind: str, inner: int) -> int:
        """The editor's number for it."""
        key = (kind, owner, inner)
        if key not in self._outside:
            number = self._outside[key] = next(self._numbers)
            self._inside[kind, number] = (owner, inner)
        return self._outside[key]

    def inside(self, kind: str, number: int) -> tuple[int, int] | None:
        """The generation, and what it calls it."""
        return self._inside.get((kind, number))

    def threads(self, owner: int) -> list[int]:
        """The editor's numbers of all threads that were ever told of."""
        return [
            number for (kind, of, _), number in self._outside.items() if kind == "threadId" and of == owner
        ]

    def forget(self, owner: int) -> None:
        for key in [key for key in self._outside if key[1] == owner]:
            del self._inside[key[0], self._outside.pop(key)]

    # -- whole messages ----------------------------------------------------------------

    def outgoing(self, owner: int, body: Any, command: str = "") -> Any:
        """The body of an event, or of the response to a command, as the editor may see it."""
        if command in _OWN_ID and isinstance(body, dict):
            field, kind = _OWN_ID[command]
            items = [{**item, "id": self.outside(owner, kind, item["id"])} for item in body.get(field, ())]
            body = {**body, field: items}
        return self._translated(owner, body)

    def _translated(self, owner: int, value: Any) -> Any:
        if isinstance(value, list):
            return [self._translated(owner, item) for item in value]
        if not isinstance(value, dict):
            return value
        return {
            key: self.outside(owner, key, item)
            if key in _KINDS and isinstance(item, int) and item > 0
            else self._translated(owner, item)
            for key, item in value.items()
        }

    def incoming(self, arguments: dict[str, Any]) -> tuple[int | None, dict[str, Any]]:
        """The generation that a request is about, None for any, and the arguments that it is to be sent."""
        owner, inner = None, dict(arguments)
        for kind in _KINDS:
            number = arguments.get(kind)
            found = self.inside(kind, number) if isinstance(number, int) else None
            if found is not None:
                owner, inner[kind] = found
        return owner, inner

    def is_stale(self, arguments: dict[str, Any]) -> bool:
        """Whether they are about what belonged to a generation that has gone."""
        return any(
            isinstance(arguments.get(kind), int)
            and arguments[kind] > 0
            and not self.inside(kind, arguments[kind])
            for kind in _KINDS
        )
