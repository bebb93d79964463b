"""Shell text, gone through once as a shell would, without running anything: who is started, and with what.

Straight text is exact. Of a branch every arm is gone through, each from what held before it, and what they
leave behind is merged (`shell_state.merge`). A loop over known words goes round for each; a function runs
where it is called, and once at the end, with unknown arguments, where nobody calls it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field, replace

from tree_sitter import Node

from portside.knowledge.runners import NO_LAUNCH, SHELLS
from portside.knowledge.servers import PROGRAMS
from portside.launchfiles.commands.started import Around, ScriptRun, Started
from portside.launchfiles.facts import PortMention
from portside.launchfiles.shell import shell_mentions
from portside.launchfiles.shell.shell_endings import may_end_others
from portside.launchfiles.shell.shell_heredocs import body_of, expanded_body, file_written, is_run, lines_in
from portside.launchfiles.shell.shell_mentions import ASKING
from portside.launchfiles.shell.shell_reading import read_line
from portside.launchfiles.shell.shell_state import Array, State, merge
from portside.launchfiles.shell.shell_sums import holds, total
from portside.launchfiles.shell.shell_syntax import ShellTree
from portside.launchfiles.shell.shell_words import Words, braced
from portside.launchfiles.text.placed import Placed
from portside.lint.source import Span
from portside.records import dataclass

_BUILTINS = frozenset(
    """cd pushd popd source . set exit return shift read getopts mapfile readarray let wait kill pkill killall
    : true false trap test [ export""".split()  # noqa: SIM905
)
_LOADS = re.compile(r"(?:^|[\s/'\"])((?:[\w./${}-]*/)?(?:\.env[\w.-]*|[\w-]+\.env))\b")
_EMPTY_TEST = re.compile(
    r"-z\s+[\"']?\$\{?(\w+)|[\"']?\$\{?(\w+)[^=!]*==?\s*(?:\"\"|'')|!\s*-n\s+[\"']?\$\{?(\w+)|!\s*-v\s+(\w+)"
)
_SET_TEST = re.compile(r"-n\s+[\"']?\$\{?(\w+)")
_FOREVER = re.compile(r"\s*(true|:|\[\[? 1 \]?\])\s*")
# What a function that does more than print has in its text: assignments, and commands that matter.
_MATTERS = re.compile(
    r"^(?!\s*local\b).*\b\w+\+?=|(?:^|[;&|({]|\bdo|\bthen)\s*[\"']?\$\{?[@*\w]|\.(?:sh|py)\b"
    r"|\b(?:cd|source|eval|exit|exec|docker|podman|pypy|curl|wget|wait|kill|python"
    + "".join(rf"|{re.escape(name)}" for name in (*PROGRAMS, *SHELLS))
    + r")",
    re.MULTILINE,
)
_LAUNCHES = re.compile(
    r"\b(?:docker|podman|python|pypy"
    + "".join(rf"|{re.escape(name)}" for name in (*PROGRAMS, *SHELLS))
    + r")"
)
_DULL = NO_LAUNCH - _BUILTINS - ASKING
_MOST_STEPS = 3000
_MOST_ROUNDS = 32
_DEEPEST_CALL = 6
_DEEPEST_NESTING = 60

StartWords = Callable[[Sequence[Placed], Around, int], Iterable[Started]]


@dataclass
class Outcome:
    """started: in order. state: what held at the end. env_files: as written."""

    started: list[Started] = field(default_factory=list)
    mentions: list[PortMention] = field(default_factory=list)
    env_files: list[str] = field(default_factory=list)
    state: State = field(default_factory=State)


def run(
    text: Placed,
    around: Around,
    depth: int = 0,
    *,
    start: StartWords,
    arguments: Sequence[Placed] | None = None,
) -> Outcome:
    """start: what to do with each command's words."""
    state = State.of(around.environment, around.folder)
    state.arguments = arguments
    shell = _Run(text, around, depth, start, state)
    shell.everything()
    return shell.outcome


class _Run:
    def __init__(self, text: Placed, around: Around, depth: int, start: StartWords, state: State) -> None:
        self._text = text
        self._tree = ShellTree(text.masked)
        self._around = around
        self._depth = depth
        self._start = start
        self.outcome = Outcome(state=state)
        self._state = state
        self._functions: dict[str, Node] = {}
        self._called: set[str] = set()
        self._nested = 0
        self._mattering: dict[str, bool] = {}
        self._steps = 0
        self._calls = 0
        self._stretch = 0
        self._line: Placed | None = None
        self._lines: list[Placed] = []
        self._written: dict[str, Placed] = {}

    def everything(self) -> None:
        self._block(self._tree.root)
        self.outcome.state = self._state
        for name, body in list(self._functions.items()):
            if name not in self._called:
                self._state = self.outcome.state.copy()
                self._state.arguments, self._state.ended = None, False
                self._apart()
                self._call(name, body)

    # -- statements ----------------------------------------------------------------------------

    def _block(self, node: Node) -> None:
        """The statements in a node, one after another."""
        if self._nested >= _DEEPEST_NESTING:
            return
        self._nested += 1
        try:
            self._statements(node)
        finally:
            self._nested -= 1

    def _statements(self, node: Node) -> None:
        before = self._around
        children = node.children
        for index, child in enumerate(children):
            if child.is_named:
                following = children[index + 1].type if index + 1 < len(children) else ""
                self._statement(child, background=following == "&")
        if self._around is not before:
            self._around = replace(before, stretch=self._around.stretch)

    def _statement(self, node: Node, *, background: bool = False) -> None:  # noqa: C901, PLR0912
        self._steps += 1
        if self._steps > _MOST_STEPS:
            return
        if background and not self._around.background:
            self._around = replace(self._around, background=True)
            self._statement(node)
            self._around = replace(self._around, background=False)
            return
        match node.type:
            case "comment" | "test_command" | "heredoc_body" | "file_redirect" | "word":
                if node.type == "test_command":
                    self._evaluate(node)
            case "command":
                self._command(node)
            case "variable_assignment":
                self._assign(node, exported=False)
            case "variable_assignments":
                self._block(node)
            case "declaration_command":
                self._declare(node)
            case "redirected_statement":
                self._redirected(node)
            case "if_statement":
                self._if(node)
            case "case_statement":
                self._case(node)
            case "for_statement":
                self._for(node)
            case "c_style_for_statement":
                self._c_for(node)
            case "while_statement":
                self._while(node)
            case "function_definition":
                self._define(node)
            case "subshell":
                outer, self._state = self._state, self._state.copy()
                self._block(node)
                self._state = outer
            case "list":
                self._list(node)
            case "compound_statement" if node.children and node.children[0].type == "((":
                total(self._state, self._tree.of(node)[2:-2], self._span(node))
            case _:
                self._block(node)

    def _list(self, node: Node) -> None:
        """`a && b`, `[ -z "$X" ] && X=1`."""
        named = [child for child in node.children if child.type not in {"&&", "||"} and child.is_named]
        operators = [child.type for child in node.children if child.type in {"&&", "||"}]
        if len(named) != 2 or not operators or not self._is_test(named[0]):
            for child in named:
                self._statement(child)
            return
        self._statement(named[0])
        tested = self._tested(self._tree.of(named[0]), negated=operators[0] == "||")
        arm = self._arm(lambda: self._statement(named[1]), None)
        ended = arm.ended
        merge(self._state, [arm], exhaustive=False, tested=tested)
        if ended:
            self._state.ended = False

    def _is_test(self, node: Node) -> bool:
        return (
            node.type in {"test_command", "negated_command"}
            or re.match(r"(test|\[)\s|\(\(", self._tree.of(node)) is not None
        )

    def _redirected(self, node: Node) -> None:
        body = node.child_by_field_name("body")
        heredoc = next((child for child in node.children if child.type == "heredoc_redirect"), None)
        if heredoc is not None:
            self._heredoc(node, body, heredoc)
            for child in heredoc.named_children:
                if child.type in {"pipeline", "list", "command", "redirected_statement"}:
                    self._statement(child)
        given = next((child for child in node.children if child.type == "herestring_redirect"), None)
        if body is not None and body.type == "while_statement" and given is not None:
            line = self._words().joined(given.named_children[0]) if given.named_children else None
            self._lines = lines_in(line) if line is not None and line.known else []
        if body is not None:
            self._statement(body)

    def _heredoc(self, node: Node, body: Node | None, heredoc: Node) -> None:
        if body is None:
            return
        if is_run(self._tree.of(body)):
            text = body_of(self._tree, self._text, heredoc)
            if text is not None:
                self._run_text(text)
            return
        text = expanded_body(self._tree, self._text, heredoc, self._state)
        if text is not None and body.type == "while_statement":
            self._lines = lines_in(text)
        elif text is not None and (path := file_written(self._tree, self._words(), node, body, heredoc)):
            self._written[path] = text

    def _run_text(self, text: Placed, around: Around | None = None) -> None:
        """Text that another shell reads, with what is exported here."""
        around = around or self._here()
        inner = run(text, around, self._depth + 1, start=self._start) if self._depth < 8 else Outcome()
        self.outcome.started += inner.started
        self.outcome.mentions += inner.mentions

    # -- branches ------------------------------------------------------------------------------

    def _arm(self, body: Callable[[], None], branch: tuple[int, int] | None) -> State:
        """What holds behind one arm."""
        before, around = self._state, self._around
        self._state = before.copy()
        if branch is not None:
            self._around = replace(around, branches=(*around.branches, branch))
        stretch = self._apart()
        body()
        arm, self._state = self._state, before
        self._around = replace(around, stretch=self._around.stretch)
        self._apart(stretch)
        return arm

    def _apart(self, name: str | None = None) -> str:
        """From here on another stretch; answers the one before."""
        before = self._around.stretch
        if name is None:
            self._stretch += 1
            name = f"{self._text.span.start}/{self._stretch}"
        self._around = replace(self._around, stretch=name)
        return before

    def _branched(
        self, node: Node, arms: Sequence[Callable[[], None]], *, exhaustive: bool, tested: frozenset[str]
    ) -> None:
        place = self._text.part(self._tree.start(node), self._tree.start(node) + 1).span.start
        states = [self._arm(body, (place, index)) for index, body in enumerate(arms)]
        ended = [state.ended for state in states]
        merge(self._state, states, exhaustive=exhaustive, tested=tested)
        if any(ended):
            self._apart()
            self._state.ended = exhaustive and all(ended)
            self._around = replace(self._around, branches=(*self._around.branches, (place, -1)))

    def _if(self, node: Node) -> None:
        bodies: list[list[Node]] = [[]]
        conditions: list[Node] = []
        exhaustive, is_condition = False, True
        for child in node.children:
            if child.type == "then":
                is_condition = False
            elif child.type in {"elif_clause", "else_clause"}:
                exhaustive = exhaustive or child.type == "else_clause"
                inner = child.named_children
                if child.type == "elif_clause":
                    then = next((i for i, c in enumerate(child.children) if c.type == "then"), 0)
                    conditions += [c for c in child.children[:then] if c.is_named]
                    inner = [c for c in child.children[then:] if c.is_named]
                bodies.append(list(inner))
            elif child.is_named:
                (conditions if is_condition else bodies[0]).append(child)
        for condition in conditions:
            self._statement(condition)
        text = " ".join(self._tree.of(condition) for condition in conditions[:1])
        tested = self._tested(text, negated=False) if len(bodies) == 1 else frozenset()
        arms = [self._body(body) for body in bodies]
        self._branched(node, arms, exhaustive=exhaustive, tested=tested)

    def _body(self, statements: Sequence[Node]) -> Callable[[], None]:
        def go() -> None:
            for statement in statements:
                following = statement.next_sibling
                self._statement(statement, background=following is not None and following.type == "&")

        return go

    def _tested(self, text: str, *, negated: bool) -> frozenset[str]:
        """Variables that are empty where the condition holds."""
        pattern = _SET_TEST if negated else _EMPTY_TEST
        return frozenset(name for found in pattern.finditer(text) for name in found.groups() if name)

    def _case(self, node: Node) -> None:
        value = node.child_by_field_name("value")
        items = [child for child in node.named_children if child.type == "case_item"]
        patterns = [[self._tree.of(one) for one in item.children_by_field_name("value")] for item in items]
        bodies = [
            [c for c in item.named_children if c not in item.children_by_field_name("value")]
            for item in items
        ]
        arms = [self._body(body) for body in bodies]
        if value is not None:
            self._words().fields(value)
        exhaustive = any("*" in one for one in patterns)
        self._branched(node, arms, exhaustive=exhaustive, tested=frozenset())

    # -- loops ---------------------------------------------------------------------------------

    def _for(self, node: Node) -> None:
        variable, body = node.child_by_field_name("variable"), node.child_by_field_name("body")
        if variable is None or body is None:
            return
        words = self._words()
        given = [
            one
            for value in node.children_by_field_name("value")
            for field in words.fields(value)
            for one in braced(field)
        ]
        name, span = self._tree.of(variable), self._span(variable)
        stretch = self._apart()
        if not given or not all(word.known for word in given):
            given = (
                given[:_MOST_ROUNDS]
                if given and any(word.known for word in given)
                else [Placed.unknown(f"${name}", span, name)]
            )
        for word in given[:_MOST_ROUNDS]:
            self._state.assign(name, word, span)
            self._block(body)
        self._apart(stretch)

    def _c_for(self, node: Node) -> None:
        body = node.child_by_field_name("body")
        text = self._tree.of(node)
        found = re.match(
            r"for\s*\(\(\s*(\w+)\s*=\s*([^;]+);\s*\w+\s*(<=?)\s*([^;]+);\s*\w+\s*(\+\+|\+=\s*\d+)", text
        )
        if body is None:
            return
        stretch = self._apart()
        rounds = self._counted(found, node) if found else []
        name = found[1] if found else ""
        span = self._span(node)
        for count in rounds[:_MOST_ROUNDS]:
            self._state.assign(name, Placed.computed(str(count), span), span)
            self._block(body)
        if not rounds:
            if name:
                self._state.assign(name, Placed.unknown(f"${name}", span, name), span)
            self._block(body)
        self._apart(stretch)

    def _counted(self, found: re.Match[str], node: Node) -> list[int]:
        first = total(self._state, found[2].strip(), self._span(node))
        last = total(self._state, found[4].strip(), self._span(node))
        if first is None or last is None:
            return []
        step = int(re.sub(r"\D", "", found[5]) or 1)
        return list(range(int(first.text), int(last.text) + (found[3] == "<="), max(1, step)))[:_MOST_ROUNDS]

    def _while(self, node: Node) -> None:
        condition, body = node.child_by_field_name("condition"), node.child_by_field_name("body")
        lines, self._lines = self._lines, []
        if condition is not None and body is not None and self._rounds(condition, body, lines):
            return
        if condition is not None:
            self._statement(condition)
        if body is None:
            return
        if condition is not None and _FOREVER.fullmatch(self._tree.of(condition).rstrip("; \n")):
            stretch = self._apart()
            self._block(body)
            self._apart(stretch)
            return
        arm = self._arm(lambda: self._block(body), None)
        arm.ended = False
        merge(self._state, [arm], exhaustive=False, tested=frozenset())

    def _rounds(self, condition: Node, body: Node, lines: Sequence[Placed]) -> bool:
        """Whether each round is known: `while [ $i -lt 3 ]`, or `while read …` of a here-document."""
        if not self._may_launch(body):
            return False
        stretch, count = self._apart(), 0
        for line in lines[:_MOST_ROUNDS]:
            self._line = line
            self._statement(condition)
            self._block(body)
            count += 1
        self._line = None
        text, span = self._tree.of(condition), self._span(condition)
        until = condition.parent is not None and self._tree.of(condition.parent).startswith("until")
        while not lines and count < _MOST_ROUNDS and holds(self._state, text, span) is not until:
            if holds(self._state, text, span) is None:
                break
            self._block(body)
            count += 1
        self._apart(stretch)
        return count > 0

    def _may_launch(self, body: Node) -> bool:
        text = self._tree.of(body)
        return _LAUNCHES.search(text) is not None or any(name in text for name in self._functions)

    # -- functions -----------------------------------------------------------------------------

    def _define(self, node: Node) -> None:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is not None and body is not None:
            self._functions[self._tree.of(name)] = body

    def _call(self, name: str, body: Node) -> None:
        self._called.add(name)
        if self._calls >= _DEEPEST_CALL or not self._matters(name, body):
            return
        self._calls += 1
        self._statement(body)
        self._calls -= 1
        self._state.ended = False

    def _matters(self, name: str, body: Node) -> bool:
        """Whether it can start anything or change what a variable holds: most functions only print."""
        if name not in self._mattering:
            text = self._tree.of(body)
            calls = any(other != name and other in text for other in self._functions)
            self._mattering[name] = calls or _MATTERS.search(text) is not None
        return self._mattering[name]

    # -- commands ------------------------------------------------------------------------------

    def _words(self) -> Words:
        return Words(self._text, self._tree, self._state)

    def _span(self, node: Node) -> Span:
        return self._text.part(self._tree.start(node), self._tree.end(node)).span

    def _evaluate(self, node: Node) -> None:
        """For what its expansions do: `: "${PORT:=8000}"`."""
        if ":=" in self._tree.of(node):
            for child in node.named_children:
                self._words().fields(child)

    def _here(self) -> Around:
        state, around = self._state, self._around
        return Around(
            around.form,
            state.environment(),
            state.folder,
            around.branches,
            around.background,
            around.stretch,
            around.elsewhere,
            around.env_files,
        )

    def _command(self, node: Node) -> None:
        first = node.child_by_field_name("name")
        if first is not None and self._is_dull(self._tree.of(first), node):
            return
        evaluator = self._words()
        words: list[Placed] = []
        line: Placed | None = None
        for child in node.children:
            if child.type == "variable_assignment":
                words += self._prefix(child, evaluator)
            elif child.type == "herestring_redirect":
                line = evaluator.joined(child.named_children[0]) if child.named_children else None
            elif child.is_named and child.type != "file_redirect":
                words += evaluator.fields(child)
        if not words:
            return
        if first is not None and self._tree.of(first) == "read":
            self._read(words, line)
            return
        name = words[0].text
        if name in self._functions:
            self._call_with(name, words[1:])
        elif not self._builtin(name, words[1:]):
            self._run_words(words)

    def _read(self, words: Sequence[Placed], line: Placed | None) -> None:
        """`IFS=: read -r name port <<< "$entry"`"""
        start = next(index for index, word in enumerate(words) if word.text == "read")
        given = [word.text[4:] for word in words[:start] if word.text.startswith("IFS=")]
        line = line if line is not None else self._line
        read_line(self._state, words[start + 1 :], line, given[-1] if given else None)

    def _is_dull(self, name: str, node: Node) -> bool:
        """Whether nothing can come of it: `echo`, `mkdir`. Most commands of most scripts are such."""
        return name in _DULL and name not in self._functions and ":=" not in self._tree.of(node)

    def _prefix(self, node: Node, evaluator: Words) -> list[Placed]:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None or name.type != "variable_name":
            return []
        start, end = self._tree.start(name), self._tree.end(name)
        joined = evaluator.joined(value) if value is not None else Placed(())
        return [Placed.joined([self._text.part(start, end + 1), joined])]

    def _run_words(self, words: Sequence[Placed]) -> None:
        if may_end_others(words):
            self._apart()
        around = self._here()
        self.outcome.mentions += shell_mentions.of_command(words)
        for one in self._start(words, around, self._depth):
            text = self._written.get(one.word.text) if isinstance(one, ScriptRun) else None
            if text is None:
                self.outcome.started.append(one)
            else:
                self._run_text(text, around)
        if words[0].text == "exec" and len(words) > 1:
            self._state.ended = True

    def _call_with(self, name: str, arguments: Sequence[Placed]) -> None:
        outer = self._state.arguments
        self._state.arguments = list(arguments)
        background = self._around.background
        self._call(name, self._functions[name])
        self._around = replace(self._around, background=background)
        self._state.arguments = outer

    def _builtin(self, name: str, arguments: Sequence[Placed]) -> bool:  # noqa: C901, PLR0912
        """Whether the shell does it itself."""
        state = self._state
        first = arguments[0] if arguments else Placed(())
        match name:
            case "cd" | "pushd":
                state.stack += (state.folder,) if name == "pushd" else ()
                plain = [word for word in arguments if word.text == "-" or not word.text.startswith("-")]
                state.enter(plain[0].text if plain else "~")
            case "popd":
                state.folder, state.stack = state.stack[-1] if state.stack else None, state.stack[:-1]
            case "source" | ".":
                if _LOADS.search(first.text) and first.text not in self.outcome.env_files:
                    self.outcome.env_files.append(first.text)
            case "set":
                if any(word.text in {"-a", "-o allexport", "allexport", "+a"} for word in arguments):
                    state.exports_all = all(word.text != "+a" for word in arguments)
                if first.text == "--":
                    state.arguments = list(arguments[1:])
            case "exit" | "return":
                state.ended = True
            case "shift":
                if state.arguments is not None:
                    state.arguments = state.arguments[1:]
            case "let":
                for word in arguments:
                    total(state, word.text, word.span)
            case "getopts" | "mapfile" | "readarray":
                for word in arguments:
                    if re.fullmatch(r"[A-Za-z_]\w*", word.text):
                        state.assign(
                            word.text, Placed.unknown(f"${word.text}", word.span, word.text), word.span
                        )
            case "wait" | "kill" | "pkill" | "killall":
                if name != "wait" or not arguments:
                    self._apart()
            case ":" | "true" | "false" | "trap" | "test" | "[":
                pass
            case _:
                return False
        return True

    # -- assignments ---------------------------------------------------------------------------

    def _declare(self, node: Node) -> None:
        text = self._tree.of(node)
        exported = text.startswith("export") or bool(re.match(r"(declare|typeset)\s+-\w*x", text))
        if exported and (found := _LOADS.search(text)) and "$(" in text + "`":
            self.outcome.env_files += [found[1]] if found[1] not in self.outcome.env_files else []
        for child in node.named_children:
            if child.type == "variable_assignment":
                self._assign(child, exported=exported)
            elif child.type == "variable_name" and exported:
                name = self._tree.of(child)
                self._state.exported.add(name)
                if name in self._state.variables:
                    self._state.name_spans.setdefault(name, self._span(child))

    def _assign(self, node: Node, *, exported: bool) -> None:
        name_node, value_node = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name_node is None:
            return
        adds = any(child.type == "+=" for child in node.children)
        index: str | None = None
        if name_node.type == "subscript":
            base, key = name_node.child_by_field_name("name"), name_node.child_by_field_name("index")
            if base is None or key is None:
                return
            index, name_node = self._tree.of(key).strip("\"'"), base
        name, span = self._tree.of(name_node), self._span(name_node)
        value = self._value(name, value_node, adds=adds)
        if index is not None and isinstance(value, Placed):
            before = self._state.variables.get(name)
            value = {**(before if isinstance(before, dict) else {}), index: value}
        self._state.assign(name, value, span)
        if exported:
            self._state.exported.add(name)

    def _value(self, name: str, node: Node | None, *, adds: bool) -> Placed | Array:
        evaluator = self._words()
        before = self._state.variables.get(name) if adds else None
        if node is None:
            return before if before is not None else Placed(())
        if node.type == "array":
            items = list(before.values()) if isinstance(before, dict) else []
            keyed = {} if adds else self._keyed(node)
            if keyed:
                return keyed
            items += [
                word
                for child in node.named_children
                if child.type != "comment"
                for word in evaluator.fields(child)
            ]
            return {str(index): item for index, item in enumerate(items)}
        value = evaluator.joined(node)
        if isinstance(before, Placed):
            return Placed.joined([before, value])
        return value

    def _keyed(self, node: Node) -> Array:
        """`([api]=8000 [web]=3000)`"""
        text, found = self._tree.of(node), {}
        for item in re.finditer(r"\[[\"']?(\w+)[\"']?\]=[\"']?([\w./:-]+)", text):
            start = self._tree.start(node)
            found[item[1]] = self._text.part(start + item.start(2), start + item.end(2))
        return found


def started_by(outcome: Outcome) -> Iterator[Started]:
    """Everything once: a loop comes to one launch several times where nothing tells its rounds apart."""
    if len(outcome.started) < 2:
        yield from outcome.started
        return
    seen: set[object] = set()
    for one in outcome.started:
        key = repr(one)
        if key not in seen:
            seen.add(key)
            yield one
