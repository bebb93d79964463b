"""A small editor: speaks the protocol with a real `portside lsp` over its standard streams."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.lsp.conformance import Conformance
from tests.patience import PATIENCE_S

Json = dict[str, Any]
# Generous, since a busy machine may be slow; nothing waits this long unless it fails.
FULL: Json = {
    "general": {"positionEncodings": ["utf-16"]},
    "textDocument": {
        "diagnostic": {},
        "publishDiagnostics": {"relatedInformation": True, "versionSupport": True},
        "hover": {"contentFormat": ["markdown"]},
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "source.fixAll"]}},
            "resolveSupport": {"properties": ["edit"]},
        },
    },
    "workspace": {
        "diagnostics": {"refreshSupport": True},
        "didChangeWatchedFiles": {"dynamicRegistration": True},
        "workspaceEdit": {
            "documentChanges": True,
            "resourceOperations": ["create"],
            "changeAnnotationSupport": {"groupsOnLabel": False},
        },
    },
}


def pushing(capabilities: Json = FULL) -> Json:
    """The same client, but one that wants diagnostics sent."""
    document = {name: value for name, value in capabilities["textDocument"].items() if name != "diagnostic"}
    return {**capabilities, "textDocument": document}


class Editor:
    """One server process. Messages that nobody waited for are kept, in the order in which they came."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.conformance = Conformance()
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-m", "portside", "lsp", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
        )
        self._incoming: queue.Queue[Json] = queue.Queue()
        self._kept: list[Json] = []
        self._last_id = 0
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.stderr = b""
        self._stderr_reader = threading.Thread(target=self._read_stderr)
        self._stderr_reader.start()

    def initialize(self, capabilities: Json = FULL, **params: Any) -> Json:
        folders = [{"uri": self.folder.as_uri(), "name": "folder"}]
        request = {"processId": None, "rootUri": None, "workspaceFolders": folders, **params}
        result: Json = self.request("initialize", {**request, "capabilities": capabilities})
        self.notify("initialized", {})
        return result

    def request(self, method: str, params: Any) -> Any:
        """The result; the whole answer where it is an error."""
        return self.result(self.begin(method, params))

    def begin(self, method: str, params: Any) -> int:
        """The id of a request whose answer is not waited for."""
        self._last_id += 1
        self.send({"id": self._last_id, "method": method, "params": params})
        return self._last_id

    def result(self, request: int) -> Any:
        answer = self.answer(request)
        return answer.get("result", answer)

    def answer(self, request: int) -> Json:
        return self.wait_for(lambda message: message.get("id") == request and "method" not in message)

    def has_answered(self, request: int) -> bool:
        self.kept("")
        return any(message.get("id") == request and "method" not in message for message in self._kept)

    def notify(self, method: str, params: Any) -> None:
        self.send({"method": method, "params": params})

    def send(self, message: Json) -> None:
        self.conformance.sent(message)
        self.send_body(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def send_body(self, body: bytes) -> None:
        self.send_raw(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def send_raw(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def wait_for(self, wanted: Callable[[Json], bool]) -> Json:
        for message in self._kept:
            if wanted(message):
                self._kept.remove(message)
                return message
        while True:
            message = self._incoming.get(timeout=PATIENCE_S)
            if wanted(message):
                return message
            self._kept.append(message)

    def kept(self, method: str) -> list[Json]:
        """The messages of this method that have come and nobody has waited for, forgotten from now on.

        Whatever the server had to say before its last answer is among them.
        """
        self.request("workspace/executeCommand", {"command": "none"})
        with contextlib.suppress(queue.Empty):
            while True:
                self._kept.append(self._incoming.get_nowait())
        found = [message for message in self._kept if message.get("method") == method]
        self._kept = [message for message in self._kept if message.get("method") != method]
        return found

    def notification(self, method: str) -> Any:
        return self.wait_for(lambda message: message.get("method") == method and "id" not in message)[
            "params"
        ]

    def asked(self, method: str) -> Json:
        """A request of the server's, which is answered with null."""
        request = self.wait_for(lambda message: message.get("method") == method and "id" in message)
        self.send({"id": request["id"], "result": None})
        return request

    def settings(self, *said: Any) -> None:
        """Answers the server's question for settings: in general, then those of each folder."""
        request = self.wait_for(lambda message: message.get("method") == "workspace/configuration")
        assert len(request["params"]["items"]) == len(said)
        self.send({"id": request["id"], "result": list(said)})

    def open(self, name: str, text: str, *, uri: str | None = None, language: str = "python") -> str:
        """Open a document, saved with the same text unless it has a URI of its own; its URI."""
        path = self.folder / name
        if uri is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        uri = uri or path.as_uri()
        item = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return uri

    def change(self, uri: str, version: int, *changes: Json) -> None:
        document = {"uri": uri, "version": version}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": list(changes)})

    def diagnostics(self, uri: str) -> list[Json]:
        """Pulled."""
        result = self.request("textDocument/diagnostic", {"textDocument": {"uri": uri}})
        items: list[Json] = result["items"]
        return items

    def published(self, uri: str, version: int | None = None) -> list[Json]:
        """Pushed for this document, and for this version of it."""
        params = self.wait_for(
            lambda message: (
                message.get("method") == "textDocument/publishDiagnostics"
                and message["params"]["uri"] == uri
                and (version is None or message["params"].get("version") == version)
            )
        )["params"]
        items: list[Json] = params["diagnostics"]
        return items

    def actions(self, uri: str, where: Json, **context: Any) -> list[Json]:
        params = {"textDocument": {"uri": uri}, "range": where, "context": {"diagnostics": [], **context}}
        actions: list[Json] = self.request("textDocument/codeAction", params)
        return actions

    def stop(self) -> int:
        """End the session in good order; the exit code."""
        self.request("shutdown", None)
        self.notify("exit", None)
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stdin is not None
        self._reader.join()
        self._stderr_reader.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(BrokenPipeError):
                stream.close()

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while header := stream.readline():
            length = 0
            while header != b"\r\n":
                name, _, value = header.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
                header = stream.readline()
            message = json.loads(stream.read(length))
            self.conformance.received(message)
            self._incoming.put(message)

    def _read_stderr(self) -> None:
        assert self.process.stderr is not None
        self.stderr = self.process.stderr.read()


def codes(diagnostics: list[dict[str, Any]]) -> list[str]:
    return [diagnostic["code"] for diagnostic in diagnostics]


def span(line: int, start: int, end: int) -> Json:
    return {"start": {"line": line, "character": start}, "end": {"line": line, "character": end}}
