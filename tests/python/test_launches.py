"""Which calls start uvicorn, when they run, and with what."""

from __future__ import annotations

import pytest

from portside.lint.source import SourceFile
from portside.python.facts import ModuleFacts, module_facts
from portside.python.launching.launches import Form, Launch


def facts(text: str, path: str = "server.py") -> ModuleFacts:
    return module_facts(SourceFile(path, text))


def only_launch(text: str, path: str = "server.py") -> Launch:
    (launch,) = facts(text, path).launches
    return launch


U = "import uvicorn\n"
MAIN = 'if __name__ == "__main__":\n'

WHEN = {
    "at module level": ("uvicorn.run(a)", "IMPORT"),
    "in the main block": (MAIN + "    uvicorn.run(a)", "MAIN"),
    "single quotes, reversed": ("if '__main__' == __name__:\n    uvicorn.run(a)", "MAIN"),
    "parentheses": ('if (__name__) == ("__main__"):\n    uvicorn.run(a)', "MAIN"),
    "one line": ('if __name__ == "__main__": uvicorn.run(a)', "MAIN"),
    "with is": ('if __name__ is "__main__":\n    uvicorn.run(a)', "MAIN"),
    "combined by and": ('if __name__ == "__main__" and x and y:\n    uvicorn.run(a)', "MAIN"),
    "combined by and, second": ('if x and "__main__" == __name__:\n    uvicorn.run(a)', "MAIN"),
    "combined by or": ('if __name__ == "__main__" or x:\n    uvicorn.run(a)', "UNKNOWN"),
    "after elif": ('if x:\n    pass\nelif __name__ == "__main__":\n    uvicorn.run(a)', "MAIN"),
    "nested": (MAIN + "    if x:\n        for y in z:\n            uvicorn.run(a)", "MAIN"),
    "else of the guard": (MAIN + "    pass\nelse:\n    uvicorn.run(a)", "IMPORTED_ONLY"),
    "else of the opposite": ('if __name__ != "__main__":\n    pass\nelse:\n    uvicorn.run(a)', "MAIN"),
    "the opposite": ('if __name__ != "__main__":\n    uvicorn.run(a)', "IMPORTED_ONLY"),
    "not equal to": ('if not __name__ == "__main__":\n    uvicorn.run(a)', "IMPORTED_ONLY"),
    "not the opposite": ('if not __name__ != "__main__":\n    uvicorn.run(a)', "MAIN"),
    "early exit": ('import sys\nif __name__ != "__main__":\n    sys.exit(0)\nuvicorn.run(a)', "MAIN"),
    "early raise": ('if __name__ != "__main__":\n    raise ImportError("x")\nuvicorn.run(a)', "MAIN"),
    "no exit": ('if __name__ != "__main__":\n    print()\nuvicorn.run(a)', "IMPORT"),
    "early return": (
        'def main():\n    if __name__ != "__main__":\n        return\n    uvicorn.run(a)\nmain()',
        "MAIN",
    ),
    "an expression": ('__name__ == "__main__" and uvicorn.run(a)', "MAIN"),
    "a conditional expression": ('uvicorn.run(a) if __name__ == "__main__" else None', "MAIN"),
    "match": ('match __name__:\n    case "__main__":\n        uvicorn.run(a)', "MAIN"),
    "in a tuple": ('if __name__ in ("__main__",):\n    uvicorn.run(a)', "MAIN"),
    "in a set with the child's name": (
        'if __name__ in {"__main__", "__mp_main__"}:\n    uvicorn.run(a)',
        "IMPORT",
    ),
    "a broken guard": ('if __name__ == "main":\n    uvicorn.run(a)', "UNKNOWN"),
    "a guard by another name": ("if is_main(__name__):\n    uvicorn.run(a)", "UNKNOWN"),
    "type checking": ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    uvicorn.run(a)", "NEVER"),
    "not type checking": (
        "import typing\nif not typing.TYPE_CHECKING:\n    uvicorn.run(a)",
        "IMPORT",
    ),
    "try": ("try:\n    uvicorn.run(a)\nfinally:\n    pass", "IMPORT"),
    "with": ("with x:\n    uvicorn.run(a)", "IMPORT"),
    "while": ("while True:\n    uvicorn.run(a)", "IMPORT"),
    "a comprehension": ("[uvicorn.run(a) for x in y]", "IMPORT"),
    "a class body": ("class A:\n    uvicorn.run(a)", "IMPORT"),
    "a function that main calls": ("def f():\n    uvicorn.run(a)\n" + MAIN + "    f()", "MAIN"),
    "a function that import calls": ("def f():\n    uvicorn.run(a)\nf()", "IMPORT"),
    "through two functions": (
        "def g():\n    uvicorn.run(a)\ndef f():\n    g()\n" + MAIN + "    f()",
        "MAIN",
    ),
    "a function defined below": (MAIN + "    f()\ndef f():\n    uvicorn.run(a)", "MAIN"),
    "a function in the main block": (MAIN + "    def f():\n        uvicorn.run(a)\n    f()", "MAIN"),
    "a function in a function": (
        "def f():\n    def g():\n        uvicorn.run(a)\n    g()\n" + MAIN + "    f()",
        "MAIN",
    ),
    "sys.exit(main())": (
        "import sys\ndef main():\n    uvicorn.run(a)\n" + MAIN + "    sys.exit(main())",
        "MAIN",
    ),
    "an alias of a function": (
        "def f():\n    uvicorn.run(a)\ng = f\n" + MAIN + "    g()",
        "MAIN",
    ),
    "both ways": ("def f():\n    uvicorn.run(a)\nf()\n" + MAIN + "    f()", "IMPORT"),
    "functions in a circle": (
        "def f():\n    g()\ndef g():\n    f()\n    uvicorn.run(a)\n" + MAIN + "    f()",
        "MAIN",
    ),
    "a function that nothing calls": ("def f():\n    uvicorn.run(a)", "NEVER"),
    "a function that is only named": ("def f():\n    uvicorn.run(a)\nregister(f)", "NEVER"),
    "a decorator": ("@x.on\ndef f():\n    uvicorn.run(a)", "NEVER"),
    "a lambda": ("f = lambda: uvicorn.run(a)", "NEVER"),
    "a method": ("class A:\n    def f(self):\n        uvicorn.run(a)\n" + MAIN + "    A().f()", "MAIN"),
    "a method of an object": (
        "class A:\n    def f(self):\n        uvicorn.run(a)\nb = A()\n" + MAIN + "    b.f()",
        "MAIN",
    ),
    "a method of a class": (
        "class A:\n    @classmethod\n    def f(cls):\n        cls.g()\n"
        "    @staticmethod\n    def g():\n        uvicorn.run(a)\nA.f()",
        "IMPORT",
    ),
    "a method of something else": (
        "class A:\n    def f(self):\n        uvicorn.run(a)\nb = A() if x else B()\nb.f()",
        "NEVER",
    ),
    "a lambda that is called": ("f = lambda: uvicorn.run(a)\nf()", "IMPORT"),
    "a command of click": (
        "import click\n@click.command()\n@click.option('--port')\ndef f(port):\n    uvicorn.run(a)\n"
        + MAIN
        + "    f()",
        "NEVER",
    ),
    "a command of typer": (
        "import typer\napp = typer.Typer()\n@app.command()\ndef f():\n    uvicorn.run(a)\n"
        + MAIN
        + "    app()",
        "NEVER",
    ),
    "typer.run": ("import typer\ndef f():\n    uvicorn.run(a)\n" + MAIN + "    typer.run(f)", "NEVER"),
    "a thread": (
        "import threading\ndef f():\n    uvicorn.run(a)\n" + MAIN + "    threading.Thread(target=f).start()",
        "NEVER",
    ),
    "a coroutine that runs": (
        "import asyncio\nasync def f():\n    uvicorn.run(a)\n" + MAIN + "    asyncio.run(f())",
        "MAIN",
    ),
    "a coroutine in a loop": (
        "import asyncio\nasync def f():\n    uvicorn.run(a)\nloop = asyncio.new_event_loop()\n"
        + MAIN
        + "    loop.run_until_complete(f())",
        "MAIN",
    ),
    "anyio": ("import anyio\nasync def f():\n    uvicorn.run(a)\n" + MAIN + "    anyio.run(f)", "MAIN"),
    "awaited in a coroutine": (
        "import asyncio\nasync def g():\n    uvicorn.run(a)\nasync def f():\n    await g()\n"
        + MAIN
        + "    asyncio.run(f())",
        "MAIN",
    ),
    "a coroutine that nobody runs": ("async def f():\n    uvicorn.run(a)\n" + MAIN + "    f()", "NEVER"),
}


@pytest.mark.parametrize(("text", "when"), WHEN.values(), ids=WHEN)
def test_when_a_launch_runs(text: str, when: str) -> None:
    assert only_launch(U + text + "\n").when.name == when


def test_the_main_module_of_a_package_is_a_script() -> None:
    assert only_launch(U + "uvicorn.run(a)\n", "pkg/__main__.py").when.name == "MAIN"


FORMS = {
    "an alias": ("import uvicorn as u\nu.run(a)", Form.RUN),
    "a from-import": ("from uvicorn import run as serve\nserve(a)", Form.RUN),
    "a submodule": ("from uvicorn.main import run\nrun(a)", Form.RUN),
    "config and server at once": (U + "uvicorn.Server(uvicorn.Config(a)).run()", Form.SERVER_RUN),
    "a named config": (U + "c = uvicorn.Config(app=a)\nuvicorn.Server(config=c).run()", Form.SERVER_RUN),
    "a named server": (
        "from uvicorn import Config, Server\ns = Server(Config(a))\nasync def f():\n    await s.serve()",
        Form.SERVER_SERVE,
    ),
    "gathered": (
        U + "import asyncio\nasync def f():\n    s = uvicorn.Server(uvicorn.Config(a))\n"
        "    await asyncio.gather(s.serve(), g())",
        Form.SERVER_SERVE,
    ),
    "a server of one's own": (
        U + "class S(uvicorn.Server):\n    def install_signal_handlers(self): ...\n"
        "S(config=uvicorn.Config(a)).run()",
        Form.SERVER_RUN,
    ),
    "a server from a function": (
        U + "def make():\n    return uvicorn.Server(uvicorn.Config(a))\nmake().run()",
        Form.SERVER_RUN,
    ),
    "an annotated server": (
        U + "c: uvicorn.Config = uvicorn.Config(a)\ns: uvicorn.Server = uvicorn.Server(c)\ns.run()",
        Form.SERVER_RUN,
    ),
}


@pytest.mark.parametrize(("text", "form"), FORMS.values(), ids=FORMS)
def test_forms_of_launching(text: str, form: Form) -> None:
    launch = only_launch(text + "\n")
    assert launch.form is form
    assert launch.app is not None
    assert launch.call.text is not None


NO_LAUNCH = {
    "never imported": "uvicorn.run(a)",
    "another run": "import asyncio\nasyncio.run(a())",
    "a local run": U + "def run(x): ...\nrun(a)",
    "another server": U + "server = make()\nserver.run()",
    "a config that is not known": U + "uvicorn.Server(make()).run()",
    "a server that may be another": U
    + "if x:\n    s = uvicorn.Server(uvicorn.Config(a))\nelse:\n    s = o()\ns.run()",
    "shadowed": U + "def f(uvicorn):\n    uvicorn.run(a)\nf(1)",
    "a relative import": "from . import uvicorn\nuvicorn.run(a)",
    "a string": U + "'uvicorn.run(a)'",
    "a server that is never awaited": U + "uvicorn.Server(uvicorn.Config(a)).serve()",
    "only made": U + "s = uvicorn.Server(uvicorn.Config(a))",
}


@pytest.mark.parametrize("text", NO_LAUNCH.values(), ids=NO_LAUNCH)
def test_what_is_no_launch(text: str) -> None:
    assert facts(text + "\n").launches == ()


OPTIONS = {
    "keywords": ("uvicorn.run(a, host='h', port=1)", {"host": "'h'", "port": "1"}, True),
    "the app by keyword": ("uvicorn.run(app=a, port=1)", {"port": "1"}, True),
    "a config's positions": (
        "uvicorn.Server(uvicorn.Config(a, 'h', 1, log_level='x')).run()",
        {"host": "'h'", "port": "1", "log_level": "'x'"},
        True,
    ),
    "a dict": ("k = {'port': 1, 'host': h}\nuvicorn.run(a, **k)", {"port": "1", "host": "h"}, True),
    "a dict in place": ("uvicorn.run(a, **{'port': 1})", {"port": "1"}, True),
    "dict()": ("k = dict(port=1)\nuvicorn.run(a, **k)", {"port": "1"}, True),
    "a dict that is changed": ("k = {'port': 1}\nk['port'] = 2\nuvicorn.run(a, **k)", {}, False),
    "a dict from elsewhere": ("uvicorn.run(a, **make())", {}, False),
    "a list": ("uvicorn.run(*x)", {}, False),
}


@pytest.mark.parametrize(("text", "options", "complete"), OPTIONS.values(), ids=OPTIONS)
def test_options(text: str, options: dict[str, str], complete: bool) -> None:
    launch = only_launch(U + text + "\n")
    assert {name: (node.text or b"").decode() for name, node in launch.options.items()} == options
    assert launch.complete is complete


PROCESSES = {
    "reload": ("uvicorn.run('m:a', reload=True)", True),
    "workers": ("uvicorn.run('m:a', workers=2)", True),
    "a constant": ("W = 4\nuvicorn.run('m:a', workers=W)", True),
    "one worker": ("uvicorn.run('m:a', workers=1)", False),
    "no reload": ("uvicorn.run('m:a', reload=False)", False),
    "who knows": ("uvicorn.run('m:a', reload=x, workers=y)", False),
    "a config heeds no workers": ("uvicorn.Server(uvicorn.Config('m:a', workers=2)).run()", False),
}


@pytest.mark.parametrize(("text", "expected"), PROCESSES.values(), ids=PROCESSES)
def test_which_launches_start_processes(text: str, expected: bool) -> None:
    module = facts(U + text + "\n")
    assert module.launches[0].starts_processes(module.names) is expected


def test_the_way_to_a_launch() -> None:
    module = facts(U + "def g():\n    uvicorn.run(a)\ndef f():\n    g()\n" + MAIN + "    f()\n")
    (way,) = module.launches[0].reached
    assert [module.tree.text(call) for call in way.path] == ["f()", "g()"]
    assert module.tree.text(way.origin) == "f()"
    assert [module.tree.line(function) for function in way.functions] == [4, 2]
