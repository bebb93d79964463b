"""Parts of a value as the shell cuts them out: `${X%%:*}`, `${X##*/}`, `${X:0:4}`, `${X/a/b}`, `${X,,}`."""

from __future__ import annotations

import re
from fnmatch import translate

from portside.launchfiles.text.placed import Placed

_ENDS = re.compile(r"(?P<operator>%%|%|##|#)(?P<pattern>.+)", re.DOTALL)
_PART = re.compile(r":\s*(?P<start>-?\d+)(?::\s*(?P<count>\d+))?")
_REPLACED = re.compile(r"(?P<all>//?)(?P<old>[^/*?\[$\\]+)(?:/(?P<new>[^$\\]*))?")


def trimmed(value: Placed, operation: str) -> Placed | None:
    """value: known. operation: what stands behind the name. None for what is not understood."""
    if found := _ENDS.fullmatch(operation):
        return _without_end(value, found["operator"], _unquoted(found["pattern"]))
    if found := _PART.fullmatch(operation):
        start = int(found["start"])
        start = max(0, len(value.text) + start) if start < 0 else start
        return value.part(start, start + int(found["count"]) if found["count"] else None)
    if operation in {"^^", ",,"}:
        return Placed.computed(value.text.upper() if operation == "^^" else value.text.lower(), value.span)
    if found := _REPLACED.fullmatch(operation):
        count = -1 if found["all"] == "//" else 1
        new = value.text.replace(_unquoted(found["old"]), _unquoted(found["new"] or ""), count)
        return value if new == value.text else Placed.computed(new, value.span)
    return None


def _without_end(value: Placed, operator: str, pattern: str) -> Placed | None:
    if re.search(r"[$`\\]", pattern):
        return None
    text, matches = value.text, re.compile(translate(pattern)).match
    places = range(len(text) + 1)
    if operator[0] == "%":  # the shortest end is the last place, the longest the first
        order = places if operator == "%%" else reversed(places)
        cut = next((place for place in order if matches(text[place:])), None)
        return value if cut is None else value.part(0, cut)
    order = reversed(places) if operator == "##" else places
    cut = next((place for place in order if matches(text[:place])), None)
    return value if cut is None else value.part(cut)


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text
