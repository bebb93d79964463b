"""Names of the main block that stay names of the module once the block is a function."""

from __future__ import annotations

import builtins
import re
from collections.abc import Collection, Iterator

from tree_sitter import Node

from portside.python.launching.launch_app import bound_in, is_bound_alike
from portside.python.launching.launch_arguments import Arguments
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_site import Site
from portside.python.names.bindings import Binding, How
from portside.python.names.names import Names
from portside.python.source.nodes import holds, nodes_of
from portside.python.source.syntax import argument_nodes

# In the order in which they are tried.
_FACTORIES = ("create_app", "build_app", "make_app", "get_app", "create_app_for_uvicorn")

_LOOKUPS = ("globals", "locals", "vars", "eval", "exec", "__dict__")


def factory_name(names: Names) -> str | None:
    """What the factory can be called: a word that the file has nowhere yet; None if it has them all."""
    return next((name for name in _FACTORIES if not names.chunks_with([name])), None)


def global_names(names: Names, site: Site, parsed: Arguments, obstacles: Obstacles) -> tuple[str, ...]:
    """The names to declare `global`; what can't be declared becomes an obstacle."""
    if site.guard is None:
        return ()
    found = [b for b in bound_in(names, site.guard) if b.name != "*"]
    for star in nodes_of(site.guard, "wildcard_import"):
        obstacles.add(star, "`import *` is not allowed in a function")
    looked_up = _looked_up(names, site)
    # What the calls that parse need must be there before the block imports it.
    needed = set(parsed.modules)
    shared = (b for b in found if b.name in needed or _has_to_be_shared(names, site, b, looked_up))
    return tuple(dict.fromkeys(b.name for b in shared))


def annotated(names: Names, site: Site, declared: Collection[str]) -> Iterator[Node]:
    """The assignments of the block with a type, which a `global` name can't have."""
    for name in declared:
        for binding in names.module_bindings(name):
            within = site.guard is not None and site.guard.start_byte <= binding.node.start_byte
            if within and site.removes(binding.node.start_byte) and _is_annotated(binding):
                yield binding.statement


def _has_to_be_shared(names: Names, site: Site, binding: Binding, looked_up: Collection[str] | None) -> bool:
    if is_bound_alike(names, site, binding) and not _is_read_before(names, site, binding):
        return False
    is_asked_for = looked_up is None or binding.name in looked_up
    return is_asked_for or _is_shared(names, site, binding) or _is_held(names, binding)


def _is_held(names: Names, binding: Binding) -> bool:
    """Whether nobody reads what the name holds: as one of a function it would be let go with the function."""
    is_plain = binding.how is How.ASSIGNMENT and not binding.name.startswith("_")
    return is_plain and not names.reads(binding.name)


def _is_read_before(names: Names, site: Site, binding: Binding) -> bool:
    """Whether the block itself reads the name before it binds it, which a function can't."""
    start = site.guard.start_byte if site.guard is not None else 0
    return any(start <= read.start_byte < binding.node.start_byte for read in names.reads(binding.name))


def _looked_up(names: Names, site: Site) -> Collection[str] | None:
    """The names that somebody may look for where names of the module are; None where it may be any."""
    for chunk in names.chunks_with(_LOOKUPS):
        for node in chunk.nodes("identifier"):
            if names.tree.text(node) in _LOOKUPS and not _is_method(names, node):
                return None
    # FastAPI looks up what annotations in quotes name, and a class body sees no function's names.
    found: set[str] = set()
    for node in nodes_of(site.guard, "function_definition", "class_definition") if site.guard else ():
        texts = [node] if node.type == "class_definition" else nodes_of(node, "type")
        found.update(word for text in texts for word in re.findall(r"\w+", names.tree.text(text)))
    return found


def _is_method(names: Names, node: Node) -> bool:
    """`model.eval()`, or its `def`, `vars(args)` and `item.__dict__`: they look up nothing of the module."""
    parent, text = node.parent, names.tree.text(node)
    if parent is None:
        return False
    if text == "__dict__":
        return "modules" not in names.tree.text(parent)
    if text == "vars" and parent.type == "call":
        return bool(argument_nodes(parent)) and "modules" not in names.tree.text(parent)
    is_attribute = parent.child_by_field_name("attribute") == node
    return is_attribute or parent.type in {"function_definition", "keyword_argument"}


def _is_shared(names: Names, site: Site, binding: Binding) -> bool:
    """Whether code outside the block reads or sets the name, or means something else by it."""
    guard = site.guard
    if guard is None or hasattr(builtins, binding.name) or binding.deferred:
        return True
    nodes = [*(b.node for b in names.module_bindings(binding.name)), *names.reads(binding.name)]
    return any(not holds(guard, node) for node in nodes)


def _is_annotated(binding: Binding) -> bool:
    return binding.how is How.ANNOTATION or binding.statement.child_by_field_name("type") is not None
