"""What made a server: the class behind a variable, a function, or a method or attribute of a class.

Where another file has the class, function or object, `Tracer.made_by` says what is made there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tree_sitter import Node

from portside.knowledge import listeners
from portside.python.names.names import Names
from portside.python.source.nodes import nodes_of
from portside.python.source.syntax import arguments
from portside.python.values.instances import attribute_values, class_around, constructions, method_of
from portside.python.values.value_objects import annotation, returns
from portside.python.values.values import Tracer

_FARTHEST = 5


def makers(tracer: Tracer, holder: Node, depth: int = _FARTHEST) -> frozenset[str]:
    """The qualified names of what may have made the object; "" for what is not known."""
    names = tracer.names
    made = constructions(names, holder)
    if made:
        return frozenset(name for call in made for name in _makers_of(tracer, call, holder, depth))
    member = _of_instance(tracer, holder, depth, is_called=False)
    if member:
        return member
    imported = names.qualified(holder)
    return tracer.made_by(imported) if imported is not None else frozenset()


def of_each(tracer: Tracer, expressions: Iterable[Node], depth: int = _FARTHEST) -> frozenset[str]:
    """What made any of these; empty where one of them, or all, may come from anywhere."""
    made = [makers(tracer, expression, depth) for expression in expressions]
    return frozenset().union(*made) if all(made) else frozenset()


def member_values(names: Names, owner: Node, member: str, *, is_called: bool) -> tuple[Node, ...]:
    """What a method of the class returns, or what an attribute is given; () where that can't be told."""
    if is_called:
        function = method_of(names, names.scope_of(owner), member)
        return tuple(returns(function)) if function is not None else ()
    bindings = names.bindings_in(member, names.scope_of(owner))
    values = [*(binding.value for binding in bindings), *_written(owner, member)]
    known = tuple(value for value in values if value is not None and value.type != "none")
    return known if all(value is not None for value in values) else ()


def made_in_file(names: Names, holder: Node) -> tuple[Node, ...]:
    """The calls of this file one of which made the object, which may be an attribute of a class."""
    outer, name = holder.child_by_field_name("object"), holder.child_by_field_name("attribute")
    made = constructions(names, holder)
    owner = class_of(names, outer) if outer is not None and not made else None
    if owner is None or name is None:
        return made
    values = member_values(names, owner, names.tree.text(name), is_called=False)
    return tuple(call for value in values for call in constructions(names, value))


def _written(owner: Node, member: str) -> Iterator[Node | None]:
    """What methods assign to `self.MEMBER`; None for what is no plain assignment."""
    own = {f"self.{member}".encode(), f"cls.{member}".encode()}
    for assignment in nodes_of(owner, "assignment"):
        left = assignment.child_by_field_name("left")
        if left is not None and left.text in own:
            yield assignment.child_by_field_name("right")


def _makers_of(tracer: Tracer, call: Node, holder: Node, depth: int) -> frozenset[str]:
    callee = call.child_by_field_name("function")
    if callee is None or depth == 0:
        return frozenset({""})
    returned = _returned_itself(tracer.names, callee)
    if returned is not None and returned != holder:
        return makers(tracer, returned, depth - 1)
    made = _maker(tracer.names, callee)
    passed = arguments(call).positional
    if made == "contextlib.closing" and passed:
        return makers(tracer, passed[0], depth - 1)
    if made is None:
        return _of_instance(tracer, callee, depth, is_called=True) or frozenset({""})
    if made in listeners.METHODS:
        return frozenset({made})
    return tracer.made_by(f"{made}()") or frozenset({made})


def _of_instance(tracer: Tracer, attribute: Node, depth: int, *, is_called: bool) -> frozenset[str]:
    """`ui.create_interface()`, `server.app`, where a class of this or another file made `ui`, or is it."""
    holder, name = attribute.child_by_field_name("object"), attribute.child_by_field_name("attribute")
    if holder is None or name is None or depth == 0:
        return frozenset()
    owner, member = class_of(tracer.names, holder), tracer.names.tree.text(name)
    if owner is not None:
        values = member_values(tracer.names, owner, member, is_called=is_called)
        return of_each(tracer, values, depth - 1)
    made = [call.child_by_field_name("function") for call in constructions(tracer.names, holder)]
    outside = tracer.names.qualified(made[0]) if len(made) == 1 and made[0] is not None else None
    if outside is None:
        return frozenset()
    called = f"{outside}().{member}{'()' * is_called}"
    known = listeners.MADE_BY_METHODS.get(called)
    return frozenset({known}) if known is not None else tracer.made_by(called)


def class_of(names: Names, holder: Node) -> Node | None:
    """The class of the file that the expression is, or is an instance of."""
    if holder.text in {b"self", b"cls"}:
        around = class_around(names.scope_at(holder))
        return around.node if around is not None else None
    made = [call.child_by_field_name("function") for call in constructions(names, holder)] or [holder]
    owners = {names.definition(callee) if callee is not None else None for callee in made}
    owner = owners.pop() if len(owners) == 1 else None
    if owner is not None and owner.type == "class_definition":
        return owner
    return _annotated_class(names, holder)


def _annotated_class(names: Names, holder: Node) -> Node | None:
    """The class of a parameter, or of an attribute that is given it, by what is said of it there."""
    values = attribute_values(names, holder) if holder.type == "attribute" else (holder,)
    written = annotation(names, values[0]) if len(values) == 1 and values[0] is not None else None
    found = names.definition(written) if written is not None else None
    return found if found is not None and found.type == "class_definition" else None


# Methods that return what they are called on: `demo.queue().launch(…)` of gradio.
_FLUENT = frozenset({"queue"})


def _returned_itself(names: Names, callee: Node) -> Node | None:
    method = callee.child_by_field_name("attribute") if callee.type == "attribute" else None
    is_fluent = method is not None and names.tree.text(method) in _FLUENT
    return callee.child_by_field_name("object") if is_fluent else None


def _maker(names: Names, callee: Node) -> str | None:
    """The class that is called, also behind a subclass or a factory of this file."""
    called, definition = names.qualified(callee), names.definition(callee)
    if called is not None or definition is None:
        return called
    if definition.type == "class_definition":
        bases = arguments(definition).positional
        return names.qualified(bases[0]) if len(bases) == 1 else None
    returned = returns(definition)
    calls = [call for expression in returned for call in constructions(names, expression) or (expression,)]
    callees = [call.child_by_field_name("function") for call in calls]
    made = {names.qualified(callee) if callee is not None else None for callee in callees}
    return made.pop() if len(made) == 1 else None
