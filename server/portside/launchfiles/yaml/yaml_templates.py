"""Helm's and Jinja's templates as the YAML that they would make, as far as that can be told, to the letter.

What `{{ … }}` puts out is not known: it becomes as many UNKNOWN characters, so that every place stays. A line
of it alone goes. Of `if … else … end` the first branch stays: both at once would be two servers where there
is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

UNKNOWN = "\ue000"

_ACTION = re.compile(r"\{\{(?P<go>.*?)\}\}|\{%(?P<jinja>.*?)%\}|\{#.*?#\}", re.DOTALL)
_KEYWORD = re.compile(r"[-~+]?\s*(?P<word>if|with|range|define|block|for|else|elif|end\w*)\b")
_OPENS = frozenset({"if", "with", "range", "define", "block", "for"})
_NOT_LINE_END = re.compile(r"[^\r\n]")


def is_template(text: str) -> bool:
    return ("{{" in text and "}}" in text) or ("{%" in text and "%}" in text)


def filled(text: str) -> str:
    """The text with unknowns for what templates put out; as long as it was, its lines where they were."""
    pieces: list[str] = []
    position = 0
    for start, end in _gone(text):
        pieces += (_without_actions(text, position, start), _NOT_LINE_END.sub(" ", text[start:end]))
        position = end
    return "".join([*pieces, _without_actions(text, position, len(text))])


def _gone(text: str) -> Iterator[tuple[int, int]]:
    """The stretches from an `else` to its `end`."""
    branches: list[int | None] = []
    for action in _ACTION.finditer(text):
        keyword = _KEYWORD.match(action["go"] or action["jinja"] or "")
        word = keyword["word"] if keyword else ""
        if word in _OPENS:
            branches.append(None)
        elif word in ("else", "elif") and branches:
            branches[-1] = action.start() if branches[-1] is None else branches[-1]
        elif word.startswith("end") and branches:
            since = branches.pop()
            if since is not None and all(outer is None for outer in branches):
                yield since, action.end()


def _without_actions(text: str, start: int, end: int) -> str:
    pieces: list[str] = []
    position = start
    for action in _ACTION.finditer(text, start, end):
        pieces.append(text[position : action.start()])
        alone = _is_alone(text, action) or action["go"] is None or _KEYWORD.match(action["go"])
        pieces.append(_NOT_LINE_END.sub(" " if alone else UNKNOWN, action.group()))
        position = action.end()
    return "".join([*pieces, text[position:end]])


def _is_alone(text: str, action: re.Match[str]) -> bool:
    """Whether its lines hold nothing else, but for other actions."""
    start = text.rfind("\n", 0, action.start()) + 1
    end = text.find("\n", action.end())
    around = text[start : action.start()] + text[action.end() : end if end >= 0 else len(text)]
    return not _ACTION.sub("", around).strip()
