"""Which vLLM the workspace has: by the metadata in its virtual environment. Nothing is imported or run."""

from __future__ import annotations

import re
from pathlib import Path

_ENVIRONMENTS = (".venv", "venv", "env")
_METADATA = re.compile(r"vllm-(\d+)\.(\d+)")


def vllm_version(root: Path) -> tuple[int, int] | None:
    """Major and minor; None where no environment of the workspace has it.

    Effect: lists `site-packages` of the environments at the root.
    """
    for name in _ENVIRONMENTS:
        for metadata in (root / name).glob("[Ll]ib*/python*/site-packages/vllm-*.dist-info"):
            found = _METADATA.match(metadata.name)
            if found is not None:
                return int(found[1]), int(found[2])
    return None
