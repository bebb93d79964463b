"""Words of shell text as the shell would hand them on: quotes gone, variables replaced, split at blanks."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from tree_sitter import Node

from portside.launchfiles.shell.shell_state import State
from portside.launchfiles.shell.shell_sums import total
from portside.launchfiles.shell.shell_syntax import ShellTree
from portside.launchfiles.shell.shell_trims import trimmed
from portside.launchfiles.text.placed import Placed
from portside.launchfiles.text.variables import Style, expand, with_default
from portside.records import dataclass

_EXPANSION = re.compile(
    r"\$\{(?P<indirect>!)?(?P<name>\w+|[@*#?!$-])(?:\[(?P<index>[^\]]*)\])?"
    r"(?:(?P<empty>:?)(?P<operator>[-=?+])(?P<other>.*)|(?P<more>.+))?\}",
    re.DOTALL,
)
_ALL = re.compile(r"\$(\{\w+\[@\]|@|\{@)")
_ESCAPE = re.compile(r"\\(\r?\n|.)", re.DOTALL)
_QUOTED_ESCAPE = re.compile(r'\\(\r?\n|["\\$`])')
_OWN_FOLDER = re.compile(r"dirname|BASH_SOURCE|\$0|\$\{0|%x")
_PARENTS = re.compile(r"(?:/\.\.)+(?=[\"'\s/)]|$)")
_SEQ = re.compile(r"\$\(\s*seq\s+(?P<words>.+)\)|`\s*seq\s+(?P<ticked>[^`]+)`", re.DOTALL)
_SEQ_WORD = re.compile(r"\$\(\((?:[^()]|\([^()]*\))*\)\)|\"[^\"]*\"|\S+")
_COUNT = re.compile(r"\$\{#(\w+)\[[@*]\]\}")
_EXPR = re.compile(r"(?:\$\(|`)\s*expr\s+(.+?)\s*(?:\)|`)")
_ENTERED = re.compile(
    r"\$\(\s*cd\s+(?:--\s+)?\"?(?P<folder>[^\"'&;|()\s]+)\"?\s*(?:>\s*/dev/null\s*)?(?:2>&1\s*)?(?:&&|;)\s*pwd(?:\s+-P)?\s*\)"
)
_ECHO = re.compile(r"\$\(\s*(?:echo|printf)\s+\"?(\$\{?\w+\}?|[\w.:/-]+)\"?\s*\)")
_BRACES = re.compile(r"\{(\d+)\.\.(\d+)\}")
_EXPANSIONS = frozenset(
    {"simple_expansion", "expansion", "command_substitution", "arithmetic_expansion", "process_substitution"}
)
_PLAIN = frozenset({"word", "number"})
_MOST = 64


@dataclass(frozen=True, slots=True)
class _Part:
    """splits: whether blanks in it part words. fields: of `"${A[@]}"`, each a word of its own."""

    placed: Placed
    splits: bool = False
    fields: tuple[Placed, ...] | None = None


class Words:
    """text: the shell's text with its places; the tree is that of its characters."""

    def __init__(self, text: Placed, tree: ShellTree, state: State) -> None:
        self._text = text
        self._tree = tree
        self.state = state

    def fields(self, node: Node) -> list[Placed]:
        """The words that one word of the text comes to."""
        if node.type in _PLAIN or (node.type == "command_name" and node.children[0].type == "word"):
            start, end = self._tree.start(node), self._tree.end(node)
            if self._tree.text.find("\\", start, end) < 0:
                return [self.placed(start, end)]
        found: list[list[Placed]] = [[]]
        used = [False]
        for part in self._parts(node, quoted=False):
            pieces = (
                part.fields
                if part.fields is not None
                else tuple(part.placed.split())
                if part.splits
                else None
            )
            if pieces is None:
                found[-1].append(part.placed)
                used[-1] = True
                continue
            if part.splits and part.placed.text[:1].isspace() and found[-1]:
                found.append([])
                used.append(False)
            for index, piece in enumerate(pieces):
                if index:
                    found.append([])
                    used.append(False)
                found[-1].append(piece)
                used[-1] = True
        whole = self.placed(self._tree.start(node), self._tree.end(node)).span
        return [Placed.joined(pieces).within(whole) for pieces, real in zip(found, used, strict=True) if real]

    def joined(self, node: Node) -> Placed:
        """The same as one text, as an assignment takes it."""
        return Placed.joined(
            part.placed if part.fields is None else Placed.spaced(part.fields)
            for part in self._parts(node, quoted=False)
        )

    def placed(self, start: int, end: int) -> Placed:
        return self._text.part(start, end)

    def _parts(self, node: Node, *, quoted: bool) -> Iterator[_Part]:
        tree = self._tree
        start, end = tree.start(node), tree.end(node)
        match node.type:
            case "concatenation" | "command_name":
                for child in node.children:
                    yield from self._parts(child, quoted=quoted)
            case "string" | "translated_string":
                yield from self._string(node, start, end)
            case "raw_string":
                yield _Part(self.placed(start + 1, end - 1))
            case "ansi_c_string":
                yield _Part(self.placed(start + 2, end - 1))
            case kind if kind in _EXPANSIONS:
                yield self._expansion(node, quoted=quoted)
            case _ if node.named_child_count and any(c.type in _EXPANSIONS for c in node.named_children):
                for child in node.children:
                    yield from self._parts(child, quoted=quoted)
            case _:
                yield from self._literal(start, end, _ESCAPE)

    def _string(self, node: Node, start: int, end: int) -> Iterator[_Part]:
        tree = self._tree
        position = (
            tree.start(node.children[0]) + len(tree.of(node.children[0])) if node.children else start + 1
        )
        stop = end - 1 if tree.text[end - 1 : end] == '"' and end - 1 >= position else end
        if self._is_array(node, start, end):
            yield self._expansion(node.named_children[0], quoted=True)
            return
        yield _Part(Placed(()))
        for child in node.named_children:
            if child.type not in _EXPANSIONS:
                continue
            yield from self._literal(position, tree.start(child), _QUOTED_ESCAPE)
            yield self._expansion(child, quoted=True)
            position = tree.end(child)
        yield from self._literal(position, stop, _QUOTED_ESCAPE)

    def _is_array(self, node: Node, start: int, end: int) -> bool:
        """Whether it is no more than `"${A[@]}"` or `"$@"`: no word at all where the array is empty."""
        child = node.named_children[0] if node.named_child_count == 1 else None
        alone = child is not None and end - start == self._tree.end(child) - self._tree.start(child) + 2
        return alone and _ALL.match(self._tree.text, start + 1) is not None

    def _literal(self, start: int, end: int, escape: re.Pattern[str]) -> Iterator[_Part]:
        position = start
        for found in escape.finditer(self._tree.text, start, end):
            yield _Part(self.placed(position, found.start()))
            if found[1] not in {"\n", "\r\n"}:
                yield _Part(self.placed(*found.span(1)))
            position = found.end()
        if position < end or start == end:
            yield _Part(self.placed(position, end))

    # -- what stands behind a dollar sign ------------------------------------------------------

    def _expansion(self, node: Node, *, quoted: bool) -> _Part:
        start, end = self._tree.start(node), self._tree.end(node)
        text = self._tree.text[start:end]
        whole = self.placed(start, end)
        match node.type:
            case "arithmetic_expansion":
                inside = text[3:-2] if text.startswith("$((") else text[2:-1]
                found = total(self.state, inside, whole.span)
                return _Part(found or Placed.unknown(text, whole.span))
            case "simple_expansion":
                return self._variable(text[1:], None, whole, quoted=quoted)
            case "expansion":
                return self._braces(text, start, whole, quoted=quoted)
            case _:
                return _Part(self._substituted(text, whole), splits=not quoted)

    def _variable(self, name: str, index: str | None, whole: Placed, *, quoted: bool) -> _Part:
        state = self.state
        if name in {"@", "*"} and index is None:
            if state.arguments is None:
                return _Part(Placed.unknown(whole.text, whole.span, name))
            return _Part(
                Placed(()), fields=tuple(argument.through(name, whole.span) for argument in state.arguments)
            )
        value = state.variables.get(name)
        if index is not None and isinstance(value, dict):
            if index in {"@", "*"}:
                return _Part(
                    Placed(()), fields=tuple(item.through(name, whole.span) for item in value.values())
                )
            item = value.get(self._key(index))
            return _Part(
                item.through(name, whole.span) if item else Placed.unknown(whole.text, whole.span, name)
            )
        found = state.lookup(name)
        if found is None:
            return _Part(Placed.unknown(whole.text, whole.span, name))
        if not found.known and len(found.pieces) == 1:
            origin = found.pieces[0].origin or found.pieces[0].variable
            return _Part(Placed.unknown(whole.text, whole.span, name, origin))
        return _Part(found.through(name, whole.span), splits=not quoted)

    def _key(self, index: str) -> str:
        index = index.strip("\"'")
        if index.startswith("$"):
            value = self.state.lookup(index.strip("${}"))
            return value.text if value is not None else index
        found = total(self.state, index, self._text.span) if re.search(r"[A-Za-z_+*-]", index) else None
        return found.text if found is not None else index

    def _braces(self, text: str, start: int, whole: Placed, *, quoted: bool) -> _Part:
        if counted := _COUNT.fullmatch(text):
            array = self.state.variables.get(counted[1])
            count = str(len(array)) if isinstance(array, dict) else None
            return _Part(Placed.computed(count, whole.span) if count else Placed.unknown(text, whole.span))
        found = _EXPANSION.fullmatch(text)
        if found is None or found["indirect"]:
            keys = (
                self.state.variables.get(found["name"])
                if found is not None and found["index"] in {"@", "*"}
                else None
            )
            if isinstance(keys, dict):
                return _Part(Placed(()), fields=tuple(Placed.computed(key, whole.span) for key in keys))
            return _Part(Placed.unknown(text, whole.span))
        if found["more"]:
            is_own = found["name"] in {"0", "BASH_SOURCE"} and found["more"] == "%/*"
            if is_own:
                return _Part(Placed.computed(".", whole.span))
            part = self._trimmed(found["name"], found["index"], found["more"])
            if part is None:
                return _Part(Placed.unknown(text, whole.span, found["name"]))
            return _Part(part.through(found["name"], whole.span), splits=not quoted)
        if not found["operator"]:
            return self._variable(found["name"], found["index"], whole, quoted=quoted)
        name = found["name"]
        if found["index"] in {"@", "*"} and self._is_filled(name, found["operator"], found["other"]):
            return self._variable(name, found["index"], whole, quoted=quoted)
        other = self._default(start + found.start("other"), start + found.end("other"))
        value = self.state.lookup(name)
        result = with_default(value, found["operator"], bool(found["empty"]), other, name, whole.span)
        if found["operator"] == "=" and result.known:
            self.state.assign(name, result, whole.span)
        return _Part(result, splits=not quoted)

    def _trimmed(self, name: str, index: str | None, operation: str) -> Placed | None:
        value = self.state.variables.get(name) if index is not None else self.state.lookup(name)
        if index is not None:
            value = value.get(self._key(index)) if isinstance(value, dict) else None
        return trimmed(value, operation) if isinstance(value, Placed) and value.known else None

    def _is_filled(self, name: str, operator: str, other: str) -> bool:
        """Whether the array itself stands for `${A[@]:-}` and for `${A[@]+"${A[@]}"}`."""
        if not isinstance(value := self.state.variables.get(name), dict):
            return False
        return f"${{{name}[" in other if operator == "+" else bool(value)

    def _default(self, start: int, end: int) -> Placed:
        text = self._tree.text
        if end - start >= 2 and text[start] == text[end - 1] and text[start] in "'\"":
            start, end = start + 1, end - 1
        placed = self.placed(start, end)
        if placed.text.startswith("$((") and placed.text.endswith("))"):
            return total(self.state, placed.text[3:-2], placed.span) or Placed.unknown(
                placed.text, placed.span
            )
        return expand(placed, Style.BRACES, self.state.lookup)

    def _substituted(self, text: str, whole: Placed) -> Placed:
        """What `$(…)` comes to, for the few that need no running."""
        if _OWN_FOLDER.search(text) and ("dirname" in text or "pwd" in text or "cd" in text):
            parents = sum(part.count("..") for part in _PARENTS.findall(text))
            parents += max(0, text.count("dirname") - 1) if "readlink" not in text else 0
            return Placed.computed("/".join([".."] * parents) or ".", whole.span)
        if re.fullmatch(r"\$\(\s*pwd\s*\)|`pwd`", text) and self.state.folder:
            return Placed.computed(self.state.folder, whole.span)
        if found := _ENTERED.fullmatch(text):
            folder = expand(whole.part(*found.span("folder")), Style.BRACES, self.state.lookup)
            if folder.known:
                return Placed.computed(posixpath.normpath(folder.text), whole.span)
        if found := _SEQ.fullmatch(text):
            given = _SEQ_WORD.findall(found["words"] or found["ticked"])
            numbers = [self._number(part) for part in given if part != "-w"]
            if None not in numbers:
                return Placed.computed(
                    " ".join(map(str, _range([n for n in numbers if n is not None]))), whole.span
                )
        if found := _EXPR.fullmatch(text):
            return total(self.state, found[1].replace("\\", ""), whole.span) or Placed.unknown(
                text, whole.span
            )
        if (found := _ECHO.fullmatch(text)) and (start := text.index(found[1])) >= 0:
            return expand(whole.part(start, start + len(found[1])), Style.BRACES, self.state.lookup)
        return Placed.unknown(text, whole.span)

    def _number(self, text: str) -> int | None:
        text = text.strip("\"'")
        inside = text[3:-2] if text.startswith("$((") else text
        found = total(self.state, inside, self._text.span) if inside else None
        return int(found.text) if found is not None else None


def braced(word: Placed) -> list[Placed]:
    """`{0..3}` as the words that it stands for."""
    found = _BRACES.search(word.text)
    if found is None:
        return [word]
    first, last = int(found[1][:9]), int(found[2][:9])
    step = 1 if last >= first else -1
    numbers = list(range(first, last + step, step))[:_MOST]
    before, after = word.part(0, found.start()), word.part(found.end())
    seen = word.part(*found.span()).span
    return [Placed.joined([before, Placed.computed(str(number), seen), after]) for number in numbers]


def _range(numbers: list[int]) -> list[int]:
    match numbers:
        case [last]:
            return list(range(1, last + 1))[:_MOST]
        case [first, last]:
            return list(range(first, last + 1))[:_MOST]
        case [first, step, last] if step:
            return list(range(first, last + (1 if step > 0 else -1), step))[:_MOST]
    return []
