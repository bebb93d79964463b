"""Another command in the place of one that runs a script, in the form that the place understands.

    CMD ["python", "server.py", "--port", "80"]    ->  CMD ["uvicorn", "server:app", "--port", "80"]
    command: python server.py                      ->  command: sh -c 'exec uvicorn … "$${PORT:-8000}"'

What stays as it is stays to the letter: prefixes, redirections, arguments that are uvicorn's, too.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from portside.launchfiles.commands.python_runs import PythonRun
from portside.launchfiles.moving.command_sites import Holder, Piece, Site
from portside.launchfiles.moving.script_runs import ScriptRun, script_run
from portside.launchfiles.moving.writing import plain_word, shell_word
from portside.lint.moved_command import VARIABLE, MovedCommand, start_folder
from portside.lint.source import Span
from portside.records import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch of the file, and what stands there then."""

    span: Span
    text: str


class Left(Exception):  # noqa: N818 - reads as a sentence where it is raised
    """Nothing can take the place of this command; the message says why, as the rest of a sentence."""


@dataclass(frozen=True, slots=True)
class _Text:
    """A word of the new command. text: for a shell, or plain. plain: whether no shell is needed for it.

    raw: a word that was there before, which nothing is to be escaped in.
    """

    text: str
    plain: bool = True
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Arguments:
    """What the launch passes.

    given: flags of uvicorn that it says itself. handed: for the app. gone: those of them that the command
    has no place for. renamed: words that become others.
    """

    given: frozenset[str]
    handed: tuple[Piece, ...]
    gone: tuple[Piece, ...]
    renamed: tuple[tuple[Piece, str], ...]


def moved(site: Site, found: PythonRun, command: MovedCommand) -> tuple[Change, ...]:
    """The changes of this command. Raises Left."""
    run = "a sentence names it" if site.told else script_run(site.words, found)
    if isinstance(run, str):
        raise Left(run)
    if command.needs_runner and "uv" in {piece.text for piece in site.pieces[: run.last]}:
        raise Left("the script names what it needs itself (`# /// script`), and `uv` reads that")
    rest = _before_redirection(site, site.pieces[run.last + 1 :])
    arguments = arguments_of(rest, command, site)
    head = [*(_Text(word) for word in run.words), *_head(site, found, command, arguments)]
    return _written(site, run, _with_set(site, run, head), rest, arguments)


def _head(site: Site, found: PythonRun, command: MovedCommand, arguments: Arguments) -> Iterator[_Text]:
    folder = start_folder(command.script, found.script, site.directory, module=found.module)
    target = command.target(folder, found.script, module=found.module)
    if target is None:
        raise Left("the app has no name from the folder that it starts in")
    named, app_dir = target
    if folder != "" and any("python -c" in word for option in command.options for word in option.words):
        raise Left("an option asks its module, which has to be done from the workspace's folder")
    if command.factory:
        yield _Text("--factory")
    yield _Text(named)
    if app_dir is not None:
        yield _Text("--app-dir")
        yield _folder(site, found, app_dir)
    for option in command.options:
        if option.flag not in arguments.given:
            yield from (_option_word(site, word) for word in option.words)


def _folder(site: Site, found: PythonRun, app_dir: str) -> _Text:
    """The folder as it has to be written; a variable in it stays what the launch has there."""
    if "$" not in app_dir:
        return _Text(app_dir)
    piece = next(piece for piece in site.pieces if piece.word.end == found.word.end)
    name = found.script.replace("\\", "/").rpartition("/")[2]
    if not site.shell or name not in piece.raw or not piece.raw.rstrip("\"'").endswith(f"/{name}"):
        raise Left("a variable leads to its folder")
    up = app_dir[len(found.script[: -len(name)].rstrip("/")) :]
    at = piece.raw.rindex(f"/{name}")
    return _Text(piece.raw[:at] + up + piece.raw[at + 1 + len(name) :], plain=False, raw=True)


def _option_word(site: Site, word: str) -> _Text:
    plain = plain_word(word)
    if plain is not None:
        return _Text(plain)
    found = re.fullmatch(r'"\$\{(\w+)(?::[-?].*)?\}"', word)
    if found is not None and not site.shell and found[1] in site.variables and site.variable_form:
        return _Text(site.variable_form.format(found[1]), raw=True)
    return _Text(word, plain=False)


def _with_set(site: Site, run: ScriptRun, head: list[_Text]) -> list[_Text]:
    """The words, with what the same command sets a variable to: `PORT=80 python …` -> `PORT=80 … --port 80`.

    A shell looks a variable up before it sets the ones of the command.
    """
    pairs = (piece.raw.partition("=") for piece in site.pieces[: run.first] if site.shell)
    values = {name: value for name, _, value in pairs if name.isidentifier() and value}
    words: list[_Text] = []
    for text in head:
        found = re.fullmatch(r'"\$\{(\w+)(?::[-?].*)?\}"', text.text) if not text.plain else None
        value = values.get(found[1]) if found is not None else None
        words.append(text if value is None else _Text(value, plain="$" not in value, raw=True))
    return words


# What the launch passes

_REDIRECTION = re.compile(r"\d*[<>].*|&>.*", re.DOTALL)


def _before_redirection(site: Site, rest: Sequence[Piece]) -> tuple[Piece, ...]:
    if not site.shell:
        return tuple(rest)
    at = next((i for i, piece in enumerate(rest) if _REDIRECTION.fullmatch(piece.raw)), len(rest))
    return tuple(rest[:at])


def arguments_of(rest: Sequence[Piece], command: MovedCommand, site: Site | None = None) -> Arguments:
    """What becomes of the words behind the script. Raises Left where one of them can't be handed on.

    site: the command that they stand in, where a shell may read it.
    """
    given: set[str] = set()
    handed: list[Piece] = []
    gone: list[Piece] = []
    renamed: list[tuple[Piece, str]] = []
    pieces = iter(rest)
    for piece in pieces:
        if site is not None and site.shell and ("\n" in piece.raw or _has_open_quote(piece.raw)):
            raise Left("where its arguments end can't be told")
        word = piece.text.partition("=")[0]
        if word in command.deciding:
            raise Left(f"it passes `{word}`, which decides what options the server has")
        known = command.arguments.get(word)
        if known is None:
            _check_handed(piece, command, site)
            handed.append(piece)
            gone.append(piece)
            continue
        given.add(known.flag)
        own = [piece]
        if known.takes_value and "=" not in piece.text:
            following = next(pieces, None)
            if following is None:
                raise Left(f"`{word}` has no value there")
            own.append(following)
        if known.flag == "--log-level" and own[-1].text != own[-1].text.lower():
            raise Left("`--log-level` of uvicorn takes lower case alone")
        if known.stays:
            handed += own
        if word != known.flag:
            renamed.append((piece, known.flag + piece.raw.lstrip("\"'")[len(word) :].rstrip("\"'")))
    return Arguments(frozenset(given), tuple(handed), tuple(gone), tuple(renamed))


# Whose meaning is known without a look at the script: it would end in the wrong place.
_UNTOLD = re.compile(r"\$[@*\d]|\$\{[@*\d]|\$\(|`")
_UNTOLD_IN_MAKE = re.compile(r"\$(?![({]\w+[)}])|`")
_OF_SERVERS = frozenset({"--host", "--port", "--reload", "--workers"})


def _has_open_quote(raw: str) -> bool:
    rest = re.sub(r"\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"", "", raw, flags=re.DOTALL)
    return "'" in rest or '"' in rest


def _check_handed(piece: Piece, command: MovedCommand, site: Site | None) -> None:
    if not command.hands_on:
        raise Left(f"it passes `{piece.text}`, which the new command has no place for")
    if piece.text.partition("=")[0] in _OF_SERVERS:
        raise Left(f"it passes `{piece.text}`, which may be meant for the server")
    untold = _UNTOLD_IN_MAKE if site is not None and site.make else _UNTOLD
    if untold.search(piece.raw) or piece.raw.startswith("["):
        raise Left(f"it passes `{piece.text}` on, which can't be told from here")


# What is written


def _written(
    site: Site, run: ScriptRun, head: list[_Text], rest: tuple[Piece, ...], arguments: Arguments
) -> tuple[Change, ...]:
    first, last = site.pieces[run.first], site.pieces[run.last]
    if first.holder != last.holder:
        # The program stands in one list and the script in the other: the program stays what it is.
        first, head = last, [_Text("-m"), *head]
    changes: list[Change] = []
    if arguments.handed:
        changes += places_without(site.pieces, arguments.gone)
        head, before = _with_handed(site, run, head, arguments.handed)
        changes += before
    if not _needs_shell(site, run, head):
        changes.append(_head_change(site, first, last, head))
        return (*changes, *_renamed(site, arguments))
    if site.literal_only:
        raise Left("a variable there is looked up too early")
    if run.apart == "ssh" or site.sh is None or arguments.handed:
        raise Left("a variable has no form there")
    return _by_shell(site, run, head, rest, arguments)


def _needs_shell(site: Site, run: ScriptRun, head: Sequence[_Text]) -> bool:
    """Whether a variable is in it that nobody would look up there, or not the one that the script sees."""
    looked_up = [text for text in head if not text.plain and not (text.raw and site.shell)]
    if not looked_up:
        return False
    names = {name for text in looked_up for name in re.findall(r"\$\{?(\w+)", text.text)}
    set_there = {piece.text.partition("=")[0] for piece in site.pieces[: run.first] if "=" in piece.text}
    is_seen = not run.apart and not names & (site.unexported | set_there)
    return not site.shell or site.literal_only or not is_seen


def _head_change(site: Site, first: Piece, last: Piece, head: list[_Text]) -> Change:
    holder = site.holders[last.holder]
    if holder.is_text:
        words = " ".join(_in_text(site, last, text) for text in head)
        return Change(Span(_start(site, first), last.span.end), words)
    words = holder.between.join(_item(holder, text) for text in head)
    return Change(Span(first.span.start, last.span.end), words)


def _start(site: Site, piece: Piece) -> int:
    """Where a word begins, behind what Make wants said before it: `@python`."""
    prefix = re.match(r"[@+-]*", piece.raw) if site.pieces[0] is piece else None
    return piece.word.place(prefix.end()) if prefix is not None and prefix.end() else piece.span.start


def _in_text(site: Site, place: Piece, text: _Text) -> str:
    pen = site.holders[place.holder].pen
    if not text.raw:
        return pen.new(shell_word(text.text) if text.plain else text.text)
    if "$" in text.text and pen.raw("$") != "$":
        raise Left("a variable there is looked up too early")
    return pen.raw(text.text)


def _item(holder: Holder, text: _Text) -> str:
    return holder.pen.raw(text.text) if text.raw else holder.pen.new(text.text)


def _renamed(site: Site, arguments: Arguments) -> Iterator[Change]:
    for piece, word in arguments.renamed:
        yield Change(piece.span, site.holders[piece.holder].pen.raw(word))


def places_without(pieces: Sequence[Piece], gone: Sequence[Piece]) -> Iterator[Change]:
    """The words that go, with what parts them from the word before, or else from the one behind."""
    for first, last in _stretches(pieces, gone):
        start, end, holder = pieces[first].span.start, pieces[last].span.end, pieces[first].holder
        if first and pieces[first - 1].holder == holder:
            start = pieces[first - 1].span.end
        elif last + 1 < len(pieces) and pieces[last + 1].holder == holder:
            end = pieces[last + 1].span.start
        yield Change(Span(start, end), "")


def _stretches(pieces: Sequence[Piece], gone: Sequence[Piece]) -> list[tuple[int, int]]:
    """The first and the last of words that go and follow each other in one holder."""
    found: list[tuple[int, int]] = []
    for piece in gone:
        index = pieces.index(piece)
        if found and found[-1][1] == index - 1 and pieces[index - 1].holder == piece.holder:
            found[-1] = (found[-1][0], index)
        else:
            found.append((index, index))
    return found


def _with_handed(
    site: Site, run: ScriptRun, head: list[_Text], handed: Sequence[Piece]
) -> tuple[list[_Text], list[Change]]:
    """The variable that hands arguments on, before what is started."""
    start = site.pieces[run.start]
    if not site.shell:
        value = shlex.join(piece.text for piece in handed)
        setting = f"{VARIABLE}={value}"
        is_text = site.holders[start.holder].is_text
        program = "/usr/bin/env" if site.sh == "/bin/sh" else "env"
        words = [_Text(program), _Text(shlex.quote(setting) if is_text else setting, raw=True)]
    else:
        assignment = _Text(f'{VARIABLE}="{" ".join(map(_quoted, handed))}"', plain=False, raw=True)
        words = [_Text("env"), assignment] if run.prefixed else [assignment]
    if run.start == run.first:
        return [*words, *head], []
    holder = site.holders[start.holder]
    if holder.is_text:
        text = " ".join(_in_text(site, start, word) for word in words) + " "
    else:
        text = "".join(_item(holder, word) + holder.between for word in words)
    at = _start(site, start)
    return head, [Change(Span(at, at), text)]


def _quoted(piece: Piece) -> str:
    """An argument as a part of a text in double quotes that is split by the rules of a shell."""
    raw = piece.raw
    if "$" not in raw:
        return re.sub(r'(["\\`])', r"\\\1", shlex.quote(piece.text))
    return raw if not re.search(r"[\"'\\]", raw) else f"'{piece.text}'"


def _by_shell(
    site: Site, run: ScriptRun, head: list[_Text], rest: tuple[Piece, ...], arguments: Arguments
) -> tuple[Change, ...]:
    """The same by a shell of its own, which looks the variables up: `sh -c 'exec uvicorn …'`."""
    first = site.pieces[run.inner]
    holder = site.holders[first.holder]
    if first.holder != site.pieces[run.last].holder:
        raise Left("a variable has no form there")
    between = [_Text(piece.text, raw=True) for piece in site.pieces[run.inner : run.first]]
    own = [piece for piece in rest if piece.holder == first.holder]
    others = len(own) < len(rest)
    if others and not holder.takes_more:
        raise Left("a variable has no form there")
    if site.shell and any("$" in piece.raw for piece in own):
        raise Left("a variable has no form there")
    names = {piece.word.start: word for piece, word in arguments.renamed}
    given = [_Text(names.get(piece.word.start, piece.text), raw=True) for piece in own]
    texts = [*between, *head, *given]
    words = [shell_word(text.text) if text.plain or text.raw else text.text for text in texts]
    more = ['"$@"'] if holder.takes_more else []
    line = " ".join(["exec", *words, *more])
    if any(text.raw and "$" in text.text for text in texts):
        raise Left("a variable has no form there")
    last = own[-1] if own else site.pieces[run.last]
    shell = [site.sh or "sh", "-c"]
    if holder.is_text:
        text = holder.pen.new(" ".join([*shell, shlex.quote(line)]))
    else:
        text = holder.between.join(map(holder.pen.new, [*shell, line, *(["--"] if more else [])]))
    change = Change(Span(first.span.start, last.span.end), text)
    others_renamed = [c for c in _renamed(site, arguments) if c.span.start >= last.span.end]
    return (change, *others_renamed)
