"""`--baseline` and `--write-baseline` of `portside check`."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from portside.checking import Checker
from portside.cli import output
from portside.cli.files import label
from portside.records import dataclass
from portside.report.baseline import Baseline, BaselineError, Entry, PathIn, accepting, parse, render
from portside.report.checked import Checked
from portside.report.counting import counted
from portside.settings import SettingsError
from portside.workspace.presence import exists, is_file
from portside.workspace.rewrite import Rewrite, RewriteError, rewrite_together


@dataclass(frozen=True, slots=True)
class Known:
    """A baseline that counts for this run."""

    file: Path
    baseline: Baseline

    def sift(self, checked: Checked) -> Checked:
        """The outcome without what the baseline accepts."""
        return self.baseline.sift(checked, _paths_from(self.file))

    def tell_gone(self, checked: Checked, searched: Iterable[Path], checker: Checker) -> None:
        """Name what the baseline accepts and this check, at those paths, no longer found."""
        gone = Counter(self._gone(checked, searched, checker)) if checked.complete else {}
        if not gone:
            return
        output.tell(f"No longer there, of what {self.file} accepts:")
        for (path, what), count in gone.items():
            output.tell(f"  {path}: {what}" + (f" ({count} times)" if count > 1 else ""))
        output.tell(f"`portside check --write-baseline {self.file}` keeps what is left.")

    def _gone(
        self, checked: Checked, searched: Iterable[Path], checker: Checker
    ) -> Iterator[tuple[str, str]]:
        gone = self.baseline.gone(checked, _paths_from(self.file))
        for entry in self._looked_for(gone, searched, checker):
            yield label(self._path(entry)), f"{entry.code} {entry.name}"

    def not_looked_for(
        self, checked: Checked, searched: Iterable[Path], checker: Checker
    ) -> frozenset[Entry]:
        """What is accepted and this check, at those paths, could not have found."""
        entries = self.baseline.entries
        return entries.difference(self._looked_for(entries, searched, checker) if checked.complete else ())

    def _looked_for(
        self, entries: Iterable[Entry], searched: Iterable[Path], checker: Checker
    ) -> Iterator[Entry]:
        tops = [os.path.abspath(path) for path in searched]  # noqa: PTH100 - links stay links
        for entry in entries:
            path = self._path(entry)
            if _below(path, tops) and _enabled(entry, path, checker):
                yield entry

    def _path(self, entry: Entry) -> Path:
        return Path(os.path.normpath(self.file.absolute().parent / entry.path))


def read(file: Path) -> Known:
    """What this file accepts. Ends the command where it can't be read."""
    try:
        return Known(file, parse(_text(file)))
    except FileNotFoundError:
        output.give_up(f"{file}: does not exist; `portside check --write-baseline {file}` makes it")
    except BaselineError as error:
        output.give_up(f"{file}: {error}")


def read_to_write(file: Path) -> Known:
    """What this file accepts so far. Ends the command where it is something else, which stays as it is."""
    if exists(file) and not is_file(file):
        output.give_up(f"{file} can't be written: it is no regular file; nothing was written")
    try:
        text = _text(file)
        return Known(file, parse(text) if text.strip() else Baseline())
    except FileNotFoundError:
        return Known(file, Baseline())
    except BaselineError as error:
        output.give_up(f"{file}: {error}; nothing was written: remove it, or name another file")


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BaselineError("is not UTF-8") from None
    except FileNotFoundError:
        raise
    except OSError as error:
        output.give_up(f"{file}: can't be read: {error.strerror}")


def write(known: Known, checked: Checked, searched: Iterable[Path], checker: Checker) -> None:
    """Accept all that was found, and say so. Ends the command where the file can't be written.

    What was accepted before and could not have been found stays.
    """
    file = known.file
    kept = known.not_looked_for(checked, searched, checker)
    found = accepting(checked, _paths_from(file))
    baseline = Baseline(found.entries | kept)
    # A name that is no UTF-8 gets JSON's escapes, which read back as the same name.
    content = render(baseline).encode("utf-8", "backslashreplace")
    try:
        before = file.read_bytes() if exists(file) else None
        rewrite_together([Rewrite(file, before, content)])
    except OSError as error:
        output.give_up(f"{file}: can't be read: {error.strerror}")
    except RewriteError as error:
        output.give_up(str(error))
    files = len({entry.path for entry in baseline.entries})
    told = f"Wrote {counted(len(baseline.entries), 'finding')} of {counted(files, 'file')} to {file}"
    unseen = len(kept - found.entries)
    stays = f", {unseen} of them as before: this check could not have found them" if unseen else ""
    click.echo(f"{told}{stays}.")


def _paths_from(file: Path) -> PathIn:
    """How a baseline at this place names files: from its own folder, with slashes."""
    folder = file.absolute().parent

    def path_in(shown: str) -> str:
        try:
            return Path(os.path.relpath(shown, folder)).as_posix()
        except ValueError:  # another drive
            return Path(shown).as_posix()

    return path_in


def _below(path: Path, tops: list[str]) -> bool:
    return any(str(path) == top or Path(top) in path.parents for top in tops)


def _enabled(entry: Entry, path: Path, checker: Checker) -> bool:
    """Whether this run would have found it: a rule that is off says nothing of what is gone."""
    try:
        return checker.settings(path.parent).selection_for(path).enables(entry.code)
    except SettingsError:
        return False
