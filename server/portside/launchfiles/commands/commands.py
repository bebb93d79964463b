"""From the words of one command to what it starts.

words ── peel off `env`, `uv run`, `timeout 5`, … ──┬─ a server that is known ── Launch
                                                    ├─ Python ── Launch (script, module)
                                                    ├─ `sh -c '…'` ── each command of that text
                                                    ├─ `docker run …` ── Unit, with launches of its own
                                                    └─ `./start.sh` ── ScriptRun
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from portside.knowledge.runners import CONTAINER_PROGRAMS, NO_LAUNCH
from portside.knowledge.server_images import by_image
from portside.knowledge.servers import by_program
from portside.launchfiles.commands.peeling import Plain, peel
from portside.launchfiles.commands.started import Around, ScriptRun, ShellText, Started, program_name
from portside.launchfiles.docker.docker_run import container
from portside.launchfiles.facts import Form, Launch, Setting
from portside.launchfiles.graph.python_launches import (
    is_python,
    is_python_before,
    module_launches,
    python_launches,
    script_launch,
    server_started,
)
from portside.launchfiles.text.placed import Placed
from portside.launchfiles.text.variables import Lookup, expand, of_settings, style_of
from portside.launchfiles.text.words import Word
from portside.lint.source import Span

_DEEPEST = 8


def launches(
    words: Sequence[Word | Placed],
    form: Form,
    settings: Mapping[str, Setting] | None = None,
    folder: str | None = None,
    *,
    lookup: Lookup | None = None,
    image: Word | Placed | None = None,
) -> Iterator[Launch]:
    """What one command's words start, in order; not what runs in a container that it starts.

    settings: the environment of the command. lookup: what variables in the words come to, where that is not
    the environment (compose puts in the host's). Words that are `Placed` have been expanded already. image:
    what the words are given to, where its entrypoint was not replaced.
    """
    for one in started(words, Around(form, settings or {}, folder), lookup=lookup, image=image):
        if isinstance(one, Launch):
            yield one


def started(
    words: Sequence[Word | Placed],
    around: Around,
    *,
    lookup: Lookup | None = None,
    image: Word | Placed | None = None,
) -> Iterator[Started]:
    """As `launches`, with containers and shell scripts."""
    lookup = lookup or of_settings(around.environment)
    of_image = Placed.of_word(image) if isinstance(image, Word) else image
    yield from _in_image(list(_expanded(words, around.form, lookup)), around, of_image, 0)


def start_placed(words: Sequence[Placed], around: Around, depth: int = 0) -> Iterator[Started]:
    """What words start in which no variable is left."""
    if depth > _DEEPEST or not words:
        return
    for peeled in peel(words, around):
        yield from _start(peeled, depth)


def _expanded(words: Sequence[Word | Placed], form: Form, lookup: Lookup) -> Iterator[Placed]:
    splits = form in {Form.SHELL, Form.YAML_TEXT, Form.MAKE, Form.SYSTEMD, Form.JSON_TEXT}
    for word in words:
        if isinstance(word, Placed):
            yield word
            continue
        placed = Placed.of_word(word)
        if form is Form.SHELL and placed.quoted and " " in placed.text:
            yield placed  # text for another shell, which puts in the values
            continue
        value = expand(placed, style_of(form), lookup)
        if splits and value is not placed and not placed.quoted:
            yield from value.split()
        else:
            yield value


def _in_image(words: Sequence[Placed], around: Around, image: Placed | None, depth: int) -> Iterator[Started]:
    """What a container of the image starts that is given these words."""
    known = by_image(image.text) if image is not None else None
    if image is None or known is None or (words and _begins_server(words)):
        yield from start_placed(words, around, depth)
        return
    seen = image.span
    given = list(words) or [Placed.computed(text, seen) for text in known.command]
    entrypoint = [Placed.computed(text, seen) for text in known.entrypoint]
    # Written nowhere in this file.
    nowhere = Span(seen.start, seen.start)
    environment = {
        name: Setting(name, value, nowhere, nowhere, is_default=True)
        for name, value in known.environment.items()
    }
    around = replace(around, environment={**environment, **around.environment})
    found = list(start_placed([*entrypoint, *given], around, depth))
    yield from found or start_placed(words, around, depth)


def _start(peeled: Plain | ShellText | ScriptRun, depth: int) -> Iterator[Started]:
    match peeled:
        case ShellText(text, around):
            from portside.launchfiles.shell.shell_run import run, started_by  # noqa: PLC0415  (tree-sitter is loaded late)

            yield from started_by(run(text, around, depth + 1, start=start_placed))
        case ScriptRun():
            yield peeled
        case Plain():
            yield from _start_plain(peeled, depth)


def _start_plain(plain: Plain, depth: int) -> Iterator[Started]:
    words, around = plain.words, plain.around
    first, arguments = words[0], words[1:]
    if plain.is_module:
        yield from _started_or_peeled(module_launches(words, 0, around), depth)
        return
    name = _named_program(first)
    if name in NO_LAUNCH:
        return
    if name in CONTAINER_PROGRAMS:
        yield from container(words, around, lambda w, a, image: _in_image(w, a, image, depth + 1))
        return
    server = by_program(name, tuple(word.text for word in arguments))
    if server is not None:
        yield from server_started(words, server, arguments, around, first)
    elif is_python(first) or is_python_before(words):
        yield from _started_or_peeled(python_launches(words, around), depth)
    elif name.endswith((".py", ".pyw")) and (plain.may_be_script or "/" in first.text):
        yield from script_launch(words, 0, around)
    else:
        yield from _behind_script(first, arguments, around, depth)


def _started_or_peeled(found: Iterator[object], depth: int) -> Iterator[Started]:
    for one in found:
        if isinstance(one, Plain | ShellText | ScriptRun):
            yield from _start(one, depth)
        elif isinstance(one, Launch):
            yield one


def _behind_script(
    first: Placed, arguments: Sequence[Placed], around: Around, depth: int
) -> Iterator[Started]:
    """A command among arguments: `./entrypoint.sh uvicorn app:app`, `wait-for-it db:1 -- uvicorn a:b`."""
    is_script = first.text.endswith((".sh", ".bash")) or "entrypoint" in first.text
    if is_script and ("/" in first.text or not arguments):
        yield ScriptRun(first.word())
    for index, word in enumerate(arguments):
        if word.text == "--":
            yield from start_placed(arguments[index + 1 :], around, depth + 1)
            return
        if is_script and _begins_server(arguments[index:]):
            yield from start_placed(arguments[index:], around, depth + 1)
            return


# `$(STREAMLIT)`, `${UVICORN_BIN}`, `$VLLM`: named after what they hold.
_PROGRAM_VARIABLE = re.compile(r"\$[({]?(?P<name>[A-Za-z]\w*?)(?:_(?:BIN|CMD|EXE|PATH))?[)}]?")


def _named_program(word: Placed) -> str:
    name = program_name(word.text)
    found = _PROGRAM_VARIABLE.fullmatch(name) if not word.known else None
    return found["name"].lower().replace("_", "-") if found is not None else name


def _begins_server(words: Sequence[Placed]) -> bool:
    name = _named_program(words[0])
    return is_python(words[0]) or by_program(name, tuple(word.text for word in words[1:])) is not None
