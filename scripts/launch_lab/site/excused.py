"""What stands in for code of a server that is passed over (excuses.py), and who left early, said aloud."""

from __future__ import annotations

import builtins
import functools
import inspect
import sys
import traceback

from standins import Thing


def excused(function):
    """A function that returns a made-up value where it fails."""
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        return function
    is_init = function.__name__ == "__init__"

    @functools.wraps(function)
    def plain(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except (Exception, SystemExit):
            return None if is_init else Thing()

    @functools.wraps(function)
    async def awaited(*args, **kwargs):
        try:
            return await function(*args, **kwargs)
        except (Exception, SystemExit):
            return Thing()

    return awaited if inspect.iscoroutinefunction(function) else plain


def install() -> None:
    builtins.__lab_excused__ = excused
    builtins.__lab_thing__ = Thing
    for name, place in (("exit", sys), ("exit", builtins), ("quit", builtins)):
        setattr(place, name, _said(getattr(place, name, sys.exit)))


def _said(leave):
    @functools.wraps(leave)
    def leaving(code=None):
        # As a traceback, so that what called it can be told.
        print("Traceback (most recent call last)", file=sys.stderr)
        traceback.print_stack(sys._getframe(1), file=sys.stderr)
        leave(code)

    return leaving
