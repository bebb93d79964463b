"""What a Python command starts: `python server.py --port 8000`, `python -m package`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from portside.knowledge.runners import RUNNERS, TOOL_MODULES, TOOL_SCRIPTS
from portside.knowledge.servers import MANAGE_PY, Server, by_module, is_command_line
from portside.launchfiles.commands.options import Options, is_option
from portside.launchfiles.commands.peeling import Peeled, runs_module
from portside.launchfiles.commands.server_launches import make_launch, script_ports, server_launch
from portside.launchfiles.commands.started import Around, program_name
from portside.launchfiles.facts import Launch, Serves
from portside.launchfiles.text.placed import Placed

_PYTHON = re.compile(r"(python|pypy)[\d.]*w?|py|ipython3?", re.IGNORECASE)
# `$PYTHON`, `${PY:-python3}`, Make's `$(PYTHON)`, `${VENV}/bin/python`: named after what they hold.
_PYTHON_VARIABLE = re.compile(
    r"\$[({]?\w*(PYTHON|PY)(_?(BIN|EXE|EXEC|PATH|CMD|3|EXECUTABLE))?[)}]?", re.IGNORECASE
)
_TAKES_VALUE = frozenset({"-X", "-W", "--check-hash-based-pycs"})
# They ask a server that somebody else started.
_ASKS = re.compile(
    r"(^|[_.\-/])(clients?|bench\w*|evals?|evaluat\w*|quer(y|ies)|requests?|probe|health\w*|wait\w*|check|tests?"
    r"|smoke|loadtest|locust\w*|prompt|stress|validat\w*|verif\w*|sweep|recall|scor(e|es|ing)|measur\w*"
    r"|profil(e|er|ing)|compar(e|ison)|warm_?up|ping)([_.\-]|$)",
    re.IGNORECASE,
)


def is_python_before(words: Sequence[Placed]) -> bool:
    """`$RUN server.py`: nobody knows what the variable holds, but what follows wants a Python."""
    return not words[0].known and len(words) > 1 and words[1].text.endswith(".py") and not is_option(words[1])


def is_python(word: Placed) -> bool:
    """Whether the word is a Python, by its name or by that of the variable that holds it."""
    name = program_name(word.text)
    return bool(_PYTHON.fullmatch(name) or (not word.known and _PYTHON_VARIABLE.fullmatch(name)))


def python_launches(words: Sequence[Placed], around: Around) -> Iterator[Launch | Peeled]:
    """words: the Python first."""
    index = 1
    while index < len(words):
        text = words[index].text
        if text == "-m" and index + 1 < len(words):
            yield from module_launches(words, index + 1, around)
            return
        if text in {"-c", "-V", "--version", "-h", "--help"}:
            return
        if text in _TAKES_VALUE:
            index += 1
        elif not is_option(words[index]):
            if text not in {"-", "<<"}:
                yield from script_launch(words, index, around)
            return
        index += 1


def module_launches(words: Sequence[Placed], index: int, around: Around) -> Iterator[Launch | Peeled]:
    """index: of the module's name among the words."""
    module, arguments = words[index], words[index + 1 :]
    name = module.text
    if name in RUNNERS or name == "coverage":
        yield from runs_module(name, arguments, around)
        return
    server = by_module(name, tuple(word.text for word in arguments))
    if server is not None:
        yield from server_started(words, server, arguments, around, module)
    elif name.partition(".")[0] not in TOOL_MODULES and name not in TOOL_MODULES:
        options = Options(arguments)
        ports = () if asks(name) or is_command_line(name) else tuple(script_ports(options))
        yield make_launch(words, around, program="python", serves=Serves.MODULE, target=module, ports=ports)


def server_started(
    words: Sequence[Placed], server: Server, arguments: Sequence[Placed], around: Around, name: Placed
) -> Iterator[Launch]:
    """The launch of a known server, none where it only tells about itself. name: the word that names it."""
    tells = [word.text for word in arguments] == ["--version"]
    if not tells and not any(word.text == "--help" for word in arguments):
        yield server_launch(words, server, _behind_verbs(server, arguments), around, name)


def _behind_verbs(server: Server, arguments: Sequence[Placed]) -> Sequence[Placed]:
    """Without the words that are part of the server's name: `serve`, `serve api_server`."""
    rest = list(arguments)
    for verb in server.label.split(" ")[1:]:
        position = next((index for index, word in enumerate(rest) if word.text == verb), None)
        if position is not None:
            del rest[position]
    return rest


def script_launch(words: Sequence[Placed], index: int, around: Around) -> Iterator[Launch]:
    """index: of the script's path among the words."""
    script, arguments = words[index], words[index + 1 :]
    name = program_name(script.text)
    if name in TOOL_SCRIPTS:
        return
    if name == "manage.py":
        if any(word.text == "runserver" for word in arguments):
            rest = [word for word in arguments if word.text != "runserver"]
            yield server_launch(words, MANAGE_PY, rest, around, script)
        return
    ports = () if asks(name) else tuple(script_ports(Options(arguments)))
    yield make_launch(words, around, program="python", serves=Serves.SCRIPT, target=script, ports=ports)


def asks(name: str) -> bool:
    """Whether a script of this name talks to a server rather than being one."""
    return bool(_ASKS.search(name.removesuffix(".py").rpartition(".")[2]))
