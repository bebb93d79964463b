"""Commands in files of lines: Procfile, systemd units, supervisor's ini files, Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portside.launchfiles.words import Command, shell_commands

_PROCESS = re.compile(r"^[\w-]+:[ \t]*", re.MULTILINE)
# systemd allows these characters before the program: systemd.service(5), "Special executable prefixes".
_SETTING = re.compile(
    r"^[ \t]*(?:Exec\w+|command|cmd|start)[ \t]*=[ \t]*[@\-:+!]*", re.MULTILINE | re.IGNORECASE
)
_FENCE = re.compile(
    r"^[ \t>]*(?P<fence>`{3,}|~{3,})[ \t]*(?P<language>[\w+-]*)[^\n]*\n"
    r"(?P<body>.*?)(?:^[ \t>]*(?P=fence)|\Z)",
    re.MULTILINE | re.DOTALL,
)
_INLINE = re.compile(r"(?<!`)`(?P<body>[^`\n]+)`(?!`)")
_NOT_SHELL = frozenset({"python", "py", "python3", "diff", "javascript", "js", "typescript", "ts", "mermaid"})


def procfile_commands(text: str) -> Iterator[Command]:
    """`web: python server.py`"""
    yield from _after(_PROCESS, text)


def unit_commands(text: str) -> Iterator[Command]:
    """`ExecStart=/usr/bin/python3 server.py` of systemd, `command=…` of supervisor."""
    yield from _after(_SETTING, text)


def markdown_commands(text: str) -> Iterator[Command]:
    """The commands in fenced blocks and in inline code."""
    outside: list[str] = []
    position = 0
    for block in _FENCE.finditer(text):
        outside += (text[position : block.start()], re.sub(r"[^\n]", " ", block.group()))
        position = block.end()
        if block["language"].lower() not in _NOT_SHELL:
            yield from shell_commands(text, *block.span("body"))
    prose = "".join([*outside, text[position:]])
    for code in _INLINE.finditer(prose):
        yield from shell_commands(text, *code.span("body"))


def _after(pattern: re.Pattern[str], text: str) -> Iterator[Command]:
    for match in pattern.finditer(text):
        end = re.compile(r"(?<!\\)\n|\Z").search(text, match.end())
        yield from shell_commands(text, match.end(), end.start() if end else len(text))
