"""Sessions of an editor in this process: several files of a folder open, typed in and saved in turn.

Each text's findings and fixes have to be those that a session says that has just opened the same texts.
"""

from __future__ import annotations

import io
import random
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.folders import lay_out
from tests.lsp.editor import FULL
from tests.workspace.typed import EXAMPLES, SHAPES, Typist

from portside.lsp.outbox import Outbox
from portside.lsp.session import Session
from portside.workspace.file_kinds import launch_format

Json = dict[str, Any]

_EVERY = [text for texts in (*EXAMPLES.values(), *SHAPES.values()) for text in texts]
_TOGETHER = [text for text in _EVERY if text.files]
_WORD = re.compile(r"\w+")


class Window:
    """One session, with the texts that are open in it."""

    def __init__(self, root: Path, texts: Mapping[str, str]) -> None:
        self._root, self._version = root, 1
        self._session = Session(Outbox(io.BytesIO()))
        folder = {"uri": root.as_uri(), "name": root.name}
        self._session.initialize({"capabilities": FULL, "workspaceFolders": [folder]})
        for name, text in texts.items():
            item = {"uri": self.uri(name), "languageId": _language(name), "version": 1, "text": text}
            self._tell("textDocument/didOpen", {"textDocument": item})

    def uri(self, name: str) -> str:
        return (self._root / name).as_uri()

    def type(self, name: str, before: str, after: str) -> None:
        """As an editor tells it: what differs, at its place."""
        self._version += 1
        document = {"uri": self.uri(name), "version": self._version}
        start, end = _common(before, after)
        where = {"start": _position(before, start), "end": _position(before, len(before) - end)}
        change = {"range": where, "text": after[start : len(after) - end]}
        self._tell("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})

    def save(self, name: str) -> None:
        self._tell("textDocument/didSave", {"textDocument": {"uri": self.uri(name)}})

    def rest(self) -> None:
        """What the session does while nobody types."""
        while self._session.chores:
            self._session.chores.step()

    def said(self, name: str) -> list[Any]:
        """Diagnostics and actions, as the client gets them."""
        document = {"uri": self.uri(name)}
        found = self._tell("textDocument/diagnostic", {"textDocument": document})["items"]
        everywhere = {"start": {"line": 0, "character": 0}, "end": {"line": 99_999, "character": 0}}
        asked = {"textDocument": document, "range": everywhere, "context": {"diagnostics": []}}
        actions = [self._made(action) for action in self._tell("textDocument/codeAction", asked)]
        return [found, *actions]

    def _made(self, action: Json) -> Any:
        return _unversioned(self._tell("codeAction/resolve", action) if "data" in action else action)

    def _tell(self, method: str, params: Json) -> Any:
        return self._session.routes[method](params)


def _language(name: str) -> str:
    return "python" if name.endswith(".py") else "plaintext"


def _unversioned(value: Any) -> Any:
    """Without the numbers of versions, which count keystrokes."""
    if isinstance(value, dict):
        return {key: _unversioned(each) for key, each in value.items() if key != "version"}
    return [_unversioned(each) for each in value] if isinstance(value, list) else value


def _common(before: str, after: str) -> tuple[int, int]:
    """How many characters both begin with, and end with behind those.

    Between `\\r` and `\\n` there is no place that the protocol could name.
    """
    most = min(len(before), len(after))
    start = next((at for at in range(most) if before[at] != after[at]), most)
    start -= before[start - 1 : start] == "\r"
    most -= start
    end = next((at for at in range(most) if before[-1 - at] != after[-1 - at]), most)
    return start, end - (end > 0 and before[-end] == "\n")


def _position(text: str, offset: int) -> Json:
    above = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
    line = above.rpartition("\n")[2]
    return {"line": above.count("\n"), "character": len(line.encode("utf-16-le", "surrogatepass")) // 2}


class Work:
    """What somebody does in a folder with Python and launch files: the same for the same seed."""

    def __init__(self, seed: int, root: Path) -> None:
        self._chosen, self._root = random.Random(seed), root
        self.texts = self._begun()
        self._typists = {name: Typist(seed + number) for number, name in enumerate(self.texts)}
        lay_out(root, self.texts)
        self._window = Window(root, self.texts)
        # Settings count once they are saved, and mistakes in them leave those before.
        self._typed_in = [name for name in sorted(self.texts) if not name.endswith(".toml")]
        self._name = self._chosen.choice(self._typed_in)

    def _begun(self) -> dict[str, str]:
        """The files of some examples, of which one at least has several."""
        texts: dict[str, str] = {}
        for examples in (_EVERY, _TOGETHER, self._chosen.choice((_EVERY, _TOGETHER, _TOGETHER))):
            text = self._chosen.choice(examples)
            texts.update({**text.files, text.path: text.code})
        return texts

    def step(self) -> Iterator[tuple[str, list[Any], list[Any]]]:
        """What the session says after a step of each file that it is asked about, and what a new one says."""
        asked = self._save() if self._chosen.random() < 0.1 else self._type()
        fresh = Window(self._root, self.texts)
        for name in asked:
            yield name, self._window.said(name), fresh.said(name)

    def _type(self) -> list[str]:
        """The files whose findings follow at once: launch files', of each other; what Python says waits."""
        if self._chosen.random() < 0.4:
            self._name = self._chosen.choice(self._typed_in)
        before = self.texts[self._name]
        after = self.texts[self._name] = self._typed(before)
        self._window.type(self._name, before, after)
        if not any(launch_format(self._root / self._name, text) for text in (before, after)):
            return [self._name]
        return [name for name in sorted(self.texts) if not name.endswith(".py")]

    def _typed(self, text: str) -> str:
        """Half of the time a word or number, for one that this or another file has."""
        words = list(_WORD.finditer(text))
        if not words or self._chosen.random() < 0.5:
            return self._typists[self._name].typed(text)
        place = self._chosen.choice(words)
        others = _WORD.findall(self._chosen.choice(list(self.texts.values()))) or ["8000"]
        alike = [word for word in others if word.isdigit() == place.group().isdigit()] or others
        return text[: place.start()] + self._chosen.choice(alike) + text[place.end() :]

    def _save(self) -> list[str]:
        """All that is open, as before a commit."""
        lay_out(self._root, self.texts)
        for name in self.texts:
            self._window.save(name)
        self._window.rest()
        return sorted(self.texts)
