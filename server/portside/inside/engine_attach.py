"""Has the engine clients of this worker attach to the kept engine instead of starting one of their own.

vLLM's own `AsyncLLM`, `AsyncLLMEngine` and `LLM` all come through `MPClient.__init__`, which knows how to
work with engines that somebody else manages: it gets the addresses of the broker (engine_broker.py), and
everything above it stays as it is. Installed in the worker alone, after the fork.

Whatever is not as expected here ends with an engine of the worker's own, and a word why.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import importlib
import inspect
import os
import pickle
import socket
import sys
import threading
import types
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

from . import engine_code, engine_hooks, engine_key
from .channel import Channel
from .patching import on_import

_HANDSHAKE_S = 20.0
"""How long the broker's first message may take, once the engine is up."""


class NotKeptError(Exception):
    """Why this engine is not to be kept."""


class EngineFailedError(RuntimeError):
    """The kept engine could not be started, with what vLLM said of it."""


class Attached(NamedTuple):
    """The kept engine, for one client. link: its closing is how the broker learns that the client is gone."""

    link: Channel
    slot: int
    addresses: dict[str, str]
    blocks: int | None
    digest: str
    is_let_go: threading.Event

    def watch(self) -> None:
        """Have the client hear of the broker's end, which tells nothing when it is killed."""
        threading.Thread(target=self._wait_for_end, name="portside engine", daemon=True).start()

    def _wait_for_end(self) -> None:
        zmq: Any = importlib.import_module("zmq")
        with zmq.Context() as context, context.socket(zmq.PUSH) as push:
            # Connected from the start: with the broker the address' file may go.
            push.connect(self.addresses["output_address"])
            while self.link.wait() is not None:
                pass
            self.link.close()
            push.setsockopt(zmq.LINGER, 0 if self.is_let_go.is_set() else 1000)
            if not self.is_let_go.is_set():
                push.send(engine_hooks.DEAD)


def install(path: str, channel: Channel, before_wait: Callable[[], None] = lambda: None) -> None:
    """path: the supervisor's socket for engines. channel: is told of an engine that is not kept.

    before_wait: called before an engine is asked for, which may take as long as a model loads.
    """
    attacher = Attacher(path, channel, before_wait)
    on_import({engine_hooks.CLIENT_MODULE: functools.partial(_patch, attacher=attacher)})


class Attacher:
    def __init__(self, path: str, channel: Channel, before_wait: Callable[[], None]) -> None:
        self._path = path
        self._before_wait = before_wait
        self._channel = channel
        self._is_again = False
        self._held: list[str] = []
        """Digests of the engines that this process is attached to."""
        self.refusal: str | None = None
        """Why no engine of this vLLM can be kept."""

    def attach(self, arguments: dict[str, Any]) -> Attached | None:
        """None: the worker has to start the engine itself. Raises what the engine's start has ended with."""
        try:
            if self.refusal is not None:
                raise NotKeptError(self.refusal)
            refuse(arguments["vllm_config"])
            self._before_wait()
            return self._converse(arguments)
        except EngineFailedError:
            raise
        except NotKeptError as reason:
            self.give_up(str(reason))
        except Exception as surprise:
            self.give_up(f"{type(surprise).__name__}: {surprise}")
        return None

    def give_up(self, reason: str) -> None:
        self._channel.send("engine", kept=False, reason=reason)

    def _converse(self, arguments: dict[str, Any]) -> Attached:
        """Raises NotKeptError; EngineFailedError."""
        config = arguments["vllm_config"]
        environment = dict(os.environ)
        description = engine_key.describe(config, bool(arguments["log_stats"]), environment)
        digest = engine_key.digest(description)
        link = self._connect()
        link.send(
            "attach",
            digest=digest,
            holds=self._held,
            description=description,
            environment=environment,
            folder=os.getcwd(),
            model=str(getattr(config.model_config, "model", "")),
            alone=shares_a_cache(config),
            pid=os.getpid(),
        )
        while True:
            message = link.wait()
            if message is None:
                link.close()
                return self._converse_again(arguments)
            fields = message.fields
            if message.event == "configure":
                link.send("configuration", path=list(sys.path), data=_packed(arguments))
            elif message.event == "attached":
                return Attached(
                    link, fields["slot"], fields["addresses"], fields["blocks"], digest, threading.Event()
                )
            elif message.event == "refused":
                link.close()
                raise NotKeptError(str(fields["reason"]))
            elif message.event == "failed":
                link.close()
                raise EngineFailedError(fields["message"])

    def keep(self, client: Any, attached: Attached) -> None:
        """Until the client is shut down, or nobody has it any more."""
        self._held.append(attached.digest)
        client._portside_slot = attached.slot
        client._portside_detach = weakref.finalize(client, self._detach, attached)
        attached.watch()

    def _detach(self, attached: Attached) -> None:
        self._held.remove(attached.digest)
        attached.is_let_go.set()
        attached.link.hang_up()

    def _converse_again(self, arguments: dict[str, Any]) -> Attached:
        """The process that was to keep it is gone: the supervisor knows whether there is to be another."""
        if self._is_again:
            raise NotKeptError("the process that keeps it is gone")
        self._is_again = True
        try:
            return self._converse(arguments)
        finally:
            self._is_again = False

    def _connect(self) -> Channel:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.connect(self._path)
        except OSError as error:
            sock.close()
            raise NotKeptError(f"nobody answers at {self._path}: {error.strerror or error}") from error
        return Channel(sock)


def refuse(config: Any) -> None:
    """Raises NotKeptError for what a broker can't stand between."""
    parallel = config.parallel_config
    multimodal = getattr(config.model_config, "multimodal_config", None)
    refusals = {
        "data parallel": getattr(parallel, "data_parallel_size", 1) > 1,
        "several nodes": getattr(parallel, "nnodes", 1) > 1,
        "Ray": "ray" in _texts(parallel, "distributed_executor_backend", "data_parallel_backend"),
        "elastic expert parallelism": bool(getattr(parallel, "enable_elastic_ep", False)),
        "tensors in shared memory": getattr(multimodal, "mm_tensor_ipc", None) == "torch_shm",
    }
    for what, applies in refusals.items():
        if applies:
            raise NotKeptError(f"an engine with {what} can't be kept")


def _texts(holder: Any, *names: str) -> set[str]:
    return {str(getattr(holder, name, None)).lower() for name in names}


def shares_a_cache(config: Any) -> bool:
    """Whether each client has a half of the engine's cache of images, which two would disturb."""
    model = config.model_config
    multimodal = getattr(model, "multimodal_config", None)
    holder = model if multimodal is None else multimodal
    return multimodal is not None and bool(getattr(holder, "mm_processor_cache_gb", 0))


def _packed(arguments: dict[str, Any]) -> str:
    """Raises NotKeptError."""
    parts = {name: arguments[name] for name in engine_hooks.LAUNCH_PARAMETERS}
    try:
        pickled = _pickler().dumps((engine_code.registered(), parts))
    except Exception as error:
        raise NotKeptError(f"its configuration can't be passed on: {error}") from error
    return base64.b64encode(pickled).decode("ascii")


def _pickler() -> Any:
    """VLLM brings one that can also write what is defined in a script."""
    try:
        return importlib.import_module("cloudpickle")
    except ImportError:
        return pickle


# -- what is patched ---------------------------------------------------------------------


def _patch(module: types.ModuleType, attacher: Attacher) -> None:
    attacher.refusal = _refusal()
    client_class: Any = module.MPClient
    _patch_start(module, client_class, attacher)
    _patch_inside(module, attacher)
    if attacher.refusal is None:
        _patch_index(module)
        _patch_end(client_class)


def _refusal() -> str | None:
    """Why this vLLM is not what the table says; None: it is."""
    try:
        layout = engine_hooks.layout_of(str(getattr(sys.modules.get("vllm"), "__version__", "")))
    except engine_hooks.UnknownVersionError as error:
        return str(error)
    names = (engine_hooks.CLIENT_MODULE, engine_hooks.MESSAGES_MODULE, engine_hooks.LAUNCH_MODULE)
    return engine_hooks.difference({name: importlib.import_module(name) for name in names}, layout)


def _patch_start(module: types.ModuleType, client_class: Any, attacher: Attacher) -> None:
    plain = client_class.__init__
    signature = inspect.signature(plain)

    @functools.wraps(plain)
    def __init__(self: Any, *positional: Any, **keywords: Any) -> None:  # noqa: N807
        arguments = signature.bind(self, *positional, **keywords)
        arguments.apply_defaults()
        if arguments.arguments.get("client_addresses"):
            plain(self, *positional, **keywords)
            return
        attached = attacher.attach(arguments.arguments)
        if attached is not None:
            try:
                arguments.arguments["client_addresses"] = dict(attached.addresses)
                with _hurry(module):
                    plain(*arguments.args, **arguments.kwargs)
            except Exception as error:
                attached.link.close()
                attacher.give_up(f"its client could not be attached: {error}")
            else:
                attacher.keep(self, attached)
                _complete(self, attached)
                return
        plain(self, *positional, **keywords)

    client_class.__init__ = __init__


def _patch_inside(module: types.ModuleType, attacher: Attacher) -> None:
    """An engine in the worker itself can't outlive it: that is said."""
    client_class: Any = getattr(module, "InprocClient", None)
    if client_class is None:
        return
    plain = client_class.__init__

    @functools.wraps(plain)
    def __init__(self: Any, *positional: Any, **keywords: Any) -> None:  # noqa: N807
        attacher.give_up("it runs inside the app (VLLM_ENABLE_V1_MULTIPROCESSING=0)")
        plain(self, *positional, **keywords)

    client_class.__init__ = __init__


@contextlib.contextmanager
def _hurry(module: types.ModuleType) -> Any:
    """The engine is up already: its first message is not to be waited for as long as a model may load."""
    name = "VLLM_ENGINE_READY_TIMEOUT_S"
    usual = getattr(module, name, None)
    if usual is None:
        yield
        return
    setattr(module, name, int(min(usual, _HANDSHAKE_S)))
    try:
        yield
    finally:
        setattr(module, name, usual)


def _complete(client: Any, attached: Attached) -> None:
    """What a client knows that has launched the engine itself."""
    cache = client.vllm_config.cache_config
    if attached.blocks and not getattr(cache, "num_gpu_blocks", None):
        cache.num_gpu_blocks = attached.blocks  # up to 0.19 the launch tells it, not the first message


def _patch_index(module: types.ModuleType) -> None:
    """Have each request say whose it is: the engine answers to the slot of that number."""
    async_class: Any = module.AsyncMPClient
    sync_class: Any = module.SyncMPClient
    plain_init, plain_send = async_class.__init__, sync_class._send_input
    utility = engine_hooks.REQUEST_TYPES["UTILITY"]

    @functools.wraps(plain_init)
    def __init__(self: Any, *positional: Any, **keywords: Any) -> None:  # noqa: N807
        plain_init(self, *positional, **keywords)
        if hasattr(self, "_portside_slot"):
            self.client_index = self._portside_slot

    @functools.wraps(plain_send)
    def _send_input(self: Any, request_type: Any, request: Any) -> Any:
        slot = getattr(self, "_portside_slot", None)
        if slot is not None:
            if request_type.value == utility:
                request = (slot, *request[1:])
            elif hasattr(request, "client_index"):
                request.client_index = slot
        return plain_send(self, request_type, request)

    async_class.__init__ = __init__
    sync_class._send_input = _send_input


def _patch_end(client_class: Any) -> None:
    plain = client_class.shutdown

    @functools.wraps(plain)
    def shutdown(self: Any, *positional: Any, **keywords: Any) -> Any:
        try:
            return plain(self, *positional, **keywords)
        finally:
            detach = getattr(self, "_portside_detach", None)
            if detach is not None:
                detach()

    client_class.shutdown = shutdown
