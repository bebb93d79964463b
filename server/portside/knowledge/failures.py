"""The messages of uvicorn, vLLM, torch, CUDA, Hugging Face and Python that tell why a server failed.

Entries are tried in this order, and the first that matches a line counts; within a log
what says why outranks what only tells that something broke (`failure_entry.Rank`).
Real runs: uvicorn 0.54.0, vLLM 0.32.0 for CPUs. What needs a GPU is from the sources.
"""

from __future__ import annotations

import re

from portside.knowledge import (
    failures_engine,
    failures_gpu,
    failures_launch,
    failures_models,
    failures_ports,
    failures_processes,
)
from portside.knowledge.failure_entry import Known, Rank

__all__ = ["ALL", "INTERESTING", "Known", "Rank", "by_name"]

# Before the broad forms of a subject come those that know more.
_FAMILIES = (
    failures_processes.ENTRIES,
    failures_ports.ENTRIES,
    failures_models.ENTRIES,
    failures_engine.ENTRIES,
    failures_gpu.ENTRIES,
    failures_launch.ENTRIES,
)

ALL: tuple[Known, ...] = tuple(entry for family in _FAMILIES for entry in family)

_NAMES = {entry.name: entry for entry in ALL}


def by_name(name: str) -> Known | None:
    return _NAMES.get(name)


# A line without any of these can't match: most lines of a long log are told apart so.
INTERESTING = re.compile(
    r"(?i)error|exception|fail|can't|cannot|couldn|not (?:be )?found|no such|no file|no model|no valid|no module|unable|in use"
    r"|addrinuse|denied|invalid|unsupported|not support|out of memory|oom|unrecognized|unexpected|required|requires|missing"
    r"|gated|must (?:be|pass|use)|does ?n[o']t|is not|larger than|greater than|less than|smaller than|died|kill|\b137\b"
    r"|timed? ?out|timeout|attempt|already|appears|trust|restricted|no space|abort|segfault|segmentation|sig[a-z]{3}|bus error"
    r"|illegal|fatal|undefined|but doesn|is needed|is full|mismatch|only support|finished its|no available|no running|no current|systemexit|keyboardinterrupt|instantiate"
    r"|eaddrinuse|bind|listening|engine|background loop|nccl|cublas|cudnn|cuda_|nvml|nvidia|gpu|disabled|offline|ninja|nvcc|numpy"
    r"|not known|name resolution|nodename|unterminated|expecting|token|were not|used by|loading asgi|string to|insufficient|memory"
)
