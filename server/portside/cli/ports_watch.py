"""`portside ports --watch`: a table that stays true in a terminal, lines about changes everywhere else."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from portside.cli import ports
from portside.cli.output import say

_EVERY_S = 1.0
_CLEAR = "\x1b[H\x1b[J"
_OTHER_SCREEN, _OWN_SCREEN = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"


def watch(words: tuple[str, ...], host: str, *, everything: bool, as_json: bool) -> None:
    """Until Ctrl-C, or nobody reads any more."""
    with suppress(KeyboardInterrupt, BrokenPipeError):
        if sys.stdout.isatty() and not as_json:
            _refresh(lambda: ports.named(words, host) if words else ports.listing(everything=everything))
        else:
            _tell_changes(lambda: _entries(words, host, everything=everything), as_json)


def _refresh(now: Callable[[], str]) -> None:
    say(_OTHER_SCREEN)
    try:
        while True:
            say(f"{_CLEAR}{now()}\nCtrl-C ends this\n")
            sys.stdout.flush()
            time.sleep(_EVERY_S)
    finally:
        say(_OWN_SCREEN)


def _entries(words: tuple[str, ...], host: str, *, everything: bool) -> dict[str, dict[str, object]]:
    """Each line that can come and go, with the same as data."""
    if words:
        return dict(map(ports.summary, ports.reports(words, host)))
    from portside.cli.ports_text import plain_lines
    from portside.devserver.ports import port_table

    rows = port_table.table(ports.here(), everything=everything)
    return {line: row.fields() for row in rows for line in plain_lines(row)}


def _tell_changes(now: Callable[[], dict[str, dict[str, object]]], as_json: bool) -> None:
    before: dict[str, dict[str, object]] = {}
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
