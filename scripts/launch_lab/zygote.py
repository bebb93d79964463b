"""Starts Pythons that have imported the web framework already: the start of a server costs a fork.

    zygote.py wait SOCKET SITE MODULE…        imports these, and waits for who asks until standard input ends
    zygote.py ask SOCKET python script.py …   asks: started with this environment, folder and files 0 to 2

What is started is as `python`, `python -m`, `python -c` and `uvicorn` are: their `sys.path`, their
`__main__`, their end. SITE: the folder of the `sitecustomize` that is to be activated in each.
"""

import json
import os
import socket
import sys


def ask(address, words):
    with socket.socket(socket.AF_UNIX) as mine:
        mine.connect(address)
        said = json.dumps({"words": words, "folder": os.getcwd(), "environment": dict(os.environ)}).encode()
        socket.send_fds(mine, [b"%08d" % len(said)], [0, 1, 2])
        mine.sendall(said)
        return int(mine.recv(8) or b"1")


def wait(address, site, names):
    import contextlib
    import select
    import signal

    sys.path[0] = site  # what lies beside this file is nobody's module
    for name in names:
        with contextlib.suppress(ImportError):
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
                os._exit(answer(asked, site))
            asked.close()


def answer(asked, site):
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
        become(site, **json.loads(said))
    for file in files:
        os.close(file)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    asked.sendall(b"%08d" % (status % 256))
    return 0


def become(site, words, folder, environment):
    """Effect: does not return; the process is the program asked for, and ends with it."""
    import atexit
    import contextlib
    import threading
    import traceback

    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    code = 0
    try:
        run(site, words, environment)
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
        # Its reader may be gone, or the program has closed it.
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def run(site, words, environment):
    import runpy
    import types

    program, *words = words
    path = [each for each in environment.get("PYTHONPATH", "").split(os.pathsep) if each]
    sys.path[:] = [*path, *(each for each in sys.path if each not in {site, *path})]
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
        try:
            exec(compile(words[1], "<string>", "exec"), main.__dict__)
        except Exception:
            if not environment.get("LAB_EXCUSED"):
                raise
            # The command asks for what the script has only because something was passed over.
            print(sys.modules["standins"].Thing())
    else:
        sys.path.insert(0, os.path.dirname(os.path.abspath(words[0])))
        sys.argv = words
        main.__file__ = os.path.abspath(words[0])
        with open(words[0], "rb") as file:
            code = compile(file.read(), main.__file__, "exec", dont_inherit=True)
        exec(code, main.__dict__)


def is_plain(program, option="", *_):
    """Whether a running interpreter can become this; what is said to one itself only a new one can heed."""
    return os.path.basename(program) == "uvicorn" or not option.startswith("-") or option in {"-m", "-c"}


if __name__ == "__main__":
    what, address, *words = sys.argv[1:]
    if what == "wait":
        wait(address, words[0], words[1:])
    elif is_plain(*words):
        sys.exit(ask(address, words))
    else:
        os.execv(words[0], words)
