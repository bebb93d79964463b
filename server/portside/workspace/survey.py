"""What a command learns of a tree before it checks the files in it: nobody finds that out again."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path

from portside.python.prefilter import Interest
from portside.records import dataclass
from portside.workspace.file_kinds import is_of_interest
from portside.workspace.walk import Excluded, Exclusion, Walked, paths_below


@dataclass
class Survey:
    """Of files in which nothing changes; by absolute path.

    imports: of Python files that were looked at, the lines that import. interesting: those files that rules
    might have to say something of, with what they may be about where that is known. walked: what is below a
    folder, where settings exclude nothing of it. unlisted: folders that a walk came to and could not list.
    """

    imports: dict[str, bytes] = field(default_factory=dict)
    interesting: dict[str, Interest | None] = field(default_factory=dict)
    walked: dict[str, Walked] = field(default_factory=dict)
    unlisted: list[str] = field(default_factory=list)

    def walk(self, folder: str, excluded: Excluded) -> tuple[str, ...]:
        """The files below the folder that anybody asks for, as `paths_below` finds them."""
        excludes_something = False

        def noticed(inside: str) -> Exclusion | None:
            nonlocal excludes_something
            found = excluded(inside)
            excludes_something |= found is not None
            return found

        left_out = set[str]()
        files = tuple(paths_below(Path(folder), noticed, is_of_interest, left_out, self.unlisted))
        if not excludes_something:
            self.walked[folder] = Walked(files, frozenset(left_out))
        return files
