"""Cached bytecode of a source that was saved just now: neither read nor written.

Python takes a cached file for that of any source with the same size and the same whole second of
change (importlib's `_validate_timestamp_pyc`). Of two saves within a second the first would be run again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib.machinery import SourceFileLoader
from typing import Any

_YOUNG_S = 2.0


def distrust_young_sources() -> None:
    """From now on, in this process. A loader that can't tell a file's time compiles what the file says."""
    stats_of = SourceFileLoader.path_stats

    def path_stats(self: SourceFileLoader, path: str) -> Mapping[str, Any]:
        stats = stats_of(self, path)
        if abs(time.time() - stats["mtime"]) < _YOUNG_S:
            raise OSError(f"{path} was saved just now")
        return stats

    SourceFileLoader.path_stats = path_stats  # type: ignore[method-assign]
