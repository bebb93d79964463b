"""Reading a file and writing it back changes nothing but what was edited."""

from __future__ import annotations

from pathlib import Path

import pytest

from portside.workspace.text_file import UnreadableFile, decode, read_text_file

PYTHON = Path("a.py")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x = 1\r\ny = 2\rz = 3\n",
        b"\xef\xbb\xbfx = 1\n",
        "x = 'é😀'\n".encode(),
        b"# coding: latin-1\nx = '\xe9'\n",
        b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nx = '\x80'\n",
        b"\n# coding: latin-1\nx = '\xe9'\n",
    ],
)
def test_bytes_come_back_as_they_were(data: bytes) -> None:
    file = decode(PYTHON, data)
    assert file.encode(file.text) == data


def test_a_coding_line_counts_in_the_first_two_lines_only() -> None:
    with pytest.raises(UnreadableFile, match="is not UTF-8"):
        decode(PYTHON, b"x = 1\n# coding: latin-1\ny = '\xe9'\n")


def test_a_coding_line_counts_in_python_only() -> None:
    with pytest.raises(UnreadableFile, match="is not UTF-8"):
        decode(Path("Dockerfile"), b"# coding: latin-1\n# \xe9\n")


def test_a_character_that_the_encoding_lacks_is_named() -> None:
    file = decode(PYTHON, b"# coding: latin-1\n")
    with pytest.raises(UnreadableFile, match="can't hold `€` in its encoding, iso8859-1"):
        file.encode("€")


def test_bytes_that_would_not_come_back_are_not_written() -> None:
    file = decode(PYTHON, b"# coding: utf-7\nx = '+AGE-'\n")
    with pytest.raises(UnreadableFile, match="would not keep its bytes"):
        file.encode(file.text)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"a\0b", "is binary"),
        (b"a\nb\n\xff", r"is not UTF-8 \(line 3\)"),
        (b"# coding: klingon\n", "names an unknown encoding, `klingon`"),
        (b"# coding: base64\n", "names `base64`, which is no text encoding"),
    ],
)
def test_what_is_no_text_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        decode(PYTHON, data)


def test_a_path_that_is_no_file_says_why(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="does not exist"):
        read_text_file(tmp_path / "gone.py")
    with pytest.raises(UnreadableFile, match="is a folder"):
        read_text_file(tmp_path)
