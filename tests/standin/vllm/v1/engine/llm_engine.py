from __future__ import annotations

import os
from typing import Any

from vllm.engine.arg_utils import EngineArgs
from vllm.logger import at, init_logger
from vllm.outputs import RequestOutput
from vllm.v1.engine.core import EngineCore
from vllm.v1.engine.exceptions import EngineDeadError
from vllm.v1.engine.output_processor import RequestState, make_request
from vllm.v1.engine.utils import CoreEngineProcManager

logger = init_logger("vllm.v1.engine.llm_engine")


class LLMEngine:
    """The synchronous engine under `LLM`.

    VLLM_ENABLE_V1_MULTIPROCESSING=0 keeps the engine core in this process, with no child at all.
    """

    def __init__(self, engine_args: EngineArgs) -> None:
        self.model_config = self.engine_args = engine_args
        logger.info("non-default args: %s", engine_args.non_default(), extra=at("api_utils.py:286"))
        self._states: dict[str, RequestState] = {}
        self._core = _InProcess(engine_args) if _in_process() else _InChild(engine_args)

    @classmethod
    def from_engine_args(cls, engine_args: EngineArgs, **options: object) -> LLMEngine:
        del options
        return cls(engine_args)

    def add_request(self, request_id: str, prompt: object, params: object, **options: object) -> str:
        del options
        request = make_request(request_id, prompt, params, self.engine_args.max_model_len)
        self._states[request_id] = RequestState(request)
        self._core.send("add", request)
        return request_id

    def abort_request(self, request_ids: list[str]) -> None:
        for request_id in request_ids:
            self._states.pop(request_id, None)
            self._core.send("abort", request_id)

    def has_unfinished_requests(self) -> bool:
        return bool(self._states)

    def step(self) -> list[RequestOutput]:
        outputs = []
        for request_id, text, reason in self._core.tokens():
            state = self._states.get(request_id)
            output = state.add(text, reason) if state else None
            if reason is not None:
                self._states.pop(request_id, None)
            if output is not None:
                outputs.append(output)
        return outputs

    def shutdown(self) -> None:
        self._core.shutdown()


def _in_process() -> bool:
    return os.environ.get("VLLM_ENABLE_V1_MULTIPROCESSING", "1") == "0"


class _InChild:
    def __init__(self, engine_args: EngineArgs) -> None:
        self._processes = CoreEngineProcManager(engine_args)
        self.shutdown = self._processes.shutdown

    def send(self, command: str, payload: object) -> None:
        self._processes.connection.send((command, payload))

    def tokens(self) -> list[tuple[str, str, str | None]]:
        try:
            return [self._processes.connection.recv()[1:]]
        except (EOFError, OSError):
            raise EngineDeadError from None


class _InProcess:
    def __init__(self, engine_args: EngineArgs) -> None:
        self._core = EngineCore(engine_args.model)

    def send(self, command: str, payload: Any) -> None:
        if command == "add":
            self._core.add_request(payload)
        else:
            self._core.abort_request(payload)

    def tokens(self) -> list[tuple[str, str, str | None]]:
        return self._core.step()

    def shutdown(self) -> None:
        return None
