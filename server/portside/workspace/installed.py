"""Which vLLM a file of the workspace runs with, by metadata: nothing is imported or run.

The environment next to the file counts first, then those of the folders around it up to the root, then
the one that is activated where Portside runs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from portside.workspace.presence import is_folder

# Virtual environments by the names that people give them, and pixi's.
_ENVIRONMENTS = (".venv", "venv", "env", ".env", ".pixi/envs/default")
_ACTIVATED = ("VIRTUAL_ENV", "CONDA_PREFIX")
# Below `Lib` on Windows, below `lib/python3.12` elsewhere.
_PACKAGES = ("[Ll]ib*/python*/site-packages", "Lib/site-packages")
_METADATA = re.compile(r"vllm-(\d+)\.(\d+)")


def vllm_version(root: Path, folder: Path | None = None) -> tuple[int, int] | None:
    """Major and minor; None where no environment has it. folder: the file's, within the root.

    Effect: lists `site-packages` of the environments.
    """
    return next((found for each in _environments(root, folder or root) if (found := _in(each))), None)


def _environments(root: Path, folder: Path) -> Iterator[Path]:
    around = (folder, *folder.parents) if root in folder.parents else (root,)
    for place in around:
        yield from (place / name for name in _ENVIRONMENTS)
        if place == root:
            break
    yield from (Path(path) for name in _ACTIVATED if (path := os.environ.get(name)))


def _in(environment: Path) -> tuple[int, int] | None:
    if not is_folder(environment):
        return None
    for packages in _PACKAGES:
        for metadata in environment.glob(f"{packages}/vllm-*.dist-info"):
            found = _METADATA.match(metadata.name)
            if found is not None:
                return int(found[1]), int(found[2])
    return None
