"""What a rule is: a name, a page, examples that run as tests, and a pure check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Any, Generic, TypeVar

from portside.lint.finding import Finding, Severity
from portside.records import dataclass

Facts_contra = TypeVar("Facts_contra", contravariant=True)

DOCUMENTATION_HEADINGS = (
    "What it does",
    "Why it matters",
    "Example",
    "Fix and its safety",
    "Since",
    "References",
)


@dataclass(frozen=True, slots=True)
class Invalid:
    """Code that the rule flags.

    path: decides what kind of file it is: `docker-compose.yml`, `start.sh`.
    code: the file, with each expected span between «guillemets».
    fixed: the exact text after the first fix of the first finding; None where none is offered.
    messages: what each finding's message must contain, in order (may be left out).
    files: other files of the workspace, by path.
    """

    id: str
    code: str
    fixed: str | None = None
    messages: tuple[str, ...] = ()
    path: str = "server.py"
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Valid:
    """Code that looks like trouble and is none."""

    id: str
    code: str
    path: str = "server.py"
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule(Generic[Facts_contra]):
    """One thing that Portside looks for.

    name: of the bad pattern, in kebab case. documentation: Markdown under
    DOCUMENTATION_HEADINGS, each as a second-level heading. check: a pure function
    from the facts of a Python file to findings; launch_check: the same for a launch file, whose facts
    are `launchfiles.launch_facts.LaunchFacts`. None where the rule has nothing to say of that kind of file.
    successors: codes that may appear once a fix is applied. in_notebooks: whether it holds for the cells of a
    notebook, which nobody imports, spawns or puts behind a process manager. fixes_apart: whether fixes that
    change different places, made at once, leave what they leave one after the other.
    """

    code: str
    name: str
    severity: Severity
    summary: str
    documentation: str
    check: Callable[[Facts_contra], Iterable[Finding]] | None
    invalid: tuple[Invalid, ...]
    valid: tuple[Valid, ...]
    launch_check: Callable[[Any], Iterable[Finding]] | None = None
    successors: tuple[str, ...] = ()
    in_notebooks: bool = False
    fixes_apart: bool = False
