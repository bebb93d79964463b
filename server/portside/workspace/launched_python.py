"""Which Python file of the workspace a launch starts, and what that file does.

A path is looked for where the launch would start: from its folder, from the folders above, and for a path
inside an image from what is copied there. What is nowhere to be found is called missing only where nothing
else can have put it there.
"""

from __future__ import annotations

import functools
import os
import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from portside.launchfiles.docker.image_files import in_context
from portside.launchfiles.facts import Format, Launch, LaunchFile, Serves, Unit
from portside.launchfiles.graph.around import folder_of, joined
from portside.launchfiles.graph.launched import UNKNOWN, Launched
from portside.lint.source import SourceFile
from portside.python.facts import ModuleFacts, module_facts
from portside.python.running.idle_script import bound_names, ends_at_once
from portside.records import dataclass
from portside.workspace.launch_texts import LaunchTexts
from portside.workspace.local_modules import LocalModules
from portside.workspace.presence import exists
from portside.workspace.text_file import UnreadableFile, read_text_file, version
from portside.workspace.walk import PYTHON_SUFFIXES

_PLAIN = re.compile(r"[\w./@+-]+")
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
# Code that comes from elsewhere while the image is built or before the server starts.
_BRINGS_FILES = re.compile(
    r"git\s+clone|\b(?:wget|curl)\s+(?:-|http)(?![^\n]*(?:localhost|127\.0\.0\.1))|--from=|\bgsutil\b|\baws\s+s3\b|\brsync\b|\bscp\b|\bunzip\b|\btar\s+-?x"
    r"|ADD\s+http|\bcp\s|\bmv\s|\bln\s|\bcat\s*>|<<|\btee\b|huggingface-cli|hf\s+download|volumes:|volumeMounts"
)


# Without one of these, a name that a file binds stands in it.
_BINDS_UNNAMED = re.compile(rb"import[\s\\]*\*|__getattr__|globals\(\)|exec\(|setattr\(")


@dataclass(frozen=True, slots=True)
class _Module:
    """What is kept of a file."""

    names: frozenset[str] | None
    apps: tuple[str, ...]
    ends_at_once: bool
    is_vllm_code: bool


class LaunchedPython:
    """Effect: a launch whose file is not where it should be has the workspace walked."""

    def __init__(self, texts: LaunchTexts, modules: LocalModules) -> None:
        self._texts = texts
        self._root = texts.root
        self._top = str(texts.root).rstrip(os.sep) + os.sep
        self._modules = modules
        self._known: dict[str, tuple[object, _Module | None]] = {}
        self._places: frozenset[str] | None = None
        self._has_submodules: bool | None = None
        texts.tell(self._forget)

    def of(self, file: LaunchFile, unit: Unit, launch: Launch, text: str) -> Launched:
        """What the launch of this unit of the file starts. text: of the launch file."""
        names = list(_names(launch))
        if not names or launch.elsewhere or _is_escaped(launch, text):
            return UNKNOWN
        exact = self._exact(file, unit, launch, names)
        path = exact or self._by_name(names)
        if path is None:
            return Launched(missing=self._missing(file, unit, launch, names, text))
        module = self._module(path)
        if module is None:
            return Launched(path)
        return Launched(
            path,
            None,
            # Another file of that name may be meant, which is not in the workspace.
            self._bound(launch, module, self._others(file, unit, launch, names, path)) if exact else None,
            module.apps,
            module.ends_at_once,
            module.is_vllm_code,
        )

    def _forget(self, path: str | None) -> None:
        if path is None or path.endswith(PYTHON_SUFFIXES):
            self._places = None
        self._has_submodules = None

    # Where it is

    def _exact(self, file: LaunchFile, unit: Unit, launch: Launch, names: Sequence[str]) -> str | None:
        for base in _bases(file, unit):
            found: defaultdict[int, set[str]] = defaultdict(set)
            for name in names:
                for rank, path in _readings(base, unit, launch, name):
                    if os.path.isfile(self._top + path):  # noqa: PTH113 - with every keystroke
                        found[rank].add(path)
            if found:
                best = found[min(found)]
                return best.pop() if len(best) == 1 else None
        return None

    def _by_name(self, names: Sequence[str]) -> str | None:
        """The one file of the workspace whose path ends like this."""
        found = {path for name in names for path in self._ending(name)}
        return found.pop() if len(found) == 1 else None

    def _ending(self, name: str) -> Iterator[str]:
        parts = [part for part in name.split("/") if part not in ("", ".", "..")]
        tail = "/" + "/".join(parts)
        for path in self._texts.python().get(parts[-1] if parts else "", ()):
            if f"/{path}".endswith(tail) or tail.endswith(f"/{path}"):
                yield path

    def _others(
        self, file: LaunchFile, unit: Unit, launch: Launch, names: Sequence[str], path: str
    ) -> Iterator[str]:
        """What might be meant besides this file.

        An image that is built from the folder of its own code has nothing else, unless that folder lies in
        the one that it is built from.
        """
        near, *above = (
            {path for name in names for _, path in _readings(base, unit, launch, name)}
            for base in _bases(file, unit)
        )
        if unit.copies and path in near:
            yield from set().union(*above)
        else:
            yield from {one for name in names for one in self._ending(posixpath.basename(name))}

    def _bound(self, launch: Launch, module: _Module, others: Iterable[str]) -> frozenset[str] | None:
        """What the module binds; where it lacks the app, another one might be meant after all."""
        text = launch.target.text if launch.target is not None else ""
        wanted = text.partition(":")[2].partition("(")[0].partition(".")[0]
        if module.names is None or launch.serves is not Serves.APP or wanted in module.names:
            return module.names
        for path in others:
            other = self._module(path) if not _is_package(path) and self._may_bind(path, wanted) else None
            if other is not None and (other.names is None or wanted in other.names):
                return None
        return module.names

    def _may_bind(self, path: str, name: str) -> bool:
        """Whether the file can bind this name, by a look at its text: most of the same name have no app."""
        if self._texts.is_unsaved(path):
            return True
        data = self._texts.data(path)
        return data is None or name.encode() in data or _BINDS_UNNAMED.search(data) is not None

    def _folders(self) -> frozenset[str]:
        """Those that hold Python."""
        if self._places is None:
            python = self._texts.python().values()
            self._places = frozenset(folder_of(path) for paths in python for path in paths)
        return self._places

    # Where it is not

    def _missing(
        self, file: LaunchFile, unit: Unit, launch: Launch, names: Sequence[str], text: str
    ) -> str | None:
        """The path that should be there: its folder is, and has Python; nothing has that name anywhere."""
        wanted = names[0]
        if launch.serves is Serves.MODULE and "/" not in wanted.removeprefix(f"{launch.app_dir or ''}/"):
            return None  # a package that is installed
        if any(self._texts.python().get(posixpath.basename(name)) for name in names if not _is_package(name)):
            return None
        if any(self._ending(name) and list(self._ending(name)) for name in names):
            return None
        if _brings_files(text) or self._submodules():
            return None
        for base in _bases(file, unit):
            for path in _certain(base, unit, launch, wanted):
                if self._is_place(folder_of(path), base, file, unit):
                    return path
        return None

    def _is_place(self, folder: str, base: str, file: LaunchFile, unit: Unit) -> bool:
        """Whether code that is started lies in this folder: Python is there, and so is the launch file.

        Of an image it is enough that Python is somewhere below what is copied there.
        """
        if folder == base and base not in (_home(file), _bases(file, unit)[0]):
            return False
        folders = self._folders()
        below = f"{folder}/" if folder else ""
        return folder in folders or (bool(unit.copies) and any(f"{f}/".startswith(below) for f in folders))

    def _submodules(self) -> bool:
        if self._has_submodules is None:
            self._has_submodules = exists(self._root / ".gitmodules")
        return self._has_submodules

    # What it does

    def _module(self, path: str) -> _Module | None:
        absolute = self._root / path
        overlay = self._modules.overlays.get(absolute)
        key = version(absolute, overlay)
        if key is None:
            return None
        known = self._known.get(path)
        if known is None or known[0] != key:
            known = self._known[path] = (key, self._read(absolute, overlay))
        return known[1]

    def _read(self, path: Path, overlay: str | None) -> _Module | None:
        try:
            text = overlay if overlay is not None else read_text_file(path).text
        except UnreadableFile:
            return None
        facts = module_facts(SourceFile(str(path), text))
        apps = tuple(app.name for app in facts.apps if app.name is not None and not app.is_router)
        return _Module(bound_names(facts), apps, ends_at_once(facts), self._is_vllm_code(path, facts))

    def _is_vllm_code(self, path: Path, facts: ModuleFacts) -> bool:
        top = self._modules.top(path)
        return facts.is_vllm_code or self._modules.engines.imports_vllm_code(path, facts, top)


def _names(launch: Launch) -> Iterator[str]:
    """The paths, seen from where the launch starts, one of which its target is."""
    text = launch.target.text if launch.target is not None else ""
    if launch.serves is Serves.SCRIPT and text.endswith(".py") and _PLAIN.fullmatch(text):
        yield text
    elif launch.serves in (Serves.APP, Serves.MODULE):
        module = text.partition(":")[0] if launch.serves is Serves.APP else text
        if _MODULE.fullmatch(module) and (launch.app_dir is None or _PLAIN.fullmatch(launch.app_dir)):
            path = posixpath.join(launch.app_dir or "", module.replace(".", "/"))
            yield f"{path}.py"
            yield f"{path}/{'__init__' if launch.serves is Serves.APP else '__main__'}.py"


def _is_escaped(launch: Launch, text: str) -> bool:
    """Whether a backslash stands in the target: a path of Windows, which a shell reads otherwise."""
    target = launch.target
    return target is not None and "\\" in text[target.start : target.end]


def _is_package(name: str) -> bool:
    return name.endswith(("/__init__.py", "/__main__.py"))


def _home(file: LaunchFile) -> str:
    folder = folder_of(file.path)
    return folder_of(folder) if file.format in (Format.VSCODE_LAUNCH, Format.VSCODE_TASKS) else folder


def _bases(file: LaunchFile, unit: Unit) -> list[str]:
    """The folders that a relative path may count from: the build's, the file's, and those above."""
    bases = []
    if unit.build is not None and (context := joined(folder_of(file.path), unit.build.folder)) is not None:
        bases.append(context)
    folder = _home(file)
    while folder:
        bases.append(folder)
        folder = folder_of(folder)
    return list(dict.fromkeys([*bases, ""]))


def _certain(base: str, unit: Unit, launch: Launch, name: str) -> Iterator[str]:
    """Where the path leads from a folder of the workspace; not for what only an image or a machine knows."""
    folder = launch.folder if launch.folder is not None else unit.folder
    if folder and not _PLAIN.fullmatch(folder):
        return
    whole = _whole(unit, launch, name)
    found = in_context(unit.copies, whole) if whole.startswith("/") else (whole,)
    for one in found:
        if (path := joined(base, one)) is not None:
            yield path


def _whole(unit: Unit, launch: Launch, name: str) -> str:
    folder = launch.folder if launch.folder is not None else unit.folder
    return posixpath.join(folder, name) if folder and _PLAIN.fullmatch(folder) else name


def _readings(base: str, unit: Unit, launch: Launch, name: str) -> Iterator[tuple[int, str]]:
    """Where the path may lead from a folder of the workspace, the likeliest with the lowest number.

    For one inside an image: as it was copied; else without the folders in front that only the image has.
    """
    whole = _whole(unit, launch, name)
    if whole.startswith("/"):
        for inside in in_context(unit.copies, whole):
            if (path := joined(base, inside)) is not None:
                yield 0, path
    parts = [part for part in whole.split("/") if part not in ("", ".")]
    for first in range(len(parts) if whole.startswith("/") else 1):
        if (path := joined(base, "/".join(parts[first:]))) is not None:
            yield 1 + first, path
    if (path := joined(base, name)) is not None:
        yield 1 + len(parts), path


@functools.lru_cache(maxsize=2)
def _brings_files(text: str) -> bool:
    """Whether a launch file gets more than the workspace has; asked for each of its launches."""
    return _BRINGS_FILES.search(text) is not None
