"""Every construct of every format that the documentation lists, each with what it comes to.

They stand in constructs/FORMAT.md: a heading, the file's text, and its facts as `rendering` writes them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.launchfiles.rendering import lines_of

from portside.launchfiles.reading import read

FOLDER = Path(__file__).parent / "constructs"
_CONSTRUCT = re.compile(
    r"^## (?P<name>[^\n]+)\n+(?P<fence>`{3,})\w* (?P<path>\S+)\n(?P<text>.*?)^(?P=fence)\n+"
    r"(?P=fence)\n(?P<facts>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Construct:
    page: str
    name: str
    path: str
    text: str
    facts: str


def constructs() -> list[Construct]:
    return [
        Construct(page.stem, found["name"], found["path"], found["text"], found["facts"])
        for page in sorted(FOLDER.glob("*.md"))
        for found in _CONSTRUCT.finditer(page.read_bytes().decode())
    ]


ALL = constructs()


@pytest.mark.parametrize("one", ALL, ids=[f"{one.page}: {one.name}" for one in ALL])
def test_construct(one: Construct) -> None:
    file = read(one.path, one.text)
    assert file is not None
    assert lines_of(file, one.text) == one.facts.splitlines()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("Makefile", "A = $(B) $(B)\nB = $(C) $(C)\nC = $(A) $(A)\nrun:\n\tuvicorn a:a --port $(A)\n"),
        ("Makefile", "X = $(call X)\nrun:\n\t$(X)\n\tuvicorn a:a\n"),
        ("Makefile", "X := a\n" + "X := $(X) $(X)\n" * 40 + "run:\n\tuvicorn a:a $(X)\n"),
        ("start.sh", "(" * 3000 + "uvicorn a:a"),
        ("start.sh", "if true; then " * 1500 + "uvicorn a:a"),
        (".env", "B=a\n" + "B=${B}${B}\n" * 40),
        ("package.json", '{"scripts":' * 5000),
        (".vscode/launch.json", "[" * 100_000),
        ("api.service", "[Service]\nExecStart=" + '"' * 5000),
    ],
)
def test_what_grows_without_end_is_given_up(path: str, text: str) -> None:
    file = read(path, text)
    assert file is not None
    lines_of(file, text)


@pytest.mark.parametrize("page", sorted(FOLDER.glob("*.md")), ids=lambda page: page.stem)
def test_no_heading_is_overlooked(page: Path) -> None:
    headings = re.findall(r"^## (.+)$", page.read_bytes().decode(), re.MULTILINE)
    assert headings == [one.name for one in ALL if one.page == page.stem]


@pytest.mark.parametrize("one", ALL, ids=[f"{one.page}: {one.name}" for one in ALL])
def test_broken_text_is_read_as_far_as_it_goes(one: Construct) -> None:
    """However the file is cut off while somebody types, or garbled."""
    for cut in range(0, len(one.text), max(1, len(one.text) // 12)):
        for broken in (one.text[:cut], one.text[cut:], one.text[:cut] + '\x00"${(`' + one.text[cut:]):
            file = read(one.path, broken)
            if file is not None:
                lines_of(file, broken)
