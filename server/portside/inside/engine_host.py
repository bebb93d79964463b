"""One engine, in a process of the user's interpreter that outlives the workers.

Told over its channel by the supervisor: `attach` with the conversation of a worker, whose configuration the
first one is asked for. Tells: starting, ready, state, failed, lost. It holds one engine for as long as that
is the right one: another engine gets another process, which has imported nothing yet.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import io
import os
import pickle
import shutil
import signal
import socket
import sys
import traceback
from collections.abc import Iterator
from typing import Any, NamedTuple

from . import descent, engine_hooks, socket_folder
from .channel import Channel, Message, from_descriptor
from .engine_broker import SLOTS, Broker
from .engine_frames import Frames
from .engine_wires import Wires

_READY_S = 60.0
"""How long the engine's first message may take once its start is over."""
_CONFIGURATION_S = 30.0
_END_S = 2.0
_LONGEST_SOCKET = 36
"""vLLM calls its own by a UUID."""
NAME = "portside engine"
"""What the kernel calls this process; at most 15 characters."""


class SurpriseError(Exception):
    """vLLM is not what was expected, or a worker is not: whoever asked starts an engine of its own."""


def main(descriptor: int) -> None:
    """Serve the supervisor until it or the engine is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    descent.name(NAME)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)  # what the engine's processes print has to come in order
    channel = from_descriptor(descriptor)
    folder = socket_folder.make("portside-engine-", longest_name=_LONGEST_SOCKET)
    # vLLM's own sockets go with the rest, also where this process is killed.
    os.environ.setdefault("VLLM_RPC_BASE_PATH", folder)
    channel.send("hello", pid=os.getpid(), folder=folder)
    try:
        Host(channel, folder).run()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _leave()


def _leave() -> None:
    """Without the exit handlers of what was imported: the keeper ends what is left."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)


class Engine(NamedTuple):
    """What has been launched. manager: vLLM's, of its processes."""

    manager: Any
    core: Any
    outs: list[Any]
    ready: dict[bytes, bytes]
    blocks: int | None


class Host:
    def __init__(self, channel: Channel, folder: str) -> None:
        self._channel = channel
        self._folder = folder

    def run(self) -> None:
        waiting: list[Message] = []
        try:
            arguments = self._configuration(waiting)
            if arguments is None:
                return
            self._channel.send("starting")
            broker, engine = self._start(arguments)
        except SurpriseError as surprise:
            self._fail(waiting, str(surprise), event="refused")
            return
        except Exception as error:
            sys.stderr.write(traceback.format_exc())
            self._fail(waiting, f"{type(error).__name__}: {error}", event="failed")
            return
        self._channel.send("ready", blocks=engine.blocks)
        for message in [*waiting, *self._channel.drain()]:
            broker.admit(message)
        sentinels = [process.sentinel for process in engine.manager.processes]
        adapters = getattr(arguments["vllm_config"], "lora_config", None) is not None
        if broker.run(self._channel, sentinels, adapters, self._report):
            self._channel.send("lost", status=_status(engine.manager.processes))
        broker.close()

    def _report(self, state: dict[str, Any]) -> None:
        self._channel.send("state", **state)

    def _fail(self, waiting: list[Message], message: str, *, event: str) -> None:
        """Tell those who wait, and the supervisor first: it is not to send anybody here any more."""
        self._channel.send("failed", message=message)
        for one in [*waiting, *(self._channel.drain())]:
            for descriptor in one.fds:
                link = Channel(socket.socket(fileno=descriptor))
                link.send(event, message=message, reason=message)
                link.close()

    # -- the configuration -------------------------------------------------------------

    def _configuration(self, waiting: list[Message]) -> dict[str, Any] | None:
        """What vLLM is to be launched with, from the first worker that still lives; it waits then."""
        while True:
            message = self._channel.wait_for("attach")
            if message is None:
                return None
            duplicate = os.dup(message.fds[0])
            link = Channel(socket.socket(fileno=duplicate))
            link.send("configure")
            answer = link.wait(_CONFIGURATION_S)
            link.close()
            if answer is not None and answer.event == "configuration":
                waiting.append(message)
                return self._unpacked(answer.fields)
            os.close(message.fds[0])

    def _unpacked(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Raises SurpriseError."""
        sys.path[:] = fields["path"]
        try:
            registered, arguments = pickle.loads(base64.b64decode(fields["data"]))  # noqa: S301  (the user's own)
            if registered:
                registry = importlib.import_module("vllm.model_executor.models.registry").ModelRegistry
                for architecture, place in registered:
                    registry.register_model(architecture, place)
        except Exception as error:
            raise SurpriseError(f"its configuration can't be read again: {error}") from error
        return dict(arguments)

    # -- the engine --------------------------------------------------------------------

    def _start(self, arguments: dict[str, Any]) -> tuple[Broker, Engine]:
        """Raises SurpriseError, and what vLLM raises when it can't start the engine."""
        names = (engine_hooks.CLIENT_MODULE, engine_hooks.MESSAGES_MODULE, engine_hooks.LAUNCH_MODULE)
        try:
            modules = {name: importlib.import_module(name) for name in names}
            version = str(importlib.import_module("vllm").__version__)
            layout = engine_hooks.layout_of(version)
        except (ImportError, engine_hooks.UnknownVersionError) as error:
            raise SurpriseError(str(error)) from error
        difference = engine_hooks.difference(modules, layout)
        if difference is not None:
            raise SurpriseError(difference)
        wires = Wires(self._folder)
        engine = _launch(wires, layout, modules[engine_hooks.LAUNCH_MODULE], arguments)
        frames = Frames(modules[engine_hooks.MESSAGES_MODULE])
        broker = Broker(wires, engine.core, engine.outs, engine.ready, frames)
        broker.blocks = engine.blocks
        return broker, engine


def _launch(wires: Wires, layout: engine_hooks.Layout, module: Any, arguments: dict[str, Any]) -> Engine:
    more: dict[str, Any] = {}
    core: Any = None
    outs: list[Any] = []
    if "addresses" in layout.gets:
        inputs = [wires.address("in")]
        outputs = [wires.address(f"out{number}") for number in range(SLOTS)]
        core, outs = _bound(wires, inputs, outputs)
        more["addresses"] = module.EngineZmqAddresses(inputs=inputs, outputs=outputs)
    if "num_api_servers" in layout.gets:
        more["num_api_servers"] = SLOTS
    with module.launch_core_engines(*_in_order(arguments), **more) as launched:
        manager = launched.engine_manager if layout.yields == "record" else launched[0]
        if core is None:
            addresses = launched[2]
            core, outs = _bound(wires, addresses.inputs, addresses.outputs)
    ready = dict([_first_message(core, manager)])
    cache = arguments["vllm_config"].cache_config
    return Engine(manager, core, outs, ready, getattr(cache, "num_gpu_blocks", None))


def _status(processes: list[Any]) -> int:
    """How the engine has ended. Its sentinel tells a moment before the kernel does."""
    for process in processes:
        process.join(_END_S)
        if process.exitcode:
            return int(process.exitcode)
    return 0


def _in_order(arguments: dict[str, Any]) -> Iterator[Any]:
    return (arguments[name] for name in engine_hooks.LAUNCH_PARAMETERS)


def _bound(wires: Wires, inputs: list[str], outputs: list[str]) -> tuple[Any, list[Any]]:
    core = wires.socket("ROUTER", inputs[0], binds=True)
    return core, [wires.socket("PULL", address, binds=True) for address in outputs]


def _first_message(core: Any, manager: Any) -> tuple[bytes, bytes]:
    """Who the engine is, and what it says when it is ready. Raises SurpriseError."""
    if not core.poll(int(_READY_S * 1000)):
        raise SurpriseError(f"the engine said nothing within {_READY_S:.0f} s of its start")
    frames = core.recv_multipart()
    if len(frames) != 2 or not manager.processes:
        raise SurpriseError("the engine's first message is another than expected")
    return frames[0], frames[1]
