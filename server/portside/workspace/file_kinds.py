"""What kind of file a path names, as far as Portside reads it.

What knows of launch files is loaded with the first one: many trees, and most single files, have none.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from portside.python import prefilter as python_prefilter
from portside.workspace.text_file import NOTEBOOK_SUFFIX, decode, read_bytes
from portside.workspace.walk import PYTHON_SUFFIXES

if TYPE_CHECKING:
    from portside.launchfiles.facts import Format


def is_python_name(name: str) -> bool:
    return name.endswith(PYTHON_SUFFIXES)


def is_notebook_name(name: str) -> bool:
    return name.endswith(NOTEBOOK_SUFFIX)


def may_be_checked(name: str) -> bool:
    """Whether a file of this name (no folders) is one to look at, as far as its name tells.

    Notebooks are not among them: in editors their cells are documents, and the file is none.
    """
    if name.endswith(PYTHON_SUFFIXES):
        return True
    from portside.launchfiles.names import may_launch

    return may_launch(name)


def is_of_interest(name: str) -> bool:
    """Whether anybody asks for a file of this name: to check it, or for what it says of others."""
    if name.endswith((*PYTHON_SUFFIXES, NOTEBOOK_SUFFIX)):
        return True
    from portside.launchfiles.names import kind_of

    return kind_of(name) is not None


def launch_format(path: Path, text: str) -> Format | None:
    """The kind of launch file; None for Python, and for what is taken for it where nothing else is known."""
    if is_python_name(path.name):
        return None
    from portside.launchfiles.reading import format_of

    return format_of(path.as_posix(), text)


def launch_content(path: Path) -> bytes | None:
    """What a file holds whose name may be that of a launch file; None where it turns out to be none.

    Raises UnreadableFile.
    """
    from portside.launchfiles.prefilter import LARGEST_BYTES

    try:
        if path.stat().st_size > LARGEST_BYTES:
            return None
    except OSError:
        pass  # reading it says what is wrong
    data = read_bytes(path)
    is_text = b"\0" not in data
    return data if is_text and launch_format(path, data.decode("utf-8", "replace")) is not None else None


def is_interesting(data: bytes, path: Path) -> bool:
    """Whether a rule might say something of this content. False is certain, True is not."""
    if is_notebook_name(path.name):
        return python_prefilter.is_interesting(decode(path, data).text.encode("utf-8", "replace"))
    if is_python_name(path.name) or launch_format(path, data.decode("utf-8", "replace")) is None:
        return python_prefilter.is_interesting(data, path.name)
    from portside.launchfiles.prefilter import is_interesting as may_matter

    return may_matter(data)
