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


def leaves_python(names: Names, edits: Iterable[Edit]) -> bool:
    """False where the edits of the file leave more syntax errors than there are now.

    Parsing costs too much for every keystroke, so a file without such lines is taken to be right.
    """
    source = names.tree.source
    if "\\" not in source.text and "\r" not in source.text:
        return True  # at memory speed
    if _DECEIVING.search(source.text) is None:
        return True
    text = apply_edits(source.text, [edit for edit in edits if edit.path == source.path])
    if text.rstrip().endswith("\\"):
        return False  # it goes on where nothing is left; the parser lets that pass, Python does not
    after = parse(SourceFile(source.path, text))
    return len(after.errors) <= len(names.tree.errors)
