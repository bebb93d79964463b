"""Shapes whose host and port come from other files: settings objects, a `.env`, what only Python can tell."""
# ruff: noqa: E501 - a server in one string reads better than in ten

from __future__ import annotations

from tests.proof.shapes import API, Movable

HEAD = "import uvicorn\n" + API
GUARD = "\n\nif __name__ == '__main__':\n"
RUN = GUARD + "    uvicorn.run(app, host=settings.host, port=settings.port)\n"
FROM_SETTINGS = "from settings import settings\n" + HEAD
PLAIN_CLASS = "class Settings:\n    host = '0.0.0.0'\n    port = 8010\n\n\nsettings = Settings()\n"

MODES = "import os\n\n\nclass Settings:\n    mode = os.environ.get('MODE', 'prod')\n\n    @property\n    def is_quiet(self):\n        return self.mode == 'prod' and not self.reloads()\n\n    def reloads(self):\n        return self.mode == 'dev'\n\n    def keep_alive(self):\n        return 7 if self.is_quiet else None\n\n\nsettings = Settings()\n"


def asked(text: str) -> str:
    return f"$(python -c 'from settings import settings; {text}' | tail -n 1)"


SETTINGS = (
    Movable(
        "switches and numbers that methods of settings work out",
        FROM_SETTINGS + GUARD + "    uvicorn.run('server:app', port=8010, reload=True if settings.reloads() else False, access_log=not settings.is_quiet, timeout_keep_alive=settings.keep_alive())\n",
        f"""uvicorn server:app --port 8010 {asked('print("--reload" if (True if settings.reloads() else False) else "")')} {asked('print("--access-log" if not settings.is_quiet else "--no-access-log")')} {asked('x = settings.keep_alive(); print("" if x is None else f"--timeout-keep-alive {x}")')}""",
        files={"settings.py": MODES},
        notes=("`access_log=not settings.is_quiet` is computed: the command asks the module for it",),
    ),
    Movable(
        "settings of a plain class",
        FROM_SETTINGS + RUN,
        "uvicorn server:app --host 0.0.0.0 --port 8010",
        files={"settings.py": PLAIN_CLASS},
        notes=("`settings.port` comes from another file",),
    ),
    Movable(
        "settings of a class in a third file",
        FROM_SETTINGS + RUN,
        "uvicorn server:app --host 0.0.0.0 --port 8010",
        files={
            "settings.py": "from base import Base\n\nsettings = Base()\n",
            "base.py": "class Base:\n    host = '0.0.0.0'\n    port = 8010\n",
        },
    ),
    Movable(
        "settings that a function returns",
        "from settings import get_settings\n" + HEAD + "\nsettings = get_settings()\n" + RUN,
        "uvicorn server:app --host 0.0.0.0 --port 8010",
        files={"settings.py": PLAIN_CLASS + "\n\ndef get_settings():\n    return settings\n"},
    ),
    Movable(
        "settings within settings",
        FROM_SETTINGS + GUARD + "    uvicorn.run(app, port=settings.server.port)\n",
        "uvicorn server:app --port 8010",
        files={
            "settings.py": "class Server:\n    port: int = 8010\n\n\nclass Settings:\n    server = Server()\n\n\nsettings = Settings()\n"
        },
    ),
    Movable(
        "settings that a package hands on under the name of its module",
        "from configs import config\n" + HEAD + GUARD + "    uvicorn.run(app, port=config.port)\n",
        "uvicorn server:app --port 8010",
        files={
            "configs/__init__.py": "from .config import Config\n\nconfig = Config()\n",
            "configs/config.py": "class Config:\n    port = 8010\n",
        },
    ),
    Movable(
        "a port that another file reads from the environment",
        "from settings import PORT\n" + HEAD + GUARD + "    uvicorn.run(app, port=PORT)\n",
        'uvicorn server:app --port "${PORT:-8010}"',
        files={"settings.py": "import os\n\nPORT = int(os.getenv('PORT', '8010'))\n"},
        environment={"PORT": "8011"},
    ),
    Movable(
        "a port from a file that fills the environment",
        "import os\nfrom dotenv import load_dotenv\n" + HEAD + "\nload_dotenv()\n" + GUARD + "    uvicorn.run(app, port=int(os.getenv('PORT', 8000)))\n",
        'uvicorn server:app --port "${PORT:-8010}"',
        files={".env": "# where it listens\nPORT=8010\nAPI_KEY=secret\n"},
        notes=("is what `.env` says today",),
    ),
    Movable(
        "a port that no file sets",
        "import os\nfrom dotenv import load_dotenv\n" + HEAD + "\nload_dotenv()\n" + GUARD + "    uvicorn.run(app, port=int(os.getenv('PORT', 8010)))\n",
        'uvicorn server:app --port "${PORT:-8010}"',
        notes=("may come from a file (`load_dotenv`)",),
    ),
    Movable(
        "a port from a dictionary that is read from a file",
        "import json\n" + HEAD + "\nwith open('config.json') as file:\n    config = json.load(file)\n" + GUARD + "    uvicorn.run(app, port=int(config['port']))\n",
        """uvicorn server:app --port "$(python -c 'from server import config; print(int(config['"'"'port'"'"']))' | tail -n 1)\"""",
        files={"config.json": '{"port": "8010"}'},
        kept=("json.load",),
        notes=("the command asks the module for it",),
    ),
    Movable(
        "a level from settings that are read from a file",
        "from settings import settings\n" + HEAD + GUARD + "    uvicorn.run(app, port=8010, log_level=settings.level.lower())\n",
        """uvicorn server:app --port 8010 --log-level "$(python -c 'from settings import settings; print(settings.level.lower())' | tail -n 1)\"""",
        files={
            "settings.py": "import json\n\n\nclass Settings:\n    def __init__(self):\n"
            "        self.level = json.load(open('config.json'))['level']\n\n\nsettings = Settings()\n",
            "config.json": '{"level": "WARNING"}',
        },
        notes=("the command asks the module for it",),
    ),
    Movable(
        "a port of the environment beside what a star brings",
        "import os\nfrom tools import *\n" + HEAD + GUARD + "    port = int(os.getenv('PORT', '8010'))\n    uvicorn.run(app, port=port)\n",
        'uvicorn server:app --port "${PORT:-8010}"',
        files={"tools.py": "from json import *\n"},
    ),
    Movable(
        "a port from a module that prints and computes",
        "from settings import port\n" + HEAD + GUARD + "    uvicorn.run(app, port=port())\n",
        """uvicorn server:app --port "$(python -c 'from settings import port; print(port())' | tail -n 1)\"""",
        files={"settings.py": "print('loading')\n\n\ndef port():\n    return 8000 + len('0123456789')\n"},
    ),
    Movable(
        "settings of a file beside the script, which reads a .env there",
        "from config import PORT\n" + HEAD + GUARD + "    uvicorn.run(app, port=PORT)\n",
        """cd api && uvicorn server:app --port "${PORT:-8012}\"""",
        path="api/server.py",
        files={
            "api/config.py": "import os\n\nfrom dotenv import load_dotenv\n\nload_dotenv()\nPORT = int(os.getenv('PORT', '8000'))\n",
            "api/.env": "PORT=8012\n",
        },
        folder="api",
        arguments=("server.py",),
        notes=("is what `.env` says today",),
    ),
    Movable(
        "a neighbour that parses arguments where it is the script itself",
        "from other import PORT\n" + HEAD + GUARD + "    uvicorn.run(app, port=PORT)\n",
        "uvicorn server:app --port 8010",
        files={
            "other.py": "import argparse\n\nPORT = 8010\n\n\ndef read():\n    return argparse.ArgumentParser().parse_args()\n\n\n"
            "if __name__ == '__main__':\n    read()\n"
        },
    ),
    Movable(
        "a switch that settings turn off",
        FROM_SETTINGS + GUARD + "    uvicorn.run(app, port=8010, access_log=settings.log, reload=settings.debug)\n",
        "uvicorn server:app --port 8010 --no-access-log",
        files={"settings.py": "class Settings:\n    log = False\n    debug = False\n\n\nsettings = Settings()\n"},
    ),
    Movable(
        "certificates that are left out where no variable names them",
        "import os\n" + HEAD + GUARD + "    uvicorn.run(app, port=8010, root_path=os.getenv('ROOT', ''), ssl_keyfile=os.getenv('KEY'))\n",
        """uvicorn server:app --port 8010 --root-path "${ROOT:-}" ${KEY:+--ssl-keyfile "$KEY"}""",
    ),
    Movable(
        "a level from the environment",
        "import os\n" + HEAD + GUARD + "    uvicorn.run(app, port=8010, log_level=os.getenv('LEVEL', 'warning'))\n",
        'uvicorn server:app --port 8010 --log-level "${LEVEL:-warning}"',
        notes=("takes lower case alone",),
        environment={"LEVEL": "debug"},
    ),
    Movable(
        "a name with a dash",
        HEAD + GUARD + "    uvicorn.run(app, port=8010)\n",
        "uvicorn my-server:app --port 8010",
        path="my-server.py",
    ),
    Movable(
        "the main module of a package",
        HEAD + GUARD + "    uvicorn.run(app, port=8010)\n",
        "uvicorn pkg.__main__:app --port 8010",
        path="pkg/__main__.py",
        files={"pkg/__init__.py": "X = 1\n"},
        arguments=("-m", "pkg"),
    ),
    Movable(
        "a module that is loaded from a file beside the script",
        "import importlib.util\n\nspec = importlib.util.spec_from_file_location('more', 'more.py')\nmore = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(more)\n"
        + HEAD + GUARD + "    uvicorn.run(app, port=8010)\n",
        "cd api && uvicorn server:app --port 8010",
        path="api/server.py",
        files={"api/more.py": "X = 1\n"},
        folder="api",
        arguments=("server.py",),
    ),
)  # fmt: skip
