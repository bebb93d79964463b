"""What mutations start from: the servers of the proof harness, and the examples of every rule."""

from __future__ import annotations

from tests.proof.factories import FACTORIES, NO_FACTORY
from tests.proof.lifespans import ENGINES
from tests.proof.movable import MOVABLE
from tests.proof.unmovable import UNMOVABLE
from tests.rules.marked import unmark

from portside.rules import ALL
from portside.workspace.walk import PYTHON_SUFFIXES


def launch_seeds() -> dict[str, list[bytes]]:
    """The launch files of all rules' examples, by their names: `Dockerfile`, `compose.yaml`."""
    found: dict[str, list[bytes]] = {}
    for rule in ALL:
        for example in (*rule.invalid, *rule.valid):
            for path, text in {**example.files, example.path: unmark(example.code).text}.items():
                if not path.endswith(PYTHON_SUFFIXES):
                    found.setdefault(path.rpartition("/")[2], []).append(text.encode())
    return {name: list(dict.fromkeys(texts)) for name, texts in found.items()}


def seeds() -> list[bytes]:
    """Each text once, in an order that stays."""
    shapes = (*MOVABLE, *UNMOVABLE, *FACTORIES, *NO_FACTORY, *ENGINES)
    texts = [shape.code for shape in shapes]
    for rule in ALL:
        texts += [unmark(example.code).text for example in rule.invalid]
        texts += [example.code for example in rule.valid]
    return [text.encode("utf-8", "surrogateescape") for text in dict.fromkeys(texts)]
