"""The stages of a Dockerfile: what each has when its image is done, from its base stages on.

ARG ── FROM ─┬─ ARG, ENV        what variables come to
             ├─ WORKDIR, COPY   where commands start, and which file is which
             ├─ EXPOSE, HEALTHCHECK
             └─ ENTRYPOINT, CMD
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import field, replace

from portside.launchfiles.commands.local_urls import local_ports, spaced
from portside.launchfiles.docker.dockerfile_files import copies_of, scripts_of
from portside.launchfiles.docker.dockerfile_instructions import Instruction
from portside.launchfiles.docker.dockerfile_values import assigned, exec_within, exposed
from portside.launchfiles.docker.image_commands import Given
from portside.launchfiles.docker.image_files import copied_on
from portside.launchfiles.facts import Copy, Form, Mention, PortMention, Setting
from portside.launchfiles.text.placed import Placed
from portside.launchfiles.text.variables import Style, expand, of_settings
from portside.launchfiles.text.words import Word
from portside.lint.source import Span
from portside.records import dataclass

_FROM = re.compile(r"(?P<image>\S+)(?:\s+[Aa][Ss]\s+(?P<name>\S+))?")
_CHECK = re.compile(r"CMD\s+", re.IGNORECASE)
# No person writes more; a file made to take long does.
_LONGEST = 20_000
_MOST_STAGES = 200
_MOST_COPIES = 300
_EXEC = re.compile(r"\[\s*(\"|\])")


@dataclass
class Stage:
    """name: "" for none. base: the image that it comes from in the end. checked: its health check's command.

    scripts: what the file itself writes to a path of the image. triggers: what a build from it does first.
    """

    name: str
    base: Placed
    span: Span
    environment: dict[str, Setting] = field(default_factory=dict)
    arguments: dict[str, Setting] = field(default_factory=dict)
    folder: str | None = None
    entrypoint: Given | None = None
    command: Given | None = None
    has_own_command: bool = False
    exposed: tuple[PortMention, ...] = ()
    checked: Placed | None = None
    copies: tuple[Copy, ...] = ()
    scripts: dict[str, Placed] = field(default_factory=dict)
    triggers: tuple[Instruction, ...] = ()

    def expanded(self, word: Word) -> Placed:
        """The word as the build reads it: variables replaced, as far as the file tells."""
        return expand(Placed.of_word(word), Style.BRACES, of_settings({**self.arguments, **self.environment}))

    def path(self, text: str) -> str:
        return posixpath.normpath(posixpath.join(self.folder or "/", text))

    def mentions(self) -> tuple[PortMention, ...]:
        """What it exposes, and where its health check looks once it runs."""
        if self.checked is None:
            return self.exposed
        checked = expand(self.checked, Style.BRACES, of_settings(self.environment))
        return (*self.exposed, *local_ports(checked, Mention.HEALTHCHECK))

    def built_upon(self, name: str, span: Span) -> Stage:
        """A stage that begins with everything that this one has."""
        return replace(
            self,
            name=name,
            span=span,
            environment=dict(self.environment),
            arguments={},
            has_own_command=False,
            scripts=dict(self.scripts),
            triggers=(),
        )


def stages(instructions: Sequence[Instruction]) -> list[Stage]:
    """Every stage, in order; the last is what a build makes without a target."""
    build = _Build()
    for instruction in instructions:
        if len(instruction.text.text) <= _LONGEST:
            build.take(instruction)
        if len(build.stages) == _MOST_STAGES:
            break
    return build.stages


class _Build:
    def __init__(self) -> None:
        self.stages: list[Stage] = []
        self._before: dict[str, Setting] = {}

    def take(self, instruction: Instruction) -> None:
        if instruction.name == "FROM":
            self._begin(instruction)
        elif self.stages:
            stage = self.stages[-1]
            stage.span = Span(stage.span.start, instruction.span.end)
            self._add(stage, instruction)
        elif instruction.name == "ARG":
            for one in assigned(instruction, of_settings(self._before)):
                self._before[one.name] = one

    def called(self, name: str) -> Stage | None:
        """By its name or its number."""
        if name.isdecimal():
            return self.stages[int(name)] if int(name) < len(self.stages) else None
        return next((stage for stage in reversed(self.stages) if stage.name.lower() == name.lower()), None)

    def _begin(self, instruction: Instruction) -> None:
        found = _FROM.match(instruction.text.text)
        word = instruction.text.part(*found.span("image")) if found else instruction.text
        name = (found["name"] or "") if found else ""
        image = expand(Placed.of_word(word), Style.BRACES, of_settings(self._before))
        base = self.called(image.text) if image.text and not image.text.isdecimal() else None
        if base is None:
            self.stages.append(Stage(name, image, instruction.span))
            return
        self.stages.append(base.built_upon(name, instruction.span))
        for trigger in base.triggers:
            self._add(self.stages[-1], trigger)

    def _add(self, stage: Stage, instruction: Instruction) -> None:
        match instruction.name:
            case "ARG":
                self._declare(stage, instruction)
            case "ENV":
                lookup = of_settings({**stage.arguments, **stage.environment})
                stage.environment.update((one.name, one) for one in assigned(instruction, lookup))
            case "WORKDIR":
                stage.folder = stage.path(stage.expanded(instruction.text).text)
            case "COPY" | "ADD":
                self._copy(stage, instruction)
            case "RUN":
                stage.scripts.update(scripts_of(instruction, stage.expanded, stage.path))
            case name if name.startswith("ONBUILD "):
                trigger = replace(instruction, name=name.removeprefix("ONBUILD "))
                stage.triggers = (*stage.triggers, trigger)
            case _:
                _set_up(stage, instruction)

    def _declare(self, stage: Stage, instruction: Instruction) -> None:
        """ARG; without a value it has the one from before the first FROM."""
        lookup = of_settings({**stage.arguments, **stage.environment})
        for one in assigned(instruction, lookup):
            outer = self._before.get(one.name)
            stage.arguments[one.name] = outer if one.value is None and outer is not None else one

    def _copy(self, stage: Stage, instruction: Instruction) -> None:
        stage.scripts.update(scripts_of(instruction, stage.expanded, stage.path))
        origin = instruction.flag("from")
        other = self.called(origin) if origin is not None else None
        for copy in copies_of(instruction, stage.expanded, stage.path):
            if origin is None:
                stage.copies = _with(stage.copies, [copy])
            elif other is not None:
                stage.copies = _with(stage.copies, copied_on(other.copies, copy))


def _with(copies: tuple[Copy, ...], more: Iterable[Copy]) -> tuple[Copy, ...]:
    return tuple(dict.fromkeys((*copies, *more)))[-_MOST_COPIES:]


def _set_up(stage: Stage, instruction: Instruction) -> None:
    """What the image says of how it is run."""
    match instruction.name:
        case "EXPOSE":
            stage.exposed += tuple(exposed(stage.expanded(instruction.text)))
        case "HEALTHCHECK":
            stage.checked = _checked(instruction.text)
        case "ENTRYPOINT":
            stage.entrypoint = _given(instruction.text)
            stage.command = stage.command if stage.has_own_command else None
        case "CMD":
            stage.command, stage.has_own_command = _given(instruction.text), True


def _given(text: Word) -> Given:
    if not _EXEC.match(text.text):
        return Given((text,), Form.SHELL)
    return Given(exec_within(text))


def command_of(text: Word) -> Word:
    """What stands behind HEALTHCHECK's CMD; nothing for NONE."""
    command = _CHECK.match(text.text)
    return text.part(command.end() if command else len(text.text), len(text.text))


def _checked(text: Word) -> Placed | None:
    rest = command_of(text)
    if not rest.text:
        return None
    return spaced(exec_within(rest)) if _EXEC.match(rest.text) else Placed.of_word(rest)
