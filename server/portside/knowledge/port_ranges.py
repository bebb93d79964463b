"""Which numbers are ports, and which of them are somebody's.

`bind(2)`; Linux' `net.ipv4.ip_local_port_range` and `ip_unprivileged_port_start` as they come.
"""

from __future__ import annotations

HIGHEST = 65535

PRIVILEGED = range(1, 1024)
"""A process needs CAP_NET_BIND_SERVICE for these."""

EPHEMERAL = range(32768, 61000)
"""The kernel takes the local ports of outgoing connections from here."""
