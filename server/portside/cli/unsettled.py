"""Files that are left alone because the settings that count for them have mistakes: the others go on."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from portside.cli import output
from portside.cli.files import label
from portside.settings import SettingsError


class Unsettled:
    """Such files, by the settings file whose mistakes they suffer from."""

    def __init__(self) -> None:
        self._errors: dict[Path, SettingsError] = {}
        self._files: Counter[Path] = Counter()

    def note(self, error: SettingsError) -> None:
        self._errors[error.file] = error
        self._files[error.file] += 1

    def tell(self, left: str) -> None:
        """Complain once of each mistake. left: what was not done with the files, `checked`."""
        for file, error in sorted(self._errors.items()):
            for mistake in error.mistakes:
                output.complain(str(mistake))
            count = self._files[file]
            files = "1 file was" if count == 1 else f"{count} files were"
            output.complain(f"{label(file)}: {files} not {left} for which its settings count")
