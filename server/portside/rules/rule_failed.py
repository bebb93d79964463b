"""PS000: a rule of Portside's own raised, so its findings are missing."""

from portside.lint.engine import RULE_FAILED, RULE_FAILED_NAME
from portside.lint.finding import Severity
from portside.lint.rule import Rule, Valid

DOCUMENTATION = """\
## What it does

Says that one of Portside's own rules broke down on this file, and with which error.

## Why it matters

The findings of that rule are missing for this file. All other rules ran as usual. Silence would
look like a clean file. `portside check` ends with 2, as it does where a file can't be read, whatever
`--select` and `--exit-zero` say.

## Example

```text
server.py:1:1: error PS000 rule-failed: the rule `hardcoded-port` failed on this file with `KeyError: …`
```

## Fix and its safety

None: it is a bug in Portside. Report it with the message and, if you can, the lines that provoke
it. No comment in the file hides it; until it is mended you can turn the broken rule off for this
file with `per-file-ignores`.

## Since

Portside 0.1.

## References

- The code map and its invariants in CONTRIBUTING.md.
"""

RULE: Rule[object] = Rule(
    code=RULE_FAILED,
    name=RULE_FAILED_NAME,
    severity=Severity.ERROR,
    in_notebooks=True,
    summary="A rule of Portside broke down on this file, its findings are missing",
    documentation=DOCUMENTATION,
    check=lambda _: (),  # the engine itself reports it
    invalid=(),
    valid=(Valid("a file that every rule can read", "import uvicorn\n"),),
)
