"""The edits that make a lifespan of what runs around the server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field

from portside.lint.finding import Edit
from portside.lint.source import SourceFile, Span
from portside.python.launching.launch_command import Ahead
from portside.python.launching.launch_factory_app import Returned
from portside.python.launching.launch_factory_around import Around
from portside.python.launching.launch_factory_around_search import NAMES, free, runs_of_loop, unused
from portside.python.launching.launch_site import Site
from portside.python.names.names import Names
from portside.python.source.lines import Lines
from portside.python.source.syntax import argument_nodes
from portside.records import dataclass

OUTER = "starlette.applications"
_ALONE = frozenset({"expression_statement", "assignment"})


def last_in_lifespan(names: Names, expression: str, call: str, step: str) -> Iterator[str]:
    """The lines that return the app, with a lifespan that makes the call once its own is over."""
    name = unused(names, NAMES)
    app = expression if expression.isidentifier() else unused(names, ("served_app", "app_to_serve"))
    # What the call says must not mean the parameter, or what is bound beside it.
    said = set(re.findall(r"\w+", f"{call} {expression}"))
    lifespan, state = free(("lifespan", "app_lifespan"), said), free(("state", "lifespan_state"), said)
    if app != expression:
        yield f"{app} = {expression}"
        yield ""
    yield "@contextlib.asynccontextmanager"
    yield f"async def {name}({app}, {lifespan}={app}.router.lifespan_context):"
    yield f"{step}async with {lifespan}({app}) as {state}:"
    yield f"{step * 2}yield {state}"
    yield f"{step}with contextlib.suppress(SystemExit):"
    yield f"{step * 2}{call}"
    yield ""
    yield f"{app}.router.lifespan_context = {name}"
    yield f"return {app}"


@dataclass(frozen=True)
class AroundWriter:
    """cuts: the lines that go in any case. ahead: what comes ahead of the app."""

    names: Names
    site: Site
    around: Around
    returned: Returned
    cuts: tuple[Span, ...]
    ahead: Ahead = field(default_factory=Ahead)

    @property
    def _source(self) -> SourceFile:
        return self.names.tree.source

    def edits(self) -> Iterator[Edit]:
        yield self._header()
        yield from self._indented()
        yield from self._awaited()
        yield self._serving()
        yield self._ending()

    @property
    def _lines(self) -> Lines:
        return Lines(self.names.tree)

    @property
    def _indent(self) -> str:
        return self._lines.margin(self.around.first)

    @property
    def _step(self) -> str:
        return self._lines.step(self.around.first)

    def _joined(self, lines: list[str]) -> str:
        text = f"{self._source.newline}{self._indent}".join(lines)
        return text.replace(f"{self._indent}{self._source.newline}", self._source.newline)

    def _header(self) -> Edit:
        """The function's head, ahead of its first statement, which is one step further in then."""
        start, newline = self.names.tree.span(self.around.first).start, self._source.newline
        text = self._joined(self._head())
        line = self._lines.start(self.around.first)
        if self.around.first.prev_named_sibling is None:
            return self._edit(Span(start, start), f"{text}{newline}{self._indent}{self._step}")
        is_apart = self._source.text[:line].endswith(newline * 2)
        before = "" if is_apart or self._is_first() else newline
        return self._edit(Span(line, line), f"{before}{self._indent}{text}{newline}{self._step}")

    def _is_first(self) -> bool:
        """Whether all that stands before it in its block goes."""
        line = self._lines.start(self.around.level.block)
        goes = [cut for cut in self.cuts if line <= cut.start < self.names.tree.span(self.around.first).start]
        return (
            bool(goes)
            and sum(cut.end - cut.start for cut in goes) >= self._lines.start(self.around.first) - line
        )

    def _head(self) -> list[str]:
        around, returned, lines = self.around, self.returned, list[str]()
        if around.late:
            head = f"async def {around.name}({around.lifespan}):"
            return ["@contextlib.asynccontextmanager", head, *self._bound()]
        if returned.module is not None:
            lines.append(f"from {returned.module} import {returned.name}")
        made = returned.expression if returned.expression != around.app else None
        if (served := around.served or made) is not None:
            lines.append(f"{around.app} = {served}")
        if lines:
            lines.append("")
        lines.append("@contextlib.asynccontextmanager")
        context = f"{around.lifespan}={around.app}.router.lifespan_context"
        lines.append(f"async def {around.name}({around.app}, {context}):")
        return [*lines, *self._bound()]

    def _bound(self) -> Iterator[str]:
        for word, names in (("global", self.around.shared), ("nonlocal", self.around.outer)):
            if names:
                yield f"{self._step}{word} {', '.join(names)}"

    def _indented(self) -> Iterator[Edit]:
        """One step more for each line, but the first, those that go and those of the run call."""
        tree, source = self.names.tree, self._source
        first = source.line_of(tree.span(self.around.first).start)
        last = source.line_of(tree.span(self.around.level.block).end - 1)
        step = tree.span(self.around.step)
        own = range(source.line_of(step.start) + 1, source.line_of(step.end - 1) + 1)
        for number in range(first + 1, last + 1):
            line = source.line_span(number)
            goes = any(cut.start <= line.start < cut.end for cut in self.cuts)
            if source.slice(line).strip() and not goes and number not in own:
                yield self._edit(Span(line.start, line.start), self._step)

    def _awaited(self) -> Iterator[Edit]:
        """`await prepare()` for `loop.run_until_complete(prepare())`."""
        tree = self.names.tree
        for call in runs_of_loop(self.names, self.site, self.around.level.block):
            if self.around.covers(call):
                (coroutine,) = argument_nodes(call)
                is_alone = call.parent is not None and call.parent.type in _ALONE
                before, after = ("await ", "") if is_alone else ("(await ", ")")
                yield self._edit(tree.span_of_bytes(call.start_byte, coroutine.start_byte), before)
                yield self._edit(tree.span_of_bytes(coroutine.end_byte, call.end_byte), after)

    def _serving(self) -> Edit:
        """The app's own lifespan where the server ran."""
        around, tree = self.around, self.names.tree
        lines = [
            f"async with {around.lifespan}({around.app}) as {around.state}:",
            f"{self._step}yield {around.state}",
        ]
        if around.late:
            lines[0] = f"async with {around.app}.router.lifespan_context({around.app}) as {around.state}:"
            lines.insert(0, f'{around.lifespan}.mount("", {around.app})')
            if around.app != self.returned.expression:
                lines.insert(0, f"{around.app} = {self.returned.expression}")
        if (beside := self._beside()) is not None:
            lines.insert(0, beside)
        margin = self._lines.margin(around.step)
        margin = margin if not margin.strip() else ""
        between = self._source.newline + margin + self._step
        return self._edit(tree.span(around.step), between.join(lines))

    def _beside(self) -> str | None:
        """The statement that starts what runs at the same time."""
        others = self.site.together
        if others is None or not self.around.beside:
            return None
        listed = not others.is_group and self.names.tree.text(others.whole.children[0]).endswith("wait")
        texts = []
        for node in self.around.beside:
            text = " ".join(self.names.tree.text(node).split())
            texts.append(f"*{text}" if listed and node == others.given else text)
        if others.result is None:
            return f"{self.around.others} = asyncio.gather({', '.join(texts)})"
        started = ", ".join(map(_started, texts))
        return f"{self.names.tree.text(others.result)} = set(), {{{started}}}"

    def _ending(self) -> Edit:
        around, source = self.around, self._source
        end = source.line_span(source.line_of(self.names.tree.span(around.level.block).end - 1)).end
        end = len(source.text[:end].rstrip("\r\n"))
        lines = [f"{around.app}.router.lifespan_context = {around.name}", f"return {around.app}"]
        if around.late:
            lines = [f"return {OUTER}.Starlette(lifespan={around.name})"]
        lines = [*self.ahead.lines(self.names), *lines]
        text = source.newline * 2 + self._indent + self._joined(lines)
        return self._edit(Span(end, end), text)

    def _edit(self, span: Span, text: str) -> Edit:
        return Edit(self._source.path, span, text)


def _started(text: str) -> str:
    """What a wait is for, as a task: it may be a coroutine, and it may be `*` of several."""
    if text.startswith("*"):
        return f"*map(asyncio.ensure_future, {text[1:]})"
    return f"asyncio.ensure_future({text})"
