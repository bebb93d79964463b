"""What a server lacks to start, as it says itself when it fails: variables, files, folders, older names."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

SITE = Path(__file__).resolve().parent / "site"
PROGRAMS = Path("/srv/programs")
sys.path.insert(0, str(SITE))

from excuses import Excuse  # noqa: E402
from leniency import plausible  # noqa: E402 - beside the servers, not beside this


@dataclass
class Needs:
    variables: dict[str, str] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    excuses: set[Excuse] = field(default_factory=set)
    word: str = "1"
    always: bool = False
    made_files: bool = False

    def seen(self) -> tuple[object, ...]:
        parts = (self.variables, self.files, self.folders, self.attributes, self.excuses)
        return (*map(sorted, parts), self.word, self.always, self.made_files)


def wanted(said: str, needs: Needs) -> None:
    for module, name in (*_NO_NAME.findall(said), *_NO_ATTRIBUTE.findall(said)):
        attribute = f"{name}:{module}" if f"cannot import name '{module}'" in said else f"{module}:{name}"
        needs.attributes.add(attribute)
    if "`BaseSettings` has been moved" in said:
        needs.attributes.add("pydantic:BaseSettings")
    if "Field required" in said:
        for name in re.findall(r"^(\w+)\n  Field required", said, re.MULTILINE):
            needs.variables[name.upper()] = plausible(name)
    if (choices := _CHOICES.search(said)) is not None:
        needs.word = choices[1]
    for pattern, files in _PATHS:
        for name in re.findall(pattern, said):
            (needs.files if files else needs.folders).add(name)


_CHOICES = re.compile(
    r"(?:[Oo]ne of|[Cc]hoose from|[Ee]xpected|[Vv]alid|[Aa]vailable|[Ss]upported)[^\n'\"]*['\"]([\w.-]+)['\"]"
)
_NO_NAME = re.compile(r"cannot import name '(\w+)' from '([\w.]+)' \([^)]*site-packages")
_NO_ATTRIBUTE = re.compile(r"AttributeError: module '([\w.]+)' has no attribute '(\w+)'")
_PATHS = (
    (r"No such file or directory: '([^']+/)'", False),
    (r"No such file or directory: '([^']+\.\w+)'", True),
    (r"Directory '([^']+)' does not exist", False),
    (r"Path '([^']+)' does not exist", True),
    (r"does not (?:point to a directory|exist)[^\n']*'?([./\w-]+/[./\w-]+)", False),
)


def environment(needs: Needs, record: Path, installed: tuple[Path, ...]) -> dict[str, str]:
    return {
        "PATH": f"{PROGRAMS}:{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": "/root",
        "USER": "root",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(SITE),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "ignore",
        "LAB_RECORD": str(record),
        "LAB_INSTALLED": ":".join(map(str, installed)),
        "LAB_ATTRIBUTES": " ".join(sorted(needs.attributes)),
        **({"LAB_ALWAYS": "1"} if needs.always else {}),
        **({"LAB_FILES": "1"} if needs.made_files else {}),
        **({"LAB_EXCUSED": "1"} if needs.excuses else {}),
        **needs.variables,
    }
