"""Whether what a launch fix leaves is still Python, asked where lines end in ways that can deceive."""

from __future__ import annotations

import re
from collections.abc import Iterable

from portside.lint.finding import Edit, apply_edits
from portside.lint.source import SourceFile
from portside.python.names.names import Names
from portside.python.source.syntax import parse

# A line that goes on in the next one, and line ends that Python and an editor count differently.
_DECEIVING = re.compile(r"\\\r?\n|\r\r|\r(?!\n)|\\$")


def lines_may_deceive(source: SourceFile) -> bool:
    """Whether that is in question at all: to parse what is left takes longer than all else."""
    if "\\" not in source.text and "\r" not in source.text:
        return False  # at memory speed
    return _DECEIVING.search(source.text) is not None


def leaves_python(names: Names, edits: Iterable[Edit]) -> bool:
    """False where the edits of the file leave more syntax errors than there are now."""
    source = names.tree.source
    if not lines_may_deceive(source):
        return True
    try:
        text = apply_edits(source.text, [edit for edit in edits if edit.path == source.path])
    except ValueError:
        return False  # two lines to the editor, which Python sees as one
    if text.rstrip().endswith("\\"):
        return False  # it goes on where nothing is left; the parser lets that pass, Python does not
    after = parse(SourceFile(source.path, text))
    return len(after.errors) <= len(names.tree.errors)
