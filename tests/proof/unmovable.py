"""Shapes that can't be moved as they stand, with the line and the reason that a user reads."""
# ruff: noqa: E501 - a server in one string reads better than in ten

from __future__ import annotations

from tests.proof.shapes import API, Unmovable

HEAD = "import uvicorn\n" + API  # nine lines
GUARD = "\nif __name__ == '__main__':\n"  # the guard is line 11, its first statement line 12
RUN = "    uvicorn.run(app, host='0.0.0.0', port=8010)\n"

UNMOVABLE = (
    Unmovable(
        "another file that parses the arguments when it is imported",
        "from options import args\n" + HEAD + GUARD + RUN,
        ((1, "`options.py` parses the arguments of the process here"),),
        files={"options.py": "import argparse\n\nargs = argparse.ArgumentParser().parse_args()\n"},
    ),
    Unmovable(
        "arguments that a file parses which another one imports",
        "import settings\n" + HEAD + GUARD + "    uvicorn.run(app, port=settings.port)\n",
        ((1, "`options.py` parses the arguments"),),
        files={
            "settings.py": "from options import read\n\nport = 8010\n",
            "options.py": "import argparse\n\n\ndef read():\n    return argparse.ArgumentParser().parse_args()\n\n\nread()\n",
        },
    ),
    Unmovable(
        "a function of another file that parses the arguments, called on import",
        "from options import read\n\nargs = read()\n" + HEAD + GUARD + RUN,
        ((3, "`options.py` parses the arguments"),),
        files={"options.py": "import argparse\n\n\ndef read(words=None):\n    return argparse.ArgumentParser().parse_args(words)\n"},
    ),
    Unmovable(
        "the same in a file that this one imports, through a package",
        "from settings import model\n" + HEAD + GUARD + RUN,
        ((1, "`cli/options.py` parses the arguments"),),
        files={
            "settings.py": "from cli import read\n\nmodel = read().model\n",
            "cli/__init__.py": "from .options import read\n",
            "cli/options.py": "import argparse\n\n\ndef read():\n    return parsed()\n\n\ndef parsed():\n"
            "    parser = argparse.ArgumentParser()\n    parser.add_argument('--model')\n    return parser.parse_args()\n",
        },
    ),
    Unmovable(
        "an object of another file that parses the arguments once it is asked for one",
        "from core.api.words import WORDS\n" + HEAD + GUARD + RUN,
        ((1, "`core/api/options.py` parses the arguments"),),
        path="core/api/server.py",
        files={
            "core/__init__.py": "",
            "core/core.py": "",
            "core/api/__init__.py": "",
            "core/api/words.py": "from .options import options\n\nWORDS = options.words.split()\n",
            "core/api/options.py": "import argparse\n\nfound = None\n\n\ndef read():\n    parser = argparse.ArgumentParser()\n    parser.add_argument('--words', default='')\n"
            "    return parser.parse_args()\n\n\nclass Options:\n    def __getattr__(self, name):\n        global found\n        found = found or read()\n        return getattr(found, name)\n\n\noptions = Options()\n",
        },
    ),
    Unmovable(
        "an argument that is for more than uvicorn",
        "import argparse\n" + HEAD + GUARD + "    parser = argparse.ArgumentParser()\n"
        "    parser.add_argument('--port', type=int, default=8000)\n    parser.add_argument('--model', default='m')\n"
        "    args = parser.parse_args()\n    uvicorn.run(app, port=args.port)\n",
        (
            (16, "reads options of this script"),
            (17, "the script's own arguments (`--port`)"),
        ),
    ),
    Unmovable(
        "an argument without a default",
        "import argparse\n" + HEAD + GUARD + "    parser = argparse.ArgumentParser()\n"
        "    parser.add_argument('--port', type=int, required=True)\n    args = parser.parse_args()\n"
        "    uvicorn.run(app, port=args.port)\n",
        (
            (15, "reads options of this script"),
            (16, "the script's own arguments (`--port`)"),
        ),
    ),
    Unmovable(
        "an argument that a variable gets as well",
        "import argparse\nimport os\n" + HEAD + GUARD + "    parser = argparse.ArgumentParser()\n"
        "    parser.add_argument('--port', type=int, default=8000)\n    args = parser.parse_args()\n"
        "    os.environ['URL'] = f'http://localhost:{args.port}'\n    uvicorn.run(app, port=args.port)\n",
        ((17, "is set before the server starts"),),
    ),
    Unmovable(
        "the main block sets what a route reads",
        HEAD + "\nengine = None\n\n\n@app.get('/e')\ndef e():\n    return str(engine)\n\n"
        + GUARD + "    engine = 'made'\n" + RUN,
        ((20, "`engine` is set here, where only the script comes, and `e` reads it in line 16"),),
    ),
    Unmovable(
        "a main function sets a global that the lifespan reads",
        "import uvicorn\nfrom fastapi import FastAPI\n\nargs = None\n\n\nasync def lifespan(app):\n    print(args)\n    yield\n\n\n"
        "app = FastAPI(lifespan=lifespan)\n\n\ndef main():\n    global args\n    args = 'x'\n    uvicorn.run(app)\n\n\n"
        "if __name__ == '__main__':\n    main()\n",
        ((17, "`args` is set here"),),
    ),
    Unmovable(
        "a name that exists only in the main block",
        HEAD + "\n\n@app.get('/m')\ndef m():\n    return MODEL\n\n" + GUARD + "    MODEL = 'x'\n" + RUN,
        ((18, "`m` reads it in line 14"),),
    ),
    Unmovable(
        "the app is made in the main block",
        "import uvicorn\nfrom fastapi import FastAPI\n\nif __name__ == '__main__':\n    app = FastAPI()\n"
        "    app.get('/')(print)\n    uvicorn.run(app)\n",
        ((5, "`app` is made in line 5"), (6, "runs before the server starts")),
    ),
    Unmovable(
        "the app is made in a helper",
        "import uvicorn\nfrom fastapi import FastAPI\n\n\ndef run_server():\n    app = FastAPI()\n\n    @app.get('/')\n"
        "    def root():\n        return 1\n\n    uvicorn.run(app, port=8000)\n\n\n"
        "if __name__ == '__main__':\n    run_server()\n",
        ((6, "`app` is made in line 6"), (8, "before the server starts")),
    ),
    Unmovable(
        "middleware added in the main block",
        "from fastapi.middleware.cors import CORSMiddleware\n" + HEAD + GUARD
        + "    app.add_middleware(CORSMiddleware, allow_origins=['*'])\n" + RUN,
        ((13, "`app.add_middleware(CORSMiddleware, allow_origins=['*'])` runs before the server starts"),),
    ),
    Unmovable(
        "state set in the main block",
        HEAD + GUARD + "    app.state.key = 'k'\n" + RUN,
        ((12, "`app.state.key` is set before the server starts"),),
    ),
    Unmovable(
        "the app wrapped in the main block",
        HEAD + "\n\ndef wrap(inner):\n    return inner\n\n" + GUARD + "    app = wrap(app)\n" + RUN,
        ((17, "`app` is made"),),
    ),
    Unmovable(
        "arguments parsed at import",
        "import argparse\nimport uvicorn\nfrom fastapi import FastAPI\n\nargs = argparse.ArgumentParser().parse_args()\n"
        "app = FastAPI()\n\nif __name__ == '__main__':\n    uvicorn.run(app)\n",
        ((5, "reads the arguments of the process"),),
    ),
    Unmovable(
        "sys.argv in a handler",
        "import sys\n" + HEAD + "\n\n@app.get('/a')\ndef a():\n    return sys.argv[1:]\n\n" + GUARD + RUN,
        ((15, "`sys.argv` reads the arguments of the process"),),
    ),
    Unmovable(
        "code after the run call",
        HEAD + "\n\ndef clean():\n    open('x', 'w').close()\n\n" + GUARD + RUN + "    clean()\n",
        ((18, "`clean()` runs after the server has stopped"),),
    ),
    Unmovable(
        "a thread before the run call",
        "import threading\n" + HEAD + "\n\ndef poll():\n    pass\n\n" + GUARD
        + "    threading.Thread(target=poll, daemon=True).start()\n" + RUN,
        ((18, "threading.Thread"),),
    ),
    Unmovable(
        "an environment variable set before the run call",
        "import os\n" + HEAD + GUARD + "    os.environ['VLLM_USE_V1'] = '1'\n" + RUN,
        ((13, "`os.environ['VLLM_USE_V1']` is set before the server starts"),),
    ),
    Unmovable(
        "logging set up before the run call",
        "import logging\n" + HEAD + GUARD + "    logging.basicConfig(level=logging.INFO)\n" + RUN,
        ((13, "logging.basicConfig"),),
    ),
    Unmovable(
        "the start method set before the run call",
        "import multiprocessing as mp\n" + HEAD + GUARD + "    mp.set_start_method('spawn')\n" + RUN,
        ((13, "mp.set_start_method"),),
    ),
    Unmovable(
        "a signal handler before the run call",
        "import signal\n" + HEAD + GUARD + "    signal.signal(signal.SIGTERM, print)\n" + RUN,
        ((13, "signal.signal"),),
    ),
    Unmovable(
        "a dictionary as log_config",
        HEAD + GUARD + "    uvicorn.run(app, log_config={'version': 1})\n",
        ((12, "`--log-config` takes text"),),
    ),
    Unmovable(
        "a number as log_level",
        HEAD + GUARD + "    uvicorn.run(app, log_level=15)\n",
        ((12, "`--log-level` takes text"),),
    ),
    Unmovable(
        "the app's name is deleted",
        HEAD + "\nserved = app\ndel app\n" + GUARD + "    uvicorn.run('server:app')\n",
        ((12, "`del app` leaves the module without it"),),
    ),
    Unmovable(
        "the ping switched off",
        HEAD + GUARD + "    uvicorn.run(app, ws_ping_interval=None)\n",
        ((12, "`ws_ping_interval=None`"),),
    ),
    Unmovable(
        "a factory of SSL contexts",
        HEAD + "\n\ndef ctx(config, default):\n    return default()\n\n" + GUARD
        + "    uvicorn.run(app, ssl_context_factory=ctx)\n",
        ((17, "ssl_context_factory"),),
    ),
    Unmovable(
        "a password",
        HEAD + GUARD + "    uvicorn.run(app, ssl_keyfile_password='secret')\n",
        ((12, "list of processes"),),
    ),
    Unmovable(
        "an option that uvicorn does not know",
        HEAD + GUARD + "    uvicorn.run(app, prot=8000)\n",
        ((12, "knows no option `prot`"),),
    ),
    Unmovable(
        "two run calls, with and without TLS",
        "import os\n" + HEAD + GUARD + "    if os.path.exists('cert.pem'):\n"
        "        uvicorn.run(app, ssl_certfile='cert.pem')\n    else:\n        uvicorn.run(app)\n",
        ((13, "the server starts only if"), (16, "second server")),
    ),
    Unmovable(
        "a guard with else",
        HEAD + GUARD + RUN + "else:\n    app.title = 'imported'\n",
        ((11, "the main guard has an `else`"),),
    ),
    Unmovable(
        "a second guard that does something",
        HEAD + "\n\nif __name__ == '__main__':\n    app.title = 'script'\n" + GUARD + RUN,
        ((13, "`app.title` is set"),),
    ),
    Unmovable(
        "routes after the guard",
        HEAD + GUARD + RUN + "\n\n@app.get('/late')\ndef late():\n    return 1\n",
        ((15, "runs after the server has stopped"),),
    ),
    Unmovable(
        "a function after the guard that has another meaning before it",
        HEAD + "\n\ndef limit():\n    return 1\n\n\n@app.get('/limit')\ndef read():\n    return limit()\n"
        + GUARD + RUN + "\n\ndef limit():\n    return 2\n",
        ((24, "`def limit(): return 2` runs after the server has stopped"),),
    ),
    Unmovable(
        "a value after the guard that has another one before it",
        "LIMIT = 1\n" + HEAD + "\n\n@app.get('/limit')\ndef read():\n    return LIMIT\n" + GUARD + RUN + "\n\nLIMIT = 2\n",
        ((21, "`LIMIT = 2` runs after the server has stopped"),),
    ),
    Unmovable(
        "a class after the guard that does something",
        HEAD + GUARD + RUN + "\n\nclass Late:\n    app.title = 'late'\n",
        ((15, "runs after the server has stopped"),),
    ),
    Unmovable(
        "a server inside a with block",
        "import contextlib\n" + HEAD + GUARD + "    with contextlib.suppress(OSError):\n    " + RUN,
        ((13, "`with`"),),
    ),
    Unmovable(
        "a file that the script imports, and that imports it back",
        HEAD + "import routes\n" + GUARD + RUN,
        ((13, "`routes` imports this file, which imports it"),),
        files={"routes.py": "from server import app\n\n\n@app.get('/r')\ndef r():\n    return 1\n"},
    ),
    Unmovable(
        "a loop that does more than to start the server again",
        HEAD + GUARD + "    while True:\n        app.routes.clear()\n    " + RUN,
        ((12, "loop"), (13, "runs before the server starts")),
    ),
    Unmovable(
        "a cleanup in finally",
        HEAD + "\n\ndef clean():\n    open('x', 'w').close()\n\n" + GUARD + "    try:\n    " + RUN
        + "    finally:\n        clean()\n",
        ((20, "`clean()` runs after"),),
    ),
    Unmovable(
        "a name that can't be imported",
        HEAD + GUARD + RUN,
        ((12, "`my.server.py` can't be imported"),),
        path="my.server.py",
    ),
    Unmovable(
        "a main module without a package",
        HEAD + GUARD + RUN,
        ((12, "`__main__.py`"),),
        path="__main__.py",
    ),
    Unmovable(
        "a factory with a required argument",
        "import uvicorn\nfrom fastapi import FastAPI\n\n\ndef create_app(model):\n    return FastAPI()\n\n\n"
        "if __name__ == '__main__':\n    uvicorn.run(create_app('m'))\n",
        ((10, "can't pass arguments"),),
    ),
    Unmovable(
        "an app that is only an expression",
        "from starlette.middleware.gzip import GZipMiddleware\n" + HEAD + GUARD + "    uvicorn.run(GZipMiddleware(app))\n",
        ((13, "can't pass arguments"),),
    ),
    Unmovable(
        "a module that another one is started from does something",
        "import os\nimport uvicorn\n\nos.environ['MODE'] = 'x'\n\nif __name__ == '__main__':\n    uvicorn.run('app.main:app')\n",
        ((4, "the command imports `app.main` alone"),),
        path="run.py",
        files={"app/main.py": API},
    ),
    Unmovable(
        "an event loop at import",
        "import asyncio\n" + HEAD + "\n\nasync def load():\n    return 1\n\n\nDATA = asyncio.run(load())\n" + GUARD + RUN,
        ((17, "runs on import"),),
    ),
    Unmovable(
        "code that is only for the imported module",
        HEAD + "\nif __name__ != '__main__':\n    app.title = 'imported'\n" + GUARD + RUN,
        ((11, "depends on `__name__`"),),
    ),
    Unmovable(
        "a guard that asks for more",
        "import sys\n" + HEAD + "\nif __name__ == '__main__' and sys.platform == 'linux':\n" + RUN,
        ((12, "asks for more"),),
    ),
    Unmovable(
        "a neighbour that imports the script back",
        "import routes\n" + HEAD + GUARD + RUN,
        ((13, "`routes` imports this file"),),
        files={"routes.py": "from server import app\n"},
    ),
    Unmovable(
        "two coroutines at once",
        "import asyncio\n" + HEAD + "\n\nasync def main():\n    server = uvicorn.Server(uvicorn.Config(app))\n"
        "    await asyncio.gather(server.serve(), asyncio.sleep(1))\n\n" + GUARD + "    asyncio.run(main())\n",
        ((15, "does more than to start the server"),),
    ),
    Unmovable(
        "the module __main__",
        "import sys\n" + HEAD + "\n\n@app.get('/m')\ndef m():\n    return sys.modules['__main__'].__name__\n\n" + GUARD + RUN,
        ((15, "`__main__`"),),
    ),
    Unmovable(
        "a request before the run call",
        "import requests\n" + HEAD + GUARD + "    print(requests.get('http://localhost:1'))\n" + RUN,
        ((13, "requests.get"),),
    ),
    Unmovable(
        "a launcher with an import for its effect",
        "import uvicorn\nimport setup_things\n\nif __name__ == '__main__':\n    uvicorn.run('app.main:app')\n",
        ((2, "the command imports `app.main` alone"),),
        path="run.py",
        files={"app/main.py": API, "setup_things.py": ""},
    ),
    Unmovable(
        "a file named like a module of the standard library",
        HEAD + GUARD + RUN,
        ((12, "`platform` is another module too"),),
        path="platform.py",
    ),
    Unmovable(
        "arguments parsed on the way to the function that serves",
        "import argparse\n" + HEAD + "\n\ndef main(args):\n    uvicorn.run(app)\n\n" + GUARD
        + "    main(argparse.ArgumentParser().parse_args())\n",
        ((18, "computes what it passes on"),),
    ),
    Unmovable(
        "a file with a syntax error elsewhere",
        HEAD + "\n\ndef broken(:\n    pass\n\n" + GUARD + RUN,
        ((17, "syntax errors"),),
    ),
    Unmovable(
        "a file that is indented as a whole",
        "".join(f"    {line}\n" for line in (HEAD + GUARD + RUN).splitlines()),
        ((1, "begins with an indent"),),
    ),
    Unmovable(
        "a number that is no port",
        HEAD + GUARD + "    uvicorn.run(app, host='0.0.0.0', port=70000)\n",
        ((12, "`70000` is no port, those end at `65535`"),),
    ),
    Unmovable(
        "a number that is no port, where the variable is not set",
        "import os\n" + HEAD + GUARD + "    uvicorn.run(app, port=int(os.environ.get('PORT', '65536')))\n",
        ((13, "`65536` is no port"),),
    ),
    Unmovable(
        "words of the command line, for a port and for a print",
        "import sys\n" + HEAD + GUARD + "    if len(sys.argv) > 2:\n        print('too many')\n"
        "    uvicorn.run(app, port=int(sys.argv[1]))\n",
        (
            (13, "`sys.argv` is read here"),
            (15, "the script's own arguments"),
            (15, "`sys.argv` is read here"),
        ),
    ),
    Unmovable(
        "a function that is called above its definition, where Python does not know it yet",
        HEAD + "\nmain()\n\n\ndef main():\n" + RUN,
        ((11, "`main` is called before it is defined"),),
    ),
    Unmovable(
        "a server that is handed to a function which goes on after it",
        HEAD + "\n\ndef start(server):\n    server.run()\n    app.title = 'stopped'\n" + GUARD + "    start(uvicorn.Server(uvicorn.Config(app, port=8010)))\n",
        ((14, "`app.title` is set after the server has stopped"),),
    ),
)  # fmt: skip
