"""Starts Pythons that have imported the web framework already: the start of a server costs a fork.

    zygote.py SOCKET                        waits for who asks, until standard input ends
    zygote.py SOCKET python script.py …     asks: started with this environment, folder and files 0 to 2

What is started is as `python`, `python -m`, `python -c` and `uvicorn` are: their `sys.path`, their
`__main__`, their end.
"""

import json
import os
import socket
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
_IMPORTED = (
    "asyncio",
    "logging.config",
    "uvicorn.loops.auto",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "fastapi",
    "fastapi.responses",
    "fastapi.middleware.cors",
    "sitecustomize",
)


def ask(address, words):
    with socket.socket(socket.AF_UNIX) as mine:
        mine.connect(address)
        said = json.dumps({"words": words, "folder": os.getcwd(), "environment": dict(os.environ)}).encode()
        socket.send_fds(mine, [b"%08d" % len(said)], [0, 1, 2])
        mine.sendall(said)
        return int(mine.recv(8) or b"1")


def wait(address):
    import select
    import signal

    sys.path.insert(0, _HERE)
    for name in _IMPORTED:
        __import__(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen(16)
        while True:
            ready, _, _ = select.select([server, 0], [], [])
            if 0 in ready:
                return
            asked, _ = server.accept()
            if os.fork() == 0:
                server.close()
                os._exit(answer(asked))
            asked.close()


def answer(asked):
    """Starts what is asked for, and says how it ended."""
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
        become(**json.loads(said))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    asked.sendall(b"%08d" % (status % 256))
    return 0


def become(words, folder, environment):
    """Effect: does not return; the process is the program asked for, and ends with it."""
    import atexit
    import threading
    import traceback

    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    code = 0
    try:
        run(words, environment)
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
        stream.flush()
    os._exit(code)


def run(words, environment):
    import runpy
    import types

    program, *words = words
    path = [each for each in environment.get("PYTHONPATH", "").split(os.pathsep) if each]
    sys.path[:] = [*path, *(each for each in sys.path if each not in {_HERE, *path})]
    sys.modules["__main__"] = main = types.ModuleType("__main__")
    main.__builtins__ = __builtins__
    sys.modules["sitecustomize"].activate()
    if os.path.basename(program) == "uvicorn":
        sys.path.insert(0, os.path.dirname(program))
        sys.argv = [program, *words]
        sys.exit(sys.modules["uvicorn.main"].main())
    if words[0] == "-m":
        sys.path.insert(0, os.getcwd())
        sys.argv = words[1:]
        runpy._run_module_as_main(words[1])
    elif words[0] == "-c":
        sys.path.insert(0, "")
        sys.argv = ["-c", *words[2:]]
        exec(compile(words[1], "<string>", "exec"), main.__dict__)
    else:
        sys.path.insert(0, os.path.dirname(os.path.abspath(words[0])))
        sys.argv = words
        main.__file__ = os.path.abspath(words[0])
        with open(words[0], "rb") as file:
            code = compile(file.read(), main.__file__, "exec", dont_inherit=True)
        exec(code, main.__dict__)


if __name__ == "__main__":
    program, option = [*sys.argv[2:], "", ""][:2]
    if os.path.basename(program) != "uvicorn" and option.startswith("-") and option not in {"-m", "-c"}:
        # What is said to the interpreter only a new one can heed.
        os.execv(program, sys.argv[2:])
    if program:
        sys.exit(ask(sys.argv[1], sys.argv[2:]))
    wait(sys.argv[1])
