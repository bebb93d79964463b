"""Characters, bytes and lines of a text."""

from __future__ import annotations

import pytest

from portside.lint.source import SourceFile


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_bytes_and_characters_stay_together_behind_letters_of_several_bytes(end: str) -> None:
    text = end.join(["ä = 1", "", "€ = '\U0001f600\ud800'", "last"])
    source = SourceFile("a.py", text)
    for offset in range(len(text) + 1):
        byte = len(text[:offset].encode("utf-8", "replace"))
        assert (source.byte_of_offset(offset), source.offset_of_byte(byte)) == (byte, offset)
        assert source.row_of_byte(byte) == source.line_of(offset)
    rows = range(len(source.line_starts))
    assert [source.start_of_row(row) for row in rows] == [
        source.byte_of_offset(at) for at in source.line_starts
    ]
