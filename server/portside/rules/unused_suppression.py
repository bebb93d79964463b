"""PS001: a `# portside: ignore` comment that silences nothing."""

from portside.lint.finding import Severity
from portside.lint.rule import Invalid, Rule, Valid
from portside.lint.suppress import UNUSED_SUPPRESSION, UNUSED_SUPPRESSION_NAME

DOCUMENTATION = """\
## What it does

Finds `# portside: ignore[...]` and `# portside: ignore-file[...]` comments that silence nothing,
because the finding has gone, because the name in the brackets names no rule or stands outside of them, or
because the comment says something else (`ignor[...]`).

## Why it matters

What really happens: someone mends the port, the comment stays, and a year later it hides a new
finding on the same line. A misspelt name hides nothing, and the finding that it was written for
keeps showing.

## Example

```python
port = int(os.environ["PORT"])  # portside: ignore[hardcoded-port]
```

A name is the rule's name (`hardcoded-port`) or its code (`PS201`). Several stand in one pair of
brackets. Without brackets and names a comment means every rule. The comment counts on the line where the
finding starts and on the last line of its statement; `ignore-file` counts from anywhere in the
file. In launch files (Dockerfiles, compose files, scripts and the like) it also counts on a line of its
own above the statement. Write a reason behind the bracket if you like.

## Fix and its safety

Removes the comment, or the names that it need not have. Safe: comments don't run. Where a name is
close to that of a rule, "Change to …" writes that one instead. This is unsafe in the sense that it
silences a finding, so it is never applied by itself. Nothing is said of rules that are turned off.

To keep a comment that is needed only now and then, add this rule's own name: `# portside:
ignore[hardcoded-port, unused-suppression]`.

## Since

Portside 0.1.

## References

- `select`, `ignore` and `per-file-ignores` in the README turn rules off without comments.
"""

RULE: Rule[object] = Rule(
    code=UNUSED_SUPPRESSION,
    name=UNUSED_SUPPRESSION_NAME,
    severity=Severity.INFORMATION,
    in_notebooks=True,
    summary="A `# portside: ignore` comment that silences nothing",
    fixes_apart=True,
    documentation=DOCUMENTATION,
    check=lambda _: (),  # the engine reports it: only it knows what was silenced
    launch_check=lambda _: (),
    invalid=(
        Invalid(
            "the finding has gone",
            "import os\n\nport = os.environ['PORT']  «# portside: ignore[hardcoded-port]»\n",
            "import os\n\nport = os.environ['PORT']\n",
            ("`hardcoded-port` is not found on this line, so there is nothing to ignore",),
        ),
        Invalid(
            "a bare comment where nothing is found",
            "x = 1  «# portside: ignore»\n",
            "x = 1\n",
            ("nothing is found on this line, so this comment ignores nothing",),
        ),
        Invalid(
            "a misspelt name",
            "import uvicorn\n\nuvicorn.run('m:app', port=80)  # portside: ignore[«hardcoded-prot», PS102]\n",
            "import uvicorn\n\nuvicorn.run('m:app', port=80)  # portside: ignore[hardcoded-port, PS102]\n",
            ("`hardcoded-prot` names no rule, so it ignores nothing; `hardcoded-port` does",),
        ),
        Invalid(
            "a name of another tool's rule",
            "x = 1  # noqa: E501  # portside: ignore[«E501»]\n",
            "x = 1  # noqa: E501\n",
            ("`E501` names no rule",),
        ),
        Invalid(
            "a whole file, on a line of its own",
            "«# portside: ignore-file[PS101]»\nx = 1\n",
            "x = 1\n",
            ("`PS101` is not found in this file",),
        ),
        Invalid(
            "in a launch file",
            "FROM a\n«# portside: ignore[invalid-port]»\nEXPOSE 8000\n",
            "FROM a\nEXPOSE 8000\n",
            path="Dockerfile",
        ),
        Invalid(
            "an open bracket",
            "x = 1  «# portside: ignore[hardcoded-port»\n",
            None,
            ("no closing `]`",),
        ),
        Invalid(
            "a name without brackets",
            "import uvicorn\n\nuvicorn.run('m:app', port=80)  «# portside: ignore PS201, PS102 for now»\n",
            "import uvicorn\n\nuvicorn.run('m:app', port=80)  # portside: ignore[PS201, PS102] for now\n",
            ("names `PS201` outside of brackets, so it ignores nothing",),
        ),
        Invalid(
            "a misspelt word",
            "import uvicorn\n\nuvicorn.run('m:app', port=80)  «# portside: ignor[PS102]»\n",
            "import uvicorn\n\nuvicorn.run('m:app', port=80)  # portside: ignore[PS102]\n",
            ("`ignor` is nothing that a comment can say here, so it ignores nothing; `ignore` is",),
        ),
        Invalid(
            "another tool's word",
            "import uvicorn\n\nuvicorn.run(app)  «# portside: disable[PS102]»\n",
            None,
            ("`ignore` and `ignore-file` are",),
        ),
    ),
    valid=(
        Valid(
            "above what it speaks of in a launch file",
            "FROM a\n# portside: ignore[invalid-port]\nEXPOSE 80000\n",
            path="Dockerfile",
        ),
        Valid("a sentence", "x = 1  # portside: see the docs\n"),
        Valid(
            "a reason without brackets", "import uvicorn\n\nuvicorn.run(app)  # portside: ignore for now\n"
        ),
        Valid("in a string", 'x = "# portside: ignore[hardcoded-port]"\n'),
        Valid("in a docstring", '"""Write\n\n    # portside: ignore[hardcoded-port]\n"""\n'),
        Valid("kept on purpose", "x = 1  # portside: ignore[hardcoded-port, unused-suppression]\n"),
    ),
)
