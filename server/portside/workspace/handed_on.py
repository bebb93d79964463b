"""Names of servers, engines and apps that files of the workspace hand on: `from engine import LLM`.

engine.py:  from vllm import LLM        ->  in the file that imports it, `engine.LLM` is `vllm.LLM`
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from portside.knowledge.apps import APP_NAMES
from portside.knowledge.launches import LAUNCH_NAMES
from portside.knowledge.vllm import ENGINE_CONSTRUCTORS
from portside.python.names.bindings import Binding, How
from portside.python.names.import_text import ImportText, imports_in
from portside.python.names.names import Names, of_star

FilesOf = Callable[[Path, str, str | None, Path], tuple[Path, ...]]
NamesOf = Callable[[Path], Names | None]

_LONGEST_CHAIN = 4
_CLASSES = frozenset(
    name.rpartition(".")[2]
    for name in (*ENGINE_CONSTRUCTORS, *APP_NAMES)
    if name.rpartition(".")[2][0].isupper()
)
_NAMES = _CLASSES | {"uvicorn"}
_BYTES = tuple((name, name.encode()) for name in sorted(_NAMES))
_QUALIFIED = frozenset((*ENGINE_CONSTRUCTORS, *APP_NAMES))
# Keystrokes mostly leave the imports alone.
_imports_in = functools.lru_cache(maxsize=16)(imports_in)
_ROOTS = frozenset(name.partition(".")[0] for name in (*ENGINE_CONSTRUCTORS, *APP_NAMES, *LAUNCH_NAMES))


class HandedOn:
    """Which of them a file takes from another one.

    Effect: reads files, those of which a file imports such a name, or everything. files_of, names_of: as
    the workspace's modules have it.
    """

    def __init__(self, files_of: FilesOf, names_of: NamesOf) -> None:
        self._files_of, self._names_of = files_of, names_of

    def to(self, path: Path, data: bytes, imports: ImportText, top: Path) -> Mapping[str, str]:
        """What the qualified names of other files that this text, as that file, uses stand for."""
        has_star = b"*" in imports.behind
        # Each word takes a look at the whole text: only a star brings what is not in its own line.
        used = [name for name, word in _BYTES if word in (data if has_star else imports.behind)]
        found: dict[str, str] = {}
        for module, taken in _imports_in(imports.lines) if used else ():
            for name in _asked(module, taken, used):
                is_its_own = of_star(module, name) in _QUALIFIED
                meant = (
                    of_star(module, name)
                    if is_its_own
                    else self._meant(path, module, name, top, _LONGEST_CHAIN)
                )
                if meant is not None:
                    found[of_star(module, name)] = meant
        return found

    def _meant(self, path: Path, module: str, name: str, top: Path, steps: int) -> str | None:
        files = self._files_of(path, module, name, top) if steps else ()
        if not files or files[-1] == path or files[-1].stem == name:
            return None
        names = self._names_of(files[-1])
        if names is None:
            return None
        found = [self._of_binding(files[-1], each, name, top, steps) for each in _brings(names, name)]
        return found[0] if found and len({(each or "").partition(".")[0] for each in found}) == 1 else None

    def _of_binding(self, file: Path, binding: Binding, name: str, top: Path, steps: int) -> str | None:
        """What an import of that file stands for, if it is one of a library or leads to one."""
        target = binding.target
        if target is None or binding.how not in {How.IMPORT, How.STAR_IMPORT}:
            return None
        if binding.how is How.STAR_IMPORT:
            module, taken = target, name
        else:
            module, _, taken = target.rpartition(".")
            module += "." if not module.strip(".") else ""
        files = self._files_of(file, module, taken, top)
        if files and files[-1] != file:
            return self._meant(file, module, taken, top, steps - 1)
        qualified = of_star(module, taken) if module.strip(".") else target
        return qualified if qualified.partition(".")[0] in _ROOTS else None


def _asked(module: str, taken: str | None, used: list[str]) -> Iterator[str]:
    """The names that an import may bring from a file of the workspace, or with all that a library has."""
    if taken == "*":
        yield from used
    elif taken in _NAMES and module.partition(".")[0] not in _ROOTS:
        yield taken


def _brings(names: Names, name: str) -> tuple[Binding, ...]:
    """What binds the name there; a `None` is for where it can't be imported."""
    own = names.module_bindings(name) or names.module_bindings("*")
    return tuple(each for each in own if each.value is None or each.value.type != "none")
