"""Which module an import string of a script means that puts a folder above it first on its path.

sys.path.insert(0, str(Path(__file__).parent.parent))
uvicorn.run("server:app")           in agent/server.py, with a server.py above: that one is served
"""

from __future__ import annotations

from tree_sitter import Node

from portside.python.launching.script_paths import script_path
from portside.python.launching.script_place import Folder, ScriptPlace
from portside.python.names.names import Names
from portside.python.source.nodes import nodes_of
from portside.python.source.syntax import arguments

_INSERTS = "sys.path.insert"


def found_first(names: Names, place: ScriptPlace, module: str) -> Folder | None:
    """The folder above the script that its import string finds the module in, and not beside the script."""
    first = module.partition(".")[0]
    if first != place.stem or not names.chunks_with(["sys"]):
        return None
    calls = [
        call
        for chunk in names.chunks_with(["insert"])
        if not chunk.is_definition
        for call in nodes_of(chunk.node, "call")
    ]
    # Of several, the last one comes first.
    for call in reversed(calls):
        folder = _inserted(names, place, call)
        if folder == place.folder:
            return None
        found = next((one for one in place.folders if one.path == folder and first in one.modules), None)
        if found is not None:
            return found
    return None


def changes_to_own_folder(names: Names, place: ScriptPlace) -> bool:
    """Whether the script goes to its own folder: `os.chdir(Path(__file__).parent)`."""
    for chunk in names.chunks_with(["chdir"]):
        for call in chunk.nodes("call"):
            callee, passed = call.child_by_field_name("function"), arguments(call).positional
            is_change = callee is not None and names.qualified(callee) == "os.chdir" and len(passed) == 1
            if is_change and script_path(names, place, passed[0]) == place.folder:
                return True
    return False


def _inserted(names: Names, place: ScriptPlace, call: Node) -> str | None:
    """The folder, from the workspace's root, that the call puts first on the path."""
    callee, passed = call.child_by_field_name("function"), arguments(call).positional
    if callee is None or names.qualified(callee) != _INSERTS or len(passed) != 2:
        return None
    return script_path(names, place, passed[1]) if names.tree.text(passed[0]) == "0" else None


def served_instead(names: Names, place: ScriptPlace, module: str) -> str | None:
    """Why the import string does not mean the script itself, as a sentence."""
    found = found_first(names, place, module)
    if found is None:
        return None
    return f"`{module}` is found in `{found.path or '.'}` first, which the script puts on its path, not here"
