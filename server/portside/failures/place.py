"""Which line of a traceback is the user's own."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from portside.failures.failure import Place

_INSTALLED = re.compile(
    r"site-packages|dist-packages|[/\\]lib[/\\]python\d|[/\\]python\d[.\d]*[/\\]lib[/\\]"
    r"|[/\\]Lib[/\\](?:asyncio|concurrent|importlib|multiprocessing|threading|contextlib|runpy)"
    r"|[/\\]torchinductor_|[/\\]_portside_inside|[/\\]portside[/\\]inside[/\\]"
    r"|[/\\](?:s?bin|Scripts)[/\\][\w.-]+$"
)
# Checkouts of libraries, installed in place.
_CHECKOUTS = re.compile(
    r"[/\\](?:vllm[/\\](?:v1|engine|entrypoints|executor|worker|model_executor|config|utils|platforms|core"
    r"|distributed|transformers_utils|attention|compilation|lora|spec_decode|multimodal|tracing|envs\.py)\b"
    r"|transformers[/\\]src|sglang[/\\](?:srt|python)|torch[/\\](?:nn|cuda|distributed|_inductor|_dynamo|utils)"
    r"|uvicorn[/\\](?:server|main|config|importer|protocols|lifespan|supervisors))"
)


def is_users(file: str) -> bool:
    """Whether a file in a traceback is neither installed nor made up."""
    if file.startswith("<") or not file.endswith((".py", ".pyw", ".ipynb")):
        return False
    return not (_INSTALLED.search(file) or _CHECKOUTS.search(file))


def innermost(frames: Sequence[Place], folder: str | None) -> Place | None:
    """The last frame in the project's folder, else the last that is not a library's."""
    own = [frame for frame in frames if is_users(frame.file)]
    if folder:
        inside = [frame for frame in own if frame.file.startswith(folder.rstrip("/\\") + "/")]
        if inside:
            return _from_folder(inside[-1], folder)
    return own[-1] if own else None


def _from_folder(place: Place, folder: str) -> Place:
    return Place(posixpath.relpath(place.file, folder), place.line, place.function, place.source)
