"""Dockerfiles: what each stage starts, which ports it exposes and checks, what it gives to what it starts.

What a stage has from the stages it is built upon is its own as well: a launch may be that of two units.
"""

from __future__ import annotations

from collections.abc import Iterator

from portside.launchfiles.commands.started import Around, ScriptRun
from portside.launchfiles.docker.dockerfile_instructions import instructions
from portside.launchfiles.docker.dockerfile_stages import Stage, command_of, stages
from portside.launchfiles.docker.dockerfile_values import exec_within
from portside.launchfiles.docker.image_commands import Given, Image, starts
from portside.launchfiles.facts import Form, Format, Launch, LaunchFile, Unit
from portside.launchfiles.text.words import Command, commands_in, nested_commands

_RUNS = frozenset({"RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"})


def read(path: str, text: str) -> LaunchFile:
    found = instructions(text)
    every = stages(found.items)
    units = tuple(_unit(stage, is_last=stage is every[-1]) for stage in every)
    return LaunchFile(path, Format.DOCKERFILE, units, found.mistakes)


def _unit(stage: Stage, *, is_last: bool) -> Unit:
    around = Around(Form.EXEC, stage.environment, stage.folder)
    # Who builds from an image to copy something out of it does not start what it starts.
    says = stage.entrypoint is not None or stage.command is not None
    image = Image(stage.base if is_last or says else None, around, scripts=stage.scripts)
    started = list(starts(stage.entrypoint, stage.command, image))
    entrypoint, command = stage.entrypoint, stage.command
    return Unit(
        "stage",
        stage.name,
        stage.span,
        tuple(one for one in started if isinstance(one, Launch)),
        stage.mentions(),
        stage.environment,
        image=stage.base.text if stage.base.known else None,
        entrypoint=entrypoint.command if entrypoint else None,
        entrypoint_form=_form(entrypoint),
        command=command.command if command else None,
        command_form=_form(command),
        runs=tuple(one.word for one in started if isinstance(one, ScriptRun)),
        folder=stage.folder,
        copies=stage.copies,
    )


def _form(given: Given | None) -> Form:
    return given.form if given is not None else Form.EXEC


def dockerfile_commands(text: str) -> Iterator[Command]:
    """Each command, with CMD also as the arguments of the ENTRYPOINT before it."""
    entrypoint: Command = ()
    for instruction in instructions(text).items:
        name = instruction.name.removeprefix("ONBUILD ")
        if name == "FROM":
            entrypoint = ()
        if name not in _RUNS:
            continue
        body = command_of(instruction.text) if name == "HEALTHCHECK" else instruction.text
        words = exec_within(body) if body.text.startswith("[") else None
        if words is None:
            yield from commands_in(body)
        else:
            yield words
            yield from nested_commands(words)
            if name == "ENTRYPOINT":
                entrypoint = words
            elif name == "CMD" and entrypoint:
                yield (*entrypoint, *words)
        for heredoc in instruction.heredocs:
            yield from commands_in(heredoc.text)
