"""The release of vLLM that a launch file names: by an image, or by what it installs."""

from __future__ import annotations

import re
from collections.abc import Iterator

_NAMED = re.compile(
    r"(?:vllm/vllm-openai\S*?:v|\bvllm(?:\[[\w,-]*\])?==|/[\w.-]*vllm[\w.-]*:v?(?=0\.)|:\S*_vllm_)"
    r"(?P<major>\d+)\.(?P<minor>\d+)"
)
# NVIDIA's images go by the year: all of 2025 come before vLLM 0.13.
_OF_2025 = re.compile(r"\bnvidia/vllm:25\.\d\d\b")


def named_release(text: str | None) -> tuple[int, int] | None:
    """The lowest release that the text names; None where it names none.

    Images of others that are built of vLLM mostly go by its release; others count as old ones.
    """
    return min(_named(text or ""), default=None)


def _named(text: str) -> Iterator[tuple[int, int]]:
    for match in _NAMED.finditer(text):
        yield int(match["major"]), int(match["minor"])
    if _OF_2025.search(text):
        yield 0, 12
