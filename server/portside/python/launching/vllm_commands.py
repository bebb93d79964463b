"""Where a file starts the server of vLLM as a module: `-m vllm.entrypoints.openai.api_server`, or `runpy`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tree_sitter import Node

from portside.knowledge.server_commands import NO_LAUNCH
from portside.knowledge.vllm_entrypoints import COMMAND, DEMO
from portside.lint.finding import Edit
from portside.lint.source import Span
from portside.python.launching.command_uses import may_be_started
from portside.python.names.bindings import How
from portside.python.names.import_removal import removed_import
from portside.python.names.names import Names
from portside.python.ports.command_words import Word, words
from portside.python.ports.main_modules import main_modules
from portside.python.ports.port_commands import RUNNERS
from portside.python.source.nodes import nodes_of, own_parts
from portside.python.source.syntax import arguments, string_value
from portside.records import dataclass

_MODULES = frozenset({COMMAND, DEMO})
_LAST_WORDS = frozenset(name.rpartition(".")[2] for name in RUNNERS)
_PYTHON = re.compile(r"(.*/)?python(3(\.\d+)?)?")
# In a shell string. The model has to follow at once, and to be one plain word.
_SHELL = re.compile(
    r"(?:(?:\S*/)?python(?:3(?:\.\d+)?)?|(?P<held>\{[\w.]+\})) +-m +"
    + re.escape(COMMAND)
    + r" +--model +(?P<model>[^\s\\'\"]+)"
)


@dataclass(frozen=True, slots=True, eq=False)
class ModuleRun:
    """`-m MODULE` in a command, or what `runpy` is given.

    place: of the module's name. items: the list that it is an item of. in_process: whether `runpy` runs it.
    """

    module: str
    place: Span
    items: tuple[Node, ...] = ()
    string: Node | None = None
    in_process: bool = False


def module_runs(names: Names) -> Iterator[ModuleRun]:
    """In lists and tuples wherever they stand, among arguments, in started strings, and by `runpy`."""
    seen: set[Span] = set()
    if not names.chunks_with(["api_server"]):
        return
    for run in (*_in_lists(names), *_in_strings(names), *_in_process(names)):
        if run.place not in seen:
            seen.add(run.place)
            yield run


def _in_lists(names: Names) -> Iterator[ModuleRun]:
    for chunk in names.chunks_with(["api_server"]):
        for holder in chunk.nodes("list", "tuple", "argument_list"):
            items = tuple(own_parts(holder))
            texts = [string_value(names.tree, item) if item.type == "string" else None for item in items]
            for index in range(1, len(items)):
                module = texts[index]
                launched = module in _MODULES and texts[index - 1] == "-m"
                if (
                    module is not None
                    and launched
                    and not NO_LAUNCH.intersection(filter(None, texts[:index]))
                    and may_be_started(names, holder)
                ):
                    yield ModuleRun(module, names.tree.span(items[index]), items)


def _in_strings(names: Names) -> Iterator[ModuleRun]:
    for chunk in names.chunks_with(_LAST_WORDS):
        for call in chunk.nodes("call"):
            callee, passed = call.child_by_field_name("function"), arguments(call)
            if callee is None or not passed.positional or names.qualified(callee) not in RUNNERS:
                continue
            yield from _in_words(words(names, passed.positional[0]))


def _in_words(held: Sequence[Word]) -> Iterator[ModuleRun]:
    quiet = False
    for before, word in zip((Word(None, Span(0, 0)), *held), held, strict=False):
        quiet = word.text in NO_LAUNCH or (quiet and word.text is not None)
        if word.text in _MODULES and before.text == "-m" and not quiet and word.text is not None:
            yield ModuleRun(word.text, word.span, string=word.string)


def _in_process(names: Names) -> Iterator[ModuleRun]:
    for module, node in main_modules(names):
        if module in _MODULES:
            yield ModuleRun(module, names.tree.span(node), in_process=True)


def serve_edits(names: Names, run: ModuleRun) -> tuple[Edit, ...] | None:
    """The edits that make it `vllm serve MODEL`; None where that can't be written for sure."""
    if run.module != COMMAND:
        return None
    return _in_list(names, run) if run.items else _in_string(names, run)


def _in_string(names: Names, run: ModuleRun) -> tuple[Edit, ...] | None:
    source, string = names.tree.source, run.string
    if string is None:
        return None
    span = names.tree.span(string)
    for found in _SHELL.finditer(source.text, span.start, span.end):
        held = _held(names, string, found)
        is_python = found["held"] is None or (held is not None and _is_python(names, held))
        if found.start() <= run.place.start < found.end() and is_python:
            edit = Edit(source.path, Span(found.start(), found.end()), f"vllm serve {found['model']}")
            unused = _unused_import(names, held) if held is not None else None
            return (edit,) if unused is None else (edit, Edit(source.path, unused, ""))
    return None


def _held(names: Names, string: Node, found: re.Match[str]) -> Node | None:
    """What the braces hold that the command begins with."""
    held = (
        node for node in nodes_of(string, "interpolation") if names.tree.span(node).start == found.start()
    )
    return next((own_parts(node)[0] for node in held), None)


def _in_list(names: Names, run: ModuleRun) -> tuple[Edit, ...] | None:
    tree, items = names.tree, run.items
    texts = [string_value(tree, item) if item.type == "string" else None for item in items]
    at = next(i for i, item in enumerate(items) if tree.span(item) == run.place)
    model = texts.index("--model") if "--model" in texts else 0
    if at < 2 or not _is_python(names, items[at - 2]) or not at < model < len(items) - 1:
        return None
    value = items[model + 1]
    if value.type == "list_splat" or (texts[model + 1] or "").startswith("-"):
        return None
    start, end = tree.span(items[at - 2]).start, tree.span(items[at]).end
    cut = Span(tree.span(items[model - 1]).end, tree.span(value).end)
    between = tree.source.text[start:end] + tree.source.slice(cut)
    if "#" in between or "\n" in tree.text(value):
        return None
    quote = tree.text(items[at])[0]
    command = f"{quote}vllm{quote}, {quote}serve{quote}, {tree.text(value)}"
    path = tree.source.path
    edits = (Edit(path, Span(start, end), command), Edit(path, cut, ""))
    unused = _unused_import(names, items[at - 2])
    return edits if unused is None else (*edits, Edit(path, unused, ""))


def _unused_import(names: Names, item: Node) -> Span | None:
    """What to cut of the import of `sys`, where `sys.executable` here is all that it is for."""
    module = item.child_by_field_name("object") if item.type == "attribute" else None
    bindings = names.bindings_of(module) if module is not None and module.type == "identifier" else ()
    if module is None or len(bindings) != 1 or bindings[0].how is not How.IMPORT:
        return None
    home = names.home(bindings[0].name, names.scope_at(module))
    is_last = home is not None and len(names.reads(bindings[0].name, home)) == 1
    return removed_import(names, bindings[0]) if is_last else None


def _is_python(names: Names, item: Node) -> bool:
    """Whether it is an interpreter that says nothing of where vLLM is, or a name for one."""
    value = names.value_of(item)
    text = string_value(names.tree, value) if value.type == "string" else None
    if text is None:
        return names.qualified(value) == "sys.executable"
    return _PYTHON.fullmatch(text) is not None
