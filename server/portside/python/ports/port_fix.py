"""The fix that reads a port from an environment variable, with what was written as its default."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from tree_sitter import Node

from portside.lint.finding import Applicability, Edit, Fix
from portside.lint.source import Span
from portside.python.facts import LaunchReference
from portside.python.names.names import Names
from portside.python.ports.port_copies import lines_with_copies
from portside.python.ports.port_use import PortUse
from portside.python.source.syntax import ancestors, arguments
from portside.python.values.environment_reader import environment_reader
from portside.python.values.value_types import Through
from portside.records import cached_property, dataclass

_CONSTANT = re.compile(r"[A-Z][A-Z0-9_]*")
_READ = r"""["']{}["']\s*(?:,\s*(?:default\s*=\s*)?["']?(\d+)["']?)?\s*[)\]]"""
_PREFIX = re.compile(r"([A-Za-z]*)(\"\"\"|'''|\"|')")


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable for a port. chosen: named in the settings, not derived from the code."""

    name: str
    chosen: bool


@dataclass(frozen=True, eq=False)
class FilePorts:
    """All ports of a file, for the fixes of each. preferred: the variable that the settings name."""

    names: Names
    uses: Sequence[PortUse]
    preferred: str

    @cached_property
    def variables(self) -> Mapping[int, Variable]:
        return variables(self.names, self.uses, self.preferred)

    @cached_property
    def spans(self) -> Mapping[int, Collection[Span]]:
        """Where each stands in the file itself."""
        found: defaultdict[int, set[Span]] = defaultdict(set)
        for use in self.uses:
            if use.literal.path is None:
                found[use.port].add(use.literal.span)
        return found


def variables(names: Names, uses: Sequence[PortUse], preferred: str) -> Mapping[int, Variable]:
    """Which variable each port of the file gets: never one for two ports, nor one that is read for another.

    preferred: goes to the first port that this process itself listens on.
    """
    constants: defaultdict[int, set[str]] = defaultdict(set)
    for use in uses:
        constants[use.port].add((use.literal.name or "").rpartition(".")[2].upper())
    given: dict[int, Variable] = {}
    taken: set[str] = set()
    for use in sorted(uses, key=lambda use: use.started):
        if use.port not in given:
            candidates = _candidates(use, constants[use.port], preferred)
            free = (v for v in candidates if v.name not in taken and _is_free(names, v.name, use.port))
            given[use.port] = next(free)
            taken.add(given[use.port].name)
    return given


def _candidates(use: PortUse, constants: Collection[str], preferred: str) -> Iterator[Variable]:
    """constants: the names that this port has in the file. There is no end to them."""
    yield Variable(use.listener.argument.variable or preferred, chosen=True)
    yield from (Variable(name, chosen=False) for name in sorted(constants) if _is_good(name))
    suffixes = itertools.chain([""], (f"_{number}" for number in itertools.count(2)))
    yield from (Variable(f"PORT_{use.port}{suffix}", chosen=False) for suffix in suffixes)


def _is_good(name: str) -> bool:
    """Whether a constant's name does for a variable. vLLM warns of each `VLLM_…` that it doesn't know."""
    return bool(_CONSTANT.fullmatch(name)) and "PORT" in name and not name.startswith("VLLM_")


def _is_free(names: Names, variable: str, port: int) -> bool:
    """Whether the file does not read the variable yet, or reads it with this very default."""
    text = "".join(names.tree.text(chunk.node) for chunk in names.chunks_with([variable]))
    return all(default == str(port) for default in re.findall(_READ.format(re.escape(variable)), text))


def environment_fix(
    ports: FilePorts, use: PortUse, variable: Variable, settings: Sequence[LaunchReference]
) -> Fix | None:
    """Read this port from the variable; None where that can't be written so that it is surely right.

    settings: the lines that set the preferred variable where this script is run.
    """
    if use.literal.path is not None or use.literal.through is Through.SEVERAL:
        return None
    names = ports.names
    node = use.string or _literal_node(names, use.literal.span)
    reader = environment_reader(names, node) if node is not None else None
    if node is None or reader is None or _is_out_of_reach(node):
        return None
    if use.string is not None and names.tree.text(use.string).strip("\"'") != str(use.port):
        edits = _in_string(names, use, reader.function, variable.name)
    else:
        edits = _whole(names, node, reader.function, variable.name)
    if edits is None:
        return None
    if reader.edit is not None:
        edits = (reader.edit, *edits)
    others = [setting for setting in settings if not re.search(rf"\b{use.port}\b", setting.text)]
    copies = lines_with_copies(names, use.port, ports.spans[use.port], variable.name)
    safe = variable.chosen and not others and not copies
    title = f"Read the port from the environment variable `{variable.name}`"
    applicability = Applicability.SAFE if safe else Applicability.UNSAFE
    return Fix(title, edits, applicability, (*_notes(use, variable, others), *_copied(use, copies)))


def _notes(use: PortUse, variable: Variable, settings: Sequence[LaunchReference]) -> tuple[str, ...]:
    notes = [f"Listens on {use.port}, as before, wherever `{variable.name}` is not set."]
    if not variable.chosen:
        notes.append(f"`{variable.name}` is a guess at a good name: this file has several ports.")
    notes += (f"`{variable.name}` is set at {s.path}:{s.line}: `{s.text.strip()}`." for s in settings)
    return tuple(notes)


def _copied(use: PortUse, lines: Sequence[int]) -> Iterator[str]:
    if lines:
        shown = [str(line) for line in lines[:4]]
        listed = " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
        more = "" if len(lines) == len(shown) else " and others"
        places = f"line {listed}" if len(lines) == 1 else f"lines {listed}{more}"
        yield f"`{use.port}` also stands in {places}, which would not follow."


def _literal_node(names: Names, span: Span) -> Node | None:
    node = names.node_over(span)
    while node is not None and node.parent is not None and node.type not in {"integer", "string"}:
        node = node.parent
    return node if node is not None and names.tree.span(node) == span else None


def _is_out_of_reach(node: Node) -> bool:
    """Whether the literal stands where no call may: within an f-string's braces, in `Literal[8000]`."""
    for around in ancestors(node):
        if around.type == "interpolation":
            return True
        if around.type == "assignment":
            annotation = around.child_by_field_name("type")
            return annotation is not None and b"Literal" in (annotation.text or b"")
        if around.type.endswith("_statement"):
            return False
    return False


def _quote(names: Names) -> str:
    """The quote that the file uses more."""
    data = names.tree.source.data
    return "'" if data.count(b"'") > data.count(b'"') else '"'


def _whole(names: Names, node: Node, function: str, variable: str) -> tuple[Edit, ...] | None:
    """`int(os.environ.get("PORT", "8000"))` for 8000, without the `int` for "8000" and `str(8000)`."""
    path = names.tree.source.path
    if node.type == "string":
        found = _PREFIX.match(names.tree.text(node))
        if found is None or found[1]:
            return None
        quote = found[2][0]
        read = f"{function}({quote}{variable}{quote}, {names.tree.text(node)})"
        return (Edit(path, names.tree.span(node), read),)
    quote = _quote(names)
    value = names.tree.text(node).replace("_", "")
    if not value.isdigit():
        return None
    read = f"{function}({quote}{variable}{quote}, {quote}{value}{quote})"
    text = _text_call(names, node)
    if text is not None:
        return (Edit(path, names.tree.span(text), read),)
    return (Edit(path, names.tree.span(node), f"int({read})"),)


def _text_call(names: Names, node: Node) -> Node | None:
    """The `str(…)` around the node, if that is all it holds."""
    call = node.parent.parent if node.parent is not None and node.parent.type == "argument_list" else None
    callee = call.child_by_field_name("function") if call is not None else None
    if call is None or callee is None or names.qualified(callee) != "builtins.str":
        return None
    passed = arguments(call)
    return call if len(passed.positional) == 1 and not passed.keywords else None


def _in_string(names: Names, use: PortUse, function: str, variable: str) -> tuple[Edit, ...] | None:
    """The digits become a replacement field, and the string an f-string."""
    assert use.string is not None
    tree, path = names.tree, names.tree.source.path
    text, start = tree.text(use.string), tree.span(use.string).start
    found = _PREFIX.match(text)
    if found is None or not set(found[1].lower()) <= {"f", "r"}:
        return None
    quote = "'" if found[2][0] == '"' else '"'
    field = f"{{{function}({quote}{variable}{quote}, {quote}{use.port}{quote})}}"
    digits = Edit(path, use.literal.span, field)
    if "f" in found[1].lower():
        return (digits,)
    # What `.format` or a template engine would fill in later must not become a field now.
    if "{" in text or "}" in text:
        return None
    return (Edit(path, Span(start, start), "f"), digits)
