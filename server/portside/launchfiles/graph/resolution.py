"""Which file of the workspace a launch file means by `python /app/core/server.py`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection

from portside.launchfiles.commands.script_references import ScriptReference

_VARIABLE = re.compile(r"\$|%|\{|~$")


def files_run(reference: ScriptReference, files: Collection[str]) -> frozenset[str]:
    """The files, out of `files`, that the reference may run; paths relative to the workspace.

    Errs towards naming a file: a launch that was overlooked breaks when its script changes.
    Where the path as written leads to a file, it is that one. Otherwise (paths inside a
    container, a folder that only the shell knows) it is each file that agrees with the
    longest end of the path. A module has to agree in full: `-m http.server` is nobody's server.py.
    """
    parts = _parts(reference)
    if not parts:
        return frozenset()
    if reference.module and (package := _package_run(reference, files)):
        return package
    for base in _bases(reference):
        if (exact := posixpath.normpath(posixpath.join(base, *parts))) in files:
            return frozenset({exact})
    if reference.module:
        tail = "/" + "/".join(part for part in parts if part != "..")
        return frozenset(path for path in files if f"/{path}".endswith(tail))
    return _by_longest_tail(reference, [part for part in parts if part != ".."], files)


# Folders whose files speak of the project around them.
_OF_A_PROJECT = re.compile(
    r"\.?(deploy\w*|docker\w*|k8s|kubernetes|scripts?|bin|infra\w*|ops|ci|github|vscode|devcontainer|docs?|helm|charts?"
    r"|manifests?|systemd|etc|build|containers?|tools|workflows|compose|config|conf|examples?|run|gitlab)",
    re.IGNORECASE,
)
_MOST_SHOWN = 3
_IN_CONTAINER = re.compile(r"(docker|container)file[^/]*$|\.ya?ml$", re.IGNORECASE)


def means_another(reference: ScriptReference, files: Collection[str]) -> str | None:
    """Why the reference may mean another file than the one of these, as the rest of a sentence; None if sure.

    files: what `files_run` says.
    """
    if len(files) != 1:
        shown = ", ".join(f"`{file}`" for file in sorted(files)[:_MOST_SHOWN])
        return f"it may mean {shown}" + (" or another" if len(files) > _MOST_SHOWN else "")
    (file,) = files
    directory = reference.directory or ""
    if re.match(r"~/|/home/|/Users/|[A-Za-z]:", directory) and not _IN_CONTAINER.search(reference.path):
        name = posixpath.basename(directory.rstrip("/"))
        if name and not _VARIABLE.search(name) and f"/{name}/" not in f"/{file}":
            return f"it starts in `{directory}`"
    if _is_exact(reference, file):
        return None
    here, there = (posixpath.dirname(path).split("/") for path in (reference.path, file))
    common = _common_tail(here[::-1], there[::-1])
    apart = [name for name in here[common:] if name]
    if apart and not _OF_A_PROJECT.fullmatch(apart[0]):
        return f"it may mean another file than `{file}`"
    return None


def _is_exact(reference: ScriptReference, file: str) -> bool:
    """Whether the path leads to the file as it is written, from one of the folders that it may start in."""
    parts = _parts(reference)
    return any(posixpath.normpath(posixpath.join(base, *parts)) == file for base in _bases(reference))


def _package_run(reference: ScriptReference, files: Collection[str]) -> frozenset[str]:
    """`python -m core` runs core/__main__.py, where there is one."""
    tail = "/" + reference.script.replace(".", "/") + "/__main__.py"
    return frozenset(path for path in files if f"/{path}".endswith(tail))


def _by_longest_tail(reference: ScriptReference, parts: list[str], files: Collection[str]) -> frozenset[str]:
    here = posixpath.dirname(reference.path)
    for first in range(1, len(parts)):
        for base in (here, ""):
            if (inside := posixpath.join(base, *parts[first:])) in files:
                return frozenset({inside})
    agreement = {path: _common_tail(parts, path.split("/")) for path in files}
    longest = max(agreement.values(), default=0)
    return (
        frozenset(path for path, length in agreement.items() if length == longest) if longest else frozenset()
    )


def _parts(reference: ScriptReference) -> list[str]:
    if reference.module:
        return [*reference.script.split(".")[:-1], reference.script.split(".")[-1] + ".py"]
    return _path_parts(reference.script)


def _path_parts(path: str) -> list[str]:
    return [
        part
        for part in re.split(r"[/\\]", path)
        if part not in ("", ".") and not part.endswith(":") and not _VARIABLE.search(part)
    ]


def _bases(reference: ScriptReference) -> list[str]:
    here = posixpath.dirname(reference.path)
    if reference.directory is None:
        return [here, ""]
    inside = posixpath.join(*_path_parts(reference.directory) or [""])
    return [posixpath.join(here, inside), inside, here, ""]


def _common_tail(left: list[str], right: list[str]) -> int:
    length = 0
    for one, other in zip(reversed(left), reversed(right), strict=False):
        if one != other:
            break
        length += 1
    return length
