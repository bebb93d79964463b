"""On which TCP ports some processes listen."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

import psutil


def ports_of(pids: Iterable[int]) -> set[int]:
    """As far as we may look into them."""
    return {port for pid in pids for port in _ports(pid)}


def _ports(pid: int) -> set[int]:
    with suppress(psutil.Error):
        connections = psutil.Process(pid).net_connections(kind="tcp")
        return {one.laddr.port for one in connections if one.status == psutil.CONN_LISTEN}
    return set()
