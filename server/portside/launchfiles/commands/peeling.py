"""What a command really starts, behind `env`, `sudo`, `uv run`, `timeout 5` and their like."""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from portside.knowledge.runners import RUNNERS, SHELLS, Runner
from portside.launchfiles.commands.options import Options, is_option
from portside.launchfiles.commands.started import Around, ScriptRun, ShellText, program_name
from portside.launchfiles.facts import Form
from portside.launchfiles.text.placed import Placed
from portside.records import dataclass

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_SHELL_STRING = re.compile(r"-[a-z]*c")
# `su - app -c '…'`: their shell text may come last.
_SHELL_ANYWHERE = frozenset({"su", "runuser", "script"})
# It names its program by an option, and has that one's own options behind `--`.
_DAEMON = "start-stop-daemon"
_DAEMON_PROGRAMS = frozenset({"--exec", "-x", "--startas", "-a"})
# They take one shell text; others take several, and start each.
_ONE_TEXT = frozenset({"watchfiles", "pm2"})
_REMOTE = frozenset({"srun", "mpirun", "mpiexec"})
_KEYS = re.compile(r"C-m|Enter|C-\w|KPEnter|Space", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Plain:
    """A command without anything before it. module: whether the first word is a Python module."""

    words: Sequence[Placed]
    around: Around
    is_module: bool = False
    may_be_script: bool = False


Peeled = Plain | ShellText | ScriptRun


def peel(words: Sequence[Placed], around: Around, *, may_be_script: bool = False) -> Iterator[Peeled]:
    """What the words start; several with `concurrently`, none where nothing stands behind a runner."""
    rest, around = _assignments(list(words), around)
    if not rest:
        return
    name = program_name(rest[0].text)
    if name in SHELLS:
        yield from _shell(rest[1:], around)
    elif name == "eval":
        yield ShellText(Placed.spaced(rest[1:]), around)
    elif name in RUNNERS and (len(rest) == 1 or _verb_fits(RUNNERS[name], rest[1:])):
        yield from _behind(name, RUNNERS[name], rest[1:], around)
    else:
        yield Plain(rest, around, may_be_script=may_be_script)


def runs_module(runner: str, words: Sequence[Placed], around: Around) -> Iterator[Peeled]:
    """`python -m debugpy --listen 5678 -m uvicorn …`: what a module that is a runner starts."""
    yield from _behind(runner, RUNNERS[runner], words, around)


def _assignments(words: list[Placed], around: Around) -> tuple[list[Placed], Around]:
    environment = dict(around.environment)
    count = 0
    for word in words:
        if not (_ASSIGNMENT.match(word.text) and word.pieces[0].known):
            break
        name, _, _ = word.text.partition("=")
        value = word.part(len(name) + 1)
        environment[name] = value.setting(name, word.part(0, len(name)).span)
        count += 1
    return (words[count:], replace(around, environment=environment)) if count else (words, around)


def _verb_fits(runner: Runner, words: Sequence[Placed]) -> bool:
    return not runner.verbs or any(word.text in runner.verbs for word in words)


def _shell(words: Sequence[Placed], around: Around) -> Iterator[Peeled]:
    """`bash -lc 'text'`, `bash -x start.sh`."""
    for index, word in enumerate(words):
        if _SHELL_STRING.fullmatch(word.text):
            if index + 1 < len(words):
                yield _shell_text(words[index + 1], around)
            return
        if not is_option(word) and word.text not in {"pipefail", "errexit"}:
            if SHELLS & {program_name(word.text)}:  # busybox sh -c
                yield from _shell(words[index + 1 :], around)
            else:
                yield ScriptRun(word.word())
            return


def _behind(name: str, runner: Runner, words: Sequence[Placed], around: Around) -> Iterator[Peeled]:
    """The words behind the runner's own."""
    if name in _SHELL_ANYWHERE and (text := Options(words).last(runner.shells)) is not None:
        yield _shell_text(text, around)
        return
    yield from _Runner(name, runner, words, around).started()


class _Runner:
    """Reads over the words of a runner, up to what it starts.

    around: what is known so far of the command behind it.
    """

    def __init__(self, name: str, runner: Runner, words: Sequence[Placed], around: Around) -> None:
        self._name, self._runner, self._words = name, runner, words
        self._around = replace(
            around,
            background=around.background or runner.background,
            elsewhere=around.elsewhere or name in _REMOTE,
        )
        self._next = 0
        self._needs_verb, self._skips = bool(runner.verbs), runner.skips

    def started(self) -> Iterator[Peeled]:
        while self._next < len(self._words):
            word = self._words[self._next]
            if word.text == "--":
                self._next += 1
                if self._name != _DAEMON:
                    break
            elif is_option(word):
                found = self._read_option(word)
                if found is not None:
                    yield from found
                    return
            elif self._needs_verb and word.text not in self._runner.verbs:
                return
            elif not self._is_own(word):
                break
        yield from self._command()

    def _read_option(self, word: Placed) -> tuple[Peeled, ...] | None:
        """What the option itself starts, () for nothing at all; None where that stands behind the options."""
        runner = self._runner
        option, equals, _ = word.text.partition("=")
        following = self._words[self._next + 1 :]
        value = word.part(len(option) + 1) if equals else next(iter(following), None)
        if option in runner.asks:
            return ()
        if option in runner.background_flags:
            self._around = replace(self._around, background=True)
        if value is not None:
            if option in runner.modules:
                behind = following if equals else following[1:]
                return (Plain([value, *behind], self._around, is_module=True),)
            if option in runner.shells:
                return (_shell_text(value, self._around),)
            if self._name == _DAEMON and option in _DAEMON_PROGRAMS:
                return (Plain([value, *_behind_dashes(self._words)], self._around),)
        self._around = _told(runner, option, value, self._around)
        takes_next = option in runner.takes | runner.env_files | runner.folders and not equals
        self._next += 2 if takes_next else 1
        return None

    def _is_own(self, word: Placed) -> bool:
        """Whether it is the runner's verb, a variable, or one that it takes itself: those are read over."""
        if self._needs_verb:
            self._needs_verb = False
        elif self._runner.assigns and _ASSIGNMENT.match(word.text):
            _, self._around = _assignments([word], self._around)
        elif self._skips:
            self._skips -= 1
        else:
            return False
        self._next += 1
        return True

    def _command(self) -> Iterator[Peeled]:
        rest = self._words[self._next :]
        if self._runner.shell_arguments and not (len(rest) > 1 and _looks_split(rest)):
            for word in rest[:1] if self._name in _ONE_TEXT else rest:
                if not _KEYS.fullmatch(word.text):
                    yield _shell_text(word, self._around)
        elif rest:
            yield from peel(rest, self._around, may_be_script=self._runner.scripts)


def _shell_text(text: Placed, around: Around) -> ShellText:
    return ShellText(text, replace(around, form=Form.SHELL))


def _behind_dashes(words: Sequence[Placed]) -> Sequence[Placed]:
    """What stands behind `--`; nothing where there is none."""
    return [*itertools.dropwhile(lambda word: word.text != "--", words)][1:]


def _looks_split(words: Sequence[Placed]) -> bool:
    """Whether they are one command's words, rather than shell texts."""
    return not any(" " in word.text for word in words[:1]) and not _KEYS.fullmatch(words[1].text)


def _told(runner: Runner, option: str, value: Placed | None, around: Around) -> Around:
    """What an option of the runner says of the command behind it."""
    if value is None:
        return around
    if option in runner.env_files:
        around = replace(around, env_files=(*around.env_files, value.text))
    if option in runner.folders:
        around = replace(around, folder=posixpath.join(around.folder or "", value.text))
    return around
