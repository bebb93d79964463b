"""Whether a file's imports may lead to an engine, for whoever asks of few files: no others are read.

An editor asks at every keystroke, a command that is given few files of a large tree once. Read off texts:
only its no is an answer.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from portside.python.names.import_text import import_text, imports_in
from portside.records import dataclass

if TYPE_CHECKING:
    from portside.workspace.import_graph import FilesOf

# To read the imports of a whole tree takes longer than to follow those of fewer files.
MANY_FILES = 100
# A helper of a helper of a helper; further, nobody makes an engine for a script.
_LONGEST_CHAIN = 4
# To look into more takes longer than to parse the file that is asked about.
_MOST_FILES = 60


@dataclass(frozen=True, slots=True)
class _File:
    """A text. state: what tells it from another. mentions: whether it names vLLM."""

    state: object
    imports: frozenset[tuple[str, str | None]]
    mentions: bool


class EngineMentions:
    """Effect: reads files, those that imports lead to, each once while it stays as it is.

    files_of, top: as the workspace's modules have them. state_of: what tells a file's text from a later one;
    None where there is none. data_of: the text.
    """

    def __init__(
        self,
        files_of: FilesOf,
        top: Callable[[Path], Path],
        state_of: Callable[[Path], object | None],
        data_of: Callable[[Path], bytes],
    ) -> None:
        self._files_of, self._top, self._state_of, self._data_of = files_of, top, state_of, data_of
        self._files: dict[Path, _File] = {}

    def lead_from(self, path: Path, lines: bytes) -> bool:
        """Whether what these lines import, as those of that file, names vLLM or imports what does."""
        seen, steps = {path}, [(path, imports_in(lines))]
        for _ in range(_LONGEST_CHAIN):
            found = [file for importer, imports in steps for file in self._imported(importer, imports)]
            new = [file for file in dict.fromkeys(found) if file not in seen]
            seen.update(new)
            if len(seen) > _MOST_FILES:
                return True
            files = {file: self._file(file) for file in new}
            if any(file.mentions for file in files.values()):
                return True
            steps = [(importer, file.imports) for importer, file in files.items()]
        return False

    def mentioned_in(self, path: Path) -> bool:
        """Whether the file names vLLM."""
        return self._file(path).mentions

    def _imported(self, importer: Path, imports: frozenset[tuple[str, str | None]]) -> list[Path]:
        top = str(self._top(importer))
        return [
            Path(file)
            for module, name in sorted(imports, key=str)
            for file in self._files_of(str(importer), module, name, top)
        ]

    def _file(self, path: Path) -> _File:
        state, known = self._state_of(path), self._files.get(path)
        if known is None or known.state != state:
            data = self._data_of(path)
            mentions = names_vllm(data)
            # What names it is not followed any further.
            imports = frozenset() if mentions else imports_in(import_text(data).lines)
            known = self._files[path] = _File(state, imports, mentions)
        return known


def names_vllm(text: bytes) -> bool:
    """Whether vLLM, or a variable of its, is named in it."""
    return b"vllm" in text or b"VLLM" in text
