"""Who has connected and not been answered yet: they wait, hear what is going on, or go to a worker."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

from portside.devserver.callers.certificate import Certificate, certificate_of
from portside.devserver.callers.loading_answer import Progress
from portside.devserver.callers.responder import Responder
from portside.devserver.planning.plan import Plan
from portside.devserver.ports.ports import Claim
from portside.devserver.tenancy import turn_away
from portside.devserver.workers.processes import Worker
from portside.inside.channel import Message


class Callers:
    """responder: answers them while no worker can. describe: what it says."""

    def __init__(self, plan: Plan, claim: Claim, describe: Callable[[], Progress]) -> None:
        certificate = certificate_of(plan.target.arguments, plan.folder)
        encryption = certificate.context() if certificate else None
        self.responder = Responder(claim.sockets, describe, encryption)
        self._waiting: list[tuple[socket.socket, str]] = []

    def learn_certificate(self, folder: Path, certificate: str | None, key: str | None) -> None:
        """What the server was found to use. folder: where its paths begin."""
        if self.responder.encryption is None and certificate:
            self.responder.encryption = Certificate(folder, certificate, key).context()

    def wait(self) -> None:
        """Nobody is answered any more, until a worker is let in or the responder starts again."""
        self._waiting += [(connection, "") for connection in self.responder.stop()]

    def let_in(self, worker: Worker) -> None:
        """First what was taken meanwhile, then whoever still waits in the kernel's queue."""
        self.wait()
        waiting, self._waiting = self._waiting, []
        if worker.plain:
            turn_away([connection for connection, _ in waiting])
        else:
            for connection, data in waiting:
                _adopt(worker, connection, data)
        worker.channel.send("go")

    def pass_on(self, message: Message, heir: Worker | None) -> None:
        """An idle connection of the old generation goes to the one that comes in, or came in."""
        connections = [socket.socket(fileno=descriptor) for descriptor in message.fds]
        data = str(message.fields["data"])
        if heir is None:
            self._waiting += [(connection, data) for connection in connections]
            return
        for connection in connections:
            _adopt(heir, connection, data)

    def close(self) -> None:
        self.responder.close()
        for connection, _ in self._waiting:
            connection.close()


def _adopt(worker: Worker, connection: socket.socket, data: str) -> None:
    """Give an open connection to the worker, with what was already read from it."""
    worker.channel.send("adopt", fds=[connection.fileno()], data=data)
    connection.close()
