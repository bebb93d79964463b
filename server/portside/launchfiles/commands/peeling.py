"""What a command really starts, behind `env`, `sudo`, `uv run`, `timeout 5` and their like."""

from __future__ import annotations

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
                yield ShellText(words[index + 1], replace(around, form=Form.SHELL))
            return
        if not is_option(word) and word.text not in {"pipefail", "errexit"}:
            if SHELLS & {program_name(word.text)}:  # busybox sh -c
                yield from _shell(words[index + 1 :], around)
            else:
                yield ScriptRun(word.word())
            return


def _behind(name: str, runner: Runner, words: Sequence[Placed], around: Around) -> Iterator[Peeled]:  # noqa: C901, PLR0912
    """The words behind the runner's own."""
    if name in _SHELL_ANYWHERE and (text := Options(words).last(runner.shells)) is not None:
        yield ShellText(text, replace(around, form=Form.SHELL))
        return
    needs_verb, skips, index = bool(runner.verbs), runner.skips, 0
    around = replace(
        around,
        background=around.background or runner.background,
        elsewhere=around.elsewhere or name in _REMOTE,
    )
    while index < len(words):
        word = words[index]
        option, equals, _ = word.text.partition("=")
        value = word.part(len(option) + 1) if equals else words[index + 1] if index + 1 < len(words) else None
        if word.text == "--":
            index += 1
            if name == "start-stop-daemon":
                continue
            break
        if is_option(word):
            if option in runner.asks:
                return
            if option in runner.background_flags:
                around = replace(around, background=True)
            if option in runner.modules and value is not None:
                at = index if equals else index + 1
                yield Plain([value, *words[at + 1 :]], around, is_module=True)
                return
            if option in runner.shells and value is not None:
                yield ShellText(value, replace(around, form=Form.SHELL))
                return
            if (
                name == "start-stop-daemon"
                and option in {"--exec", "-x", "--startas", "-a"}
                and value is not None
            ):
                behind = (
                    [word.text for word in words].index("--")
                    if any(w.text == "--" for w in words)
                    else len(words)
                )
                yield Plain([value, *words[behind + 1 :]], around)
                return
            around = _told(runner, option, value, around)
            index += 2 if option in runner.takes | runner.env_files | runner.folders and not equals else 1
        elif needs_verb:
            if word.text not in runner.verbs:
                return
            needs_verb, index = False, index + 1
        elif runner.assigns and _ASSIGNMENT.match(word.text):
            _, around = _assignments([word], around)
            index += 1
        elif skips:
            skips, index = skips - 1, index + 1
        else:
            break
    rest = words[index:]
    if runner.shell_arguments and not (len(rest) > 1 and _looks_split(rest)):
        for word in rest[:1] if name in {"watchfiles", "pm2"} else rest:
            if not _KEYS.fullmatch(word.text):
                yield ShellText(word, replace(around, form=Form.SHELL))
    elif rest:
        yield from peel(rest, around, may_be_script=runner.scripts)


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
