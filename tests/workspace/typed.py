"""Texts that people have open in an editor, and what they type into them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.proof.factories import FACTORIES, NO_FACTORY
from tests.proof.movable import MOVABLE
from tests.proof.unmovable import UNMOVABLE
from tests.rules.marked import unmark

from portside.rules import ALL

HANDLER = '''

def handler_{0}(request, limit={0}):
    """Answer one request."""
    values = [x * {0} for x in range(limit)]
    if not values:
        raise ValueError("empty")
    return {{"values": values, "n": len(values)}}

'''

PIECES = (
    *(
        "x",
        " ",
        "\n",
        "\n    ",
        "    ",
        "\t",
        "#",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        '"',
        "'",
        '"""',
        "'''",
        "\\",
    ),
    *(
        ":",
        ",",
        "=",
        "@",
        ";",
        ".",
        "\r\n",
        "\r",
        "\x0c",
        "é",
        "🚀",
        "\ufeff",
        "0.0.0.0",
        "8000",
        "app",
        "engine",
    ),
    *("# portside: ignore", "# portside: ignore[PS101]", "# comment\n", "    # indented comment\n", "\n\n"),
    *(
        "import os\n",
        "import uvicorn\n",
        "from vllm import LLM\n",
        "def f():\n    pass\n",
        "class A:\n    x = 1\n",
    ),
    *('if __name__ == "__main__":\n', "    uvicorn.run(app, port=8000)\n", "uvicorn.run(app, port=8000)\n"),
    *("    port=8000", "port = 8000\n", "PORT = 8000\n", "engine = LLM(model='m')\n", "app = FastAPI()\n"),
    *(
        "else:\n",
        "elif x:\n",
        "try:\n",
        "except Exception:\n    pass\n",
        "finally:\n    pass\n",
        "async ",
        "await ",
    ),
    *(
        "return",
        "global app\n",
        "del app\n",
        "<<<<<<< HEAD\n",
        "=======\n",
        ">>>>>>> other\n",
        "lambda: 0",
        "f'{x}'",
    ),
    *("match x:\n    case 1:\n        pass\n", "with open(x) as f:\n    pass\n", "print(8000)\n"),
)


@dataclass(frozen=True)
class Text:
    """A file of a workspace. files: the others, by path."""

    code: str
    path: str = "server.py"
    files: Mapping[str, str] = field(default_factory=dict)


EXAMPLES = {
    rule.name: [Text(unmark(e.code).text, e.path, e.files) for e in (*rule.invalid, *rule.valid)]
    for rule in ALL
}
SHAPES = {
    "movable": [Text(shape.code, shape.path, shape.files) for shape in MOVABLE],
    "factories": [Text(shape.code, shape.path, shape.files) for shape in FACTORIES],
    "unmovable": [Text(shape.code, shape.path, shape.files) for shape in (*UNMOVABLE, *NO_FACTORY)],
}


class Typist:
    """Types, deletes, moves lines about and takes back what it did: the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._chosen = random.Random(seed)
        self._undo: list[str] = []

    def begun(self) -> str:
        """A text to begin with: an example, mostly with more code in it."""
        every = [text.code for texts in (*EXAMPLES.values(), *SHAPES.values()) for text in texts]
        lines = self._chosen.choice(every).splitlines(keepends=True)
        more = [HANDLER.format(number) for number in range(self._chosen.choice((0, 0, 3, 12)))]
        tops = [at for at, line in enumerate(lines) if line[:1] not in " \t\n#)"] or [0]
        at = self._chosen.choice(tops)
        return "".join((*lines[:at], *more, *lines[at:]))

    def typed(self, text: str) -> str:
        """The text after a keystroke, or something that an editor does at once."""
        before = text
        for _ in range(self._chosen.choice((1, 1, 1, 1, 2))):
            text = self._changed(text)
        self._undo.append(before)
        return text

    def _changed(self, text: str) -> str:
        kind, lines = self._chosen.random(), text.splitlines(keepends=True)
        if kind < 0.12 and self._undo:
            return self._chosen.choice(self._undo[-6:])
        if kind < 0.36 and lines:
            return "".join(self._chosen.choice((self._copied, self._moved, self._cut, self._indented))(lines))
        if kind < 0.45 and lines:
            at = self._chosen.randrange(len(lines))
            ending = self._chosen.choice(("x", "  # c", ")", ":", "(", "\n    y = 1"))
            return "".join((*lines[:at], lines[at].rstrip("\r\n"), ending, "\n", *lines[at + 1 :]))
        if kind < 0.47:
            return text.replace("\r\n", "\n") if "\r" in text else text.replace("\n", "\r\n")
        return self._spliced(text)

    def _spliced(self, text: str) -> str:
        start = self._chosen.choice((0, len(text), *[self._chosen.randrange(len(text) + 1)] * 20))
        end = min(len(text), start + self._chosen.choice((0, 0, 0, 0, 1, 1, 2, 5, 30)))
        return text[:start] + self._chosen.choice(("", *PIECES)) + text[end:]

    def _some(self, lines: list[str]) -> tuple[int, int]:
        start = self._chosen.randrange(len(lines))
        return start, min(len(lines), start + self._chosen.choice((1, 1, 2, 5)))

    def _copied(self, lines: list[str]) -> list[str]:
        start, end = self._some(lines)
        at = self._chosen.randrange(len(lines) + 1)
        return [*lines[:at], *lines[start:end], *lines[at:]]

    def _moved(self, lines: list[str]) -> list[str]:
        start, end = self._some(lines)
        rest = lines[:start] + lines[end:]
        at = self._chosen.randrange(len(rest) + 1)
        return [*rest[:at], *lines[start:end], *rest[at:]]

    def _cut(self, lines: list[str]) -> list[str]:
        start, end = self._some(lines)
        return lines[:start] + lines[end:]

    def _indented(self, lines: list[str]) -> list[str]:
        start, end = self._some(lines)
        deeper = self._chosen.random() < 0.5
        changed = ["    " + line if deeper else line.removeprefix("    ") for line in lines[start:end]]
        return [*lines[:start], *changed, *lines[end:]]
