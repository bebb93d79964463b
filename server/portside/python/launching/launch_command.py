"""The uvicorn command that a run call stands for, from the keywords of the call.

Nothing is added that the source does not say: an option that is left out has the
same default in both, for all that can be left out (knowledge/uvicorn.py).
"""

from __future__ import annotations

import ast
import dataclasses
import math
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any

from tree_sitter import Node

from portside.knowledge import uvicorn
from portside.knowledge.port_ranges import HIGHEST
from portside.knowledge.uvicorn import Kind, NoForm, Option
from portside.lint.moved_command import Option as SaidOption
from portside.python.launching.launch_app import AppTarget
from portside.python.launching.launch_asked import Asking
from portside.python.launching.launch_dumped import are_seen, dumped_options
from portside.python.launching.launch_environment import ShellVariables
from portside.python.launching.launch_likely import always_bound, likely
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_site import Site
from portside.python.launching.launches import Launch, made_again
from portside.python.launching.script_paths import script_path
from portside.python.launching.script_place import ImportTarget, ScriptPlace
from portside.python.names.bindings import How
from portside.python.names.names import Names
from portside.python.source.nodes import fields_of, nodes_of, operator_of, own_parts
from portside.python.source.syntax import argument_nodes, arguments, string_value, unwrapped
from portside.python.values.value_conditions import switched
from portside.python.values.value_sources import (
    added_option,
    is_parsed,
    is_required,
    is_switched_on,
    option_of,
)
from portside.python.values.value_types import MadeBy, nothing_made, nothing_outside
from portside.python.values.values import (
    CommandLine,
    Environment,
    Literal,
    Outside,
    Parameter,
    Through,
    Tracer,
    Unknown,
    Value,
    trace,
)
from portside.records import dataclass

_ANY_IPV4 = "0.0.0.0"  # noqa: S104 - what `host=None` stands for
_PATHS = frozenset({Kind.PATH, Kind.REPEATED})
_LOGGING = "uvicorn.config.LOGGING_CONFIG"
_COPIES = frozenset({"copy.copy", "copy.deepcopy", "builtins.dict"})
_DICTIONARIES = frozenset({"copy.deepcopy", "builtins.dict"})


@dataclass(frozen=True, slots=True)
class Ahead:
    """What `uvicorn.run` does before it imports the app, for a factory to do.

    logging: the dictionary of `log_config`, which is applied. folder: that of `app_dir`, first on the path.
    """

    logging: Node | None = None
    folder: Node | None = None

    @property
    def nodes(self) -> tuple[Node, ...]:
        """What stands in the run call and is written again."""
        return tuple(node for node in (self.logging, self.folder) if node is not None)

    @property
    def modules(self) -> tuple[str, ...]:
        """What the lines need to be imported."""
        needed = (("logging.config", self.logging), ("sys", self.folder))
        return tuple(module for module, node in needed if node is not None)

    def lines(self, names: Names) -> list[str]:
        """The statements, in their order."""
        written = (("sys.path.insert(0, {})", self.folder), ("logging.config.dictConfig({})", self.logging))
        return [line.format(names.tree.text(node)) for line, node in written if node is not None]


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a launch.

    said: each with its words, ready for a shell. host, port: where they are known before it runs.
    ahead: what a factory does in place of others. deciding: the options of the script without which these
    are what they are.
    """

    said: tuple[SaidOption, ...]
    host: str | None = None
    port: int | None = None
    ahead: Ahead = field(default_factory=Ahead)
    deciding: frozenset[str] = frozenset()

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(word for option in self.said for word in option.words)


def command(target: AppTarget, options: Options) -> str:
    """The line for a shell: `cd core && uvicorn server:app --port 8000`."""
    words = ["uvicorn"]
    if target.factory:
        words.append("--factory")
    words.append(shlex.quote(target.text))
    if target.place.app_dir is not None:
        words += ("--app-dir", shlex.quote(target.place.app_dir))
    line = " ".join((*words, *options.words))
    return f"cd {shlex.quote(target.place.cwd)} && {line}" if target.place.cwd else line


def keeping(place: ScriptPlace, options: Options) -> ScriptPlace:
    """The place, with the names that the command itself asks the module for as ones that others need."""
    asked = (re.findall(r"\w+", word) for word in options.words if "python -c" in word)
    found = frozenset(name for words in asked for name in words)
    return dataclasses.replace(place, entry_points=place.entry_points | found) if found else place


@dataclass
class OptionReader:
    """Reads the options of one launch; what has no form on the command line becomes an obstacle.

    moves_arguments: whether what the script takes as its own option (`--port`) becomes uvicorn's.
    outside: what names from other files stand for; a person has to look whether they will stay so.
    target: the app's module, which can be asked for what only it can tell; None where it loads a model.
    may_leave: whether an option that can't be told may be left to whoever starts the server.
    made_by: what made the things that names from other files stand for. folder: that in which the command
    is run, None where that is not known. is_for_factory: whether a factory may do what has no option.
    deciding: what is found of the script's own options that decide whether the server has one.
    """

    names: Names
    site: Site
    obstacles: Obstacles
    moves_arguments: bool = False
    outside: Outside = nothing_outside
    place: ScriptPlace = field(default_factory=lambda: ScriptPlace(""))
    target: ImportTarget | None = None
    may_leave: bool = False
    made_by: MadeBy = nothing_made
    folder: str | None = None
    is_for_factory: bool = False
    deciding: set[str] = field(default_factory=set)
    _ahead: Ahead = field(default_factory=Ahead, init=False)

    def read(self, launch: Launch) -> Options:
        said: list[SaidOption] = []
        host: str | None = None
        port: int | None = None
        for keyword, written in self._keywords(launch).items():
            node = self._by_default(self.site.argument(self.names, written))
            if keyword == "factory" and self._is_true(node):
                continue
            if self._is_dropped(keyword, node):
                continue
            if self._comes_ahead(keyword, node, written):
                continue
            option = uvicorn.OPTIONS.get(keyword)
            if option is None:
                self.obstacles.add(node, f"uvicorn {uvicorn.VERSION} knows no option `{keyword}`")
                continue
            plain = without_lower(self.names, node) if keyword == "log_level" else node
            value = self._value_of(option, plain)
            if plain != node and isinstance(value, CommandLine):
                self.obstacles.note(f"`{option.flag}` of uvicorn takes lower case alone")
            given = self._words(option, node, value)
            said += [SaidOption(option.flag, given)] if given else []
            if keyword == "host":
                host = _settled(value, str) or (_ANY_IPV4 if _ANY_IPV4 in given else None)
            elif keyword == "port":
                port = _settled(value, int)
                self._check_port(node, port)
        for keyword, (node, brought) in self._dumped(launch).items():
            given = self._words(uvicorn.OPTIONS[keyword], node, brought)
            said += [SaidOption(uvicorn.OPTIONS[keyword].flag, given)] if given else []
            host = _settled(brought, str) if keyword == "host" else host
            port = _settled(brought, int) if keyword == "port" else port
        return Options(tuple(said), host, port, self._ahead, frozenset(self.deciding))

    def _dumped(self, launch: Launch) -> Mapping[str, tuple[Node, Value | _Elsewhere]]:
        """What `**settings.model_dump()` brings."""
        given = {*launch.options, *launch.likely, "factory"}
        found = dumped_options(self.names, launch.options_call, self.outside, given)
        return {
            keyword: (node, _Elsewhere(value) if is_outside and isinstance(value, Environment) else value)
            for keyword, (node, value, is_outside) in found.items()
        }

    @property
    def _variables(self) -> ShellVariables:
        return ShellVariables(
            self.names,
            self.obstacles,
            self.place.variables,
            self.may_leave,
            self.moves_arguments,
            self._asked,
        )

    def _check_port(self, node: Node, port: int | None) -> None:
        """A number that is no port stays in the file, where PS205 says so."""
        if port is not None and not 0 <= port <= HIGHEST:
            self.obstacles.add(node, f"`{port}` is no port, those end at `{HIGHEST}`")

    def _keywords(self, launch: Launch) -> Mapping[str, Node]:
        """The arguments by keyword, in the order of the source, without the app."""
        if launch.alternatives:
            self._note_alternatives(launch)
        elif are_seen(self.names, launch.options_call, self.outside):
            pass
        elif not launch.complete and self.may_leave:
            added = sorted(set(self._added(launch)) - {"", *launch.options, *launch.likely})
            shown = f" ({', '.join(f'`{key}`' for key in added)})" if added else ""
            self.obstacles.note(
                f"what `**` or `*` bring can't be told from here{shown}: say those options too", review=True
            )
        elif not launch.complete:
            self.obstacles.add(
                launch.options_call, "the options come from `**` or `*`, so they can't be seen"
            )
        known = uvicorn.CONFIG_POSITIONAL if self.site.through_server else uvicorn.RUN_POSITIONAL
        positional = arguments(launch.options_call).positional
        if len(positional) > len(known):
            self.obstacles.add(positional[len(known)], "uvicorn takes this argument by keyword only")
        return {**launch.likely, **launch.options}

    def _note_alternatives(self, launch: Launch) -> None:
        """What other branches have, where one of several makes the configuration."""
        for other in launch.alternatives:
            flags = [
                option.flag
                for keyword, value in arguments(other).keywords.items()
                if (option := uvicorn.OPTIONS.get(keyword)) is not None
                and (own := launch.options.get(keyword)) != value
                and (own is None or self.names.tree.text(own) != self.names.tree.text(value))
            ]
            line = self.names.tree.line(other)
            shown = f" ({', '.join(f'`{flag}`' for flag in flags)})" if flags else ""
            self.obstacles.note(f"line {line} makes another configuration{shown}", review=True)

    def _added(self, launch: Launch) -> Iterator[str]:
        """The options that the file adds to a dictionary which is unpacked: `kwargs["ssl_keyfile"] = …`."""
        for unpacked in arguments(launch.options_call).unpacked:
            word = self.names.tree.text(unpacked)
            pairs = (pair for made in made_again(self.names, unpacked) for pair in nodes_of(made, "pair"))
            for written in fields_of(pairs, "key"):
                yield string_value(self.names.tree, written) or ""
            for chunk in self.names.chunks_with([word]):
                for item in fields_of(chunk.nodes("assignment"), "left", "subscript"):
                    holder, key = (item.child_by_field_name(field) for field in ("value", "subscript"))
                    name = string_value(self.names.tree, key) if key is not None else None
                    if name and holder is not None and self.names.tree.text(holder) == word:
                        yield name

    def _of_script(self, node: Node) -> _Composed | None:
        """A path, or several, that the script names by where it lies, from the folder of the command."""
        if self.folder is None:
            return None
        made = self.names.value_of(node)
        is_list = made.type in {"list", "tuple"}
        paths = []
        for each in own_parts(made) if is_list else [made]:
            path = script_path(self.names, self.place, each)
            relative = posixpath.relpath(path or ".", self.folder or ".") if path is not None else None
            paths.append(relative if relative is not None else string_value(self.names.tree, each))
        if not paths or None in paths:
            return None
        return _Composed(paths if is_list else paths[0])

    def _comes_ahead(self, keyword: str, node: Node, written: Node) -> bool:
        """Whether it is no option then: what a factory does itself, or what is dealt with."""
        if keyword == "log_config" and self._sets_up_logging(node, written):
            logging = written if self._is_dictionary(written) else None
            self._ahead = dataclasses.replace(self._ahead, logging=logging)
            return True
        if keyword == "app_dir" and self.is_for_factory:
            folder = written if not self._is_none(node) else None
            self._ahead = dataclasses.replace(self._ahead, folder=folder)
            return True
        return False

    def _sets_up_logging(self, node: Node, written: Node) -> bool:
        """Whether that is no file, and dealt with: a factory applies it, nothing is noted, or an obstacle."""
        if self._is_none(node):
            self.obstacles.note(
                "`log_config=None` leaves logging alone, and the command sets up uvicorn's own", review=True
            )
            return True
        if self.may_leave:
            return self._is_dictionary(written)
        if self._is_changed(written):
            self.obstacles.add(node, f"{self.obstacles.quote(node)} is changed before it is handed over")
            return True
        return False

    def _is_dictionary(self, node: Node) -> bool:
        made = self.names.value_of(node)
        function = made.child_by_field_name("function") if made.type == "call" else None
        if made.type == "dictionary" or (function and self.names.qualified(function) in _COPIES):
            return True
        qualified = self.names.qualified(made)
        is_foreign = qualified is not None and bool(self.made_by(qualified) & _DICTIONARIES)
        return is_foreign or self._is_changed(node)

    def _is_changed(self, node: Node) -> bool:
        """Whether it is a name for uvicorn's own log configuration, which somebody else reads too."""
        if node.type != "identifier" or self.names.qualified(node) != _LOGGING:
            return False
        name = self.names.tree.text(node)
        return len(self.names.reads(name, self.names.home(name, self.names.scope_at(node)))) > 1

    def _is_none(self, node: Node) -> bool:
        return _is_none(trace(self.names, node))

    def _is_true(self, node: Node) -> bool:
        value = trace(self.names, node)
        return isinstance(value, Literal) and value.value is True

    def _is_dropped(self, keyword: str, node: Node) -> bool:
        """Options that do nothing where they stand."""
        if keyword in uvicorn.REMOVED:
            self.obstacles.note(f"`{keyword}=` goes: uvicorn has had no such option since 0.19")
            return True
        is_own_loop = keyword == "loop" and self.names.value_of(node).type == "call"
        if self.site.through_server and (keyword in uvicorn.WITHOUT_EFFECT_IN_SERVER or is_own_loop):
            self.obstacles.note(
                f"`{keyword}={self.names.tree.text(node)}` goes: it has no effect in `Server.run()`"
            )
            return True
        return False

    def _value_of(self, option: Option, node: Node) -> Value | _Composed | _Elsewhere:
        value = self._value(node)
        is_open = isinstance(value, Unknown) and option.kind in _PATHS
        return (self._of_script(node) if is_open else None) or value

    def _value(self, node: Node) -> Value | _Composed | _Elsewhere:
        level = uvicorn.LOGGING_LEVELS.get(self.names.qualified(self.names.value_of(node)) or "")
        if level is not None:
            return _Composed(level)
        value = self._of_passed(node) or trace(self.names, node)
        if isinstance(value, Unknown):
            known = trace(self.names, node, self.outside)
            if isinstance(known, Literal) and known.through is not Through.FIELD:
                shown = self.names.tree.text(node)
                self.obstacles.note(
                    f"`{shown}` comes from another file, and is written out here", review=True
                )
                return known
            if isinstance(known, Environment):
                return _Elsewhere(known)
            if isinstance(known, CommandLine) and known.option is not None and self.may_leave:
                self.obstacles.note(
                    f"{self.obstacles.quote(node)} is `{known.option}` of a parser in another file: what the"
                    " command says is what it is there where nothing else is said",
                    review=True,
                )
                return known
        if isinstance(value, Unknown):
            plain = self.names.value_of(node)
            if plain.type in {"list", "tuple", "dictionary", "set"}:
                return _composed(self.names.tree.text(plain)) or value
            if (number := _number(self.names.tree.text(plain))) is not None:
                return number
        return value

    def _by_default(self, node: Node) -> Node:
        """What `x if args.flag else y` is where the option is not given."""
        made = self.names.value_of(node)
        parts = own_parts(made)
        if made.type != "conditional_expression" or len(parts) != 3 or not self.may_leave:
            return node
        chosen, condition, fallback = parts
        given = self._given_by_default(unwrapped(condition))
        if given is None:
            return node
        self.obstacles.note(
            f"{self.obstacles.quote(made)} is what it is without {self.obstacles.quote(condition)}",
            review=True,
        )
        return chosen if given else fallback

    def _given_by_default(self, condition: Node) -> bool | None:
        if condition.type == "not_operator":
            given = self._given_by_default(unwrapped(own_parts(condition)[-1]))
            return not given if given is not None else None
        value = self._of_passed(condition) or trace(self.names, condition)
        value = trace(self.names, condition, self.outside) if isinstance(value, Unknown) else value
        if isinstance(value, Environment):
            return switched(value)
        if not isinstance(value, CommandLine) or value.option is None:
            return None
        if value.default is not None and not isinstance(value.default, Literal):
            return None
        self.deciding.add(value.option)
        # A switch, or a value that is not given: None.
        return value.default is not None and bool(value.default.value)

    def _of_passed(self, node: Node) -> Value | None:
        """`args.port` where the arguments are handed to the function that serves."""
        holder, name = node.child_by_field_name("object"), node.child_by_field_name("attribute")
        if node.type != "attribute" or holder is None or name is None or not self.moves_arguments:
            return None
        passed = self.site.argument(self.names, holder)
        tracer = Tracer(self.names)
        if passed == unwrapped(holder) or not is_parsed(tracer, passed):
            return None
        return option_of(tracer, self.names.tree.text(name), None)

    def _words(self, option: Option, node: Node, value: Value | _Composed | _Elsewhere) -> tuple[str, ...]:
        if option.keyword == "ssl_keyfile_password" and not _is_none(value):
            self.obstacles.add(node, "`ssl_keyfile_password` would be readable in the list of processes")
            return ()
        if option.keyword == "log_config" and self.names.qualified(node) == _LOGGING:
            return ()
        if option.keyword == "host" and _is_none(value):
            return self._any_host()
        is_switch = option.kind in {Kind.FLAG, Kind.PAIR}
        match value:
            case (Environment() | _Elsewhere(Environment())) as read if _is_condition(read) and not is_switch:
                return self._untold(option, node, Unknown("it depends on a condition"))
            case Literal(value=constant, through=through) if through is not Through.FIELD:
                return self._literal(option, node, constant)
            case _Composed(value=composed):
                return self._literal(option, node, composed)
            case Environment() if not self._is_worked_out(node, value):
                return self._variables.words(option, node, value)
            case _Elsewhere(value=read):
                return self._variables.words(option, node, read, is_outside=True)
            case CommandLine(option=str(), default=default) if self.moves_arguments:
                return self._argument(option, node, value, default)
        return self._untold(option, node, value)

    def _is_worked_out(self, node: Node, value: Environment) -> bool:
        """Whether the default of a variable, which can't be told, is something for want of anything else."""
        is_open = self.may_leave and isinstance(value.default, Unknown)
        found = likely(Tracer(self.names, self.outside), node) if is_open else None
        return isinstance(found, Environment) and isinstance(found.default, Literal)

    def _untold(self, option: Option, node: Node, value: Value | _Composed | _Elsewhere) -> tuple[str, ...]:
        """What nobody can read from the source: asked of its module, or left to a person."""
        shown = f"`{option.keyword}={self.obstacles.quote(node)[1:]}"
        # What a level mostly is does, where that is known: no server listens elsewhere for it.
        if option.keyword != "log_level" and (asked := self._asked(option, node)) is not None:
            return asked
        if self.may_leave and not option.keyword.startswith("ssl_"):
            return self._worked_out(option, node, shown)
        if self.may_leave and self._is_alike(option, node, value):
            said = "of the script is an option of uvicorn now"
            if isinstance(value, Unknown):
                said = f"has to be said where {self.obstacles.quote(node)} is set"
            self.obstacles.note(f"`{option.flag}` {said}", review=True)
            return ()
        if self.may_leave and self._is_none_at_first(node):
            self.obstacles.note(
                f"{shown} is set in a branch alone: say `{option.flag}` where it is", review=True
            )
            return ()
        self.obstacles.add(node, f"{shown}: {_why_not(value)}")
        return ()

    def _is_none_at_first(self, node: Node) -> bool:
        """Whether the name is None until a branch says something else."""
        always = always_bound(self.names, node) if node.type == "identifier" else []
        value = always[0].value if len(always) == 1 else None
        return value is not None and unwrapped(value).type == "none"

    def _is_alike(self, option: Option, node: Node, value: Value | _Composed | _Elsewhere) -> bool:
        """Whether an argument or a setting of that very name is handed on: `args.ssl_keyfile`."""
        name = node.child_by_field_name("attribute")
        is_named = name is not None and self.names.tree.text(name) == option.keyword
        is_parsed = isinstance(value, CommandLine) and value.option is None
        return is_named and (is_parsed or isinstance(value, Unknown))

    def _worked_out(self, option: Option, node: Node, shown: str) -> tuple[str, ...]:
        """What the script works out: what it most likely is, or a port that has to be said."""
        is_negated = _is_negated(self.names, option, node)
        given = self._given_by_default(self.names.value_of(node)) if is_negated else None
        if given is not None:
            self.obstacles.note(f"{shown} is what it is where nothing else is said", review=True)
            return self._literal(option, node, given)
        found = likely(Tracer(self.names, self.outside), node)
        if found is not None:
            self.obstacles.note(
                f"{shown} is worked out by the script: what the command says is what it is"
                " where nothing else is said",
                review=True,
            )
            return self._words(option, node, found)
        asked = self._asked(option, node, by_numbers=True) or self._asked_instead(option, node)
        if asked is not None:
            return asked
        if option.keyword == "port":
            self.obstacles.note(f"{shown} can't be told from here: say it in `$PORT`", review=True)
            return self._without_default(option, node)
        return self._left(option, shown)

    def _asked_instead(self, option: Option, node: Node) -> tuple[str, ...] | None:
        """What stands in for a value that nobody gave: `port = get_port()`, where that was None.

        Of a parsed argument its default: `default=settings.port`.
        """
        holder, name = node.child_by_field_name("object"), node.child_by_field_name("attribute")
        tracer = Tracer(self.names)
        if holder is not None and name is not None and is_parsed(tracer, holder):
            _, default = added_option(tracer, self.names.tree.text(name)) or (None, None)
            return self._asked(option, default) if default is not None else None
        bindings = self.names.bindings_of(node) if node.type == "identifier" else ()
        given = [b.value for b in bindings if b.how is How.ASSIGNMENT and b.value is not None]
        return self._asked(option, given[0]) if len(given) == 1 and len(bindings) > 1 else None

    def _asked(self, option: Option, node: Node, *, by_numbers: bool = False) -> tuple[str, ...] | None:
        asking = Asking(self.names, self.site, self.place, self.target, by_numbers)
        asked = asking.words(option, node)
        if asked is not None:
            shown = f"`{option.keyword}={self.obstacles.quote(node)[1:]}"
            self.obstacles.note(f"{shown} is computed: the command asks the module for it", review=True)
        return asked

    def _left(self, option: Option, shown: str) -> tuple[str, ...]:
        """Nothing, and a note that a person has to say it."""
        self.obstacles.note(
            f"{shown} can't be told from here: say `{option.flag}` where uvicorn's own default is wrong",
            review=True,
        )
        return ()

    def _literal(self, option: Option, node: Node, value: object) -> tuple[str, ...]:
        if option.keyword == "env_file" and value is not None:
            self.obstacles.note(
                "the command reads the env file before the module, not after it, and fails without it",
                review=True,
            )
        words = uvicorn.words(option, value)
        if isinstance(words, NoForm):
            self.obstacles.add(node, words.reason)
            return ()
        return tuple(shlex.quote(word) for word in words)

    def _argument(
        self, option: Option, node: Node, value: CommandLine, default: Value | None
    ) -> tuple[str, ...]:
        """What the script has where its option is not given; who gives it gives it to uvicorn from now on."""
        if isinstance(default, Environment):
            return self._variables.words(option, node, default)
        if default is None or _is_none(default):
            if option.none_is_default or option.kind is Kind.FLAG:
                return ()
            tracer, said = Tracer(self.names), value.option or ""
            is_on = is_switched_on(tracer, said) if default is None else None
            if is_on is not None:
                # `action="store_true"`, which is there or not.
                return self._literal(option, node, not is_on)
            if option.keyword == "host" and not is_required(tracer, said):
                return self._any_host()
            if option.keyword in {"host", "port"}:
                shown, variable = self.obstacles.quote(node), option.keyword.upper()
                self.obstacles.note(f"{shown} has no default: say it in `${variable}`")
            return self._without_default(option, node)
        if not isinstance(default, Literal):
            if self.may_leave:
                return self._worked_out(option, node, f"{self.obstacles.quote(node)}")
            self.obstacles.add(node, f"what `{self.names.tree.text(node)}` defaults to can't be told")
            return ()
        constant = default.value
        if isinstance(constant, str) and constant.isdecimal() and option.kind is Kind.INTEGER:
            constant = int(constant)
        return self._literal(option, node, constant)

    def _any_host(self) -> tuple[str, ...]:
        self.obstacles.note("`host=None` listens on IPv4 and IPv6, the command on IPv4 alone")
        return ("--host", _ANY_IPV4)

    def _without_default(self, option: Option, node: Node) -> tuple[str, ...]:
        if option.keyword in {"host", "port"}:
            return (option.flag, f'"${{{option.keyword.upper()}:?}}"')
        self.obstacles.add(node, f"`{option.keyword}` has no default")
        return ()


def _is_negated(names: Names, option: Option, node: Node) -> bool:
    """Whether a switch of uvicorn is there where something else is not: `reload=not args.prod`."""
    return option.kind in {Kind.FLAG, Kind.PAIR} and names.value_of(node).type == "not_operator"


def without_lower(names: Names, node: Node) -> Node:
    """`args.log_level` of `args.log_level.lower()`: the command line takes lower case alone.

    Also where it was made upper case first: `level = args.log_level.upper()`, for `logging`; and where more
    is done that changes no level: `str(level).strip().lower() or "info"`.
    """
    held = _object_of(names, _or_its_default(names, node), "lower")
    if held is None:
        return node
    inner = _object_of(names, held, "upper") or _object_of(names, held, "strip") or held
    made = names.value_of(inner)
    callee = made.child_by_field_name("function") if made.type == "call" else None
    is_text = callee is not None and names.qualified(callee) == "builtins.str"
    passed = arguments(made).positional if is_text else []
    return unwrapped(passed[0]) if len(passed) == 1 else inner


def _or_its_default(names: Names, node: Node) -> Node:
    """`level` of `level or "info"`, where it is that anyway if nobody says another."""
    made = names.value_of(node)
    parts = own_parts(made)
    if made.type != "boolean_operator" or operator_of(made) != "or":
        return node
    last = string_value(names.tree, parts[-1])
    plain = without_lower(names, parts[0]) if last is not None else parts[0]
    value = trace(names, plain) if plain != parts[0] else None
    default = _settled(value, str)
    return parts[0] if default is not None and default.lower() == last else node


def _object_of(names: Names, node: Node, method: str) -> Node | None:
    """`x` of `x.method()`."""
    made = names.value_of(node)
    function = made.child_by_field_name("function") if made.type == "call" else None
    name = function.child_by_field_name("attribute") if function is not None else None
    held = function.child_by_field_name("object") if function is not None else None
    if name is None or held is None or names.tree.text(name) != method or argument_nodes(made):
        return None
    return unwrapped(held)


@dataclass(frozen=True, slots=True)
class _Composed:
    """A list, tuple or dictionary of literals."""

    value: object


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """Read from the environment by another file."""

    value: Environment


def _composed(text: str) -> _Composed | None:
    try:
        return _Composed(ast.literal_eval(text))
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None


def _number(text: str) -> _Composed | None:
    """`16 * 1024 * 1024` and `1 << 24`."""
    if shifted := re.fullmatch(r"(\d{1,9})\s*<<\s*(\d{1,2})", text):
        return _Composed(int(shifted[1]) << int(shifted[2]))
    if re.fullmatch(r"\d{1,9}(\s*\*\s*\d{1,9}){1,4}", text):
        return _Composed(math.prod(map(int, text.split("*"))))
    return None


def _is_condition(value: Environment | _Elsewhere) -> bool:
    return (value.value if isinstance(value, _Elsewhere) else value).condition is not None


def _is_none(value: object) -> bool:
    return isinstance(value, Literal) and value.value is None


def _settled(value: object, kind: type) -> Any:
    """The value, or the default of a variable or an argument, if it is of this kind."""
    value = value.value if isinstance(value, _Elsewhere) else value
    for _ in range(3):
        value = value.default if isinstance(value, Environment | CommandLine) else value
    found = value.value if isinstance(value, Literal) else None
    if kind is int and isinstance(found, str) and found.isdecimal():
        found = int(found)
    return found if type(found) is kind else None


def _why_not(value: Value | _Composed | _Elsewhere) -> str:
    match value:
        case CommandLine(option=option):
            return f"it is read from the script's own arguments{f' (`{option}`)' if option else ''}"
        case Parameter(name=name):
            return f"it is whatever is passed as `{name}`"
        case Unknown(reason=reason):
            return reason
        case Literal(name=name):
            return f"`{name}` is a field, which may be set when the object is made"
    return "it has no form on the command line"
