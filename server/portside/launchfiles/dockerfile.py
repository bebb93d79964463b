"""Commands in a Dockerfile: RUN, CMD, ENTRYPOINT and HEALTHCHECK, in exec and in shell form."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portside.launchfiles.words import Command, exec_words, nested_commands, shell_commands

# An instruction reaches to the first line end that no backslash precedes;
# comment lines in between belong to it.
_INSTRUCTION = re.compile(
    r"^[ \t]*(?:ONBUILD[ \t]+)?(?P<name>[A-Za-z]+)[ \t]+(?P<rest>(?:\\\r?\n(?:[ \t]*\#[^\n]*\n)*|[^\n])*)",
    re.MULTILINE,
)
_RUNS = frozenset({"RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"})
# `HEALTHCHECK --interval=5s CMD …`, `RUN --mount=type=cache,… …`
_OPTIONS = re.compile(r"(?:--\S+[ \t]+|\\\r?\n[ \t]*)*(?:(?<=[ \t])CMD[ \t]+|CMD[ \t]+)?")


def dockerfile_commands(text: str) -> Iterator[Command]:
    """Each command, with CMD also as the arguments of the ENTRYPOINT before it."""
    entrypoint: Command = ()
    for instruction in _INSTRUCTION.finditer(text):
        name = instruction["name"].upper()
        if name == "FROM":
            entrypoint = ()
        if name not in _RUNS:
            continue
        start, end = instruction.span("rest")
        options = _OPTIONS.match(text, start, end)
        start = options.end() if options else start
        if not text.startswith("[", start):
            yield from shell_commands(text, start, end)
            continue
        words = exec_words(text, start, end)
        yield words
        yield from nested_commands(words)
        if name == "ENTRYPOINT":
            entrypoint = words
        elif name == "CMD" and entrypoint:
            yield (*entrypoint, *words)
