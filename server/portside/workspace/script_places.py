"""Where scripts lie: found out once for as long as nothing there changes, as with most keystrokes."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from portside.python.launching.script_place import ScriptPlace
from portside.workspace.import_roots import import_root, script_place

# What is read in each of the folders; a name that comes or goes shows at the folder itself.
_READ = ("", "__init__.py", ".env", "portside.toml", "pyproject.toml")

_State = tuple[tuple[int, int] | None, ...]

# Of two changes that are nearer to each other, a file system may give both the same time.
_TICK_NS = 20_000_000


class ScriptPlaces:
    """The places of a project's scripts, absolute paths, as `script_place` and `import_root` have them.

    unsaved: the texts that files are to have, which count for the settings, too.
    """

    def __init__(self, root: Path, unsaved: Mapping[Path, str]) -> None:
        self._root = root
        self._unsaved = unsaved
        self._places: dict[Path, tuple[object, ScriptPlace]] = {}
        self._tops: dict[str, tuple[_State, Path]] = {}
        self._watched: dict[tuple[str, bool], tuple[str, ...]] = {}

    def of(self, script: Path, imported_names: frozenset[str] | None) -> ScriptPlace:
        """imported_names: what other files import from the script; None if that is unknown."""
        files = self._state(os.path.dirname(script), content=True)  # noqa: PTH120 - with every keystroke
        known = self._places.get(script)
        if known is not None and known[0] == (imported_names, files):
            return self._as_edited(known[1])
        place = script_place(script, self._root, imported_names=imported_names)
        if _is_past(files):
            self._places[script] = (imported_names, files), place
        return self._as_edited(place)

    def _as_edited(self, place: ScriptPlace) -> ScriptPlace:
        settings = place.settings
        text = self._unsaved.get(Path(settings.path)) if settings is not None and self._unsaved else None
        if settings is None or text is None:
            return place
        return replace(place, settings=replace(settings, text=text))

    def top(self, script: Path) -> Path:
        """The folder from which the script's module name counts."""
        folder = os.path.dirname(script)  # noqa: PTH120 - see above
        state = self._state(folder, content=False)
        known = self._tops.get(folder)
        if known is not None and known[0] == state:
            return known[1]
        top = import_root(script, self._root)
        if _is_past(state):
            self._tops[folder] = state, top
        return top

    def _state(self, folder: str, *, content: bool) -> _State:
        """What tells whether the folders, or the files in them, are what they were."""
        watched = self._watched.get((folder, content))
        if watched is None:
            watched = self._watched[folder, content] = tuple(self._each(folder, _READ if content else ("",)))
        return tuple(map(_state, watched))

    def _each(self, folder: str, names: tuple[str, ...]) -> list[str]:
        root = str(self._root)
        folders = [folder, *map(str, Path(folder).parents)]
        inside = folders[: folders.index(root) + 1] if root in folders else [folder, root]
        found = [os.path.join(each, name) for each in inside for name in names]  # noqa: PTH118 - see above
        return [*found, os.path.join(os.path.dirname(root), "pyproject.toml")] if len(names) > 1 else found  # noqa: PTH118, PTH120


def _is_past(state: _State) -> bool:
    """Whether another change would show."""
    newest = max((one[0] for one in state if one is not None), default=0)
    return time.time_ns() - newest > _TICK_NS


def _state(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - see above
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
