"""Functions that go on serving for others while a factory calls them for the app alone.

def main():                                  def main(serve=True):
    ...                                          ...
    uvicorn.run(app)                             if not serve:
                                     ->              return app
                                                 uvicorn.run(app)

if __name__ == "__main__":                   def create_app():
    main()                                       return main(serve=False)

An installed command, or another file, calls `main` as before.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import field

from tree_sitter import Node

from portside.lint.finding import Edit
from portside.lint.source import Span
from portside.python.launching.launch_command import Ahead, Options
from portside.python.launching.launch_factory_app import Returned
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_site import Site
from portside.python.launching.launch_surroundings import serving_others
from portside.python.launching.script_place import ScriptPlace
from portside.python.names.names import Names
from portside.python.source.lines import Lines
from portside.python.source.nodes import holds, own_parts
from portside.python.source.syntax import argument_nodes, statement_around
from portside.records import dataclass

_PARAMETERS = ("serve", "serving", "run_server")


@dataclass(frozen=True)
class Kept:
    """What goes on serving.

    functions: innermost first. parameter: that says whether they serve. partly: whether they do so in
    some cases only, and give no app in others.
    """

    functions: tuple[Node, ...] = ()
    parameter: str = "serve"
    partly: bool = False


def kept_functions(names: Names, site: Site, place: ScriptPlace, obstacles: Obstacles) -> Kept:
    """Those that others use, where nothing else stands in the way of a parameter that says who calls."""
    functions = serving_others(names, site, place)
    if not functions:
        return Kept()
    parameter = next((word for word in _PARAMETERS if not names.chunks_with([word])), None)
    if parameter is None:
        obstacles.add(functions[0], "the file has all the names already that its parameter could have")
    partly = False
    for function in functions:
        shown = obstacles.quote(function.child_by_field_name("name") or function)
        if function.children[0].type == "async":
            obstacles.add(function, f"{shown} is a coroutine that others use too")
        within = [one for one in site.conditions if holds(function, one)]
        partly |= bool(within)
        if within and len(functions) < len(site.functions):
            obstacles.add(within[0], f"{shown} serves in some cases only, and others use it too")
        for attempt in site.tries:
            ends = [
                child for child in attempt.named_children if child.type in {"finally_clause", "else_clause"}
            ]
            if ends and holds(function, attempt):
                obstacles.add(ends[0], "what comes last here would run before the server starts")
    return Kept(functions, parameter or _PARAMETERS[0], partly)


def without_copies(options: Options, kept: Kept, obstacles: Obstacles) -> Options:
    """The options, without a log configuration that would have to be written twice: where it has no name."""
    logging = options.ahead.logging
    if not kept.functions or logging is None or logging.type in {"identifier", "attribute"}:
        return options
    obstacles.note(
        "`log_config` stays with the function that serves others: say `--log-config` with a file", review=True
    )
    return dataclasses.replace(options, ahead=dataclasses.replace(options.ahead, logging=None))


@dataclass(frozen=True)
class KeptWriter:
    """The edits in and around kept functions."""

    names: Names
    site: Site
    kept: Kept
    ahead: Ahead = field(default_factory=Ahead)

    def edits(self, returned: Returned) -> Iterator[Edit]:
        for number, function in enumerate(self.kept.functions):
            yield from self._parameter(function)
            if number:
                call = self.site.calls[number - 1]
                statement = statement_around(call)
                if statement == call.parent and statement.type != "return_statement":
                    start = self.names.tree.span(statement).start
                    yield self._insert(start, "return ")
                yield self.passing(call, f"{self.kept.parameter}={self.kept.parameter}")
        yield self._way_out(returned)

    def passing(self, call: Node, argument: str) -> Edit:
        """One more argument for a call."""
        listed = call.child_by_field_name("arguments")
        assert listed is not None
        found = argument_nodes(call)
        if not found:
            return self._insert(self.names.tree.span(listed).end - 1, argument)
        return self._insert(self.names.tree.span(found[-1]).end, f"{self._comma(found[-1])}{argument}")

    def _way_out(self, returned: Returned) -> Edit:
        """`if not serve: return app`, ahead of what makes the server and runs it."""
        level = self.site.levels[0]
        statement = level.statement
        serving = {node.start_byte for node in self.site.serving}
        while statement.prev_named_sibling is not None and statement.prev_named_sibling.start_byte in serving:
            statement = statement.prev_named_sibling
        source, start = self.names.tree.source, self.names.tree.span(statement).start
        lines_of, newline = Lines(self.names.tree), source.newline
        indent, step = lines_of.margin(statement), lines_of.step(statement)
        lines = [f"if not {self.kept.parameter}:"]
        lines += [f"{step}{line}" for line in self.ahead.lines(self.names)]
        if returned.module is not None:
            lines.append(f"{step}from {returned.module} import {returned.name}")
        lines.append(f"{step}return {returned.expression}")
        return self._insert(start, "".join(f"{line}{newline}{indent}" for line in lines))

    def _parameter(self, function: Node) -> Iterator[Edit]:
        listed = function.child_by_field_name("parameters")
        assert listed is not None
        found = own_parts(listed)
        annotated = function.child_by_field_name("return_type") is not None or any(
            node.type.startswith("typed") for node in found
        )
        written = f"{self.kept.parameter}: bool = True" if annotated else f"{self.kept.parameter}=True"
        tree = self.names.tree
        if found and found[-1].type == "dictionary_splat_pattern":
            yield self._insert(tree.span(found[-1]).start, f"{written}, ")
        elif found:
            yield self._insert(tree.span(found[-1]).end, f"{self._comma(found[-1])}{written}")
        else:
            yield self._insert(tree.span(listed).start + 1, written)

    def _comma(self, last: Node) -> str:
        """What parts one more from the last: one in each line, where that has a line of its own."""
        indent = Lines(self.names.tree).margin(last)
        return f",{self.names.tree.source.newline}{indent}" if indent and not indent.strip() else ", "

    def _insert(self, at: int, text: str) -> Edit:
        return Edit(self.names.tree.source.path, Span(at, at), text)
