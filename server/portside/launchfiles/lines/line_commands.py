"""Commands in files of lines: Procfile, systemd units, supervisor's ini files, Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portside.launchfiles.text.words import Command, shell_commands

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
_OF_WINDOWS = frozenset({"powershell", "pwsh", "ps1", "ps", "bat", "batch", "cmd", "dos"})


def procfile_commands(text: str) -> Iterator[Command]:
    """`web: python server.py`"""
    yield from _after(_PROCESS, text)


def unit_commands(text: str) -> Iterator[Command]:
    """`ExecStart=/usr/bin/python3 server.py` of systemd, `command=…` of supervisor."""
    yield from _after(_SETTING, text)


def markdown_commands(text: str) -> Iterator[Command]:
    """The commands in fenced blocks: what a document tells its reader to type."""
    for start, end in code_blocks(text):
        yield from shell_commands(text, start, end)


def readme_commands(text: str) -> Iterator[Command]:
    """The same of a README, and those in its inline code; other documents talk about commands there."""
    for start, end in (*code_blocks(text), *inline_code(text)):
        yield from shell_commands(text, start, end)


def code_blocks(text: str, *, windows: bool = False) -> Iterator[tuple[int, int]]:
    """Where fenced blocks of Markdown begin and end, but those of languages that are no shell.

    windows: those of Windows' shells, too, whose variables and paths are written otherwise.
    """
    left_out = _NOT_SHELL if windows else _NOT_SHELL | _OF_WINDOWS
    for block in _FENCE.finditer(text):
        if block["language"].lower() not in left_out:
            yield block.span("body")


def inline_code(text: str) -> Iterator[tuple[int, int]]:
    """Where inline code of Markdown begins and ends, outside of fenced blocks."""
    prose = _FENCE.sub(lambda block: re.sub(r"[^\n]", " ", block.group()), text)
    for code in _INLINE.finditer(prose):
        yield code.span("body")


def _after(pattern: re.Pattern[str], text: str) -> Iterator[Command]:
    for match in pattern.finditer(text):
        end = re.compile(r"(?<!\\)\n|\Z").search(text, match.end())
        yield from shell_commands(text, match.end(), end.start() if end else len(text))
