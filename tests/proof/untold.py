"""Shapes with options that can't be told from the source: the command leaves them to a person, and says so."""
# ruff: noqa: E501 - a server in one string reads better than in ten

from __future__ import annotations

from tests.proof.shapes import API, Movable

HEAD = f"import uvicorn\n{API}\n\n"
MAIN = "if __name__ == '__main__':\n"

UNTOLD = (
    Movable(
        "a protocol class",
        f"from uvicorn.protocols.http.h11_impl import H11Protocol\n{HEAD}{MAIN}    uvicorn.run(app, http=H11Protocol)\n",
        "uvicorn server:app",
        runs_as_script=False,
        notes=("`http=H11Protocol` can't be told from here: say `--http`",),
    ),
    Movable(
        "an import string of a name that the file had once",
        f"{HEAD}{MAIN}    uvicorn.run('old_server:app', port=8010)\n",
        "uvicorn server:app --port 8010",
        gone=("import uvicorn", "old_server"),
        runs_as_script=False,
        notes=("there is no `old_server` here: the command serves the `app` of this file",),
    ),
    Movable(
        "options that can't be seen",
        f"from settings import OPTIONS\n{HEAD}{MAIN}    uvicorn.run(app, port=8010, **OPTIONS)\n",
        "uvicorn server:app --port 8010",
        files={"settings.py": "OPTIONS = {}\n"},
        notes=("what `**` or `*` bring can't be told from here: say those options too",),
    ),
    Movable(
        "a level that is tidied before it is lower case",
        f"import os\n{HEAD}{MAIN}    uvicorn.run(app, port=8010, log_level=str(os.environ.get('LEVEL', 'INFO')).strip().lower() or 'info')\n",
        'uvicorn server:app --port 8010 --log-level "${LEVEL:-info}"',
        gone=("import os",),
        notes=("`--log-level` takes lower case alone, also from `$LEVEL`",),
    ),
    Movable(
        "reload by an environment variable",
        f"import os\n{HEAD}{MAIN}    uvicorn.run('server:app', port=8010, reload=bool(os.getenv('DEV')))\n",
        "uvicorn server:app --port 8010",
        gone=("import os",),
        notes=("`reload` is off here, as it is without `$DEV`",),
    ),
    Movable(
        "reload by a condition in `bool(...)`",
        f"import os\n{HEAD}{MAIN}    uvicorn.run('server:app', port=8010, reload=bool(os.getenv('MODE') == 'dev'))\n",
        "uvicorn server:app --port 8010",
        gone=("import os",),
        notes=("`reload` is off here, as it is without `$MODE`",),
    ),
    Movable(
        "reload by a word of the environment, and a level by that",
        f"import os\n{HEAD}{MAIN}    debug = os.getenv('DEBUG', 'False').lower() in ('1', 'true')\n"
        "    uvicorn.run('server:app', port=8010, reload=debug, log_level='info' if not debug else 'debug')\n",
        "uvicorn server:app --port 8010 --log-level info",
        notes=("`reload` is off here, as it is without `$DEBUG`", "is what it is without `not debug`"),
    ),
    Movable(
        "colours that a variable takes away",
        f"import os\n{HEAD}{MAIN}    uvicorn.run(app, port=8010, use_colors=os.environ.get('COLORS', 'yes') != 'no')\n",
        "uvicorn server:app --port 8010 --use-colors",
        notes=("`use_colors` is on here, as it is without `$COLORS`",),
    ),
    Movable(
        "a switch that nobody can tell",
        f"import sys\n{HEAD}{MAIN}    reload = sys.platform == 'plan9'\n    uvicorn.run('server:app', port=8010, reload=reload)\n",
        "uvicorn server:app --port 8010",
        notes=("can't be told from here: say `--reload` where uvicorn's own default is wrong",),
    ),
    Movable(
        "a port that the file itself puts into the environment",
        f"import os\n{HEAD}os.environ.setdefault('PORT', '9000')\n\n{MAIN}    uvicorn.run(app, port=int(os.environ['PORT']))\n",
        'uvicorn server:app --port "${PORT:-9000}"',
        notes=("`$PORT` may be set by this file, and the shell would not see that",),
    ),
    Movable(
        "conditions of another file",
        f"from settings import CONFIG\n{HEAD}{MAIN}    uvicorn.run('server:app', port=8010, access_log=CONFIG.DEBUG, log_level='debug' if CONFIG.DEBUG else 'warning')\n",
        "uvicorn server:app --port 8010 --no-access-log --log-level warning",
        files={
            "settings.py": "import os\n\n\nclass Config:\n    DEBUG = os.getenv('DEBUG', 'no').lower() == 'yes'\n\n\nCONFIG = Config()\n"
        },
        notes=("`access_log` is off here, as it is without `$DEBUG`",),
    ),
    Movable(
        "reload by a setting whose default is a condition on a variable",
        f"from settings import settings\n{HEAD}{MAIN}    uvicorn.run('server:app', port=8010, reload=settings.debug)\n",
        "uvicorn server:app --port 8010",
        files={
            "pydantic_settings.py": "class BaseSettings:\n    pass\n",
            "settings.py": "import os\n\nfrom pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    debug: bool = os.getenv('DEBUG', 'False').lower() == 'true'\n\n\nsettings = Settings()\n",
        },
        notes=("`reload` is off here, as it is without `$DEBUG`",),
    ),
    Movable(
        "limits of several megabytes",
        f"{HEAD}{MAIN}    uvicorn.run(app, port=8010, ws_max_size=32 * 1024 * 1024, h11_max_incomplete_event_size=1 << 16)\n",
        "uvicorn server:app --port 8010 --ws-max-size 33554432 --h11-max-incomplete-event-size 65536",
    ),
    Movable(
        "a condition on what the .env says",
        f"import os\nfrom dotenv import load_dotenv\n{HEAD}load_dotenv()\n\n{MAIN}    uvicorn.run('server:app', port=8010, access_log=os.getenv('DEBUG', 'no') != 'yes')\n",
        "uvicorn server:app --port 8010 --no-access-log",
        files={
            "dotenv.py": "import os\n\n\ndef load_dotenv():\n    os.environ.setdefault('DEBUG', 'yes')\n",
            ".env": "DEBUG=yes\n",
        },
        notes=("`$DEBUG` is what `.env` says today",),
    ),
    Movable(
        "a folder for the path beside the script's own",
        "import uvicorn\n\nif __name__ == '__main__':\n    uvicorn.run('main:app', app_dir='web', port=8010)\n",
        "uvicorn main:app --app-dir web --port 8010",
        files={"web/main.py": API},
        notes=("say `PYTHONPATH=.` where the app imports from there",),
    ),
)
