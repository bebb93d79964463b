"""Where a script lies: its import root and what is around it. Reads names and settings, imports nothing."""

from __future__ import annotations

import ast
import functools
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from portside.python.launching.script_place import Folder, ScriptPlace, SettingsFile
from portside.workspace.environment_file import launch_variables
from portside.workspace.presence import entry_is_folder, is_file
from portside.workspace.text_file import UnreadableFile, read_bytes, read_text_file, version

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# A folder with one of these is the top of a project of its own.
_PROJECT_MARKS = ("pyproject.toml", "setup.py", "setup.cfg", "portside.toml", "requirements.txt", "Pipfile")
# What has more bytes than this is taken for code unread.
_MOST_OF_COMMENTS = 4096
_MOST_PROJECTS = 200
_MOST_ABOVE = 3


def is_project(folder: str) -> bool:
    """Whether a project of its own begins in the folder; a package is none, whatever lies in it."""
    exists = os.path.exists
    is_marked = any(exists(f"{folder}{os.sep}{mark}") for mark in _PROJECT_MARKS)
    return is_marked and not _is_package(folder)


def import_root(script: Path, root: Path, is_project: Callable[[str], bool] = is_project) -> Path:
    """The folder from which the script's module name counts; at least `root`.

    The nearest project above the script, its `src` folder where the script lies in one;
    folders with `__init__.py` are packages, so never the import root themselves.
    """
    path, top = str(script), str(root)
    below = top.rstrip(os.sep) + os.sep
    project, folder = top, os.path.dirname(path)  # noqa: PTH120 - asked for many files of a large tree
    while folder != top and folder.startswith(below):
        if is_project(folder):
            project = folder
            break
        folder = os.path.dirname(folder)  # noqa: PTH120
    source = project.rstrip(os.sep) + f"{os.sep}src"
    is_inside = path.startswith(source + os.sep) and not _is_package(source)
    return Path(source if is_inside else project)


def script_place(
    script: Path,
    root: Path,
    *,
    imported_names: frozenset[str] | None = frozenset(),
    settings_path: str | None = None,
) -> ScriptPlace:
    """All that the launch fix has to know about where the script lies.

    settings_path: how edits name the settings file of `root`; its path where None.
    """
    top = import_root(script, root)
    return ScriptPlace(
        path=_relative(script, root),
        import_root="" if top == root else _relative(top, root),
        folders=tuple(_folder(folder, root) for folder in _between(script.parent, root)),
        imported_names=imported_names,
        entry_points=_entry_points(script, top, root),
        settings=_settings_file(root, settings_path),
        variables=launch_variables(_between(script.parent, root)),
        above=tuple(part for part in root.parts if part != root.anchor),
        installed=_declared(script, root),
    )


def _is_package(folder: Path | str) -> bool:
    return os.path.exists(f"{folder}{os.sep}__init__.py")  # noqa: PTH110 - asked often


def _relative(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.name


def _between(folder: Path, root: Path) -> list[Path]:
    """The folder and those above it, up to the root."""
    if folder != root and root not in folder.parents:
        return [folder]
    above = [parent for parent in folder.parents if parent == root or root in parent.parents]
    return [folder, *above] if folder != root else [folder]


def _folder(path: Path, root: Path) -> Folder:
    names, modules, shadowing = _contents(str(path), _time_of_change(path))
    runs_code = "__init__.py" in names and _runs_code(path / "__init__.py")
    return Folder("" if path == root else _relative(path, root), names, modules, runs_code, shadowing)


def _runs_code(path: Path) -> bool:
    """Whether there is more in the file than comments and a docstring."""
    if _size(path) > _MOST_OF_COMMENTS:
        return True
    try:
        body = ast.parse(read_bytes(path)).body
    except UnreadableFile:
        return False
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return True
    return not all(map(_is_constant, body))


def _is_constant(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _time_of_change(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


@functools.lru_cache(maxsize=512)
def _contents(path: str, _changed_at: int) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """The names in a folder, the modules, and the packages that are found before a file of their name.

    The second argument makes a change count.
    """
    names, modules, files = set[str](), set[str](), set[str]()
    for entry in _each_entry(path):
        names.add(entry.name)
        stem, dot, suffix = entry.name.rpartition(".")
        if dot and suffix in {"py", "pyw"}:
            modules.add(stem)
            files.add(stem)
        elif entry.name.isidentifier() and entry_is_folder(entry) and _holds_python(entry.path):
            modules.add(entry.name)
    shadowing = {name for name in files & names if _is_package(Path(path, name))}
    return frozenset(names), frozenset(modules), frozenset(shadowing)


def _holds_python(folder: str) -> bool:
    """Whether there is Python in the folder, or right below; `docker/` and `data/` are no packages."""
    below: list[str] = []
    for entry in _each_entry(folder):
        if entry.name.endswith(".py"):
            return True
        if entry.name.isidentifier() and entry_is_folder(entry):
            below.append(entry.path)
    return any(inner.name.endswith(".py") for path in below for inner in _each_entry(path))


def _each_entry(folder: str) -> Iterator[os.DirEntry[str]]:
    """One after the other: folders of data may hold a great many, and often the first one tells."""
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError:
        return


def _settings_file(root: Path, label: str | None) -> SettingsFile | None:
    """portside.toml counts before pyproject.toml, as in the settings."""
    for name in ("portside.toml", "pyproject.toml"):
        path = root / name
        if is_file(path):
            try:
                return SettingsFile(label or str(path), read_text_file(path).text, name == "pyproject.toml")
            except UnreadableFile:
                return None
    return None


def _entry_points(script: Path, top: Path, root: Path) -> frozenset[str]:
    """The names in this script that an installed command starts: `[project.scripts]`, Poetry's too."""
    modules = {_dotted(script, top), _dotted(script, root)}
    found: set[str] = set()
    for folder in {top, root, top.parent}:
        path = folder / "pyproject.toml"
        targets, packages = _installed(path, version(path, None))
        for package, inside in packages:
            if folder / inside in script.parents:
                modules.add(_dotted(script, folder / inside, package))
        for target in targets:
            module, _, name = target.partition(":")
            if module.strip() in modules and name:
                found.add(re.split(r"\W", name.strip())[0])
    return frozenset(found)


@functools.lru_cache(maxsize=64)
def _installed(path: Path, version: object | None) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """What installed commands start, `app.server:main`, and packages that lie in folders of another name.

    Parsed once for each version of the file.
    """
    if version is None:
        return (), ()
    try:
        settings = tomllib.loads(read_bytes(path).decode("utf-8"))
    except (UnreadableFile, ValueError, RecursionError):
        return (), ()
    tables = (("project", "scripts"), ("project", "gui-scripts"), ("tool", "poetry", "scripts"))
    targets = tuple(str(target) for keys in tables for target in _table(settings, keys).values())
    folders = _table(settings, ("tool", "setuptools", "package-dir")).items()
    return targets, tuple((package, folder) for package, folder in folders if isinstance(folder, str))


def _declared(script: Path, root: Path) -> frozenset[str]:
    """What can be imported of the projects of the workspace that its settings say are installed.

    A project that is built and has its packages in `src` is itself: nothing else has them on the path.
    """
    found: set[str] = set()
    # A member of a workspace is opened as a project of its own, too.
    for folder in (*_between(script.parent, root), *root.parents[:_MOST_ABOVE]):
        path = folder / "pyproject.toml"
        patterns, is_built = _projects(path, version(path, None))
        source = folder / "src"
        if is_built and _time_of_change(source) and not _is_package(source):
            found |= _contents(str(source), _time_of_change(source))[1]
        for pattern in patterns:
            for project in _matching(folder, pattern):
                source = project / "src"
                inside = source if _time_of_change(source) else project
                found |= _contents(str(inside), _time_of_change(inside))[1]
    return frozenset(found)


def _matching(folder: Path, pattern: str) -> list[Path]:
    try:
        return list(islice(folder.glob(pattern), _MOST_PROJECTS))
    except (ValueError, NotImplementedError, IndexError):
        return []


@functools.lru_cache(maxsize=64)
def _projects(path: Path, version: object | None) -> tuple[tuple[str, ...], bool]:
    """The folders of the projects that are installed with this one: members of a uv workspace, paths.

    And whether it is built itself. Parsed once for each version of the file.
    """
    if version is None:
        return (), False
    try:
        settings = tomllib.loads(read_bytes(path).decode("utf-8"))
    except (UnreadableFile, ValueError, RecursionError):
        return (), False
    members = _table(settings, ("tool", "uv", "workspace")).get("members")
    sources = (
        source.get("path")
        for keys in (("tool", "uv", "sources"), ("tool", "poetry", "dependencies"))
        for source in _table(settings, keys).values()
        if isinstance(source, dict)
    )
    named = (*(members if isinstance(members, list) else ()), *sources)
    patterns = tuple(one.removeprefix("./") for one in named if isinstance(one, str) and one.strip("./"))
    return patterns, "build-system" in settings


def _table(settings: object, keys: Iterable[str]) -> Mapping[str, object]:
    for key in keys:
        settings = settings.get(key) if isinstance(settings, dict) else None
    return settings if isinstance(settings, dict) else {}


def _dotted(script: Path, top: Path, package: str = "") -> str:
    """The name of the script's module; `package` is what `top` is as a package, "" for none."""
    below = _relative(script, top).removesuffix(".py").replace("/", ".")
    return f"{package}.{below}".lstrip(".")
