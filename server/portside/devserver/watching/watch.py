"""What was saved, as soon as it was: watchfiles on the folders that hold source, and nothing below others.

Where the system notifies nobody (a network mount, a container's volume, no watches left), the
same folders are looked at twice a second.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import watchfiles

from portside.devserver.watching import ignored
from portside.devserver.watching.mounts import remote_file_system

# watchfiles looks at what the system told it every `step`, and reports when one step brought nothing new.
_STEP_MS = 10
_LONGEST_BURST_MS = 100
_RECHECK_MS = 500
_REAPPEARING_S = 0.05
# Of the time, at most this share goes into looking: a mount may take long to list.
_LOOKING_SHARE = 0.2

Stamp = tuple[int, int, int] | None


class Watcher:
    """A thread that tells `on_change` the absolute paths that were written, made or removed.

    roots: folders of the project; their subfolders are found, ignored ones left out. `track` adds
    files wherever they are; those are looked at twice a second on any file system. may_count: the
    other files worth looking at where nothing notifies. on_trouble: is told, once, why that is so.
    """

    def __init__(
        self,
        roots: Iterable[Path],
        on_change: Callable[[frozenset[str]], None],
        may_count: Callable[[str], bool],
        on_trouble: Callable[[str], None],
    ) -> None:
        self._roots = list(roots)
        self._on_change = on_change
        self._may_count = may_count
        self._on_trouble = on_trouble
        self._trouble: str | None = None
        self._seen: dict[str, Stamp] | None = None
        self._look_after = 0.0
        self._told: dict[str, Stamp] = {}
        self._heard_ns = time.time_ns()
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
        remote = remote_file_system(str(root) for root in self._roots)
        if remote is not None:
            self._look_from_now_on(f"the system does not tell of all changes on {remote} mounts")
        notified = True
        while not self._stopped:
            folders = self._folders()
            self._changed.clear()
            try:
                if notified:
                    self._watch(folders)
                else:
                    self._poll()
            except (OSError, RuntimeError) as error:
                if not isinstance(error, FileNotFoundError):  # a folder went between listing and watching it
                    notified = False
                    self._look_from_now_on(_why(error))
                time.sleep(_REAPPEARING_S)

    def _look_from_now_on(self, why: str) -> None:
        if self._trouble is None:
            self._trouble = why
            self._looked()
            self._on_trouble(f"{why}: files are looked at twice a second")

    def _poll(self) -> None:
        while not self._changed.wait(_RECHECK_MS / 1000):
            self._report(set())

    def _folders(self) -> list[str]:
        folders = dict.fromkeys(os.path.dirname(path) for path in list(self._tracked))
        folders |= dict.fromkeys(ignored.source_folders(self._roots))
        return [folder for folder in folders if os.path.isdir(folder) and os.access(folder, os.R_OK)]

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
            # Not ignore_permission_denied: in watchfiles 1.3 it also hides that no watches are left.
        )
        first = True
        for batch in changes:
            missed = self._missed() if first else set()
            first, self._heard_ns = False, time.time_ns()
            self._report({path for _, path in batch} | missed)
            if any(change is watchfiles.Change.added and os.path.isdir(path) for change, path in batch):
                return

    def _missed(self) -> set[str]:
        """What was saved while nothing was watched: before the start, and while the folders changed."""
        return {path for path, stamp in self._stamps().items() if stamp and stamp[0] > self._heard_ns}

    def _report(self, paths: set[str]) -> None:
        if any(path in self._tracked and not os.path.exists(path) for path in paths):
            time.sleep(_REAPPEARING_S)  # editors that save by removing and making anew
        if self._seen is not None:
            self._seen |= {path: _stamp(path) for path in paths if self._may_count(path)}
        paths |= self._unnoticed()
        # One save may come in two reports: of the system, and of looking, or in two of the system's.
        stamps = {path: _stamp(path) for path in paths}
        new = {path for path, stamp in stamps.items() if path not in self._told or self._told[path] != stamp}
        self._told |= stamps
        if new:
            self._on_change(frozenset(new))

    def _unnoticed(self) -> set[str]:
        found = set()
        for path, before in list(self._tracked.items()):
            now = _stamp(path)
            if now != before:
                self._tracked[path] = now
                found.add(path)
        if self._trouble is not None:
            found |= self._looked()
        return found

    def _looked(self) -> set[str]:
        """What differs in the folders from when they were looked at last; nothing the first time."""
        began = time.monotonic()
        if began < self._look_after:
            return set()
        now = self._stamps()
        before, self._seen = self._seen, now
        ended = time.monotonic()
        self._look_after = ended + (ended - began) / _LOOKING_SHARE
        if before is None:
            return set()
        return {path for path in now.keys() | before.keys() if now.get(path) != before.get(path)}

    def _stamps(self) -> dict[str, Stamp]:
        found: dict[str, Stamp] = {}
        for folder in self._folders():
            with suppress(OSError), os.scandir(folder) as entries:
                found |= {entry.path: _stamp(entry.path) for entry in entries if self._may_count(entry.path)}
        return found


def _stamp(path: str) -> Stamp:
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _why(error: Exception) -> str:
    if "limit reached" in str(error):
        return "the system has no file watches left (fs.inotify.max_user_watches)"
    if "os error 24" in str(error):
        return "the system has no file notifications left (fs.inotify.max_user_instances)"
    return f"the system does not notify of changes ({str(error).splitlines()[0]})"
