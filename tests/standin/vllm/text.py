"""The text that the stand-in generates: a function of prompt, images and seed alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

_WORDS = [
    "anchor",
    "berth",
    "bollard",
    "buoy",
    "cargo",
    "channel",
    "chart",
    "crane",
    "crew",
    "current",
    "deck",
    "dock",
    "ferry",
    "fleet",
    "harbour",
    "helm",
    "hull",
    "keel",
    "knot",
    "lighthouse",
    "lock",
    "manifest",
    "mast",
    "mooring",
    "pier",
    "pilot",
    "port",
    "quay",
    "rudder",
    "sail",
    "signal",
    "starboard",
    "stern",
    "tide",
    "tug",
    "vessel",
    "voyage",
    "wake",
    "wharf",
    "winch",
]
_SHORTEST, _SPREAD = 24, 40


def words(prompt: str, images: tuple[str, ...], seed: int | None, ignore_eos: bool) -> Iterator[str]:
    """The words of the answer, each with the space before it; endless with `ignore_eos`."""
    key = f"{prompt}\0{images}\0{seed}".encode()
    yield from _opening(images)
    index, length = 0, _SHORTEST + _digest(key) % _SPREAD
    while ignore_eos or index < length:
        yield " " + _WORDS[_digest(key + str(index).encode()) % len(_WORDS)]
        index += 1


def _opening(images: tuple[str, ...]) -> Iterator[str]:
    for image in images:
        size = image.split()[0]
        yield from (" An", " image", " of", f" {size}", " pixels:")


def _digest(data: bytes) -> int:
    return int.from_bytes(hashlib.sha256(data).digest()[:6], "big")
