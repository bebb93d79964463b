"""More shapes whose main block becomes a factory: where others serve too, in branches, with words, and after."""
# ruff: noqa: E501 - a server in one string reads better than in ten

from __future__ import annotations

from tests.proof.factories import (
    ARGPARSE,
    GUARD,
    HEAD,
    MODEL,
    NETWORK,
    PARSE,
    PARSER,
    PLAIN,
    RUN,
    UVICORN,
)  # fmt: skip
from tests.proof.shapes import API, Movable

WORDS = {"SERVER_ARGS": "--model big"}
SHOWS_MODEL = "\n\n@app.get('/m')\ndef m():\n    return app.state.model\n"
LINES = "\n\n@app.get('/l')\ndef lines():\n    return sorted(app.state._state)\n"

BRANCHES = (
    Movable(
        "two run calls, the second with a port",
        HEAD + GUARD + "    app.state.x = 1\n    if app.debug:\n        uvicorn.run(app)\n    else:\n        uvicorn.run(app, port=1)\n",
        f"{UVICORN} --port 1",
        kept=("    app.state.x = 1\n    return app\n",),
        gone=("if app.debug",),
    ),
    Movable(
        "with TLS or without, by an argument",
        "import os\n" + ARGPARSE + HEAD + GUARD + PARSER + NETWORK + "    parser.add_argument('--ssl', action='store_true')\n" + PARSE
        + "    if args.ssl:\n        uvicorn.run(\n            app,\n            host=args.host,\n            port=args.port,\n"
        "            ssl_keyfile=os.environ['KEY'],\n            ssl_certfile=os.environ['CERT'],\n        )\n"
        "    else:\n        uvicorn.run(app, host=args.host, port=args.port)\n",
        f"{UVICORN} --host 0.0.0.0 --port 8000",
        kept=("    return app\n",),
        gone=("KEY", "import uvicorn"),
        notes=("with TLS, as in line 21, it needs `--ssl-keyfile`, `--ssl-certfile` too",),
    ),
    Movable(
        "two branches that do more than to serve",
        ARGPARSE + HEAD + LINES + GUARD + PARSER + "    parser.add_argument('--slow', action='store_true')\n" + PARSE
        + "    if args.slow:\n        app.state.slow = 1\n        uvicorn.run(app, port=8010, timeout_keep_alive=60)\n    else:\n"
        "        app.state.fast = 1\n        uvicorn.run(app, port=8010)\n",
        f"{UVICORN} --port 8010",
        kept=("app.state.slow = 1\n        return app", "app.state.fast = 1\n        return app"),
        gone=("raise SystemExit",),
    ),
    Movable(
        "three branches for one app",
        "import os\n" + HEAD + GUARD + "    app.state.x = 1\n    mode = os.getenv('MODE', 'dev')\n    if mode == 'prod':\n        uvicorn.run(app, port=80)\n"
        "    elif mode == 'test':\n        uvicorn.run(app, port=8001)\n    else:\n        uvicorn.run(app, port=8002)\n",
        f"{UVICORN} --port 8002",
        kept=("    return app\n",),
        notes=("as in line 19, it needs `8001` for a port",),
    ),
    Movable(
        "only where a variable says so",
        "import os\n" + HEAD + GUARD + "    if os.getenv('ENV') != 'test':\n        uvicorn.run(app, port=8010)\n",
        f"{UVICORN} --port 8010",
        kept=("        return app\n    raise SystemExit",),
    ),
    Movable(
        "only where an argument says so",
        ARGPARSE + HEAD + GUARD + PARSER + "    parser.add_argument('--serve', action='store_true')\n" + PARSE
        + "    if args.serve:\n        uvicorn.run(app, port=8010)\n    else:\n        print('nothing to do')\n",
        f'SERVER_ARGS="--serve" {UVICORN} --port 8010',
        arguments=("server.py", "--serve"),
        kept=("return app", "raise SystemExit", "nothing to do"),
    ),
    Movable(
        "in a function, only where the app is ready",
        HEAD + "\n\ndef main():\n    app.state.x = 1\n    if app.routes:\n        uvicorn.run(app, port=8010)\n" + GUARD + "    main()\n",
        f"{UVICORN} --port 8010",
        kept=("        return app\n    raise SystemExit", "return main()"),
    ),
)  # fmt: skip

SERVING_FOR_OTHERS = (
    Movable(
        "another file imports the function that serves",
        HEAD + "\n\ndef main():\n    app.state.x = 1\n" + RUN + GUARD + "    main()\n",
        PLAIN,
        files={"cli.py": "from server import main\n\n\ndef run():\n    main()\n"},
        kept=("def main(serve=True):", "    if not serve:\n        return app\n    uvicorn.run(", "return main(serve=False)"),
        serves=True,
    ),
    Movable(
        "an installed command starts the function that serves",
        ARGPARSE + HEAD + SHOWS_MODEL + "\n\ndef main() -> None:\n" + PARSER + NETWORK + MODEL + PARSE
        + "    app.state.model = args.model\n    uvicorn.run(app, host=args.host, port=args.port)\n" + GUARD + "    main()\n",
        f"{UVICORN} --host 0.0.0.0 --port 8000",
        files={"pyproject.toml": "[project]\nname = 'x'\n[project.scripts]\nx = 'server:main'\n"},
        kept=("def main(serve: bool = True):", "sys.argv[1:] = shlex.split(", "import sys", "--port"),
        serves=True,
    ),
    Movable(
        "an installed command starts the function that serves, and another function parses",
        ARGPARSE + HEAD + SHOWS_MODEL + "\n\ndef read():\n" + PARSER + NETWORK + MODEL
        + "    return parser.parse_args()\n\n\ndef main():\n    args = read()\n"
        + "    app.state.model = args.model\n    uvicorn.run(app, host=args.host, port=args.port)\n" + GUARD + "    main()\n",
        f"{UVICORN} --host 0.0.0.0 --port 8000",
        files={"pyproject.toml": "[project]\nname = 'x'\n[project.scripts]\nx = 'server:main'\n"},
        kept=("return parser.parse_args()", "def main(serve=True):", "sys.argv[1:] = shlex.split(", "--port"),
        serves=True,
    ),
    Movable(
        "two functions of which the outer is installed",
        HEAD + "\n\ndef start(port, **more):\n    app.state.x = more\n    uvicorn.run(app, port=port)\n\n\ndef main():\n    start(8010, a=1)\n" + GUARD + "    main()\n",
        f"{UVICORN} --port 8010",
        files={"pyproject.toml": "[project]\nname = 'x'\n[project.scripts]\nx = 'server:main'\n"},
        kept=("def start(port, serve=True, **more):", "return start(8010, a=1, serve=serve)", "return main(serve=False)"),
        serves=True,
    ),
    Movable(
        "a function that another one of the file calls too",
        HEAD + "\n\ndef start(port=8010):\n    app.state.x = 1\n    uvicorn.run(app, port=port)\n\n\ndef again():\n    start(8011)\n" + GUARD + "    start()\n",
        f"{UVICORN} --port 8010",
        kept=("def start(port=8010, serve=True):", "    start(8011)", "return start(serve=False)"),
        serves=True,
    ),
    Movable(
        "a server object in a function that others use",
        HEAD + "\n\ndef main():\n    app.state.x = 1\n    config = uvicorn.Config(app, port=8010)\n    server = uvicorn.Server(config)\n    server.run()\n" + GUARD + "    main()\n",
        f"{UVICORN} --port 8010",
        files={"cli.py": "from server import main\n"},
        kept=("    if not serve:\n        return app\n    config = uvicorn.Config(",),
        serves=True,
    ),
    Movable(
        "a function that others use and that serves in some cases",
        HEAD + "\n\ndef main():\n    app.state.x = 1\n    if app.routes:\n        uvicorn.run(app, port=8010)\n" + GUARD + "    main()\n",
        f"{UVICORN} --port 8010",
        files={"cli.py": "from server import main\n"},
        kept=("        if not serve:\n            return app\n", "    served = main(serve=False)\n    if not callable(served):\n        raise SystemExit(served)\n    return served\n"),
        serves=True,
    ),
    Movable(
        "an installed command with subcommands of which one serves",
        ARGPARSE + "import sys\n" + HEAD + "\n\ndef start(args):\n    app.state.x = 1\n    uvicorn.run(app, port=8010)\n\n\ndef main() -> int:\n" + PARSER
        + "    commands = parser.add_subparsers(dest='command')\n    commands.add_parser('start')\n    commands.add_parser('status')\n" + PARSE
        + "    if args.command == 'start':\n        start(args)\n    else:\n        print('status')\n    return 0\n" + GUARD + "    sys.exit(main())\n",
        f'SERVER_ARGS="start" {UVICORN} --port 8010',
        arguments=("server.py", "start"),
        files={"pyproject.toml": "[project]\nname = 'x'\n[project.scripts]\nx = 'server:main'\n"},
        kept=("return start(args, serve=serve)", "served = main(serve=False)"),
        serves=True,
    ),
    Movable(
        "an installed command with subcommands, in a package that lies in a folder of another name",
        ARGPARSE + "import sys\n" + HEAD + "\n\ndef serve(args):\n    app.state.x = 1\n    uvicorn.run(app, port=8010)\n\n\ndef main(argv=None) -> None:\n" + PARSER
        + "    commands = parser.add_subparsers(dest='command')\n    commands.add_parser('list')\n    commands.add_parser('serve')\n    args = parser.parse_args(argv)\n"
        + "    if args.command is None:\n        parser.print_help()\n        sys.exit(0)\n    if args.command == 'list':\n        print('none')\n    elif args.command == 'serve':\n        serve(args)\n    elif args.command == 'remove':\n        print('gone')\n" + GUARD + "    main()\n",
        'SERVER_ARGS="serve" uvicorn --factory server:create_app --app-dir src --port 8010',
        path="src/server.py",
        arguments=("src/server.py", "serve"),
        files={"pyproject.toml": "[project]\nname = 'x'\n[project.scripts]\nx = 'x.server:main'\n[tool.setuptools.package-dir]\nx = 'src'\n"},
        kept=("def main(argv=None, serving", "sys.argv[1:] = shlex.split("),
        serves=True,
    ),
    Movable(
        "a main module that an installed command starts",
        "import uvicorn\nfrom pkg.app import app\n\n\ndef main():\n    app.state.x = 1\n    uvicorn.run(app, port=8010)\n" + GUARD + "    main()\n",
        "uvicorn --factory pkg.__main__:create_app --port 8010",
        path="pkg/__main__.py",
        files={
            "pyproject.toml": "[project]\nname = 'x'\n[project.scripts]\nx = 'pkg.__main__:main'\n",
            "pkg/__init__.py": "",
            "pkg/app.py": HEAD.replace("import uvicorn\n", ""),
        },
        arguments=("-m", "pkg"),
        serves=True,
    ),
)  # fmt: skip

WITH_WORDS = (
    Movable(
        "arguments at import",
        ARGPARSE + HEAD + "\nparser = argparse.ArgumentParser()\nparser.add_argument('--model', default='tiny')\nargs = parser.parse_args()\n"
        "app.state.model = args.model\n" + SHOWS_MODEL + GUARD + RUN,
        PLAIN,
        kept=("args = parser.parse_args(shlex.split(",),
    ),
    Movable(
        "arguments at import, in a function that reads the port too",
        ARGPARSE + HEAD + "\n\ndef read():\n" + PARSER + NETWORK + MODEL + "    return parser.parse_args()\n\n\nargs = read()\napp.state.model = args.model\n"
        + SHOWS_MODEL + GUARD + "    uvicorn.run(app, host=args.host, port=args.port)\n",
        f"{UVICORN} --host 0.0.0.0 --port 8000",
    ),
    Movable(
        "sys.argv in the main block",
        "import sys\n" + HEAD + SHOWS_MODEL + GUARD + "    app.state.model = sys.argv[1] if len(sys.argv) > 1 else 'tiny'\n" + RUN,
        PLAIN,
        kept=("sys.argv[1:] = shlex.split(", "import os", "import shlex"),
    ),
    Movable(
        "sys.argv imported in the main block",
        HEAD + SHOWS_MODEL + GUARD + "    import sys\n\n    app.state.model = len(sys.argv)\n" + RUN,
        PLAIN,
        kept=("sys.argv[1:] = shlex.split(",),
    ),
    Movable(
        "a parser of another file",
        "from settings import get_args\n" + HEAD + SHOWS_MODEL + GUARD + "    args = get_args()\n    app.state.model = args.model\n" + RUN,
        PLAIN,
        files={
            "settings.py": "import argparse\n\n\ndef get_args():\n    parser = argparse.ArgumentParser()\n"
            "    parser.add_argument('--model', default='tiny')\n    return parser.parse_args()\n"
        },
    ),
    Movable(
        "a parser that is handed the process' words",
        "import sys\n" + ARGPARSE + HEAD + SHOWS_MODEL + "\n\ndef read(argv):\n" + PARSER + MODEL + "    return parser.parse_args(argv)\n" + GUARD
        + "    app.state.model = read(sys.argv[1:]).model\n" + RUN,
        PLAIN,
    ),
    Movable(
        "words that a function prints before it parses them",
        ARGPARSE + HEAD + SHOWS_MODEL + "\n\ndef read(argv=None):\n    print(argv)\n" + PARSER + MODEL + "    return parser.parse_args(argv)\n" + GUARD
        + "    app.state.model = read().model\n" + RUN,
        PLAIN,
    ),
    Movable(
        "parsed words in a wrapper",
        ARGPARSE + HEAD + SHOWS_MODEL + "\n\nclass Box:\n    def __init__(self, inner):\n        self.inner = inner\n\n    def __getattr__(self, name):\n"
        "        return getattr(self.inner, name)\n" + GUARD + PARSER + MODEL + "    args = Box(parser.parse_args())\n    app.state.model = args.model\n" + RUN,
        PLAIN,
    ),
    Movable(
        "a level that an argument chooses",
        ARGPARSE + HEAD + GUARD + PARSER + "    parser.add_argument('--debug', action='store_true')\n" + PARSE
        + "    uvicorn.run(app, log_level='debug' if args.debug else 'info')\n",
        f"{UVICORN} --log-level info",
        notes=("is what it is without `args.debug`",),
    ),
)  # fmt: skip

AFTER = (
    Movable(
        "a function after the run call",
        HEAD + "\n\ndef clean():\n    print('cleaned')\n" + GUARD + "    app.state.x = 1\n" + RUN + "    clean()\n",
        PLAIN,
        kept=("import atexit", "    @atexit.register\n    def after_serving():\n        clean()\n\n    return app\n"),
        gone=("import uvicorn",),
        prints="cleaned",
    ),
    Movable(
        "a loop and a condition after the run call",
        HEAD + GUARD + "    jobs = ['one', 'two']\n    app.state.jobs = jobs\n" + RUN + "\n    if jobs:\n        # in order\n        for job in jobs:\n            print('stopped', job)\n        jobs.clear()\n",
        PLAIN,
        kept=("        if jobs:\n            # in order\n            for job in jobs:\n",),
        prints="stopped two",
    ),
    Movable(
        "code after the function that serves",
        HEAD + "\n\ndef clean():\n    print('cleaned')\n\n\ndef main():\n    app.state.x = 1\n" + RUN + GUARD + "    main()\n    clean()\n",
        PLAIN,
        kept=("        clean()\n\n    return main()\n",),
        prints="cleaned",
    ),
    Movable(
        "a print after the run call",
        HEAD + GUARD + "    app.state.x = 1\n" + RUN + "    print('bye')\n",
        PLAIN,
        gone=("bye", "atexit"),
        notes=("`print('bye')` goes",),
    ),
    Movable(
        "a thread that outlives the server",
        "import threading\n" + HEAD + GUARD + "    threading.Thread(target=print).start()\n" + RUN,
        PLAIN,
    ),
    Movable(
        "a coroutine that is run to its end before",
        "import asyncio\n" + HEAD + LINES + "\n\nasync def prepare():\n    await asyncio.sleep(0)\n    app.state.ready = 1\n" + GUARD + "    asyncio.run(prepare())\n" + RUN,
        PLAIN,
        kept=("concurrent.futures.ThreadPoolExecutor(1).submit(asyncio.run, prepare()).result()", "import concurrent.futures"),
    ),
    Movable(
        "an async main that waits for the server alone",
        "import asyncio\n" + HEAD + GUARD.replace("if __name__", "async def main() -> None:\n    app.state.x = 1\n    server = uvicorn.Server(uvicorn.Config(app, port=8010))\n    await server.serve()\n\n\nif __name__")
        + "    asyncio.run(main())\n",
        f"{UVICORN} --port 8010",
        kept=("def main():\n", "    return main()\n"),
        gone=("async", "await", "asyncio.run"),
    ),
    Movable(
        "a loop that nobody runs",
        "import asyncio\n" + HEAD + GUARD + "    try:\n        loop = asyncio.get_event_loop()\n    except RuntimeError:\n        loop = asyncio.new_event_loop()\n        asyncio.set_event_loop(loop)\n    app.state.x = 1\n" + RUN,
        PLAIN,
    ),
    Movable(
        "a signal that is none of the server's",
        "import signal\n" + HEAD + GUARD + "    signal.signal(signal.SIGUSR1, print)\n" + RUN,
        PLAIN,
    ),
    Movable(
        "a dictionary as log_config",
        HEAD + "\nLOGGING = {'version': 1, 'disable_existing_loggers': False}\n" + GUARD + "    uvicorn.run(app, port=8010, log_config=LOGGING)\n",
        f"{UVICORN} --port 8010",
        kept=("import logging.config", "    logging.config.dictConfig(LOGGING)\n    return app\n"),
    ),
    Movable(
        "options of which not all can be seen",
        "import os\n" + HEAD + GUARD + "    app.state.x = 1\n    options = {'port': 8010}\n    if os.getenv('QUIET'):\n        options['access_log'] = False\n    uvicorn.run(app, **options)\n",
        f"{UVICORN} --port 8010",
        notes=("say those options too",),
    ),
    Movable(
        "a failure of more than the server, which is only printed",
        HEAD + GUARD + "    try:\n        app.state.x = 1\n    " + RUN + "    except Exception as error:\n        print(error)\n",
        PLAIN,
        kept=("        return app\n", "        print(error)\n        raise SystemExit\n"),
    ),
    Movable(
        "an import string of a factory that reads what main leaves in the environment",
        "import os\nimport uvicorn\nfrom fastapi import FastAPI\n\n\ndef build():\n    return FastAPI(title=os.environ['TITLE'])\n" + GUARD
        + "    os.environ['TITLE'] = 'here'\n    uvicorn.run('server:build', factory=True, port=8010)\n",
        f"{UVICORN} --port 8010",
        kept=("return build()",),
    ),
    Movable(
        "an import string, and a variable that is only asked",
        "import os\n" + HEAD + GUARD + "    if not os.environ.get('KEY'):\n        open('warnings', 'w').close()\n    uvicorn.run('server:app', port=8010)\n",
        f"{UVICORN} --port 8010",
    ),
    Movable(
        "a server whose logging is left alone",
        HEAD + GUARD + "    app.state.x = 1\n    uvicorn.run(app, port=8010, log_config=None)\n",
        f"{UVICORN} --port 8010",
        notes=("`log_config=None` leaves logging alone",),
    ),
    Movable(
        "a port that the main block works out from the settings of another file",
        "from settings import load\n" + HEAD + GUARD + "    app.state.x = 1\n    settings = load()\n    port = settings.get('port', 8000)\n    uvicorn.run(app, port=port)\n",
        f"""{UVICORN} --port "$(python -c 'from settings import load; print(load().get('"'"'port'"'"', 8000))' | tail -n 1)\"""",
        files={"settings.py": "def load():\n    return {'port': 8010}\n"},
    ),
    Movable(
        "an argument whose default is computed",
        "import os\n" + ARGPARSE + HEAD + GUARD + PARSER + "    parser.add_argument('--workers', type=int, default=len(os.sep))\n" + PARSE
        + "    app.state.x = 1\n    uvicorn.run(app, port=8010, backlog=args.workers * 64)\n",
        f"{UVICORN} --port 8010",
        notes=("say `--backlog` where uvicorn's own default is wrong",),
        differs={"backlog": "2048"},
    ),
)  # fmt: skip

NAMES_AND_DEFAULTS = (
    Movable(
        "names with types, which a global name can't have",
        HEAD + "\n\nmodel = None\n\n\n@app.get('/m')\ndef m():\n    return [model, size]\n" + GUARD
        + "    model: 'str | None' = 'm'\n    size: int\n    size = len(model)\n" + RUN,
        PLAIN,
        kept=("    global model, size\n    model = 'm'\n    size = len(model)\n",),
    ),
    Movable(
        "the script's own name in the import string",
        HEAD + "\n\n@app.get('/m')\ndef m():\n    return model\n" + GUARD + "    model = 'm'\n    app.state.x = 1\n    uvicorn.run('__main__:app', port=8010)\n",
        f"{UVICORN} --port 8010",
        kept=("    global model\n", "    return app\n"),
    ),
    Movable(
        "variables before the script's own options",
        "import os\n" + ARGPARSE + HEAD + GUARD + PARSER + NETWORK + PARSE + "    port = int(os.environ.get('PORT', args.port))\n"
        "    host = os.environ.get('HOST', args.host)\n    uvicorn.run(app, host=host, port=port)\n",
        f'{UVICORN} --host "${{HOST:-0.0.0.0}}" --port "${{PORT:-8000}}"',
        notes=("`--port` of the script is an option of uvicorn now, which `$PORT` gives a value",),
    ),
    Movable(
        "handlers that log with a logger from elsewhere",
        "import sys\nfrom logs import get_logger\n" + HEAD + "\n\ndef main():\n    logger = get_logger()\n    try:\n        app.state.x = 1\n"
        "        logger.info('starting')\n        uvicorn.run(app, port=8010)\n    except KeyboardInterrupt:\n        logger.info('stopped')\n"
        "        sys.exit(0)\n    except Exception as error:\n        logger.critical('failed: %s', error)\n        sys.exit(1)\n" + GUARD + "    main()\n",
        f"{UVICORN} --port 8010",
        files={"logs.py": "import logging\n\n\ndef get_logger():\n    return logging.getLogger('x')\n"},
        kept=("        return app\n", "logger.critical("),
    ),
    Movable(
        "an import string into a package of the app's name, whose settings are imported too",
        "import uvicorn" + GUARD + "    from app.settings import PORT\n\n    open('started', 'w').close()\n    uvicorn.run('app.main:app', port=PORT)\n",
        f"{UVICORN} --port 8010",
        files={"app/__init__.py": "", "app/settings.py": "PORT = 8010\n", "app/main.py": API},
        kept=("    from app.main import app\n    return app\n",),
    ),
    Movable(
        "a port from a table, by what a parameter is without an argument",
        "import uvicorn\nfrom settings import settings_of\n\n\ndef serve(name='tiny', *, more=None):\n    found = settings_of(name)\n    open('started', 'w').close()\n"
        "    from api import app\n\n    uvicorn.run(app, port=found['port'])\n" + GUARD + "    serve()\n",
        f"""{UVICORN} --port "$(python -c 'from settings import settings_of; print(settings_of('"'"'tiny'"'"')['"'"'port'"'"'])' | tail -n 1)\"""",
        files={"settings.py": "TABLE = {'tiny': {'port': 8010}}\n\n\ndef settings_of(name):\n    return TABLE[name]\n", "api.py": API},
    ),
    Movable(
        "arguments that another file parses, one of them required",
        "from options import parse\n" + HEAD + GUARD + "    args = parse()\n    app.title = args.title\n    uvicorn.run(app, port=args.port)\n",
        f"{UVICORN} --port 8010",
        files={
            "options.py": "import argparse\n\n\ndef parse():\n    parser = argparse.ArgumentParser()\n    parser.add_argument('--title', required=True)\n"
            "    parser.add_argument('--port', type=int, default=8010)\n    return parser.parse_args()\n"
        },
        arguments=("server.py", "--title", "T"),
        environment={"SERVER_ARGS": "--title T"},
        notes=("`args.port` is `--port` of a parser in another file",),
    ),
    Movable(
        "a port that a settings object takes from the environment in its own way",
        "from settings import settings\n" + HEAD + GUARD + "    app.state.x = 1\n    uvicorn.run(app, port=settings.port)\n",
        f"""{UVICORN} --port "$(python -c 'from settings import settings; print(settings.port)' | tail -n 1)\"""",
        files={"settings.py": "import os\n\n\nclass Settings:\n    port: int = 8010\n\n    def __init__(self):\n        self.port = int(os.getenv('PORT', str(self.port)))\n\n\nsettings = Settings()\n"},
    ),
)  # fmt: skip

WORKED_OUT = (
    Movable(
        "a host and a port with what stands in for a variable that is not set",
        "import os\n" + HEAD + GUARD + "    app.state.x = 1\n    try:\n        host = os.environ.get('MY_HOST')\n        if not host:\n            host = '0.0.0.0'\n"
        "    except TypeError:\n        host = '0.0.0.0'\n    try:\n        port = int(os.environ.get('MY_PORT', '8010'))\n    except ValueError:\n        port = 8010\n"
        "    uvicorn.run(app, host=host, port=port)\n",
        f'{UVICORN} --host "${{MY_HOST:-0.0.0.0}}" --port "${{MY_PORT:-8010}}"',
        notes=("`port=port` is worked out by the script",),
    ),
    Movable(
        "arguments whose defaults a table may change",
        "import argparse\n" + HEAD + GUARD + "    table = dict(vars(app.state)['_state'])\n    parser = argparse.ArgumentParser()\n"
        "    parser.add_argument('--host', default=table.get('host', '0.0.0.0'))\n    parser.add_argument('--port', type=int, default=table.get('port', 8010))\n"
        "    parser.add_argument('--model', default='tiny')\n    args = parser.parse_args()\n    app.state.model = args.model\n    uvicorn.run(app, host=args.host, port=args.port)\n",
        f"{UVICORN} --host 0.0.0.0 --port 8010",
        notes=("`args.port` is worked out by the script",),
    ),
    Movable(
        "arguments that a function shapes",
        "import argparse\n" + HEAD + "\n\ndef shaped(args):\n    for name in vars(args):\n        setattr(args, name, getattr(args, name))\n    return args\n" + GUARD
        + "    parser = argparse.ArgumentParser()\n    parser.add_argument('--port', type=int, default=8010)\n    parser.add_argument('--model', default='tiny')\n"
        "    args = shaped(parser.parse_args())\n    app.state.model = args.model\n    uvicorn.run(app, port=args.port)\n",
        f"{UVICORN} --port 8010",
    ),
    Movable(
        "an address that an object of another file was made with",
        "import argparse\nfrom settings import Config\n" + HEAD + GUARD + "    parser = argparse.ArgumentParser()\n    parser.add_argument('--host', default='0.0.0.0')\n"
        "    parser.add_argument('--port', type=int, default=8010)\n    args = parser.parse_args()\n    config = Config(host=args.host, port=args.port)\n"
        "    app.state.config = config\n    uvicorn.run(app, host=config.host, port=config.port)\n",
        f"{UVICORN} --host 0.0.0.0 --port 8010",
        files={"settings.py": "class Config:\n    def __init__(self, host, port):\n        self.host, self.port = host, port\n"},
    ),
)  # fmt: skip

LAST = (
    Movable(
        "an address that a service gives, with defaults, or a fallback",
        "import configparser\n" + HEAD + GUARD + "    app.state.x = 1\n    try:\n        config = configparser.ConfigParser()\n        config.read('server.ini')\n"
        "        host = config.get('server', 'host', fallback='0.0.0.0')\n        port = config.getint('server', 'port', fallback=8012)\n"
        "    except configparser.Error:\n        host, port = '0.0.0.0', 8012\n    uvicorn.run(app, host=host, port=port)\n",
        f"{UVICORN} --host 0.0.0.0 --port 8012",
        notes=("`port=port` is worked out by the script",),
    ),
    Movable(
        "a cleanup in finally",
        HEAD + "\n\ndef clean():\n    print('cleaned')\n" + GUARD + "    app.state.x = 1\n    try:\n    " + RUN
        + "    except KeyboardInterrupt:\n        print('bye')\n    finally:\n        # in order\n        clean()\n",
        PLAIN,
        kept=("    app.state.x = 1\n\n    @atexit.register\n    def after_serving():\n        # in order\n        clean()\n\n    return app\n",),
        gone=("try:", "bye", "finally"),
        prints="cleaned",
    ),
    Movable(
        "a finally that only tells",
        HEAD + GUARD + "    app.state.x = 1\n    try:\n    " + RUN + "    finally:\n        print('bye')\n",
        PLAIN,
        kept=("    app.state.x = 1\n    return app\n",),
        gone=("atexit", "bye"),
    ),
    Movable(
        "a cleanup for Ctrl+C",
        HEAD + "\n\ndef clean():\n    print('cleaned')\n" + GUARD + "    app.state.x = 1\n\n    try:\n    " + RUN
        + "    except KeyboardInterrupt:\n        clean()\n    except Exception as error:\n        print(error)\n        raise SystemExit(1)\n",
        PLAIN,
        kept=("    @atexit.register\n    def after_serving():\n        clean()\n\n    return app\n",),
        gone=("try:",),
        differs={},
    ),
    Movable(
        "a finally around more than the server, with handlers",
        HEAD + "\n\ndef clean():\n    print('cleaned')\n\n\ndef main():\n    try:\n        app.state.x = 1\n    " + RUN
        + "    except ValueError:\n        raise SystemExit(1)\n    finally:\n        clean()\n" + GUARD + "    main()\n",
        PLAIN,
        kept=("def main():\n    @atexit.register\n", "    try:\n        app.state.x = 1\n        return app\n    except ValueError:\n"),
        gone=("finally",),
        prints="cleaned",
    ),
    Movable(
        "a cleanup after the try around the server",
        HEAD + "\n\ndef clean(what):\n    print('cleaned', what)\n\n\ndef main():\n    app.state.x = 1\n    try:\n    " + RUN
        + "    except KeyboardInterrupt:\n        pass\n    for each in (1, 2):\n        clean(each)\n" + GUARD + "    main()\n",
        PLAIN,
        kept=("    def after_serving():\n        for each in (1, 2):\n            clean(each)\n\n    return app\n",),
        prints="cleaned 2",
    ),
    Movable(
        "handlers of signals that only say goodbye",
        "import os\nimport signal\nimport sys\n" + HEAD + "\n\ndef stop(number, frame):\n    print('stopping', number)\n    sys.exit(0)\n\n\ndef main():\n    count = 0\n\n"
        "    def on_stop(number, frame):\n        nonlocal count\n        count += 1\n        if count > 1:\n            os._exit(1)\n\n"
        "    signal.signal(signal.SIGINT, on_stop)\n    if hasattr(signal, 'SIGTERM'):\n        signal.signal(signal.SIGTERM, stop)\n    app.state.x = 1\n"
        + RUN + GUARD + "    main()\n",
        PLAIN,
        kept=("    count = 0\n\n    app.state.x = 1\n    return app\n",),
        gone=("import signal", "def stop", "def on_stop"),
        notes=("`signal.signal(signal.SIGTERM, stop)` goes",),
    ),
    Movable(
        "a port that the file itself puts into the environment",
        "import os\n" + HEAD + "\nos.environ.setdefault('PORT', '9000')\n" + GUARD + "    app.state.x = 1\n    uvicorn.run(app, port=int(os.environ['PORT']))\n",
        f'{UVICORN} --port "${{PORT:-9000}}"',
        notes=("`$PORT` may be set by this file",),
    ),
    Movable(
        "with workers by the import string, else the app",
        "import os\n" + HEAD + GUARD + "    app_workers = int(os.getenv('WORKERS', '1'))\n    if app_workers > 1:\n        uvicorn.run('server:app', port=8010, workers=app_workers)\n"
        "    else:\n        uvicorn.run(app, port=8010)\n",
        f"{UVICORN} --port 8010",
        kept=("    return app\n",),
    ),
    Movable(
        "a branch for the command line that runs a loop",
        "import argparse\nimport asyncio\n" + HEAD + "\n\ndef once(path):\n    loop = asyncio.new_event_loop()\n    loop.run_until_complete(asyncio.sleep(0, path))\n" + GUARD + PARSER
        + "    parser.add_argument('--once')\n" + PARSE + "    if args.once:\n        once(args.once)\n    else:\n        app.state.x = 1\n    " + RUN,
        PLAIN,
    ),
    Movable(
        "code for the command line after the branch that serves",
        "import sys\n" + HEAD + "\n\ndef main():\n    if len(sys.argv) <= 1:\n        app.state.x = 1\n    " + RUN + "        return\n\n    # one file\n    open(sys.argv[1]).close()\n" + GUARD + "    main()\n",
        PLAIN,
        kept=("        return app\n\n    # one file\n    open(sys.argv[1]).close()\n",),
        gone=("atexit",),
    ),
    Movable(
        "an exit after the branch that serves",
        "import argparse\nimport sys\n" + HEAD + GUARD + PARSER + "    parser.add_argument('--serve', action='store_true')\n" + PARSE
        + "    if args.serve:\n        app.state.x = 1\n    " + RUN + "        sys.exit(0)\n    print('nothing to do')\n",
        f'SERVER_ARGS="--serve" {PLAIN}',
        arguments=("server.py", "--serve"),
        kept=("        return app\n    print('nothing to do')\n    raise SystemExit\n",),
        gone=("sys.exit",),
        notes=("it serves only if `args.serve`, as the script does",),
    ),
    Movable(
        "a function that serves where an argument says so",
        "import argparse\n" + HEAD + "\n\ndef serve():\n    app.state.x = 1\n" + RUN + GUARD + PARSER + "    parser.add_argument('--serve', action='store_true')\n" + PARSE
        + "    if args.serve:\n        serve()\n",
        f'SERVER_ARGS="--serve" {PLAIN}',
        arguments=("server.py", "--serve"),
        notes=("it serves only if `args.serve`, as the script does",),
    ),
)  # fmt: skip

HANDED_ON = (
    Movable(
        "a loop that the script makes and uvicorn never runs",
        "import asyncio\n" + HEAD + GUARD + "    loop = asyncio.new_event_loop()\n    loop.set_debug(True)\n    asyncio.set_event_loop(loop)\n    uvicorn.run('server:app', host='0.0.0.0', port=8010, workers=1)\n",
        f"{PLAIN} --workers 1",
        kept=("    loop.set_debug(True)\n",),
    ),
    Movable(
        "an import string from the root, in a script whose other commands import its neighbours",
        ARGPARSE + "import uvicorn\n\n\ndef other():\n    import keys\n\n    print(keys)\n" + GUARD + PARSER + "    parser.add_argument('--other', action='store_true')\n" + PARSE + "    if args.other:\n        other()\n    uvicorn.run('src.api:app', port=8010)\n",
        "uvicorn --factory src.cli:create_app --port 8010",
        path="src/cli.py",
        files={"src/__init__.py": "", "src/keys.py": "", "src/api.py": API},
        environment={"PYTHONPATH": "."},
        kept=("from src.api import app",),
    ),
    Movable(
        "an app that the function imports, and the import string names",
        "import os\n\n\ndef main():\n    os.environ['X'] = '1'\n    try:\n        from api import app\n        import uvicorn\n\n        uvicorn.run('api:app', port=8010)\n    except ImportError as e:\n        print(e)\n        raise SystemExit(1)\n" + GUARD + "    main()\n",
        f"{UVICORN} --port 8010",
        files={"api.py": API},
        kept=("        from api import app\n", "return app"),
    ),
    Movable(
        "a function that the main block defines for itself",
        "import asyncio\n" + HEAD + GUARD + "    import os\n\n    async def main():\n        app.state.cpus = os.cpu_count()\n        server = uvicorn.Server(uvicorn.Config(app, host='0.0.0.0', port=8010))\n        await server.serve()\n\n    asyncio.run(main())\n",
        PLAIN,
        kept=("    def main():\n        app.state.cpus = os.cpu_count()\n        return app\n\n    return main()\n",),
        gone=("asyncio", "uvicorn"),
    ),
    Movable(
        "a function of the main block that prepares in the loop, with words",
        "import asyncio\n" + ARGPARSE + HEAD + SHOWS_MODEL + GUARD + PARSER + MODEL + PARSE
        + "\n    async def main():\n        await asyncio.sleep(0)\n        app.state.model = args.model\n        await uvicorn.Server(uvicorn.Config(app, host='0.0.0.0', port=8010)).serve()\n\n    asyncio.run(main())\n",
        PLAIN,
        kept=("app.router.lifespan_context = while_serving", "return main()"),
    ),
    Movable(
        "a handler of the signals that tells an event of another object",
        "import signal\nimport threading\n" + HEAD + "\n\nclass Grid:\n    def __init__(self):\n        self.stopping = threading.Event()\n\n\ndef main():\n    grid = Grid()\n\n    def stop(number, frame):\n        print('stopping')\n        grid.stopping.set()\n\n    signal.signal(signal.SIGINT, stop)\n    app.state.grid = bool(grid)\n"
        + RUN + GUARD + "    main()\n",
        PLAIN,
        gone=("signal", "def stop"),
    ),
    Movable(
        "a handler that logs by the module, around more than the server",
        "import logging\n" + HEAD + GUARD + "    try:\n        app.state.x = 1\n    " + RUN + "    except Exception as e:\n        logging.error(f'no server: {e}')\n",
        PLAIN,
        kept=("logging.error(f'no server: {e}')",),
    ),
    Movable(
        "subcommands of which another one needs words",
        ARGPARSE + HEAD + SHOWS_MODEL + GUARD + PARSER + "    commands = parser.add_subparsers(dest='command')\n    one = commands.add_parser('serve')\n    one.add_argument('--model', required=True)\n"
        "    one = commands.add_parser('check')\n    one.add_argument('key')\n" + PARSE
        + "    if args.command == 'serve':\n        app.state.model = args.model\n    " + RUN,
        f'SERVER_ARGS="serve --model MODEL" {PLAIN}',
        arguments=("server.py", "serve", "--model", "MODEL"),
    ),
    Movable(
        "a handler that writes down what fails before the server starts",
        "import pathlib\nimport sys\n" + HEAD.replace("app = ", "made = ").replace("@app", "@made") + "\n\ndef note(error):\n    path = pathlib.Path('error.log')\n    path.write_text(str(error))\n    return path\n" + GUARD
        + "    try:\n        app = made\n        app.state.x = 1\n        if not app.routes:\n            sys.exit(0)\n    " + RUN + "    except Exception as error:\n        path = note(error)\n        print(path)\n        raise\n",
        PLAIN,
        kept=("        return app\n    except Exception as error:\n        path = note(error)\n        print(path)\n        raise\n",),
        notes=("what fails before the server starts is handled as in line",),
    ),
    Movable(
        "a function whose errors a decorator logs",
        "import asyncio\nfrom loguru import logger\n" + HEAD + SHOWS_MODEL + "\n\n@logger.catch\ndef run(model):\n    app.state.model = model\n    asyncio.run(asyncio.sleep(0))\n" + RUN + GUARD + "    run(model='m')\n",
        PLAIN,
        files={"loguru.py": "class logger:\n    @staticmethod\n    def catch(function):\n        return function\n"},
        kept=("@logger.catch\ndef run(model):", "return run(model='m')"),
    ),
    Movable(
        "a main block in a try of the module",
        "try:\n    import uvicorn\n    from api import app\n\n    if __name__ == '__main__':\n        app.state.x = 1\n        uvicorn.run(\n            app,\n            port=8010,\n        )\nexcept ImportError as e:\n    print('pip install', e)\n",
        f"{UVICORN} --port 8010",
        files={"api.py": API},
        kept=("    def create_app():\n        app.state.x = 1\n        return app\nexcept",),
    ),
)  # fmt: skip

UNPACKED = (
    Movable(
        "the app and its options in a dict that a branch changes",
        "import os\n" + HEAD + GUARD + "    options = {'app': app, 'host': '0.0.0.0', 'port': 8010}\n    app.state.x = 1\n    if os.path.exists('key.pem'):\n        options['ssl_keyfile'] = 'key.pem'\n    uvicorn.run(**options)\n",
        f"{UVICORN} --host 0.0.0.0 --port 8010",
        kept=("    return app\n",),
        gone=("uvicorn",),
    ),
    Movable(
        "the import string of the script itself in a dict that is extended",
        ARGPARSE + HEAD + GUARD + PARSER + "    parser.add_argument('--dev', action='store_true')\n" + PARSE
        + "    options: dict[str, object] = dict(app='server:app', port=8010)\n    if args.dev:\n        options.update({'reload': True})\n    uvicorn.run(**options)\n",
        f"{UVICORN} --port 8010",
        kept=("    return app\n",),
    ),
)  # fmt: skip

TWICE = (
    Movable(
        "the environment for a handler, in a script that serves itself by its name",
        ARGPARSE + "import os\n" + HEAD + "\n\n@app.get('/m')\nasync def m():\n    return os.environ['MODEL']\n" + GUARD + PARSER + MODEL + PARSE
        + "    os.environ['MODEL'] = args.model\n    uvicorn.run('server:app', port=8010)\n",
        f"{UVICORN} --port 8010",
        kept=("os.environ['MODEL'] = args.model\n    return app",),
    ),
    Movable(
        "the environment for a function that only handlers call, with reload for some",
        ARGPARSE + "import os\n" + HEAD + "\n\ndef model():\n    return os.environ.get('MODEL')\n\n\n@app.get('/m')\ndef m():\n    return model()\n" + GUARD + PARSER + MODEL + PARSE
        + "    os.environ.setdefault('MODEL', args.model)\n    uvicorn.run('server:app', port=8010, reload=args.model == 'big')\n",
        f"{UVICORN} --port 8010",
        kept=("setdefault('MODEL', args.model)\n    return app",),
    ),
)  # fmt: skip

MORE_FACTORIES = (
    *NAMES_AND_DEFAULTS,
    *BRANCHES,
    *SERVING_FOR_OTHERS,
    *WITH_WORDS,
    *AFTER,
    *WORKED_OUT,
    *LAST,
    *HANDED_ON,
    *UNPACKED,
    *TWICE,
)
