"""What is watched for a run, and which of the changes concern it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from portside.devserver.planning.plan import Plan
from portside.devserver.watching.changes import Changes
from portside.devserver.watching.watch import Watcher


class Watching:
    """From now on. changed: is told of every file that was saved, from any thread."""

    def __init__(
        self, plan: Plan, changed: Callable[[frozenset[str]], None], say: Callable[[str], None]
    ) -> None:
        self._changes = Changes(plan)
        extra = [plan.folder / path for path in plan.reload_dirs]
        roots = [plan.folder, plan.target.folder(plan.folder), *extra, *self._changes.included_folders()]
        self._watcher = Watcher(roots, changed, self._changes.may_count, say)
        self._watcher.track(plan.target.files)
        self._watcher.start()

    def relevant(self, paths: frozenset[str], used: frozenset[str], serving: bool) -> frozenset[str]:
        """Those that count. used: what the workers have imported. serving: whether one answers."""
        return self._changes.relevant(paths, used, serving)

    def learn(self, files: frozenset[str]) -> frozenset[str]:
        """Files that a worker has imported are watched; those of them that were just saved unnoticed."""
        if files:
            self._watcher.track(files)
        return self._changes.missed(files)

    def failed(self, files: Iterable[str]) -> None:
        """A generation of these files can't load: an edit of any of them may be the cure."""
        self._changes.failed |= frozenset(files)

    def mended(self) -> None:
        self._changes.failed = frozenset()

    def stop(self) -> None:
        self._watcher.stop()
