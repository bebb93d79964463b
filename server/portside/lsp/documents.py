"""The documents that are open in the editor, and every other file that an answer points into."""

from __future__ import annotations

from pathlib import Path

from portside.lsp import uris
from portside.lsp.buffer import Buffer
from portside.lsp.encoding import Encoding
from portside.records import dataclass
from portside.workspace.text_file import UnreadableFile, read_text_file

_PYTHON_SUFFIXES = frozenset({".py", ".pyw"})


@dataclass(frozen=True, slots=True)
class Document:
    """One version of an open document.

    path: of an untitled one, a name in the first folder that no file has; of a cell, its notebook's with the
    cell's own name behind it. notebook: the URI of the one that the document is a cell of.
    """

    uri: str
    path: Path
    language: str
    version: int | None
    buffer: Buffer
    on_disk: bool = True
    notebook: str | None = None

    @property
    def is_python(self) -> bool:
        """By its language, unless the name is that of a launch file: some editors have one for all."""
        if self.path.suffix in _PYTHON_SUFFIXES:
            return self.language in {"python", ""}
        return self.language == "python" and (self.notebook is not None or not _launches(self))


def _launches(document: Document) -> bool:
    # Loaded late: this brings the tables by which names are judged, and most names end in `.py`.
    from portside.workspace.file_kinds import launch_format

    return launch_format(document.path, document.buffer.text) is not None


class Documents:
    """Open documents by URI and by path. Nothing here fails for a URI that isn't open."""

    def __init__(self) -> None:
        self.encoding = Encoding.UTF_16
        self._by_uri: dict[str, Document] = {}
        self._by_path: dict[Path, Document] = {}

    def get(self, uri: str) -> Document | None:
        return self._by_uri.get(uri)

    def put(self, document: Document) -> None:
        self._by_uri[document.uri] = document
        self._by_path[document.path] = document

    def remove(self, uri: str) -> Document | None:
        document = self._by_uri.pop(uri, None)
        if document is not None:
            self._by_path.pop(document.path, None)
            # Some clients know a file by two URIs: it is open until both are closed.
            others = (other for other in self._by_uri.values() if other.path == document.path)
            self._by_path.update((other.path, other) for other in others)
        return document

    def open(self) -> list[Document]:
        return list(self._by_uri.values())

    def at(self, path: Path) -> Document | None:
        return self._by_path.get(path)

    def buffer(self, path: Path) -> Buffer | None:
        """The text of a file as the editor has it, else as the disk has it; None where there is none."""
        document = self._by_path.get(path)
        if document is not None:
            return document.buffer
        try:
            return Buffer(read_text_file(path).text, self.encoding)
        except UnreadableFile:
            return None

    def uri(self, path: Path) -> str:
        """The URI by which the editor knows the file."""
        document = self._by_path.get(path)
        return document.uri if document is not None else uris.from_path(path)
