"""Who holds GPU memory, as NVIDIA's driver tells it (nvidia-ml-py, the extra `portside[gpu]`).

Without the library or a driver there is nothing to tell, and that is no error. In a
container the driver may name pids of the host: those mean nothing here and are left out.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class GpuHolder:
    """A process with memory on a GPU. device: its number. used: in bytes, None where the driver hides it."""

    pid: int
    device: int
    used: int | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why nothing can be told: the library is not installed, or the driver is not there."""

    reason: str


def holders() -> tuple[GpuHolder, ...] | Unknown:
    """Every process that has memory on a GPU of this machine."""
    try:
        library = importlib.import_module("pynvml")
    except ImportError:
        return Unknown("nvidia-ml-py is not installed")
    try:
        library.nvmlInit()
    except library.NVMLError as error:
        return Unknown(str(error))
    try:
        return tuple(_all(library))
    except library.NVMLError as error:
        return Unknown(str(error))
    finally:
        with suppress(library.NVMLError):
            library.nvmlShutdown()


def _all(library: Any) -> Iterator[GpuHolder]:
    for device in range(library.nvmlDeviceGetCount()):
        handle = library.nvmlDeviceGetHandleByIndex(device)
        seen: dict[int, GpuHolder] = {}
        for part in (handle, *_parts(library, handle)):
            for process in _processes(library, part):
                seen.setdefault(process.pid, GpuHolder(process.pid, device, process.usedGpuMemory))
        yield from seen.values()


def _parts(library: Any, handle: Any) -> Iterator[Any]:
    """The instances of a GPU that is divided (MIG)."""
    try:
        if library.nvmlDeviceGetMigMode(handle)[0] != library.NVML_DEVICE_MIG_ENABLE:
            return
        count = library.nvmlDeviceGetMaxMigDeviceCount(handle)
    except library.NVMLError:  # it can't be divided
        return
    for index in range(count):
        with suppress(library.NVMLError):
            yield library.nvmlDeviceGetMigDeviceHandleByIndex(handle, index)


def _processes(library: Any, handle: Any) -> list[Any]:
    found: list[Any] = []
    for ask in (library.nvmlDeviceGetComputeRunningProcesses, library.nvmlDeviceGetGraphicsRunningProcesses):
        with suppress(library.NVMLError):
            found += ask(handle)
    return found


def held_by(pids: Collection[int]) -> dict[int, int]:
    """GPU memory in bytes for those of these processes that hold any."""
    found = holders()
    used: dict[int, int] = {}
    for holder in () if isinstance(found, Unknown) else found:
        if holder.pid in pids:
            used[holder.pid] = used.get(holder.pid, 0) + (holder.used or 0)
    return used


def wait_until_released(pids: Collection[int], timeout_s: float) -> dict[int, int]:
    """The driver frees a killed process's memory a moment after its end: what is held then, or at last."""
    end = time.monotonic() + timeout_s
    while (used := held_by(pids)) and time.monotonic() < end:
        time.sleep(_POLL_S)
    return used
