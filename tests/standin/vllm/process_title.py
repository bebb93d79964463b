"""Process titles as vLLM's children have them, without the setproctitle package.

vLLM's title takes the place of the whole command line, and of most of the
environment too: `/proc/PID/cmdline` is the title and then NULs, `/proc/PID/comm`
its first 15 characters. So neither tells whose child a process is; a tool that
believes so has to fail against this stand-in as well.
"""

from __future__ import annotations

import ctypes
import os
import pathlib
import sys

_PR_SET_NAME = 15
# Fields of /proc/PID/stat counted from the state, which follows the name (man 5 proc).
_ARG_START, _ARG_END, _ENV_START, _ENV_END = 45, 46, 47, 48


def set_process_title(name: str) -> None:
    """Show this process as `VLLM::name` in ps. Does nothing where there is no /proc."""
    title = f"{os.environ.get('VLLM_PROCESS_NAME_PREFIX', 'VLLM')}::{name}".encode()
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NAME, title, 0, 0, 0)
    fields = pathlib.Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    _move_environment(libc)
    _overwrite(int(fields[_ENV_START]), int(fields[_ENV_END]), b"")
    _overwrite(int(fields[_ARG_START]), int(fields[_ARG_END]), title)


def _move_environment(libc: ctypes.CDLL) -> None:
    """Have the C library keep the variables elsewhere: the original block is about to be erased."""
    variables = dict(os.environ)
    libc.clearenv()
    os.environ.update(variables)


def _overwrite(start: int, end: int, text: bytes) -> None:
    if start == 0 or end <= start:  # the kernel hides the addresses of a process it protects
        return
    length = end - start
    ctypes.memset(start, 0, length)
    ctypes.memmove(start, text, min(len(text), length - 1))
