"""How the uvicorn command names a script: its module, from which folder, with which `--app-dir`.

`python core/server.py` puts the folder `core` on sys.path, the command the folder
that it is run in. Both run in the same folder, so relative paths stay as they are.
"""

from __future__ import annotations

import keyword
import posixpath
import sys
from collections.abc import Collection, Mapping
from dataclasses import field

from portside.records import dataclass


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """The pyproject.toml or portside.toml that a workspace has. path: as edits name it."""

    path: str
    text: str
    is_pyproject: bool


@dataclass(frozen=True, slots=True)
class Folder:
    """What lies in a folder. path: from the workspace's root, "" for the root itself.

    names: of all files and folders. modules: what can be imported with the folder on sys.path.
    runs_code: whether it is a package whose `__init__.py` has more in it than words.
    shadowing: the packages in it that are found before a file of the same name beside them.
    """

    path: str
    names: frozenset[str] = frozenset()
    modules: frozenset[str] = frozenset()
    runs_code: bool = False
    shadowing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ScriptPlace:
    """Where a script lies in its workspace, and what lies around it.

    path: from the workspace's root, with slashes. import_root: the folder, from the
    workspace's root, whose children are the top of the module names ("" for the root itself).
    folders: from the script's own up to the workspace's root. imported_names: what other files
    import from the script, None if that is unknown. entry_points: the names in the script that
    `[project.scripts]` starts. above: the names of the folders above the workspace's root, outermost first.
    variables: what the `.env` beside it, or nearest above, says of where a server listens. installed:
    what other projects of the workspace have that are installed with its own, by the names of the modules.
    """

    path: str
    import_root: str = ""
    folders: tuple[Folder, ...] = ()
    imported_names: frozenset[str] | None = frozenset()
    entry_points: frozenset[str] = frozenset()
    settings: SettingsFile | None = None
    above: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    installed: frozenset[str] = frozenset()

    @property
    def folder(self) -> str:
        return posixpath.dirname(self.path)

    @property
    def stem(self) -> str:
        return posixpath.basename(self.path).removesuffix(".py").removesuffix(".pyw")

    @property
    def is_shadowed(self) -> bool:
        """Whether importing its name means a package beside it."""
        return bool(self.folders) and self.stem in self.folders[0].shadowing

    def home_of(self, module: str) -> Folder | None:
        """The nearest folder that the module can be imported from; None if none of the workspace has it."""
        first = module.partition(".")[0]
        return next((folder for folder in self.folders if first in folder.modules), None)


@dataclass(frozen=True, slots=True)
class ImportTarget:
    """How a module is named on the command line.

    app_dir: for `--app-dir`, None where the folder that the command runs in is right.
    cwd: the folder to run it in, from the workspace's root; "" for the root.
    """

    module: str
    app_dir: str | None = None
    cwd: str = ""


# Packages that a folder of the same name, having no `__init__.py`, never wins against.
_INSTALLED = frozenset(
    {
        "test",  # of the standard library, though sys.stdlib_module_names leaves it out
        "vllm",
        "uvicorn",
        "fastapi",
        "starlette",
        "torch",
        "transformers",
        "pydantic",
        "openai",
        "sglang",
        "ray",
    }
)

# The same of what servers import: a folder `gradio/` without an `__init__.py` is not the gradio they mean.
_OFTEN_INSTALLED = _INSTALLED | {
    "accelerate", "anthropic", "celery", "chromadb", "datasets", "deepspeed", "diffusers", "django",
    "docker", "elasticsearch", "flask", "gradio", "grpc", "httpx", "huggingface_hub", "jax", "keras",
    "kubernetes", "langchain", "litellm", "llama_cpp", "llama_index", "lmdeploy", "mcp", "modal", "numpy",
    "ollama", "onnx", "onnxruntime", "openvino", "paddle", "paddleocr", "pandas", "peft", "redis", "requests",
    "runpod", "streamlit", "tensorflow", "tensorrt", "triton", "trl", "ultralytics", "whisper",
}  # fmt: skip


# What uvicorn (0.54.0, on Python 3.11) has imported before it imports an app, of the names that folders have.
_LOADED = frozenset(
    {"asyncio", "calendar", "collections", "copy", "email", "http", "inspect", "io", "json", "logging"}
    | {"multiprocessing", "operator", "platform", "queue", "random", "select", "signal", "site", "socket"}
    | {"string", "struct", "subprocess", "threading", "time", "token", "types", "typing", "uuid", "warnings"}
)


def hidden(module: str) -> str | None:
    """Why a module of a package can't be imported by uvicorn: the package's name is that of another one."""
    first, dot, _ = module.partition(".")
    if not dot or first not in _LOADED:
        return None
    return f"`{first}` is a module of Python's own, which uvicorn has imported by then"


def own_target(
    place: ScriptPlace,
    imported: Collection[str],
    opened: Collection[str],
    *,
    relative_dots: int = 0,
    adds_folders: bool = False,
    goes_home: bool = False,
) -> ImportTarget | str:
    """How to name the script itself, or why it can't be, as a sentence.

    imported: the first parts of all names that it imports absolutely.
    opened: the relative paths that it reads or writes. relative_dots: the most that a relative import of
    it begins with, which proves as many packages around it. adds_folders: whether it puts folders on its
    path itself. goes_home: whether the server is to run in the folder of the script.
    """
    if goes_home and place.folder and not relative_dots and _unimportable(place) is None:
        return ImportTarget(place.stem, cwd=place.folder)
    target = _own_target(place, imported, opened, relative_dots=relative_dots, adds_folders=adds_folders)
    if not isinstance(target, str) and target.module == "__main__":
        return "`__main__.py` is there to be run as a script, and no package is around it"
    return target


def _own_target(
    place: ScriptPlace,
    imported: Collection[str],
    opened: Collection[str],
    *,
    relative_dots: int,
    adds_folders: bool,
) -> ImportTarget | str:
    if problem := _unimportable(place):
        return problem
    if relative_dots > len(_below(place.folder, "")):
        return _in_package_above(place, relative_dots)
    has_relative_imports = relative_dots > 0
    is_at_home = _runs_in_its_folder(place, opened) or _has_own_environment(place, imported)
    if is_at_home and not has_relative_imports:
        return ImportTarget(place.stem, cwd=place.folder)
    root = _import_root(place, () if has_relative_imports else imported)
    if len(_below(place.folder, root)) < relative_dots:
        root = _root_above(place, imported, relative_dots)
    packages = _below(place.folder, root)
    if has_relative_imports and not all(map(_is_name, packages)):
        return _in_named_packages(place, relative_dots)
    by_package = all(map(_is_name, packages)) and (
        # `python -m package` has run the package's `__init__.py`, too.
        has_relative_imports
        or place.stem == "__main__"
        or not _is_shadowed(packages, imported, place, adds_folders=adds_folders)
    )
    if not packages or not by_package:
        if place.stem in sys.stdlib_module_names or place.stem in _INSTALLED - {"test"}:
            return f"`{place.stem}` is another module too, which uvicorn would find instead"
        return ImportTarget(place.stem, app_dir=place.folder if packages else root or None)
    return ImportTarget(".".join((*packages, place.stem)), app_dir=root or None)


def _in_package_above(place: ScriptPlace, dots: int) -> ImportTarget | str:
    """As a module of the packages around the workspace, `pkg.main` from `pkg` with `--app-dir ..`."""
    around = (*place.above, *_below(place.folder, ""))
    packages = around[-dots:]
    if len(packages) < dots or not all(map(_is_name, packages)):
        return "it has relative imports, and no package around it"
    return named_by_itself(place, ".".join((*packages, place.stem)))


def _in_named_packages(place: ScriptPlace, dots: int) -> ImportTarget | str:
    """As a module of the packages around it, from the folder whose name is none: `my-app/backend/main.py`."""
    folders = _below(place.folder, "")
    unnamed = max(at for at, folder in enumerate(folders) if not _is_name(folder)) + 1
    if len(folders) - unnamed < dots:
        return "it has relative imports, and no package around it"
    module = ".".join((*folders[unnamed:], place.stem))
    return ImportTarget(module, app_dir="/".join(folders[:unnamed]))


def _root_above(place: ScriptPlace, imported: Collection[str], dots: int) -> str:
    """Where packages without an `__init__.py` begin, around a script whose relative imports ask for them."""
    nearest = "/".join(_below(place.folder, "")[:-dots])
    around = [folder for folder in place.folders if not _below(folder.path, nearest)]
    homes = {home.path for name in imported if (home := place.home_of(name)) is not None}
    known = [folder.path for folder in around if folder.path in homes]
    plain = (folder.path for folder in around if "__init__.py" not in folder.names)
    return known[0] if known else next(plain, nearest)


def is_named(place: ScriptPlace, module: str) -> bool:
    """Whether the module is the script itself, by the way that its folders are called."""
    whole = "/".join((*place.above, place.path.removesuffix(".py")))
    return f"/{whole}".endswith("/" + module.replace(".", "/"))


def named_by_itself(place: ScriptPlace, module: str) -> ImportTarget:
    """How to name the script where it gives its own module name, `src.main` in `api/src/main.py`."""
    parts, inside = module.split("."), place.path.removesuffix(".py").split("/")
    if len(parts) > len(inside):
        return ImportTarget(module, app_dir="/".join([".."] * (len(parts) - len(inside))))
    return ImportTarget(module, app_dir="/".join(inside[: len(inside) - len(parts)]) or None)


def modules(place: ScriptPlace, target: ImportTarget, *, own: bool) -> tuple[tuple[str, str], ...]:
    """What the module may be called, each with the folder on the path, from the workspace's root; best first.

    own: whether it is the script itself, which its own folder leads to as well.
    """
    found = [(target.app_dir or target.cwd, target.module)]
    is_free = place.stem not in sys.stdlib_module_names and place.stem not in _INSTALLED
    if own and is_free and _is_name(place.stem) and not place.is_shadowed and place.stem != "__main__":
        found.append((place.folder, place.stem))
    return tuple(dict.fromkeys(found))


def other_target(place: ScriptPlace, module: str, given: Collection[str] = ()) -> ImportTarget:
    """How to name a module that the script gives as an import string, `app.main`.

    given: the relative paths among the options of the launch.
    """
    home = place.home_of(module)
    if home is not None and home.path == place.folder and _runs_in_its_folder(place, given):
        return ImportTarget(module, cwd=place.folder)
    return ImportTarget(module, app_dir=(home.path if home is not None else place.import_root) or None)


def _import_root(place: ScriptPlace, imported: Collection[str]) -> str:
    """The folder that has to be on sys.path: the script's own if it imports its neighbours.

    Else the nearest one that has what it imports, else where its project begins.
    """
    imported = [name for name in imported if not _is_namesake(place, name, imported)]
    homes = {home for name in imported if (home := _home(place, name)) is not None}
    known = [folder.path for folder in place.folders if folder.path in homes]
    if not known or _has_all_with_its_package(place, imported):
        return place.import_root
    return known[0]


def _has_all_with_its_package(place: ScriptPlace, imported: Collection[str]) -> bool:
    """Whether it imports its own package, and all else from beside that package, where `utils` is, too."""
    package = _below(place.folder, place.import_root)[:1]
    root = next((folder for folder in place.folders if folder.path == place.import_root), None)
    if root is None or not package or package[0] not in imported:
        return False
    ours = [name.partition(".")[0] for name in imported if _home(place, name) is not None]
    return package[0] in ours and all(name in root.modules for name in ours)


def _home(place: ScriptPlace, module: str) -> str | None:
    """The folder that a script means that imports the module; None where it is none of the workspace."""
    first = module.partition(".")[0]
    packages = _below(place.folder, place.import_root)
    if packages[:1] == (first,) and not _is_bare(place, first, place.import_root):
        # Its own package, not a folder of the same name further in.
        return place.import_root
    home = place.home_of(module)
    if home is None or (first in _OFTEN_INSTALLED and _is_bare(place, first, home.path)):
        return None
    return home.path


def _is_namesake(place: ScriptPlace, module: str, imported: Collection[str]) -> bool:
    """Whether the name is that of an inner package around a script, which stands for an installed one.

    `mcp` of `app/mcp/server.py` is the one that is installed, where the script imports `app.mcp.tools` or
    `app` is a package by its `__init__.py`.
    """
    first = module.partition(".")[0]
    packages = _below(place.folder, place.import_root)
    if first not in _OFTEN_INSTALLED or first not in packages[1:]:
        return False
    return packages[0] in imported or not _is_bare(place, packages[0], place.import_root)


def _is_bare(place: ScriptPlace, name: str, folder: str) -> bool:
    """Whether this is a folder around the script that has no `__init__.py`."""
    path = posixpath.join(folder, name)
    return any(one.path == path and "__init__.py" not in one.names for one in place.folders)


def _unimportable(place: ScriptPlace) -> str | None:
    if "." in place.stem or ":" in place.stem:
        return f"`{posixpath.basename(place.path)}` can't be imported: `{place.stem}` is no module name"
    if place.is_shadowed:
        return f"the package `{place.stem}` beside it is found first, so the file can't be imported"
    return None


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def _below(folder: str, root: str) -> tuple[str, ...]:
    inside = folder[len(root) :].strip("/") if root else folder
    return tuple(inside.split("/")) if inside else ()


def _runs_in_its_folder(place: ScriptPlace, opened: Collection[str]) -> bool:
    """Whether the script opens something that lies beside it and not where the workspace begins."""
    if not place.folder or len(place.folders) < 2:
        return False
    beside, at_root = place.folders[0].names, place.folders[-1].names
    firsts = {path.removeprefix("./").partition("/")[0] for path in opened}
    return any(first in beside and first not in at_root for first in firsts)


def _has_own_environment(place: ScriptPlace, imported: Collection[str]) -> bool:
    """Whether a `.env` lies beside the script alone, whose neighbours are imported from there, too."""
    if not place.folder or len(place.folders) < 2:
        return False
    beside, at_root = place.folders[0].names, place.folders[-1].names
    homes = {home.path for name in imported if (home := place.home_of(name)) is not None}
    has_file = any(name.startswith(".env") for name in beside)
    return has_file and homes == {place.folder} and not any(name.startswith(".env") for name in at_root)


def _is_shadowed(
    packages: tuple[str, ...], imported: Collection[str], place: ScriptPlace, *, adds_folders: bool
) -> bool:
    """Whether importing the script as part of its package would do more, or find another one.

    A script that does not import its own package has never run that package's `__init__.py`; but what
    lies beside the package it finds as a part of it alone, if it does not put the folder on its path.
    """
    if packages[:1] and (packages[0] in sys.stdlib_module_names or packages[0] in _INSTALLED):
        return True
    root = _root_of(place, packages)
    if packages[:1] and packages[0] in _OFTEN_INSTALLED and _is_bare(place, packages[0], root):
        return True
    inits = any(folder.runs_code for folder in place.folders[: len(packages)])
    is_part = not adds_folders and any(_home(place, name) == root for name in imported)
    return inits and packages[0] not in imported and not is_part


def _root_of(place: ScriptPlace, packages: tuple[str, ...]) -> str:
    """The folder that the packages around the script begin in."""
    return place.folder.removesuffix("/".join(packages)).rstrip("/")
