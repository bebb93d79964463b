"""How the uvicorn command names a script: its module, from which folder, with which `--app-dir`.

`python core/server.py` puts the folder `core` on sys.path, the command the folder
that it is run in. Both run in the same folder, so relative paths stay as they are.
"""

from __future__ import annotations

import keyword
import posixpath
import sys
from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """The pyproject.toml or portside.toml that a workspace has. path: as edits name it."""

    path: str
    text: str
    is_pyproject: bool


@dataclass(frozen=True, slots=True)
class ScriptPlace:
    """Where a script lies in its workspace, and what lies around it.

    path: from the workspace's root, with slashes. import_root: the folder, from the
    workspace's root, whose children are the top of the module names ("" for the root itself).
    beside, at_root: the names in the script's folder and in the workspace's root; folders end
    in a slash. imported_names: what other files import from the script, None if that is unknown.
    entry_points: the names in the script that `[project.scripts]` starts.
    """

    path: str
    import_root: str = ""
    beside: frozenset[str] = frozenset()
    at_root: frozenset[str] = frozenset()
    imported_names: frozenset[str] | None = frozenset()
    entry_points: frozenset[str] = frozenset()
    settings: SettingsFile | None = None

    @property
    def folder(self) -> str:
        return posixpath.dirname(self.path)

    @property
    def stem(self) -> str:
        return posixpath.basename(self.path).removesuffix(".py").removesuffix(".pyw")


@dataclass(frozen=True, slots=True)
class ImportTarget:
    """How a module is named on the command line.

    app_dir: for `--app-dir`, None where the folder that the command runs in is right.
    cwd: the folder to run it in, from the workspace's root; "" for the root.
    """

    module: str
    app_dir: str | None = None
    cwd: str = ""


# Packages that a folder of the same name, having no `__init__.py`, never wins against.
_INSTALLED = frozenset(
    {
        "test",  # of the standard library, though sys.stdlib_module_names leaves it out
        "vllm",
        "uvicorn",
        "fastapi",
        "starlette",
        "torch",
        "transformers",
        "pydantic",
        "openai",
        "sglang",
        "ray",
    }
)


def own_target(
    place: ScriptPlace, imported: Collection[str], opened: Collection[str], *, has_relative_imports: bool
) -> ImportTarget | str:
    """How to name the script itself, or why it can't be, as a sentence.

    imported: the first parts of all names that it imports absolutely.
    opened: the relative paths that it reads or writes.
    """
    if problem := _unimportable(place):
        return problem
    if _runs_in_its_folder(place, opened):
        return ImportTarget(place.stem, cwd=place.folder)
    packages = _below(place.folder, place.import_root)
    needs_folder = packages and not has_relative_imports and _imports_siblings(place, imported)
    if needs_folder or not all(map(_is_name, packages)) or (packages and _is_shadowed(packages[0])):
        return ImportTarget(place.stem, app_dir=place.folder)
    return ImportTarget(".".join((*packages, place.stem)), app_dir=place.import_root or None)


def other_target(place: ScriptPlace, module: str) -> ImportTarget:
    """How to name a module that the script gives as an import string, `app.main`."""
    first = module.partition(".")[0]
    if place.folder and not {f"{first}.py", f"{first}/"}.isdisjoint(place.beside):
        return ImportTarget(module, app_dir=place.folder)
    at_root = not {f"{first}.py", f"{first}/"}.isdisjoint(place.at_root)
    return ImportTarget(module, app_dir=None if at_root else place.import_root or None)


def _unimportable(place: ScriptPlace) -> str | None:
    if place.stem == "__main__":
        return "`__main__.py` is there to be run as a script"
    if not _is_name(place.stem):
        return f"`{posixpath.basename(place.path)}` can't be imported: `{place.stem}` is no module name"
    return None


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def _below(folder: str, root: str) -> tuple[str, ...]:
    inside = folder[len(root) :].strip("/") if root else folder
    return tuple(inside.split("/")) if inside else ()


def _imports_siblings(place: ScriptPlace, imported: Collection[str]) -> bool:
    return any(f"{name}.py" in place.beside or f"{name}/" in place.beside for name in imported)


def _runs_in_its_folder(place: ScriptPlace, opened: Collection[str]) -> bool:
    """Whether the script opens something that lies beside it and not where the workspace begins."""
    if not place.folder:
        return False
    for path in opened:
        first, slash, _ = path.removeprefix("./").partition("/")
        if first + slash in place.beside and first + slash not in place.at_root:
            return True
    return False


def _is_shadowed(package: str) -> bool:
    """Whether `import package` finds another one, or would hide another one that is needed."""
    return package in sys.stdlib_module_names or package in _INSTALLED
