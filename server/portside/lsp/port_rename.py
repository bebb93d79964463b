"""Another number for a port everywhere: the editor's rename, and an action that takes the next free one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from portside.lint.finding import Applicability, Fix
from portside.lsp.convert import Converter, Json
from portside.lsp.documents import Document, Documents
from portside.lsp.refusal import Refusal

if TYPE_CHECKING:
    from portside.workspace.port_renaming import RenamedPort
    from portside.workspace.project import Project

REWRITE = "refactor.rewrite"
_DIGITS = re.compile(r"(?<![\w.])\d{2,5}(?![\w.])|(?<=:)\d{2,5}(?!\w)")


class PortRename:
    """Answers for one document and what belongs to it.

    project: gives that of a document, with the texts of all that are open; asked only where a number stands,
    since what the project has learned of the workspace may have to be learned again then.
    """

    def __init__(
        self, project: Callable[[Document], Project], documents: Documents, convert: Converter
    ) -> None:
        self._project, self._documents, self._convert = project, documents, convert

    def range(self, document: Document, position: Mapping[str, int]) -> Json | None:
        """What the editor marks and shows; None where no port stands."""
        port = self._port(document, position)
        if port is None:
            return None
        return {"range": document.buffer.range(port.here), "placeholder": str(port.number)}

    def edit(self, document: Document, position: Mapping[str, int], name: str) -> Json | None:
        """The change to another number. Raises Refusal."""
        from portside.workspace.port_renaming import HIGHEST

        port = self._port(document, position)
        if port is None:
            raise Refusal("There is no port here that a launch listens on.")
        if not name.isascii() or not name.isdigit() or not 0 < int(name) <= HIGHEST:
            raise Refusal(f"`{name}` is no port: those are numbers from 1 to {HIGHEST}.")
        return self._workspace_edit(document, port, int(name))

    def action(self, document: Document, where: Json, only: Sequence[str] | None) -> Iterator[Json]:
        """The next free port, in all places, where the cursor is on one that several places write."""
        if only is not None and not any(kind == REWRITE or REWRITE.startswith(f"{kind}.") for kind in only):
            return
        try:
            port = self._port(document, where["start"])
        except Refusal:
            return
        if port is None or len(port.places) < 2:
            return
        edit = self._workspace_edit(document, port, port.next_free)
        title = f"Change port {port.number} to {port.next_free} in all {len(port.places)} places"
        if edit is not None:
            yield {"title": title, "kind": REWRITE, "edit": edit}

    def _workspace_edit(self, document: Document, port: RenamedPort, number: int) -> Json | None:
        title = f"Change port {port.number} to {number}"
        edits = port.edits(self._project(document).root, number)
        return self._convert.workspace_edit(Fix(title, edits, Applicability.SAFE))

    def _port(self, document: Document, position: Mapping[str, int]) -> RenamedPort | None:
        offset = document.buffer.offset(position)
        if not is_number(document.buffer.text, offset):
            return None
        from portside.workspace.port_renaming import NotRenamed, port_at

        project = self._project(document)
        try:
            return port_at(project, document.path, offset)
        except NotRenamed as reason:
            text = str(reason)
            raise Refusal(f"{text[:1].upper()}{text[1:]}.") from None


def is_number(text: str, offset: int) -> bool:
    """Whether digits that may be a port stand at the offset, so that no file need be read elsewhere."""
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    found: Any = _DIGITS.finditer(text, start, end if end >= 0 else len(text))
    return any(number.start() <= offset <= number.end() for number in found)
