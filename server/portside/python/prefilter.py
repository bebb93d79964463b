"""Whether a text can be of any interest: most files of a workspace are not, and are never parsed.

Two looks, both at memory speed. What stands behind the word `import`: is it something that
rules know, or a package that has it? Then the whole text: does it have all the words of that
something? The words come from the tables that the rules judge by.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from portside.knowledge import listeners, server_commands
from portside.knowledge.apps import APP_CLASSES, APP_NAMES
from portside.knowledge.launches import LAUNCH_NAMES
from portside.knowledge.main_guard import UNDEFINED_NAMES
from portside.knowledge.server_commands import ServerCommand
from portside.knowledge.vllm import ENGINE_CONSTRUCTORS, PORT_VARIABLE
from portside.knowledge.vllm_entrypoints import MODULES as RETIRED_MODULES
from portside.python.names.import_text import ImportText, import_text, imports_in
from portside.python.ports.port_words import PORT
from portside.records import cached_property, dataclass


class Interest(enum.Flag):
    """What a text may be about. NONE is certain, the others are not.

    APP: it may make a web app: what there is to say of it is what its imports do. RETIRED: it imports
    a module that some releases of vLLM lack: that says nothing where `vllm` is the workspace's own.
    ELSEWHERE: it runs something with a port, or has the name of something, that may come from another file.
    MAKERS: it imports vLLM, and what it calls of other files may make an engine there.
    GIVES: it gives something a port, which may be a server of another file.
    ANY: all else that rules know.
    """

    NONE = 0
    APP = 1
    RETIRED = 2
    ANY = 4
    ELSEWHERE = 8
    MAKERS = 16
    GIVES = 32


@dataclass(frozen=True, slots=True, eq=False)
class _Need:
    """Something that rules know by a qualified name, and what a text has to have for it.

    modules: on the way to it. name: what it is called there. words: all of these are in the text.
    target: the qualified name; "" where any will do that ends like it. sign: what tells besides that a text
    may have it.
    """

    modules: frozenset[bytes]
    name: bytes
    words: tuple[bytes, ...]
    target: str
    sign: Callable[[bytes], bool] | None = None

    def met(self, text: _Text) -> bool:
        data = text.data
        return (
            _has_all(data, self.words)
            and (self.sign is None or self.sign(data))
            and (self.target in _BY_OTHERS or text.may_import(self.target))
        )

    def met_by_name(self, text: _Text) -> bool:
        """The same where the text imports something of its name."""
        return self.met(text) and (self.target in _BY_OTHERS or self.target in text.imported)


@dataclass
class _Text:
    """A text with its imports. known: the words behind them that count."""

    data: bytes
    imports: ImportText
    known: frozenset[bytes]

    @classmethod
    def of(cls, data: bytes, imports: ImportText) -> _Text:
        words: list[bytes] = imports.behind.translate(_WORDS_ONLY).split()
        return cls(data, imports, _KNOWN.intersection(words))

    @cached_property
    def pairs(self) -> frozenset[tuple[str, str | None]]:
        """Module and name of each import."""
        return imports_in(self.imports.lines)

    @cached_property
    def imported(self) -> frozenset[str]:
        """What imports bring, by qualified name; of `import a.b`, the `a`."""
        return frozenset(m.partition(".")[0] if name is None else f"{m}.{name}" for m, name in self.pairs)

    def may_import(self, target: str) -> bool:
        """Whether an import brings this, or something that has it, and the rest stands behind dots."""
        parts = target.split(".")
        for count in range(1, len(parts) + 1):
            if ".".join(parts[:count]) in self.imported and all(map(self._has_attribute, parts[count:])):
                return True
        return _ANYTHING.search(self.imports.lines) is not None

    def _has_attribute(self, name: str) -> bool:
        return _attribute((name.encode(),)).search(self.data) is not None


class _Needs:
    """Many of them, by what stands behind an `import`."""

    def __init__(self, needs: Iterable[_Need]) -> None:
        self._all = frozenset(needs)
        self._by_name: defaultdict[bytes, set[_Need]] = defaultdict(set)
        by_module: defaultdict[bytes, set[_Need]] = defaultdict(set)
        for need in self._all:
            self._by_name[need.name].add(need)
            for module in need.modules:
                by_module[module].add(need)
        self._by_module = {module: _Attributes.of(module, found) for module, found in by_module.items()}
        self.words: frozenset[bytes] = frozenset({*self._by_name, *self._by_module, _STAR})

    def met(self, text: _Text) -> bool:
        """Whether the text has all that one of them needs."""
        for word in text.known:
            needs = self._by_name.get(word, ())
            if any(need.met_by_name(text) for need in needs) and _is_used(
                text.data, text.imports.lines, word
            ):
                return True
            attributes = self._by_module.get(word)
            if attributes is not None and attributes.met(text):
                return True
        return _STAR in text.known and self._met_by_star(text)

    def _met_by_star(self, text: _Text) -> bool:
        # Of a package that has it, by the first word of its name.
        sources = frozenset(_FROM.findall(text.imports.lines))
        return any(need.words[-1] in sources and need.met(text) for need in self._all)


@dataclass(frozen=True, slots=True)
class _Attributes:
    """What a module has on it. signs: each text that uses one has one of these; none where it takes many."""

    needs: Mapping[bytes, tuple[_Need, ...]]
    signs: tuple[bytes, ...]

    @classmethod
    def of(cls, module: bytes, needs: Collection[_Need]) -> _Attributes:
        by_name: defaultdict[bytes, list[_Need]] = defaultdict(list)
        for need in needs:
            by_name[need.name].append(need)
        return cls({name: tuple(found) for name, found in by_name.items()}, _signs(module, needs))

    def met(self, text: _Text) -> bool:
        if self.signs and not any(sign in text.data for sign in self.signs):
            return False
        used = frozenset(_attribute(tuple(self.needs)).findall(text.data))
        return any(need.met(text) for name in used for need in self.needs[name])


def _signs(module: bytes, needs: Iterable[_Need]) -> tuple[bytes, ...]:
    """Words besides the module's, one of which each of them has."""
    signs: list[bytes] = []
    left = [frozenset(need.words) - {module} for need in needs]
    while left:
        counts = Counter(word for words in left for word in words)
        signs.append(max(counts, key=lambda word: (counts[word], len(word), word)))
        left = [words for words in left if signs[-1] not in words]
    # To look for each of many takes longer than one look for all of them behind a dot.
    return tuple(signs) if len(signs) <= _FEW else ()


def is_interesting(data: bytes, path: str = "") -> bool:
    """Whether a rule might say something of this text. False is certain, True is not."""
    return interest(data, path) is not Interest.NONE


def interest(data: bytes, path: str = "", text: ImportText | None = None) -> Interest:
    """What rules might have to say something of.

    path: the file's; some count by their name. text: the text's imports, where somebody has them.
    """
    read = _Text.of(data, text or import_text(data))
    if read.known and _may_start_something(read):
        return Interest.ANY
    dotted = _DOTTED.findall(data)
    if _has_broken_guard(data) or _speaks_to_portside(data, path):
        return Interest.ANY
    if _keeps_retired_command(data, dotted) or _makes_command(data):
        return Interest.ANY
    found = Interest.APP if read.known and _APPS.met(read) else Interest.NONE
    if _may_run_server(data, dotted) or _may_be_handed_on(read):
        found |= Interest.ELSEWHERE
    if _may_have_others_make_engine(read.imports.lines):
        found |= Interest.MAKERS
    if len(data) <= _LARGEST_STARTER and _given_ports(read):
        found |= Interest.GIVES
    return found | Interest.RETIRED if _imports_retired_module(read.imports.lines) else found


def may_listen(data: bytes, text: ImportText) -> bool:
    """Whether the text may listen on a port, or start what does. text: its imports."""
    read = _Text.of(data, text)
    return (bool(read.known) and _may_start_something(read)) or _may_run_server(data, _DOTTED.findall(data))


def may_make_engine(data: bytes, text: ImportText) -> bool:
    """Whether the text may make an engine, by whatever it imports it from. text: its imports."""
    read = _Text.of(data, text)
    if not _may_import_engine(read):
        return False  # as most of thousands of files, which takes no look at more than their imports
    if b"vllm" in data or b"VLLM" in data:
        return _ENGINES.met(read)
    return any(name in data for name in _HANDED_ON) and _may_be_handed_on(read)


def may_import_engine(text: ImportText) -> bool:
    """Whether what these imports bring may be something to make an engine with."""
    return _may_import_engine(_Text.of(b"", text))


def _may_import_engine(text: _Text) -> bool:
    return not text.known.isdisjoint(_MAKING) or b"*" in text.imports.behind


def _speaks_to_portside(data: bytes, path: str) -> bool:
    if _CONFIGURATION_FILE.search(path) is not None and _CONFIGURATION.search(data) is not None:
        return True
    return _COMMENT.search(data) is not None


_HANDED_ON_NAMES = frozenset(name.rpartition(".")[2] for name in ENGINE_CONSTRUCTORS if name.count(".") == 1)
_HANDED_ON = tuple(name.encode() for name in sorted(_HANDED_ON_NAMES))
_RUNS = re.compile(rb"\.(?:run|launch|run_server)\(")
_RETIRED_PROGRAMS = b".entrypoints"
# Both of these, and all that begins with a dot, are found in one look.
_DOTTED = re.compile(rb"\.(?:(?:run|launch|run_server)\(|entrypoints(?=\.))")
_WITH_PORT = re.compile(rb"\b(?:server_)?port\s*=|,\s*\d{4,5}\s*[,)]")
_LONGEST_CALL = 300


def _may_run_server(data: bytes, dotted: Sequence[bytes]) -> bool:
    """Whether some `x.run(…)` has a port among what it is given; x may come from another file."""
    if all(found == _RETIRED_PROGRAMS for found in dotted):
        return False
    runs = (found.end() for found in _RUNS.finditer(data))
    return any(_WITH_PORT.search(data, start, start + _LONGEST_CALL) is not None for start in runs)


# What only has a server started, by a function of another file, is a small program.
_LARGEST_STARTER = 40_000
_MOST_GIVEN = 20
# By name.
_GIVEN = re.compile(PORT + rb"(?:\s*=|[\"']\s*[:,])\s*(?:[\d\"'A-Z]|int\(|str\(|os\.)")
# By place, to what is called like something that serves.
_NUMBER_GIVEN = (
    re.compile(rb", \d{4,5}[,)]"),
    re.compile(rb"\(\d{4,5}[,)]"),
    re.compile(rb"PORT[,)]"),
)
_SERVES = re.compile(rb"serve|start|run|launch|listen|main|Serve|Start|Run|Launch|Main")
_ALIASES = re.compile(rb"\bas[ \t]+(\w+)")
_BASES = re.compile(rb"\bclass[ \t]+\w+\(([\w.]+)")


def given_ports(data: bytes, text: ImportText) -> frozenset[str]:
    """What the text imports that it gives a port, or a number that may be one; `*` for what that can't tell.

    text: its imports.
    """
    return _given_ports(_Text.of(data, text))


def _given_ports(text: _Text) -> frozenset[str]:
    # Few files import anything of such a name, and no other is asked for what it gives by place.
    serves = _SERVES.search(text.imports.behind) is not None
    roots: set[bytes] = set()
    for given in _some(_GIVEN, text.data):
        called = list(_called_around(text.data, given))
        if serves and not called:
            return frozenset({"*"})  # `port = 9000` on a line of its own: for whatever takes it
        roots.update(called)
    for number in (found for given in _NUMBER_GIVEN for found in _some(given, text.data)) if serves else ():
        roots.update(root for root in _called_around(text.data, number) if _may_serve(root))
    if _VARIABLE in text.data:
        return frozenset({"*"})
    if not roots:
        return frozenset()
    imported = {name or module.partition(".")[0] for module, name in text.pairs}
    sources = {source for root in roots for source in _sources(text.data, root)}
    aliases = {alias.decode("utf-8", "replace") for alias in _ALIASES.findall(text.imports.lines)}
    brought = sources & imported
    # An object with a port is handed on, and so is what is called later.
    hands_on = any(_last(root) in _HANDERS or _last(root)[:1].isupper() for root in roots)
    is_open = sources & aliases or "*" in imported or hands_on
    return frozenset(brought | {"*"} if is_open else brought)


def _may_serve(callee: bytes) -> bool:
    return _SERVES.search(callee) is not None or _last(callee) in _HANDERS


def _last(callee: bytes) -> str:
    return callee.rpartition(b".")[2].decode("utf-8", "replace")


# What is given a function, and what that is to be called with.
_HANDERS = listeners.CALLING_METHODS.union(
    name.rpartition(".")[2] for name in listeners.CALLERS | listeners.STARTERS
)


def _some(given: re.Pattern[bytes], data: bytes) -> Iterator[int]:
    """Where the first of them stand."""
    return (found.end() - 1 for found in itertools.islice(given.finditer(data), _MOST_GIVEN))


def _called_around(data: bytes, byte: int) -> Iterator[bytes]:
    """What is called by the brackets around this byte."""
    before = data[max(0, byte - _LONGEST_CALL) : byte]
    start = _opening(before, len(before))
    while start >= 0:
        callee = _ahead(before, start)
        if callee:
            yield callee
        start = _opening(before, start)


def _ahead(text: bytes, start: int) -> bytes:
    """What the bracket at `start` calls; of `Server("m").run(`, both, as `Server.run`."""
    ahead = text[max(0, start - _LONGEST_HOLDER) : start].translate(_DOTTED_ONLY)
    if not ahead or ahead.endswith(b" "):
        return b""
    word = ahead.split()[-1]
    dot = text.rfind(b".", 0, start - len(word) + 1)
    if not word.startswith(b".") or text[dot - 1 : dot] != b")":
        return word
    return _ahead(text, _opening(text, dot - 1)) + word


def _opening(text: bytes, end: int) -> int:
    """Where the bracket opens that is still open at `end`; -1 where none is."""
    depth = 0
    for found in reversed(list(_BRACKET.finditer(text, 0, end))):
        depth += 1 if found[0] == b")" else -1
        if depth < 0:
            return found.start()
    return -1


_BRACKET = re.compile(rb"[()]")
_VARIABLE = PORT_VARIABLE.encode()
_DOTTED_ONLY = bytes(c if c > 127 or chr(c).isalnum() or chr(c) in "_." else ord(" ") for c in range(256))


def _sources(data: bytes, callee: bytes) -> Iterator[str]:
    """What brings the callee, if anything in the text does: its first name, or that of its object's class."""
    root, dot, _ = callee.partition(b".")
    made: list[bytes] = []
    if root == b"super":
        made = _BASES.findall(data)
    elif dot and len(holder := callee.rpartition(b".")[0]) <= _LONGEST_HOLDER:
        made = _making(holder).findall(data)
    for name in (root, *made):
        yield name.partition(b".")[0].decode("utf-8", "replace")


@functools.lru_cache(maxsize=64)
def _making(holder: bytes) -> re.Pattern[bytes]:
    # What precedes is looked at last, as in `_whole`.
    name = re.escape(holder)
    return re.compile(rb"%b(?<![\w.]%b)(?::[^\n=]*)?[ \t]*=[ \t]*([\w.]+)\(" % (name, name))


def _may_be_handed_on(text: _Text) -> bool:
    """Whether an engine's class, or uvicorn, may come by an import from another file that imports it."""
    if not text.known.isdisjoint(_HANDED_ON) and any(
        name in _HANDED_ON_NAMES and module.partition(".")[0] != "vllm" for module, name in text.pairs
    ):
        return True
    has_star = b"*" in text.imports.behind
    return has_star and (b"uvicorn.run" in text.data or any(name + b"(" in text.data for name in _HANDED_ON))


def _may_have_others_make_engine(lines: bytes) -> bool:
    """Whether it imports from vLLM, though no engine, and from something else, which may make one."""
    return _IMPORTS_VLLM.search(lines) is not None and _IMPORTS_OTHERS.search(lines) is not None


def _imports_retired_module(lines: bytes) -> bool:
    if _RETIRED_PACKAGE.search(lines) is None or not any(name in lines for name in _RETIRED_NAMES):
        return False
    names = (module if name is None else f"{module}.{name}" for module, name in imports_in(lines))
    return any(f"{name}.".startswith(_RETIRED) for name in names)


def _keeps_retired_command(data: bytes, dotted: Sequence[bytes]) -> bool:
    """Whether the words of a command stand there, which another file may start, or a call runs the module."""
    return _RETIRED_PROGRAMS in dotted and (
        _RETIRED_COMMAND.search(data) is not None or b"run_module" in data
    )


def _makes_command(data: bytes) -> bool:
    """Whether the words of `vllm serve` stand there with a port, which another file may start."""
    if len(data) > _LARGEST_STARTER or not (b'"--port' in data or b"'--port" in data):
        return False
    return b"serve" in data and _SERVE_COMMAND.search(data) is not None


def _may_start_something(text: _Text) -> bool:
    if _STARTS.met(text):
        return True
    return _RUNNERS.met(text) and _has_command(text.data)


def _has_command(data: bytes) -> bool:
    """Whether the words of a server's command stand in it."""
    begun = _COMMANDS.keys() & frozenset(data.translate(_ASCII_WORDS_ONLY).split())
    return any(_has_all(data, command) for word in begun for command in _COMMANDS[word])


def _has_all(data: bytes, words: Iterable[bytes]) -> bool:
    return all(word in data for word in words) and all(_whole(word).search(data) for word in words)


@functools.cache
def _whole(word: bytes) -> re.Pattern[bytes]:
    """The word, and not as a part of another."""
    # What precedes is looked at last: a search for what begins with plain text runs at memory speed.
    before = rb"(?<!\w" + re.escape(word) + rb")" if word[:1].isalnum() else b""
    return re.compile(re.escape(word) + before + rb"(?!\w)")


@functools.cache
def _attribute(names: tuple[bytes, ...]) -> re.Pattern[bytes]:
    return re.compile(rb"\.[\s\\]*(" + b"|".join(map(re.escape, sorted(names))) + rb")\b")


# What has to be in a text, by what stands behind one of its imports.

_FEW = 2
# Scripts take what they generate with from the package itself, other code of vLLM's from its modules.
_IMPORTS_VLLM = re.compile(rb"^from[ \t]+vllm[ \t]+import", re.MULTILINE)
_IMPORTS_OTHERS = re.compile(rb"^from[ \t]+(?!(?:vllm|typing|__future__)\b)", re.MULTILINE)
_FROM = re.compile(rb"from[\s\\]+(\w+)")
_STAR = b"*"
_MARK = b"\xef\xbb\xbf"
# What is no letter to `_whole`, either.
_ASCII_WORDS_ONLY = bytes(
    c if c < 128 and (chr(c).isalnum() or c == ord("_")) else ord(" ") for c in range(256)
)
_WORDS_ONLY = bytes(c if c > 127 or chr(c).isalnum() or chr(c) in "_*" else ord(" ") for c in range(256))


# A class has to be called, inherited or handed on; most files that import one only annotate with it.
_ANNOTATES = (
    rb"(?:(?<=:)|(?<=: )|(?<=->)|(?<=-> )|(?<=\|)|(?<=\| )|(?<=\[)|(?<=[:>|] [\"'])|(?<=[\[:>|][\"']))"
    rb"%b(?!\w)(?![\s\\]*\()"
)
# A line of an import, without anything else on it but a comment.
_PLAIN_IMPORT = re.compile(
    rb"[ \t]*(?:from[ \t]+[\w.]+[ \t]+)?(?:import[ \t]+\(?)?[\w \t,]*[\\)]?\s*(?:#.*)?$"
)


def _is_used(data: bytes, lines: bytes, name: bytes) -> bool:
    """Whether an imported name may stand for more than a type. lines: the imports, as the text has them."""
    if not name[:1].isupper():
        return True
    whole, annotates, renamed = _uses(name)
    if renamed.search(lines) is not None:
        return True
    plain = (line for line in lines.split(b"\n") if name in line and _PLAIN_IMPORT.match(line) is not None)
    imported = sum(len(whole.findall(line)) for line in plain)
    # The look at what stands before is slow, so it is taken where the word is, and no further than needed.
    others = (found for found in whole.finditer(data) if annotates.match(data, found.start()) is None)
    return next(itertools.islice(others, imported, None), None) is not None


@functools.cache
def _uses(name: bytes) -> tuple[re.Pattern[bytes], re.Pattern[bytes], re.Pattern[bytes]]:
    word = re.escape(name)
    return _whole(name), re.compile(_ANNOTATES % word), re.compile(word + rb"[\s\\]+as\b")


_BLANKS = rb"(?:[\s\\]|#[^\n]*\n)*"
_BIND = re.compile(rb"bind\b")
_HOLDER = re.compile(rb"([\w.]*)[\s\\]*\.[\s\\]*$")
_LONGEST_HOLDER = 200
_TAKEN = rb"\b(?:sockets?|sock|fd)\s*=\s*\[?%b\b"
_ARGUMENTS_WRITTEN = re.compile(rb"\bargv[\s\\]*(?:\+?=(?!=)|\.)")


def _may_serve_socket(data: bytes) -> bool:
    """Whether some `x.bind(…)` goes with an `x.listen(…)`, or with a server that takes x."""
    for bind in _BIND.finditer(data):
        before = data[max(0, bind.start() - _LONGEST_HOLDER) : bind.start()]
        found = _HOLDER.search(before)
        if found is None:
            continue
        holder, ahead = found[1], before[: found.start()].rstrip(b" \t\\")
        if not holder or not ahead or ahead.endswith((b")", b"]", b"}", b".")):
            return True  # what it is takes more than a look
        taken = re.compile(_TAKEN % re.escape(holder))
        if holder + b".listen(" in data or taken.search(data) is not None:
            return True
    return False


def _writes_arguments(data: bytes) -> bool:
    return _ARGUMENTS_WRITTEN.search(data) is not None


def _calls(data: bytes, method: str) -> bool:
    """Whether a text calls a method of this name."""
    return _called(method).search(data) is not None


@functools.cache
def _called(method: str) -> re.Pattern[bytes]:
    return re.compile(rb"\.%b%b%b\(" % (_BLANKS, method.encode(), _BLANKS))


def _need(name: str, *more: str, sign: Callable[[bytes], bool] | None = None) -> _Need:
    """What a text has that means this qualified name, and more: of a class method, the class."""
    parts = name.split(".")
    last = next((number for number, part in enumerate(parts) if part[:1].isupper()), len(parts) - 1)
    # The package last, also where something in it has its name: `from socket import *`.
    rest = (*reversed(parts[1 : last + 1]), *more)
    words = (*(word for word in rest if word != parts[0]), parts[0])
    modules = frozenset(part.encode() for part in parts[:last])
    target = ".".join(parts[: last + 1])
    return _Need(modules, parts[last].encode(), tuple(dict.fromkeys(map(str.encode, words))), target, sign)


# What files hand on to others: `from engine import LLM`, `from server import uvicorn`.
_BY_OTHERS = frozenset(("", *ENGINE_CONSTRUCTORS, *APP_NAMES, *LAUNCH_NAMES))
_ANYTHING = re.compile(rb"\b(?:import_module|__import__)\b|\bimport[\s\\(]*\*")


def _starts() -> Iterator[_Need]:
    for names in (
        ENGINE_CONSTRUCTORS, LAUNCH_NAMES, listeners.FUNCTIONS,
        listeners.HYPERCORN_CONFIGS, listeners.GUNICORN_APPLICATIONS,
    ):  # fmt: skip
        yield from map(_need, names)
    for maker, methods in listeners.METHODS.items():
        yield from (_need(maker, method, sign=functools.partial(_calls, method=method)) for method in methods)
    yield from (_need(name, "bind", sign=_may_serve_socket) for name in listeners.SOCKETS)
    for call, made in listeners.MADE_BY_METHODS.items():
        methods = listeners.METHODS[made]
        yield from (
            _need(call.partition("(")[0], method, sign=functools.partial(_calls, method=method))
            for method in methods
        )
    yield _need("vllm.entrypoints.openai.cli_args.make_arg_parser")
    # A program's command line, written for one of these to read.
    yield from (_need("sys.argv", package, sign=_writes_arguments) for package in ("vllm", "uvicorn"))


def _commands() -> Mapping[bytes, Collection[tuple[bytes, ...]]]:
    """What stands in a command, by its first word: to look for each of them is a look at the whole text."""
    found: defaultdict[bytes, list[tuple[bytes, ...]]] = defaultdict(list)
    for name, firsts in server_commands.PROGRAMS.items():
        for first, command in firsts.items():
            words = (name, first, *_only_option(command))
            found[_first_word(name)].append(tuple(word.encode() for word in words if word))
    found[_first_word("-m")] += ((b"-m", word.encode()) for word in server_commands.MODULE_WORDS)
    return found


def _only_option(command: ServerCommand) -> frozenset[str]:
    """The option that says the port, where no other word does."""
    options = command.ports | command.binds
    return options if len(options) == 1 and command.argument is None else frozenset()


def _first_word(name: str) -> bytes:
    return name.encode().translate(_ASCII_WORDS_ONLY).split()[0]


_STARTS = _Needs(_starts())
_ENGINES = _Needs(map(_need, ENGINE_CONSTRUCTORS))
_MAKING = _ENGINES.words | frozenset(_HANDED_ON)
# A lifespan may be for the app of another file.
_LIFESPAN = _need("contextlib.asynccontextmanager", sign=lambda data: b"lifespan" in data)
_APPS = _Needs((*map(_need, APP_CLASSES), _LIFESPAN))
# Any import of something of that name will do: many texts run programs, and few of those are servers.
_RUNNERS = _Needs(
    dataclasses.replace(_need(name), target="")
    for name in server_commands.RUNNERS | server_commands.WORD_RUNNERS | server_commands.SECOND_RUNNERS
)
_COMMANDS = _commands()
_KNOWN = _STARTS.words | _ENGINES.words | _APPS.words | _RUNNERS.words

_RETIRED = tuple(f"{module}." for module in RETIRED_MODULES)
# The word is in every import of one; its package stands before a dot, or before `import`.
_RETIRED_PACKAGE = re.compile(
    rb"vllm\.(?:" + b"|".join(sorted({module.split(".")[1].encode() for module in RETIRED_MODULES})) + rb")\b"
)

_RETIRED_COMMAND = re.compile(rb"""["']-m["']\s*,\s*["']vllm\.entrypoints\.(?:openai\.)?api_server["']""")
_SERVE_COMMAND = re.compile(rb"""vllm["']\s*,\s*["']serve["']""")
_RETIRED_NAMES = frozenset(module.rpartition(".")[2].encode() for module in RETIRED_MODULES)

# Files that a server reads, by the name that they have.
_CONFIGURATION_FILE = re.compile(r"(?:gunicorn|hypercorn)[^/\\]*$")
_CONFIGURATION = re.compile(rb"^bind\s*=", re.MULTILINE)
# From the `#` on, of which a text has few: a search for the word alone takes four times as long.
_COMMENT = re.compile(rb"#[ \t]*portside:[ \t]*(?:ignore|[a-z][\w-]*\[)", re.IGNORECASE)

# What looks like `__name__ == "__main__"`, by the letters that are right in it, and is not that.
_NAME = b"|".join(sorted(name.encode() for name in UNDEFINED_NAMES | {"__name__"}))
_NAME = rb"[\"']?\b(?:" + _NAME + rb")\b[\"']?"
_OTHER = rb"[^a-zA-Z\n]*"
_MAIN = (
    rb"\w?[\"']?(?:"
    + _OTHER
    + _OTHER.join((b"[mM]", b"[aA]", b"[iI]", b"[nN]"))
    + _OTHER
    + rb"(?:py)?(?![a-zA-Z])|\w*__main\w*)"
)
_TEST = rb"[\s()\\]*(?:==|is\b)[\s()\\]*"
_GUARD = re.compile(
    rb"if[\s(\\]*(?!__name__[ ]*==[ ]*[\"']__main__[\"'][ ]*:)(?:"
    + _NAME + _TEST + _MAIN + b"|" + _MAIN + _TEST + _NAME + b")"
)  # fmt: skip


# What stands before it: a line's beginning or another statement, and maybe a blank that nobody sees.
_AHEAD = re.compile(rb"(?:\A|[;:\r\n])[\s\x80-\xff]*(?:el)?\Z")
_LONGEST_INDENT = 100


def _has_broken_guard(data: bytes) -> bool:
    # One of them begins a line, unless it has another end than others, or a blank that nobody sees.
    odd = b"\r" in data or b"\f" in data or data[:5].lstrip(_MARK)[:2] == b"if"
    first = 0 if odd else data.find(b"\nif")
    return first >= 0 and any(_begins_line(data, found.start()) for found in _GUARD.finditer(data, first))


def _begins_line(data: bytes, byte: int) -> bool:
    return _AHEAD.search(data[max(0, byte - _LONGEST_INDENT) : byte]) is not None
