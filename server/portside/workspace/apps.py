"""The servers of a workspace: what `portside serve` without a target, and an editor, can start.

Reads files and imports nothing of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from tree_sitter import Node

from portside.lint.source import SourceFile
from portside.python.facts import FileFacts, ModuleFacts, WorkspaceFacts, module_facts
from portside.python.launching.launch_app import AppTarget, own_module
from portside.python.launching.launch_command import Options
from portside.python.launching.launch_move import Move, plan_move
from portside.python.launching.launches import Launch
from portside.python.launching.script_place import ImportTarget
from portside.python.names.bindings import How
from portside.python.running.guards import When
from portside.python.source.nodes import EXTRAS
from portside.python.source.roles import is_in_tests, is_test_file
from portside.python.source.syntax import arguments
from portside.python.values.values import Literal as LiteralValue
from portside.python.values.values import trace
from portside.records import dataclass
from portside.workspace.import_roots import script_place
from portside.workspace.text_file import UnreadableFile, read_text_file
from portside.workspace.walk import python_files

# One of these stands in each file that makes or serves an app; the others are not parsed.
_SIGNS = ("FastAPI", "uvicorn", "Starlette", "Litestar", "Quart", "BlackSheep", "ASGIApp")
# What uvicorn can serve as it stands; Flask and the like are no ASGI apps.
_ASGI = frozenset({"FastAPI", "Starlette", "Quart", "Litestar", "Sanic", "falcon.asgi.App", "ASGIApp"})
_FACTORIES = ("create_app", "make_app", "get_app", "build_app", "create_application", "app_factory")

_OPEN = Options(())


@dataclass(frozen=True, slots=True)
class LaunchTarget:
    """One server. target: `core.server:app`, or a script's path from `cwd`.

    path, line: where the app is made or the server is started, the line from 1. host, port: None
    where the source leaves them open. app_dir: from `cwd`, None for `cwd` itself. cwd: absolute.
    """

    kind: Literal["app", "factory", "script"]
    target: str
    path: Path
    line: int
    host: str | None
    port: int | None
    app_dir: str | None
    cwd: Path


def discover(root: Path) -> tuple[LaunchTarget, ...]:
    """Every server below `root` that can be started, each once, in the order of the files.

    What a file starts in its main block comes with the host and port it has there. Tests don't count.
    """
    root = root.absolute()
    found: dict[tuple[str, str | None], LaunchTarget] = {}
    for path in python_files(root):
        if _is_test(path, root):
            continue
        for target in _of_file(root, path):
            key = (target.target, target.app_dir)
            known = found.get(key)
            # A launch knows host and port, where the app alone does not.
            if known is None or (known.port is None and target.port is not None):
                found[key] = target
    return tuple(sorted(found.values(), key=lambda target: (str(target.path), target.line)))


def _is_test(path: Path, root: Path) -> bool:
    below = path.relative_to(root).as_posix()
    return is_test_file(below) or is_in_tests(below)


def _of_file(root: Path, path: Path) -> Iterator[LaunchTarget]:
    try:
        text = read_text_file(path).text
    except UnreadableFile:
        return
    if any(sign in text for sign in _SIGNS):
        yield from targets_in(root, path, module_facts(SourceFile(str(path), text)))


def targets_in(root: Path, path: Path, module: ModuleFacts) -> Iterator[LaunchTarget]:
    """The servers of one file."""
    # Who imports the file does not matter for starting it, and to find that out takes a walk.
    facts = FileFacts(module, WorkspaceFacts(place=script_place(path, root)))
    launches = [launch for launch in facts.module.launches if launch.when in {When.MAIN, When.IMPORT}]
    for launch in launches:
        yield _of_launch(root, path, facts, launch)
    if not launches:
        yield from _of_definitions(root, path, facts)


def _of_launch(root: Path, path: Path, facts: FileFacts, launch: Launch) -> LaunchTarget:
    line = facts.module.tree.line(launch.call)
    plan = plan_move(facts, launch)
    if isinstance(plan, Move):
        return _of_app(root, path, line, plan.target, plan.options)
    script = path.relative_to(root).as_posix()
    host, port = _constant(facts, launch, "host"), _constant(facts, launch, "port")
    return LaunchTarget(
        "script",
        script,
        path,
        line,
        host if isinstance(host, str) else None,
        port if isinstance(port, int) else None,
        None,
        root,
    )


def _constant(facts: FileFacts, launch: Launch, option: str) -> object:
    node = launch.options.get(option)
    value = trace(facts.module.names, node) if node is not None else None
    return value.value if isinstance(value, LiteralValue) else None


def _of_definitions(root: Path, path: Path, facts: FileFacts) -> Iterator[LaunchTarget]:
    """The apps of a module that nothing in it starts, and its factories."""
    module = facts.module
    apps = [app for app in module.apps if not app.is_router and app.kind in _ASGI]
    if not apps:
        return
    place = own_module(module.names, script_place(path, root))
    if not isinstance(place, ImportTarget):
        return
    mounted = _mounted(facts)
    for app in apps:
        if app.name is not None and app.name not in mounted:
            yield _of_app(root, path, module.tree.line(app.call), AppTarget(place, app.name))
    for name in _FACTORIES if all(app.name is None for app in apps) else ():
        bindings = module.names.module_bindings(name)
        if len(bindings) == 1 and bindings[0].how is How.FUNCTION and _needs_nothing(bindings[0].statement):
            line = module.tree.line(bindings[0].node)
            yield _of_app(root, path, line, AppTarget(place, name, factory=True))


def _needs_nothing(function: Node) -> bool:
    listed = function.child_by_field_name("parameters")
    parameters = listed.named_children if listed is not None else []
    return all("default" in node.type for node in parameters if node.type not in EXTRAS)


def _mounted(facts: FileFacts) -> frozenset[str]:
    """The apps that others hold: `app.mount("/admin", admin)`."""
    names, found = facts.module.names, set[str]()
    for chunk in names.chunks_with(["mount"]):
        for call in chunk.nodes("call"):
            function, passed = call.child_by_field_name("function"), arguments(call)
            method = function.child_by_field_name("attribute") if function is not None else None
            if method is not None and names.tree.text(method) == "mount":
                found.update(
                    names.tree.text(node) for node in (*passed.positional, *passed.keywords.values())
                )
    return frozenset(found)


def _of_app(root: Path, path: Path, line: int, target: AppTarget, options: Options = _OPEN) -> LaunchTarget:
    kind: Literal["app", "factory"] = "factory" if target.factory else "app"
    place = target.place
    cwd = root / place.cwd if place.cwd else root
    return LaunchTarget(kind, target.text, path, line, options.host, options.port, place.app_dir, cwd)
