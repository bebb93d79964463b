"""Log lines in vLLM's format: `(PROC pid=N) LEVEL MM-DD HH:MM:SS [file.py:LINE] message`."""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys


class _VllmFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        prefix = os.environ.get("VLLM_LOGGING_PREFIX", "")
        process = f"{prefix}({multiprocessing.current_process().name} pid={os.getpid()})"
        place = f"[{record.filename}:{record.lineno}]"
        head = f"{process} {record.levelname} {self.formatTime(record, '%m-%d %H:%M:%S')} {place}"
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        # vLLM puts the head before every line of a message, so that lines of several processes stay apart.
        return "\n".join(f"{head} {line}" for line in text.split("\n"))

    def usesTime(self) -> bool:  # noqa: N802 - the name is the standard library's
        return True


class _VllmHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to what sys.stdout is at the time of writing."""

    def __init__(self) -> None:
        super().__init__(sys.stdout)
        self.setFormatter(_VllmFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        record.filename = getattr(record, "vllm_file", record.filename)
        record.lineno = getattr(record, "vllm_line", record.lineno)
        self.stream = sys.stdout
        super().emit(record)


def init_logger(name: str) -> logging.Logger:
    """The logger of one module; configures the root of vLLM's loggers on the first call."""
    root = logging.getLogger("vllm")
    if not root.handlers:
        root.addHandler(_VllmHandler())
        root.setLevel(os.environ.get("VLLM_LOGGING_LEVEL", "INFO"))
        root.propagate = False
    return logging.getLogger(name)


def at(place: str) -> dict[str, object]:
    """`extra` that makes a line claim the place where vLLM 0.32 logs it ("core.py:133")."""
    file, _, line = place.partition(":")
    return {"vllm_file": file, "vllm_line": int(line)}
