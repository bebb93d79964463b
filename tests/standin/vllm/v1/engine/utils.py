"""Starting and ending the engine core's process."""

from __future__ import annotations

import multiprocessing
from multiprocessing import util
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from vllm.engine.arg_utils import EngineArgs
from vllm.logger import at, init_logger
from vllm.v1.engine.core import run_engine_core

logger = init_logger("vllm.v1.engine.utils")
_STOP_GRACE_S = 5.0


class CoreEngineProcManager:
    """Owns the child process. Creating one returns when the engine is ready.

    Raises:
        RuntimeError: the child died on the way. The reason is in what the child printed.
    """

    def __init__(self, engine_args: EngineArgs) -> None:
        # Spawn, never fork, as vLLM on a CPU, and on CUDA as soon as that is initialised:
        # the child imports the main module again. That is why a main guard is needed.
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        arguments = (theirs, {"model": engine_args.model})
        self.process: BaseProcess = context.Process(target=run_engine_core, args=arguments, name="EngineCore")
        self.process.start()
        theirs.close()
        # Before multiprocessing's own exit handler, which would wait for the child for ever.
        self.shutdown = util.Finalize(self, _stop, args=(self.process, self.connection), exitpriority=100)
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        try:
            self.connection.recv()
        except (EOFError, ConnectionError):
            finished = {} if self.process.exitcode is None else {self.process.name: self.process.exitcode}
            self.shutdown()
            raise RuntimeError(
                f"Engine core initialization failed. See root cause above. Failed core proc(s): {finished}"
            ) from None
        except BaseException:
            self.shutdown()
            raise


def _stop(process: BaseProcess, connection: Connection) -> None:
    if process.is_alive():
        logger.info(
            "[shutdown] Process manager: send sigterm to process EngineCore", extra=at("utils.py:628")
        )
        process.terminate()
    process.join(_STOP_GRACE_S)
    if process.is_alive():
        logger.warning(
            "[shutdown] Process manager: force killing remaining process EngineCore pid %d",
            process.pid,
            extra=at("utils.py:653"),
        )
        process.kill()
        process.join()
    connection.close()
