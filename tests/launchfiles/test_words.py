"""Each character of a word is found again in the file, through quotes, escapes and nesting."""

from __future__ import annotations

import pytest

from portside.launchfiles.text.words import Word, commands_in, exec_words, shell_commands


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a --port=\"8000\" 'b'", id="quotes within a word"),
        pytest.param('a\\ b "c\\"d" \'e\\f\'', id="escapes"),
        pytest.param("sh -c 'exec uvicorn --port=\"8000\"'", id="quotes within a nested command"),
        pytest.param('bash -c "uvicorn \\"a b\\" --port 8000"', id="escaped quotes around a nested word"),
        pytest.param('echo $(cat "x y" z)', id="a substitution"),
    ],
)
def test_each_character_has_its_place(text: str) -> None:
    words = [word for command in shell_commands(text) for word in command]
    assert words
    for word in words:
        assert "".join(text[word.place(index)] for index in range(len(word.text))) == word.text
        assert text[word.start : word.end].strip("\\") != ""


def test_an_exec_form_is_unescaped_as_json() -> None:
    text = r'["sh", "-c", "echo \"a\"\n\u0041 --port 8000"]'
    words = exec_words(text, 0, len(text))
    assert [word.text for word in words] == ["sh", "-c", 'echo "a"\nA --port 8000']
    port = words[2].text.index("8000")
    assert text[words[2].span(port, port + 4).start :].startswith("8000")


def test_a_part_of_a_word_is_a_word_with_its_place() -> None:
    text = 'x --url="http://localhost:8000"'
    word = next(iter(shell_commands(text)))[1]
    part = word.part(word.text.index("8000"), len(word.text))
    assert (part.text, text[part.start : part.end]) == ("8000", "8000")


def test_commands_in_a_block_of_several_lines_keep_their_places() -> None:
    text = "  uvicorn a:b \\\n    --port 8000\n"
    lines = "uvicorn a:b \\\n  --port 8000\n"
    kept = [index for index in range(len(text)) if index not in (0, 1, 16, 17)]
    places = (*kept, len(text))
    commands = list(commands_in(Word(lines, 0, len(text), 2, places)))
    assert [word.text for word in commands[0]] == ["uvicorn", "a:b", "--port", "8000"]
    assert text[commands[0][3].start : commands[0][3].end] == "8000"
