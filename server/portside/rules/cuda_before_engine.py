"""PS304: a process initialises CUDA, and makes a vLLM engine after that."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from portside.knowledge.vllm import MULTIPROCESSING_VARIABLE, START_METHOD_VARIABLE
from portside.lint.finding import Applicability, Edit, Finding, Fix, Related, Severity
from portside.lint.rule import Invalid, Rule, Valid
from portside.lint.source import Span
from portside.python.engines.cuda_order import EarlyCuda, find_early_cuda
from portside.python.engines.engines import EngineUse, sets_environment
from portside.python.facts import FileFacts
from portside.python.names.import_insertion import insertion
from portside.python.names.names import Names
from portside.python.source.roles import is_test_file
from portside.python.source.syntax import ancestors

CODE, NAME = "PS304", "cuda-before-engine"

DOCUMENTATION = """\
## What it does

Flags code that initialises CUDA before a vLLM engine is made, in the same flow of the program: in the
module as it is imported, in its main block, or in the function that makes the engine; functions
and methods of the file that are called there are followed. An engine that a function or class of another
file makes, and CUDA that it initialises, count where it does so whatever it is given.

What initialises CUDA: `torch.cuda.set_device`, `current_device`, `get_device_name`,
`get_device_properties`, `mem_get_info`, `synchronize`, `init` and the like, `.cuda()`, `.to("cuda")`,
tensors made with `device="cuda"`, models that `transformers`, `sentence_transformers`, `diffusers` or
LangChain's embeddings put there. What does not: `torch.cuda.is_available()`, `device_count()`,
`manual_seed()`, `empty_cache()`, `memory_allocated()`.

Not flagged: tests that pytest runs (what a main block of theirs does is), a file that sets
`VLLM_WORKER_MULTIPROC_METHOD` to `spawn`, an engine that starts no process, the other branch of an `if`.

## Why it matters

vLLM's library forks its engine by default, and CUDA does not survive a fork:

```text
RuntimeError: Cannot re-initialize CUDA in forked subprocess. To use CUDA with multiprocessing, you must use
the 'spawn' start method
```

So vLLM looks whether CUDA is initialised, and if it is, spawns:

```text
WARNING: We must use the `spawn` multiprocessing start method. Overriding VLLM_WORKER_MULTIPROC_METHOD to
'spawn'. See https://docs.vllm.ai/en/latest/usage/troubleshooting.html#python-multiprocessing for more
information. Reasons: CUDA is initialized
```

A spawned process runs the script again: from now on it needs a main guard, and works only with one. And
the process that serves keeps a CUDA context, some hundred MiB of the memory that the engine counts on.

## Example

```python
torch.cuda.set_device(0)
llm = LLM("Qwen/Qwen3-8B")
```

Better:

```python
os.environ["CUDA_VISIBLE_DEVICES"] = "0"
llm = LLM("Qwen/Qwen3-8B")
```

## Fix and its safety

Sets `VLLM_WORKER_MULTIPROC_METHOD` to `spawn` ahead of the call, as vLLM itself would do, and older
releases do not. Safe, and offered only where no engine is made at import: a spawned process runs the file
again, which only a main guard, or a lifespan, makes harmless. To initialise CUDA after the engine is made,
or in another process, is better, and a matter of design.

## Since

Every version of vLLM with an engine process (V1: 0.8). Measured with the sources of vLLM 0.32.0 and PyTorch
2.13.0.

## References

- `vllm/utils/system_utils.py`, `_maybe_force_spawn` (0.32.0)
- `torch/cuda/__init__.py`, `_lazy_init` (2.13.0); `torch/csrc/cuda/Module.cpp`, `THCPModule_setDevice_wrap`
- [vLLM: troubleshooting, Python multiprocessing](https://docs.vllm.ai/en/latest/usage/troubleshooting.html#python-multiprocessing)
"""


def _check(facts: FileFacts) -> Iterator[Finding]:
    names = facts.module.names
    is_test = is_test_file(facts.source.path)
    if is_test and (not facts.module.guards.main or names.chunks_with(["pytest", "unittest"])):
        return  # What a spawned process runs again is pytest, which has a guard.
    started = _started_elsewhere(facts)
    uses = {call: names.tree.text(call.child_by_field_name("function") or call) for call in started}
    early = find_early_cuda(facts.module, _made_elsewhere(facts), uses)
    if is_test:
        early = tuple(one for one in early if not _is_in_test(names, one.origin))
    if not early or sets_environment(names, START_METHOD_VARIABLE, "spawn", len(facts.source.data)):
        return
    seen: set[int] = set()
    for found in early:
        # One for each engine: the first call is what has to change.
        pair = {found.call.start_byte, found.engine.call.start_byte}
        if pair & seen:
            continue
        seen |= pair
        fix = _fix(facts, found)
        place = Related(
            facts.source.path, facts.module.tree.span(found.engine.call), "the engine is made here"
        )
        yield Finding(
            CODE,
            NAME,
            facts.module.tree.span(found.call),
            _message(facts, found),
            Severity.WARNING,
            fixes=(fix,) if fix is not None else (),
            related=(place, *started.get(found.call, ())),
        )


def _made_elsewhere(facts: FileFacts) -> Iterator[EngineUse]:
    """The calls of functions and classes of other files that make an engine."""
    names = facts.module.names
    for engine in facts.workspace.made_engines:
        call = names.node_over(engine.statement)
        if call is not None:
            in_process = sets_environment(names, MULTIPROCESSING_VARIABLE, "0", call.start_byte)
            yield EngineUse(call, engine.called or engine.constructor, (), in_process, forked=False)


def _started_elsewhere(facts: FileFacts) -> dict[Node, tuple[Related, ...]]:
    """The calls of functions and classes of other files that initialise CUDA, with the place there."""
    found: dict[Node, tuple[Related, ...]] = {}
    for started in facts.workspace.started_cuda:
        call = facts.module.names.node_over(started.statement)
        if call is not None:
            found[call] = (Related(started.path, started.span, "CUDA is initialised here"),)
    return found


def _is_in_test(names: Names, call: Node) -> bool:
    """Whether a function of a test does it, which pytest may run as well."""
    around = (node for node in ancestors(call) if node.type == "function_definition")
    called = [name for node in around if (name := node.child_by_field_name("name")) is not None]
    return any(names.tree.text(name).startswith("test") for name in called)


def _message(facts: FileFacts, found: EarlyCuda) -> str:
    line = facts.module.tree.line(found.engine.call)
    return (
        f"`{found.use}` initialises CUDA before `{found.engine.constructor}` in line {line} makes the "
        "engine: its process can't be forked then, so vLLM spawns it, which runs this script again"
    )


def _fix(facts: FileFacts, found: EarlyCuda) -> Fix | None:
    """Sets the start method ahead of it; None where spawned processes would make the engine too."""
    names = facts.module.names
    if any(engine.at_import() is not None for engine in facts.module.engines):
        return None
    if found.engine not in facts.module.engines:
        return None  # what an import of this file makes by another one's is not looked for
    statement = _statement(found.call)
    imports = _import_of_os(names, statement)
    if statement is None or imports is None:
        return None
    source, start = names.tree.source, names.tree.span(statement).start
    indent = source.text[source.line_span(source.line_of(start)).start : start]
    if indent.strip():
        return None
    quote = "'" if source.data.count(b"'") > source.data.count(b'"') else '"'
    line = f"os.environ[{quote}{START_METHOD_VARIABLE}{quote}] = {quote}spawn{quote}"
    edit = Edit(source.path, Span(start, start), f"{line}{source.newline}{indent}")
    title = f"Set `{START_METHOD_VARIABLE}` to `spawn` before"
    return Fix(title, (*imports, edit), Applicability.SAFE)


def _statement(call: Node) -> Node | None:
    """The statement of the call, or the outermost loop of its function around it."""
    found: Node | None = None
    for node in (call, *ancestors(call)):
        if node.type == "function_definition":
            break
        is_statement = node.parent is not None and node.parent.type in {"block", "module"}
        if is_statement and (found is None or node.type in {"for_statement", "while_statement"}):
            found = node
    return found


def _import_of_os(names: Names, statement: Node | None) -> tuple[Edit, ...] | None:
    """The import that the line needs, if any; None where `os` means something else there."""
    if statement is None:
        return None
    home = names.home("os", names.scope_at(statement))
    if home is None:
        chunk = names.chunk_at(statement.start_byte)
        edit = insertion(names, "os", chunk.node) if chunk is not None else None
        return (edit,) if edit is not None else None
    bindings = names.bindings_in("os", home)
    is_there = home is names.module and all(
        b.target == "os" and b.arm is None and b.since <= statement.start_byte for b in bindings
    )
    return () if is_there else None


_HEAD = "import torch\nfrom vllm import LLM\n\n"
_FIXED_HEAD = "import os\n\nimport torch\nfrom vllm import LLM\n\n"
_SET = 'os.environ["VLLM_WORKER_MULTIPROC_METHOD"] = "spawn"\n'
_GUARD = 'if __name__ == "__main__":\n'

_TEST_MODEL = (
    "def test_model():\n    LLM('m')\n\n\ndef main():\n    test_gpu()\n    test_model()\n\n\n"
    + _GUARD
    + "    main()\n"
)

_LOADER = "from vllm import LLM\n\n\nclass Model:\n    def __init__(self):\n        self.llm = LLM('m')\n"
_SHOWN = (
    "import os\n\n\ndef show_gpu():\n"
    "    try:\n        import torch\n    except ImportError:\n        return\n"
    "    if torch.cuda.is_available():\n        for number in range(torch.cuda.device_count()):\n"
    "            print(torch.cuda.get_device_name(number))\n"
)
_SPEAKER = (
    "import torch\nfrom vllm import LLM\n\n\n"
    "class Talker:\n    def load(self):\n        self.llm = LLM('m')\n\n\n"
    "class Speaker(Talker):\n    def __init__(self):\n"
    "        self.stream = torch.cuda.Stream() if torch.cuda.is_available() else None\n"
)
_EMBEDDER = (
    "from sentence_transformers import SentenceTransformer\n\n\nclass Embedder:\n"
    "    def __init__(self, device='cuda'):\n        self.model = SentenceTransformer('e', device={device})\n"
)

_INVALID = (
    Invalid(
        "before a class of another file makes the engine",
        "import torch\nfrom lib import Model\n\n"
        + _GUARD
        + "    «torch.cuda.set_device(0)»\n    model = Model()\n",
        messages=("`torch.cuda.set_device` initialises CUDA before `Model` in line 6 makes the engine",),
        path="ask.py",
        files={"lib.py": _LOADER},
    ),
    Invalid(
        "before a function of another file, handed on by its package, that initialises CUDA",
        "from vllm import LLM\nfrom lib import show_gpu\n\n"
        + _GUARD
        + "    «show_gpu()»\n    llm = LLM('m')\n",
        messages=("`show_gpu` initialises CUDA before `LLM` in line 6 makes the engine",),
        fixed="import os\n\nfrom vllm import LLM\nfrom lib import show_gpu\n\n"
        + _GUARD
        + "    "
        + _SET
        + "    show_gpu()\n    llm = LLM('m')\n",
        path="ask.py",
        files={"lib/__init__.py": "from .gpu import show_gpu\n", "lib/gpu.py": _SHOWN},
    ),
    Invalid(
        "before a class of another file makes the engine, in one of a third",
        "from gpu import show_gpu\nfrom lib import Model\n\n"
        + _GUARD
        + "    «show_gpu()»\n    model = Model()\n",
        messages=("`show_gpu` initialises CUDA before `Model` in line 6 makes the engine",),
        path="ask.py",
        files={"lib.py": _LOADER, "gpu.py": _SHOWN},
    ),
    Invalid(
        "before a class of another file, whose base makes the engine",
        "from lib import Speaker, Talker\n\n\nclass Voice:\n    def __init__(self):\n"
        "        self.model = Talker()\n\n\nclass Reader(Voice):\n    def __init__(self, fast):\n"
        "        self.model = «Speaker()»\n        if fast:\n            self.model.load()\n",
        messages=("`Speaker` initialises CUDA before `load` in line 13 makes the engine",),
        path="ask.py",
        files={"lib.py": _SPEAKER},
    ),
    Invalid(
        "what a star import of its package brings, in the function",
        "from vllm import LLM\n\n\ndef main():\n    from lib import show_gpu\n\n"
        "    «show_gpu()»\n    llm = LLM('m')\n",
        fixed="import os\n\nfrom vllm import LLM\n\n\ndef main():\n    from lib import show_gpu\n\n    "
        + _SET.replace('"', "'")
        + "    show_gpu()\n    llm = LLM('m')\n",
        path="ask.py",
        files={"lib/__init__.py": "from .gpu import *\n", "lib/gpu.py": _SHOWN},
    ),
    Invalid(
        "LangChain's embeddings",
        "from langchain_huggingface import HuggingFaceEmbeddings\nfrom vllm import LLM\n\n"
        'options = {"device": "cuda"}\n'
        'e = «HuggingFaceEmbeddings(model_name="e", model_kwargs=options)»\nllm = LLM("m")\n',
        messages=('`HuggingFaceEmbeddings(device="cuda")` initialises CUDA',),
    ),
    Invalid(
        "before a class of another file that initialises CUDA",
        "from vllm import LLM\nfrom lib import Embedder\n\n\nclass Server:\n    def __init__(self):\n"
        "        self.embedder = «Embedder()»\n        self.llm = LLM('m')\n",
        fixed="import os\n\nfrom vllm import LLM\nfrom lib import Embedder\n\n\nclass Server:\n"
        "    def __init__(self):\n        " + _SET.replace('"', "'") + "        self.embedder = Embedder()\n"
        "        self.llm = LLM('m')\n",
        path="ask.py",
        files={"lib.py": _EMBEDDER.format(device='"cuda"')},
    ),
    Invalid(
        "in a loop",
        _HEAD + _GUARD + "    for number in range(2):\n        print(«torch.cuda.get_device_name(number)»)\n"
        '    llm = LLM("m")\n',
        fixed=_FIXED_HEAD
        + _GUARD
        + "    "
        + _SET
        + "    for number in range(2):\n        print(torch.cuda.get_device_name(number))\n"
        + '    llm = LLM("m")\n',
    ),
    Invalid(
        "a script that is called like a test",
        _HEAD + "def test_it():\n    LLM('m')\n\n\n" + _GUARD + "    «torch.cuda.init()»\n    test_it()\n",
        fixed=_FIXED_HEAD
        + "def test_it():\n    LLM('m')\n\n\n"
        + _GUARD
        + "    "
        + _SET
        + "    torch.cuda.init()\n    test_it()\n",
        path="test_engine.py",
    ),
    Invalid(
        "a script that runs its own tests, one after the other",
        _HEAD + "def test_gpu():\n    print(«torch.cuda.get_device_name(0)»)\n\n\n" + _TEST_MODEL,
        fixed=_FIXED_HEAD
        + "def test_gpu():\n    "
        + _SET
        + "    print(torch.cuda.get_device_name(0))\n\n\n"
        + _TEST_MODEL,
        path="tests/test_setup.py",
    ),
    Invalid(
        "a device that is set first, at import",
        _HEAD + '«torch.cuda.set_device(0)»\nllm = LLM("m")\n',
        messages=("`torch.cuda.set_device` initialises CUDA before `LLM` in line 5 makes the engine",),
    ),
    Invalid(
        "in the main block",
        _HEAD + _GUARD + '    «torch.cuda.set_device(0)»\n    llm = LLM("m")\n',
        fixed=_FIXED_HEAD + _GUARD + "    " + _SET + '    torch.cuda.set_device(0)\n    llm = LLM("m")\n',
    ),
    Invalid(
        "at import, ahead of a main block",
        "import os\n"
        + _HEAD
        + "print(«torch.cuda.get_device_name(0)»)\n\n"
        + _GUARD
        + '    llm = LLM("m")\n',
        fixed="import os\n"
        + _HEAD
        + _SET
        + "print(torch.cuda.get_device_name(0))\n\n"
        + _GUARD
        + '    llm = LLM("m")\n',
    ),
    Invalid(
        "in the function that makes the engine",
        _HEAD + 'def load():\n    free, total = «torch.cuda.mem_get_info()»\n    return LLM("m")\n',
        fixed=_FIXED_HEAD
        + "def load():\n    "
        + _SET
        + '    free, total = torch.cuda.mem_get_info()\n    return LLM("m")\n',
    ),
    Invalid(
        "through functions of the file",
        _HEAD
        + "def prepare():\n    «torch.cuda.synchronize()»\n\n\ndef load():\n    return LLM('m')\n\n\n"
        + "def main():\n    prepare()\n    llm = load()\n\n\n"
        + _GUARD
        + "    main()\n",
        fixed=_FIXED_HEAD
        + "def prepare():\n    "
        + _SET
        + "    torch.cuda.synchronize()\n\n\ndef load():\n    return LLM('m')\n\n\n"
        + "def main():\n    prepare()\n    llm = load()\n\n\n"
        + _GUARD
        + "    main()\n",
    ),
    Invalid(
        "a model at import, and an engine in the lifespan",
        "from fastapi import FastAPI\nfrom transformers import AutoModel\nfrom vllm import LLM\n\n"
        'embedder = «AutoModel.from_pretrained("e").to("cuda")»\n\n\nasync def lifespan(app):\n'
        '    llm = LLM("m")\n'
        "    yield\n\n\napp = FastAPI(lifespan=lifespan)\n",
        fixed="import os\n\nfrom fastapi import FastAPI\nfrom transformers import AutoModel\n"
        "from vllm import LLM\n\n"
        + _SET
        + 'embedder = AutoModel.from_pretrained("e").to("cuda")\n\n\nasync def lifespan(app):\n'
        '    llm = LLM("m")\n'
        "    yield\n\n\napp = FastAPI(lifespan=lifespan)\n",
        messages=('`.to("cuda")` initialises CUDA',),
    ),
    Invalid(
        "a device that is chosen",
        _HEAD + 'device = torch.device("cuda" if torch.cuda.is_available() else "cpu")\n'
        "model = «load().to(device)»\n"
        'llm = LLM("m")\n',
        messages=("`.to(device)` initialises CUDA",),
    ),
    Invalid(
        "a device that the class has chosen",
        _HEAD + "class Server:\n    def __init__(self, model):\n"
        "        self.device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')\n"
        "        self.model = «model.to(self.device)»\n        self.llm = LLM('m')\n",
        fixed=_FIXED_HEAD + "class Server:\n    def __init__(self, model):\n"
        "        self.device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')\n        "
        + _SET.replace('"', "'")
        + "        self.model = model.to(self.device)\n        self.llm = LLM('m')\n",
        messages=("`.to(self.device)` initialises CUDA",),
    ),
    Invalid(
        "a tensor on the GPU",
        _HEAD + 'x = «torch.zeros(1, device="cuda:0")»\nllm = LLM("m")\n',
        messages=('`zeros(device="cuda:0")` initialises CUDA',),
    ),
    Invalid(
        "a method that moves a model, and only the first of two calls",
        _HEAD + 'reranker = «load().cuda()»\nother = load().cuda()\nllm = LLM("m")\n',
        messages=("`.cuda()` initialises CUDA",),
    ),
    Invalid(
        "an embedding model",
        "from sentence_transformers import SentenceTransformer\nfrom vllm import LLM\n\n"
        'e = «SentenceTransformer("e", device="cuda")»\nllm = LLM("m")\n',
    ),
    Invalid(
        "a pipeline on the first GPU",
        'from transformers import pipeline\nfrom vllm import LLM\n\np = «pipeline("x", device=0)»\n'
        'llm = LLM("m")\n',
    ),
    Invalid(
        "a device in a with block",
        _HEAD + "with «torch.cuda.device(1)»:\n    llm = LLM('m')\n",
    ),
    Invalid(
        "in a class that makes both",
        _HEAD + "class Server:\n    def __init__(self):\n        «torch.cuda.init()»\n"
        "        self.llm = LLM('m')\n",
        fixed=_FIXED_HEAD
        + "class Server:\n    def __init__(self):\n        "
        + _SET.replace('"', "'")
        + "        torch.cuda.init()\n        self.llm = LLM('m')\n",
    ),
    Invalid(
        "by a method of the class that makes the engine",
        _HEAD + "class Server:\n    def __init__(self):\n        self.prepare()\n"
        "        self.llm = LLM('m')\n\n    def prepare(self):\n        «torch.cuda.init()»\n",
        fixed=_FIXED_HEAD
        + "class Server:\n    def __init__(self):\n        self.prepare()\n        self.llm = LLM('m')\n\n"
        "    def prepare(self):\n        " + _SET.replace('"', "'") + "        torch.cuda.init()\n",
    ),
    Invalid(
        "by methods of an object",
        _HEAD + "class Server:\n    def load(self):\n        self.llm = LLM('m')\n\n"
        "    def prepare(self):\n        «torch.cuda.init()»\n\n\n"
        "if __name__ == '__main__':\n    server = Server()\n    server.prepare()\n    server.load()\n",
        fixed=_FIXED_HEAD + "class Server:\n    def load(self):\n        self.llm = LLM('m')\n\n"
        "    def prepare(self):\n        " + _SET.replace('"', "'") + "        torch.cuda.init()\n\n\n"
        "if __name__ == '__main__':\n    server = Server()\n    server.prepare()\n    server.load()\n",
    ),
    Invalid(
        "first in a function, and in the one above that it calls",
        _HEAD
        + "def run():\n    torch.cuda.init()\n    LLM('m')\n\n\ndef main():\n    «torch.cuda.set_device(0)»\n"
        "    run()\n\n\n" + _GUARD + "    main()\n",
        fixed=_FIXED_HEAD
        + "def run():\n    torch.cuda.init()\n    LLM('m')\n\n\ndef main():\n    "
        + _SET
        + "    torch.cuda.set_device(0)\n    run()\n\n\n"
        + _GUARD
        + "    main()\n",
    ),
    Invalid(
        "first in the main block, and in the function that it calls",
        _HEAD + "def run():\n    torch.cuda.set_device(0)\n    return LLM('m')\n\n\n"
        "if __name__ == '__main__':\n    print(«torch.cuda.get_device_name(0)»)\n    run()\n",
        fixed=_FIXED_HEAD + "def run():\n    torch.cuda.set_device(0)\n    return LLM('m')\n\n\n"
        "if __name__ == '__main__':\n    "
        + _SET.replace('"', "'")
        + "    print(torch.cuda.get_device_name(0))\n    run()\n",
    ),
)

_VALID = (
    Valid(
        "a function of another file that initialises CUDA if it is told to",
        "from vllm import LLM\nfrom lib import show_gpu\n\n"
        + _GUARD
        + "    show_gpu()\n    llm = LLM('m')\n",
        path="ask.py",
        files={
            "lib.py": "import torch\n\n\ndef show_gpu(verbose=False):\n    if verbose:\n"
            "        print(torch.cuda.get_device_name(0))\n"
        },
    ),
    Valid(
        "LangChain's embeddings on the processor",
        "from langchain_huggingface import HuggingFaceEmbeddings\nfrom vllm import LLM\n\n"
        'e = HuggingFaceEmbeddings(model_kwargs={"device": "cpu"}, encode_kwargs={"device": "cuda"})\n'
        'llm = LLM("m")\n',
    ),
    Valid(
        "a class of another file that takes the device it is given",
        "from vllm import LLM\nfrom lib import Embedder\n\nembedder = Embedder('cpu')\nllm = LLM('m')\n",
        path="ask.py",
        files={"lib.py": _EMBEDDER.format(device="device")},
    ),
    Valid(
        "a function of another file that initialises CUDA and has vLLM spawn its engine",
        "from vllm import LLM\nfrom lib import show_gpu\n\n"
        + _GUARD
        + "    show_gpu()\n    llm = LLM('m')\n",
        path="ask.py",
        files={"lib.py": _SHOWN.replace("import os\n", "import os\n\n" + _SET, 1)},
    ),
    Valid(
        "a function of another file that initialises CUDA after the engine",
        "from vllm import LLM\nfrom lib import show_gpu\n\n"
        + _GUARD
        + "    llm = LLM('m')\n    show_gpu()\n",
        path="ask.py",
        files={"lib.py": _SHOWN},
    ),
    Valid(
        "a class of another file, which has vLLM spawn its engine",
        "import torch\nfrom lib import Model\n\n"
        + _GUARD
        + "    torch.cuda.set_device(0)\n    model = Model()\n",
        path="ask.py",
        files={"lib.py": f"import os\n\n{_SET}{_LOADER}"},
    ),
    Valid(
        "a class of another file, which has Python spawn all processes",
        "import torch\nfrom lib import Model\n\n"
        + _GUARD
        + "    torch.cuda.set_device(0)\n    model = Model()\n",
        path="ask.py",
        files={"lib.py": f"import multiprocessing\n\nmultiprocessing.set_start_method('spawn')\n{_LOADER}"},
    ),
    Valid(
        "a function of another file that makes an engine if it is told to",
        "import torch\nfrom lib import load\n\n" + _GUARD + "    torch.cuda.set_device(0)\n    load('hf')\n",
        path="ask.py",
        files={
            "lib.py": "from vllm import LLM\n\n\ndef load(backend):\n    if backend == 'vllm':\n"
            "        return LLM('m')\n    return None\n"
        },
    ),
    Valid(
        "by a method that comes after the engine",
        _HEAD + "class Server:\n    def __init__(self):\n        self.llm = LLM('m')\n"
        "        self.prepare()\n\n    def prepare(self):\n        torch.cuda.init()\n",
    ),
    Valid(
        "only asked whether there is one",
        _HEAD + 'n = torch.cuda.device_count() if torch.cuda.is_available() else 0\nllm = LLM("m")\n',
    ),
    Valid(
        "another choice of what to run",
        _HEAD + "def generate():\n    torch.cuda.set_device(0)\n\n\ndef generate_vllm():\n    LLM('m')\n\n\n"
        "if task == 'generate':\n    generate()\nif task == 'vllm' and ready:\n    generate_vllm()\n",
    ),
    Valid("a seed waits for the initialisation", _HEAD + 'torch.cuda.manual_seed_all(0)\nllm = LLM("m")\n'),
    Valid(
        "an empty cache is left alone",
        _HEAD + 'torch.cuda.empty_cache()\nprint(torch.cuda.memory_allocated())\nllm = LLM("m")\n',
    ),
    Valid("after the engine", _HEAD + 'llm = LLM("m")\ntorch.cuda.set_device(0)\n'),
    Valid(
        "the start method is set",
        "import os\n"
        + _HEAD
        + 'os.environ["VLLM_WORKER_MULTIPROC_METHOD"] = "spawn"\ntorch.cuda.set_device(0)\nllm = LLM("m")\n',
    ),
    Valid(
        "another branch",
        _HEAD
        + "def load(kind):\n    if kind == 'hf':\n        model = make().cuda()\n    elif kind == 'vllm':\n"
        "        model = LLM('m')\n    return model\n",
    ),
    Valid(
        "another branch of a function that is called",
        _HEAD + "def main(kind):\n    if kind == 'hf':\n        model = make().cuda()\n    else:\n"
        "        model = LLM('m')\n\n\n" + _GUARD + "    main('hf')\n",
    ),
    Valid(
        "another case",
        _HEAD + "def load(kind):\n    match kind:\n        case 'hf':\n            model = make().cuda()\n"
        "        case 'vllm':\n            model = LLM('m')\n    return model\n",
    ),
    Valid(
        "a branch that returns",
        _HEAD + "def load(kind):\n    if kind == 'hf':\n        return make().cuda()\n    return LLM('m')\n",
    ),
    Valid(
        "in a handler",
        _HEAD
        + "def answer(x):\n    return x.to('cuda')\n\n\n"
        + _GUARD
        + "    llm = LLM('m')\n    answer(1)\n",
    ),
    Valid(
        "in a function that the engine's flow never calls",
        _HEAD + "def other():\n    torch.cuda.set_device(0)\n\n\ndef load():\n    return LLM('m')\n",
    ),
    Valid(
        "an engine in the process itself",
        "import os\n"
        + _HEAD
        + 'os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"\ntorch.cuda.set_device(0)\nllm = LLM("m")\n',
    ),
    Valid(
        "torchrun's processes",
        _HEAD
        + 'torch.cuda.set_device(0)\nllm = LLM("m", distributed_executor_backend="external_launcher")\n',
    ),
    Valid(
        "a device that the class may be given",
        _HEAD + "class Server:\n    def __init__(self, model, device=None):\n"
        "        self.device = 'cuda'\n        if device:\n            self.device = device\n"
        "        model.to(self.device)\n        self.llm = LLM('m')\n",
    ),
    Valid(
        "an object of another file's class that initialises CUDA only if it is told to",
        "from lib import Speaker\n\n\ndef read():\n    model = Speaker(False)\n    model.load()\n",
        path="ask.py",
        files={
            "lib.py": _SPEAKER.replace("self):\n        self.s", "self, gpu):\n        self.s").replace(
                "torch.cuda.is_available()", "gpu"
            )
        },
    ),
    Valid("another kind of device", _HEAD + 'x = torch.zeros(1, device="cpu").to("mps")\nllm = LLM("m")\n'),
    Valid("a type", _HEAD + 'x = torch.zeros(1).to(torch.float16)\nllm = LLM("m")\n'),
    Valid("the engine's own option", 'from vllm import LLM\n\nllm = LLM("m", device="cuda")\n'),
    Valid("the device itself", _HEAD + 'device = torch.device("cuda")\nllm = LLM("m")\n'),
    Valid("no engine", "import torch\nimport vllm\n\ntorch.cuda.set_device(0)\nprint(vllm.__version__)\n"),
    Valid(
        "only in an import for types",
        "from typing import TYPE_CHECKING\n"
        + _HEAD
        + "if TYPE_CHECKING:\n    torch.cuda.init()\nllm = LLM('m')\n",
    ),
    Valid(
        "an actor of Ray has a process of its own",
        "import ray\n"
        + _HEAD
        + "torch.cuda.init()\n\n\n@ray.remote(num_gpus=1)\nclass Model:\n    def __init__(self):\n"
        "        self.llm = LLM('m')\n",
    ),
    Valid(
        "a test that does more as a script",
        _HEAD + "def test_it():\n    torch.cuda.init()\n    LLM('m')\n\n\n"
        "if __name__ == '__main__':\n    test_it()\n",
        path="test_engine.py",
    ),
    Valid("a test", _HEAD + 'torch.cuda.init()\nllm = LLM("m")\n', path="tests/test_engine.py"),
    Valid("text", _HEAD + '# torch.cuda.set_device(0)\ntext = "torch.cuda.init()"\nllm = LLM("m")\n'),
)

RULE: Rule[FileFacts] = Rule(
    code=CODE,
    name=NAME,
    severity=Severity.WARNING,
    summary="CUDA is initialised before the engine, so vLLM spawns its process instead of forking it",
    documentation=DOCUMENTATION,
    check=_check,
    invalid=_INVALID,
    valid=_VALID,
)
