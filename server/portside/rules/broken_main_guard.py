"""PS307: a test that was meant to be the main guard and is another one."""

from __future__ import annotations

from collections.abc import Iterator

from portside.lint.finding import Applicability, Edit, Finding, Fix, Severity
from portside.lint.rule import Invalid, Rule, Valid
from portside.python.facts import FileFacts
from portside.python.running.broken_guards import BrokenGuard, Fault, find_broken_guards

CODE, NAME = "PS307", "broken-main-guard"
TITLE = 'Write `if __name__ == "__main__":`'

DOCUMENTATION = """\
## What it does

Flags an `if` at module level that was to be `if __name__ == "__main__":` and is not:

- a name that nothing in the file defines: `_name_ == "_main_"`, `name == "__main__"`,
  `__name__ == __main__`;
- a text that `__name__` never is: `"main"`, `"_main_"`, `"__main__.py"`, `"a__main__"`;
- `__name__ is "__main__"`, which compares identity;
- `"__name__" == "__main__"` and `"_name_" == "_main_"`, which compare two texts.

Not flagged: a name that anything in the file may define; `__name__ == "main"` in a `main.py`, where
it holds for `import main`, unless a server is started below it; `"__mp_main__"`, which is the name in
a spawned process.

## Why it matters

While a guard is broken, nothing that stands below it happens, or all of the script fails:

```text
NameError: name '_name_' is not defined
```

`python server.py` with `if __name__ == "main":` is worse to find: it ends at once, with exit code 0 and
without a word. No server has started, and the container that ran it is restarted for ever.

With `is`, Python warns, and whether it holds depends on how the interpreter keeps its strings:

```text
SyntaxWarning: "is" with 'str' literal. Did you mean "=="?
```

What is behind such a guard can't be judged, so the other rules say nothing about it.

## Example

```python
if _name_ == "_main_":
    uvicorn.run(app)
```

Correct:

```python
if __name__ == "__main__":
    uvicorn.run(app)
```

## Fix and its safety

"Write `if __name__ == "__main__":`" replaces the comparison and nothing else. Safe for an undefined
name, where the file could not be run at all, and for `is`. Unsafe for another text: what stands below
has never run, and now it does. A server there then is `uvicorn-run-in-main`.

## Since

Every version. The `SyntaxWarning` is of Python 3.8.

## References

- [Python: `__main__`](https://docs.python.org/3/library/__main__.html#name-main)
- [Python 3.8: the `SyntaxWarning` for `is` with a literal](https://docs.python.org/3/whatsnew/3.8.html#changes-in-python-behavior)
"""


def _check(facts: FileFacts) -> Iterator[Finding]:
    for guard in find_broken_guards(facts.module.names):
        if guard.fault is not Fault.OTHER_TEXT or not _is_name_on_import(facts, guard):
            span = facts.module.tree.span(guard.condition)
            yield Finding(CODE, NAME, span, _message(guard), _severity(guard), (_fix(facts, guard),))


def _is_name_on_import(facts: FileFacts, guard: BrokenGuard) -> bool:
    """Whether the test is true where the file is imported, and nothing below it belongs into a script."""
    module = facts.source.path.replace("\\", "/").rpartition("/")[2].removesuffix(".py")
    if guard.culprit not in {module, facts.workspace.module}:
        return False
    starts = (launch.call.start_byte for launch in facts.module.launches)
    return not any(guard.body.start_byte <= start < guard.body.end_byte for start in starts)


def _message(guard: BrokenGuard) -> str:
    match guard.fault:
        case Fault.UNDEFINED:
            return (
                f"nothing defines `{guard.culprit}`: run or imported, the file ends here in "
                f"`NameError: name '{guard.culprit}' is not defined`"
            )
        case Fault.OTHER_TEXT:
            return (
                f"`__name__` is `'__main__'` in a script, never `{guard.culprit!r}`: what stands below "
                "does not happen when the file is run, and nothing says so"
            )
        case Fault.QUOTED:
            return (
                "two texts are compared, which differ: what stands below never happens, and nothing says so"
            )
    return (
        "`is` compares identity, not text: whether this guard holds is up to the interpreter, and Python "
        "warns with `SyntaxWarning: \"is\" with 'str' literal`"
    )


def _severity(guard: BrokenGuard) -> Severity:
    # CPython interns the literal, so this one holds in practice.
    return Severity.WARNING if guard.fault is Fault.IDENTITY else Severity.ERROR


def _fix(facts: FileFacts, guard: BrokenGuard) -> Fix:
    tree = facts.module.tree
    quote = "'" if "'" in tree.text(guard.condition) else '"'
    span = tree.span(guard.condition)
    # `if"_main_" == _name_:` has no blank where a name needs one.
    blank = " " if facts.source.text[span.start - 1 : span.start].isalnum() else ""
    edit = Edit(facts.source.path, span, f"{blank}__name__ == {quote}__main__{quote}")
    if guard.fault not in {Fault.OTHER_TEXT, Fault.QUOTED}:
        return Fix(TITLE, (edit,), Applicability.SAFE)
    note = "What stands below has never happened when the file was run; now it does."
    return Fix(TITLE, (edit,), Applicability.UNSAFE, (note,))


_GOOD = 'if __name__ == "__main__":\n    main()\n'
_SERVER = "import uvicorn\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n"

_INVALID = (
    Invalid(
        "without a blank",
        'def main():\n    ...\n\nif«"__main__" == _name_»:\n    main()\n',
        fixed='def main():\n    ...\n\nif __name__ == "__main__":\n    main()\n',
    ),
    Invalid(
        "one underscore each",
        _SERVER + 'if «_name_ == "_main_"»:\n    uvicorn.run(app)\n',
        fixed=_SERVER + 'if __name__ == "__main__":\n    uvicorn.run(app)\n',
        messages=("nothing defines `_name_`: run or imported, the file ends here in `NameError",),
    ),
    Invalid(
        "no underscores on one side",
        _SERVER + 'if «__name__ == "main"»:\n    uvicorn.run(app)\n',
        fixed=_SERVER + 'if __name__ == "__main__":\n    uvicorn.run(app)\n',
        messages=("`__name__` is `'__main__'` in a script, never `'main'`",),
    ),
    Invalid("the file's name", 'if «__name__ == "__main__.py"»:\n    main()\n', fixed=_GOOD),
    Invalid("one underscore in the text", 'if «__name__ == "_main_"»:\n    main()\n', fixed=_GOOD),
    Invalid("a capital", 'if «__name__ == "__Main__"»:\n    main()\n', fixed=_GOOD),
    Invalid("a blank", 'if «__name__ == "__main__ "»:\n    main()\n', fixed=_GOOD),
    Invalid(
        "no underscores on the other side",
        'if «name == "__main__"»:\n    main()\n',
        fixed=_GOOD,
        messages=("`NameError: name 'name' is not defined`",),
    ),
    Invalid(
        "no quotes",
        "if «__name__ == __main__»:\n    main()\n",
        fixed=_GOOD,
        messages=("nothing defines `__main__`",),
    ),
    Invalid(
        "quotes on both sides",
        'if «"__name__" == "__main__"»:\n    main()\n',
        fixed=_GOOD,
        messages=("two texts are compared",),
    ),
    Invalid(
        "quotes on both sides, and one underscore each",
        "if «'_name_' == '_main_'»:\n    main()\n",
        "if __name__ == '__main__':\n    main()\n",
        ("two texts are compared",),
    ),
    Invalid("a key too many", 'if «__name__ == "a__main__"»:\n    main()\n', fixed=_GOOD),
    Invalid("a key too many in it", 'if «__name__ == "__mainin__"»:\n    main()\n', fixed=_GOOD),
    Invalid(
        "identity",
        'if «__name__ is "__main__"»:\n    main()\n',
        fixed=_GOOD,
        messages=("`is` compares identity, not text",),
    ),
    Invalid(
        "the other way round",
        "if «'_main_' == _name_»:\n    main()\n",
        "if __name__ == '__main__':\n    main()\n",
    ),
    Invalid(
        "in parentheses",
        'if («__name__ == "main"»):\n    main()\n',
        'if (__name__ == "__main__"):\n    main()\n',
    ),
    Invalid(
        "of an elif",
        'if x:\n    pass\nelif «__name__ == "main"»:\n    y()\n',
        'if x:\n    pass\nelif __name__ == "__main__":\n    y()\n',
    ),
    Invalid(
        "a name of another scope",
        'def f(name):\n    return name\n\n\nif «name == "__main__"»:\n    f(1)\n',
        'def f(name):\n    return name\n\n\nif __name__ == "__main__":\n    f(1)\n',
    ),
    Invalid(
        "a server below, in a module that is called main",
        _SERVER + 'if «__name__ == "main"»:\n    uvicorn.run("main:app")\n',
        _SERVER + 'if __name__ == "__main__":\n    uvicorn.run("main:app")\n',
        path="main.py",
    ),
    Invalid(
        "over two lines",
        "if «__name__ == \\\n    'main'»:\n    main()\n",
        "if __name__ == '__main__':\n    main()\n",
    ),
    Invalid(
        "a comment behind it",
        "if «__name__ == 'main'»:  # start\n    main()\n",
        "if __name__ == '__main__':  # start\n    main()\n",
    ),
)

_VALID = (
    Valid("the guard", _GOOD),
    Valid("the guard the other way round", 'if "__main__" == __name__:\n    main()\n'),
    Valid(
        "a module that asks whether it is imported as main",
        'if __name__ == "main":\n    setup()\n',
        path="main.py",
    ),
    Valid("a spawned process", 'if __name__ == "__mp_main__":\n    main()\n'),
    Valid("either", 'if __name__ in {"__main__", "__mp_main__"}:\n    main()\n'),
    Valid("a package's script", 'if __name__ == "server.__main__":\n    main()\n'),
    Valid("another module's name", 'if __name__ == "builtins":\n    main()\n'),
    Valid("a name that is defined", 'name = "x"\nif name == "__main__":\n    main()\n'),
    Valid(
        "a name that is defined later",
        'for _ in range(2):\n    pass\nif name == "__main__":\n    pass\nname = 1\n',
    ),
    Valid("a name that a star may bring", 'from config import *\n\nif name == "__main__":\n    main()\n'),
    Valid("a name that is put there", 'globals()["name"] = "x"\nif name == "__main__":\n    main()\n'),
    Valid("a loop's name", 'for name in names:\n    if name == "__main__":\n        continue\n'),
    Valid("a parameter", 'def f(name):\n    if name == "__main__":\n        return 1\n'),
    Valid(
        "a name that is awaited",
        'try:\n    if _name_ == "_main_":\n        x()\nexcept NameError:\n    pass\n',
    ),
    Valid("the other comparison", 'if __name__ != "__main__":\n    raise ImportError\n'),
    Valid("an attribute", 'if spec.name == "__main__":\n    main()\n'),
    Valid("text", '"""if _name_ == "_main_": ..."""\n# if __name__ == "main":\n'),
)

RULE: Rule[FileFacts] = Rule(
    code=CODE,
    name=NAME,
    severity=Severity.ERROR,
    summary="A main guard that is misspelt: what stands below never runs, or the file fails",
    documentation=DOCUMENTATION,
    check=_check,
    invalid=_INVALID,
    valid=_VALID,
    successors=("PS101", "PS104"),
)
