"""The process between an engine and its workers, with an engine that is played here."""

from __future__ import annotations

import socket
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.patience import PATIENCE_S

from portside.inside import engine_hooks
from portside.inside.channel import Channel, pair
from portside.inside.engine_broker import SLOTS, Broker
from portside.inside.engine_frames import ABORT, ADD, UTILITY, Frames
from portside.inside.engine_wires import Wires

IDENTITY, READY = b"\x00\x00", b"ready"
encode = msgspec.msgpack.encode
decode = msgspec.msgpack.decode


class EngineCoreRequest(msgspec.Struct, array_like=True, omit_defaults=True):  # type: ignore[misc, name-defined]
    request_id: str
    prompt_token_ids: list[int]
    client_index: int = 0


class EngineCoreOutput(msgspec.Struct, array_like=True, omit_defaults=True):  # type: ignore[misc, name-defined]
    request_id: str
    new_token_ids: list[int]
    finish_reason: int | None = None
    more: str | None = None


class UtilityOutput(msgspec.Struct, array_like=True):  # type: ignore[misc, name-defined]
    call_id: int
    failure_message: str | None = None
    result: Any = None


class EngineCoreOutputs(msgspec.Struct, array_like=True, omit_defaults=True):  # type: ignore[misc, name-defined]
    engine_index: int = 0
    outputs: list[EngineCoreOutput] = msgspec.field(default_factory=list)
    utility_output: UtilityOutput | None = None
    finished_requests: list[str] | None = None
    more: str | None = None


MESSAGES = types.SimpleNamespace(
    EngineCoreRequest=EngineCoreRequest,
    EngineCoreOutput=EngineCoreOutput,
    UtilityOutput=UtilityOutput,
    EngineCoreOutputs=EngineCoreOutputs,
)


class Engine(threading.Thread):
    """Answers each call, notes what it is told, and says what a test has it say."""

    def __init__(self, wires: Wires) -> None:
        super().__init__(daemon=True)
        self.core = wires.socket("DEALER", wires.address("in"), binds=False, identity=IDENTITY)
        self.outs = [
            wires.socket("PUSH", wires.address(f"out{number}"), binds=False) for number in range(SLOTS)
        ]
        self.told: list[tuple[bytes, Any]] = []
        self.calls: list[str] = []
        self.heard = threading.Condition()
        self.adapters: list[int] = []
        self.answers = True
        self.is_over = False

    def run(self) -> None:
        while not self.is_over:
            if self.core.poll(20):
                kind, body = self.core.recv_multipart()
                self.told.append((kind, decode(body)))
                if kind == UTILITY:
                    self._answer(*decode(body))
        for one in (self.core, *self.outs):
            one.close()

    def _answer(self, client: int, call: int, method: str, arguments: list[Any]) -> None:
        if self.answers:
            result = self.adapters if method == "list_loras" else None
            answer = UtilityOutput(call, None, [None, result])
            self.outs[client].send(encode(EngineCoreOutputs(utility_output=answer)))
        with self.heard:
            self.calls.append(method)
            self.heard.notify_all()


class Client:
    """A worker: what it binds is what the broker said."""

    def __init__(self, broker: Running, pid: int) -> None:
        ours, theirs = socket.socketpair()
        broker.supervisor.send("attach", fds=[theirs.fileno()], pid=pid)
        theirs.close()
        self.link = Channel(ours)
        self.pid = pid

    def settle(self, wires: Wires) -> None:
        message = self.link.wait(PATIENCE_S)
        assert message is not None
        assert message.event == "attached", message
        addresses = message.fields["addresses"]
        self.slot = int(message.fields["slot"])
        self.router = wires.socket("ROUTER", addresses["input_address"], binds=True)
        self.pull = wires.socket("PULL", addresses["output_address"], binds=True)
        assert self.router.poll(PATIENCE_S * 1000)
        assert self.router.recv_multipart() == [IDENTITY, READY]

    def send(self, kind: bytes, body: Any) -> None:
        self.router.send_multipart([IDENTITY, kind, encode(body)])

    def add(self, request: str) -> None:
        self.send(ADD, EngineCoreRequest(request, [1, 2], self.slot))

    def receive(self) -> bytes:
        assert self.pull.poll(PATIENCE_S * 1000)
        body: bytes = self.pull.recv()
        return body

    def close(self) -> None:
        self.link.close()
        for one in (self.router, self.pull):
            one.close()


class Running:
    """A broker in a thread, its engine and its clients."""

    def __init__(self, folder: Path) -> None:
        self.wires = Wires(str(folder))
        core = self.wires.socket("ROUTER", self.wires.address("in"), binds=True)
        outs = [
            self.wires.socket("PULL", self.wires.address(f"out{number}"), binds=True)
            for number in range(SLOTS)
        ]
        self.engine = Engine(self.wires)
        self.engine.start()
        self.engine.core.send(READY)
        assert core.recv_multipart() == [IDENTITY, READY]
        self.broker = Broker(self.wires, core, outs, {IDENTITY: READY}, Frames(MESSAGES))
        self.supervisor, theirs = pair()
        self.sentinel, self.death = socket.socketpair()
        self.states: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self.has_died: bool | None = None
        self.clients: list[Client] = []
        self.thread = threading.Thread(target=self._run, args=(Channel(theirs),), daemon=True)
        self.thread.start()

    def _run(self, supervisor: Channel) -> None:
        self.has_died = self.broker.run(supervisor, [self.sentinel.fileno()], True, self._report)
        supervisor.close()

    def _report(self, state: dict[str, Any]) -> None:
        with self._changed:
            self.states.append(state)
            self._changed.notify_all()

    def client(self, pid: int = 1) -> Client:
        client = Client(self, pid)
        self.clients.append(client)
        client.settle(self.wires)
        return client

    def wait_for(self, condition: Callable[[dict[str, Any]], bool]) -> None:
        """Until the state that was told last is such."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.states and condition(self.states[-1]), PATIENCE_S)

    def wait_for_call(self, method: str) -> None:
        """Until the engine has been called so, after which it was asked whether it is to answer."""
        with self.engine.heard:
            assert self.engine.heard.wait_for(lambda: method in self.engine.calls, PATIENCE_S)

    def told(self, kind: bytes) -> list[Any]:
        return [body for one, body in list(self.engine.told) if one == kind]

    def close(self) -> None:
        self.supervisor.close()
        self.thread.join(PATIENCE_S)
        self.engine.is_over = True
        self.engine.join(PATIENCE_S)
        for client in self.clients:
            client.close()
        for one in (self.sentinel, self.death):
            one.close()
        self.wires.close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path)
    yield running
    running.close()


def test_a_worker_gets_the_recorded_ready_and_then_the_engines_words(running: Running) -> None:
    client = running.client(pid=7)
    client.add("one")
    running.wait_for(lambda state: state["attached"] == [7] and state["in_flight"] == 1)
    body = encode(EngineCoreOutputs(outputs=[EngineCoreOutput("one", [5])]))
    running.engine.outs[client.slot].send(body)
    assert client.receive() == body
    last = encode(EngineCoreOutputs(outputs=[EngineCoreOutput("one", [6], 1, "more")], more="x"))
    running.engine.outs[client.slot].send(last)
    assert client.receive() == last
    running.wait_for(lambda state: state["in_flight"] == 0)


def test_two_workers_have_their_own_slots(running: Running) -> None:
    first, second = running.client(1), running.client(2)
    assert first.slot != second.slot
    running.engine.outs[second.slot].send(encode(EngineCoreOutputs(more="for the second")))
    assert b"for the second" in second.receive()
    assert not first.pull.poll(0)


def test_a_worker_that_is_gone_leaves_nothing_in_the_engine(running: Running) -> None:
    client = running.client()
    client.add("one")
    client.add("two")
    client.send(ABORT, ["two"])
    running.wait_for(lambda state: state["in_flight"] == 1)
    client.link.close()
    running.wait_for(lambda state: state["attached"] == [] and state["in_flight"] == 0)
    assert {running.client(pid).slot for pid in range(SLOTS)} == set(range(SLOTS))  # its own is free again
    assert running.told(ABORT) == [["two"], ["one"]]
    kinds = [kind for kind, _ in running.engine.told]
    assert kinds.index(ABORT, kinds.index(ABORT) + 1) < len(kinds) - 1 - kinds[::-1].index(UTILITY)


def test_late_words_for_a_worker_that_is_gone_reach_nobody(running: Running) -> None:
    client = running.client()
    running.engine.answers = False
    client.link.close()
    running.wait_for_call("is_sleeping")
    late = encode(EngineCoreOutputs(outputs=[EngineCoreOutput("one", [5])]))
    running.engine.outs[client.slot].send(late)
    running.engine.answers = True
    other = running.client()
    assert other.slot != client.slot  # that one waits for its fence
    assert not other.pull.poll(50)


def test_what_the_last_worker_left_is_taken_back(running: Running) -> None:
    client = running.client()
    client.send(UTILITY, (client.slot, 1, "sleep", (1, "abort")))
    client.send(UTILITY, (client.slot, 2, "pause_scheduler", ()))
    assert client.receive()
    assert client.receive()
    client.link.close()
    running.wait_for(lambda state: state["attached"] == [])
    running.engine.adapters = [3]
    del running.engine.calls[:]
    running.client()
    running.wait_for_call("remove_lora")
    calls = set(running.engine.calls)
    assert {"wake_up", "resume_scheduler", "reset_prefix_cache", "list_loras", "remove_lora"} <= calls
    assert running.told(UTILITY)[-1][3] == [3]


@pytest.mark.parametrize(
    ("method", "arguments", "alters"),
    [
        ("sleep", (1,), False),
        ("sleep", (2, "abort"), True),
        ("collective_rpc", ("get_model_info", None, (), {}), False),
        ("collective_rpc", ("update_weights", None, (), {}), True),
        ("add_lora", ((),), False),
    ],
)
def test_a_call_that_changes_the_engine_is_told(
    running: Running, method: str, arguments: tuple[Any, ...], alters: bool
) -> None:
    client = running.client()
    client.send(UTILITY, (client.slot, 1, method, arguments))
    assert client.receive()
    client.link.close()
    running.wait_for(lambda state: state["attached"] == [])
    assert (running.states[-1]["altered"] == method) is alters


def test_who_finds_no_slot_waits_for_one(running: Running) -> None:
    clients = [running.client(pid) for pid in range(SLOTS)]
    late = Client(running, 99)
    running.clients.append(late)
    assert late.link.wait(0.05) is None
    clients[3].link.close()
    late.settle(running.wires)
    assert late.slot == clients[3].slot


def test_the_engines_death_is_told_to_every_worker(running: Running) -> None:
    first, second = running.client(1), running.client(2)
    running.death.close()
    assert first.receive() == engine_hooks.DEAD
    assert second.receive() == engine_hooks.DEAD
    running.thread.join(PATIENCE_S)
    assert running.has_died is True


def test_without_the_supervisor_it_ends(running: Running) -> None:
    running.client()
    running.supervisor.close()
    running.thread.join(PATIENCE_S)
    assert running.has_died is False
