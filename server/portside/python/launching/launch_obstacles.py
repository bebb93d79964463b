"""What stands in the way of moving a launch, collected while it is looked at."""

from __future__ import annotations

from dataclasses import field

from tree_sitter import Node

from portside.lint.finding import Blocker
from portside.python.source.nodes import holds
from portside.python.source.syntax import SyntaxTree
from portside.records import dataclass


@dataclass
class Obstacles:
    """Blockers and notes, in the order in which they were met.

    explained: what a blocker was said of already, so that no second one says less of it. idle: statements
    that do nothing that counts, whatever they look like. staying: functions that go on as they are for who
    else calls them.
    """

    tree: SyntaxTree
    found: list[Blocker] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    needs_review: bool = False
    explained: list[Node] = field(default_factory=list)
    idle: tuple[Node, ...] = ()
    staying: tuple[Node, ...] = ()
    # One main block may hold thousands of statements.
    _said: set[Blocker | str] = field(default_factory=set, repr=False)

    def add(self, node: Node, reason: str) -> None:
        self.add_at(self.tree.line(node), reason)

    def add_at(self, line: int, reason: str) -> None:
        blocker = Blocker(line, reason)
        if blocker not in self._said:
            self._said.add(blocker)
            self.found.append(blocker)

    def explain(self, node: Node, reason: str) -> None:
        """Adds a blocker that says all there is to say of the code at `node`."""
        self.add(node, reason)
        self.explained.append(node)

    def is_explained(self, around: Node) -> bool:
        return any(holds(around, node) for node in self.explained)

    def note(self, text: str, *, review: bool = False) -> None:
        """Something to know before applying. review: a person has to look at it."""
        if text not in self._said:
            self._said.add(text)
            self.notes.append(text)
        self.needs_review |= review

    def note_gone(self, node: Node) -> None:
        """What the command does not do, unless it stays for others."""
        if not any(holds(function, node) for function in self.staying):
            self.note(f"{self.quote(node)} goes")

    def quote(self, node: Node) -> str:
        """The code, in backticks, in one line and not too long."""
        text = " ".join(self.tree.text(node).split())
        return f"`{text if len(text) <= 60 else text[:57] + '…'}`"

    @property
    def blockers(self) -> tuple[Blocker, ...]:
        return tuple(sorted(dict.fromkeys(self.found), key=lambda blocker: blocker.line))
