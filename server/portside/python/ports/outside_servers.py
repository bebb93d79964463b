"""What made a server that another file of the workspace has.

from app import app
app.run(port=5000)                  ->  app.py: app = Flask(__name__)
create_app().run(port=5000)         ->  app/__init__.py: def create_app(): …; return app
Server().app.run(port=5000)         ->  server.py: class Server, self.app = Flask(__name__)
"""

from __future__ import annotations

from tree_sitter import Node

from portside.python.names.bindings import Binding, How
from portside.python.ports.server_makers import class_of, makers, member_values, of_each
from portside.python.source.syntax import arguments, unwrapped
from portside.python.values.outside_values import CALL, Load, Loaded, module_of, parts_of
from portside.python.values.value_objects import returns
from portside.python.values.values import Tracer
from portside.records import dataclass

_MOST_FILES = 12


def made_by(load: Load, importer: str, qualified: str) -> frozenset[str]:
    """The classes one of which made what the qualified name stands for, as `importer` means it.

    `()` at its end stands for a call. Empty where anything else may have made it.
    """
    return _Search(load).of_name(importer, parts_of(qualified))


@dataclass
class _Search:
    load: Load
    files: int = 0

    def of_name(self, importer: str, parts: tuple[str, ...]) -> frozenset[str]:
        """From the longest start of the name that is a module."""
        modules = next((i for i, part in enumerate(parts) if part == CALL), len(parts))
        for length in range(modules - 1, 0, -1):
            self.files += 1
            if self.files > _MOST_FILES:
                break
            found = self.load(importer, module_of(parts[:length]))
            if found is not None:
                return self._in_file(found, parts[length], parts[length + 1 :])
        return frozenset()

    def _in_file(self, file: Loaded, name: str, rest: tuple[str, ...]) -> frozenset[str]:
        bindings = file.names.module_bindings(name)
        made = [self._of_binding(file, binding, rest) for binding in bindings]
        return frozenset().union(*made) if all(made) else frozenset()

    def _of_binding(self, file: Loaded, binding: Binding, rest: tuple[str, ...]) -> frozenset[str]:
        match binding.how:
            case How.IMPORT if binding.target is not None:
                return self.of_name(file.path, (*parts_of(binding.target), *rest))
            case How.FUNCTION | How.CLASS:
                return self._of_definition(file, binding.statement, rest)
        if binding.value is None or rest[:1] == (CALL,):
            return frozenset()
        if rest:
            owner = class_of(file.names, binding.value)
            return self._of_member(file, owner, rest) if owner is not None else frozenset()
        if unwrapped(binding.value).type == "dictionary":
            return frozenset({"builtins.dict"})
        return makers(self._tracer(file), binding.value)

    def _of_definition(self, file: Loaded, definition: Node, rest: tuple[str, ...]) -> frozenset[str]:
        if definition.type == "decorated_definition":
            definition = definition.child_by_field_name("definition") or definition
        if definition.type != "class_definition":
            return of_each(self._tracer(file), returns(definition)) if rest == (CALL,) else frozenset()
        if rest == (CALL,):
            bases = arguments(definition).positional
            base = file.names.qualified(bases[0]) if len(bases) == 1 else None
            return frozenset({base}) if base is not None else frozenset()
        return self._of_member(file, definition, rest[1:] if rest[:1] == (CALL,) else rest)

    def _of_member(self, file: Loaded, owner: Node, rest: tuple[str, ...]) -> frozenset[str]:
        """What the class or an instance of it has under a name, or what its method returns."""
        if not rest or rest[1:] not in {(), (CALL,)}:
            return frozenset()
        values = member_values(file.names, owner, rest[0], is_called=len(rest) == 2)
        return of_each(self._tracer(file), values)

    def _tracer(self, file: Loaded) -> Tracer:
        return Tracer(file.names, made_by=lambda name: self.of_name(file.path, parts_of(name)))
