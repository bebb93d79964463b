"""Python text as a syntax tree: parsed with tolerance, again quickly after an edit.

tree-sitter counts bytes; everything that leaves this module as a place is a `Span`
of character offsets. A tree with errors in it is still a tree: what could not be
read lies in ERROR nodes, and the statements around them are as good as ever.

No function here or above walks a tree by recursion: ten thousand nested
parentheses are a legal file.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import field
from itertools import islice, pairwise

from tree_sitter import Node, Parser, Point, Range, Tree

from portside.lint.source import SourceFile, Span
from portside.python.source.nodes import EXTRAS, LANGUAGE, own_parts
from portside.python.source.text_changes import Change, change_between, edited
from portside.records import cached_property, dataclass

# A file with more errors than this is no Python; to list them all would help nobody.
_MOST_ERRORS = 100

# The more places a base has been edited in, the less of it is used again.
_FEW_EDITS = 8
_MOST_EDITS = 100

_LONE_RETURN = re.compile(rb"\r(?!\n)")
_NOT_LINE_END = re.compile(rb"[^\r\n]")
_MANY_COMMENTS = 400
_COMMENT_LINES = re.compile(rb"(?:^[ \t]*#[^\n]*\n){%d,}" % _MANY_COMMENTS, re.MULTILINE)
# CPython's own limit for brackets (`MAXLEVEL` in Parser/lexer/state.h, 3.13). Chains of attributes, calls and
# operators it takes longer ones of, about three thousand; there every question to a node costs its depth.
_DEEPEST = 200
_LONGEST_CHAIN = 1_000
_LONG_LINE = 2_000
# tree-sitter-python crashes on a string within more levels of indentation than 510 (scanner.c, 0.25.0: one
# byte too many); CPython takes 100. Lines within brackets and strings are counted, too, which mean nothing.
_DEEPEST_INDENTATION = 300
_TAB = 8
_LEAST_DEEPLY_INDENTED = _DEEPEST_INDENTATION**2 // _TAB // 2
_FAR_RIGHT = re.compile(
    rb"\n(?:[ \f]{%d}|[ \f]*\t[ \t\f]{%d})" % (_DEEPEST_INDENTATION, _DEEPEST_INDENTATION // _TAB - 1)
)
_INDENTATION = re.compile(rb"^[ \t\f]*(?=[^ \t\f\r\n])", re.MULTILINE)
_LINKS = (
    *(bytes([sign]) for sign in b".+-*/%|&^=<>@~"),
    b" and",
    b" or",
    b"not ",
    b" if ",
    b"lambda",
    b"await ",
)
_BRACKET = re.compile(rb"[()\[\]{}]")
_STRING = re.compile(rb"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
# Whether such a line nests too deep, by its digest.
_seen_lines: dict[bytes, bool] = {}
_MOST_SEEN_LINES = 10_000


@dataclass(frozen=True)
class SyntaxTree:
    """A file and its tree. The nodes live as long as this object does.

    whole: the tree of this very text; None where only the statements that anybody asks for are parsed,
    by themselves (reparse.py). base: the tree of an earlier text, or of this one, that a later text is
    parsed from; it knows of the `edits` changes since. change: what differs from the text before.

    A tree with errors becomes a base only where there is no better: parsed from that, a text may come
    out other than by itself (seen with tree-sitter 0.26 in texts with many errors).
    """

    source: SourceFile
    base: Tree = field(repr=False)
    whole: Tree | None = field(repr=False)
    change: Change | None = None
    edits: int = 0
    _parts: dict[int, Node] = field(default_factory=dict, repr=False, compare=False)

    @property
    def parsed(self) -> bool:
        return self.whole is not None

    @cached_property
    def root(self) -> Node:
        """The whole module. Takes a parse of the whole text where only parts of it have been parsed."""
        return (self.whole or Parser(LANGUAGE).parse(self.data, self.base)).root_node

    @cached_property
    def has_error(self) -> bool:
        return self.parsed and self.root.has_error

    @cached_property
    def data(self) -> bytes:
        """The bytes that the parser reads; as many as the text has."""
        return _readable(self.source.data)

    def part(self, start: int, end: int) -> Node:
        """These lines as a module of their own, at the same places."""
        found = self._parts.get(start)
        if found is None:
            first, last = (Point(self.source.row_of_byte(byte), 0) for byte in (start, end))
            found = self._parts[start] = _parsed_part(self.data, Range(first, last, start, end)).root_node
        return found

    def text(self, node: Node) -> str:
        return self.source.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def span(self, node: Node) -> Span:
        return self.span_of_bytes(node.start_byte, node.end_byte)

    def span_of_bytes(self, start: int, end: int) -> Span:
        return Span(self.source.offset_of_byte(start), self.source.offset_of_byte(end))

    def line(self, node: Node) -> int:
        """The line that the node starts on, counted from 1."""
        return self.source.line_of(self.source.offset_of_byte(node.start_byte)) + 1

    @cached_property
    def statements(self) -> tuple[Node, ...]:
        """The statements at module level, in order, without comments.

        After an error the parser may take the rest of a broken line, or an indented
        line whose `if` it lost, for a statement of the module. Those are left out:
        nobody knows when they would run.
        """
        nodes = self.root.named_children
        if not self.has_error:
            return tuple(node for node in nodes if node.type not in EXTRAS)
        return tuple(node for node in nodes if self.stands_at_module_level(node))

    def stands_at_module_level(self, node: Node) -> bool:
        """Whether a node of the module is a statement that begins where Python has one begin."""
        if node.type == "ERROR" or node.type in EXTRAS:
            return False
        return node.start_point.column == 0 or self._starts_its_own_line(node)

    def _starts_its_own_line(self, node: Node) -> bool:
        """Whether what precedes it on its line is whole statements (`a = 1; b = 2`) or nothing."""
        line_start = node.start_byte - node.start_point.column
        before = self.source.data[line_start : node.start_byte]
        if before in {b"\xef\xbb\xbf", b"\x0c"}:
            return True
        return before[:1] not in {b" ", b"\t"} and before.rstrip().endswith(b";")

    @cached_property
    def errors(self) -> tuple[Span, ...]:
        """Where the parser had to skip something or to think something up."""
        if self.data.isspace() and (at := too_deep(self.source.data)) is not None:
            return (self.span_of_bytes(at, at),)
        if not self.has_error:
            return ()
        nodes = islice(self._broken_nodes(), _MOST_ERRORS)
        return tuple(sorted(self.span(node) for node in nodes)) or (self._missing_line_end(),)

    def _missing_line_end(self) -> Span:
        """Where a statement begins on the line of another one: what the parser thinks up then has no node."""
        node = self.root
        while within := next((child for child in node.children if child.has_error), None):
            node = within
        children = node.children
        at = next((b for a, b in pairwise(children) if a.is_named and _share_a_line(a, b)), node).start_byte
        return self.span_of_bytes(at, at)

    def _broken_nodes(self) -> Iterator[Node]:
        """In the order of the text. A query for them takes time that is quadratic in open parentheses."""
        cursor = self.root.walk()
        while True:
            node = cursor.node
            assert node is not None
            if node.is_error or node.is_missing:
                yield node
            if node.has_error and cursor.goto_first_child():
                continue
            while not cursor.goto_next_sibling():
                if not cursor.goto_parent():
                    return


def _share_a_line(node: Node, following: Node) -> bool:
    return following.is_named and following.start_point.row == node.end_point.row


# Parsers for parts that nobody uses: what one has reserved serves the next text, and a new one takes twice
# as long for a statement.
_idle: list[Parser] = []


def _parsed_part(data: bytes, part: Range) -> Tree:
    parser = _idle.pop() if _idle else Parser(LANGUAGE)
    parser.included_ranges = [part]
    tree = parser.parse(data)
    _idle.append(parser)
    return tree


def parse(source: SourceFile, previous: SyntaxTree | None = None) -> SyntaxTree:
    """The tree of a file. previous: a tree of an earlier text of it, which makes this fast."""
    if previous is None:
        tree = Parser(LANGUAGE).parse(_readable(source.data))
        return SyntaxTree(source, tree, tree)
    if previous.whole is None and previous.edits > _FEW_EDITS:
        # Once for all texts to come, which might have errors, and then are all parsed from this one.
        tree = Parser(LANGUAGE).parse(previous.data, previous.base)
        previous = SyntaxTree(previous.source, tree, tree)
    again = edit(source, previous)
    if again.edits > _MOST_EDITS:
        tree = Parser(LANGUAGE).parse(again.data)
        return SyntaxTree(source, tree, tree, again.change)
    tree = Parser(LANGUAGE).parse(again.data, again.base)
    if tree.root_node.has_error:
        return SyntaxTree(source, again.base, tree, again.change, again.edits)
    return SyntaxTree(source, tree, tree, again.change)


def edit(source: SourceFile, previous: SyntaxTree) -> SyntaxTree:
    """A later text of the file, of which nothing is parsed yet."""
    old, new = previous.data, _readable(source.data)
    change = change_between(old, new)
    base = edited(previous.base, change, previous.source, source)
    tree = SyntaxTree(source, base, None, change, previous.edits + 1)
    vars(tree)["data"] = new
    return tree


def _readable(data: bytes) -> bytes:
    """As many bytes, which say the same to Python, for the grammar.

    Lone carriage returns end lines. Hundreds of lines that are comments take the parser time that is
    quadratic in their number: the middle of them is blanked. What nests deeper than CPython parses is no
    Python, and would take other time: nothing is left of such a text but its lines.
    """
    data = _LONE_RETURN.sub(b"\n", data) if b"\r" in data else data
    if data.count(b"#") > _MANY_COMMENTS and data.count(b"\n#") > _MANY_COMMENTS:
        data = _COMMENT_LINES.sub(_without_middle, data)
    if too_deep(data) is not None:
        return _NOT_LINE_END.sub(b" ", data)
    return data


def too_deep(data: bytes) -> int | None:
    """The first byte of what nests deeper than CPython takes it: `too many nested parentheses`.

    Only lines are looked at that are longer than people write them.
    """
    long = next((start for start, line in _long_lines(data) if _nests_too_deep(line)), None)
    return long if long is not None else _indented_too_deep(data)


def _indented_too_deep(data: bytes) -> int | None:
    if len(data) < _LEAST_DEEPLY_INDENTED or _FAR_RIGHT.search(data) is None:
        return None
    levels: list[int] = [0]
    for found in _INDENTATION.finditer(data):
        # A form feed begins the line anew.
        width = len(found.group().rpartition(b"\f")[2].replace(b"\t", b" " * _TAB))
        while levels[-1] > width:
            levels.pop()
        if levels[-1] < width:
            levels.append(width)
        if len(levels) > _DEEPEST_INDENTATION:
            return found.start()
    return None


def _long_lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """With where each begins. With every keystroke, so most lines are jumped over."""
    start = 0
    while len(data) - start >= _LONG_LINE:
        end = data.rfind(b"\n", start, start + _LONG_LINE)
        if end < 0:
            end = data.find(b"\n", start)
            end = end if end >= 0 else len(data)
            yield start, data[start:end]
        start = end + 1


def _nests_too_deep(line: bytes) -> bool:
    """Looked at once: prompts and data stay as they are while the rest of a file is typed."""
    import hashlib  # noqa: PLC0415 - takes two milliseconds, and few files have such lines

    name = hashlib.blake2b(line, digest_size=16).digest()
    known = _seen_lines.get(name)
    if known is None:
        if len(_seen_lines) >= _MOST_SEEN_LINES:
            _seen_lines.clear()
        known = _seen_lines[name] = _has_deep_brackets(line) or (
            sum(map(line.count, _LINKS)) > _LONGEST_CHAIN and _has_long_chain(Parser(LANGUAGE).parse(line))
        )
    return known


def _has_deep_brackets(line: bytes) -> bool:
    """Those in strings are data: of those in a megabyte of base85 hundreds stay open."""
    return _are_deep(line) and _are_deep(_STRING.sub(b"", line))


def _are_deep(line: bytes) -> bool:
    depth = 0
    for found in _BRACKET.finditer(line):
        depth = depth + 1 if found.group() in b"([{" else max(0, depth - 1)
        if depth > _DEEPEST:
            return True
    return False


def _has_long_chain(tree: Tree) -> bool:
    cursor = tree.walk()
    while True:
        if cursor.depth > _LONGEST_CHAIN:
            return True
        if cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return False


def _without_middle(match: re.Match[bytes]) -> bytes:
    lines = match.group().splitlines(keepends=True)
    kept = _MANY_COMMENTS // 4
    middle = b"".join(lines[kept:-kept])
    return b"".join((*lines[:kept], _NOT_LINE_END.sub(b" ", middle), *lines[-kept:]))


def unwrapped(node: Node) -> Node:
    """The expression inside any number of parentheses."""
    while node.type == "parenthesized_expression":
        inner = own_parts(node)
        if len(inner) != 1:
            break
        node = inner[0]
    return node


def choices(node: Node) -> list[Node]:
    """What `a if x else b`, `a or b` and `a and b` may be, without the condition; [] for anything else."""
    match node.type:
        case "conditional_expression":
            return own_parts(node)[::2]
        case "boolean_operator":
            return own_parts(node)
    return []


def descend(node: Node, start: int, end: int) -> Node | None:
    """The smallest node in `node` that holds these bytes."""
    return node.descendant_for_byte_range(start, end)


def ancestors(node: Node) -> Iterator[Node]:
    """The nodes around it, innermost first. Costs O(depth) for each: not for loops over a file."""
    parent = node.parent
    while parent is not None:
        yield parent
        parent = parent.parent


def block_around(node: Node) -> Node | None:
    """The innermost block, or the module, that it stands in."""
    return next((around for around in ancestors(node) if around.type in {"block", "module"}), None)


def is_tried(node: Node) -> bool:
    """Whether it stands in a `try`: something else may be done where it fails."""
    return any(around.type == "try_statement" for around in ancestors(node))


def statement_around(node: Node) -> Node:
    """The whole statement, of a block or of the module, that it stands in: of an `else` its `if`."""
    while node.parent is not None and node.parent.type not in {"block", "module"}:
        node = node.parent
    return node


@dataclass(frozen=True)
class Arguments:
    """What a call passes.

    positional: up to the first `*args`. keywords: by name, the value's node.
    unpacked: the expressions behind `**`. starred: whether there is a `*args`.
    """

    positional: tuple[Node, ...]
    keywords: dict[str, Node]
    unpacked: tuple[Node, ...]
    starred: bool


def arguments(call: Node) -> Arguments:
    """The arguments of a `call` node, or of a class definition's bases."""
    positional: list[Node] = []
    keywords: dict[str, Node] = {}
    unpacked: list[Node] = []
    starred = False
    for child in argument_nodes(call):
        if child.type == "keyword_argument":
            name, value = child.child_by_field_name("name"), child.child_by_field_name("value")
            if name is not None and value is not None:
                keywords[(name.text or b"").decode("utf-8", "replace")] = value
        elif child.type == "dictionary_splat":
            unpacked += child.named_children[:1]
        elif child.type == "list_splat":
            starred = True
        elif not starred:
            positional.append(child)
    return Arguments(tuple(positional), keywords, tuple(unpacked), starred)


def argument_nodes(call: Node) -> Sequence[Node]:
    listed = call.child_by_field_name("arguments") or call.child_by_field_name("superclasses")
    if listed is None:
        return ()
    # `f(x for x in y)`: the generator takes the place of the argument list.
    return own_parts(listed) if listed.type == "argument_list" else (listed,)


def string_value(tree: SyntaxTree, node: Node) -> str | None:
    """The value of a string literal without interpolation, also of adjacent ones; None for anything else."""
    node = unwrapped(node)
    if node.type == "concatenated_string":
        parts = [string_value(tree, part) for part in own_parts(node)]
        return None if None in parts else "".join(part for part in parts if part is not None)
    if node.type != "string":
        return None
    prefix = tree.text(node.children[0]).rstrip("'\"").lower() if node.children else ""
    if "b" in prefix or any(child.type == "interpolation" for child in node.named_children):
        return None
    value = "".join(tree.text(child) for child in node.named_children if child.type == "string_content")
    return value if "r" in prefix or "\\" not in value else _unescaped(value)


# Not the codec `unicode_escape`: it warns of `\\P`, which Python itself leaves as it is.
_ESCAPE = re.compile(
    r"""\\(?:(\r\n|\n|\r|[\\'"abfnrtv])|([0-7]{1,3})|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|N\{([^}]+)\})"""
)
_SHORT = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def _unescaped(value: str) -> str | None:
    """The text that the escapes in a literal stand for; None where one stands for no character."""
    try:
        return _ESCAPE.sub(_character, value)
    except (KeyError, ValueError, OverflowError):
        return None


def _character(escape: re.Match[str]) -> str:
    short, octal, *codes, name = escape.groups()
    if short is not None:
        return "" if short[0] in "\r\n" else _SHORT.get(short, short)
    if octal is not None:
        return chr(int(octal, 8))
    if name is not None:
        return unicodedata.lookup(name)
    return chr(int(next(code for code in codes if code is not None), 16))
