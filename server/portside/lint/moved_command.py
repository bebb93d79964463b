"""The command that takes the place of a script: what each of its launches becomes, in whatever format."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import field

from portside.records import dataclass

VARIABLE = "SERVER_ARGS"


@dataclass(frozen=True, slots=True)
class Argument:
    """What becomes of an option of the script. flag: uvicorn's. takes_value: whether a word follows it.

    stays: whether the script goes on reading it, too.
    """

    flag: str
    takes_value: bool = True
    stays: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """An option of the new command. words: ready for a shell, the flag first."""

    flag: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MovedCommand:
    """`uvicorn MODULE:NAME OPTIONS` in place of `python SCRIPT ARGUMENTS`.

    script: from the workspace's root, with slashes. modules: what the app's module may be called, each
    with the folder that is on the path then, the best first. own: whether that module is the script itself.
    arguments: options of the script that are options of uvicorn from now on, by the word that is typed.
    hands_on: whether other arguments reach the app, by `SERVER_ARGS`; else there must be none.
    needs_runner: whether the script names what it needs itself (`# /// script`), which the command can't.
    deciding: words of the script without which the options are what they are: `--prod` for `--reload`.
    """

    script: str
    modules: tuple[tuple[str, str], ...]
    name: str
    factory: bool = False
    own: bool = True
    options: tuple[Option, ...] = ()
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    hands_on: bool = False
    needs_runner: bool = False
    deciding: frozenset[str] = frozenset()

    def target(self, folder: str | None, written: str, *, module: bool) -> tuple[str, str | None] | None:
        """The app and the `--app-dir`, for a launch that starts in `folder` and says `written`.

        folder: from the workspace's root; None where that can't be told. module: `python -m written`.
        None where the app has no name from there.
        """
        if any(option.flag == "--app-dir" for option in self.options):
            return f"{self.modules[0][1]}:{self.name}", None
        if module and self.own and not written.startswith("."):
            inner = f"{written}.__main__" if self._is_package(written) else written
            return f"{inner}:{self.name}", None
        home = posixpath.dirname(self.script)
        # What leads to the script leads to its own folder first of all.
        nearest = sorted(self.modules, key=lambda module: module[0] != home)
        for path, name in self.modules if folder is not None else nearest:
            found = _between(folder, path) if folder is not None else self._beside(path, written)
            if found is not None:
                return f"{name}:{self.name}", found if found != "." else None
        if folder is not None and not self.own:
            path, name = self.modules[0]
            return f"{name}:{self.name}", posixpath.relpath(path or ".", folder or ".")
        return None

    def _is_package(self, written: str) -> bool:
        is_main = posixpath.basename(self.script) == "__main__.py"
        return is_main and not written.endswith("__main__")

    def _beside(self, path: str, written: str) -> str | None:
        """The folder on the path, by way of the script as the launch names it."""
        home = posixpath.dirname(self.script)
        up = posixpath.relpath(home or ".", path or ".") if _between(path, home) is not None else None
        named = posixpath.dirname(written) or "."
        if up is None:
            return None
        return named if up == "." else posixpath.join(named, *[".."] * len(up.split("/")))


def start_folder(script: str, written: str, directory: str | None, *, module: bool) -> str | None:
    """The folder of the workspace that a launch starts in, by how it names the script; None for unknown.

    A container has the workspace elsewhere, so `written` need only agree with the end of the script's path.
    """
    relative = f"{written.replace('.', '/')}.py" if module else _from(directory, written)
    if relative is None:
        return None
    names = [relative, f"{relative[:-3]}/__main__.py"] if module else [relative]
    for name in names:
        if script == name:
            return ""
        if script.endswith(f"/{name}"):
            return script[: -len(name) - 1]
    return None


def _from(directory: str | None, written: str) -> str | None:
    """The path from where the launch starts; None where a variable or another folder leads there."""
    path = written.replace("\\", "/")
    if any(sign in path for sign in "$%~`"):
        return None
    if path.startswith("/"):
        base = posixpath.normpath(directory) if directory and directory.startswith("/") else None
        inside = base is not None and path.startswith(base.rstrip("/") + "/")
        return posixpath.normpath(path[len(base.rstrip("/")) + 1 :]) if base is not None and inside else None
    path = posixpath.normpath(path)
    return None if path.startswith("..") else path


def _between(folder: str | None, path: str) -> str | None:
    """The way from the folder down to the path; "." for itself, None where it is not below it."""
    if folder is None:
        return None
    if path == folder:
        return "."
    if not folder:
        return path
    return path[len(folder) + 1 :] if path.startswith(f"{folder}/") else None
