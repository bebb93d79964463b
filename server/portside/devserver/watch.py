"""What was saved, as soon as it was: watchfiles on the folders that hold source, and nothing below others."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import watchfiles

from portside.devserver import ignored

# watchfiles looks at what the system told it every `step`, and reports when one step brought nothing new.
_STEP_MS = 10
_LONGEST_BURST_MS = 100
_RECHECK_MS = 500
_REAPPEARING_S = 0.05

Stamp = tuple[int, int] | None


class Watcher:
    """A thread that tells `on_change` the absolute paths that were written, made or removed.

    roots: folders of the project; their subfolders are found, ignored ones left out. `track` adds
    files wherever they are; those are also looked at twice a second, for file systems that notify
    nobody (network mounts, some container volumes).
    """

    def __init__(self, roots: Iterable[Path], on_change: Callable[[frozenset[str]], None]) -> None:
        self._roots = list(roots)
        self._on_change = on_change
        self._tracked: dict[str, Stamp] = {}
        self._changed = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped = True
        self._changed.set()

    def track(self, files: Iterable[str]) -> None:
        """Files that the app is made of; new ones are added to those known."""
        known = {os.path.dirname(path) for path in self._tracked}
        new = [path for path in files if path not in self._tracked]
        self._tracked = {**self._tracked, **{path: _stamp(path) for path in new}}
        if any(os.path.dirname(path) not in known for path in new):
            self._changed.set()

    def _run(self) -> None:
        while not self._stopped:
            folders = self._folders()
            self._changed.clear()
            self._watch(folders)

    def _folders(self) -> list[str]:
        folders = dict.fromkeys(os.path.dirname(path) for path in list(self._tracked))
        folders |= dict.fromkeys(ignored.source_folders(self._roots))
        return [folder for folder in folders if os.path.isdir(folder)]

    def _watch(self, folders: list[str]) -> None:
        """Until the set of folders has changed."""
        changes = watchfiles.watch(
            *folders,
            watch_filter=None,
            debounce=_LONGEST_BURST_MS,
            step=_STEP_MS,
            stop_event=self._changed,
            rust_timeout=_RECHECK_MS,
            yield_on_timeout=True,
            raise_interrupt=False,
            recursive=False,
            ignore_permission_denied=True,
        )
        try:
            for batch in changes:
                self._report({path for _, path in batch})
                if any(change is watchfiles.Change.added and os.path.isdir(path) for change, path in batch):
                    return
        except FileNotFoundError:
            time.sleep(_REAPPEARING_S)  # a folder went between listing and watching it

    def _report(self, paths: set[str]) -> None:
        if any(path in self._tracked and not os.path.exists(path) for path in paths):
            time.sleep(_REAPPEARING_S)  # editors that save by removing and making anew
        paths |= self._unnoticed()
        if paths:
            self._on_change(frozenset(paths))

    def _unnoticed(self) -> set[str]:
        found = set()
        for path, before in list(self._tracked.items()):
            now = _stamp(path)
            if now != before:
                self._tracked[path] = now
                found.add(path)
        return found


def _stamp(path: str) -> Stamp:
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size
