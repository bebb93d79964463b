"""Reads of vLLM's messages what the broker has to know, and writes the few that it sends itself.

The messages are structs that travel as arrays of msgpack. Where a field stands is asked of vLLM's own class;
all other fields are passed over unread.
"""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple, Optional

from . import engine_hooks

ADD = engine_hooks.REQUEST_TYPES["ADD"]
ABORT = engine_hooks.REQUEST_TYPES["ABORT"]
UTILITY = engine_hooks.REQUEST_TYPES["UTILITY"]

_HARMLESS = ("get_", "is_", "list_", "check_", "report_", "profile", "save_", "compute_")
"""Beginnings of methods that leave a worker of the engine as it is."""


class Answer(NamedTuple):
    """Of a utility call. result: as plain msgpack; None where it failed."""

    call: int
    result: Any


class Call(NamedTuple):
    """A utility call of a client's."""

    method: str
    arguments: list[Any]

    @property
    def alters(self) -> bool:
        """Whether the engine may not be what its configuration says, from then on."""
        if self.method == "sleep":
            return bool(self.arguments) and self.arguments[0] not in (0, 1)
        if self.method == "collective_rpc":
            name = self.arguments[0] if self.arguments else None
            return not (isinstance(name, str) and name.startswith(_HARMLESS))
        return False


class Frames:
    """messages: the module of vLLM that defines them."""

    def __init__(self, messages: Any) -> None:
        msgspec: Any = importlib.import_module("msgspec")
        decoder = msgspec.msgpack.Decoder
        output = _partial(msgspec, messages.EngineCoreOutput, request_id=str, finish_reason=Any)
        answer = _partial(
            msgspec, messages.UtilityOutput, call_id=int, failure_message=Any, result=msgspec.Raw
        )
        outputs = _partial(
            msgspec,
            messages.EngineCoreOutputs,
            outputs=list[output],  # type: ignore[valid-type]
            utility_output=answer,
            finished_requests=list[str],
        )
        request = _partial(msgspec, messages.EngineCoreRequest, request_id=str)
        self._outputs = decoder(outputs)
        self._request = decoder(request)
        self._any = decoder(ext_hook=lambda _code, _data: None)
        self._encode = msgspec.msgpack.Encoder().encode

    def added(self, body: bytes) -> str:
        """The id of the request that an ADD brings."""
        return str(self._request.decode(body).request_id)

    def aborted(self, body: bytes) -> list[str]:
        return list(self._any.decode(body))

    def called(self, body: bytes) -> Call:
        _, _, method, arguments = self._any.decode(body)
        return Call(method, list(arguments))

    def finished(self, body: bytes) -> list[str]:
        """Ids of the requests that are over with this."""
        found = self._outputs.decode(body)
        over = [one.request_id for one in found.outputs or () if one.finish_reason is not None]
        return over + list(found.finished_requests or ())

    def answer(self, body: bytes) -> Answer | None:
        """The answer to a utility call, if it is one."""
        found = self._outputs.decode(body).utility_output
        if found is None:
            return None
        return Answer(found.call_id, None if found.failure_message else self._result(found.result))

    def _result(self, raw: Any) -> Any:
        """Of (how to decode it, value) the value; None for what only vLLM can decode."""
        try:
            pair = self._any.decode(raw)
        except ValueError:
            return None
        return pair[1] if isinstance(pair, list) and len(pair) == 2 else pair

    def abort(self, requests: list[str]) -> list[bytes]:
        return [ABORT, self._encode(requests)]

    def call(self, client: int, number: int, method: str, *arguments: Any) -> list[bytes]:
        return [UTILITY, self._encode((client, number, method, arguments))]


def _partial(msgspec: Any, whole: Any, **wanted: Any) -> Any:
    """A struct that reads these fields of another one, and passes over the others."""
    names = whole.__struct_fields__
    last = max(names.index(name) for name in wanted)
    fields = []
    for name in names[: last + 1]:
        kind: Any = wanted.get(name, msgspec.Raw)
        # A field that is passed over is not parsed, whatever it is.
        is_raw = kind is msgspec.Raw
        kind = kind if is_raw else Optional[kind]  # noqa: UP045  (Python 3.9 reads it)
        fields.append((name, kind, msgspec.Raw() if is_raw else None))
    return msgspec.defstruct(f"Part{whole.__name__}", fields, array_like=True)
