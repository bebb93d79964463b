"""EngineCore: a token of every request at each step, which its prompt and its place alone decide."""

from __future__ import annotations

import signal
import sys
from typing import Any

import msgspec
import zmq

from vllm.v1.engine import (
    EngineCoreOutput,
    EngineCoreOutputs,
    EngineCoreRequest,
    EngineCoreRequestType,
    UtilityOutput,
)

_STEP_MS = 2


def token(prompt: str, place: int) -> int:
    return (sum(map(ord, prompt)) * 31 + place * place) % 997


def run(inputs: list[str], outputs: list[str], model: Any, started: Any) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if model.max_model_len > 1000:
        raise ValueError("Available memory is less than requested")
    context = zmq.Context()
    incoming = []
    for address in inputs:
        dealer = context.socket(zmq.DEALER)
        dealer.setsockopt(zmq.IDENTITY, b"\x00\x00")
        dealer.connect(address)
        dealer.send(b"ready")
        incoming.append(dealer)
    pushes = []
    for address in outputs:
        push = context.socket(zmq.PUSH)
        push.connect(address)
        pushes.append(push)
    started.send("ready")
    serve(incoming[0], pushes)


def serve(incoming: Any, pushes: list[Any]) -> None:
    running: dict[str, tuple[EngineCoreRequest, int]] = {}
    while True:
        if incoming.poll(_STEP_MS if running else 1000):
            kind, body = incoming.recv_multipart()
            if kind == EngineCoreRequestType.ADD.value:
                request = msgspec.msgpack.decode(body, type=EngineCoreRequest)
                running[request.request_id] = request, 0
            elif kind == EngineCoreRequestType.ABORT.value:
                for request_id in msgspec.msgpack.decode(body):
                    running.pop(request_id, None)
            else:
                client, call, method, _ = msgspec.msgpack.decode(body)
                result = [None, len(running)] if method == "count" else [None, None]
                answer = EngineCoreOutputs(utility_output=UtilityOutput(call, None, result))
                pushes[client].send(msgspec.msgpack.encode(answer))
            continue
        for request, place in list(running.values()):
            reason = 1 if place + 1 == request.max_tokens else None
            output = EngineCoreOutput(request.request_id, [token(request.prompt, place)], reason)
            pushes[request.client_index].send(msgspec.msgpack.encode(EngineCoreOutputs(outputs=[output])))
            running[request.request_id] = request, place + 1
            if reason:
                del running[request.request_id]
