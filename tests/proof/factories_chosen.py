"""Shapes where something else than the run call chooses: a condition, the path, who has the port."""
# ruff: noqa: E501 - a server in one string reads better than in ten

from __future__ import annotations

from tests.proof.factories import ARGPARSE, GUARD, HEAD, MODEL, PARSE, PARSER, PLAIN, RUN, UVICORN
from tests.proof.shapes import API, Movable, Unmovable

DEBUG = (
    "import os\n"
    + HEAD
    + GUARD
    + "    app.state.x = 1\n    debug = os.environ.get('DEBUG', 'yes') == 'yes'\n"
)
BOTH = (
    "    if debug:\n        uvicorn.run('server:app', port=8010, reload=True)\n"
    "    else:\n        uvicorn.run('server:app', port=8010, workers=2)\n"
)
CONFIG = (
    "from settings import config\n"
    + HEAD
    + GUARD
    + '    app.state.x = 1\n    reload = config.get("reload", False)\n'
)
ENDS = (
    "import psutil\n"
    + HEAD
    + "\n\ndef free(port):\n    for process in psutil.process_iter():\n        if any(c.laddr.port == port for c in process.net_connections()):\n            process.kill()\n"
    "\n\ndef main():\n    app.state.x = 1\n    free(8010)\n"
)
TAKEN = "import socket\nimport sys\nimport uvicorn\n\n\ndef is_taken(port):\n    with socket.socket() as s:\n        return s.connect_ex(('127.0.0.1', port)) == 0\n"
ABOVE = "import sys\nfrom pathlib import Path\n\nROOT = Path(__file__).resolve().parent.parent\nsys.path.insert(0, str(ROOT))\n"

CHOSEN = (
    Movable(
        "a configuration for an app that nothing else reads, in a coroutine",
        "import asyncio\nimport uvicorn\nfrom fastapi import FastAPI\n\n\nasync def serve(title):\n    app = FastAPI(title=title)\n    config = uvicorn.Config(app, host='0.0.0.0', port=8010)\n"
        "    server = uvicorn.Server(config)\n    await server.serve()\n\n\ndef main():\n    asyncio.run(serve('made'))\n" + GUARD + "    main()\n",
        PLAIN,
        kept=("    app = FastAPI(title=title)\n    return app\n",),
        gone=("uvicorn", "asyncio"),
    ),
    Movable(
        "reload or workers, by a variable that is on where nobody sets it",
        DEBUG + BOTH,
        f"{UVICORN} --port 8010 --reload",
        notes=("`reload` is on here, as it is without `$DEBUG`",),
        kept=("def create_app():\n    return app",),
        gone=("debug",),
    ),
    Movable(
        "reload or none, by an item of a configuration",
        CONFIG + "    if reload:\n        uvicorn.run('server:app', port=8010, reload=True)\n    else:\n        uvicorn.run(app, port=8010)\n",
        f"""{UVICORN} --port 8010 $(python -c 'from settings import config; print("--reload" if config.get("reload", False) else "")' | tail -n 1)""",
        files={"settings.py": "config = {'reload': True}\n"},
        notes=("`reload=reload` is computed",),
    ),
    Movable(
        "reload where a switch of the script is not said",
        ARGPARSE + HEAD + GUARD + PARSER + "    parser.add_argument('--prod', action='store_true')\n" + MODEL + PARSE
        + "    app.state.model = args.model\n    uvicorn.run('server:app', port=8010, reload=not args.prod)\n",
        f"{UVICORN} --port 8010 --reload",
        notes=("`reload=not args.prod` is what it is where nothing else is said",),
    ),
    Movable(
        "an import whose name the configuration of the server takes over",
        "import config\n" + HEAD + GUARD + "    app.state.x = config.X\n    config = uvicorn.Config(app, host='0.0.0.0', port=8010)\n    server = uvicorn.Server(config)\n    server.run()\n",
        PLAIN,
        files={"config.py": "X = 1\n"},
        kept=("def create_app():\n    app.state.x = config.X\n    return app",),
        gone=("uvicorn",),
    ),
    Movable(
        "what ends who has the port, for a server in one process",
        ENDS + RUN + GUARD + "    main()\n",
        PLAIN,
        files={"psutil.py": "def process_iter():\n    return ()\n"},
        kept=("    free(8010)\n    return app",),
    ),
    Movable(
        "its own folder on the path after the one above",
        "import os\n" + ABOVE + "sys.path.insert(0, str(Path(__file__).parent))\n" + HEAD + GUARD + "    os.environ['X'] = '1'\n    uvicorn.run('server:app', host='0.0.0.0', port=8010)\n",
        "uvicorn --factory agent.server:create_app --host 0.0.0.0 --port 8010",
        path="agent/server.py",
        files={"server.py": API, "agent/__init__.py": ""},
    ),
    Movable(
        "what ends where the port is taken, as uvicorn does itself",
        TAKEN + "\n\ndef main():\n    port = 8010\n    if is_taken(port):\n        print('taken')\n        sys.exit(1)\n    uvicorn.run('api:app', port=port, reload=True)\n" + GUARD + "    main()\n",
        f"{UVICORN} --port 8010 --reload",
        files={"api.py": API},
        notes=("`is_taken(port)` goes: uvicorn ends itself where its port is taken",),
        gone=("socket", "sys", "8010"),
    ),
    Movable(
        "what ends where another port is free",
        TAKEN + GUARD + "    if not is_taken(0):\n        print('no backend')\n    if is_taken(5432):\n        sys.exit('no')\n    uvicorn.run('api:app', port=8010, reload=True)\n",
        f"{UVICORN} --port 8010 --reload",
        files={"api.py": API},
        kept=("    if is_taken(5432):\n        sys.exit('no')\n",),
    ),
    Movable(
        "a call over several lines, of a function that an installed command comes to",
        HEAD + "\n\ndef run(\n    title='x',\n):\n    app.title = title\n" + RUN + "\n\ndef main():\n    run(\n        title='y',\n    )\n" + GUARD + "    main()\n",
        PLAIN,
        files={"pyproject.toml": "[project]\nname = 'a'\n\n[project.scripts]\nrun = 'server:main'\n"},
        kept=("    title='x',\n    serve=True,\n):", "        title='y',\n        serve=serve,\n    )\n"),
        serves=True,
    ),
    Movable(
        "its own folder to run in, where uvicorn looks for changes",
        "import os\nfrom pathlib import Path\n\nimport uvicorn\n\nHERE = Path(__file__).parent\n" + GUARD + "    os.chdir(HERE)\n    os.environ['X'] = '1'\n    uvicorn.run('api:app', port=8010, reload=True)\n",
        "cd agent && uvicorn --factory run:create_app --port 8010 --reload",
        path="agent/run.py",
        files={"agent/api.py": API},
    ),
    Movable(
        "options that an object of a class holds, beside a command that reads its own words",
        "import subprocess\nimport sys\nfrom dataclasses import dataclass\n" + ARGPARSE + HEAD
        + "\n\n@dataclass\nclass Options:\n    port: int\n    model: str\n    reload: bool\n\n\ndef main():\n    parser = argparse.ArgumentParser()\n"
        "    parser.add_argument('--port', type=int, default=8010)\n    parser.add_argument('--model', default='m')\n"
        "    parser.add_argument('--reload', action=argparse.BooleanOptionalAction, default=True)\n"
        "    options = Options(**vars(parser.parse_args()))\n    app.state.model = options.model\n    uvicorn.run('server:app', port=options.port, reload=options.reload)\n"
        "\n\ndef work():\n    subprocess.run(['worker', *sys.argv[1:]])\n" + GUARD + "    main()\n",
        f"{UVICORN} --port 8010 --reload",
        files={"pyproject.toml": '[project]\nname = "a"\n[project.scripts]\nwork = "server:work"\n'},
        notes=("`port=options.port` is worked out by the script",),
        kept=("def create_app():\n    sys.argv[1:] = shlex.split", "def work():\n    subprocess.run"),
    ),
    Movable(
        "a folder of `app_dir` beside the script, which has the app",
        "import os\nfrom pathlib import Path\n\nimport uvicorn\n\nHERE = Path(__file__).resolve().parent\n" + GUARD
        + "    os.environ['X'] = '1'\n    uvicorn.run('api:app', port=8010, app_dir=str(HERE / 'lib'), reload=True, reload_dirs=[str(HERE / 'lib'), str(HERE)])\n",
        "uvicorn --factory server:create_app --port 8010 --reload --reload-dir lib --reload-dir .",
        files={"lib/api.py": "import words\n" + API, "lib/words.py": ""},
        kept=("    sys.path.insert(0, str(HERE / 'lib'))\n    from api import app\n    return app",),
    ),
    Movable(
        "an object of another file that parses the arguments when it is made, on import",
        "import uvicorn\nfrom options import options\n" + API + GUARD + "    app.state.model = options.args.model\n    uvicorn.run(app, host='0.0.0.0', port=8010)\n",
        PLAIN,
        files={"options.py": "import argparse\n\n\nclass Options:\n    def __init__(self):\n        self.args = self._parsed()\n\n    def _parsed(self):\n"
               "        parser = argparse.ArgumentParser()\n        parser.add_argument('--model', default='m')\n        return parser.parse_args()\n\n\noptions = Options()\n"},
        notes=("the script's arguments are read from `$SERVER_ARGS`",),
        kept=('sys.argv[1:] = shlex.split(os.environ.get("SERVER_ARGS", ""))\n\nfrom options import options',),
    ),
    Movable(
        "all options of the parser, unpacked",
        ARGPARSE + HEAD + GUARD + PARSER + "    parser.add_argument('--host', default='0.0.0.0')\n    parser.add_argument('--port', type=int, default=8010)\n" + PARSE
        + "    app.state.port = args.port\n    uvicorn.run(app, **vars(args))\n",
        PLAIN,
        notes=("stay in the parser, but for the server uvicorn's own count now",),
        kept=("    app.state.port = args.port\n    return app\n",),
    ),
    Movable(
        "a function for each of two ways to serve, which a variable chooses from",
        "import os\n" + HEAD + "\n\ndef public(port):\n    app.state.mode = 'public'\n    uvicorn.run(app, host='0.0.0.0', port=port, workers=1)\n"
        "\n\ndef local(port, host='127.0.0.1') -> None:\n    print('local')\n    app.state.mode = 'local'\n    uvicorn.run(app, host=host, port=port)\n"
        + GUARD + "    if os.environ.get('MODE', 'local') == 'public':\n        public(8000)\n    else:\n        local(8010)\n",
        f"{UVICORN} --host 127.0.0.1 --port 8010",
        notes=("the options are those without `$MODE`: line 15 has others",),
        kept=("    app.state.mode = 'public'\n    return app\n", "    if os.environ.get('MODE', 'local') == 'public':\n        return public(8000)\n    else:\n        return local(8010)\n"),
        gone=("uvicorn",),
    ),
    Movable(
        "a function for each of two ways to serve the same app, and nothing else",
        "import os\n" + HEAD + "\n\ndef public():\n    uvicorn.run('server:app', host='0.0.0.0', port=8000)\n\n\ndef local():\n    uvicorn.run('server:app', host='127.0.0.1', port=8010, reload=True)\n"
        + GUARD + "    if os.environ.get('MODE', 'local') == 'public':\n        public()\n    else:\n        local()\n",
        f"{UVICORN} --host 127.0.0.1 --port 8010 --reload",
        notes=("the options are those without `$MODE`: line 14 has others",),
        kept=("def create_app():\n    return app\n",),
        gone=("uvicorn", "public", "local"),
    ),
)  # fmt: skip

NOT_CHOSEN = (
    Unmovable(
        "a function for each of two ways to serve, one of which others start too",
        "import os\n" + HEAD + "\n\ndef public():\n    app.state.mode = 'public'\n    uvicorn.run(app, host='0.0.0.0', port=8000)\n\n\ndef local():\n    app.state.mode = 'local'\n    uvicorn.run(app, port=8010)\n"
        + GUARD + "    if os.environ.get('MODE', 'local') == 'public':\n        public()\n    else:\n        local()\n",
        ((15, "the file starts a second server here, and one command starts one"),),
        files={"pyproject.toml": '[project]\nname = "a"\n[project.scripts]\na = "server:public"\n'},
    ),
    Unmovable(
        "ends who has the port, which is uvicorn itself with reload",
        ENDS + "    uvicorn.run('server:app', host='0.0.0.0', port=8010, reload=True)\n" + GUARD + "    main()\n",
        ((16, "`process.kill()` ends who has the port, and with `--reload` that is uvicorn itself"),),
    ),
    Unmovable(
        "looks for another port where its own is taken, with reload",
        TAKEN + "\n\ndef main(port=8010):\n    if is_taken(port):\n        print('taken')\n        return\n    else:\n        print('free')\n    uvicorn.run('api:app', port=port, reload=True)\n" + GUARD + "    main()\n",
        ((12, "`is_taken(port)` asks for the port, and with `--reload` uvicorn itself has it"),),
        files={"api.py": API},
    ),
    Unmovable(
        "ends who has the port by a program, with workers",
        "import subprocess\n" + HEAD + GUARD + "    app.state.x = 1\n    subprocess.run(['fuser', '-k', '8010/tcp'])\n    uvicorn.run('server:app', port=8010, workers=4)\n",
        ((15, "ends who has the port, and with `--workers` that is uvicorn itself"),),
    ),
    Unmovable(
        "an import string of the folder above, which the script puts first on its path",
        ABOVE + HEAD + GUARD + "    app.state.x = 1\n    uvicorn.run('server:app', port=8010)\n",
        ((19, "`server` is found in `.` first, which the script puts on its path, not here"),),
        path="agent/server.py",
        files={"server.py": API},
    ),
    Unmovable(
        "a loop of its own on one system",
        "import asyncio\nimport sys\n" + HEAD + GUARD + "    app.state.x = 1\n    server = uvicorn.Server(uvicorn.Config(app, port=8010))\n    if sys.platform == 'win32':\n"
        "        asyncio.run(server.serve(), loop_factory=asyncio.SelectorEventLoop)\n    else:\n        server.run()\n",
        ((18, "chooses the loop of the server in this branch"),),
    ),
)  # fmt: skip
