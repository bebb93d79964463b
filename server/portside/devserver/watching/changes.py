"""Which saved files make the running app another one."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from portside.devserver.planning.plan import Plan
from portside.devserver.watching import ignored
from portside.settings.patterns import as_in_gitignore, matcher

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_JUST_BEFORE_S = 1.0
# What a folder given with --reload-dir may hold besides modules; not data, not logs.
_CONFIGURED = frozenset(
    {".py", ".html", ".jinja", ".jinja2", ".j2", ".toml", ".yaml", ".yml", ".env", ".ini", ".cfg"}
)


class Changes:
    """failed: files of generations that could not load; until one does, any module may be the cure."""

    def __init__(self, plan: Plan) -> None:
        folders = [plan.folder / folder for folder in plan.reload_dirs]
        self._folder = plan.folder.resolve()
        self._configured = tuple(str(folder.resolve()) + os.sep for folder in folders)
        self._exactly = frozenset({*(str(folder.resolve()) for folder in folders), *plan.target.files})
        self._include_patterns = as_in_gitignore(plan.reload_includes, plan.folder)
        self._included = matcher(plan.reload_includes, plan.folder)
        self._excluded = matcher(plan.reload_excludes, plan.folder)
        self._environment = frozenset(str(path.resolve()) for path in plan.env_files)
        self._unmatched: dict[str, float] = {}
        self.failed: frozenset[str] = frozenset()

    def included_folders(self) -> list[Path]:
        """Where a pattern names a folder: to be watched even if git ignores it."""
        fixed = (
            re.split(r"[*?\[]", pattern.lstrip("!/"), maxsplit=1)[0] for pattern in self._include_patterns
        )
        return [self._folder / path.rpartition("/")[0] for path in fixed]

    def may_count(self, path: str) -> bool:
        """Whether a change of the file can matter at all, whatever the app has imported."""
        if path in self._environment:
            return True
        return path.endswith(".py") or self._is_configured(path) or self._matches(self._included, path)

    def relevant(self, paths: frozenset[str], used: frozenset[str], serving: bool) -> frozenset[str]:
        """Those that count. used: what the workers have imported. serving: whether one answers."""
        uncertain = bool(self.failed) or not serving
        found = frozenset(path for path in paths if self._counts(path, used, uncertain))
        now = time.monotonic()
        recent = {path: at for path, at in self._unmatched.items() if at > now - _JUST_BEFORE_S}
        self._unmatched = recent | dict.fromkeys(paths - found, now)
        return found

    def _counts(self, path: str, used: frozenset[str], uncertain: bool) -> bool:
        if path in self._environment:  # mostly ignored by git, and asked for by name
            return True
        if self._matches(self._excluded, path):
            return False
        if self._matches(self._included, path):
            return True
        is_module = path.endswith(".py") and uncertain
        if not (path in used or path in self.failed or is_module or self._is_configured(path)):
            return False
        return not ignored.is_ignored(Path(path))

    def _matches(self, patterns: GitIgnoreSpec, path: str) -> bool:
        """The patterns are those of a .gitignore in the server's folder."""
        if not len(patterns) or not path.startswith(f"{self._folder}{os.sep}"):
            return False
        return patterns.match_file(os.path.relpath(path, self._folder))

    def _is_configured(self, path: str) -> bool:
        below = path.startswith(self._configured) and os.path.splitext(path)[1] in _CONFIGURED
        return below or path in self._exactly

    def missed(self, imported: frozenset[str]) -> frozenset[str]:
        """Of modules that were imported late: those edited just before we were told of them."""
        just_now = time.monotonic() - _JUST_BEFORE_S
        return frozenset(path for path in imported if self._unmatched.get(path, 0.0) > just_now)
