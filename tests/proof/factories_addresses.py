"""Shapes whose address is in a class of options, in a file that an option names, or in a module named as a text."""
# ruff: noqa: E501 - a server in one string reads better than in ten

from __future__ import annotations

from tests.proof.factories import ARGPARSE, GUARD, HEAD, PARSE, PARSER, PLAIN, UVICORN
from tests.proof.shapes import Movable

ARGS = (
    "\n\n@dataclass\nclass Args:\n    host: str = '0.0.0.0'\n    port: int = 8010\n    model: str = 'tiny'\n"
)
HF = "import argparse\n\n\nclass HfArgumentParser(argparse.ArgumentParser):\n    def __init__(self, kinds):\n        super().__init__()\n        self.kinds = kinds\n\n    def parse_args_into_dataclasses(self, args=None):\n        self.parse_args(args)\n        return tuple(kind() for kind in self.kinds)\n"
SERVER = "    app.state.model = args.model\n    uvicorn.run(app, host=args.host, port=args.port)\n"
LOAD = (
    "import json\n\n\ndef load_config(path):\n    with open(path) as file:\n        return json.load(file)\n"
)
CONFIG = '{"server": {"port": 8010}}'

# What pydantic makes of annotated fields, as far as these shapes need it.
PYDANTIC = "import os\n\n\nclass BaseSettings:\n    def __init__(self):\n        for name, kind in type(self).__annotations__.items():\n            setattr(self, name, kind(os.environ.get(name.upper(), getattr(type(self), name))))\n\n    def model_dump(self):\n        return dict(vars(self))\n"
MADE = "from fastapi import FastAPI\n\n\ndef make():\n    app = FastAPI()\n    return app\n"
DUMPED = "from pydantic_settings import BaseSettings\n\n\nclass ServerSettings(BaseSettings):\n    host: str = '0.0.0.0'\n    port: int = 8010\n    access_log: bool = False\n    factory: bool = True\n"


def asked(code: str) -> str:
    return f"""{UVICORN} --host 0.0.0.0 --port "$(python -c '{code}' | tail -n 1)\""""


ADDRESSES = (
    Movable(
        "a port of settings that a call before fetches",
        "from remote import fetch_service_config, setup_logging_config\nfrom settings import Settings\n" + HEAD + GUARD
        + "    setup_logging_config()\n    fetch_service_config()\n    settings = Settings()\n    uvicorn.run(app, host='0.0.0.0', port=settings.port)\n",
        asked("from settings import Settings; from remote import fetch_service_config; fetch_service_config(); print(Settings().port)"),
        files={
            "remote.py": "import os\n\n\ndef fetch_service_config():\n    os.environ['PORT_OF_SERVICE'] = '8010'\n\n\ndef setup_logging_config():\n    pass\n",
            "settings.py": "import os\n\n\nclass Settings:\n    def __init__(self):\n        name = 'PORT_OF_' + 'SERVICE'\n        self.port = int(os.environ.get(name, '1'))\n",
        },
        kept=("    fetch_service_config()\n",),
        notes=("`port=settings.port` is computed",),
    ),
    Movable(
        "a class whose fields are options",
        "import tyro\nfrom dataclasses import dataclass\n" + HEAD + ARGS + GUARD + "    args = tyro.cli(Args)\n" + SERVER,
        PLAIN,
        kept=("sys.argv[1:] = shlex.split(", "args = tyro.cli(Args)"),
        notes=("`port=args.port` is worked out by the script",),
    ),
    Movable(
        "two classes whose fields are options, in one parser",
        "from dataclasses import dataclass, field\nfrom hf import HfArgumentParser\n" + HEAD
        + "\n\n@dataclass\nclass Model:\n    port: int = 1\n    model: str = 'tiny'\n\n\n@dataclass\nclass Server:\n    host: str = field(default='0.0.0.0')\n    port: int = field(default=8010, metadata={'help': 'where'})\n"
        + GUARD + "    parser = HfArgumentParser((Model, Server))\n    model, server = parser.parse_args_into_dataclasses()\n"
        "    app.state.model = model.model\n    uvicorn.run(app, host=server.host, port=server.port)\n",
        PLAIN,
        files={"hf.py": HF},
        kept=("parse_args_into_dataclasses(args=shlex.split(",),
    ),
    Movable(
        "a file that an option names",
        ARGPARSE + "import json\n" + HEAD + "\n\ndef main():\n" + PARSER + "    parser.add_argument('--config', default='config.json')\n" + PARSE
        + "    with open(args.config) as file:\n        config = json.load(file)\n    app.state.config = str(config)\n    uvicorn.run(app, host='0.0.0.0', port=config['port'])\n" + GUARD + "    main()\n",
        asked("""import json; print(json.load(open("config.json"))['"'"'port'"'"'])"""),
        files={"config.json": '{"port": 8010}'},
        kept=("return app",),
        notes=("`port=config['port']` is computed",),
    ),
    Movable(
        "a port that an option may say, else a file that another one names",
        ARGPARSE + "from settings import load_config\n" + HEAD + "\n\ndef main():\n" + PARSER
        + "    parser.add_argument('--config', default='config.json')\n    parser.add_argument('--port', type=int)\n" + PARSE
        + "    config = load_config(args.config)\n    app.state.config = str(config)\n    port = args.port or config['server']['port']\n    uvicorn.run(app, host='0.0.0.0', port=port)\n" + GUARD + "    main()\n",
        asked("""from settings import load_config; print(None or load_config("config.json")['"'"'server'"'"']['"'"'port'"'"'])"""),
        files={"settings.py": LOAD, "config.json": CONFIG},
        kept=("return app",),
    ),
    Movable(
        "a module that a variable names",
        "import importlib\nimport os\n" + HEAD + "\n\ndef main():\n    name = os.environ.get('CONFIG', 'production')\n    config = importlib.import_module(name)\n    app.state.name = config.__name__\n    uvicorn.run(app, host='0.0.0.0', port=config.PORT)\n" + GUARD + "    main()\n",
        asked("""import os; import importlib; print(importlib.import_module(os.environ.get('"'"'CONFIG'"'"', '"'"'production'"'"')).PORT)"""),
        files={"production.py": "PORT = 8010\n"},
        kept=("return app",),
    ),
    Movable(
        "arguments that the app holds",
        ARGPARSE + HEAD + "\n\n@app.get('/m')\ndef m():\n    return app.args.model\n" + GUARD + PARSER + "    parser.add_argument('--host', default='0.0.0.0')\n    parser.add_argument('--port', type=int, default=8010)\n    parser.add_argument('--model', default='tiny')\n"
        + "    app.args = parser.parse_args()\n    uvicorn.run(app, host=app.args.host, port=app.args.port)\n",
        PLAIN,
        kept=("app.args = parser.parse_args(shlex.split(",),
    ),
    Movable(
        "options whose defaults another file works out",
        ARGPARSE + "from settings import settings\n" + HEAD + "\n\ndef main():\n" + PARSER
        + "    parser.add_argument('--mode', choices=['http', 'stdio'], default=settings.mode)\n    parser.add_argument('--host', default=settings.host)\n    parser.add_argument('--port', type=int, default=settings.port)\n"
        "    args, _ = parser.parse_known_args()\n    if args.mode == 'stdio':\n        print('stdio')\n    else:\n        uvicorn.run(app, host=args.host, port=args.port)\n" + GUARD + "    main()\n",
        f"""{UVICORN} --host "$(python -c 'from settings import settings; print(settings.host)' | tail -n 1)" --port "$(python -c 'from settings import settings; print(settings.port)' | tail -n 1)\"""",
        files={"settings.py": "import os\n\n\nclass Settings:\n    mode = 'http'\n    host = os.path.join('', '0.0.0.0')\n    port = max(8010, 1)\n\n\nsettings = Settings()\n"},
        kept=("return app",),
    ),
    Movable(
        "settings of another file, which the main block changes",
        "from settings import settings\n" + HEAD + GUARD + "    settings.port = 8010\n    app.state.port = settings.port\n    uvicorn.run(app, host='0.0.0.0', port=settings.port)\n",
        PLAIN,
        files={"settings.py": "class Settings:\n    port = 1\n\n\nsettings = Settings()\n"},
        kept=("    settings.port = 8010\n",),
        notes=("`port=settings.port` is worked out by the script",),
    ),
    Movable(
        "all fields of settings of another file, with a function that makes the app",
        "import uvicorn\nfrom made import make\nfrom settings import ServerSettings\n" + GUARD
        + "    settings = ServerSettings()\n    uvicorn.run(make, **settings.model_dump())\n",
        f'{UVICORN} --host "${{HOST:-0.0.0.0}}" --port "${{PORT:-8010}}" --no-access-log',
        files={"pydantic_settings.py": PYDANTIC, "settings.py": DUMPED, "made.py": MADE},
        kept=("    return make()\n",),
        notes=("`$HOST` is read by another file",),
    ),
    Movable(
        "fields of settings of the file, beside options of the call",
        "from pydantic_settings import BaseSettings\n" + HEAD + "\n\nclass Settings(BaseSettings):\n    port: int = 8010\n    proxy_headers: bool = False\n" + GUARD
        + "    settings = Settings()\n    app.state.started = settings.port\n    uvicorn.run(app, host='0.0.0.0', **settings.model_dump())\n",
        f'{UVICORN} --host 0.0.0.0 --port "${{PORT:-8010}}" --no-proxy-headers',
        files={"pydantic_settings.py": PYDANTIC},
    ),
    Movable(
        "switches of the script for what is on or off",
        ARGPARSE + HEAD + GUARD + PARSER + "    parser.add_argument('--model', default='m')\n    parser.add_argument('--access-log', action='store_true')\n    parser.add_argument('--no-date', dest='date', action='store_false')\n"
        + PARSE + "    app.state.model = args.model\n    uvicorn.run(app, access_log=args.access_log, date_header=args.date)\n",
        f"{UVICORN} --no-access-log --date-header",
    ),
    Movable(
        "an address that the script does not start without, handed on by a class of another file",
        ARGPARSE + "from settings import Settings\n" + HEAD + GUARD + PARSER + "    parser.add_argument('--host', required=True)\n    parser.add_argument('--port', type=int, required=True)\n"
        + PARSE + "    settings = Settings(server_host=args.host, server_port=args.port)\n    app.state.model = settings.server_host\n"
        "    uvicorn.run(app, host=settings.server_host, port=settings.server_port)\n",
        f'SERVER_ARGS="--host ${{HOST:?}} --port ${{PORT:?}}" {UVICORN} --host "${{HOST:?}}" --port "${{PORT:?}}"',
        arguments=("server.py", "--host", "0.0.0.0", "--port", "8010"),
        environment={"HOST": "0.0.0.0", "PORT": "8010"},
        files={"settings.py": "from pydantic import BaseModel\n\n\nclass Settings(BaseModel):\n    server_host: str\n    server_port: int\n"},
        notes=("`settings.server_host` has no default: say it in `$HOST`",),
    ),
    Movable(
        "arguments of which a function returns one part after the other",
        ARGPARSE + "import sys\n" + HEAD + "\n\ndef split(argv):\n" + PARSER + "    parser.add_argument('--host', default='0.0.0.0')\n    parser.add_argument('--port', type=int, default=8010)\n"
        + "    server, rest = parser.parse_known_args(argv)\n    return rest, server\n\n\ndef main():\n    rest, server = split(sys.argv[1:])\n"
        "    app.state.rest = rest\n    uvicorn.run(app, host=server.host, port=server.port)\n" + GUARD + "    main()\n",
        PLAIN,
        kept=("sys.argv[1:] = shlex.split(",),
    ),
    Movable(
        "a level that is in upper case for logging, and in lower case for uvicorn",
        "import logging\nimport os\n" + HEAD + GUARD + "    level = os.environ.get('LOG_LEVEL', 'INFO').upper()\n    logging.basicConfig(level=level)\n"
        "    uvicorn.run(app, port=8010, log_level=level.lower())\n",
        f'{UVICORN} --port 8010 --log-level "${{LOG_LEVEL:-info}}"',
        notes=("`--log-level` takes lower case alone",),
    ),
    Movable(
        "a function of another file that makes the app, which nobody calls",
        "import uvicorn\nfrom made import make\n" + GUARD + "    make().state.x = 1\n    uvicorn.run(make, port=8010)\n",
        f"{UVICORN} --port 8010",
        files={"made.py": MADE},
        kept=("    return make()\n",),
    ),
    Movable(
        "an import string of a function that makes the app, with nobody to say so",
        "import os\n\nimport uvicorn\n" + GUARD + "    os.environ['X'] = '1'\n    uvicorn.run('lib:made', port=8010)\n",
        f"{UVICORN} --port 8010",
        files={"made.py": MADE, "lib.py": "from made import make as made\n"},
        kept=("    from lib import made\n    return made()\n",),
    ),
)  # fmt: skip
