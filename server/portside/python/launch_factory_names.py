"""Names of the main block that stay names of the module once the block is a function."""

from __future__ import annotations

import builtins

from portside.python.bindings import Binding, How
from portside.python.launch_app import bound_in
from portside.python.launch_arguments import Arguments
from portside.python.launch_obstacles import Obstacles
from portside.python.launch_site import Site
from portside.python.names import Names
from portside.python.syntax import query

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
    for star in query("(wildcard_import) @star", site.guard).get("star", []):
        obstacles.add(star, "`import *` is not allowed in a function")
    keeps_all = _needs_all(names, site)
    # What the calls that parse need must be there before the block imports it.
    needed = set(parsed.modules)
    shared = (b for b in found if keeps_all or b.name in needed or _is_shared(names, site, b))
    wanted = dict.fromkeys(b.name for b in shared)
    for binding in found:
        if binding.name in wanted and _is_annotated(binding):
            obstacles.add(
                binding.node, f"`{binding.name}` has an annotation here, which a `global` name can't have"
            )
    return tuple(wanted)


def _needs_all(names: Names, site: Site) -> bool:
    """Whether somebody may look for any of them where names of the module are."""
    if names.chunks_with(_LOOKUPS):
        return True
    # FastAPI looks annotations up among the names of the module; a class body sees no function's names.
    parts = [site.guard] if site.guard else [chunk.node for chunk in names.chunks_with(["def", "class"])]
    return any(query("(function_definition) @d (class_definition) @d", part) for part in parts)


def _is_shared(names: Names, site: Site, binding: Binding) -> bool:
    """Whether code outside the block reads or sets the name, or means something else by it."""
    guard = site.guard
    if guard is None or hasattr(builtins, binding.name) or binding.deferred:
        return True
    nodes = [*(b.node for b in names.module_bindings(binding.name)), *names.reads(binding.name)]
    return any(not guard.start_byte <= node.start_byte < guard.end_byte for node in nodes)


def _is_annotated(binding: Binding) -> bool:
    return binding.how is How.ANNOTATION or binding.statement.child_by_field_name("type") is not None
