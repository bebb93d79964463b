"""What the client has sent and nobody has looked at yet, read ahead by a thread.

That thread is how a request can be taken back while it is still waiting, or being worked on: a
server that reads one message after the other learns of it when it is too late.
"""

from __future__ import annotations

import json
import queue
import threading
from typing import BinaryIO

from portside.lsp.wire import Ahead, BrokenFraming, read_body

Id = int | str

_CANCEL = b"$/cancelRequest"
# No message that takes a request back is longer.
_LONGEST_CANCEL = 400


class Inbox:
    """The messages of one client, undecoded, in their order.

    broken: why no more can be read, where the stream ended in the middle of nonsense.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._source = Ahead(source)
        self._bodies: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._withdrawn: set[Id] = set()
        self.broken: str | None = None
        self._thread = threading.Thread(target=self._read, name="read-client", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def next(self) -> bytes | None:
        """The next message, waited for; None at the end."""
        return self._bodies.get()

    @property
    def has_any(self) -> bool:
        return not self._bodies.empty()

    def end(self) -> None:
        """Have the messages end here, for whom the stream does not."""
        self._bodies.put(None)

    def is_withdrawn(self, request: object) -> bool:
        """Whether the client has taken back the request with this id."""
        return bool(self._withdrawn) and request in self._withdrawn

    def forget_withdrawn(self, request: object) -> None:
        """Of this request nothing is left to be taken back."""
        self._withdrawn.discard(request)

    def _read(self) -> None:
        try:
            while (body := read_body(self._source)) is not None:
                if len(body) < _LONGEST_CANCEL and _CANCEL in body:
                    self._note_withdrawal(body)
                self._bodies.put(body)
        except BrokenFraming as error:
            self.broken = str(error)
        except (OSError, ValueError):
            pass  # the stream was closed under the reader
        self._bodies.put(None)

    def _note_withdrawal(self, body: bytes) -> None:
        try:
            message = json.loads(body)
            if message["method"] == _CANCEL.decode():
                self._withdrawn.add(message["params"]["id"])
        except (ValueError, RecursionError, KeyError, TypeError):
            return  # whoever takes it out of the queue says what is wrong
