"""What two starts of a server say of its fix."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]
SAME, DIFFERS, ONLY_BEFORE, ONLY_AFTER, NEITHER = "same", "differs", "only before", "only after", "neither"
STANDIN = "stand-in"
# What a stand-in is as text.
_MADE_UP = "1"
_COMPARED = (
    "app", "wraps", "title", "routes", "middleware", "handlers", "overrides",
    "state", "lifespan", "answers",
)  # fmt: skip
_ADDRESS = ("host", "port", "uds", "fd", "root_path", "ssl_keyfile", "ssl_certfile")


def verdict(outcome: Json) -> tuple[str, list[str]]:
    """Same, or how they differ."""
    before, after = (outcome.get(name) or {"records": [], "said": ""} for name in ("before", "after"))
    found = after["records"][-1]["standins"] if after["records"] else ()
    lacks = set(before.get("lacking", ())) - set(found or ())
    if lacks:
        # Started without its neighbours, as nobody starts it.
        before = {"records": [], "said": f"stood in for {', '.join(sorted(lacks))}"}
    if outcome.get("parses"):
        return DIFFERS, [outcome["parses"]]
    if not after["records"]:
        said = [after["said"]]
        return (ONLY_BEFORE, said) if before["records"] else (NEITHER, said)
    if not before["records"]:
        return ONLY_AFTER, [before["said"]]
    if not after["records"][-1]["app"] and not before["records"][-1]["app"]:
        return STANDIN, ["the app itself is made up on both sides"]
    different = list(differences(before["records"][-1], after["records"][-1]))
    different += _standins(before["records"][-1], after["records"][-1], after.get("lacking", ()))
    if len(before["records"]) != len(after["records"]):
        different.append(f"servers: {len(before['records'])} -> {len(after['records'])}")
    return (
        (DIFFERS, different)
        if different
        else (SAME, list(otherwise(before["records"][-1], after["records"][-1])))
    )


def _standins(before: Json, after: Json, lacking: Iterable[str]) -> list[str]:
    """What is made up on one side alone, but for other people's modules that a package above imports too.

    lacking: what is made up on the second side though the tree has something of that name.
    """
    old, new = set(before["standins"] or ()), set(after["standins"] or ())
    if old <= new and not (new - old) & set(lacking):
        return []
    return [f"standins: {_cut(sorted(old))} -> {_cut(sorted(new))}"]


def differences(before: Json, after: Json) -> list[str]:
    found = [
        f"{name}: {_cut(before[name])} -> {_cut(after[name])}"
        for name in _COMPARED
        if name != "answers" and _reached(before[name]) != _reached(after[name])
    ]
    found += _answers(before["answers"], after["answers"])
    old, new = before["options"], after["options"]
    if old["host"] == old["port"] == _MADE_UP:
        # The script's own arguments are made up, so where it would listen is not known.
        return found
    moved = [name for name in _ADDRESS if _meant(name, old[name]) != _meant(name, new[name])]
    return [*found, *(f"{name}: {old[name]} -> {new[name]}" for name in moved)]


def _answers(before: list[Any] | None, after: list[Any] | None) -> list[str]:
    """What is answered otherwise, of what was asked on both sides: only the first routes are asked."""
    old, new = ({tuple(each[:2]): each for each in reversed(side or [])} for side in (before, after))
    both = [key for key in old if key in new]
    changed = [key for key in both if _plain(old[key]) != _plain(new[key])]
    return [f"{' '.join(key)}: {_cut(old[key][2:])} -> {_cut(new[key][2:])}" for key in changed]


def _plain(answer: list[Any]) -> list[Any]:
    """Without the module that an error names: a script is `__main__`, and has a name of its own after."""
    return [re.sub(r"\b[\w.]+\.(?=\w+\()", "", each) if isinstance(each, str) else each for each in answer]


def _reached(seen: object) -> object:
    """Without what a script that is executed twice adds twice: of two equal routes the first answers."""
    if not isinstance(seen, list):
        return seen
    found: dict[str, object] = {}
    for each in seen:
        found.setdefault(str(each), each)
    return list(found.values())


def _meant(name: str, value: str) -> str:
    """No host is every address; the command names it."""
    return "0.0.0.0" if name == "host" and value in {"None", "", "::"} else value  # noqa: S104


def otherwise(before: Json, after: Json) -> list[str]:
    """Options that say how, not what: logs, reloading, workers."""
    old, new = before["options"], after["options"]
    return [
        f"{name}: {old[name]} -> {new[name]}"
        for name in old
        if name not in _ADDRESS and old[name] != new[name]
    ]


def _cut(value: object) -> str:
    text = str(value)
    return text if len(text) < 300 else f"{text[:300]}…"
