"""Which file of the build's context a path inside an image is, as the COPY instructions say.

Whether a source is a file or a folder only the disk knows, so there may be several answers; the first that
exists is the one.
"""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import replace

from portside.launchfiles.facts import Copy


def in_context(copies: Sequence[Copy], path: str) -> Iterator[str]:
    """Where in the build's context the image's file may come from, likeliest first; "" for all of it."""
    seen: set[str] = set()
    for copy in reversed(copies):
        for found in _origins(copy, posixpath.normpath(path)):
            clean = posixpath.normpath(found.lstrip("/") or ".")
            clean = "" if clean == "." else clean
            if not clean.startswith("..") and clean not in seen:
                seen.add(clean)
                yield clean


def copied_on(copies: Sequence[Copy], onwards: Copy) -> Iterator[Copy]:
    """`COPY --from=build /app /srv`: what was copied to /app there comes from the context, too."""
    for source in onwards.sources:
        wanted = posixpath.normpath(posixpath.join("/", source))
        for copy in copies:
            here = posixpath.normpath(copy.target)
            if (inside := _below(here, wanted)) is not None:
                yield replace(
                    copy,
                    sources=tuple(posixpath.join(s, inside) for s in copy.sources),
                    target=onwards.target,
                )
            elif (inside := _below(wanted, here)) is not None:
                slash = "/" if copy.target.endswith("/") else ""
                yield replace(copy, target=posixpath.join(onwards.target, inside) + slash)


def _origins(copy: Copy, path: str) -> Iterator[str]:
    target = posixpath.normpath(copy.target)
    inside = _below(target, path)
    if inside is None:
        return
    for source in copy.sources:
        name = posixpath.basename(source.rstrip("/"))
        if inside == "":
            yield source
        elif any(character in name for character in "*?["):
            if fnmatch.fnmatchcase(inside.partition("/")[0], name):
                yield posixpath.join(posixpath.dirname(source), inside)
        elif inside == name:
            yield from (source, posixpath.join(source, inside))
        else:
            yield posixpath.join(source, inside)


def _below(folder: str, path: str) -> str | None:
    """The path as seen from the folder; "" for the folder itself, None for one outside."""
    if path == folder:
        return ""
    start = folder if folder.endswith("/") else f"{folder}/"
    return path[len(start) :] if path.startswith(start) else None
