"""What ENTRYPOINT and CMD start together, in a Dockerfile, a compose service or a pod.

| ENTRYPOINT | CMD | what runs |
|---|---|---|
| none | exec, shell | it |
| exec | exec | both in one |
| exec | shell | the first, given `/bin/sh -c` and the text |
| shell | any | the first alone |

From docs.docker.com/reference/dockerfile, "Understand how CMD and ENTRYPOINT interact".
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import field

from portside.knowledge.server_images import by_image
from portside.launchfiles.commands.commands import started
from portside.launchfiles.commands.started import Around, ScriptRun, Started
from portside.launchfiles.commands.unnamed_servers import is_program, unnamed_server
from portside.launchfiles.facts import Form, Launch
from portside.launchfiles.text.placed import Placed
from portside.launchfiles.text.variables import Lookup
from portside.launchfiles.text.words import Command, Word
from portside.lint.source import Span
from portside.records import dataclass

_VLLM = "vllm/vllm-openai"


@dataclass(frozen=True, slots=True)
class Given:
    """What one of the two says.

    words: of shell form, the text as the only one; those that are placed have no variable left.
    """

    words: tuple[Word | Placed, ...]
    form: Form = Form.EXEC

    @property
    def is_shell(self) -> bool:
        return self.form is Form.SHELL

    @property
    def command(self) -> Command:
        return tuple(word if isinstance(word, Word) else word.word() for word in self.words)


@dataclass(frozen=True, slots=True)
class Image:
    """What commands run in. name: as written; its own ENTRYPOINT counts where none is given.

    lookup: what variables in words come to that no shell sees. scripts: those that the file itself holds.
    """

    name: Word | Placed | None
    around: Around
    lookup: Lookup | None = None
    scripts: Mapping[str, Placed] = field(default_factory=dict)


def starts(entrypoint: Given | None, command: Given | None, image: Image) -> Iterator[Started]:
    """What a container of the image starts; scripts that the file holds are read, others named."""
    for one in _starts(entrypoint, command, image):
        script = image.scripts.get(_path(one, image)) if isinstance(one, ScriptRun) else None
        if script is None:
            yield one
        else:
            yield from _of_shell(script, image)


def _starts(entrypoint: Given | None, command: Given | None, image: Image) -> Iterator[Started]:
    if entrypoint is not None and entrypoint.is_shell:
        yield from _of_shell(entrypoint.words[0], image)
        return
    if entrypoint is None and command is not None and command.is_shell:
        yield from _of_shell(command.words[0], image)
        return
    before = entrypoint.words if entrypoint is not None else ()
    own = _server_image(image.name, command) if entrypoint is None else None
    words = [*before, *_arguments(command)]
    found = list(started(words, image.around, lookup=image.lookup, image=own))
    yield from found
    if not found:
        yield from unnamed_server(words, image.around, own)
    elif before and all(isinstance(one, ScriptRun) for one in found):
        # Most scripts that are an ENTRYPOINT end with `exec "$@"`.
        words = _arguments(command)
        again = [one for one in started(words, image.around, lookup=image.lookup) if isinstance(one, Launch)]
        yield from again or unnamed_server(words, image.around, None)


def _server_image(name: Word | Placed | None, command: Given | None) -> Word | Placed | None:
    """The image, or vLLM's own in place of one that is called after it and given no program but arguments."""
    if name is None or command is None or command.is_shell or not command.words:
        return name
    first = command.words[0]
    placed = first if isinstance(first, Placed) else Placed.of_word(first)
    # `${COMMAND}` alone may as well be all of it.
    is_argument = not is_program(placed) and (placed.known or len(command.words) > 1)
    if is_argument and "vllm" in name.text.rpartition("/")[2].lower() and by_image(name.text) is None:
        span = name.span(0, len(name.text)) if isinstance(name, Word) else name.span
        return Placed.computed(_VLLM, span)
    return name


def _arguments(command: Given | None) -> list[Word | Placed]:
    if command is None:
        return []
    return _in_shell(command.words[0]) if command.is_shell else list(command.words)


def _of_shell(text: Word | Placed, image: Image) -> Iterator[Started]:
    yield from started(_in_shell(text), image.around)


def _in_shell(text: Word | Placed) -> list[Word | Placed]:
    begin = text.start if isinstance(text, Word) else text.span.start
    start = Span(begin, begin)
    return [Placed.computed("/bin/sh", start), Placed.computed("-c", start), text]


def _path(script: ScriptRun, image: Image) -> str:
    return posixpath.normpath(posixpath.join(image.around.folder or "/", script.word.text))
