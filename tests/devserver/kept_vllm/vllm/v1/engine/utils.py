from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vllm.v1.engine.core import run


@dataclass
class EngineZmqAddresses:
    inputs: list[str]
    outputs: list[str]


@dataclass
class CoreEngineProcManager:
    processes: list[Any] = field(default_factory=list)


@dataclass
class CoreEngineLaunch:
    engine_manager: CoreEngineProcManager
    coordinator: Any
    addresses: EngineZmqAddresses


@contextlib.contextmanager
def launch_core_engines(
    vllm_config: Any, executor_class: Any, log_stats: bool, addresses: EngineZmqAddresses
) -> Iterator[CoreEngineLaunch]:
    with Path(os.environ["LAUNCHES"]).open("a", encoding="utf-8") as log:
        log.write(f"{vllm_config.model_config.max_model_len}\n")
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(
        target=run, args=(addresses.inputs, addresses.outputs, vllm_config.model_config, theirs), daemon=True
    )
    process.start()
    yield CoreEngineLaunch(CoreEngineProcManager([process]), None, addresses)
    theirs.close()
    try:
        ours.recv()
    except EOFError:
        raise RuntimeError("Engine core initialization failed. See root cause above.") from None
