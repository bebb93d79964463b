"""What of an engine's own log is noise while it loads: told apart line by line, in the bytes as they come.

What has no end of line yet is passed on at once, unless it begins like a line that will be folded:
a prompt or a bar of the user's must not wait for its end.
"""

from __future__ import annotations

import re

_COLOUR = rb"(?:\x1b\[[\d;]*m)*"
_NAMES = rb"APIServer|ApiServer|EngineCore|Worker|VllmWorker|MainProcess|SpawnProcess|DPCoordinator"
_SPEAKER = rb"\((?:" + _NAMES + rb")[\w-]* ?pid=\d+\)" + _COLOUR + rb" ?"
_BARS = (
    rb"Loading (?:safetensors|pt) checkpoint shards|Multi-thread loading shards"
    rb"|Capturing (?:CUDA graphs|cudagraphs)|Profiling CUDA graph"
)
_STARTS = (
    *(b"(" + name for name in _NAMES.split(b"|")),
    b"INFO ", b"DEBUG ", b"Loading ", b"Multi-thread loading", b"Capturing ", b"Profiling CUDA",
)  # fmt: skip
_COLOURS = re.compile(rb"\r?" + _COLOUR + rb"(?P<cut>\x1b(?:\[[\d;]*)?)?")

_NOISE = re.compile(
    rb"\r?" + _COLOUR + rb"(?:"
    rb"(?:" + _SPEAKER + rb")?" + _COLOUR + rb"(?:INFO|DEBUG) \d\d-\d\d \d\d:\d\d:\d\d "
    + _COLOUR + rb"\[[^\]]+\]"
    rb"|" + _SPEAKER + rb"\s*$"
    rb"|(?:" + _SPEAKER + rb")?(?:" + _BARS + rb")"
    rb"|W\d{4} \d\d:\d\d:\d\d\.\d+ \d+ torch/_library/triton\.py"
    rb")"
)  # fmt: skip
_LONGEST_HELD = 1 << 16


class Folding:
    """One stream of one worker."""

    def __init__(self) -> None:
        self._held = b""
        self._is_within = False
        self._is_below_noise = False
        self.folded = 0
        """Lines that were left out."""

    def pass_on(self, data: bytes) -> bytes:
        """What of this is to be shown now."""
        *lines, rest = (self._held + data).split(b"\n")
        self._held = b""
        shown = []
        for line in lines:
            if self._is_within or not self._is_noise(line):
                shown.append(line + b"\n")
                self._is_below_noise = False
            self._is_within = False
        if not self._is_within and _may_be_noise(rest):
            self._held = rest if len(rest) < _LONGEST_HELD else rest.rpartition(b"\r")[2][-_LONGEST_HELD:]
        elif rest:
            shown.append(rest)
            self._is_within = True
        return b"".join(shown)

    def rest(self) -> bytes:
        """What was held back; nothing more comes."""
        held, self._held = self._held, b""
        return b"" if _NOISE.match(held) else held

    def _is_noise(self, line: bytes) -> bool:
        # vLLM begins its bars with an empty line.
        if self._is_below_noise and not line.strip(b"\r"):
            return True
        # Of a bar that overwrites itself the last state is what the line says.
        if _NOISE.match(line.rstrip(b"\r").rpartition(b"\r")[2]):
            self.folded += 1
            self._is_below_noise = True
            return True
        return False


def _may_be_noise(beginning: bytes) -> bool:
    """Whether a line that begins so may turn out to be one of the engine's."""
    found = _COLOURS.match(beginning)
    assert found is not None  # it matches nothing as well
    rest = beginning[found.end() :]
    if not rest:
        return found["cut"] is not None or found.end() > 0
    return any(start.startswith(rest) or rest.startswith(start) for start in _STARTS)
