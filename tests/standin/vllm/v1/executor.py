"""Worker processes under the engine core: with several GPUs, or on a CPU, vLLM has one per rank."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from multiprocessing.process import BaseProcess

from vllm.process_title import set_process_title


def start_workers(count: int) -> list[BaseProcess]:
    context = multiprocessing.get_context("spawn")
    workers: list[BaseProcess] = []
    for rank in range(count):
        worker = context.Process(target=run_worker, args=(rank,), name=f"VllmWorker-{rank}", daemon=True)
        worker.start()
        workers.append(worker)
    return workers


def run_worker(rank: int) -> None:
    """Idle until killed: like vLLM's, a worker leaves it to its engine core to end it."""
    set_process_title("Worker" if rank == 0 else f"Worker_TP{rank}")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    time.sleep(float(os.environ.get("STANDIN_ORPHAN_LIFE_S", "60")))
