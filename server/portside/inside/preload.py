"""What a spare interpreter may import before it knows which code it will run.

A worker that waits for the next edit has the web stack in memory already; that
is most of a reload. Only packages that are imported for their names alone are
taken: nothing that reads the environment or starts threads at import (numpy,
torch, vllm), nothing that is being edited. Before it is used the spare checks
that what it holds is still what an import would find.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence

_SAFE = """
    annotated_doc annotated_types anyio certifi click dotenv email_validator fastapi h11 h2 httpcore httptools
    httpx idna itsdangerous jinja2 markdown_it markupsafe multipart mdurl orjson pydantic pydantic_core
    pydantic_settings pygments python_multipart rich sniffio starlette typing_extensions typing_inspection
    ujson uvicorn uvloop watchfiles websockets wsproto yaml
"""
SAFE = frozenset(_SAFE.split())
"""Top-level packages whose import defines names and does nothing else."""

# What uvicorn imports only once a server is configured.
LAZY = (
    "uvicorn.config",
    "uvicorn.server",
    "uvicorn.lifespan.on",
    "uvicorn.logging",
    "uvicorn.loops.auto",
    "uvicorn.middleware.proxy_headers",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
)


@functools.lru_cache(maxsize=8)
def _installed_folders(search_path: tuple[str, ...]) -> tuple[str, ...]:
    """Where packages and the standard library lie: nothing in there is the user's to edit."""
    paths = sysconfig.get_paths()
    found = {paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")}
    found |= {path for path in search_path if os.path.basename(path) in ("site-packages", "dist-packages")}
    return tuple({folder + os.sep for path in found for folder in (path, os.path.realpath(path))})


def is_third_party(path: str) -> bool:
    folders = _installed_folders(tuple(sys.path))
    return path.startswith(folders) or os.path.realpath(path).startswith(folders)


def candidates(loaded: Iterable[str]) -> list[str]:
    """Of the modules that the last generation had, those that a spare may import, in that order."""
    return [
        name for name in list(loaded) if name.partition(".")[0] in SAFE and not name.startswith("uvicorn.__")
    ]


def load(names: Sequence[str]) -> None:
    """Import these. One that can't be imported is the app's business, later."""
    for name in names:
        if name not in sys.modules:
            try:
                importlib.import_module(name)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise


Fingerprint = dict[str, tuple[int, int]]


def fingerprint() -> Fingerprint:
    """Time and size of each file that a module in memory came from."""
    return {path: stamp for path in _files() if (stamp := _stamp(path)) is not None}


def _files() -> Iterator[str]:
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str):
            yield path


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size


def staleness(before: Fingerprint, folders: Sequence[str]) -> str | None:
    """Why the modules in memory are not what importing them now would give; None: they are.

    folders: what the program puts in front of the path; a module of the user's there
    may have the name of one that is loaded already.
    """
    for path, stamp in before.items():
        if _stamp(path) != stamp:
            return f"{path} has changed"
    for folder in folders:
        shadow = _shadow(folder)
        if shadow:
            return f"{shadow} takes the name of an installed module"
    return None


def _shadow(folder: str) -> str | None:
    loaded = {name for name in sys.modules if "." not in name and not name.startswith("_")}
    try:
        entries = list(os.scandir(folder or os.curdir))
    except OSError:
        return None
    for entry in entries:
        name = entry.name[:-3] if entry.name.endswith(".py") else entry.name
        package = os.path.join(entry.path, "__init__.py")
        if name in loaded and (entry.name.endswith(".py") or os.path.exists(package)):
            return entry.path
    return None
