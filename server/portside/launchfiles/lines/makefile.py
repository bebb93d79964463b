"""Makefiles: what each target's recipe starts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from portside.launchfiles.commands.commands import start_placed
from portside.launchfiles.commands.started import Around
from portside.launchfiles.facts import Form, Format, LaunchFile, Unit
from portside.launchfiles.lines.make_syntax import Assignment, Condition, Export, Include, Rule, statements
from portside.launchfiles.lines.make_variables import Variables
from portside.launchfiles.shell.shell_run import Outcome, run
from portside.launchfiles.text.placed import Placed
from portside.launchfiles.units import with_outcome

_PREFIX = re.compile(r"[@\-+\s]*")
_SUBMAKE = re.compile(
    r"\bmake(?P<options>(?:\s+(?:-j\s*\d*|--?[\w-]+(?:=\S+)?|\w+=\S*))*)\s+(?P<targets>[\w./ -]+)"
)
_ENV_FILE = re.compile(r"(^|/)\.env[\w.-]*$|\.env$")


def read(path: str, text: str) -> LaunchFile:
    """One unit for each target with a recipe."""
    variables, rules, own, env_files = Variables(), list[Rule](), list[Assignment](), list[str]()
    one_shell = False
    for statement in statements(text):
        match statement:
            case Assignment(targets=()):
                variables.assign(statement)
            case Assignment():
                own.append(statement)
            case Export(names=()):
                variables.exports_all = True
            case Export(names):
                variables.exported.update(names)
            case Include(files):
                env_files += [name for name in files if _ENV_FILE.search(name)]
            case Rule(targets):
                one_shell = one_shell or ".ONESHELL" in targets
                variables.exports_all = variables.exports_all or ".EXPORT_ALL_VARIABLES" in targets
                rules.append(statement)
    makefile = _Makefile(variables, own, tuple(env_files), one_shell)
    known = frozenset(target for rule in rules for target in rule.targets)
    return LaunchFile(
        path, Format.MAKEFILE, tuple(unit for rule in rules for unit in makefile.units(rule, known))
    )


class _Makefile:
    def __init__(
        self, variables: Variables, own: Sequence[Assignment], env_files: tuple[str, ...], one_shell: bool
    ) -> None:
        self._variables = variables
        self._own = own
        self._env_files = env_files
        self._one_shell = one_shell

    def units(self, rule: Rule, known: frozenset[str]) -> Iterator[Unit]:
        """What the target starts, for a rule of several targets, the first."""
        name = rule.targets[0] if rule.targets else ""
        if name.startswith(".") and name[1:].isupper():
            return
        values = {"@": Placed.computed(name, rule.span)}
        if rule.prerequisites:
            values["<"] = Placed.computed(rule.prerequisites[0], rule.span)
        variables = self._variables.with_more(
            [one for one in self._own if set(one.targets) & set(rule.targets)], values
        )
        outcome = Outcome()
        submakes: list[str] = []
        for line, conditions in _lines(rule, one_shell=self._one_shell):
            text = variables.expand(_without_prefix(line))
            submakes += [word for found in _SUBMAKE.finditer(text.text) for word in found["targets"].split()]
            around = Around(
                Form.MAKE,
                variables.environment(),
                ".",
                tuple((one.place, one.arm) for one in conditions),
                stretch=name + "".join(f"/{one.place}.{one.arm}" for one in conditions),
            )
            one = run(text, around, start=start_placed)
            outcome.started += one.started
            outcome.mentions += one.mentions
            outcome.env_files += one.env_files
        starts = [other for other in (*rule.prerequisites, *submakes) if other in known and other != name]
        if not outcome.started and not outcome.mentions and not starts:
            return
        unit = Unit(
            "target",
            name,
            rule.span,
            settings=variables.environment(),
            host_network=True,
            env_files=self._env_files,
            starts=tuple(dict.fromkeys(starts)),
        )
        yield from with_outcome(unit, outcome)


def _lines(rule: Rule, *, one_shell: bool) -> Iterator[tuple[Placed, tuple[Condition, ...]]]:
    if not one_shell or not rule.recipe:
        yield from rule.recipe
        return
    parts: list[Placed] = []
    for line, _ in rule.recipe:
        parts += [line, Placed.computed("\n", line.span)]
    yield Placed.joined(parts), rule.recipe[0][1]


def _without_prefix(line: Placed) -> Placed:
    found = _PREFIX.match(line.text)
    return line.part(found.end()) if found is not None else line
