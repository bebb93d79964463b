"""The text that an editor changes piece by piece stays the text that the editor has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portside.lint.source import SourceFile, Span
from portside.lsp.buffer import Buffer
from portside.lsp.encoding import Encoding

TEXT = st.text(alphabet="ab \n\r\x0c\u2028é😀", max_size=30)
ENCODINGS = st.sampled_from(list(Encoding))


def change(line: int, start: int, end_line: int, end: int, text: str) -> dict[str, object]:
    where = {"start": {"line": line, "character": start}, "end": {"line": end_line, "character": end}}
    return {"range": where, "text": text}


@given(TEXT, st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), TEXT), max_size=5), ENCODINGS)
def test_any_changes_give_the_text_that_slicing_gives(
    text: str, edits: list[tuple[int, int, str]], encoding: Encoding
) -> None:
    buffer, expected = Buffer(text, encoding), text
    for one, other, new in edits:
        start, end = sorted((min(one, len(expected)), min(other, len(expected))))
        where = buffer.range(Span(start, end))
        # Editors have no place between the two characters of a line end.
        start, end = buffer.offset(where["start"]), buffer.offset(where["end"])
        buffer = buffer.changed([{"range": where, "text": new}])
        expected = expected[:start] + new + expected[end:]
        assert buffer.text == expected
        assert buffer.source("a.py").line_starts == SourceFile("a.py", expected).line_starts
    fresh = Buffer(expected, encoding)
    for offset in range(len(expected) + 1):
        assert buffer.position(offset) == fresh.position(offset)


@given(TEXT)
def test_lines_and_columns_are_those_of_the_source_in_characters(text: str) -> None:
    buffer, source = Buffer(text, Encoding.UTF_32), SourceFile("a.py", text)
    for offset in range(len(text) + 1):
        line, column = source.position(offset)
        assert buffer.position(offset) == {"line": line - 1, "character": column - 1}


@pytest.mark.parametrize(
    ("encoding", "character"), [(Encoding.UTF_8, 9), (Encoding.UTF_16, 6), (Encoding.UTF_32, 5)]
)
def test_an_emoji_counts_as_the_client_counts_it(encoding: Encoding, character: int) -> None:
    buffer = Buffer("x\né = 😀!\r\ny", encoding)
    offset = buffer.text.index("!")
    assert buffer.position(offset) == {"line": 1, "character": character}


@given(
    st.text(alphabet="a\n\ufeff", max_size=6),
    st.lists(
        st.tuples(st.integers(0, 8), st.integers(0, 8), st.text(alphabet="b\r\ufeff", max_size=3)), max_size=4
    ),
)
def test_a_byte_order_mark_is_no_text_whatever_is_typed_around_it(
    text: str, edits: list[tuple[int, int, str]]
) -> None:
    buffer, shown = Buffer(text, Encoding.UTF_32), text
    for one, other, new in edits:
        start, end = sorted((min(one, len(shown)), min(other, len(shown))))
        places = [SourceFile("a.py", shown).position(offset) for offset in (start, end)]
        (line, column), (end_line, end_column) = [(place.line - 1, place.column - 1) for place in places]
        if shown[start - 1 : start + 1] == "\r\n" or shown[end - 1 : end + 1] == "\r\n":
            continue
        buffer = buffer.changed([change(line, column, end_line, end_column, new)])
        shown = shown[:start] + new + shown[end:]
        assert buffer.text == shown.removeprefix("\ufeff")
    fresh = Buffer(shown, Encoding.UTF_32)
    for offset in range(len(fresh.text) + 1):
        assert buffer.position(offset) == fresh.position(offset)


@pytest.mark.parametrize(
    ("encoding", "character"), [(Encoding.UTF_8, 3), (Encoding.UTF_16, 1), (Encoding.UTF_32, 1)]
)
def test_a_byte_order_mark_counts_as_the_client_counts_it(encoding: Encoding, character: int) -> None:
    buffer = Buffer("\ufeffab\nc", encoding)
    assert buffer.position(0) == {"line": 0, "character": character}
    assert buffer.offset({"line": 0, "character": character + 1}) == 1
    assert buffer.offset({"line": 0, "character": 0}) == 0
    assert buffer.position(3) == {"line": 1, "character": 0}


def test_a_form_feed_ends_no_line() -> None:
    assert Buffer("a\x0cb\nc", Encoding.UTF_16).position(4) == {"line": 1, "character": 0}


def test_a_line_end_typed_between_carriage_return_and_newline_keeps_all_lines() -> None:
    buffer = Buffer("a\r", Encoding.UTF_16).changed([change(1, 0, 1, 0, "\nb")])
    assert buffer.text == "a\r\nb"
    assert buffer.position(3) == {"line": 1, "character": 0}


def test_places_behind_the_end_mean_the_end() -> None:
    buffer = Buffer("ab\nc", Encoding.UTF_16)
    assert buffer.offset({"line": 0, "character": 99}) == 2
    assert buffer.offset({"line": 9, "character": 0}) == 4


def test_a_change_without_a_range_replaces_everything() -> None:
    assert Buffer("old", Encoding.UTF_16).changed([{"text": "new\n"}]).text == "new\n"


def test_an_empty_document_can_be_typed_into() -> None:
    assert Buffer("", Encoding.UTF_16).changed([change(0, 0, 0, 0, "x")]).text == "x"


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [((), Encoding.UTF_16), (("utf-7",), Encoding.UTF_16), (("utf-8", "utf-16"), Encoding.UTF_8)],
)
def test_the_first_known_encoding_is_taken(offered: tuple[str, ...], chosen: Encoding) -> None:
    assert Encoding.choose(offered) is chosen
