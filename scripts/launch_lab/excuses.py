"""Code of a server that trips over a stand-in (a tokenizer's table, a checkpoint's size), passed over.

What failed is told by the traceback: a function of the tree that then returns a made-up value, or a
statement whose names become made-up ones. The same is passed over on both sides. What builds the app or
starts the server is never passed over.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

# file, "function" or "statement", and the function's qualified name or the statement's text
Excuse = tuple[str, str, str]
_FRAME = re.compile(r'^\s*(?:\S.*\| )?\s*File "([^"]+)", line (\d+), in (\S+)', re.MULTILINE)
_SERVES = re.compile(r"\buvicorn\b|\.serve\(|\bFastAPI\(|\bStarlette\(|\b(?:run|main|serve|start)\w*\(\)")
_BUILDS = re.compile(r"\bFastAPI\(|include_router|add_middleware|\buvicorn\b|\breturn app\b|\byield\b")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def excuse_for(said: str, run: Path, source: Path, excuses: frozenset[Excuse]) -> Excuse | None:
    """What else to pass over of a server that said this, started in `run` from the files of `source`."""
    last = said.rpartition("Traceback (most recent call last)")[2]
    if "attempted relative import" in last:
        # Started in a way in which nobody starts it.
        return None
    frames = [(Path(file), int(line)) for file, line, _ in _FRAME.findall(last)]
    own = [(file, line) for file, line in frames if run in file.parents and "site-packages" not in file.parts]
    for file, line in reversed(own):
        name = file.relative_to(run).as_posix()
        if not (source / name).is_file():
            continue
        try:
            tree = ast.parse(_text_of(source / name, _of_file(name, excuses)))
        except (SyntaxError, ValueError):
            continue
        if (found := _at(tree, line)) is not None:
            return (name, *found)
    return None


def _at(tree: ast.Module, line: int) -> tuple[str, str] | None:
    around = [
        (name, node) for name, node in _functions(tree) if node.lineno <= line <= (node.end_lineno or 0)
    ]
    if around and not _BUILDS.search(ast.unparse(around[-1][1])):
        return "function", around[-1][0]
    return _statement_at(tree, line)


def _functions(tree: ast.AST, above: str = "") -> Iterator[tuple[str, _Function]]:
    for node in ast.iter_child_nodes(tree):
        name = above
        if isinstance(node, _Function | ast.ClassDef):
            name = f"{above}.{node.name}".strip(".")
            if isinstance(node, _Function):
                yield name, node
        yield from _functions(node, name)


def _statement_at(tree: ast.AST, line: int) -> tuple[str, str] | None:
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt)
        and not isinstance(node, ast.Try)
        and node.lineno <= line <= (node.end_lineno or 0)
    ]
    inner = max(found, key=lambda node: (node.lineno, -(node.end_lineno or 0)), default=None)
    if inner is None or _SERVES.search(_text(inner)) or _BUILDS.search(_text(inner)):
        return None
    return "statement", _text(inner)


def _text(node: ast.stmt) -> str:
    """The statement; of one with a body what stands above it."""
    return ast.unparse(node).partition("\n")[0] if hasattr(node, "body") else ast.unparse(node)


def pass_over(root: Path, excuses: frozenset[Excuse]) -> None:
    """Rewrites the files of a copied tree. Effect: formatting and comments of these go."""
    for name in {file for file, _, _ in excuses}:
        path = root / name
        if path.is_file():
            path.write_bytes(_text_of(path, _of_file(name, excuses)))


def _of_file(name: str, excuses: frozenset[Excuse]) -> frozenset[tuple[str, str]]:
    return frozenset((kind, what) for file, kind, what in excuses if file == name)


def _text_of(path: Path, excuses: frozenset[tuple[str, str]]) -> bytes:
    """The file's text as the server runs it."""
    if not excuses:
        return path.read_bytes()
    tree = _Passing(excuses).visit(ast.parse(path.read_bytes()))
    return ast.unparse(ast.fix_missing_locations(tree)).encode()


class _Passing(ast.NodeTransformer):
    def __init__(self, excuses: frozenset[tuple[str, str]]) -> None:
        self._excuses = excuses
        self._above: list[str] = []

    def visit(self, node: ast.AST) -> ast.AST:
        if not isinstance(node, ast.stmt):
            return super().visit(node)
        text = _text(node)
        is_scope = isinstance(node, _Function | ast.ClassDef)
        if is_scope:
            self._above.append(node.name)
            if ("function", ".".join(self._above)) in self._excuses and isinstance(node, _Function):
                node.decorator_list.append(ast.Name("__lab_excused__", ast.Load()))
        self.generic_visit(node)
        if is_scope:
            self._above.pop()
        return _tried(node) if ("statement", text) in self._excuses else node


def _tried(node: ast.stmt) -> ast.Try:
    made = ast.Call(ast.Name("__lab_thing__", ast.Load()), [], [])
    names = dict.fromkeys(_bound(node))
    lost: list[ast.stmt] = [ast.Assign([ast.Name(name, ast.Store())], made) for name in names]
    if isinstance(node, ast.Return):
        lost = [ast.Return(made)]
    caught = ast.Tuple([ast.Name("Exception", ast.Load()), ast.Name("SystemExit", ast.Load())], ast.Load())
    handler = ast.ExceptHandler(caught, None, lost or [ast.Pass()])
    return ast.Try([node], [handler], [], [])


def _bound(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, _Function | ast.ClassDef):
        yield node.name
        return
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            yield each.id
        elif isinstance(each, ast.alias) and each.name != "*":
            yield each.asname or each.name.partition(".")[0]
