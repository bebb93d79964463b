from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator
from typing import Any

from vllm.engine.arg_utils import EngineArgs
from vllm.logger import at, init_logger
from vllm.outputs import RequestOutput
from vllm.v1.engine.exceptions import EngineDeadError
from vllm.v1.engine.output_processor import RequestState, make_request
from vllm.v1.engine.utils import CoreEngineProcManager

logger = init_logger("vllm.v1.engine.async_llm")


class AsyncLLM:
    """The asynchronous engine. Making one blocks the calling thread until it is ready, as in vLLM."""

    def __init__(self, engine_args: EngineArgs) -> None:
        self.model_config = self.engine_args = engine_args
        logger.info("non-default args: %s", engine_args.non_default(), extra=at("api_utils.py:286"))
        self._processes = CoreEngineProcManager(engine_args)
        self._queues: dict[str, tuple[asyncio.AbstractEventLoop, asyncio.Queue[Any]]] = {}
        self._dead = self._stopping = False
        # A thread, not loop.add_reader: engines are made before there is a loop, and on Windows.
        threading.Thread(target=self._read_tokens, name="standin-output", daemon=True).start()

    @classmethod
    def from_engine_args(
        cls, engine_args: EngineArgs, start_engine_loop: bool = True, **options: object
    ) -> AsyncLLM:
        del start_engine_loop, options
        return cls(engine_args)

    async def generate(
        self, prompt: object, sampling_params: object, request_id: str, **options: object
    ) -> AsyncGenerator[RequestOutput, None]:
        """Outputs as they come; leaving the generator early aborts the request.

        Raises:
            EngineDeadError: the engine core died.
        """
        del options
        request = make_request(request_id, prompt, sampling_params, self.engine_args.max_model_len)
        queue: asyncio.Queue[Any] = asyncio.Queue()
        state, finished = RequestState(request), False
        if self._dead:
            raise EngineDeadError
        self._queues[request_id] = (asyncio.get_running_loop(), queue)
        self._send("add", request)
        try:
            while not finished:
                item = await queue.get()
                if item is None:
                    raise EngineDeadError
                finished = item[1] is not None
                output = state.add(*item)
                if output is not None:
                    yield output
        finally:
            self._queues.pop(request_id, None)
            if not finished and not self._dead:
                self._send("abort", request_id)

    async def abort(self, request_id: str | list[str], internal: bool = False) -> None:
        del internal
        for one in [request_id] if isinstance(request_id, str) else request_id:
            self._send("abort", one)
            self._deliver(one, ("", "abort"))

    async def check_health(self) -> None:
        if self._dead:
            raise EngineDeadError

    async def get_model_config(self) -> EngineArgs:
        return self.engine_args

    @property
    def is_running(self) -> bool:
        return not self._dead

    @property
    def errored(self) -> bool:
        return self._dead

    def shutdown(self, timeout: float | None = None) -> None:
        """End the child process; waits until it is gone."""
        del timeout
        self._stopping = True
        logger.info("[shutdown] MPClient: start timeout=default", extra=at("core_client.py:770"))
        self._processes.shutdown()
        logger.info("[shutdown] MPClient: complete", extra=at("core_client.py:777"))

    def _send(self, command: str, payload: object) -> None:
        try:
            self._processes.connection.send((command, payload))
        except OSError as error:
            raise EngineDeadError from error

    def _read_tokens(self) -> None:
        try:
            while True:
                _, request_id, text, reason = self._processes.connection.recv()
                self._deliver(request_id, (text, reason))
        except (EOFError, OSError, TypeError):  # TypeError: closed by another thread while it was being read
            self._dead = True
        if not self._stopping:
            logger.error(
                "Engine core proc EngineCore died unexpectedly, shutting down client.",
                extra=at("core_client.py:690"),
            )
        for request_id in list(self._queues):
            self._deliver(request_id, None)

    def _deliver(self, request_id: str, item: object) -> None:
        loop, queue = self._queues.get(request_id, (None, None))
        if loop is not None and queue is not None and not loop.is_closed():
            loop.call_soon_threadsafe(queue.put_nowait, item)
