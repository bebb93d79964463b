"""What becomes of vLLM's clients in a worker whose engine is to be kept: with a vLLM that is played here."""

from __future__ import annotations

import socket
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import zmq
from tests.patience import PATIENCE_S

from portside.inside import engine_attach, engine_hooks
from portside.inside.channel import Channel, pair


def a_vllm(version: str = "0.32.0") -> dict[str, types.ModuleType]:  # noqa: C901  (classes with a method each)
    """Modules with what the hooks touch: clients that note how they were made."""

    class MPClient:
        is_surprised = False

        def __init__(  # noqa: PLR0917  (as vLLM has it)
            self,
            asyncio_mode: bool,
            vllm_config: Any,
            executor_class: Any,
            log_stats: bool,
            client_addresses: dict[str, str] | None = None,
            renderer: Any = None,
        ) -> None:
            if client_addresses and self.is_surprised:
                raise TypeError("what is that?")
            self.vllm_config, self.client_addresses = vllm_config, client_addresses
            self.is_shut_down = False

        def shutdown(self, timeout: float | None = None) -> None:
            self.is_shut_down = True

    class AsyncMPClient(MPClient):
        def __init__(self, vllm_config: Any, executor_class: Any, log_stats: bool, **more: Any) -> None:
            super().__init__(True, vllm_config, executor_class, log_stats, more.get("client_addresses"))
            self.client_index = 0

    class SyncMPClient(MPClient):
        def __init__(self, vllm_config: Any, executor_class: Any, log_stats: bool) -> None:
            super().__init__(False, vllm_config, executor_class, log_stats)
            self.sent: list[Any] = []

        def _send_input(self, request_type: Any, request: Any) -> None:
            self.sent.append(request)

    class InprocClient:
        def __init__(self, *_: Any) -> None:
            self.is_made = True

    def launch_core_engines(vllm_config: Any, executor_class: Any, log_stats: bool, addresses: Any) -> None:
        raise NotImplementedError

    def struct(*names: str) -> Any:
        return types.SimpleNamespace(__struct_fields__=names)

    kinds = {name: types.SimpleNamespace(value=value) for name, value in engine_hooks.REQUEST_TYPES.items()}
    messages = {name: struct(*fields) for (_, name), fields in engine_hooks.FIELDS.items()}
    contents: dict[str, dict[str, Any]] = {
        "vllm": {"__version__": version},
        "vllm.v1": {},
        engine_hooks.MESSAGES_MODULE: {
            **messages,
            "EngineCoreRequestType": types.SimpleNamespace(**kinds),
        },
        engine_hooks.LAUNCH_MODULE: {"launch_core_engines": launch_core_engines},
        engine_hooks.CLIENT_MODULE: {
            "MPClient": MPClient,
            "AsyncMPClient": AsyncMPClient,
            "SyncMPClient": SyncMPClient,
            "InprocClient": InprocClient,
        },
    }
    modules = {}
    for name, content in contents.items():
        modules[name] = types.ModuleType(name)
        vars(modules[name]).update(content)
    return modules


def config(**parallel: Any) -> Any:
    model = types.SimpleNamespace(model="tiny", multimodal_config=None)
    cache = types.SimpleNamespace(num_gpu_blocks=None)
    return types.SimpleNamespace(
        model_config=model, cache_config=cache, parallel_config=types.SimpleNamespace(**parallel)
    )


class Worker:
    """A worker with the hooks in place, and the supervisor's side of its conversations."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, version: str = "0.32.0") -> None:
        modules = a_vllm(version)
        for name, module in modules.items():
            monkeypatch.setitem(sys.modules, name, module)
        self.vllm: Any = modules[engine_hooks.CLIENT_MODULE]
        self.folder = folder
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / "engines.sock"))
        self._listener.listen()
        self._channel, self._theirs = pair()
        self.links: list[Channel] = []
        engine_attach.install(str(folder / "engines.sock"), Channel(self._theirs))

    def reasons(self) -> list[str]:
        """Why engines were not kept, as far as the worker has told."""
        found = []
        while (message := self._channel.wait(0.0)) is not None:
            assert message.event == "engine"
            found.append(message.fields["reason"])
        return found

    @contextmanager
    def answering(self, *answers: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
        """Answer the next conversations so: what was asked is collected."""
        asked: list[dict[str, Any]] = []

        def serve() -> None:
            for answer in answers:
                with suppress(OSError):
                    link = Channel(self._listener.accept()[0])
                    self.links.append(link)
                    message = link.wait(PATIENCE_S)
                    asked.append(message.fields if message else {})
                    if answer:
                        link.send(**answer)
                    else:
                        link.close()

        import threading

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield asked
        thread.join(PATIENCE_S)

    def attached(self, slot: int) -> dict[str, Any]:
        addresses = {name: f"ipc://{self.folder}/{name[:3]}" for name in engine_hooks.CLIENT_ADDRESSES}
        return {"event": "attached", "slot": slot, "addresses": addresses, "blocks": 7}

    def close(self) -> None:
        for link in self.links:
            link.close()
        self._listener.close()
        self._channel.close()
        self._theirs.close()


Make = Callable[..., Worker]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    made: list[Worker] = []

    def make(version: str = "0.32.0") -> Worker:
        made.append(Worker(tmp_path, monkeypatch, version))
        return made[-1]

    yield make
    for worker in made:
        worker.close()


def test_a_client_is_attached_in_its_slot(make: Make) -> None:
    worker = make()
    with worker.answering(worker.attached(3)) as asked:
        client = worker.vllm.AsyncMPClient(config(), object, True)
    assert client.client_addresses == worker.attached(3)["addresses"]
    assert client.client_index == 3
    assert client.vllm_config.cache_config.num_gpu_blocks == 7
    assert asked[0]["model"] == "tiny"
    assert asked[0]["description"]["log_stats"] == "True"
    assert worker.reasons() == []
    client.shutdown()


def test_a_synchronous_client_says_whose_its_requests_are(make: Make) -> None:
    worker = make()
    with worker.answering(worker.attached(5)):
        client = worker.vllm.SyncMPClient(config(), object, True)
    kinds = sys.modules[engine_hooks.MESSAGES_MODULE].EngineCoreRequestType
    client._send_input(kinds.UTILITY, (0, 1, "is_sleeping", ()))
    client._send_input(kinds.ADD, request := types.SimpleNamespace(client_index=0))
    assert client.sent == [(5, 1, "is_sleeping", ()), request]
    assert request.client_index == 5
    client.shutdown()


def test_the_end_of_a_client_is_the_end_of_its_conversation(make: Make) -> None:
    worker = make()
    with worker.answering(worker.attached(0)):
        client = worker.vllm.AsyncMPClient(config(), object, True)
    client.shutdown()
    assert client.is_shut_down
    assert worker.links[0].wait(PATIENCE_S) is None
    with worker.answering(worker.attached(1)) as asked:
        worker.vllm.AsyncMPClient(config(), object, True)  # and gone, without a word
    assert asked[0]["holds"] == []
    assert worker.links[1].wait(PATIENCE_S) is None


def test_a_second_engine_is_asked_for_beside_the_first(make: Make) -> None:
    worker = make()
    with worker.answering(worker.attached(0), worker.attached(1)) as asked:
        clients = [worker.vllm.AsyncMPClient(config(), object, log_stats) for log_stats in (True, False)]
    assert asked[1]["holds"] == [asked[0]["digest"]]
    for client in clients:
        client.shutdown()


def test_the_end_of_the_broker_is_told_to_the_client(make: Make) -> None:
    worker = make()
    context = zmq.Context()
    pull = context.socket(zmq.PULL)
    pull.bind(worker.attached(0)["addresses"]["output_address"])
    with worker.answering(worker.attached(0)):
        client = worker.vllm.AsyncMPClient(config(), object, True)
    worker.links[0].close()
    assert pull.poll(PATIENCE_S * 1000)
    assert pull.recv() == engine_hooks.DEAD
    client.shutdown()
    context.destroy()


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        pytest.param(
            [{"event": "refused", "reason": "no slot"}], "no slot", id="the supervisor has nothing for it"
        ),
        pytest.param([{}, {}], "the process that keeps it is gone", id="it is gone, and gone again"),
    ],
)
def test_who_is_not_attached_starts_an_engine_of_its_own(
    make: Make, answers: list[dict[str, Any]], reason: str
) -> None:
    worker = make()
    with worker.answering(*answers):
        client = worker.vllm.AsyncMPClient(config(), object, True)
    assert client.client_addresses is None
    assert client.client_index == 0
    assert worker.reasons() == [reason]


def test_a_surprise_while_it_attaches_ends_with_an_engine_of_its_own(make: Make) -> None:
    worker = make()
    worker.vllm.MPClient.is_surprised = True
    with worker.answering(worker.attached(0)):
        client = worker.vllm.AsyncMPClient(config(), object, True)
    assert client.client_addresses is None
    assert worker.reasons() == ["its client could not be attached: what is that?"]
    assert worker.links[0].wait(PATIENCE_S) is None


def test_a_configuration_that_can_not_be_described_is_started_as_it_is(make: Make) -> None:
    class Odd:
        def to_dict(self) -> None:
            raise ValueError("no")

    worker = make()
    found = config()
    found.model_config.hf_config = Odd()
    assert worker.vllm.AsyncMPClient(found, object, True).client_addresses is None
    assert worker.reasons() == ["ValueError: no"]


def test_an_engine_that_can_not_start_fails_where_it_would_have(make: Make) -> None:
    worker = make()
    failed = {"event": "failed", "message": "RuntimeError: no memory"}
    with worker.answering(failed), pytest.raises(RuntimeError, match="no memory"):
        worker.vllm.AsyncMPClient(config(), object, True)


@pytest.mark.parametrize(
    ("parallel", "what"),
    [
        ({"data_parallel_size": 2}, "data parallel"),
        ({"nnodes": 2}, "several nodes"),
        ({"distributed_executor_backend": "ray"}, "Ray"),
        ({"enable_elastic_ep": True}, "elastic expert parallelism"),
    ],
)
def test_what_no_broker_can_stand_between_is_not_kept(
    make: Make, parallel: dict[str, Any], what: str
) -> None:
    worker = make()
    client = worker.vllm.AsyncMPClient(config(**parallel), object, True)
    assert client.client_addresses is None
    assert worker.reasons() == [f"an engine with {what} can't be kept"]


def test_tensors_in_shared_memory_are_not_kept(make: Make) -> None:
    worker = make()
    found = config()
    found.model_config.multimodal_config = types.SimpleNamespace(mm_tensor_ipc="torch_shm")
    assert worker.vllm.AsyncMPClient(found, object, True).client_addresses is None
    assert worker.reasons() == ["an engine with tensors in shared memory can't be kept"]


def test_an_engine_inside_the_app_is_told(make: Make) -> None:
    worker = make()
    assert worker.vllm.InprocClient().is_made
    assert worker.reasons() == ["it runs inside the app (VLLM_ENABLE_V1_MULTIPROCESSING=0)"]


@pytest.mark.parametrize("version", ["0.8.5", "0.99.0", "0.32.1.dev3"])
def test_an_unknown_version_is_left_as_it_is(make: Make, version: str) -> None:
    worker = make(version)
    client = worker.vllm.AsyncMPClient(config(), object, True)
    assert client.client_addresses is None
    (reason,) = worker.reasons()
    assert version in reason


def test_a_client_that_has_addresses_already_keeps_them(make: Make) -> None:
    worker = make()
    client = worker.vllm.AsyncMPClient(config(), object, True, client_addresses={"input_address": "x"})
    assert client.client_addresses == {"input_address": "x"}
    assert worker.reasons() == []
