"""What all files of a workspace import, as one text that is searched at memory speed."""

from __future__ import annotations

import bisect
import itertools
import os
from collections.abc import Iterator, Mapping

from portside.records import dataclass


@dataclass(frozen=True, slots=True)
class ImportLines:
    """The lines with imports of all files as one text: one search instead of thousands.

    root: the folder that they lie in. starts: where those of each file begin in the text. sorted: the files,
    each with its number. naming: by the name of a folder, the numbers of those that have it in them.
    """

    root: str
    files: tuple[str, ...]
    starts: tuple[int, ...]
    text: bytes
    sorted: tuple[tuple[str, int], ...]
    naming: dict[bytes, tuple[int, ...]]

    @classmethod
    def of(cls, root: str, lines: Mapping[str, bytes]) -> ImportLines:
        ends = itertools.accumulate((len(one) + 1 for one in lines.values()), initial=0)
        in_order = sorted(zip(lines, itertools.count()))
        return cls(root, tuple(lines), tuple(ends), b"\0".join(lines.values()), tuple(in_order), {})

    def that_may_import(self, stem: bytes, folder: str) -> Iterator[tuple[str, bytes]]:
        """The files whose lines may import a module of this name in that folder, with those lines.

        An import finds what lies in its own folder or one above; or it names the folder.
        """
        first, behind = (
            bisect.bisect_left(self.sorted, (folder + sign,)) for sign in (os.sep, chr(ord(os.sep) + 1))
        )
        near = (number for _, number in self.sorted[first:behind])
        for number in sorted({*near, *self._naming(os.fsencode(folder.rpartition(os.sep)[2]))}):
            lines = self.lines(number)
            if stem in lines:
                yield self.files[number], lines

    def _naming(self, name: bytes) -> tuple[int, ...]:
        """Modules of one folder are asked for in turn."""
        if name not in self.naming:
            self.naming[name] = tuple(self.with_text(name))
        return self.naming[name]

    def of_file(self, file: str) -> bytes:
        """Those of this file."""
        return self.lines(self.sorted[bisect.bisect_left(self.sorted, (file,))][1])

    def lines(self, number: int) -> bytes:
        """Those of the file of this number."""
        return self.text[self.starts[number] : self.starts[number + 1] - 1]

    def with_text(self, text: bytes) -> Iterator[int]:
        """The numbers of the files whose lines have this in them."""
        at = self.text.find(text)
        while at >= 0:
            number = bisect.bisect_right(self.starts, at) - 1
            yield number
            at = self.text.find(text, self.starts[number + 1])
