"""The release of vLLM that a launch file names: by an image, or by what it installs."""

from __future__ import annotations

import re

_NAMED = re.compile(r"(?:vllm/vllm-openai\S*?:v|\bvllm(?:\[[\w,-]*\])?==)(?P<major>\d+)\.(?P<minor>\d+)")


def named_release(text: str | None) -> tuple[int, int] | None:
    """The lowest release that the text names; None where it names none."""
    found = [(int(match["major"]), int(match["minor"])) for match in _NAMED.finditer(text or "")]
    return min(found, default=None)
