"""Who holds GPU memory. No GPU here: NVIDIA's library without a driver, and a stand-in for it with one."""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from portside.devserver.ports import gpu
from portside.devserver.ports.gpu import GpuHolder, Unknown


def test_the_library_without_a_driver_tells_nothing() -> None:
    pynvml = pytest.importorskip("pynvml")
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        found = gpu.holders()
        assert isinstance(found, Unknown)
        assert found.reason
        assert gpu.held_by([os.getpid()]) == {}
    else:
        assert not isinstance(gpu.holders(), Unknown)
        pynvml.nvmlShutdown()


def test_without_the_library_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert gpu.holders() == Unknown("nvidia-ml-py is not installed")


class NVMLError(Exception):
    pass


def driver(processes: dict[str, list[tuple[int, int | None]]], mig: bool = False) -> types.ModuleType:
    """What of pynvml is used. processes: (pid, bytes) by the name of a device or of a part of it."""
    module: Any = types.ModuleType("pynvml")

    def running(handle: str) -> list[SimpleNamespace]:
        if handle not in processes:
            raise NVMLError("Not Supported")
        return [SimpleNamespace(pid=pid, usedGpuMemory=used) for pid, used in processes[handle]]

    def mig_mode(_: str) -> list[int]:
        if not mig:
            raise NVMLError("Not Supported")
        return [1, 1]

    def part(handle: str, index: int) -> str:
        if index > 1:
            raise NVMLError("Not Found")
        return f"{handle}.{index}"

    module.NVMLError = NVMLError
    module.NVML_DEVICE_MIG_ENABLE = 1
    module.nvmlInit = module.nvmlShutdown = lambda: None
    module.nvmlDeviceGetCount = lambda: len([name for name in processes if "." not in name])
    module.nvmlDeviceGetHandleByIndex = str
    module.nvmlDeviceGetMigMode = mig_mode
    module.nvmlDeviceGetMaxMigDeviceCount = lambda _: 7
    module.nvmlDeviceGetMigDeviceHandleByIndex = part
    module.nvmlDeviceGetComputeRunningProcesses = running
    module.nvmlDeviceGetGraphicsRunningProcesses = lambda _: []
    return module


Install = Callable[..., None]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Install:
    def install(*arguments: Any, **options: Any) -> None:
        monkeypatch.setitem(sys.modules, "pynvml", driver(*arguments, **options))

    return install


def test_holders_are_named_by_device(installed: Install) -> None:
    installed({"0": [(11, 5 << 30), (12, None)], "1": [(11, 1 << 30)]})
    assert gpu.holders() == (GpuHolder(11, 0, 5 << 30), GpuHolder(12, 0, None), GpuHolder(11, 1, 1 << 30))
    assert gpu.held_by([11, 99]) == {11: 6 << 30}


def test_a_divided_gpu_is_looked_at_in_its_parts(installed: Install) -> None:
    installed({"0": [], "0.0": [(11, 1 << 30)], "0.1": [(12, 2 << 30)]}, mig=True)
    assert gpu.holders() == (GpuHolder(11, 0, 1 << 30), GpuHolder(12, 0, 2 << 30))


def test_a_device_that_does_not_tell_is_passed_over(installed: Install) -> None:
    installed({"0": [(11, 1)], "1": []})
    assert gpu.held_by([11]) == {11: 1}


def test_release_is_waited_for(installed: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([{7: 5}, {7: 5}, {}])
    monkeypatch.setattr(gpu, "held_by", lambda _: next(answers))
    assert gpu.wait_until_released([7], 30.0) == {}


def test_what_is_never_released_is_told(installed: Install) -> None:
    installed({"0": [(11, 1 << 30)]})
    assert gpu.wait_until_released([11], 0.2) == {11: 1 << 30}
