from __future__ import annotations

import asyncio
import itertools
import os
import tempfile
import uuid
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import zmq
import zmq.asyncio

from vllm.v1.engine import EngineCoreOutputs, EngineCoreRequest, EngineCoreRequestType
from vllm.v1.engine.utils import EngineZmqAddresses, launch_core_engines

VLLM_ENGINE_READY_TIMEOUT_S = 600


class EngineDeadError(Exception):
    pass


def _ipc_path() -> str:
    return f"ipc://{os.environ.get('VLLM_RPC_BASE_PATH', tempfile.gettempdir())}/{uuid.uuid4()}"


class MPClient:
    def __init__(
        self,
        asyncio_mode: bool,
        vllm_config: Any,
        executor_class: Any,
        log_stats: bool,
        client_addresses: dict[str, str] | None = None,
    ) -> None:
        self.vllm_config = vllm_config
        plain = zmq.Context()
        self.ctx: Any = zmq.asyncio.Context(plain) if asyncio_mode else plain
        own = {"input_address": _ipc_path(), "output_address": _ipc_path()}
        addresses = client_addresses or own
        self.input_socket = self.ctx.socket(zmq.ROUTER)
        self.input_socket.bind(addresses["input_address"])
        self.output_socket = self.ctx.socket(zmq.PULL)
        self.output_socket.bind(addresses["output_address"])
        if not client_addresses:
            inputs, outputs = [own["input_address"]], [own["output_address"]]
            launch = EngineZmqAddresses(inputs, outputs)
            with launch_core_engines(vllm_config, executor_class, log_stats, launch) as launched:
                self.launched = launched
        shadow = zmq.Socket.shadow(self.input_socket)
        if not shadow.poll(VLLM_ENGINE_READY_TIMEOUT_S * 1000):
            raise TimeoutError("Timed out waiting for engine core processes to start")
        self.core_engine, _ = shadow.recv_multipart()

    def shutdown(self, timeout: float | None = None) -> None:
        self.ctx.destroy(linger=0)


class SyncMPClient(MPClient):
    def __init__(self, vllm_config: Any, executor_class: Any, log_stats: bool) -> None:
        super().__init__(False, vllm_config, executor_class, log_stats)

    def _send_input(self, request_type: Any, request: Any) -> None:
        self.input_socket.send_multipart(
            [self.core_engine, request_type.value, msgspec.msgpack.encode(request)]
        )

    def generate(self, prompt: str, max_tokens: int) -> list[int]:
        request = EngineCoreRequest(uuid.uuid4().hex, prompt, max_tokens)
        self._send_input(EngineCoreRequestType.ADD, request)
        found: list[int] = []
        while len(found) < max_tokens:
            outputs = msgspec.msgpack.decode(self.output_socket.recv(), type=EngineCoreOutputs)
            found += [token for one in outputs.outputs for token in one.new_token_ids]
        return found


class AsyncMPClient(MPClient):
    def __init__(
        self,
        vllm_config: Any,
        executor_class: Any,
        log_stats: bool,
        client_addresses: dict[str, str] | None = None,
        client_index: int = 0,
    ) -> None:
        super().__init__(True, vllm_config, executor_class, log_stats, client_addresses)
        self.client_index = client_index
        self.is_dead = False
        self._queues: dict[str, asyncio.Queue[Any]] = {}
        self._task = asyncio.ensure_future(self._receive())
        self._numbers = itertools.count()

    async def _receive(self) -> None:
        while True:
            body = await self.output_socket.recv()
            if body == b"ENGINE_CORE_DEAD":
                self.is_dead = True
                for queue in self._queues.values():
                    queue.put_nowait(None)
                return
            for output in msgspec.msgpack.decode(body, type=EngineCoreOutputs).outputs:
                if output.request_id in self._queues:
                    self._queues[output.request_id].put_nowait(output)

    async def generate(self, prompt: str, max_tokens: int) -> AsyncIterator[int]:
        if self.is_dead:
            raise EngineDeadError
        request = EngineCoreRequest(
            f"{os.getpid()}-{next(self._numbers)}", prompt, max_tokens, self.client_index
        )
        queue = self._queues[request.request_id] = asyncio.Queue()
        await self.input_socket.send_multipart(
            [self.core_engine, EngineCoreRequestType.ADD.value, msgspec.msgpack.encode(request)]
        )
        while True:
            output = await queue.get()
            if output is None:
                raise EngineDeadError
            for token in output.new_token_ids:
                yield token
            if output.finish_reason is not None:
                return
