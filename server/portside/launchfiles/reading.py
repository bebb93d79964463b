"""From a path and a text to what the file launches: which format it is, and who reads that."""

from __future__ import annotations

import importlib
import re

from portside.launchfiles.facts import Format, LaunchFile

_BY_NAME = tuple(
    (re.compile(pattern, re.IGNORECASE), format_)
    for pattern, format_ in (
        (r"(.*[.-])?(docker|container)file([.-].*)?", Format.DOCKERFILE),
        (
            r"(.*[.-])?compose([.-].*)?\.ya?ml(\.(j2|jinja2?|tmpl|tpl|template|example|sample|dist))?",
            Format.COMPOSE,
        ),
        (r"procfile([.-].*)?", Format.PROCFILE),
        (r"(gnu)?makefile([.-].*)?|.*\.mk", Format.MAKEFILE),
        (r".*\.(sh|bash|zsh|sbatch|slurm)", Format.SHELL),
        (r".*\.(service|container)", Format.SYSTEMD),
        (r"package\.json", Format.PACKAGE_JSON),
        (r"launch\.json", Format.VSCODE_LAUNCH),
        (r"tasks\.json", Format.VSCODE_TASKS),
        (r"\.env([.-].*)?|.*\.env", Format.DOTENV),
    )
)
_ANY_NAME = re.compile("|".join(f"(?:{pattern.pattern})" for pattern, _ in _BY_NAME), re.IGNORECASE)
_YAML = re.compile(r".*\.ya?ml", re.IGNORECASE)
_READERS = {
    Format.DOCKERFILE: "dockerfile",
    Format.COMPOSE: "compose",
    Format.KUBERNETES: "kubernetes",
    Format.SHELL: "shell_script",
    Format.MAKEFILE: "makefile",
    Format.PROCFILE: "procfile",
    Format.SYSTEMD: "systemd",
    Format.PACKAGE_JSON: "package_json",
    Format.DOTENV: "dotenv",
    Format.VSCODE_LAUNCH: "vscode",
    Format.VSCODE_TASKS: "vscode",
}


def may_launch(name: str) -> bool:
    """Whether a file of this name (no folders) can be a launch file, as far as its name tells."""
    return "." not in name or _YAML.fullmatch(name) is not None or _by_name(name) is not None


def format_of(path: str, text: str) -> Format | None:
    """What kind of launch file this is; None for none."""
    name = path.replace("\\", "/").rpartition("/")[2]
    if (known := _by_name(name)) is not None:
        return known
    if _YAML.fullmatch(name):
        return _yaml_format(text)
    if "." not in name and re.match(r"#!.*\b(ba|z|da|k)?sh\b", text[:80]):
        return Format.SHELL
    return None


def read(path: str, text: str) -> LaunchFile | None:
    """What the file launches; None where it is no launch file. path: relative to the workspace, slashes."""
    known = format_of(path, text)
    if known is None:
        return None
    # Loaded late: each format has a parser of its own.
    reader = importlib.import_module(f"portside.launchfiles.{_READERS[known]}")
    found: LaunchFile = reader.read(path, text)
    return found


def _by_name(name: str) -> Format | None:
    if _ANY_NAME.fullmatch(name) is None:  # most names of a tree
        return None
    return next((format_ for pattern, format_ in _BY_NAME if pattern.fullmatch(name)), None)


def _yaml_format(text: str) -> Format | None:
    text = text.removeprefix("\ufeff")
    if re.search(r"^apiVersion:", text, re.MULTILINE) and re.search(r"^kind:", text, re.MULTILINE):
        return Format.KUBERNETES
    if not re.search(r"^[\"']?services[\"']?:", text, re.MULTILINE):
        return None
    from portside.launchfiles.compose import has_services  # noqa: PLC0415 - few files come as far as this

    return Format.COMPOSE if has_services(text) else None
