"""Command lines in Python code as words: lists, shell strings, f-strings, and what is added to them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tree_sitter import Node

from portside.lint.source import Span
from portside.python.names.bindings import Binding, How
from portside.python.names.names import Names
from portside.python.ports.server_makers import class_of
from portside.python.source.nodes import EXTRAS, own_parts
from portside.python.source.syntax import arguments, string_value, unwrapped
from portside.python.values.alternatives import keys_given
from portside.python.values.instances import attribute_values, attribute_values_before, method_of, unpacked
from portside.python.values.value_objects import returns
from portside.python.values.values import Tracer
from portside.records import dataclass

_FARTHEST = 12
# In a shell string: what ends a command, or a stretch without blanks, quotes and backslashes.
_IN_STRING = re.compile(r"[^\s'\"\\;&|()]+|&&|\|\||[;&|()]")
_SEPARATORS = frozenset({"&&", "||", ";", "&", "|", "(", ")"})
_UNKNOWN = "\x00"
SHELL_FLAGS = frozenset({"-c", "-lc", "-ic", "-ec"})


@dataclass(frozen=True, eq=False)
class Word:
    """One word of a command.

    text: what it is, with NUL for each character of it that is computed; None for the
    end of one command in a shell string. span: where it stands. string: the literal
    that it is, or is a part of. expression: what computes it, where one expression does.
    """

    text: str | None
    span: Span
    string: Node | None = None
    expression: Node | None = None


# Of one string, that may be commands themselves: each may have as many again.
_MOST_PARTS = 3
# They give back the words of what they are given.
_UNCHANGED = frozenset({"shlex.split", "shlex.join", "shlex.quote", "builtins.list", "builtins.tuple"})


def words(names: Names, expression: Node, depth: int = _FARTHEST) -> list[Word]:
    """The words that the expression holds, in order; what is not known comes as NUL."""
    node = unwrapped(expression)
    if depth == 0:
        return [_unknown(names, node)]
    match node.type:
        case "list" | "tuple" | "list_splat":
            return list(_of_items(names, node, depth))
        case "binary_operator":
            return _of_sum(names, node, depth)
        case "string" | "concatenated_string":
            return list(_of_string(names, node, depth))
        case "conditional_expression":
            return _of_choice(names, node, depth)
        case "call":
            return _of_call(names, node, depth)
        case "identifier":
            return _of_name(names, node, depth)
        case "subscript" | "attribute":
            return _of_member(names, node, depth)
        case kind if kind in EXTRAS:
            return []
    return [_unknown(names, node)]


def _of_items(names: Names, node: Node, depth: int) -> Iterator[Word]:
    if node.type == "list_splat":
        return iter(words(names, own_parts(node)[0], depth - 1))
    return item_words(names, node.named_children, depth)


def _of_member(names: Names, node: Node, depth: int) -> list[Word]:
    """What a table holds under a key, the class gives `self.command`, or the function `job.command`."""
    if node.type == "attribute":
        values = attribute_values(names, node) or attribute_values_before(names, node)
        return _of_several(names, node, values, depth)
    container, key = node.child_by_field_name("value"), node.child_by_field_name("subscript")
    return _of_table(names, node, container, key, depth)


def _of_table(names: Names, node: Node, container: Node | None, key: Node | None, depth: int) -> list[Word]:
    found: list[Word] = []
    for item in _items(names, container, key, depth):
        held = words(names, item, depth - 1)
        if found and _is_command(held):
            found.append(Word(None, names.tree.span(node)))
        found += held
    return found or [_unknown(names, node)]


def _is_command(held: Sequence[Word]) -> bool:
    """Not a name or options, which may be a part of one command."""
    return len(held) > 1 and not (held[0].text or "-").startswith("-")


def _of_several(names: Names, node: Node, values: Sequence[Node | None], depth: int) -> list[Word]:
    """The words of each of these, one command after the other; one unknown word where any is not known."""
    if not values or any(value is None for value in values):
        return [_unknown(names, node)]
    found: list[Word] = []
    for value in values:
        if found:
            found.append(Word(None, names.tree.span(node)))
        found += words(names, value, depth - 1) if value is not None else []
    return found


def item_words(names: Names, items: Sequence[Node], depth: int = _FARTHEST) -> Iterator[Word]:
    """The words of a list's items: each string is one, but for the script after `bash -c`.

    What may be one thing or another is a word of the command, but for its first, which may be a command.
    """
    shell = began = False
    for item in items:
        if item.type == "string" and not shell:
            text, inside = _masked(names, item)
            yield Word(text.strip(), names.tree.span(item), item, _sole(inside, text) or item)
            shell = text.strip() in SHELL_FLAGS
        else:
            held = words(names, item, depth - 1)
            is_choice = item.type != "list_splat" and any(word.text is None for word in held)
            is_one = began and not shell and is_choice
            yield from [_unknown(names, item)] if is_one else held
            shell = False
        began = True


def _sole(inside: dict[tuple[int, int], Node], text: str) -> Node | None:
    """The one expression that makes up a whole f-string."""
    if len(inside) != 1 or set(text.strip()) != {_UNKNOWN}:
        return None
    return next(iter(inside.values()))


def _unknown(names: Names, node: Node) -> Word:
    return Word(_UNKNOWN, names.tree.span(node), expression=node)


def _of_sum(names: Names, node: Node, depth: int) -> list[Word]:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    operator = node.child_by_field_name("operator")
    if left is not None and operator is not None and operator.type == "%":
        return words(names, left, depth - 1)
    if left is None or right is None or operator is None or operator.type != "+":
        return [_unknown(names, node)]
    return [*words(names, left, depth - 1), *words(names, right, depth - 1)]


def _of_call(names: Names, call: Node, depth: int) -> list[Word]:
    """`shlex.split(x)`, `x.split()`, `x.format(…)`, `" ".join(x)`, `list(x)`, and what returns a command.

    Any other call is one word, and so is one that names the environment variable to read.
    """
    callee, passed = call.child_by_field_name("function"), arguments(call)
    if callee is None:
        return [_unknown(names, call)]
    if names.qualified(callee) in _UNCHANGED and passed.positional:
        return words(names, passed.positional[0], depth - 1)
    holder, method = callee.child_by_field_name("object"), callee.child_by_field_name("attribute")
    function = _called(names, callee)
    if function is not None:
        held = _of_several(names, call, tuple(returns(function)), depth)
        is_read = len(held) == 1 and held[0].text == _UNKNOWN and any(keys_given(Tracer(names), function))
        return [_unknown(names, call)] if is_read else held
    if holder is None or method is None:
        return [_unknown(names, call)]
    if (
        names.tree.text(method) == "join"
        and unwrapped(holder).type == "string"
        and len(passed.positional) == 1
    ):
        return words(names, passed.positional[0], depth - 1)
    name = names.tree.text(method)
    if name == "get" and passed.positional:
        return _of_table(names, call, holder, passed.positional[0], depth)
    if name == "format" or (name in {"split", "copy", "strip"} and not passed.positional):
        return words(names, holder, depth - 1)
    return [_unknown(names, call)]


def _called(names: Names, callee: Node) -> Node | None:
    """The function of the file that is called, or the method of an object whose class is in the file."""
    definition = names.definition(callee)
    if definition is not None:
        return definition if definition.type == "function_definition" else None
    holder, method = callee.child_by_field_name("object"), callee.child_by_field_name("attribute")
    owner = class_of(names, holder) if holder is not None and method is not None else None
    if owner is None or method is None:
        return None
    return method_of(names, names.scope_of(owner), names.tree.text(method))


def _items(names: Names, container: Node | None, key: Node | None, depth: int) -> Iterator[Node]:
    """What a table written in the file holds under the key; under all keys where it is not known."""
    if container is None or key is None or depth == 0:
        return
    table = names.value_of(container)
    outer, name = table.child_by_field_name("value"), table.child_by_field_name("subscript")
    tables = _items(names, outer, name, depth - 1) if table.type == "subscript" else (table,)
    wanted = string_value(names.tree, unwrapped(key)) if unwrapped(key).type == "string" else None
    for one in tables:
        for pair in one.named_children if one.type == "dictionary" else ():
            name, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
            if name is None or value is None or name.type != "string":
                continue
            if wanted is None or string_value(names.tree, name) == wanted:
                yield value


def _of_name(names: Names, identifier: Node, depth: int) -> list[Word]:
    """What the name was bound to, and what was added to it, in the order of the text."""
    found: list[Word] = []
    for binding in _bindings(names, identifier):
        added = binding.statement.child_by_field_name("right") if binding.how is How.AUGMENTED else None
        value = binding.value if binding.how in {How.ASSIGNMENT, How.WALRUS} else added
        value = value or unpacked(names, identifier)
        if value is None:
            return [_unknown(names, identifier)]
        found += words(names, value, depth - 1)
    return [*found, *_added(names, identifier, depth)] or [_unknown(names, identifier)]


def _bindings(names: Names, identifier: Node) -> Sequence[Binding]:
    """What gives the name its value here; of a list that is added to (`cmd += …`), all steps."""
    reaching = names.bindings_of(identifier)
    if not any(binding.how is How.AUGMENTED for binding in reaching):
        return reaching
    scope = names.scope_at(identifier)
    home = names.home(names.tree.text(identifier), scope, identifier.start_byte)
    bindings = names.bindings_in(names.tree.text(identifier), home) if home is not None else ()
    before = [b for b in bindings if home is not scope or b.since <= identifier.start_byte]
    fresh = [i for i, b in enumerate(before) if b.how is How.ASSIGNMENT and b.arm is None]
    return before[fresh[-1] :] if fresh else before


def _added(names: Names, identifier: Node, depth: int) -> list[Word]:
    """The arguments of `NAME.extend(…)` and `NAME.append(…)` before it is used."""
    name, scope = names.tree.text(identifier), names.scope_at(identifier)
    found: list[Word] = []
    for mention in names.mentions(name, scope):
        attribute = mention.parent
        call = attribute.parent if attribute is not None else None
        if attribute is None or call is None or attribute.type != "attribute" or call.type != "call":
            continue
        method = attribute.child_by_field_name("attribute")
        adds = method is not None and names.tree.text(method) in {"extend", "append"}
        if adds and mention.start_byte < identifier.start_byte:
            for value in arguments(call).positional:
                found += words(names, value, depth - 1)
    return found


def _of_choice(names: Names, node: Node, depth: int) -> list[Word]:
    """`path if path.exists() else "vllm"`: the word that is known, behind what is not."""
    chosen = [own_parts(node)[0], own_parts(node)[-1]]
    held = [words(names, each, depth - 1) for each in chosen]
    known = [each for each in held if _is_known(each)]
    return [_unknown(names, node), *known[0]] if len(known) == 1 else [_unknown(names, node)]


def _is_known(held: Sequence[Word]) -> bool:
    return len(held) == 1 and _UNKNOWN not in (held[0].text or _UNKNOWN)


def _of_string(names: Names, node: Node, depth: int) -> Iterator[Word]:
    """The words of a shell string, also of one in several pieces."""
    for part in node.named_children if node.type == "concatenated_string" else [node]:
        if part.type == "string":
            yield from _of_one_string(names, part, depth)


def _of_one_string(names: Names, node: Node, depth: int) -> Iterator[Word]:
    base, parts = names.tree.span(node).start, 0
    text, inside = _masked(names, node)
    for match in _IN_STRING.finditer(text):
        span = Span(base + match.start(), base + match.end())
        if match.group() in _SEPARATORS:
            yield Word(None, span)
        else:
            sole = inside.get((match.start(), match.end()))
            held = words(names, sole, depth - 1) if sole is not None and parts < _MOST_PARTS else []
            parts += sole is not None
            # A part of a command: `f"{vllm} --port 8000"`. One word is as good where it is used.
            is_one = len(held) < 2 or any(word.text is None for word in held)
            yield from [Word(match.group(), span, node, sole)] if is_one else held


def _masked(names: Names, node: Node) -> tuple[str, dict[tuple[int, int], Node]]:
    """The string's source with blanks for its quotes and NUL for what is computed, and that by place."""
    tree = names.tree
    base = tree.span(node).start
    text = list(tree.text(node))
    inside: dict[tuple[int, int], Node] = {}
    for child in node.children:
        span = tree.span(child)
        start, end = span.start - base, span.end - base
        if child.type == "interpolation":
            text[start:end] = _UNKNOWN * (end - start)
            expressions = [part for part in child.named_children if part.type not in _FORMATTING]
            if len(expressions) == 1 and len(own_parts(child)) == 1:
                inside[start, end] = expressions[0]
        elif child.type in {"string_start", "string_end"}:
            text[start:end] = " " * (end - start)
        elif child.type == "string_content":
            for escape in child.named_children:
                place = tree.span(escape)
                text[place.start - base : place.end - base] = " " * (place.end - place.start)
    return "".join(text), inside


_FORMATTING = frozenset({"format_specifier", "type_conversion"})
