"""Services of one compose file of which a user starts the one or the other, though no profile says so.

`api` and `api-dev`, `server-cu126` and `server-cpu-lite`: they publish the same port, and are started by
name, `docker compose up api-dev`.
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Mapping

_VARIANT = re.compile(
    r"cpu|gpu|gpus|cuda\d*|cu\d+|nvidia|rocm\w*|amd|intel|xpu|hpu|tpu|mps|mlx|jetson|arm|arm64|amd64|x86|"
    r"dev|devel|develop|development|prod|production|staging|test|tests|testing|ci|debug|debugger|local|"
    r"reload|hot|watch|lite|full|slim|minimal|offline|standalone|profiling|notebook|shell|"
    r"latest|nightly|stable|legacy|py\d+",
    re.IGNORECASE,
)
# Who publishes so many ports in common with another is a copy of it, not a neighbour.
_MANY = 3


def alternatives(published: Mapping[str, frozenset[int]]) -> dict[str, frozenset[str]]:
    """For each service those that take its place. published: the ports of each on the host."""
    alike: defaultdict[object, set[str]] = defaultdict(set)
    for name, ports in published.items():
        for trait in _traits(name, ports):
            alike[trait].add(name)
    return {
        name: frozenset().union(*(alike[trait] for trait in _traits(name, ports))) - {name}
        for name, ports in published.items()
    }


def _traits(name: str, ports: frozenset[int]) -> tuple[object, ...]:
    """What a service has in common with those that take its place; one of these is enough."""
    return (_stem(name), ports) if len(ports) >= _MANY else (_stem(name),)


@functools.lru_cache(maxsize=1024)
def _stem(name: str) -> tuple[str, ...]:
    """The name without what says only which variant it is."""
    parts = [part.lower() for part in re.findall(r"[^-_.`\s]+", name)]
    return tuple(part for part in parts if not _VARIANT.fullmatch(part))
