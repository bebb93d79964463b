"""Which files are worth parsing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.rules.marked import case_id, unmark

from portside.knowledge import listeners, server_commands
from portside.knowledge.apps import APP_CLASSES
from portside.knowledge.launches import LAUNCH_NAMES
from portside.knowledge.main_guard import UNDEFINED_NAMES
from portside.knowledge.vllm import ENGINE_CONSTRUCTORS
from portside.lint.rule import Invalid, Rule
from portside.python.names.import_text import import_text
from portside.python.prefilter import given_ports, is_interesting, may_make_engine
from portside.rules import ALL

NAMES = {
    *ENGINE_CONSTRUCTORS,
    *LAUNCH_NAMES,
    *APP_CLASSES,
    *listeners.FUNCTIONS,
    *listeners.HYPERCORN_CONFIGS,
    *listeners.GUNICORN_APPLICATIONS,
}
METHODS = [(maker, method) for maker, methods in listeners.METHODS.items() for method in methods]
COMMANDS = [(program, first) for program, commands in server_commands.PROGRAMS.items() for first in commands]
RUNNERS = server_commands.RUNNERS | server_commands.WORD_RUNNERS | server_commands.SECOND_RUNNERS
# What another file makes an engine for is found by that file.
BY_OTHERS = ("in a script that says nothing of vLLM", "before a class of another file")
EXAMPLES = [
    (rule, example)
    for rule in ALL
    for example in rule.invalid
    if example.path.endswith(".py") and not any(words in example.id for words in BY_OTHERS)
]


@pytest.mark.parametrize(("rule", "example"), EXAMPLES, ids=case_id)
def test_what_a_rule_flags_is_parsed(rule: Rule[Any], example: Invalid):
    assert is_interesting(unmark(example.code).text.encode(), example.path)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_file_with_a_name_that_counts_is_parsed(name):
    module, attribute = _importable(name)
    assert is_interesting(f"from {module} import {attribute}\n{attribute}()\n".encode())
    assert is_interesting(f"import {module} as m\nm.{attribute}()\n".encode())
    assert is_interesting(f"import {module}\n\nf = ({module}\n  .{attribute})\n".encode())
    assert is_interesting(f"from {module} import (  # all\n    x,\n    {attribute} as f,\n)\n".encode())
    assert is_interesting(f"from {module} import x, \\\n  {attribute} as f\n".encode())
    assert is_interesting(f"from {module} import *\n\n{attribute}()\n".encode())
    package, _, last = module.rpartition(".")
    assert not package or is_interesting(f"from {package} import {last} as m\nm.{attribute}\n".encode())


def _importable(name: str) -> tuple[str, str]:
    """The module and the class of a class method, else the function."""
    module, _, attribute = name.rpartition(".")
    owner, _, above = module.rpartition(".")[::-1]
    return (above, owner) if owner[:1].isupper() else (module, attribute)


@pytest.mark.parametrize(("maker", "method"), METHODS)
def test_a_file_with_a_method_that_listens_is_parsed(maker, method):
    module, _, attribute = maker.rpartition(".")
    assert is_interesting(f"from {module} import {attribute} as A\nA().{method}(1)\n".encode())


@pytest.mark.parametrize("runner", sorted(RUNNERS))
@pytest.mark.parametrize(("program", "first"), COMMANDS)
def test_a_file_that_starts_a_server_is_parsed(program, first, runner):
    package, command = runner.partition(".")[0], server_commands.PROGRAMS[program][first]
    for option in command.ports | command.binds or {""}:
        text = f"import {package}\n{runner}('{program} {first} x {option} 8000')\n"
        assert is_interesting(text.encode())


@pytest.mark.parametrize("pattern", [pattern for pattern, _ in server_commands._MODULES])
def test_every_module_that_serves_has_one_of_the_words(pattern: re.Pattern[str]):
    name = pattern.pattern.replace("\\.", ".")
    assert any(re.search(rf"\b{re.escape(word)}\b", name) for word in server_commands.MODULE_WORDS)


@pytest.mark.parametrize(
    "text",
    [
        "import os, \\\n  uvicorn\nuvicorn.run(app)\n",
        "import \\\n  argparse, uvicorn\nuvicorn.run(app)\n",
        "import \\\r\n  argparse, \\\r\n  uvicorn\r\nuvicorn.run(app)\r\n",
        "from uvicorn import \\\n  (Config, run)\nrun(app)\n",
        "from uvicorn import (  # all (of it)\n  Config as C,  # (\n  run\n)\nrun(app)\n",
        "from uvicorn \\\n  import *\nrun(app)\n",
        "from importlib import import_module\nimport_module(\n    'vllm',\n).LLM('m')\n",
        "try: import uvicorn\nexcept ImportError: pass\nuvicorn.run(app)\n",
        "def f():\n\timport vllm\n\treturn vllm.LLM('m')\n",
        "import os;import uvicorn\nuvicorn.run(app)\n",
        "from uvicorn import *\nrun(app)\n",
        "from vllm.engine.multiprocessing.client import MQLLMEngineClient\n",
        "port = 8000  # Portside: ignore\n",
        "port = 8000  # portside: ignor[hardcoded-port]\n",
        "import socket\ns = socket.socket()\ns.bind(('', 80))\ns.listen()\n",
        "import socket\ns = socket.socket()\ns.bind(('', 80))\nserver.run(sockets=[s])\n",
        "from socket import socket\nsocket().bind(('', 80))\n",
        "import sys\nfrom vllm.scripts import main\nsys.argv = ['vllm', 'serve', '--port', '80']\nmain()\n",
        "from app import app\napp.run(host='0.0.0.0', port=5000)\n",
        "from ui import demo\ndemo.launch(\n    server_port=7860,\n)\n",
        "from compat import LLM\nllm = LLM('m')\n",
        "from imports import *\nllm = LLM('m')\n",
        "from vllm import LLM\nLLM('m')\n",
        "from vllm import LLM\nmake = LLM\n",
        "from vllm import LLM as L\nL('m')\n",
        "from vllm import LLM; llm = LLM('m')\n",
        "from vllm import (\n  LLM,  # the engine\n)\nllm: LLM = LLM('m')\n",
        "from vllm import LLM\nmakers = {'a': LLM('m'), 'b': [LLM('n')]}\n",
        "from vllm import LLM\nclass Judge(LLM): pass\n",
        "# import (see LLM\nfrom vllm import LLM\nllm = LLM('m')  # )\n",
        "from fastapi import FastAPI\n\n\ndef attach(app: FastAPI):\n    Thread(target=FastAPI)\n",
        "import zmq as z\nz.Context.instance().socket(z.PUB) . bind \\\n  ('tcp://*:5555')\n",
        "import zmq\n(zmq.Socket(c, zmq.PUB).  # to all\n  bind('tcp://*:5555'))\n",
        "from ray import serve as s\ns.start(http_options={'port': 8000})\n",
        "import ray.serve\nray . serve . start(http_options={'port': 8000})\n",
        "import importlib\nimportlib.import_module('asyncio').start_server(f, None, 8000)\n",
        "from app import uvicorn\nuvicorn.run('m:app', port=8000)\n",
    ],
)
def test_a_file_that_may_be_of_interest_is_parsed(text):
    assert is_interesting(text.encode())


@pytest.mark.parametrize("text", ["bind = '0.0.0.0:8000'\n", "workers = 2\nbind='0.0.0.0:8000'\n"])
def test_the_configuration_of_a_server_is_parsed(text):
    assert is_interesting(text.encode(), "/srv/app/gunicorn.conf.py")
    assert is_interesting(text.encode(), "hypercorn_config.py")
    assert not is_interesting(text.encode(), "/srv/gunicorn/settings.py")


@pytest.mark.parametrize("name", sorted(UNDEFINED_NAMES))
def test_a_file_with_a_broken_guard_is_parsed(name):
    assert is_interesting(f"if {name} == '__main__':\n    main()\n".encode())
    assert is_interesting(f"if 1:\n    pass\nelif ('_main_'=={name}):\n    main()\n".encode())
    assert is_interesting(f"if 1:\n    {' ' * 120}if {name} == '__main__':\n        main()\n".encode())
    assert is_interesting(f"\ufeffif {name} == '__main__':\n    main()\n".encode())
    assert is_interesting(f"if 1:\r    if {name} == '__main__':\r        main()\r".encode())


@pytest.mark.parametrize(
    "test",
    ["__name__ == __main__", "__name__ == 'main'", "__name__ is '__main__'", "(__name__) == r'__MAIN__'"],
)
def test_a_file_with_a_guard_that_never_holds_is_parsed(test):
    assert is_interesting(f"if {test}:\n    main()\n".encode())


@pytest.mark.parametrize(
    "text",
    [
        "import math\n\n\ndef area(r):\n    return math.pi * r * r\n",
        "import sys\nfrom vllm.logger import init_logger\n\nlogger = init_logger(__name__)  # of vLLM\n",
        "from vllm import SamplingParams\n\nVLLM = 1\n",
        "import subprocess\nsubprocess.run(['git', 'status'])\n",
        "import socket\nhost = socket.gethostname()\n",
        "import socket\ns = socket.socket()\ns.bind(('', 0))\nprint(s.getsockname())\n",
        "import sys\nimport vllm\nprint(sys.argv[1], sys.argv == [])\n",
        "from vllm import LLM  # LLM('m')\n\n\ndef f(llm: LLM, more: 'LLM | None') -> LLM:\n    return llm\n",
        "from vllm import LLM, \\\n  SamplingParams\n\n\ndef f(llm:LLM, all: list[LLM]) -> 'LLM':\n    ...\n",
        'import math\n\n\nif __name__ == "__main__":\n    print(math.pi)\n',
        "if 1:\n    main = 2  # not if __name__ == 'main':\n",
        "if __name__=='__main__' :\n    print(1)\n",
        "import zmq\ncontext = zmq.Context()\nopen(context, bind=True)\n",
        "import asyncio\nfrom core.net import start_server\nstart_server('localhost', 80)\n",
        "import ray\nserve = object()\nray.get(actor.start.remote())\n",
        "from gevent import socket\nsocket.create_server(('', 80))\n",
    ],
)
def test_a_file_that_has_nothing_to_do_with_servers_is_not(text):
    assert not is_interesting(text.encode())


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("from core.net import start_server\nstart_server('localhost', 8000)\n", {"start_server"}),
        ("from lib import serve\nserve(app, port = PORT)\n", {"serve"}),
        ("import lib\nlib.serve('m:app', port=9000)\n", {"lib"}),
        ("import lib.http\nserver = lib.http.Server()\nserver.run(port=9000)\n", {"lib"}),
        ("from lib import Server\nServer().start(9000)\n", {"Server"}),
        ("from lib import Config, run\nconfig = Config(port=9000)\nrun(config)\n", {"Config", "*"}),
        ("from server import Server\nPORT = 9000\nServer(HOST, PORT)\n", {"Server", "*"}),
        ("from lib import serve\nport = 9000\nserve(app, port)\n", {"*"}),
        ("import os\nfrom lib import f\nf(os.environ['VLLM_PORT'])\n", {"*"}),
        ("from lib import serve as start\nstart(9000)\n", {"*"}),
        ("from lib import *\nserve(port=9000)\n", {"*"}),
        ("from lib import serve\nThread(target=serve, args=(9000,))\n", {"*"}),
        ("from lib import Base\nclass A(Base):\n    def f(self): super().run(port=9000)\n", {"Base"}),
        ("from lib import serve\nserve(app, port=port)\n", set()),
        ("from lib import load\nload(path, 9000)\n", set()),
        ("def serve(app, port): ...\nserve(app, port=9000)\n", set()),
        ("from lib import serve\nreport = 9000\n", set()),
    ],
)
def test_what_a_file_gives_a_port_that_it_imports(text, given):
    assert given_ports(text.encode(), import_text(text.encode())) == given


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("from vllm import LLM\nLLM('m')\n", True),
        ("import vllm\nvllm.LLM('m')\n", True),
        ("from engine import LLM\nLLM('m')\n", True),
        ("from engine import *\nLLM('m')\n", True),
        ("from engine import *\nserve('m')\n", False),
        ("import subprocess\nsubprocess.run(['vllm', 'serve'])\n", False),
        ("import torch\nmodel = torch.load('vllm')\n", False),
    ],
)
def test_what_may_make_an_engine_tells_it_by_its_imports(text: str, may: bool) -> None:
    data = text.encode()
    assert may_make_engine(data, import_text(data)) is may
