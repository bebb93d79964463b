"""What mutations start from: the servers of the proof harness, and the examples of every rule."""

from __future__ import annotations

from tests.proof.factories import FACTORIES, NO_FACTORY
from tests.proof.lifespans import ENGINES
from tests.proof.movable import MOVABLE
from tests.proof.unmovable import UNMOVABLE
from tests.rules.marked import unmark

from portside.rules import ALL


def seeds() -> list[bytes]:
    """Each text once, in an order that stays."""
    shapes = (*MOVABLE, *UNMOVABLE, *FACTORIES, *NO_FACTORY, *ENGINES)
    texts = [shape.code for shape in shapes]
    for rule in ALL:
        texts += [unmark(example.code).text for example in rule.invalid]
        texts += [example.code for example in rule.valid]
    return [text.encode("utf-8", "surrogateescape") for text in dict.fromkeys(texts)]
