"""`dataclass`, as in the standard library, at a quarter of what that costs the start of every process.

There each class compiles half a dozen methods of its own as it is imported. Here they share all but
`__init__`; and `frozen` is what mypy holds us to, not what a running process looks after. Beside it, the
`cached_property` that records work out what is seldom asked with.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 - type checkers know no other
    from functools import cached_property as cached_property  # noqa: PLC0414
else:
    from operator import attrgetter

    def dataclass(
        cls=None, /, *, frozen: bool = False, slots: bool = False, eq: bool = True, order: bool = False
    ):
        def made(cls: type) -> type:
            # Without one, the standard library writes the signature down, for which it compiles that too.
            cls.__doc__ = cls.__doc__ or cls.__name__
            represented, compared = cls.__dict__.get("__repr__"), cls.__dict__.get("__eq__")
            cls = dataclasses.dataclass(repr=False, eq=eq and order, order=order, slots=slots)(cls)
            if represented is None:
                cls.__repr__ = _repr
            if eq and compared is None:
                _compare(cls, frozen=frozen)
            return cls

        return made if cls is None else made(cls)

    class cached_property:  # noqa: N801
        """As in the standard library since Python 3.12. Until then that one waits for a lock each time."""

        def __init__(self, find):
            self._find, self.__doc__ = find, find.__doc__

        def __set_name__(self, owner, name):
            self._name = name

        def __get__(self, instance, owner=None):
            if instance is None:
                return self
            value = instance.__dict__[self._name] = self._find(instance)
            return value

    def _compare(cls: type, *, frozen: bool) -> None:
        """By their fields, where both are of the very same class."""
        names = [field.name for field in dataclasses.fields(cls) if field.compare]
        key = attrgetter(*names) if names else lambda _: ()

        def equal(self: Any, other: object) -> Any:
            return key(self) == key(other) if other.__class__ is self.__class__ else NotImplemented

        cls.__eq__ = equal
        if cls.__dict__.get("__hash__") is None:
            cls.__hash__ = (lambda self: hash(key(self))) if frozen else None


def _repr(self: Any) -> str:
    shown = (
        f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr
    )
    return f"{type(self).__qualname__}({', '.join(shown)})"
