"""Starts Pythons that have imported the web framework already: a server's start costs a fork.

    zygote.py SOCKET                        waits for who asks
    zygote.py SOCKET python script.py …     asks: started with this environment, folder and files 0 to 2

What is started is as `python`, `python -m`, `python -c` and `uvicorn` are: their `sys.path`, their
`__main__`, their end.
"""

import json
import os
import socket
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def ask(address, words):
    with socket.socket(socket.AF_UNIX) as mine:
        mine.connect(address)
        said = json.dumps({"words": words, "folder": os.getcwd(), "environment": dict(os.environ)})
        socket.send_fds(mine, [b"%08d" % len(said.encode())], [0, 1, 2])
        mine.sendall(said.encode())
        return int(mine.recv(8) or b"1")


def wait(address):
    import signal

    _import_all()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen(16)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while True:
            asked, _ = server.accept()
            if os.fork() == 0:
                server.close()
                os._exit(_answer(asked))
            asked.close()


def _import_all():
    import asyncio  # noqa: F401
    import logging.config  # noqa: F401

    import excused  # noqa: F401
    import leniency  # noqa: F401
    import standins  # noqa: F401

    for name in (
        "uvicorn",
        "uvicorn.main",
        "uvicorn.loops.auto",
        "uvicorn.lifespan.on",
        "uvicorn.protocols.http.auto",
        "uvicorn.protocols.websockets.auto",
        "fastapi",
        "fastapi.responses",
        "fastapi.staticfiles",
        "fastapi.middleware.cors",
        "pydantic_settings",
        "httpx",
    ):
        try:
            __import__(name)
        except ImportError:
            continue


def _answer(asked):
    import signal

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, files, _, _ = socket.recv_fds(asked, 8, 3)
    said = b""
    while len(said) < int(size):
        said += asked.recv(65536)
    child = os.fork()
    if child == 0:
        asked.close()
        for place, file in enumerate(files):
            os.dup2(file, place)
            os.close(file)
        _become(**json.loads(said))
    for file in files:
        os.close(file)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    asked.sendall(b"%08d" % (status % 256))
    return 0


def _become(words, folder, environment):
    """Effect: does not return; the process is the program asked for, and ends with it."""
    import atexit
    import threading
    import traceback

    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    code = 0
    try:
        _run(words, environment)
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 0 if left.code is None else 1
        if left.code is not None and not isinstance(left.code, int):
            print(left.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue
    os._exit(code)


def _run(words, environment):
    import runpy
    import types

    program, *words = words
    path = [each for each in environment.get("PYTHONPATH", "").split(":") if each]
    sys.path[:] = [*path, *(each for each in sys.path if each not in {_HERE, *path})]
    sys.modules["__main__"] = main = types.ModuleType("__main__")
    main.__builtins__ = __builtins__
    import sitecustomize

    if os.path.basename(program) == "uvicorn":
        sys.path.insert(0, os.path.dirname(program))
        sys.argv = [program, *words]
        sitecustomize.activate()
        sys.exit(sys.modules["uvicorn.main"].main())
    if words[0] == "-m":
        sys.path.insert(0, os.getcwd())
        sys.argv = words[1:]
        sitecustomize.activate()
        runpy._run_module_as_main(words[1])
        return
    if words[0] == "-c":
        sys.path.insert(0, "")
        sys.argv = ["-c", *words[2:]]
        sitecustomize.activate()
        exec(compile(words[1], "<string>", "exec"), main.__dict__)
        return
    script = words[0]
    sys.path.insert(0, os.path.dirname(os.path.abspath(script)))
    sys.argv = words
    main.__file__ = os.path.abspath(script)
    sitecustomize.activate()
    with open(script, "rb") as file:
        code = compile(file.read(), main.__file__, "exec", dont_inherit=True)
    exec(code, main.__dict__)


def main():
    address, *words = sys.argv[1:]
    if not words:
        wait(address)
    is_plain = len(words) > 1 and (not words[1].startswith("-") or words[1] in {"-m", "-c"})
    if not is_plain and os.path.basename(words[0]) != "uvicorn":
        real = os.environ["LAB_PYTHON"]
        os.execv(real, [real, *words[1:]])
    sys.exit(ask(address, words))


if __name__ == "__main__":
    main()
