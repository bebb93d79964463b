"""What waits for the server and for other coroutines at once.

await asyncio.gather(server.serve(), work())            await asyncio.wait([first, second])

tasks = [server.serve(), work()]                        async with asyncio.TaskGroup() as group:
await asyncio.gather(*tasks)                                group.create_task(server.serve())
                                                            group.create_task(work())
"""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from portside.python.names.names import Names
from portside.python.source.nodes import nodes_of, own_parts, statements
from portside.python.source.syntax import ancestors, argument_nodes, arguments, block_around
from portside.records import dataclass

TASKS = frozenset({"asyncio.create_task", "asyncio.ensure_future"})
GATHER, WAIT, GROUP = "asyncio.gather", "asyncio.wait", "asyncio.TaskGroup"
_LISTS = frozenset({"list", "set", "tuple"})


@dataclass(frozen=True, eq=False)
class Together:
    """The server among others.

    whole: the call that is awaited, or the `async with` of a group of tasks. given: what stands in it for
    the server. beside: the other coroutines and tasks, and keywords. gone: statements that do nothing but
    to put the server among them. result: the names that `done, pending = await asyncio.wait(…)` sets.
    """

    whole: Node
    given: Node
    beside: tuple[Node, ...]
    gone: tuple[Node, ...] = ()
    result: Node | None = None

    @property
    def ends_with_any(self) -> bool:
        """Whether the first that is done ends the wait for all."""
        wanted = arguments(self.whole).keywords.get("return_when") if not self.is_group else None
        return wanted is not None and (wanted.text or b"").endswith(b"FIRST_COMPLETED")

    @property
    def is_group(self) -> bool:
        return self.whole.type == "with_statement"


def together(names: Names, node: Node) -> Together | None:
    """How this expression, which serves, is waited for with others; None where it is alone."""
    return _in_group(names, node) or _in_call(names, _in_task(names, node))


def _in_task(names: Names, node: Node) -> Node:
    """The `asyncio.create_task(…)` around it, or itself."""
    made = _call_around(node)
    function = made.child_by_field_name("function") if made is not None else None
    return made if made is not None and function is not None and names.qualified(function) in TASKS else node


def _call_around(node: Node) -> Node | None:
    """The call that it is the first argument of."""
    listed = node.parent
    if listed is None or listed.type != "argument_list" or own_parts(listed)[0] != node:
        return None
    return listed.parent


def _in_call(names: Names, node: Node) -> Together | None:
    listed = node.parent
    if listed is None:
        return None
    if listed.type == "argument_list":
        return _appended(names, node) or _awaited(names, listed, node, (), within=listed)
    if listed.type not in _LISTS:
        return None
    handed = listed.parent
    if handed is not None and handed.type == "assignment":
        return _named(names, handed, listed, node)
    return _of_list(names, listed, node, (), within=listed)


def _of_list(
    names: Names, listed: Node, given: Node, gone: tuple[Node, ...], within: Node | None
) -> Together | None:
    """`listed`, an expression, is `*listed` of a gather, or what a wait is for."""
    spread = listed.parent
    if spread is not None and spread.type == "list_splat":
        listed = spread
    around = listed.parent
    if around is None or around.type != "argument_list":
        return None
    is_spread = listed.type == "list_splat"
    call = around.parent
    function = call.child_by_field_name("function") if call is not None else None
    if function is None or names.qualified(function) != (GATHER if is_spread else WAIT):
        return None
    return _awaited(names, around, given, gone, within=within, listed=listed)


def _named(names: Names, assignment: Node, listed: Node, node: Node) -> Together | None:
    """`tasks = [server.serve(), work()]`, with one reader, which waits for them."""
    left = assignment.child_by_field_name("left")
    reads = _reads_of_one(names, left) if left is not None else ()
    if len(reads) != 1:
        return None
    found = _of_list(names, reads[0], node, (assignment,), within=listed)
    return found if found is not None and _same_block(assignment, found.whole) else None


def _appended(names: Names, node: Node) -> Together | None:
    """`tasks.append(server.serve())`, where `tasks` has others too."""
    call = _call_around(node)
    function = call.child_by_field_name("function") if call is not None else None
    holder = function.child_by_field_name("object") if function is not None else None
    method = function.child_by_field_name("attribute") if function is not None else None
    if call is None or holder is None or holder.type != "identifier" or method is None:
        return None
    if names.tree.text(method) != "append" or not _is_statement(call):
        return None
    for read in _reads_of_one(names, holder):
        found = _of_list(names, read, node, (call,), within=None) if read.start_byte > call.end_byte else None
        if found is not None:
            return found if _same_block(call, found.whole) else None
    return None


def _reads_of_one(names: Names, name: Node) -> tuple[Node, ...]:
    """The reads of a name that is bound once."""
    if name.type != "identifier":
        return ()
    text, scope = names.tree.text(name), names.scope_at(name)
    home = names.home(text, scope)
    bound = names.bindings_in(text, home) if home is not None else ()
    reads = tuple(names.reads(text, home)) if len(bound) == 1 else ()
    return reads if all(names.scope_at(read) is scope for read in reads) else ()


def _awaited(
    names: Names,
    passed: Node,
    given: Node,
    gone: tuple[Node, ...],
    *,
    within: Node | None,
    listed: Node | None = None,
) -> Together | None:
    """The call of these arguments, as a statement of its own. within: the list that the server stands in."""
    call = passed.parent
    function = call.child_by_field_name("function") if call is not None else None
    called = names.qualified(function) if function is not None else None
    awaited = call.parent if call is not None else None
    if call is None or awaited is None or awaited.type != "await" or called not in {GATHER, WAIT}:
        return None
    if called == WAIT and listed is None:
        return None
    around = awaited.parent
    if around is None or around.type not in {"expression_statement", "assignment"}:
        return None
    is_wait = called == WAIT
    result = around.child_by_field_name("left") if around.type == "assignment" else None
    if result is not None and not (is_wait and _is_pair(result)):
        return None
    beside = tuple(_others(passed, given, within, listed, is_wait))
    return Together(call, listed or given, beside, gone, result)


def _is_pair(target: Node) -> bool:
    """`done, pending`"""
    return target.type == "pattern_list" and len(own_parts(target)) == 2


def _others(
    passed: Node, given: Node, within: Node | None, listed: Node | None, is_wait: bool
) -> Iterator[Node]:
    """What is waited for besides: of the list that the server stands in, and of the call itself."""
    for node in argument_nodes(passed.parent) if passed.parent is not None else ():
        if node == listed and within is not None:
            yield from (one for one in own_parts(within) if one != given)
        elif node != given and not (is_wait and node.type == "keyword_argument"):
            yield node


def _in_group(names: Names, node: Node) -> Together | None:
    """`group.create_task(server.serve())` in the `async with` of the group, which makes only tasks."""
    made = _call_around(node)
    group = _group_of(made) if made is not None else None
    if made is None or group is None:
        return None
    for around in ancestors(made):
        if around.type == "with_statement":
            return _group(names, around, made, names.tree.text(group))
        if around.type in {"function_definition", "for_statement", "if_statement", "try_statement"}:
            return None
    return None


def _group_of(call: Node) -> Node | None:
    function = call.child_by_field_name("function")
    method = function.child_by_field_name("attribute") if function is not None else None
    holder = function.child_by_field_name("object") if function is not None else None
    is_named = holder is not None and holder.type == "identifier" and method is not None
    return holder if is_named and method is not None and method.text == b"create_task" else None


def _group(names: Names, opened: Node, made: Node, name: str) -> Together | None:
    body = opened.child_by_field_name("body")
    if body is None or not _opens_group(names, opened, name):
        return None
    beside = []
    for statement in statements(body):
        call = _made_by(names, statement)
        holder = _group_of(call) if call is not None else None
        if call is None or holder is None or names.tree.text(holder) != name:
            return None
        if call != made:
            passed = arguments(call).positional
            if len(passed) != 1 or name in _words(names, passed[0]):
                return None
            beside.append(passed[0])
    return Together(opened, made, tuple(beside))


def _opens_group(names: Names, opened: Node, name: str) -> bool:
    """Whether it is `async with asyncio.TaskGroup() as name` and no more."""
    items = [
        item for clause in opened.named_children if clause.type == "with_clause" for item in own_parts(clause)
    ]
    value = items[0].child_by_field_name("value") if len(items) == 1 else None
    if value is None or value.type != "as_pattern":
        return False
    call, *_, target = own_parts(value)
    function = call.child_by_field_name("function") if call.type == "call" else None
    return function is not None and names.qualified(function) == GROUP and names.tree.text(target) == name


def _made_by(names: Names, statement: Node) -> Node | None:
    """The call of a statement, whose result nobody reads."""
    made = own_parts(statement)[0] if statement.type == "expression_statement" else statement
    if made.type == "assignment":
        left, right = made.child_by_field_name("left"), made.child_by_field_name("right")
        if left is None or right is None or left.type != "identifier" or _reads_of_one(names, left):
            return None
        made = right
    return made if made.type == "call" else None


def _words(names: Names, node: Node) -> set[str]:
    return {names.tree.text(one) for one in nodes_of(node, "identifier")}


def _is_statement(node: Node) -> bool:
    return node.parent is not None and node.parent.type == "expression_statement"


def _same_block(first: Node, second: Node) -> bool:
    return block_around(first) == block_around(second)
