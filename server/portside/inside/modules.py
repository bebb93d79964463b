"""What the program has imported, as the supervisor needs to know it."""

from __future__ import annotations

import os
import sys
from typing import Any

from . import preload

_HERE = os.path.dirname(os.path.realpath(__file__)) + os.sep
_INSTALLED = f"{os.sep}site-packages{os.sep}"
_seen: dict[str, bool] = {}

ENGINES = ("vllm", "sglang", "tensorrt_llm", "lmdeploy")
"""Libraries that keep a model, mostly in processes of their own: two would not fit beside each other."""


def report() -> dict[str, Any]:
    """files: of the project, absolute; names: those a spare may import; engine, gpu: where a model may be."""
    return {
        "files": project_files(),
        "names": preload.candidates(sys.modules),
        "engine": any(name in sys.modules for name in ENGINES),
        "gpu": holds_gpu(),
    }


def count() -> int:
    """Tells whether anything has been imported since."""
    return len(sys.modules)


def project_files() -> list[str]:
    """Source files of imported modules that are neither installed nor ours."""
    return [path for path in map(_source, list(sys.modules.values())) if path and is_project(path)]


def _source(module: Any) -> str | None:
    path = getattr(module, "__file__", None)
    if not isinstance(path, str) or not path.endswith(".py"):
        return None
    return path


def is_project(path: str) -> bool:
    """Whether this source file is the user's: neither installed nor ours."""
    known = _seen.get(path)
    if known is None:
        ours = path.startswith(_HERE)
        # A debugger may come from another environment than the one that runs.
        installed = _INSTALLED in path or preload.is_third_party(path)
        known = _seen[path] = not ours and not installed
    return known


def holds_gpu() -> bool:
    """Whether this process itself has put something on an accelerator."""
    cuda = getattr(sys.modules.get("torch"), "cuda", None)
    initialized = getattr(cuda, "is_initialized", None)
    try:
        return bool(initialized and initialized())
    except Exception:
        return False
