"""The engine core: what runs in the child process.

requests  ("add", Request) | ("abort", request_id)
answers   ("ready",) once, then ("token", request_id, text, finish_reason or None)
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from vllm.inputs import ParsedPrompt
from vllm.logger import at, init_logger
from vllm.process_title import set_process_title
from vllm.sampling_params import SamplingParams
from vllm.text import words
from vllm.v1.executor import start_workers

logger = init_logger("vllm.v1.engine.core")
_SHARDS = 4


@dataclass(frozen=True)
class Request:
    id: str
    prompt: ParsedPrompt
    params: SamplingParams


Token = tuple[str, str, "str | None"]


class EngineCore:
    """Generates one token of every running request per step."""

    def __init__(self, model: str) -> None:
        self._running: dict[str, Iterator[tuple[str, str | None]]] = {}
        load_model(model)

    def add_request(self, request: Request) -> None:
        self._running[request.id] = _generate(request)

    def abort_request(self, request_id: str) -> None:
        self._running.pop(request_id, None)

    def has_requests(self) -> bool:
        return bool(self._running)

    def step(self) -> list[Token]:
        time.sleep(float(os.environ.get("STANDIN_TOKEN_S", "0.002")))
        tokens: list[Token] = []
        for request_id, tokens_left in list(self._running.items()):
            text, reason = next(tokens_left)
            tokens.append((request_id, text, reason))
            if reason is not None:
                del self._running[request_id]
        return tokens


def _generate(request: Request) -> Iterator[tuple[str, str | None]]:
    params, text = request.params, ""
    source = words(
        request.prompt.text or str(request.prompt.token_ids),
        request.prompt.images,
        params.seed,
        params.ignore_eos,
    )
    for count, word in enumerate(source, start=1):
        text += word
        if any(stop in text for stop in params.stops):
            yield "", "stop"
            return
        if count == params.max_tokens:
            yield word, "length"
            return
        yield word, None
    yield "", "stop"


def load_model(model: str) -> None:
    """Take STANDIN_LOAD_S seconds, logging what vLLM logs on its way."""
    load_s = float(os.environ.get("STANDIN_LOAD_S", "0.2"))
    logger.info(
        "Initializing a V1 LLM engine (v0.32.0) with config: model=%r", model, extra=at("core.py:133")
    )
    logger.info("Starting to load model %s...", model, extra=at("gpu_model_runner.py:4980"))
    if failure := os.environ.get("STANDIN_FAIL"):
        raise ValueError(failure)
    for shard in range(_SHARDS + 1):
        _show_shards(shard, load_s)
        if shard < _SHARDS:
            time.sleep(0.7 * load_s / _SHARDS)
    logger.info("Loading weights took %.2f seconds", 0.7 * load_s, extra=at("default_loader.py:501"))
    logger.info(
        "Model loading took 7.16 GiB memory and %.6f seconds",
        0.7 * load_s,
        extra=at("gpu_model_runner.py:5089"),
    )
    time.sleep(0.3 * load_s)
    logger.info("GPU KV cache size: 1,048,576 tokens", extra=at("kv_cache_utils.py:2327"))
    logger.info(
        "init engine (profile, create kv cache, warmup model) took %.2f s",
        0.3 * load_s,
        extra=at("core.py:402"),
    )


def _show_shards(done: int, load_s: float) -> None:
    percent, spent = 100 * done // _SHARDS, int(0.7 * load_s * done / _SHARDS)
    bar = f"{percent:3d}% Completed | {done}/{_SHARDS} [00:{spent:02d}<00:00,  1.00it/s]"
    print(f"\nLoading safetensors checkpoint shards: {bar}", file=sys.stderr, flush=True)


def run_engine_core(connection: Connection, engine_args: dict[str, Any]) -> None:
    """The body of the child process: load, then serve requests until told to stop.

    A parent that is killed does not stop it: it stays, idle, as vLLM's does
    (https://github.com/vllm-project/vllm/issues/55510), for STANDIN_ORPHAN_LIFE_S.
    """
    set_process_title("EngineCore")
    signal.signal(signal.SIGTERM, _exit_on_signal)
    workers = start_workers(int(os.environ.get("STANDIN_WORKERS", "0")))
    try:
        core = EngineCore(engine_args["model"])
        signal.signal(signal.SIGINT, _exit_on_signal)
    except BaseException:
        logger.exception("EngineCore failed to start.", extra=at("core.py:1301"))
        raise
    try:
        connection.send(("ready",))
        _serve(core, connection)
    except (EOFError, ConnectionError):
        time.sleep(float(os.environ.get("STANDIN_ORPHAN_LIFE_S", "60")))
    finally:
        for worker in workers:
            worker.kill()


def _serve(core: EngineCore, connection: Connection) -> None:
    while True:
        while connection.poll(0 if core.has_requests() else None):
            _take(core, *connection.recv())
        for token in core.step():
            connection.send(("token", *token))


def _take(core: EngineCore, command: str, payload: Any) -> None:
    if command == "add":
        core.add_request(payload)
    else:
        core.abort_request(payload)


def _exit_on_signal(signum: int, frame: object) -> None:
    del frame
    name = signal.Signals(signum).name
    logger.info("[shutdown] EngineCore: trigger received signal=%s", name, extra=at("core.py:1454"))
    raise SystemExit
