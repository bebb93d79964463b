"""What a program imports, in order, and the variables that it sets in between: learnt, and followed again.

A recipe is a list of steps, as JSON: `["import", name, …]` and `["set", variable, value]` (null: unset). A
library may read a variable while it is imported, so what the program sets itself counts, where it does. What
a library sets as it is imported, it sets again. A variable that nothing was imported after is `late`.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys
import threading
import types
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from . import modules, preload

Step = Sequence[Any]
Settings = dict[str, "list[str | None]"]
"""Variables, and what they were set to, in that order; None: taken away."""

_OURS = __name__.partition(".")[0]
_LEFT_OUT = frozenset({"grpc", "__main__", "__mp_main__", _OURS})
"""grpc: forks only as long as its core has not been started, which an import of something else may do."""


class UnfitError(Exception):
    """What was imported here can't be forked. package: whose import did it, if that is known."""

    def __init__(self, reason: str, package: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.package = package


class Followed(NamedTuple):
    """What has been done here, and what was set meanwhile."""

    steps: Sequence[Step]
    settings: Settings


def follow(steps: Sequence[Step]) -> Followed:
    """Import and set all of it, then take back what was set: the program will set that itself.

    Raises UnfitError.
    """
    before: dict[str, str | None] = {}
    settings: Settings = {}
    for kind, *rest in steps:
        if kind == "import":
            _import(rest)
        else:
            variable, value = rest
            before.setdefault(variable, os.environ.get(variable))
            settings.setdefault(variable, []).append(value)
            _put(variable, value)
    for variable, value in before.items():
        if os.environ.get(variable) == settings[variable][-1]:
            _put(variable, value)
    if modules.holds_gpu():
        raise UnfitError("its imports put something on the GPU", None)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    gc.collect()
    gc.freeze()  # the collector of a worker is not to write into pages that all of them share
    return Followed(steps, settings)


def _put(variable: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(variable, None)
    else:
        os.environ[variable] = value


def _import(names: Sequence[str]) -> None:
    """What can't be imported is the program's business, later. Raises UnfitError."""
    threads, libraries = _count_threads(), _libraries_with_threads()
    for name in names:
        if name in sys.modules:
            continue
        try:
            importlib.import_module(name)
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: S112  (also what leaves with SystemExit)
            continue
        count = _count_threads()
        if count > threads:
            known, libraries = libraries, _libraries_with_threads()
            if threading.active_count() > 1 or libraries == known:
                raise UnfitError(f"importing {name} starts a thread", name.partition(".")[0])
            threads = count


def _count_threads() -> int:
    return len(os.listdir("/proc/self/task"))


def _libraries_with_threads() -> set[str]:
    """Copies of OpenBLAS in this process: it ends its threads before a fork and starts them anew after it."""
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        return {line.split(None, 5)[5] for line in maps if "openblas" in line}


class Learner:
    """Follows what the program does from now on, in a process that was new or had `followed` a recipe.

    Calls `stale` with a reason, in the middle of the program's load, as soon as that shows the recipe to be
    wrong: modules that are here may have read another value of a variable than the program gives it.
    """

    def __init__(
        self, followed: Followed | None, late: Iterable[str], stale: Callable[[str], object]
    ) -> None:
        self._followed = followed
        self._before = frozenset(sys.modules)
        self._late = set(late)
        self._stale = stale
        self._sets: list[tuple[int, str, str | None]] = []
        self._due = {
            variable: list(values) for variable, values in (followed.settings if followed else {}).items()
        }
        """What the program is yet to set, as it did before."""
        self._pid = os.getpid()
        self._is_over = False
        self._plain = os.putenv, os.unsetenv
        os.putenv, os.unsetenv = self._putenv, self._unsetenv  # type: ignore[assignment]

    def settle(self) -> None:
        """The program is loaded, and about to serve: what it sets from now on is no import's affair."""
        if self._is_over or os.getpid() != self._pid:
            return
        self._is_over = True
        os.putenv, os.unsetenv = self._plain
        gone = next((variable for variable, values in self._due.items() if values), None)
        if gone is not None:
            self._stale(f"{gone} is not set any more before the imports")

    def recipe(self) -> dict[str, Any]:
        """steps, late; heavy: whether it is worth an interpreter that waits."""
        names = [name if _is_installed(name) else None for name in list(sys.modules)]
        heavy = any(name and _is_heavy(name) for name in names)
        if self._followed is not None:
            # What was there already has lost its order; of what came, nothing was set in between.
            steps = [list(step) for step in self._followed.steps]
            _append_imports(steps, [name for name in names if name not in self._before])
            return {"steps": steps, "late": sorted(self._late), "heavy": heavy}
        steps = []
        done = 0
        late: list[str] = []
        for position, variable, value in self._sets:
            _append_imports(steps, names[done:position])
            done = max(done, position)
            if any(name and _is_heavy(name) for name in names[done:]):
                steps.append(["set", variable, value])
            else:
                late.append(variable)
        _append_imports(steps, names[done:])
        return {"steps": steps, "late": sorted({*late, *self._late}), "heavy": heavy}

    def _putenv(self, key: bytes, value: bytes) -> None:
        self._plain[0](key, value)
        self._note(os.fsdecode(key), os.fsdecode(value))

    def _unsetenv(self, key: bytes) -> None:
        self._plain[1](key)
        self._note(os.fsdecode(key), None)

    def _note(self, variable: str, value: str | None) -> None:
        if self._is_over or os.getpid() != self._pid or not _is_by_the_program():
            return
        self._sets.append((_count_complete(), variable, value))
        if self._followed is None or variable in self._late:
            return
        due = self._due.get(variable)
        if not due:
            self._stale(f"{variable} is set now before the imports")
        elif due.pop(0) != value:
            self._stale(f"{variable} has another value now")


def _count_complete() -> int:
    """How many modules are imported: one that is being imported comes after all that it imports itself."""
    specs = [getattr(module, "__spec__", None) for module in list(sys.modules.values())]
    return sum(not getattr(spec, "_initializing", False) for spec in specs)


def _append_imports(steps: list[list[Any]], names: Sequence[str | None]) -> None:
    found = [name for name in names if name]
    if found:
        steps.append(["import", *found])


def _is_installed(name: str) -> bool:
    """Whether a module can be imported beforehand: not the program's own, not ours, not one made by hand."""
    module = sys.modules.get(name)
    if module is None or name.partition(".")[0] in _LEFT_OUT:
        return False
    if getattr(module, "__spec__", None) is None:
        return False
    path = getattr(module, "__file__", None)
    return path is None or preload.is_third_party(path)


def _is_heavy(name: str) -> bool:
    """Whether it is more than the standard library and the web stack, which a spare has in no time."""
    path = getattr(sys.modules.get(name), "__file__", None)
    installed = isinstance(path, str) and ("site-packages" in path or "dist-packages" in path)
    return installed and name.partition(".")[0] not in preload.SAFE


_SETTERS = frozenset({"dotenv", "environ"})
"""Packages that set variables because the program tells them to."""
_PASS_ON = frozenset({__name__, "os", "collections.abc", "_collections_abc"})
"""Modules that come between who sets a variable and us."""


def _is_by_the_program() -> bool:
    """Whether the variable that is being set now is set by the program, not by a library for itself."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None:
        path = frame.f_code.co_filename
        name = str(frame.f_globals.get("__name__", ""))
        package = name.partition(".")[0]
        if path.startswith("<frozen importlib"):
            return False
        if name not in _PASS_ON and package not in _SETTERS:
            return package != _OURS and not preload.is_third_party(path)
        frame = frame.f_back
    return False
