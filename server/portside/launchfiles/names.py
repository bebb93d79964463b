"""What a file may launch, by its name: the one table that readers, searches and moves go by."""

from __future__ import annotations

import enum
import functools
import re


class Kind(enum.Enum):
    """What kind of text a name promises. A comment says what else has to decide."""

    DOCKERFILE = enum.auto()
    COMPOSE = enum.auto()
    PROCFILE = enum.auto()
    MAKEFILE = enum.auto()
    SHELL = enum.auto()
    SYSTEMD = enum.auto()
    PACKAGE_JSON = enum.auto()
    VSCODE_LAUNCH = enum.auto()
    VSCODE_TASKS = enum.auto()
    DOTENV = enum.auto()
    YAML = enum.auto()  # what is in it: a manifest, a compose file, a workflow, …
    NO_SUFFIX = enum.auto()  # its first line: a shell script, or anything
    # No reader tells what these launch; they are only searched for who runs a script.
    YAML_TEMPLATE = enum.auto()
    JUSTFILE = enum.auto()
    FISH = enum.auto()
    WINDOWS_SHELL = enum.auto()
    INI = enum.auto()
    TOML = enum.auto()
    JSON = enum.auto()
    CODE_WORKSPACE = enum.auto()
    README = enum.auto()
    MARKDOWN = enum.auto()
    RST = enum.auto()
    SCRIPTED = enum.auto()  # in a language of its own


SEARCHED_ONLY = frozenset(kind for kind in Kind if kind.value >= Kind.YAML_TEMPLATE.value)

_TEMPLATE = r"(\.(j2|jinja2?|tmpl|tpl|template|example|sample|dist))?"
# Documents that tell what was, not what to type.
_HISTORY = r"(?!(changelog|changes|history|news|release).*)"
_TABLE: tuple[tuple[str, Kind], ...] = (
    (r"(.*[.-])?(docker|container)file([.-].*)?", Kind.DOCKERFILE),
    (rf"(.*[.-])?compose([.-].*)?\.ya?ml{_TEMPLATE}", Kind.COMPOSE),
    (r"procfile([.-].*)?", Kind.PROCFILE),
    (r"(gnu)?makefile([.-].*)?|.*\.mk", Kind.MAKEFILE),
    (r".*\.(sh|bash|zsh|sbatch|slurm)", Kind.SHELL),
    (r".*\.(service|container)", Kind.SYSTEMD),
    (r"package\.json", Kind.PACKAGE_JSON),
    (r"launch\.json", Kind.VSCODE_LAUNCH),
    (r"tasks\.json", Kind.VSCODE_TASKS),
    (r"\.env([.-].*)?|.*\.env", Kind.DOTENV),
    (r".*\.ya?ml", Kind.YAML),
    (r".*\.ya?ml\.(example|template)", Kind.YAML_TEMPLATE),
    (r"justfile|.*\.just", Kind.JUSTFILE),
    (r".*\.fish", Kind.FISH),
    (r".*\.(bat|cmd|ps1)", Kind.WINDOWS_SHELL),
    (r".*\.(ini|conf)", Kind.INI),
    (r".*\.(toml|cfg)", Kind.TOML),
    (r"(devcontainer|railway)\.json", Kind.JSON),
    (r".*\.code-workspace", Kind.CODE_WORKSPACE),
    (r"readme.*", Kind.README),
    (rf"{_HISTORY}.*\.(md|mdx|markdown)", Kind.MARKDOWN),
    (rf"{_HISTORY}.*\.rst", Kind.RST),
    (r"(jenkins|vagrant|tilt|earth|fast|guard)file", Kind.SCRIPTED),
    (r"[^.]*", Kind.NO_SUFFIX),
)
# One pattern, whose outer group that matches says which: to compile each for itself takes two milliseconds.
_ANY = re.compile(
    "|".join(f"(?P<at{row}>{pattern})" for row, (pattern, _) in enumerate(_TABLE)), re.IGNORECASE
)
_KINDS = {f"at{row}": kind for row, (_, kind) in enumerate(_TABLE)}
_FIRST_LINE = re.compile(r"#!.*\b(ba|z|da|k)?sh\b")


# A large tree has the same few names over and over.
@functools.lru_cache(maxsize=4096)
def kind_of(name: str) -> Kind | None:
    """The kind that a name (no folders) promises; None where it is of no interest."""
    found = _ANY.fullmatch(name)
    return _KINDS[found.lastgroup or ""] if found is not None else None


def may_launch(name: str) -> bool:
    """Whether a file of this name (no folders) can be a launch file, as far as its name tells."""
    kind = kind_of(name)
    return kind is not None and kind not in SEARCHED_ONLY


def may_name_scripts(name: str) -> bool:
    """Whether a file of this name (no folders) can say how to run a script."""
    return kind_of(name) not in {None, Kind.DOTENV}


def is_shell_by_first_line(text: str) -> bool:
    """Whether `#!` in the first line says that it is a shell script."""
    return _FIRST_LINE.match(text[:80].partition("\n")[0]) is not None


def name_of(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]
