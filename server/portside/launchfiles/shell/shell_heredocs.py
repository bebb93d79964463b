"""Here-documents: a shell runs one, `cat > start.sh` keeps it, `while read …` goes through it."""

from __future__ import annotations

import re
from itertools import pairwise

from tree_sitter import Node

from portside.launchfiles.commands.started import program_name
from portside.launchfiles.shell.shell_state import State
from portside.launchfiles.shell.shell_syntax import ShellTree
from portside.launchfiles.shell.shell_words import Words
from portside.launchfiles.text.placed import Placed
from portside.launchfiles.text.variables import Style, expand

_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ash", "ksh"})


def is_run(command: str) -> bool:
    """Whether the command is a shell that takes the text for its own."""
    words = command.split()
    while words and (words[0] in {"sudo", "exec", "env"} or "=" in words[0]):
        words = words[1:]
    return (
        bool(words) and program_name(words[0]) in _SHELLS and all(word.startswith("-") for word in words[1:])
    )


def body_of(tree: ShellTree, text: Placed, heredoc: Node) -> Placed | None:
    """What stands between the marks, as it is written."""
    inside = next((child for child in heredoc.named_children if child.type == "heredoc_body"), None)
    return text.part(tree.start(inside), tree.end(inside)) if inside is not None else None


def expanded_body(tree: ShellTree, text: Placed, heredoc: Node, state: State) -> Placed | None:
    """The same as the command gets it: with variables replaced, unless the mark is quoted."""
    body = body_of(tree, text, heredoc)
    start = next((child for child in heredoc.named_children if child.type == "heredoc_start"), None)
    if body is None or start is None or re.search(r"['\"\\]", tree.of(start)):
        return body
    return expand(body, Style.BRACES, state.lookup)


def file_written(tree: ShellTree, words: Words, node: Node, command: Node, heredoc: Node) -> str:
    """The path that `cat > PATH <<EOF` or `tee PATH <<EOF` writes; "" for none. node: all of it."""
    given = tree.of(command).split()
    if "tee" in given[:2]:
        return next((word for word in given[given.index("tee") + 1 :] if not word.startswith("-")), "")
    redirects = [child for child in (*node.children, *heredoc.children) if child.type == "file_redirect"]
    if given[:1] != ["cat"] or not redirects or not redirects[0].named_children:
        return ""
    return words.joined(redirects[0].named_children[-1]).text


def lines_in(text: Placed) -> list[Placed]:
    """Its lines, but for empty ones."""
    ends = [found.end() for found in re.finditer(r"\n|\Z", text.text)]
    lines = [text.part(start, end) for start, end in pairwise([0, *ends])]
    return [line for line in lines if line.text.strip()]
