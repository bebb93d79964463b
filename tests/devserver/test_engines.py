"""Who is sent to which engine, and which has to go: with processes and workers that are played here."""

from __future__ import annotations

import os
import selectors
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.patience import PATIENCE_S

from portside.devserver.console.transcripts import Transcripts
from portside.devserver.engines.engines import Engines
from portside.devserver.workers.processes import Worker
from portside.inside.channel import Channel, Message, from_descriptor, pair

_NOBODY = 2**30
"""No process has this pid."""


class Host:
    """What runs in the process of an engine, and its keeper."""

    def __init__(self) -> None:
        link, keeper = pair()
        channel, host = pair()
        self.worker = Worker(link, channel, None)
        self.keeper, self.channel = Channel(keeper), Channel(host)
        self.is_to_end = False
        self.links: list[Channel] = []

    def state(self, *attached: int, altered: str | None = None) -> None:
        self.channel.send("state", attached=attached, in_flight=0, altered=altered, pid=0)

    def end(self) -> None:
        self.channel.close()
        self.keeper.close()


class Desk:
    """Engines with all that they talk to. way: whether the generation that serves is going to go."""

    def __init__(self) -> None:
        self.hosts: list[Host] = []
        self.finished: list[Worker] = []
        self.told: list[dict[str, Any]] = []
        self.way = True
        self.way_asked: list[int] = []
        self.selector = selectors.DefaultSelector()
        self.engines = Engines(
            os.urandom(8).hex(),
            self.selector,
            self,
            self._make_way,
            Transcripts(),
            lambda event, **fields: self.told.append({"event": event, **fields}),
            lambda: None,
        )
        self.workers: list[Channel] = []

    def start_host(self, environment: Mapping[str, str], folder: str, user: int) -> Worker:
        self.hosts.append(Host())
        return self.hosts[-1].worker

    def finish_host(self, host: Worker) -> None:
        self.finished.append(host)
        host.close()

    def _make_way(self, pid: int) -> bool:
        self.way_asked.append(pid)
        return self.way

    def ask(
        self, digest: str, holds: tuple[str, ...] = (), *, alone: bool = False, length: str = "1"
    ) -> Channel:
        """A worker that wants an engine."""
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(self.engines.path))
        worker = Channel(sock)
        description = {"model_config.max_model_len": length}
        worker.send(
            "attach", digest=digest, holds=holds, description=description, environment={}, folder="/",
            model="tiny", alone=alone, pid=0,
        )  # fmt: skip
        self.workers.append(worker)
        self.turn()
        return worker

    def turn(self) -> None:
        """Until nothing more is to be heard."""
        while found := self.selector.select(0.05):
            for key, _ in found:
                key.data()

    def sent_to(self, host: Host) -> list[Message]:
        """What this host has been told, and whose conversations it has got."""
        found = []
        while (message := host.channel.wait(0.01)) is not None:
            found.append(message)
            host.links += [from_descriptor(descriptor) for descriptor in message.fds]
        return found

    def phases(self) -> list[str]:
        return [one["phase"] for one in self.told]

    def close(self) -> None:
        self.engines.interrupt()  # or else the end of one host starts another
        for host in self.hosts:
            host.end()
            for link in host.links:
                link.close()
        self.turn()
        self.engines.close()
        for worker in self.workers:
            worker.close()
        self.selector.close()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("PORTSIDE_STATE_DIR", str(tmp_path))
    desk = Desk()
    yield desk
    desk.close()


def test_the_socket_is_the_users_alone(desk: Desk) -> None:
    assert desk.engines.path is not None
    assert desk.engines.path.stat().st_mode & 0o777 == 0o600


def test_the_first_worker_has_an_engine_started_and_is_sent_there(desk: Desk) -> None:
    desk.ask("a")
    (host,) = desk.hosts
    assert [message.event for message in desk.sent_to(host)] == ["attach"]
    assert desk.phases() == ["starting"]


def test_the_next_one_with_the_same_key_is_sent_to_the_same(desk: Desk) -> None:
    desk.ask("a")
    desk.ask("a")
    (host,) = desk.hosts
    assert len(desk.sent_to(host)) == 2


def test_another_key_waits_until_nobody_uses_the_old_one_and_that_has_ended(desk: Desk) -> None:
    desk.ask("a", length="512")
    (host,) = desk.hosts
    host.channel.send("ready", blocks=1)
    host.state(77)
    desk.turn()
    desk.ask("b", length="256")
    assert desk.way_asked == [os.getpid()]
    assert desk.told[-1]["phase"] == "restarting"
    assert desk.told[-1]["reason"] == "max_model_len 512 → 256"
    host.state()
    desk.turn()
    assert host.worker.is_to_end
    assert len(desk.hosts) == 1
    host.end()
    desk.turn()
    assert len(desk.hosts) == 2
    assert len(desk.sent_to(desk.hosts[1])) == 1
    assert desk.finished == [host.worker]


def test_a_worker_that_ended_while_its_engine_loaded_is_nobody_to_wait_for(desk: Desk) -> None:
    desk.ask("a")
    (host,) = desk.hosts
    host.state(_NOBODY)
    desk.turn()
    desk.ask("b")
    assert not host.worker.is_to_end
    desk.engines.look()
    assert host.worker.is_to_end


def test_an_engine_that_somebody_keeps_using_stays_beside_the_new_one(desk: Desk) -> None:
    desk.ask("a")
    desk.hosts[0].state(77)
    desk.turn()
    desk.way = False
    desk.ask("b")
    assert len(desk.hosts) == 2
    assert not desk.hosts[0].worker.is_to_end


def test_a_program_with_two_engines_gets_two(desk: Desk) -> None:
    desk.ask("a")
    desk.ask("b", holds=("a",))
    assert len(desk.hosts) == 2
    desk.ask("a")
    desk.ask("b", holds=("a",))
    assert [len(desk.sent_to(host)) for host in desk.hosts] == [2, 2]


def test_one_that_has_to_be_alone_waits_for_the_others_to_go(desk: Desk) -> None:
    desk.ask("a", alone=True)
    (host,) = desk.hosts
    host.channel.send("ready", blocks=1)
    host.state(77)
    desk.turn()
    assert len(desk.sent_to(host)) == 1
    desk.ask("a", alone=True)
    assert desk.sent_to(host) == []
    host.state()
    desk.turn()
    assert len(desk.sent_to(host)) == 1
    assert len(desk.hosts) == 1


@pytest.mark.parametrize("why", ["asked", "altered"])
def test_an_engine_is_not_used_again_that_is_outdated(desk: Desk, why: str) -> None:
    desk.ask("a")
    (host,) = desk.hosts
    host.channel.send("ready", blocks=1)
    host.state(altered="collective_rpc" if why == "altered" else None)
    desk.turn()
    if why == "asked":
        desk.engines.renew()
    desk.ask("a")
    assert host.worker.is_to_end
    reasons = {
        "asked": "its restart was asked for",
        "altered": "the code has called collective_rpc, which changes it",
    }
    assert desk.told[-1]["reason"] == reasons[why]


def test_a_lost_engine_is_told_and_replaced(desk: Desk) -> None:
    desk.ask("a")
    desk.hosts[0].channel.send("ready", blocks=1)
    desk.hosts[0].channel.send("lost", status=-9)
    desk.turn()
    assert desk.told[-1]["phase"] == "lost"
    assert desk.told[-1]["status"] == -9
    desk.ask("a")
    assert len(desk.hosts) == 1
    desk.hosts[0].end()
    desk.turn()
    assert len(desk.hosts) == 2


def test_who_has_lost_its_engine_while_it_waited_starts_its_own(desk: Desk) -> None:
    desk.ask("a")
    desk.hosts[0].end()
    desk.turn()
    again = desk.ask("a")
    message = again.wait(PATIENCE_S)
    assert message is not None
    assert message.event == "refused"


def test_nobody_waits_for_an_engine_of_a_server_that_stops(desk: Desk) -> None:
    desk.ask("a")
    desk.hosts[0].state(77)
    desk.turn()
    waiting = desk.ask("b")
    desk.engines.interrupt()
    message = waiting.wait(PATIENCE_S)
    assert message is not None
    assert message.event == "failed"
    assert desk.hosts[0].worker.is_to_end  # it was still loading


@pytest.mark.parametrize("data", [b"\xff\n", b"{\n", b"[]\n", b'{"event": "attach"}\n', b"\n"])
def test_nonsense_is_nobodys_request(desk: Desk, data: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(desk.engines.path))
        sock.sendall(data)
        desk.turn()
    desk.turn()
    assert desk.hosts == []
    desk.ask("a")
    assert len(desk.hosts) == 1


def test_its_record_says_what_others_show(desk: Desk) -> None:
    desk.ask("abcdefghij")
    desk.hosts[0].channel.send("hello", pid=4242, folder="/nowhere")
    desk.hosts[0].channel.send("ready", blocks=1)
    desk.hosts[0].state(77)
    desk.turn()
    (record,) = desk.engines.records()
    assert record | {"memory": 0} == {
        "model": "tiny",
        "key": "abcdefgh",
        "phase": "ready",
        "pid": 4242,
        "attached": [77],
        "in_flight": 0,
        "memory": 0,
    }
