"""Options among the words of a command."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from portside.launchfiles.text.placed import Placed
from portside.records import dataclass

_OPTION = re.compile(r"--?[A-Za-z]")
# Options of argparse, click and clap that mostly stand alone.
_FLAG = re.compile(
    r"--(enable|disable|no|trust|enforce|use|with|without|skip|allow|force|verbose|quiet|debug|help|dev|log-requests)"
    r"(-.*)?|-[vqh]"
)


@dataclass(frozen=True, slots=True)
class Option:
    """name: as written. value: behind `=`, or the next word, which then may as well be an argument."""

    name: str
    value: Placed | None
    joined: bool
    index: int


class Options:
    """The words behind a program. flags: options known to have no value."""

    def __init__(self, words: Sequence[Placed], flags: Collection[str] = ()) -> None:
        self.words = words
        self._flags = flags
        self._found = list(_read(words))

    def all(self, names: Collection[str]) -> list[Placed]:
        """What each of these options says: `--port 1`, `--port=1`, `-p1`."""
        wanted = {_plain(name) for name in names}
        found = []
        for option in self._found:
            if _plain(option.name) in wanted:
                if option.value is not None:
                    found.append(option.value)
            elif option.name[:2] in names and option.name[2:3].isdigit() and option.name[1:2] != "-":
                found.append(self.words[option.index].part(2))
        return found

    def last(self, names: Collection[str]) -> Placed | None:
        found = self.all(names)
        return found[-1] if found else None

    def word(self, names: Collection[str]) -> Placed | None:
        """The last word that names one of these options."""
        wanted = {_plain(name) for name in names}
        found = [self.words[option.index] for option in self._found if _plain(option.name) in wanted]
        return found[-1] if found else None

    def arguments(self) -> list[Placed]:
        """The words that are neither options nor, as far as one can tell, an option's value."""
        values = {
            option.index + 1 for option in self._found if not option.joined and not self._is_flag(option.name)
        }
        options = {option.index for option in self._found}
        return [
            word
            for index, word in enumerate(self.words)
            if index not in values and index not in options and word.text != "--"
        ]  # fmt: skip

    def _is_flag(self, name: str) -> bool:
        return name in self._flags or bool(_FLAG.fullmatch(name))


def is_option(word: Placed) -> bool:
    """Whether it looks like one: `-x`, `--long`; not `-`, `--`, or what an unknown variable holds."""
    return bool(_OPTION.match(word.text)) and bool(word.pieces) and word.pieces[0].known


def _read(words: Sequence[Placed]) -> Iterator[Option]:
    for index, word in enumerate(words):
        text = word.text
        if not is_option(word):
            continue
        name, equals, _ = text.partition("=")
        if equals:
            yield Option(name, word.part(len(name) + 1), True, index)
            continue
        following = words[index + 1] if index + 1 < len(words) else None
        if following is not None and is_option(following):
            following = None
        yield Option(name, following, following is None, index)


def _plain(name: str) -> str:
    """Argparse of vLLM, sglang and torch takes dashes for underscores."""
    return name.replace("_", "-") if name.startswith("--") else name
