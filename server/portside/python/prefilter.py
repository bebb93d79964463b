"""Whether a text can be of any interest: most files of a workspace are not, and are never parsed.

Two looks, both at memory speed. The lines that import: does the file have the package
at hand that something comes from which rules know? Then the whole text: does it name
that something? The words come from the tables that the rules judge by.
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from portside.knowledge import listeners, server_commands
from portside.knowledge.vllm import ENGINE_CONSTRUCTORS
from portside.knowledge.vllm_entrypoints import MODULES as RETIRED_MODULES
from portside.python.apps import APP_NAMES
from portside.python.broken_guards import UNDEFINED_NAMES
from portside.python.launches import LAUNCH_NAMES

_Needs = frozenset[bytes]
"""Words that all have to be in the text."""

_WORD = re.compile(rb"\w+")
_COMMENT = re.compile(rb"portside:[ \t]*ignore", re.IGNORECASE)
_CONFIGURATION = re.compile(rb"^bind\s*=", re.MULTILINE)
# An import that goes on in the next line: `import_module(`, `import os, \`.
_UNFINISHED = (b"(", b"\\", b",")


def is_interesting(data: bytes) -> bool:
    """Whether a rule might say something of this text. False is certain, True is not."""
    return _may_start_something(data) or _has_broken_guard(data) or _speaks_to_portside(data)


def _speaks_to_portside(data: bytes) -> bool:
    if (b"\nbind" in data or data.startswith(b"bind")) and _CONFIGURATION.search(data) is not None:
        return True
    # Few texts have an `ortside` in them, and the case of the first letter is what people vary.
    return (b"ortside" in data or b"ORTSIDE" in data) and _COMMENT.search(data) is not None


def _may_start_something(data: bytes) -> bool:
    packages = frozenset(_WORD.findall(b" ".join(_import_lines(data))))
    if any(_has_all(data, needs) for root in packages & _NEEDS.keys() for needs in _NEEDS[root]):
        return True
    runs = any(word in data for root in packages & _RUNNERS.keys() for word in _RUNNERS[root])
    return runs and any(_has_all(data, needs) for needs in _COMMANDS)


def _import_lines(data: bytes) -> Iterator[bytes]:
    """The lines with the word in them, whatever they do with it."""
    found = data.find(b"import")
    while found >= 0:
        start, end = data.rfind(b"\n", 0, found) + 1, _line_end(data, found)
        yield data[start:end]
        found = data.find(b"import", end)


def _line_end(data: bytes, inside: int) -> int:
    end = data.find(b"\n", inside)
    while end >= 0 and data[inside:end].rstrip().endswith(_UNFINISHED):
        inside, end = end + 1, data.find(b"\n", end + 1)
    return len(data) if end < 0 else end


def _has_all(data: bytes, needs: _Needs) -> bool:
    return all(word in data for word in needs) and all(_whole(word).search(data) for word in needs)


@functools.cache
def _whole(word: bytes) -> re.Pattern[bytes]:
    """The word, and not as a part of another."""
    # What precedes is looked at last: a search for what begins with plain text runs at memory speed.
    before = rb"(?<!\w" + re.escape(word) + rb")" if word[:1].isalnum() else b""
    return re.compile(re.escape(word) + before + rb"(?!\w)")


# What has to be in a text, by the package that has to be in one of its imports.


def _of_names(names: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Qualified names: the package, and the class (of a class method) or the last name."""
    for name in names:
        root, *_, owner, last = (*name.split(".")[:1], *name.split("."))
        yield root, (owner if owner[:1].isupper() else last,)


def _of_methods() -> Iterator[tuple[str, tuple[str, ...]]]:
    for maker, methods in listeners.METHODS.items():
        yield from ((maker.partition(".")[0], (maker.rpartition(".")[2], method)) for method in methods)


def _needs() -> Mapping[bytes, frozenset[_Needs]]:
    found: defaultdict[bytes, set[_Needs]] = defaultdict(set)
    functions = (
        *ENGINE_CONSTRUCTORS, *LAUNCH_NAMES, *APP_NAMES, *listeners.FUNCTIONS,
        *listeners.HYPERCORN_CONFIGS, *listeners.GUNICORN_APPLICATIONS,
    )  # fmt: skip
    sockets = [(name.partition(".")[0], (name.rpartition(".")[2], "bind")) for name in listeners.SOCKETS]
    arguments = [("vllm", ("make_arg_parser",)), ("vllm", ("argv",)), ("uvicorn", ("argv",))]
    retired = [(root, (first, parts[-1])) for root, first, *parts in (m.split(".") for m in RETIRED_MODULES)]
    for root, words in (*_of_names(functions), *_of_methods(), *sockets, *arguments, *retired):
        found[root.encode()].add(frozenset(word.encode() for word in words))
    return {root: frozenset(needs) for root, needs in found.items()}


def _runners() -> Mapping[bytes, frozenset[bytes]]:
    """The last names of what runs a command, or is one, by package."""
    found = defaultdict[bytes, set[bytes]](set)
    runners = server_commands.RUNNERS | server_commands.WORD_RUNNERS | server_commands.SECOND_RUNNERS
    for name in (*runners, "sys.argv"):
        found[name.partition(".")[0].encode()].add(name.rpartition(".")[2].encode())
    return {root: frozenset(words) for root, words in found.items()}


def _commands() -> Iterator[_Needs]:
    for name, commands in server_commands.PROGRAMS.items():
        yield from (frozenset(word.encode() for word in (name, first) if word) for first in commands)
    yield from (frozenset((b"-m", word.encode())) for word in server_commands.MODULE_WORDS)


_NEEDS = _needs()
_RUNNERS = _runners()
_COMMANDS = frozenset(_commands())


# What looks like `__name__ == "__main__"`, by the letters that are right in it, and is not that.
_NAME = rb"\b(?:" + b"|".join(sorted(name.encode() for name in UNDEFINED_NAMES | {"__name__"})) + rb")\b"
_OTHER = rb"[^a-zA-Z\n]*"
_MAIN = (
    rb"\w?[\"']?"
    + _OTHER
    + _OTHER.join((b"[mM]", b"[aA]", b"[iI]", b"[nN]"))
    + _OTHER
    + rb"(?:py)?(?![a-zA-Z])"
)
_TEST = rb"[\s()]*(?:==|is\b)[\s()]*"
_GUARD = re.compile(
    rb"if[\s(]*(?!__name__ == [\"']__main__[\"']:)(?:"
    + _NAME
    + _TEST
    + _MAIN
    + b"|"
    + _MAIN
    + _TEST
    + _NAME
    + b")"
)


def _has_broken_guard(data: bytes) -> bool:
    return _GUARD.search(data) is not None
