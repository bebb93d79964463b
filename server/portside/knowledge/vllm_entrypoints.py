"""Modules of vLLM that are gone or going, and since which release.

From the sources of 20 releases, 0.5.5 to 0.33.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Version = tuple[int, int]

CURRENT: Version = (0, 33)

COMMAND = "vllm.entrypoints.openai.api_server"
"""What `python -m` is followed by: vLLM's own server before there was `vllm serve`."""

# The demo server: other routes than `vllm serve` has.
DEMO = "vllm.entrypoints.api_server"


@dataclass(frozen=True, slots=True)
class Retired:
    """A module. deprecated, gone: the first release of which that is true; None where none is.

    instead: the module that has its names now.
    """

    deprecated: Version | None = None
    gone: Version | None = None
    instead: str | None = None

    def is_gone(self, version: Version) -> bool:
        return self.gone is not None and version >= self.gone

    def is_deprecated(self, version: Version) -> bool:
        return self.deprecated is not None and version >= self.deprecated


MODULES: Mapping[str, Retired] = {
    # 0.29 to 0.33: a shim with a DeprecationWarning; run by `python -m` it logs that it may be removed.
    COMMAND: Retired(deprecated=(0, 29), instead="vllm.entrypoints.launchers"),
    DEMO: Retired(gone=(0, 25)),  # there in 0.24.0, not in 0.25.1
    "vllm.entrypoints.launcher": Retired(gone=(0, 29), instead="vllm.entrypoints.launchers.launcher"),
    "vllm.engine.multiprocessing": Retired(gone=(0, 12)),  # there in 0.10.2, not in 0.12.0
}


WORDS = frozenset({"api_server", "launcher", "multiprocessing"})
"""One of these is in each import and each command that names such a module."""


def as_text(version: Version) -> str:
    return ".".join(map(str, version))
