"""What the uvicorn command calls the app that a launch serves: `core.server:app`, or a factory."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Sequence

from tree_sitter import Node

from portside.knowledge.apps import APP_CLASSES
from portside.knowledge.uvicorn import OPTIONS, Kind
from portside.python.launching.app_string import app_string
from portside.python.launching.app_texts import app_texts, named_either_way
from portside.python.launching.launch_effects import imported_modules, is_pure
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_site import Site
from portside.python.launching.launches import Launch
from portside.python.launching.path_first import changes_to_own_folder, served_instead
from portside.python.launching.script_place import (
    ImportTarget,
    ScriptPlace,
    hidden,
    is_named,
    named_by_itself,
    other_target,
    own_target,
)
from portside.python.names.bindings import Binding, How, ScopeKind
from portside.python.names.names import Names
from portside.python.source.nodes import EXTRAS, holds, nodes_of, own_parts
from portside.python.source.syntax import arguments, is_tried, string_value, unwrapped
from portside.python.values.value_types import Outside, nothing_outside
from portside.records import dataclass


@dataclass(frozen=True, slots=True)
class AppTarget:
    """The app as the command names it. name: the module's attribute, `app` or `server.app`.

    own: whether it is the script's own module that uvicorn imports.
    """

    place: ImportTarget
    name: str
    factory: bool = False
    own: bool = False

    @property
    def text(self) -> str:
        return f"{self.place.module}:{self.name}"


# The target, and the site with the statements that serve to make the app.
Found = tuple[AppTarget, Site]


@dataclass
class AppFinder:
    """Finds the target of one launch, or adds what keeps the app from having one."""

    names: Names
    site: Site
    place: ScriptPlace
    launch: Launch
    obstacles: Obstacles
    outside: Outside = nothing_outside

    def find(self, expression: Node) -> Found | None:
        """The target, and the site with the statements that serve to make the app."""
        node = self.site.argument(self.names, expression)
        literal = self.names.value_of(node)
        if (string := app_string(self.names, node)) is not None:
            return self._of_string(literal, string)
        if (named := named_either_way(self.names, node)) is not None:
            return self._of_name(named)
        if app_texts(self.names, node, self.outside) is not None:
            shown = self.obstacles.quote(node)
            return self._refuse(node, f"{shown} is an import string that only the running script knows")
        if node.type == "identifier":
            return self._of_name(node)
        if node.type == "call":
            return self._of_factory(node, ())
        if node.type == "attribute":
            return self._of_attribute(node)
        return self._refuse(node, f"{self.obstacles.quote(node)} has no name that the command could give")

    def _refuse(self, node: Node, reason: str) -> Found | None:
        self.obstacles.explain(node, reason)
        return None

    # A name

    def _of_name(self, node: Node) -> Found | None:
        names, name = self.names, self.names.tree.text(node)
        bindings = names.bindings_of(node)
        if not bindings:
            return self._refuse(node, f"where `{name}` comes from can't be seen in this file")
        inside = [b for b in bindings if self.site.removes(b.node.start_byte)]
        deferred = [b for b in names.module_bindings(name) if b.deferred]
        if inside:
            return self._of_local(node, inside) if len(bindings) == 1 else self._rebound(inside[0])
        if deferred:
            line = names.tree.line(deferred[0].node)
            return self._refuse(deferred[0].node, f"`{name}` is set by a function, in line {line}")
        home = names.home(name, names.scope_at(node))
        if home is None or home.kind is not ScopeKind.MODULE:
            return self._refuse(node, f"`{name}` is no name of the module")
        return self._home_module(bindings) or self._own(node, name)

    def _rebound(self, binding: Binding) -> Found | None:
        return self._refuse(binding.node, f"`{binding.name}` is made anew before the server starts")

    def _of_local(self, node: Node, bindings: Sequence[Binding]) -> Found | None:
        """An app that only the code of the launch knows: imported there, or made by a factory."""
        binding, name = bindings[0], self.names.tree.text(node)
        value = unwrapped(binding.value) if binding.value is not None else None
        if binding.how is How.IMPORT and binding.target is not None and "." in binding.target.strip("."):
            return self._of_import(binding)
        if value is not None and value.type == "call" and self._reads(name, binding) <= 1:
            statement = binding.statement
            return self._of_factory(value, (statement,))
        line = self.names.tree.line(binding.node)
        return self._refuse(
            binding.node,
            f"`{name}` is made in line {line}, where only the script comes: the command can't name it",
        )

    def _reads(self, name: str, binding: Binding) -> int:
        home = self.names.home(name, self.names.scope_at(binding.node))
        return len(self.names.reads(name, home)) if home is not None else 2

    def _of_import(self, binding: Binding) -> Found | None:
        target = binding.target or ""
        module, _, name = target.rpartition(".")
        if target.startswith(".") or binding.statement.type != "import_from_statement":
            return self._refuse(binding.node, f"`{binding.name}` is imported only when the script runs")
        self._check_rest_of_module(module)
        site = dataclasses.replace(self.site, serving=(*self.site.serving, binding.statement))
        return AppTarget(self._other(module), name), site

    # A factory

    def _of_factory(self, call: Node, serving: tuple[Node, ...]) -> Found | None:
        function, passed = call.child_by_field_name("function"), arguments(call)
        shown = self.obstacles.quote(call)
        if function is None or function.type != "identifier":
            return self._refuse(call, f"the app is made by {shown}, which the command can't name")
        if passed.positional or passed.keywords or passed.unpacked or passed.starred:
            return self._refuse(call, f"the app is made by {shown}, and the command can't pass arguments")
        name = self.names.tree.text(function)
        bindings = self.names.bindings_of(function)
        if len(bindings) != 1 or self.site.removes(bindings[0].node.start_byte):
            return self._refuse(call, f"`{name}` is no function that the command could name")
        if bindings[0].how is How.FUNCTION and not self._is_plain(bindings[0].statement):
            return self._refuse(call, f"`{name}` can't be called by uvicorn as it stands")
        if bindings[0].how not in {How.FUNCTION, How.IMPORT}:
            return self._refuse(call, f"the app is made by {shown}, which is no function of the module")
        site = dataclasses.replace(self.site, serving=(*self.site.serving, *serving))
        found = self._own(call, name, factory=True)
        return (found[0], site) if found else None

    def _is_plain(self, function: Node) -> bool:
        """Whether it is a function of the module that gives the app when it is called without arguments."""
        parent, listed = function.parent, function.child_by_field_name("parameters")
        parameters = listed.named_children if listed is not None else []
        return (
            parent is not None
            and parent.type == "module"
            and function.children[0].type != "async"
            and all(node.type in _OPTIONAL for node in parameters)
        )

    # An attribute

    def _of_attribute(self, node: Node) -> Found | None:
        root = node
        while root.type == "attribute" and (inner := root.child_by_field_name("object")) is not None:
            root = unwrapped(inner)
        text = "".join(self.names.tree.text(node).split())
        if root.type != "identifier" or not re.fullmatch(r"[\w.]+", text):
            return self._refuse(node, f"{self.obstacles.quote(node)} has no name that the command could give")
        bindings = self.names.bindings_of(root)
        home = self.names.home(self.names.tree.text(root), self.names.scope_at(root))
        if home is None or home.kind is not ScopeKind.MODULE or not bindings:
            return self._refuse(
                node, f"{self.obstacles.quote(node)} is known only where the server is started"
            )
        if any(self.site.removes(b.node.start_byte) or b.deferred for b in bindings):
            line = self.names.tree.line(bindings[-1].node)
            return self._refuse(
                node, f"{self.obstacles.quote(root)} is made in line {line}, only in the script"
            )
        return self._own(node, text)

    # Modules

    def _own(self, node: Node, name: str, *, factory: bool = False) -> Found | None:
        if deleted := self._deleted(name.partition(".")[0]):
            return self._refuse(deleted, f"{self.obstacles.quote(deleted)} leaves the module without it")
        target = own_module(self.names, self.place, self.launch)
        if isinstance(target, str):
            return self._refuse(node, target)
        return AppTarget(target, name, factory, own=True), self.site

    def _deleted(self, name: str) -> Node | None:
        """The `del` that takes the name out of the module again."""
        for chunk in self.names.chunks_with([name]):
            for statement in chunk.nodes("delete_statement"):
                targets = nodes_of(own_parts(statement)[0], "identifier")
                is_gone = any(
                    self.names.tree.text(node) == name
                    and node.parent in {statement, *statement.named_children}
                    for node in targets
                )
                if is_gone and self.names.scope_at(statement) is self.names.module:
                    return statement
        return None

    def _home_module(self, bindings: Sequence[Binding]) -> Found | None:
        """The module that the app is imported from, if this file does nothing but to start it."""
        binding = bindings[0]
        target = binding.target or ""
        module, _, name = target.rpartition(".")
        is_import = binding.statement.type == "import_from_statement" and not target.startswith(".")
        if len(bindings) != 1 or not is_import or not module or self.place.home_of(module) is None:
            return None
        for chunk in self.names.chunks:
            if self.site.removes(chunk.start) or is_text(chunk.node):
                continue
            if chunk.node.type not in _IMPORTS or not self._only_for_launch(chunk.node):
                return None
        return AppTarget(self._other(module), name), self.site

    def _other(self, module: str) -> ImportTarget:
        return other_target(self.place, module, given_paths(self.names, self.launch))

    def _only_for_launch(self, statement: Node) -> bool:
        """Whether all that it imports is read, by code that goes: nothing is imported for its effect."""
        if statement.type == "future_import_statement":
            return True
        bound = {binding.name for binding in bound_in(self.names, statement)}
        return bool(bound) and all(
            reads and all(self.site.removes(read.start_byte) for read in reads)
            for reads in (self.names.reads(name) for name in bound)
        )

    def _of_string(self, node: Node, text: str) -> Found | None:
        module, colon, name = text.partition(":")
        if not colon or not module or not name or module.startswith("."):
            return self._refuse(node, f"{self.obstacles.quote(node)} is no `module:attribute`")
        if (reason := hidden(module)) is not None:
            return self._refuse(node, reason)
        if module == "__main__":
            return self._own(node, name)
        if (reason := served_instead(self.names, self.place, module)) is not None:
            return self._refuse(node, reason)
        if self._names_itself(module):
            found = self._own(node, name)
            return found if found is None or "." not in module else self._as_it_says(found, module)
        if self._is_meant(module, name):
            self.obstacles.note(
                f"there is no `{module}` here: the command serves the `{name}` of this file", review=True
            )
            return self._own(node, name)
        self._check_rest_of_module(module)
        return AppTarget(self._other(module), name), self.site

    def _names_itself(self, module: str) -> bool:
        return is_named(self.place, module)

    def _is_meant(self, module: str, name: str) -> bool:
        """Whether the file has such an app itself and nothing has the module: it had that name once."""
        if "." in module or not self.place.folders or self.place.home_of(module) is not None:
            return False
        if _adds_folders(self.names):
            return False
        bindings = self.names.module_bindings(name)
        made = unwrapped(bindings[0].value) if len(bindings) == 1 and bindings[0].value is not None else None
        maker = made.child_by_field_name("function") if made is not None else None
        return maker is not None and self.names.qualified(maker) in APP_CLASSES

    def _as_it_says(self, found: Found, module: str) -> Found:
        """With the module name that the script gives itself, which tells where it is to be imported from."""
        target, site = found
        if target.place.cwd:
            return found
        return dataclasses.replace(target, place=named_by_itself(self.place, module)), site

    def _check_rest_of_module(self, module: str) -> None:
        """The command imports the app's module alone: what else this file does on import is lost."""
        for chunk in self.names.chunks:
            node = chunk.node
            if self.site.removes(chunk.start) or node.type in {"function_definition", "class_definition"}:
                continue
            if is_text(node) or self._is_constant(node):
                continue
            if node.type in _IMPORTS and (self._only_for_launch(node) or self._is_standard(node)):
                continue
            self.obstacles.add(
                node,
                f"{self.obstacles.quote(node)} runs before the server; the command imports `{module}` alone",
            )
            return

    def _is_standard(self, statement: Node) -> bool:
        """Whether it imports from the standard library, which is never done for its effect."""
        modules = imported_modules(self.names, statement)
        return all(module.partition(".")[0] in sys.stdlib_module_names for module in modules)

    def _is_constant(self, statement: Node) -> bool:
        inner = own_parts(statement)[0] if statement.type == "expression_statement" else statement
        left, right = inner.child_by_field_name("left"), inner.child_by_field_name("right")
        if inner.type != "assignment" or left is None or left.type != "identifier":
            return False
        return right is not None and is_pure(self.names, right)


_OPTIONAL = frozenset(
    {
        "default_parameter",
        "typed_default_parameter",
        "list_splat_pattern",
        "dictionary_splat_pattern",
        *EXTRAS,
    }
)
_IMPORTS = frozenset({"import_statement", "import_from_statement", "future_import_statement"})


def own_module(
    names: Names, place: ScriptPlace, launch: Launch | None = None, *, imported: str | None = None
) -> ImportTarget | str:
    """How the command names the file itself, or why it can't.

    launch: may name files in its options. imported: a module that it imports once it is a factory.
    """
    depth = len(place.folder.split("/")) if place.folder else 0
    relative = (
        min(len(module) - len(module.lstrip(".")), depth if is_tried(statement) else sys.maxsize)
        for chunk in names.chunks_with(["import"])
        for statement in chunk.nodes("import_from_statement")
        for module in imported_modules(names, statement)
    )
    # Only a script in a folder of its own can depend on the folder that it is run in.
    opened = opened_paths(names) | given_paths(names, launch) if place.folder else frozenset[str]()
    roots = names.imported_roots
    if imported:
        # What only functions import may be for another command of the script; this is for the server.
        roots = frozenset({imported.partition(".")[0], *_roots_on_import(names)})
    return own_target(
        place,
        roots,
        opened,
        relative_dots=max(relative, default=0),
        adds_folders=_adds_folders(names),
        goes_home=launch is not None and _watches_its_folder(names, place, launch),
    )


def _watches_its_folder(names: Names, place: ScriptPlace, launch: Launch) -> bool:
    """Whether the script goes to its own folder, where uvicorn then looks for changes."""
    is_told = {"reload_dirs", "app_dir"} & launch.options.keys()
    return launch.reloads(names) and not is_told and changes_to_own_folder(names, place)


def _adds_folders(names: Names) -> bool:
    """Whether the file makes modules of another folder its own, or says so in a comment."""
    text = names.tree.source.text
    # Most files have none of the words; to search a long one for the whole of them would cost each keystroke.
    return any(word in text for word in _ADDING) and _OTHER_FOLDERS.search(text) is not None


def _roots_on_import(names: Names) -> set[str]:
    """The first parts of what the module itself imports, and not a function of it."""
    return {
        module.partition(".")[0]
        for chunk in names.chunks_with(["import"])
        if not chunk.is_definition
        for statement in chunk.nodes("import_statement", "import_from_statement")
        for module in imported_modules(names, statement)
    }


def bound_in(names: Names, statement: Node) -> tuple[Binding, ...]:
    """What the code of this statement binds in the module, itself or through `global`."""
    chunk = names.chunk_at(statement.start_byte)
    bound = sorted(name for name, _ in names.bindings_by(chunk) if name != "*") if chunk is not None else []
    found = [binding for name in bound for binding in names.module_bindings(name)]
    return tuple(b for b in found if holds(statement, b.node))


def is_bound_alike(names: Names, site: Site, binding: Binding) -> bool:
    """Whether it is an import that the module has too, whoever starts it."""
    others = [b for b in names.module_bindings(binding.name) if not site.removes(b.node.start_byte)]
    same = [
        b.how is How.IMPORT and b.target == binding.target and not b.deferred and b.arm is None
        for b in others
    ]
    return binding.how is How.IMPORT and binding.target is not None and bool(same) and all(same)


_ADDING = ("sys.path", "addsitedir", "chdir", "app_dir", "PYTHONPATH")
_OTHER_FOLDERS = re.compile(rf"\b(?:{'|'.join(map(re.escape, _ADDING))})\b")
_OPENERS = frozenset(
    {"open", "Path", "FileResponse", "StaticFiles", "Jinja2Templates", "load_dotenv", "read_csv"}
    | {"spec_from_file_location"}
)
_MODES = frozenset({"r", "rb", "rt", "w", "wb", "wt", "a", "ab", "at", "x", "r+", "w+", "a+"})
_PATH_ARGUMENTS = frozenset({"directory", "dotenv_path", "file", "filename", "location", "path"})


def given_paths(names: Names, launch: Launch | None) -> frozenset[str]:
    """The relative paths among the options of the launch: certificates, a log configuration."""
    found = set[str]()
    for keyword, node in launch.options.items() if launch is not None else ():
        option = OPTIONS.get(keyword)
        path = string_value(names.tree, names.value_of(node))
        if option is not None and option.kind is Kind.PATH and keyword != "app_dir" and path:
            found.add(path)
    return frozenset(found)


def opened_paths(names: Names) -> frozenset[str]:
    """The relative paths that the file opens, as far as they stand in it."""
    found: set[str] = set()
    for chunk in names.chunks_with(_OPENERS):
        for call in chunk.nodes("call"):
            function = call.child_by_field_name("function")
            called = function.child_by_field_name("attribute") or function if function is not None else None
            if called is None or names.tree.text(called) not in _OPENERS:
                continue
            passed = arguments(call)
            named = (node for name, node in passed.keywords.items() if name in _PATH_ARGUMENTS)
            # The first argument of `spec_from_file_location` is the module's name.
            number = 1 if names.tree.text(called) == "spec_from_file_location" else 0
            for node in (*passed.positional[number : number + 1], *named):
                path = string_value(names.tree, names.value_of(node))
                # `path.open("w")` names a mode.
                if path in _MODES:
                    continue
                if path and path.strip("./") and not path.startswith(("/", "~", "http:", "https:")):
                    found.add(path)
    return frozenset(found)


def is_text(node: Node) -> bool:
    """Whether the statement is a bare string: a docstring, or a comment in the form of one."""
    return node.type == "expression_statement" and own_parts(node)[0].type == "string"
