"""`portside ports --watch`: a table that stays true in a terminal, lines about changes everywhere else."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from portside.cli.output import say

_EVERY_S = 1.0
_CLEAR = "\x1b[H\x1b[J"
_OTHER_SCREEN, _OWN_SCREEN = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"


# The lines of a listing, each with the same as data.
Entries = dict[str, dict[str, object]]


def watch(text: Callable[[], str], entries: Callable[[], Entries], *, as_json: bool) -> None:
    """Until Ctrl-C, or nobody reads any more. text: all there is now; entries: what of it comes and goes."""
    with suppress(KeyboardInterrupt, BrokenPipeError):
        if sys.stdout.isatty() and not as_json:
            _refresh(text)
        else:
            _tell_changes(entries, as_json)


def _refresh(now: Callable[[], str]) -> None:
    say(_OTHER_SCREEN)
    try:
        while True:
            say(f"{_CLEAR}{now()}\nCtrl-C ends this\n")
            sys.stdout.flush()
            time.sleep(_EVERY_S)
    finally:
        say(_OWN_SCREEN)


def _tell_changes(now: Callable[[], Entries], as_json: bool) -> None:
    before: Entries = {}
    while True:
        after = now()
        gone = [("-", line, before[line]) for line in before if line not in after]
        came = [("+", line, after[line]) for line in after if line not in before]
        for mark, line, fields in (*gone, *came):
            event = {"event": "closed" if mark == "-" else "opened", "time": round(time.time(), 3), **fields}
            say(json.dumps(event) + "\n" if as_json else f"{mark} {line}\n")
        sys.stdout.flush()
        before = after
        time.sleep(_EVERY_S)
