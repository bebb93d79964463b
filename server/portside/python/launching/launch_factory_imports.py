"""The imports that a factory's new code needs, where the script has none of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from tree_sitter import Node

from portside.lint.finding import Edit
from portside.lint.source import Span
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_site import Site
from portside.python.names.bindings import Binding, Scope
from portside.python.names.import_insertion import insertion
from portside.python.names.names import Names
from portside.records import dataclass


@dataclass(frozen=True)
class NewImports:
    """early: the first statement that needs one, if ahead of the main block. users: what else needs one."""

    names: Names
    site: Site
    early: Node | None
    users: tuple[Node, ...]

    def edits(self, modules: Iterable[str], cuts: Sequence[Span], obstacles: Obstacles) -> list[Edit] | None:
        """None, with the reason among the obstacles, where one has no place. cuts: what goes."""
        found: list[Edit] = []
        place = self.early or self.site.guard or self.site.call
        for module in sorted(set(modules)):
            if self._has(module):
                continue
            edit = None if self._is_taken(module) else insertion(self.names, module, place)
            if edit is None:
                obstacles.add(place, f"there is no place for `import {module}`")
                return None
            found.append(self._beside(edit, cuts))
        return self._in_one_block(found)

    def late(self, modules: Iterable[str]) -> Iterator[Node]:
        """Imports in functions that come after who needs them there, for the module to have: they go."""
        for module in modules:
            for home in self._homes(module):
                bindings = self.names.bindings_in(module, home)
                if all(self._is_plain(binding, module) for binding in bindings):
                    yield from (binding.statement for binding in bindings)

    def _in_one_block(self, found: list[Edit]) -> list[Edit]:
        newline = self.names.tree.source.newline
        for index, (one, other) in enumerate(pairwise(found)):
            if one.span == other.span and one.new_text.endswith(newline * 2):
                found[index] = dataclasses.replace(one, new_text=one.new_text.removesuffix(newline))
        return found

    def _has(self, module: str) -> bool:
        if "." in module:
            return any(
                f"import {module}" in self.names.tree.text(b.statement) and b.arm is None and not b.deferred
                for b in self.names.module_bindings(module.partition(".")[0])
            )
        return any(
            b.target == module
            and b.arm is None
            and not b.deferred
            and not self._is_late(b.node)
            and not self.site.removes(b.node.start_byte)
            for b in self.names.module_bindings(module)
        ) and not self._is_taken(module)

    def _is_late(self, node: Node) -> bool:
        """Whether it comes only after the first who needs it."""
        return self.early is not None and node.start_byte >= self.early.start_byte

    def _is_taken(self, module: str) -> bool:
        """Whether the name means something else, or not yet, where it is needed."""
        late = [node.start_byte for node in self.late((module,))]
        module = module.partition(".")[0]
        bindings = (b for home in self._homes(module) for b in self.names.bindings_in(module, home))
        return any(b.statement.start_byte not in late for b in bindings) or any(
            (b.target or "").partition(".")[0] != module for b in self.names.module_bindings(module)
        )

    def _homes(self, name: str) -> set[Scope]:
        """The functions that have a meaning of their own for it, of those that need it."""
        homes = {self.names.home(name, self.names.scope_at(user)) for user in self.users}
        return {home for home in homes if home is not None and home is not self.names.module}

    def _is_plain(self, binding: Binding, module: str) -> bool:
        """Whether it is a statement of its own among others, and so can go."""
        block = binding.statement.parent
        return (
            self.names.tree.text(binding.statement) == f"import {module}"
            and block is not None
            and block.named_child_count > 1
        )

    def _beside(self, edit: Edit, cuts: Sequence[Span]) -> Edit:
        """The edit at the start of what is cut, if it would be within: an import beside one that goes."""
        for span in cuts:
            if span.start < edit.span.start < span.end:
                text = edit.new_text.strip() + self.names.tree.source.newline
                return Edit(edit.path, Span(span.start, span.start), text)
        return edit
