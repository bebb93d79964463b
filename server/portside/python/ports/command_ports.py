"""Which port a command line in Python code listens on, once it is started."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from portside.knowledge.server_commands import NO_LAUNCH, ServerCommand, by_module, by_program
from portside.python.ports.command_words import SHELL_FLAGS, Word
from portside.records import dataclass

_UNKNOWN = "\x00"


@dataclass(frozen=True, eq=False)
class CommandPort:
    """A port in a command.

    word: holds it. start, end: the part of the word's text that is the port, or, of a
    bind option, HOST:PORT. bind: whether it is the latter. whole: whether that is the
    whole word, so that the word's expression gives the port.
    """

    command: ServerCommand
    word: Word
    start: int
    end: int
    bind: bool

    @property
    def whole(self) -> bool:
        return self.start == 0 and self.word.text is not None and self.end == len(self.word.text)


def command_ports(words: Sequence[Word], assumed: ServerCommand | None = None) -> Iterator[CommandPort]:
    """Each port option of each server's command. assumed: the command that is meant before any is named."""
    command, quiet, passed = assumed, False, 0
    for index, word in enumerate(words):
        if word.text is None:
            command, quiet = assumed, False
            continue
        if word.text in NO_LAUNCH:
            quiet = True
        if (started := _server_at(words, index)) is not None:
            command, passed = started, 0
        elif _is_argument(words, index):
            passed += 1
        if command is None or quiet:
            continue
        yield from _port_at(words, index, command)
        if started is None and passed == command.argument and _is_argument(words, index):
            yield CommandPort(command, word, 0, len(word.text), ":" in word.text)


def _is_argument(words: Sequence[Word], index: int) -> bool:
    """Neither an option nor the value of one."""
    before = _text(words, index - 1) if index else ""
    is_value = before.startswith("-") and "=" not in before and before != "-m"
    return not is_value and not _text(words, index).startswith("-")


def _server_at(words: Sequence[Word], index: int) -> ServerCommand | None:
    """The server whose command begins here: `vllm serve`, `python -m uvicorn`."""
    text = words[index].text or ""
    following = _text(words, index + 1)
    if text == "-m":
        return by_module(following, _text(words, index + 2))
    name = text.rpartition("/")[2]
    before = _text(words, index - 1) if index else ""
    if before.startswith("-") and before not in SHELL_FLAGS:
        return None  # an option's value, such as `--backend vllm`
    return by_program(name.removesuffix(".exe"), following)


def _text(words: Sequence[Word], index: int) -> str:
    return words[index].text or "" if index < len(words) else ""


def _port_at(words: Sequence[Word], index: int, command: ServerCommand) -> Iterator[CommandPort]:
    text = words[index].text or ""
    option, equals, _ = text.partition("=")
    bind = option in command.binds
    if not bind and option not in command.ports:
        return
    if equals:
        yield CommandPort(command, words[index], len(option) + 1, len(text), bind)
    elif index + 1 < len(words) and words[index + 1].text is not None:
        following = words[index + 1]
        yield CommandPort(command, following, 0, len(following.text or ""), bind)
