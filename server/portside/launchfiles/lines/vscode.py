"""VS Code's launch.json and tasks.json."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from portside.knowledge.servers import by_program
from portside.launchfiles.commands.commands import start_placed
from portside.launchfiles.commands.started import Around, Started, program_name
from portside.launchfiles.facts import Form, Format, LaunchFile, PortMention, Setting, Unit
from portside.launchfiles.lines.json_reading import Json, JsonObject, JsonText, parse
from portside.launchfiles.shell.shell_mentions import in_url
from portside.launchfiles.shell.shell_run import run
from portside.launchfiles.text.placed import Placed
from portside.launchfiles.text.variables import Style, expand
from portside.launchfiles.units import units_of, with_outcome

_PYTHON_TYPES = frozenset({"python", "debugpy"})
_UNKNOWN_PROGRAM = re.compile(r"\$\{(file|relativeFile|command:|input:)")


def read(path: str, text: str) -> LaunchFile:
    """One unit for each configuration, compound or task. A workspace file may hold both kinds."""
    root = parse(text)
    is_tasks = path.endswith("tasks.json")
    format_ = Format.VSCODE_TASKS if is_tasks else Format.VSCODE_LAUNCH
    if not isinstance(root, JsonObject):
        return LaunchFile(path, format_, ())
    reader = _Reader(_defaults(root))
    units = [unit for one in root.objects("configurations") for unit in reader.configuration(one)]
    units += [_compound(one) for one in root.objects("compounds")]
    units += [unit for one in root.objects("tasks") for unit in reader.task(one)]
    return LaunchFile(path, format_, tuple(units))


def _defaults(root: JsonObject) -> Mapping[str, Placed]:
    """What `${input:port}` is when the user just presses Enter."""
    found: dict[str, Placed] = {}
    for one in root.objects("inputs"):
        name, default = one.text("id"), one.text("default")
        if name is not None and default is not None:
            pieces = tuple(replace(piece, is_default=True) for piece in default.placed.pieces)
            found[f"input:{name.text}"] = Placed(pieces, quoted=True)
    return found


def _compound(one: JsonObject) -> Unit:
    name = one.text("name")
    starts = tuple(text.text for text in one.texts("configurations"))
    return Unit("compound", name.text if name else "", one.span, host_network=True, starts=starts)


class _Reader:
    """defaults: of inputs. `${env:X}` is VS Code's own environment, not what a configuration sets."""

    def __init__(self, defaults: Mapping[str, Placed]) -> None:
        self._defaults = defaults

    def configuration(self, one: JsonObject) -> Iterator[Unit]:
        """`"request": "attach"` starts nothing, but may name a port in a URL."""
        environment = _environment(one.object("env"))
        env_files = tuple(text.text for text in one.texts("envFile"))
        folder = one.text("cwd")
        around = Around(
            Form.JSON_ARGS, environment, folder.text if folder else "${workspaceFolder}", env_files=env_files
        )
        unit = Unit(
            "configuration",
            _name(one),
            one.span,
            mentions=tuple(self._mentions(one)),
            settings=environment,
            host_network=True,
            env_files=env_files,
        )
        if _text(one, "request") == "attach":
            yield unit
            return
        command = one.text("command")
        if command is not None and _text(one, "type") in {"node-terminal", "shell"}:
            outcome = run(command.placed, replace(around, form=Form.JSON_TEXT), start=start_placed)
            yield from with_outcome(unit, outcome)
            return
        yield from units_of(unit, self._started(one, around))

    def _started(self, one: JsonObject, around: Around) -> Iterator[Started]:
        is_python = _text(one, "type") in _PYTHON_TYPES
        program, module = one.text("program"), one.text("module")
        if module is not None and is_python:
            seen = module.span
            words = [Placed.computed("python", seen), Placed.computed("-m", seen), module.word]
        elif program is not None and not _UNKNOWN_PROGRAM.match(program.text):
            words = [program.word]
            name = program_name(program.text)
            if is_python and not by_program(name, tuple(text.text for text in one.texts("args"))):
                words = [Placed.computed("python", program.span), program.word]
        elif (runtime := one.text("runtimeExecutable")) is not None:
            words = [runtime.word, *(text.word for text in one.texts("runtimeArgs"))]
        else:
            return
        words += self._arguments(one)
        yield from start_placed([expand(word, Style.VSCODE, self._defaults.get) for word in words], around)

    def _arguments(self, one: JsonObject) -> list[Placed]:
        """A list of words; of one string, its words."""
        given = one.get("args")
        if isinstance(given, JsonText):
            return list(replace(given.placed, quoted=False).split())
        return [text.word for text in one.texts("args")]

    def _mentions(self, one: JsonObject) -> Iterator[PortMention]:
        for name in ("url", "uriFormat"):
            for holder in (one, one.object("serverReadyAction")):
                text = holder.text(name) if holder is not None else None
                if text is not None:
                    yield from in_url(text.placed)

    # -- tasks ---------------------------------------------------------------------------------

    def task(self, one: JsonObject) -> Iterator[Unit]:
        """A task with what Linux has of its own; `dependsOn` starts those together."""
        options = one.object("options")
        environment = _environment(options.object("env") if options is not None else None)
        folder = options.text("cwd") if options is not None else None
        background = one.get("isBackground")
        around = Around(
            Form.JSON_TEXT,
            environment,
            folder.text if folder else "${workspaceFolder}",
            background=isinstance(background, JsonText) and background.text == "true",
        )
        unit = Unit(
            "task",
            _name(one),
            one.span,
            settings=environment,
            host_network=True,
            starts=_depends(one) if _text(one, "dependsOrder") != "sequence" else (),
        )
        here = one.object("linux")
        command = (_quoted(here.get("command")) if here is not None else None) or _quoted(one.get("command"))
        if command is None:
            yield unit
            return
        holder = here if here is not None and here.get("args") is not None else one
        yield from self._command(
            unit, command, _words(holder), around, is_shell=_text(one, "type") != "process"
        )

    def _command(
        self, unit: Unit, command: Placed, arguments: Sequence[Placed], around: Around, *, is_shell: bool
    ) -> Iterator[Unit]:
        command = expand(command, Style.VSCODE, self._defaults.get)
        if not arguments and is_shell:
            yield from with_outcome(unit, run(command, around, start=start_placed))
            return
        first = list(replace(command, quoted=False).split()) if is_shell else [command]
        words = [*first, *(expand(word, Style.VSCODE, self._defaults.get) for word in arguments)]
        yield from units_of(unit, start_placed(words, replace(around, form=Form.JSON_ARGS)))


def _name(one: JsonObject) -> str:
    return next((found.text for key in ("name", "label", "taskName") if (found := one.text(key))), "")


def _text(one: JsonObject, key: str) -> str:
    found = one.text(key)
    return found.text if found is not None else ""


def _environment(given: JsonObject | None) -> dict[str, Setting]:
    return {
        key.text: value.placed.setting(key.text, key.placed.span)
        for key, value in (given.members if given is not None else ())
        if isinstance(value, JsonText)
    }


def _quoted(value: Json | None) -> Placed | None:
    """A word, also with a quoting: `{"value": "a b", "quoting": "strong"}`."""
    if isinstance(value, JsonObject):
        value = value.text("value")
    return value.word if isinstance(value, JsonText) else None


def _words(one: JsonObject) -> list[Placed]:
    given = one.get("args")
    items = given.items if given is not None and not isinstance(given, JsonText | JsonObject) else []
    return [word for item in items if (word := _quoted(item)) is not None]


def _depends(one: JsonObject) -> tuple[str, ...]:
    return tuple(text.text for text in one.texts("dependsOn"))
