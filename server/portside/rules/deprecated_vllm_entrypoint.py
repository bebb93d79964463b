"""PS308: modules of vLLM that are gone, or on their way out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from portside.knowledge.vllm_entrypoints import COMMAND, CURRENT, MODULES, WORDS, Retired, Version, as_text
from portside.lint.finding import Applicability, Edit, Finding, Fix, Severity
from portside.lint.rule import Invalid, Rule, Valid
from portside.lint.source import Span
from portside.python.facts import FileFacts
from portside.python.launching.vllm_commands import ModuleRun, module_runs, serve_edits
from portside.python.names.imports import Import
from portside.python.running.guards import When
from portside.python.source.nodes import fields_of, nodes_of
from portside.python.source.syntax import ancestors

if TYPE_CHECKING:
    from portside.launchfiles.commands.module_runs import ModuleRun as LaunchedModule
    from portside.launchfiles.graph.launch_facts import LaunchFacts

CODE, NAME = "PS308", "deprecated-vllm-entrypoint"

DOCUMENTATION = """\
## What it does

Flags

- commands that start vLLM's server as a module, `python -m vllm.entrypoints.openai.api_server`, in lists
  of words and in strings that are handed to `subprocess` and its like, or by `runpy.run_module`;
- the same in launch files: Dockerfiles, compose files, Kubernetes manifests, shell scripts, Makefiles, …;
- imports of modules that vLLM no longer has, and of those that it deprecates.

| module | |
|---|---|
| `vllm.entrypoints.openai.api_server` | deprecated since 0.29 |
| `vllm.entrypoints.api_server` (the demo server) | gone since 0.25 |
| `vllm.entrypoints.launcher` | gone since 0.29, now `vllm.entrypoints.launchers.launcher` |
| `vllm.engine.multiprocessing` | gone since 0.12 |
| `vllm.entrypoints.openai.protocol`, `.logits_processors`, `.tool_parsers` | gone by 0.16 |
| `vllm.entrypoints.openai.serving_chat`, `.serving_engine` and its like | gone by 0.16 |
| `vllm.entrypoints.logger`, `vllm.entrypoints.utils`, `vllm.entrypoints.ssl` | gone by 0.24 |
| `vllm.entrypoints.openai.cli_args`, `vllm.entrypoints.chat_utils` | gone by 0.32 |

What counts is the vLLM in the virtual environment (`.venv`, `venv`, `env`, pixi's) next to the file or in a
folder around it, else in the activated one, by its metadata: nothing is imported. For a launch file first
the release that it names itself, by an image (`vllm/vllm-openai:v0.8.5`) or a requirement
(`vllm==0.8.5`). Where there is none, commands and imports of modules that are gone are judged by vLLM 0.33,
and the message says so; imports that are only deprecated are left alone then.

"By" a release: it is the first of those looked at that lacks the module.

A list of words counts wherever it stands, also where another file starts it. Not where it is printed, logged,
compared, dumped as JSON, or one fact among others in a dictionary, which nothing in the file takes out of it.

Not flagged: imports within `try`, or beside a test of the version; type checking; commands in a container;
docstrings and help texts; in a launch file what runs elsewhere (`ssh`, `docker run`); a workspace that has
a package `vllm` of its own, or lies in a copy of vLLM.

## Why it matters

What is gone ends in

```text
ModuleNotFoundError: No module named 'vllm.entrypoints.launcher'
```

What is deprecated works, and says

```text
The `python -m vllm.entrypoints.openai.api_server` command is deprecated and may be removed in a
future release. Please use `vllm server` instead.
```

(It means `vllm serve`.) The command also differs in how it starts its engine: `vllm serve` sets the start
method to spawn, where the module leaves the library's default.

## Example

```python
subprocess.Popen([sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", model])
```

Better:

```python
subprocess.Popen(["vllm", "serve", model])
```

## Fix and its safety

"Launch by `vllm serve`" writes the new command, with the model as its first argument. Unsafe: `vllm` is
looked for on the `PATH`, which may lead into another environment than `sys.executable` does, and what
looks for the process by its old name no longer finds it. An import of `sys` that this leaves unused goes.
In launch files `/opt/venv/bin/python` becomes
`/opt/venv/bin/vllm`, quotes and lists stay as they are. Offered where the interpreter, the module and
`--model` with its value stand in one list, or follow one another in a string; the interpreter may be one
that a name of the file stands for, but not what a caller chose. None for imports: which names were moved
where depends on the release.

## Since

As in the table: from the sources of 20 releases of vLLM, 0.5.5 to 0.33.0.

## References

- [vLLM: `vllm serve`](https://docs.vllm.ai/en/latest/cli/serve.html)
- `vllm/entrypoints/openai/api_server.py`
"""

_UNKNOWN = "which one is installed is not known"


def _check(facts: FileFacts) -> Iterator[Finding]:
    if facts.workspace.has_own_vllm:
        return
    yield from _of_imports(facts)
    for run in module_runs(facts.module.names):
        retired = MODULES[run.module]
        version = facts.workspace.vllm_version or CURRENT
        if retired.is_gone(version) or retired.is_deprecated(version):
            yield _of_run(facts, run, retired)


def _of_run(facts: FileFacts, run: ModuleRun, retired: Retired) -> Finding:
    installed = facts.workspace.vllm_version
    command = f'runpy.run_module("{run.module}")' if run.in_process else f"python -m {run.module}"
    message = _run_message(run.module, command, retired, installed, _installed(installed))
    fixes = _served(serve_edits(facts.module.names, run))
    return Finding(CODE, NAME, run.place, message, Severity.INFORMATION, fixes)


def _run_message(module: str, command: str, retired: Retired, release: Version | None, known: str) -> str:
    if retired.is_gone(release or CURRENT):
        return f"`{command}` is gone {_since(retired.gone, known)}: it ends in {_not_found(module)}"
    since = _since(retired.deprecated, known)
    return f"`{command}` is deprecated {since}: it says so and `may be removed in a future release`"


def _since(version: Version | None, known: str) -> str:
    """known: what is known of the release in use."""
    return f"since vLLM `{as_text(version or CURRENT)}` ({known})"


def _installed(release: Version | None) -> str:
    return f"installed: `{as_text(release)}`" if release is not None else _UNKNOWN


def _served(edits: tuple[Edit, ...] | None) -> tuple[Fix, ...]:
    note = "`vllm` is looked for on the `PATH`, which may lead into another environment."
    return (Fix("Launch by `vllm serve`", edits, Applicability.UNSAFE, (note,)),) if edits is not None else ()


def _not_found(module: str) -> str:
    return f"`ModuleNotFoundError: No module named '{module}'`"


# Launch files


def _check_launches(facts: LaunchFacts) -> Iterator[Finding]:
    from portside.launchfiles.commands.module_runs import module_run
    from portside.launchfiles.vllm_release import named_release

    seen: set[Span] = set()
    for unit in facts.file.units:
        for launch in unit.launches:
            run = module_run(launch)
            if run is None or launch.elsewhere or facts.workspace.has_own_vllm:
                continue
            if (span := run.span(facts.source)) in seen:
                continue
            seen.add(span)
            named = named_release(unit.image) or named_release(facts.source.text)
            release = named or facts.workspace.vllm_version
            retired = MODULES[run.name]
            if retired.is_gone(release or CURRENT) or retired.is_deprecated(release or CURRENT):
                yield _of_launch(facts, run, retired, release)


def _of_launch(facts: LaunchFacts, run: LaunchedModule, retired: Retired, release: Version | None) -> Finding:
    from portside.launchfiles.commands.module_runs import serve_edits

    known = f"used here: `{as_text(release)}`" if release else _UNKNOWN
    message = _run_message(run.name, f"python -m {run.name}", retired, release, known)
    fixes = _served(serve_edits(facts.source, run) if run.name == COMMAND else None)
    return Finding(CODE, NAME, run.span(facts.source), message, Severity.INFORMATION, fixes)


# Imports


def _of_imports(facts: FileFacts) -> Iterator[Finding]:
    if not facts.module.names.chunks_with(WORDS):
        return
    seen: set[int] = set()
    for found in facts.module.all_imports:
        module = _retired_module(found)
        if (
            module is not None
            and found.statement.start_byte not in seen
            and not _expects_failure(facts, found)
        ):
            message = _import_message(facts, module, MODULES[module])
            if message is not None:
                seen.add(found.statement.start_byte)
                span = facts.module.tree.span(found.statement)
                yield Finding(CODE, NAME, span, message, Severity.INFORMATION)


def _retired_module(found: Import) -> str | None:
    """The module of the table that the import needs, itself or as a package."""
    names = [found.module]
    if found.name is not None:
        names.append(f"{found.module}.{found.name}")
    return next(
        (module for module in MODULES for name in names if name == module or name.startswith(f"{module}.")),
        None,
    )


def _expects_failure(facts: FileFacts, found: Import) -> bool:
    if any(around.type in {"try_statement", "except_clause"} for around in ancestors(found.statement)):
        return True
    if _asks_version(facts, found):
        return True
    guards = facts.module.guards
    byte = found.statement.start_byte
    return any(g.when is When.NEVER and g.start <= byte < g.end for g in guards.all)


def _asks_version(facts: FileFacts, found: Import) -> bool:
    """Whether an `if` around the import, or one in its function, asks for a version."""
    conditions = []
    for around in ancestors(found.statement):
        if around.type == "if_statement":
            conditions.append(around.child_by_field_name("condition"))
        elif around.type == "function_definition":
            conditions += fields_of(nodes_of(around, "if_statement"), "condition")
    tree = facts.module.tree
    return any(node is not None and "version" in tree.text(node) for node in conditions)


def _import_message(facts: FileFacts, module: str, retired: Retired) -> str | None:
    installed = facts.workspace.vllm_version
    known = _installed(installed)
    if retired.is_gone(installed or CURRENT):
        instead = f", its names are in {retired.instead}" if retired.instead else ""
        fact = f"`{module}` is gone {_since(retired.gone, known)}"
        return f"{fact}: this import ends in {_not_found(module)}{instead}"
    if installed is not None and retired.is_deprecated(installed):
        return (
            f"`{module}` is deprecated {_since(retired.deprecated, known)}: it is a shim with a "
            f"`DeprecationWarning`, its names are in {retired.instead}"
        )
    return None


_METADATA = ".venv/lib/python3.11/site-packages/vllm-{}.dist-info/METADATA"
_OLD = {_METADATA.format("0.6.3"): "Name: vllm\n"}
_NEW = {_METADATA.format("0.32.0+cpu"): "Name: vllm\n"}

_INVALID = (
    Invalid(
        "a list",
        "import subprocess\nimport sys\n\n"
        'subprocess.Popen([sys.executable, "-m", «"vllm.entrypoints.openai.api_server"», '
        '"--model", model, "--port", port])\n',
        fixed='import subprocess\n\nsubprocess.Popen(["vllm", "serve", model, "--port", port])\n',
        messages=("is deprecated since vLLM `0.29` (which one is installed is not known)",),
    ),
    Invalid(
        "over several lines, the model later",
        "import subprocess\n\ncmd = [\n    'python3', '-m', «'vllm.entrypoints.openai.api_server'»,\n"
        "    '--port', '8000',\n"
        "    '--model', MODEL,\n    '--dtype', 'auto',\n]\nsubprocess.run(cmd)\n",
        fixed="import subprocess\n\ncmd = [\n    'vllm', 'serve', MODEL,\n    '--port', '8000',\n"
        "    '--dtype', 'auto',\n]\nsubprocess.run(cmd)\n",
    ),
    Invalid(
        "a list in a file that needs the interpreter elsewhere",
        "import sys, subprocess\n\nprint(sys.version)\n"
        'subprocess.run([sys.executable, "-m", «"vllm.entrypoints.openai.api_server"», "--model", model])\n',
        fixed='import sys, subprocess\n\nprint(sys.version)\nsubprocess.run(["vllm", "serve", model])\n',
    ),
    Invalid(
        "the first of several imports, in a function",
        "def start():\n    import sys, subprocess\n\n"
        '    subprocess.run([sys.executable, "-m", «"vllm.entrypoints.openai.api_server"», "--model", m])\n',
        fixed='def start():\n    import subprocess\n\n    subprocess.run(["vllm", "serve", m])\n',
    ),
    Invalid(
        "a list without a model",
        "import subprocess\n\n"
        'subprocess.run(["python", "-m", «"vllm.entrypoints.openai.api_server"», *options])\n',
    ),
    Invalid(
        "a shell string",
        "import os\n\n"
        "os.system('python -m «vllm.entrypoints.openai.api_server» --model facebook/opt-125m --port 8000')\n",
        fixed="import os\n\nos.system('vllm serve facebook/opt-125m --port 8000')\n",
    ),
    Invalid(
        "a shell string in a variable",
        "import subprocess\n\n"
        "cmd = f'CUDA_VISIBLE_DEVICES=0 python3 -m «vllm.entrypoints.openai.api_server» --model {m}'\n"
        "subprocess.Popen(cmd, shell=True)\n",
        fixed="import subprocess\n\ncmd = f'CUDA_VISIBLE_DEVICES=0 vllm serve {m}'\n"
        "subprocess.Popen(cmd, shell=True)\n",
    ),
    Invalid(
        "an interpreter that has a name",
        "import subprocess\nimport sys\n\nPYTHON = sys.executable\n"
        'subprocess.Popen([PYTHON, "-m", «"vllm.entrypoints.openai.api_server"», "--model", model])\n',
        fixed="import subprocess\nimport sys\n\nPYTHON = sys.executable\n"
        'subprocess.Popen(["vllm", "serve", model])\n',
    ),
    Invalid(
        "an interpreter in a shell string",
        "import os\nimport sys\n\n"
        'os.system(f"{sys.executable} -m «vllm.entrypoints.openai.api_server» --model {m}")\n',
        fixed='import os\n\nos.system(f"vllm serve {m}")\n',
    ),
    Invalid(
        "an interpreter that somebody else chose",
        "import os\n\n\ndef start(python):\n"
        '    os.system(f"{python} -m «vllm.entrypoints.openai.api_server» --model m")\n',
    ),
    Invalid(
        "words as arguments",
        "import asyncio, sys\n\nasync def start():\n    await asyncio.create_subprocess_exec(\n"
        '        sys.executable, "-m", '
        '«"vllm.entrypoints.openai.api_server"», "--model", "m"\n    )\n',
        fixed="import asyncio\n\nasync def start():\n    await asyncio.create_subprocess_exec(\n"
        '        "vllm", "serve", "m"\n    )\n',
    ),
    Invalid(
        "in the process itself",
        "import runpy\nimport sys\n\nif __name__ == '__main__':\n"
        "    sys.argv += ['--model', 'facebook/opt-125m']\n"
        "    runpy.run_module(«'vllm.entrypoints.openai.api_server'», run_name='__main__', alter_sys=True)\n",
        messages=(
            '`runpy.run_module("vllm.entrypoints.openai.api_server")` is deprecated since vLLM `0.29`',
        ),
    ),
    Invalid(
        "in the process itself, by a name",
        "from runpy import run_module\n\nSERVER = 'vllm.entrypoints.openai.api_server'\n\n\n"
        "def main():\n    run_module(«SERVER», None, '__main__')\n",
    ),
    Invalid(
        "a command that another file starts",
        "def build_command(model):\n"
        "    return ['python', '-m', «'vllm.entrypoints.openai.api_server'», '--model', model]\n",
        fixed="def build_command(model):\n    return ['vllm', 'serve', model]\n",
    ),
    Invalid(
        "in a module that is called vllm itself",
        "from .base import Spec\n\n\ndef build_command(spec: Spec):\n"
        "    return [spec.python, '-m', «'vllm.entrypoints.openai.api_server'», *spec.flags]\n",
        path="gateway/providers/vllm.py",
        files={"gateway/providers/__init__.py": "", "gateway/providers/base.py": ""},
    ),
    Invalid(
        "a command that is told and started",
        "import subprocess\n\ncommand = ['python', '-m', «'vllm.entrypoints.openai.api_server'»]\n"
        "command += ['--port', port]\nprint('Start:', ' '.join(command))\nsubprocess.Popen(command)\n",
    ),
    Invalid(
        "in a table of commands",
        "import subprocess\n\nSERVERS = {\n"
        "    'vllm': ['python', '-m', «'vllm.entrypoints.openai.api_server'»],\n"
        "    'sglang': ['python', '-m', 'sglang.launch_server'],\n}\nsubprocess.run(SERVERS[name])\n",
    ),
    Invalid(
        "in a list of commands that are tried one after the other",
        "import subprocess\n\nways = [\n    ['python', '-m', «'vllm.entrypoints.openai.api_server'»],\n"
        "    ['vllm', 'serve'],\n]\nfor way in ways:\n    subprocess.run(way + ['--help'])\n",
    ),
    Invalid(
        "in a description that whoever starts it reads",
        "spec = {'image': image, 'command': ['python', '-m', «'vllm.entrypoints.openai.api_server'»]}\n"
        "start(**spec)\n",
    ),
    Invalid(
        "under a key that the file reads",
        "import subprocess\n\n"
        "engine = {'name': 'vllm', 'boot': ['python', '-m', «'vllm.entrypoints.openai.api_server'»]}\n"
        "subprocess.run(engine['boot'])\n",
    ),
    Invalid(
        "joined",
        "import os\n\n"
        "os.system(' '.join(['python', '-m', «'vllm.entrypoints.openai.api_server'», '--model', model]))\n",
        fixed="import os\n\nos.system(' '.join(['vllm', 'serve', model]))\n",
    ),
    Invalid(
        "one of several commands",
        "import subprocess\n\n"
        "for command in [['ray', 'start'], ['python', '-m', «'vllm.entrypoints.openai.api_server'»]]:\n"
        "    subprocess.run(command)\n",
    ),
    Invalid(
        "the demo server",
        "import subprocess\n\n"
        "subprocess.run(['python', '-m', «'vllm.entrypoints.api_server'», '--model', 'm'])\n",
        messages=("is gone since vLLM `0.25` (which one is installed is not known): it ends in `Module",),
    ),
    Invalid(
        "the installed version",
        "import subprocess\n\nsubprocess.run(['python', '-m', «'vllm.entrypoints.openai.api_server'»])\n",
        files=_NEW,
        messages=("since vLLM `0.29` (installed: `0.32`)",),
    ),
    Invalid(
        "an import of what is gone",
        "«from vllm.entrypoints.launcher import serve_http»\n",
        messages=("its names are in `vllm.entrypoints.launchers.launcher`",),
    ),
    Invalid(
        "a module of a package that is gone",
        "«from vllm.engine.multiprocessing.client import MQLLMEngineClient»\n",
    ),
    Invalid(
        "classes of a server that have moved",
        "«from vllm.entrypoints.openai.serving_chat import OpenAIServingChat»\n"
        "«from vllm.entrypoints.openai.tool_parsers.hermes_tool_parser import Hermes2ProToolParser»\n"
        "«from vllm.entrypoints.openai.cli_args import make_arg_parser»\n",
        messages=(
            "is gone since vLLM `0.16`",
            "its names are in `vllm.tool_parsers`",
            "is gone since vLLM `0.32` (which one is installed is not known)",
        ),
    ),
    Invalid("a module by its package", "«from vllm.entrypoints import launcher»\n"),
    Invalid(
        "a plain import, in a function", "def f():\n    «import vllm.entrypoints.api_server as server»\n"
    ),
    Invalid(
        "a shim of the installed version",
        "«from vllm.entrypoints.openai.api_server import run_server»\n",
        files=_NEW,
        messages=("is deprecated since vLLM `0.29` (installed: `0.32`): it is a shim",),
    ),
    Invalid(
        "a shell script",
        "export HF_HOME=/models\nexec python3 -u -m «vllm.entrypoints.openai.api_server» \\\n"
        '    --port 8000 \\\n    --model "$MODEL" \\\n    --dtype auto\n',
        fixed='export HF_HOME=/models\nexec vllm serve "$MODEL" \\\n    --port 8000 \\\n    --dtype auto\n',
        messages=("is deprecated since vLLM `0.29` (which one is installed is not known)",),
        path="start.sh",
    ),
    Invalid(
        "a Dockerfile's exec form",
        'FROM vllm/vllm-openai:v0.32.0\nENTRYPOINT ["/opt/venv/bin/python3", "-m", '
        '"«vllm.entrypoints.openai.api_server»", "--model=Qwen/Qwen3-8B", "--port", "8000"]\n',
        fixed='FROM vllm/vllm-openai:v0.32.0\nENTRYPOINT ["/opt/venv/bin/vllm", "serve", '
        '"Qwen/Qwen3-8B", "--port", "8000"]\n',
        messages=("since vLLM `0.29` (used here: `0.32`)",),
        path="Dockerfile",
    ),
    Invalid(
        "a model that stands apart",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n    - name: a\n"
        "      image: b\n      command: [python3, -m, «vllm.entrypoints.openai.api_server»]\n"
        "      args:\n        - --port=8000\n        - --model\n        - Qwen/Qwen3-8B\n",
        fixed="apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n    - name: a\n"
        "      image: b\n      command: [vllm, serve]\n"
        "      args:\n        - --port=8000\n        - Qwen/Qwen3-8B\n",
        path="k8s/pod.yaml",
    ),
    Invalid(
        "a compose file's text",
        "services:\n  vllm:\n    image: a\n    command: >\n      python -m "
        "«vllm.entrypoints.openai.api_server»\n      --model Qwen/Qwen3-8B\n      --port 8000\n",
        fixed="services:\n  vllm:\n    image: a\n    command: >\n      vllm serve Qwen/Qwen3-8B\n"
        "      --port 8000\n",
        path="compose.yaml",
    ),
    Invalid(
        "a Makefile",
        "serve:\n\tpython -m «vllm.entrypoints.openai.api_server» --model $(MODEL) --port 8000\n",
        fixed="serve:\n\tvllm serve $(MODEL) --port 8000\n",
        path="Makefile",
    ),
    Invalid(
        "a script that leaves the model to who calls it",
        'python -m «vllm.entrypoints.openai.api_server» "$@"\n',
        path="start.sh",
    ),
    Invalid(
        "the demo server in a script",
        "python -m «vllm.entrypoints.api_server» --model m\n",
        messages=("is gone since vLLM `0.25`",),
        path="start.sh",
    ),
)

_VALID = (
    Valid("the command of today", 'import subprocess\n\nsubprocess.run(["vllm", "serve", "m"])\n'),
    Valid(
        "a shim, where the version is not known",
        "from vllm.entrypoints.openai.api_server import run_server\n",
    ),
    Valid(
        "an installed version that has it",
        "import subprocess\nfrom vllm.entrypoints.launcher import serve_http\n\n"
        "subprocess.run(['python', '-m', 'vllm.entrypoints.openai.api_server'])\n",
        files=_OLD,
    ),
    Valid(
        "either",
        "try:\n    from vllm.entrypoints.launchers.launcher import serve_http\nexcept ImportError:\n"
        "    from vllm.entrypoints.launcher import serve_http\n",
    ),
    Valid(
        "type checking",
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n"
        "    from vllm.engine.multiprocessing import RPCError\n",
    ),
    Valid(
        "a copy of vLLM",
        "from vllm.entrypoints.launcher import serve_http\n",
        files={"vllm/__init__.py": "", "vllm/entrypoints/__init__.py": ""},
    ),
    Valid(
        "what a test expects of a command",
        "from server import build\n\n\ndef test_build():\n    command = build('m')\n"
        "    assert command[1:3] == ['-m', 'vllm.entrypoints.openai.api_server']\n",
        path="tests/test_server.py",
    ),
    Valid(
        "a record of what ran",
        "import json\n\n\ndef metadata(run):\n    return {\n        'id': run.id,\n"
        "        'vllm_entrypoint': ['python3', '-m', 'vllm.entrypoints.openai.api_server'],\n"
        "        'arguments': run.arguments,\n    }\n",
    ),
    Valid(
        "a record in a file",
        "import json\n\n"
        "json.dump({'command': ['python', '-m', 'vllm.entrypoints.openai.api_server']}, file)\n",
    ),
    Valid(
        "what `runpy` only loads",
        "import runpy\n\nserver = runpy.run_module('vllm.entrypoints.openai.api_server')\n"
        "other = runpy.run_module('vllm.entrypoints.cli.main', run_name='__main__')\n",
    ),
    Valid(
        "in a log",
        "import subprocess\n\n"
        "logger.info('start: %s', ' '.join(['python', '-m', 'vllm.entrypoints.openai.api_server']))\n",
    ),
    Valid(
        "what a command is compared with",
        "from server import build\n\n\ndef test_build():\n"
        "    expected = ['python', '-m', 'vllm.entrypoints.openai.api_server'] + OPTIONS\n"
        "    assert build() == expected, f'not {expected}'\n",
        path="tests/test_server.py",
    ),
    Valid(
        "a command for somebody to type",
        "import shlex\n\n"
        "command = ['python', '-m', 'vllm.entrypoints.openai.api_server', '--model', model]\n"
        "text = shlex.join(command)\nprint('Now run:', text)\n",
    ),
    Valid(
        "commands for somebody to type",
        "ways = [\n    ['python', '-m', 'vllm.entrypoints.openai.api_server'],\n    ['vllm', 'serve'],\n]\n"
        "for way in ways:\n    print('or run:', ' '.join(way))\n",
    ),
    Valid(
        "words that are looked for",
        "import psutil\n\nwords = proc.cmdline()\n"
        "found = all(w in words for w in ('-m', 'vllm.entrypoints.openai.api_server'))\n",
    ),
    Valid(
        "what a mock was called with",
        "run.assert_called_once_with(['python', '-m', 'vllm.entrypoints.openai.api_server'])\n",
        path="tests/test_server.py",
    ),
    Valid(
        "in a container",
        "import subprocess\n\nsubprocess.run(['docker', 'run', 'image', 'python', '-m', "
        "'vllm.entrypoints.openai.api_server'])\n",
    ),
    Valid("a logger's name", "logger = init_logger('vllm.entrypoints.openai.api_server')\nimport vllm\n"),
    Valid(
        "a help text",
        "import subprocess\n\nprint('python -m vllm.entrypoints.openai.api_server --model m')\n",
    ),
    Valid("a docstring", '"""python -m vllm.entrypoints.openai.api_server"""\nimport subprocess\n'),
    Valid(
        "another module",
        "from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest\n"
        "from vllm.entrypoints.openai import protocols\nfrom vllm.entrypoints.llm import LLM\n",
    ),
    Valid(
        "where the installed version has it",
        "from vllm.entrypoints.openai.serving_chat import OpenAIServingChat\n",
        files=_OLD,
    ),
    Valid("a script of today", "vllm serve m --port 8000\n", path="start.sh"),
    Valid(
        "an image of a release that has no other way",
        'FROM vllm/vllm-openai:v0.8.5\nCMD ["python3", "-m", "vllm.entrypoints.openai.api_server"]\n',
        path="Dockerfile",
    ),
    Valid(
        "a requirement of such a release",
        "FROM python:3.12\nRUN pip install vllm==0.6.3\n"
        "CMD python3 -m vllm.entrypoints.openai.api_server --model m\n",
        path="Dockerfile",
    ),
    Valid(
        "on another machine",
        "ssh gpu python -m vllm.entrypoints.openai.api_server --model m\n",
        path="start.sh",
    ),
    Valid("what a script prints", "echo 'python -m vllm.entrypoints.openai.api_server'\n", path="start.sh"),
    Valid("someone else's launcher", "from mine.entrypoints.launcher import serve_http\nimport vllm\n"),
)

RULE: Rule[FileFacts] = Rule(
    code=CODE,
    name=NAME,
    severity=Severity.INFORMATION,
    in_notebooks=True,
    summary="A module of vLLM that is deprecated or gone: `vllm serve` starts the server",
    fixes_apart=True,
    documentation=DOCUMENTATION,
    check=_check,
    launch_check=_check_launches,
    invalid=_INVALID,
    valid=_VALID,
)
