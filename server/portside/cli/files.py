"""The files that a command line means."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from portside.checking import Checker
from portside.records import dataclass
from portside.workspace.file_kinds import is_notebook_name, is_python_name, launch_content, may_be_checked
from portside.workspace.presence import exists, is_folder
from portside.workspace.text_file import UnreadableFile, read_bytes, read_start


@dataclass(frozen=True, slots=True)
class Target:
    """A file to work on, by its absolute path. named: whether the user named it, and not just a folder above.

    Most of many are never asked for more than the plain text of the path.
    """

    file: str
    named: bool

    @property
    def path(self) -> Path:
        return Path(self.file)


@dataclass(frozen=True, slots=True)
class NoTarget:
    """A path of the command line that there is nothing to do with. fatal: the user has to know."""

    file: str
    reason: str
    fatal: bool = True


def targets(paths: Iterable[Path], checker: Checker) -> Iterator[Target | NoTarget]:
    """Every file once, in the order of the command line, then of the path. Raises SettingsError."""
    seen: set[str] = set()
    for path in paths:
        for target in _of(path, checker):
            if target.file not in seen:
                seen.add(target.file)
                yield target


def content(target: Target) -> bytes | None:
    """What the file holds; None where it is of no kind that Portside reads. Raises UnreadableFile."""
    if target.named or is_python_name(target.path.name) or is_notebook_name(target.path.name):
        return read_bytes(target.path)
    return launch_content(target.path)


def label(path: Path | str) -> str:
    """The path as the user should see it: from where they are, when it lies below."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _of(path: Path, checker: Checker) -> Iterator[Target | NoTarget]:
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - links stay links
    if is_folder(absolute):
        if not os.access(absolute, os.R_OK | os.X_OK):
            yield NoTarget(str(absolute), "can't be listed: permission denied")
        for file in checker.survey.walk(str(absolute), checker.excluded):
            if _is_meant(file.rpartition(os.sep)[2]):
                yield Target(file, named=False)
        while checker.survey.unlisted:
            folder = checker.survey.unlisted.pop(0)
            if folder != str(absolute):
                yield NoTarget(folder, "can't be listed, so nothing in it was looked at", fatal=False)
    elif not exists(absolute):
        yield NoTarget(str(absolute), _why_none(absolute))
    elif _is_python(absolute) or _is_launch_file(absolute):
        yield Target(str(absolute), named=True)
    elif absolute.suffix == ".pyi":
        yield NoTarget(str(absolute), "is a stub, which is never run", fatal=False)
    else:
        yield NoTarget(str(absolute), "is neither a Python file nor a launch file", fatal=False)


def _why_none(path: Path) -> str:
    """Why there is nothing: no such file, a link that goes in circles, a name that is too long."""
    try:
        read_bytes(path)
    except UnreadableFile as error:
        return str(error)
    return "has just appeared; check again"


def _is_python(path: Path) -> bool:
    return is_python_name(path.name) or is_notebook_name(path.name) or _is_python_script(path)


def _is_meant(name: str) -> bool:
    return may_be_checked(name) or is_notebook_name(name)


def _is_launch_file(path: Path) -> bool:
    try:
        return may_be_checked(path.name) and launch_content(path) is not None
    except UnreadableFile:
        return True  # reading it will say what is wrong


def _is_python_script(path: Path) -> bool:
    """Whether a file without a suffix says in its first line that Python runs it."""
    if path.suffix:
        return False
    first = read_start(str(path), 200)
    if first is None:
        return True  # reading it will say what is wrong
    return first.startswith(b"#!") and b"python" in first.partition(b"\n")[0]
