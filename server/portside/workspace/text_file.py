"""Files as text, read so that writing them back changes nothing but what was edited.

Line ends stay as they are, a byte order mark is kept aside, and a Python file's
coding line (PEP 263) counts.
"""

from __future__ import annotations

import codecs
import os
import re
import stat
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from portside.records import dataclass

if TYPE_CHECKING:  # most files are only read
    from portside.lint.source import SourceFile, Span

# In the first line, or in the second where the first is a comment or blank:
# https://peps.python.org/pep-0263/
_CODING = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_BLANK_OR_COMMENT = re.compile(rb"[ \t\f]*(?:#[^\r\n]*)?(?:\r\n|\r|\n)")
# Without waiting: a pipe that nobody writes to would hold up everything.
_READING = (
    os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
)
_LEAST_READ_BYTES = 1 << 16
# Generated code and data; nobody writes a module of that size by hand.
LARGEST_MODULE_BYTES = 2_000_000
NOTEBOOK_SUFFIX = ".ipynb"
_PYTHON_SUFFIXES = frozenset({".py", ".pyw", ".pyi"})


class UnreadableFile(Exception):  # noqa: N818 - reads as a sentence where it is raised
    """A file that is no text that can be worked on; the message says why, without the path."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file's text, and what it takes to turn it into bytes again.

    Of a notebook, `text` is that of its cells: `notebook_file.py`.
    """

    path: Path
    text: str
    data: bytes = field(repr=False)
    encoding: str = "utf-8"
    has_bom: bool = False

    def checked(self, text: str) -> str:
        """What to check where `text` stands in place of the file's own, character for character."""
        return text

    def may_edit(self, _text: str, _span: Span) -> bool:
        """Whether what stands there now can be changed."""
        return True

    def source(self, path: str, text: str) -> SourceFile:
        """That text with a path, for people."""
        from portside.lint.source import SourceFile

        return SourceFile(path, text)

    def stored(self, text: str) -> str:
        """What the file then holds. Raises UnreadableFile where that can't be."""
        return text

    def encode(self, text: str) -> bytes:
        """The bytes of the file with this text in place of its own.

        Raises UnreadableFile where its encoding lacks a character, or doesn't
        give back the bytes that the file has now.
        """
        try:
            if self._encoded(self.stored(self.text)) != self.data:
                raise UnreadableFile(f"would not keep its bytes in {self.encoding}")
            return self._encoded(self.stored(text))
        except UnicodeEncodeError as error:
            lacking = error.object[error.start]
            raise UnreadableFile(f"can't hold `{lacking}` in its encoding, {self.encoding}") from None

    def _encoded(self, text: str) -> bytes:
        return (codecs.BOM_UTF8 if self.has_bom else b"") + text.encode(self.encoding)


def version(path: Path, overlay: str | None) -> object | None:
    """What tells one content of a file from another; None where there is none. overlay: its unsaved text."""
    if overlay is not None:
        return overlay
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size


def read_text_file(path: Path) -> TextFile:
    """The file's text. Raises UnreadableFile with the reason."""
    return decode(path, read_bytes(path))


def read_bytes(path: Path | str) -> bytes:
    """What the file holds. Raises UnreadableFile with the reason."""
    try:
        # A third of what Path.read_bytes takes, and checks of large trees consist of this.
        file = os.open(path, _READING)
        try:
            return _content(file)
        finally:
            os.close(file)
    except OSError as error:
        raise UnreadableFile(_reason(error)) from None


def read_start(path: str, most: int) -> bytes | None:
    """The first bytes of a file, for looks at thousands of them; None where it can't be read."""
    try:
        file = os.open(path, _READING)
        try:
            state = os.fstat(file)
            if not stat.S_ISREG(state.st_mode):
                return None
            # To make room for all that might be there takes as long as the rest. Some don't tell their size.
            return os.read(file, min(most, state.st_size + 1) if state.st_size else most)
        finally:
            os.close(file)
    except OSError:
        return None


def _content(file: int) -> bytes:
    status = os.fstat(file)
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        raise UnreadableFile("is no file with a content of its own")
    size = status.st_size
    data = os.read(file, max(size + 1, _LEAST_READ_BYTES))
    if len(data) == size:
        return data
    parts = [data]
    while parts[-1]:
        parts.append(os.read(file, _LEAST_READ_BYTES))
    return b"".join(parts)


def decode(path: Path, data: bytes) -> TextFile:
    """The text that these bytes of the file are. Raises UnreadableFile."""
    has_bom = data.startswith(codecs.BOM_UTF8)
    body = data[len(codecs.BOM_UTF8) :] if has_bom else data
    if b"\0" in body:
        raise UnreadableFile("is binary")
    encoding = "utf-8" if has_bom or path.suffix not in _PYTHON_SUFFIXES else _declared_encoding(body)
    try:
        file = TextFile(path, body.decode(encoding), data, encoding, has_bom)
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise UnreadableFile(f"is not {encoding.upper()} (line {line})") from None
    return _notebook(file) if path.suffix == NOTEBOOK_SUFFIX else file


def _notebook(file: TextFile) -> TextFile:
    from portside.workspace.notebook_file import NotebookFile

    return NotebookFile.of(file)


def _declared_encoding(body: bytes) -> str:
    name = _coding_name(body)
    if name is None:
        return "utf-8"
    try:
        codec = codecs.lookup(name)
    except LookupError:
        raise UnreadableFile(f"names an unknown encoding, `{name}`") from None
    # Codecs such as rot13 and zlib don't make text of bytes.
    if not getattr(codec, "_is_text_encoding", True):
        raise UnreadableFile(f"names `{name}`, which is no text encoding")
    return codec.name


def _coding_name(body: bytes) -> str | None:
    found = _CODING.match(body)
    if found is None:
        first = _BLANK_OR_COMMENT.match(body)
        found = _CODING.match(body, first.end()) if first else None
    return found[1].decode("ascii", "replace") if found else None


def _reason(error: OSError) -> str:
    match error:
        case FileNotFoundError():
            return "does not exist"
        case PermissionError():
            return "can't be read: permission denied"
        case IsADirectoryError():
            return "is a folder"
        case _:
            return f"can't be read: {error.strerror or error}"


def read_module(path: Path) -> bytes:
    """What it holds; nothing where it can't be read."""
    try:
        data = read_bytes(path)
    except UnreadableFile:
        return b""
    return data if len(data) <= LARGEST_MODULE_BYTES else b""
