"""What is known of a run before anything of it is imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Run:
    """What of a run says which ports it opens. words: its command; nothing for an app or a script.

    environment: what it will see. aside: ports of further servers, uds: the Unix socket, that are known
    of it.
    """

    host: str
    port: int
    words: tuple[str, ...] = ()
    environment: Mapping[str, str] | None = None
    folder: Path = Path()
    aside: tuple[int, ...] = ()
    uds: str | None = None
