"""The code that serves a launch: the run call, the block it stands in, the functions that lead to it.

def main():                     <- level: the body of a function
config = uvicorn.Config(…)
try:
uvicorn.Server(config).run()      <- level: the body of a try
except KeyboardInterrupt:
pass

if __name__ == "__main__":
main()                      <- level: the body of the guard
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field

from tree_sitter import Node

from portside.python.launching.launch_effects import check_statement
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_retries import only_tries_again
from portside.python.launching.launch_together import TASKS, Together, together
from portside.python.launching.launches import handed, launch_at, plainest
from portside.python.names.bindings import Binding, How
from portside.python.names.names import Names
from portside.python.names.parameters import passed_for
from portside.python.running.guards import Guards
from portside.python.running.reachability import decorators
from portside.python.source.nodes import holds, nodes_of, statements
from portside.python.source.syntax import ancestors, arguments, statement_around, unwrapped
from portside.records import dataclass

# Calls that run the coroutine or end the process with what they are handed, and add nothing of their own.
_RUNNERS = frozenset({"asyncio.run", "uvloop.run", "sys.exit", "builtins.exit", "builtins.SystemExit"})
# The same for a function that is handed over uncalled.
_FUNCTION_RUNNERS = frozenset({"anyio.run"})
_TRANSPARENT = frozenset({"await", "parenthesized_expression", "expression_statement", "return_statement"})
_EACH_OF_SEVERAL = frozenset({"generator_expression", "list_comprehension", "set_comprehension"})
_HAND_ON = frozenset({"loguru.logger.catch"})
_MOST_FUNCTIONS = 8
WITHIN = "the server runs inside a `with` block, which the command would not enter"


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """A block on the way to the run call. statement: the one in it that leads there."""

    block: Node
    statement: Node


@dataclass(frozen=True, eq=False)
class Site:
    """Everything that serves the launch.

    call: what starts the server. config: the call that takes the app and the options.
    levels: innermost first. guard: the main guard, None where the launch runs on import.
    functions: the functions that lead to the call. calls: the one call of each.
    tries: the try statements around it. serving: statements that make config and server.
    conditions: the `if` statements around it, innermost first. shared: the functions that are called
    from elsewhere in the file too; the call in `calls` is the one in the main block. withs: the `with`
    statements around it. together: how it is waited for with others. task: where the task is waited for that
    the call runs in. retries: statements that do nothing but to run the call, if need be again, so that each
    is one with it.
    """

    call: Node
    config: Node
    through_server: bool
    levels: tuple[Level, ...]
    guard: Node | None
    functions: tuple[Node, ...]
    calls: tuple[Node, ...]
    tries: tuple[Node, ...] = ()
    serving: tuple[Node, ...] = ()
    conditions: tuple[Node, ...] = ()
    shared: tuple[Node, ...] = ()
    withs: tuple[Node, ...] = ()
    together: Together | None = None
    task: Node | None = None
    retries: tuple[Node, ...] = ()

    def argument(self, names: Names, expression: Node) -> Node:
        """The expression that a parameter of one of the functions stands for; each is called once."""
        node = unwrapped(expression)
        for function, call in zip(self.functions, self.calls, strict=False):
            bindings = names.bindings_of(node) if node.type == "identifier" else ()
            if len(bindings) != 1 or bindings[0].how is not How.PARAMETER:
                continue
            if names.scope_at(node).function() is not names.scope_of(function):
                continue
            node = unwrapped(passed_for(names, function, call, bindings[0].name) or node)
        return node

    @property
    def removed(self) -> tuple[Node, ...]:
        """The statements of the module that go: the guard or the bare call, and the functions."""
        last = self.guard or self.levels[-1].statement
        around = (*self.functions, last)
        found = [one for one in self.functions if not any(holds(o, one) for o in around if o != one)]
        return (*found, last)

    @property
    def ways(self) -> tuple[Node, ...]:
        """What leads to the server, one after the other: the run call, or its task, and the calls."""
        return (self.task or self.call, *self.calls)

    def passes(self, part: Node) -> bool:
        """Whether the way to the run call leads through this part of a statement."""
        return any(holds(part, call) for call in self.ways)

    def removes(self, byte: int) -> bool:
        return any(node.start_byte <= byte < node.end_byte for node in self.removed)


def find_site(names: Names, guards: Guards, call: Node, obstacles: Obstacles) -> Site | None:
    """The site of a run call; None, with the reason among the obstacles, where it can't be made out."""
    climb = _Climb(names, guards, obstacles)
    climb.up_from(call)
    if climb.failed:
        return None
    config, through_server, serving = _config_of(names, call, obstacles)
    if config is None:
        return None
    serving = tuple(one for one in serving if not any(holds(retry, one) for retry in climb.retries))
    return Site(
        call,
        config,
        through_server,
        tuple(climb.levels),
        climb.guard,
        tuple(climb.functions),
        tuple(climb.calls),
        tuple(climb.tries),
        (*serving, *climb.tasks),
        tuple(climb.conditions),
        tuple(climb.shared),
        tuple(climb.withs),
        climb.together,
        climb.task,
        tuple(climb.retries),
    )


def check_as_it_stands(names: Names, site: Site, obstacles: Obstacles) -> None:
    """Adds what keeps a main block from going as a whole: a condition, another user of a function."""
    for container in site.conditions:
        condition = container.child_by_field_name("condition")
        shown = obstacles.quote(condition) if condition is not None else None
        inside = container.child_by_field_name("consequence")
        is_first = inside is not None and site.passes(inside)
        reason = f"the server starts only if {shown}" if is_first else "the server starts in some cases only"
        obstacles.add(container, reason)
    for container in site.withs:
        obstacles.add(container, WITHIN)
    if site.task is not None and site.together is None:
        obstacles.add(site.call, "the server runs in a task of a loop that runs already")
    if site.together is not None:
        whole = site.together.whole
        obstacles.add(whole, f"{obstacles.quote(whole)} does more than to start the server")
    if site.guard is not None and not _is_of_module(site.guard):
        obstacles.add(site.guard, "the main block stands in a `try`")
    for function in site.functions:
        if decorators(function):
            obstacles.add(
                function, f"{obstacles.quote(decorators(function)[0])} decorates what starts the server"
            )
    for function in site.shared:
        name = names.tree.text(function.child_by_field_name("name") or function)
        obstacles.add(names.reads(name)[1], f"`{name}` is used in several places")


@dataclass
class _Climb:
    """From the run call up to the module, through the functions of the file that are called once."""

    names: Names
    guards: Guards
    obstacles: Obstacles
    levels: list[Level] = field(default_factory=list)
    functions: list[Node] = field(default_factory=list)
    calls: list[Node] = field(default_factory=list)
    tries: list[Node] = field(default_factory=list)
    conditions: list[Node] = field(default_factory=list)
    shared: list[Node] = field(default_factory=list)
    withs: list[Node] = field(default_factory=list)
    together: Together | None = None
    task: Node | None = None
    tasks: list[Node] = field(default_factory=list)
    retries: list[Node] = field(default_factory=list)
    guard: Node | None = None
    failed: bool = False

    def up_from(self, call: Node) -> None:
        node: Node | None = call
        while node is not None and not self.failed:
            node = self._next_call(node)

    def _next_call(self, call: Node) -> Node | None:
        """The call of the function that this call stands in; None at module level."""
        statement = self._statement_of(call)
        while not self.failed:
            block = statement.parent
            if block is None or block.type == "module":
                self.levels.append(Level(block or statement, statement))
                return None
            container = block.parent
            if container is None:
                return self._fail(call, "it can't be made out when this runs")
            self.levels.append(Level(block, statement))
            if container.type == "function_definition":
                return self._call_of(container)
            if self._is_guard(container, block):
                self.guard = container
                return None
            statement = statement_around(container)
            if only_tries_again(self.names, statement, call, self._is_launch):
                self._collapse(statement)
            else:
                self._enter(container, block)
        return None

    def _is_launch(self, call: Node) -> bool:
        return launch_at(self.names, call) is not None

    def _collapse(self, retry: Node) -> None:
        """Takes the statement for the run call itself: what stands in it has no say of its own."""
        for found in (self.tries, self.conditions, self.withs, self.retries):
            found[:] = [one for one in found if not holds(retry, one)]
        self.levels[:] = [level for level in self.levels if not holds(retry, level.statement)]
        self.retries.append(retry)
        line = self.names.tree.line(retry)
        self.obstacles.note(
            f"what starts the server again (line {line}) goes: the command starts it once, as it says",
            review=True,
        )

    def _statement_of(self, call: Node) -> Node:
        """The statement that holds the call and does nothing else."""
        node = call
        while (parent := node.parent) is not None and parent.type not in {"block", "module"}:
            others = together(self.names, node) if self.together is None else None
            if others is not None:
                node = self._with_others(others, is_direct=not self.functions)
                continue
            handed_on = parent.type == "argument_list" and self._runs_argument(parent)
            is_runner = node.type == "argument_list" and parent.type == "call"
            raised = parent.type == "raise_statement"
            if not (parent.type in _TRANSPARENT or handed_on or is_runner or raised):
                task = self._task(parent) if node == call else None
                if task is None:
                    shown = parent.parent if parent.type == "argument_list" and parent.parent else parent
                    does = "does more than to start the server"
                    if parent.type in _EACH_OF_SEVERAL or self._is_with_another(call, parent):
                        does = "starts several servers, and one command starts one"
                    self._fail(call, f"{self.obstacles.quote(shown)} {does}")
                    return node
                parent = task
            node = parent
        return node

    def _is_with_another(self, call: Node, listed: Node) -> bool:
        """Whether it is put in a list, and the function around makes another server too."""
        function = listed.parent.child_by_field_name("function") if listed.parent is not None else None
        method = function.child_by_field_name("attribute") if function is not None else None
        is_added = method is not None and self.names.tree.text(method) == "append"
        around = next((one for one in ancestors(call) if one.type == "function_definition"), None)
        if around is None or not (is_added or listed.type in {"list", "tuple", "set"}):
            return False
        return any(one != call and self._is_launch(one) for one in nodes_of(around, "call"))

    def _runs_argument(self, listed: Node) -> bool:
        call = listed.parent
        function = call.child_by_field_name("function") if call is not None else None
        if function is None or call is None or len(arguments(call).positional) != 1:
            return False
        attribute = function.child_by_field_name("attribute")
        if attribute is not None and self.names.tree.text(attribute) == "run_until_complete":
            return True
        return self.names.qualified(function) in _RUNNERS | _FUNCTION_RUNNERS

    def _task(self, listed: Node) -> Node | None:
        """Where `task = asyncio.create_task(server.serve())` is waited for, and nothing else done with it."""
        made = listed.parent
        function = made.child_by_field_name("function") if made is not None else None
        assignment = made.parent if made is not None else None
        left = assignment.child_by_field_name("left") if assignment is not None else None
        if function is None or self.names.qualified(function) not in TASKS or assignment is None:
            return None
        if assignment.type != "assignment" or left is None or left.type != "identifier" or self.tasks:
            return None
        name = self.names.tree.text(left)
        home = self.names.home(name, self.names.scope_at(left))
        reads = self.names.reads(name, home)
        bound = self.names.bindings_in(name, home) if home is not None else ()
        if (
            len(reads) != 1
            or len(bound) != 1
            or self.names.scope_at(reads[0]) is not self.names.scope_at(left)
        ):
            return None
        self.tasks.append(assignment)
        self.task = reads[0]
        return reads[0]

    def _with_others(self, others: Together, *, is_direct: bool) -> Node:
        """The statement, or the call in it, that waits for all of them.

        is_direct: whether it is the run call itself, or its task, that stands among them.
        """
        self.together = others
        self.tasks += others.gone
        if is_direct:
            self.task = others.given
        if others.result is not None and others.whole.parent is not None:
            # What it gives stands for the others.
            return others.result.parent or others.whole
        return others.whole

    def _is_guard(self, container: Node, block: Node) -> bool:
        found = [g for g in self.guards.main if g.node == container and g.start == block.start_byte]
        if not found or not (_is_of_module(container) or _ends_try(container)):
            return False
        if container.children_by_field_name("alternative"):
            self.obstacles.add(container, "the main guard has an `else`, which is for the imported module")
        if unwrapped(found[0].condition).type == "boolean_operator":
            self.obstacles.add(container, "the main guard asks for more than `__name__`")
        return True

    def _enter(self, container: Node, block: Node) -> None:
        if container.type == "try_statement" and container.child_by_field_name("body") == block:
            self.tries.append(container)
            return
        if container.type in {"if_statement", "elif_clause", "else_clause"}:
            whole = statement_around(container)
            if whole.type == "if_statement":
                self.conditions.append(whole)
                return
        if container.type == "with_statement":
            self.withs.append(container)
            return
        reason = "the server starts in some cases only"
        if container.type in {"for_statement", "while_statement"}:
            reason = "the server is started in a loop"
        self.obstacles.add(container, reason)

    def _call_of(self, function: Node) -> Node | None:
        """The one call of a function of the module."""
        name_node = function.child_by_field_name("name")
        name = self.names.tree.text(name_node) if name_node is not None else "function"
        parent = function.parent
        if parent is not None and parent.type == "decorated_definition":
            if not all(map(self._hands_on, decorators(function))):
                reason = f"`{name}` is decorated: what it is called with comes from elsewhere"
                return self._fail(function, reason)
            parent = parent.parent
        is_inner = parent is not None and self._is_of_function(parent)
        if parent is None or not (parent.type == "module" or self._is_of_guard(parent) or is_inner):
            return self._fail(
                function, f"the server is started by `{name}`, which is no function of the module"
            )
        if function in self.functions or len(self.functions) >= _MOST_FUNCTIONS:
            return self._fail(function, f"`{name}` calls itself")
        self.functions.append(function)
        home = self.names.scope_at(function) if is_inner else self.names.module
        bound = self.names.bindings_in(name, home)
        reads = self.names.reads(name, home)
        if len(bound) != 1 or bound[0].how is not How.FUNCTION:
            return self._fail(function, f"`{name}` is defined more than once")
        if not reads:
            return self._fail(function, f"`{name}` is called from outside this file")
        in_main = [read for read in reads if self._is_in_guard(read)]
        if len(reads) > 1 and len(in_main) != 1:
            return self._fail(reads[1], f"`{name}` is used in several places")
        if len(reads) > 1:
            self.shared.append(function)
        read = in_main[0] if len(reads) > 1 else reads[0]
        if read.start_byte < function.start_byte and self.names.scope_at(read) is home:
            return self._fail(read, f"`{name}` is called before it is defined")
        return self._calling(read, name)

    def _is_of_guard(self, block: Node) -> bool:
        """Whether a function in the block is defined by the main block, for itself."""
        return any(g.node == block.parent and g.start == block.start_byte for g in self.guards.main)

    def _is_of_function(self, block: Node) -> bool:
        return block.parent is not None and block.parent.type == "function_definition"

    def _hands_on(self, decorator: Node) -> bool:
        """Whether the function is called as it was, and gives what it gave."""
        maker = decorator.child_by_field_name("function") or decorator
        return self.names.qualified(maker) in _HAND_ON

    def _is_in_guard(self, node: Node) -> bool:
        return any(holds(guard.node, node) for guard in self.guards.main)

    def _calling(self, read: Node, name: str) -> Node | None:
        parent = read.parent
        if parent is not None and parent.type == "call" and parent.child_by_field_name("function") == read:
            self.calls.append(parent)
            return parent
        if parent is not None and parent.type == "argument_list" and parent.parent is not None:
            function = parent.parent.child_by_field_name("function")
            if function is not None and self.names.qualified(function) in _FUNCTION_RUNNERS:
                self.calls.append(parent.parent)
                return parent.parent
        return self._fail(read, f"`{name}` is handed on instead of called")

    def _fail(self, node: Node, reason: str) -> Node | None:
        self.failed = True
        self.obstacles.add(node, reason)
        return None


def _is_of_module(node: Node) -> bool:
    return node.parent is not None and node.parent.type == "module"


def _ends_try(guard: Node) -> bool:
    """Whether it is the last in the body of a `try` of the module: `except ImportError` of what it needs."""
    block = guard.parent
    attempt = block.parent if block is not None else None
    if block is None or attempt is None or attempt.type != "try_statement" or not _is_of_module(attempt):
        return False
    clauses = {child.type for child in attempt.named_children}
    is_body = attempt.child_by_field_name("body") == block
    return is_body and [*statements(block)][-1] == guard and not clauses & {"finally_clause", "else_clause"}


def _config_of(names: Names, call: Node, obstacles: Obstacles) -> tuple[Node | None, bool, tuple[Node, ...]]:
    """The call with the app and the options, whether it is a `Config`, and the statements that make it."""
    function = call.child_by_field_name("function")
    if function is not None and names.qualified(function) in {"uvicorn.run", "uvicorn.main.run"}:
        return call, False, ()
    server = function.child_by_field_name("object") if function is not None else None
    if arguments(call).keywords or arguments(call).positional:
        obstacles.add(call, "the server is handed its sockets: the command opens its own, or takes `--fd`")
    serving: list[Node] = []
    made = _made_by(names, server, _SERVERS, serving)
    passed = arguments(made) if made is not None else None
    handed = (
        (passed.positional[0] if passed.positional else passed.keywords.get("config")) if passed else None
    )
    config = _made_by(names, handed, _CONFIGS, serving)
    if config is None:
        obstacles.add(call, "it can't be made out which options the server runs with")
    return config, True, tuple(serving)


_SERVERS = frozenset({"uvicorn.Server", "uvicorn.server.Server"})
_CONFIGS = frozenset({"uvicorn.Config", "uvicorn.config.Config"})


def _made_by(names: Names, node: Node | None, makers: frozenset[str], serving: list[Node]) -> Node | None:
    """The call of one of `makers` that gave this expression its value."""
    if node is None:
        return None
    node = handed(names, node)
    if node.type == "identifier":
        # A name of the module is none at first, for a function that wants to stop the server.
        bindings = [b for b in names.bindings_of(node) if b.value is None or b.value.type != "none"]
        if len(bindings) > 1:
            return _plainest_made(names, bindings, makers, serving)
        if len(bindings) != 1 or bindings[0].value is None:
            return None
        serving.append(bindings[0].statement)
        node = unwrapped(bindings[0].value)
    function = node.child_by_field_name("function") if node.type == "call" else None
    return node if function is not None and names.qualified(function) in makers else None


def _plainest_made(
    names: Names, bindings: Sequence[Binding], makers: frozenset[str], serving: list[Node]
) -> Node | None:
    """The plainest of the calls in the branches of one `if`, which does nothing else."""
    calls = [unwrapped(b.value) for b in bindings if b.value is not None]
    made = [call.child_by_field_name("function") for call in calls if call.type == "call"]
    are_known = all(one is not None and names.qualified(one) in makers for one in made)
    whole = _if_around(binding.node for binding in bindings)
    apps = {names.tree.text(app) for call in calls if (app := _app_of(call)) is not None}
    if whole is None or not are_known or len(made) != len(bindings) or len(apps) != 1:
        return None
    missed = Obstacles(names.tree)
    check_statement(names, whole, missed)
    serving.append(whole)
    return plainest(calls) if not missed.found else None


def _if_around(nodes: Iterable[Node]) -> Node | None:
    """The innermost `if` with all of them in it."""
    first, *others = nodes
    found = (one for one in ancestors(first) if one.type == "if_statement")
    return next((one for one in found if all(holds(one, other) for other in others)), None)


def _app_of(config: Node) -> Node | None:
    passed = arguments(config)
    return passed.keywords.get("app") or (passed.positional[0] if passed.positional else None)
