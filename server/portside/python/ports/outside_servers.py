"""What made a server that another file of the workspace has.

from app import app
app.run(port=5000)                  ->  app.py: app = Flask(__name__)
create_app().run(port=5000)         ->  app/__init__.py: def create_app(): …; return app
"""

from __future__ import annotations

from portside.python.names.bindings import Binding, How
from portside.python.ports.port_calls import makers
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
        plain = parts[:-1] if parts[-1:] == (CALL,) else parts
        self.files += 1
        if self.files > _MOST_FILES or CALL in plain or len(plain) < 2:
            return frozenset()
        found = self.load(importer, module_of(plain[:-1]))
        return self._in_file(found, plain[-1], is_called=plain != parts) if found is not None else frozenset()

    def _in_file(self, file: Loaded, name: str, *, is_called: bool) -> frozenset[str]:
        bindings = file.names.module_bindings(name)
        made = [self._of_binding(file, binding, is_called=is_called) for binding in bindings]
        return frozenset().union(*made) if all(made) else frozenset()

    def _of_binding(self, file: Loaded, binding: Binding, *, is_called: bool) -> frozenset[str]:
        match binding.how:
            case How.IMPORT if binding.target is not None:
                return self.of_name(file.path, (*parts_of(binding.target), *(CALL,) * is_called))
            case How.FUNCTION | How.CLASS if is_called:
                return self._returned(file, binding)
        if binding.value is None or is_called:
            return frozenset()
        if unwrapped(binding.value).type == "dictionary":
            return frozenset({"builtins.dict"})
        return makers(self._tracer(file), binding.value)

    def _returned(self, file: Loaded, binding: Binding) -> frozenset[str]:
        definition = binding.statement
        if definition.type == "decorated_definition":
            definition = definition.child_by_field_name("definition") or definition
        if definition.type == "class_definition":
            bases = arguments(definition).positional
            base = file.names.qualified(bases[0]) if len(bases) == 1 else None
            return frozenset({base}) if base is not None else frozenset()
        made = [makers(self._tracer(file), expression) for expression in returns(definition)]
        return frozenset().union(*made) if made and all(made) else frozenset()

    def _tracer(self, file: Loaded) -> Tracer:
        return Tracer(file.names, made_by=lambda name: self.of_name(file.path, parts_of(name)))
