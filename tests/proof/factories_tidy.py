"""Shapes that show what a factory leaves of its file, and where others than the file's own parser know a value."""
# ruff: noqa: E501 - a server in one string reads better than in ten

from __future__ import annotations

from tests.proof.factories import ARGPARSE, GUARD, HEAD, PLAIN, RUN, UVICORN
from tests.proof.shapes import API, Movable

SHOWS = "\n\n@app.get('/m')\ndef m():\n    return app.state.model\n"
PARSED = (
    "    parser = argparse.ArgumentParser()\n    parser.add_argument('--host', default='127.0.0.1')\n"
    "    parser.add_argument('--port', type=int, default=8011)\n    parser.add_argument('--model', default='m')\n"
)
DATACLASS_PARSER = """\
import sys


class HfArgumentParser:
    def __init__(self, kind):
        self.kind = kind

    def parse_args_into_dataclasses(self, args=None):
        words = sys.argv[1:] if args is None else args
        return (self.kind(**{k.lstrip('-'): v for k, v in zip(words[::2], words[1::2])}),)
"""

TOLD = (
    Movable(
        "items of what a function returns, asked for in the middle of other values",
        HEAD + "\n\ndef read():\n    return {'port': '8012'}\n" + GUARD + "    app.state.x = 1\n    config = read()\n"
        "    host = config.get('host', '127.0.0.1') if config else '0.0.0.0'\n    port = int(config.get('port', 8010) or 8011)\n"
        "    uvicorn.run(app, host=host, port=port)\n",
        f"""{UVICORN} --host "$(python -c 'from server import read; print(read().get('"'"'host'"'"', '"'"'127.0.0.1'"'"') if read() else '"'"'0.0.0.0'"'"')' | tail -n 1)\""""
        """ --port "$(python -c 'from server import read; print(int(read().get('"'"'port'"'"', 8010) or 8011))' | tail -n 1)\"""",
        gone=("host =", "port ="),
    ),
    Movable(
        "arguments and a worker from one function",
        ARGPARSE + HEAD + SHOWS + "\n\ndef create_worker():\n" + PARSED + "    args = parser.parse_args()\n    app.state.model = args.model\n    return args, args.model\n" + GUARD
        + "    args, worker = create_worker()\n    uvicorn.run(app, host=args.host, port=args.port)\n",
        f"{UVICORN} --host 127.0.0.1 --port 8011",
        gone=("--port", "--host", "import uvicorn"),
        kept=("    args, worker = create_worker()\n    return app\n",),
    ),
    Movable(
        "an import in the function that comes after the arguments were parsed",
        "import argparse\n" + HEAD + SHOWS + "\n\ndef main():\n" + PARSED + "    args = parser.parse_args()\n\n    import os\n    os.environ['M'] = args.model\n"
        "    app.state.model = os.environ['M']\n    uvicorn.run(app, host=args.host, port=args.port)\n" + GUARD + "    main()\n",
        f"{UVICORN} --host 127.0.0.1 --port 8011",
        gone=("    import os",),
        kept=("import os\nimport shlex\n",),
    ),
    Movable(
        "what is ended after the server, with a status",
        "import threading\n" + HEAD + SHOWS + "\n\ndef main():\n    app.state.model = 'm'\n    stop = threading.Event()\n    uvicorn.run(app, port=8011)\n"
        "    stop.set()\n    return 0\n" + GUARD + "    raise SystemExit(main())\n",
        f"{UVICORN} --port 8011",
        gone=("return 0",),
        kept=("    def after_serving():\n        stop.set()\n\n    return app\n",),
    ),
    Movable(
        "options of the script's own names, which its start shows too",
        "import argparse\n" + HEAD + SHOWS + "\n\ndef show(args):\n    print(args.api_port, args.level)\n\n\ndef main():\n    parser = argparse.ArgumentParser()\n"
        "    parser.add_argument('--api-port', type=int, default=8011)\n    parser.add_argument('--level', default='warning')\n    args = parser.parse_args()\n"
        "    show(args)\n    app.state.model = 'm'\n    uvicorn.run(app, port=args.api_port, log_level=args.level)\n" + GUARD + "    main()\n",
        f"{UVICORN} --port 8011 --log-level warning",
        notes=("`--api-port`, `--level` stay in the parser, but for the server uvicorn's `--port`, `--log-level` count now",),
    ),
    Movable(
        "host and port in a tuple, handed on",
        ARGPARSE + HEAD + SHOWS + "\n\ndef read():\n" + PARSED + "    args = parser.parse_args()\n    return args.model, args.host, args.port\n"
        "\n\ndef serve(\n    model,\n    host: str = 'a',\n    port: int = 1,\n):\n    app.state.model = model\n    uvicorn.run(app, host=host, port=port)\n"
        + GUARD + "    model, host, port = read()\n    serve(model, host, port=port)\n",
        f"{UVICORN} --host 127.0.0.1 --port 8011",
        kept=("    model, host, port = read()\n    return serve(",),
    ),
    Movable(
        "a dataclass that a parser fills",
        "from dataclasses import dataclass, field\n" + HEAD + SHOWS + "\nfrom transformers import HfArgumentParser\n\n\n@dataclass\nclass Options:\n"
        "    model: str = field(metadata={'help': 'what'})\n    port: int = field(default=8011)\n    host: str = '127.0.0.1'\n    log_level: str = 'warning'\n"
        "\n\ndef main(options: Options):\n    app.state.model = options.model\n"
        "    uvicorn.run(app, host=options.host, port=options.port, log_level=options.log_level)\n" + GUARD
        + "    parser = HfArgumentParser(Options)\n    (options,) = parser.parse_args_into_dataclasses()\n    main(options)\n",
        f'SERVER_ARGS="--model MODEL" {UVICORN} --host 127.0.0.1 --port 8011 --log-level warning',
        files={"transformers.py": DATACLASS_PARSER},
        arguments=("server.py", "--model", "MODEL"),
        notes=("`port=options.port` is worked out by the script",),
    ),
    Movable(
        "a parser of another file",
        "from options import parse_args\n" + HEAD + SHOWS + "\n\ndef main():\n    args = parse_args()\n    app.state.model = args.model\n    uvicorn.run(app, host=args.host, port=args.port)\n" + GUARD + "    main()\n",
        f"{UVICORN} --host 127.0.0.1 --port 8011",
        files={"options.py": "import argparse\n\n\ndef known(args):\n    return args\n\n\ndef parse_args():\n" + PARSED + "    args = parser.parse_args()\n    args = known(args)\n    return args\n"},
        kept=("    sys.argv[1:] = shlex.split(",),
        notes=("`args.port` is `--port` of a parser in another file",),
    ),
    Movable(
        "arguments that a function sets too",
        ARGPARSE + HEAD + SHOWS + "\noptions = None\n\n\ndef use(given):\n    global options\n    options = given\n    app.state.model = options.model\n" + GUARD + PARSED
        + "    options = parser.parse_args()\n    use(options)\n    uvicorn.run(app, host=options.host, port=options.port)\n",
        f"{UVICORN} --host 127.0.0.1 --port 8011",
        notes=("`port=options.port` is worked out by the script",),
    ),
    Movable(
        "options of a dictionary that the script adds to",
        "import os\n" + HEAD + GUARD + "    options = {'host': '0.0.0.0', 'port': 8010}\n    if os.getenv('CERT'):\n        options['ssl_certfile'] = os.environ['CERT']\n    uvicorn.run(app, **options)\n",
        PLAIN,
        notes=("what `**` or `*` bring can't be told from here (`ssl_certfile`): say those options too",),
    ),
    Movable(
        "words that the script itself asks for",
        "import argparse\nimport sys\n" + HEAD + SHOWS + GUARD + "    parser = argparse.ArgumentParser()\n    parser.add_argument('--model')\n    parser.add_argument('--dtype', default='auto')\n"
        "    args = parser.parse_args()\n    if args.model is None:\n        print('which?', file=sys.stderr)\n        sys.exit(1)\n    if not args.dtype:\n        parser.error('which?')\n    app.state.model = args.model\n" + RUN,
        f'SERVER_ARGS="--model MODEL" {PLAIN}',
        arguments=("server.py", "--model", "MODEL"),
    ),
    Movable(
        "words for what comes after",
        ARGPARSE + HEAD + SHOWS + GUARD + "    parser = argparse.ArgumentParser()\n    parser.add_argument('--model', default='m')\n"
        "    parser.add_argument('rest', nargs=argparse.REMAINDER)\n    args = parser.parse_args()\n    app.state.model = args.model\n" + RUN,
        PLAIN,
    ),
)  # fmt: skip

NAMED = (
    Movable(
        "a package with a folder of its own name in it",
        HEAD + "\nfrom pkg.words import HELLO\n\n\n@app.get('/w')\ndef w():\n    return HELLO\n" + GUARD + "    app.state.x = 1\n" + RUN,
        "uvicorn --factory pkg.cli.serve:create_app --host 0.0.0.0 --port 8010",
        path="pkg/cli/serve.py",
        files={"pkg/__init__.py": "", "pkg/cli/__init__.py": "", "pkg/words.py": "HELLO = 1\n", "pkg/pkg/other.py": ""},
        arguments=("-m", "pkg.cli.serve"),
    ),
    Movable(
        "a folder named like what it imports",
        "import pydantic\n" + HEAD + "\n\n@app.get('/p')\ndef p():\n    return hasattr(pydantic, 'BaseModel')\n" + GUARD + "    app.state.x = 1\n" + RUN,
        "uvicorn --factory serve:create_app --app-dir pydantic/demo --host 0.0.0.0 --port 8010",
        path="pydantic/demo/serve.py",
    ),
    Movable(
        "an app beside the script, by its name alone",
        "import os\nimport uvicorn\n" + GUARD + "    os.environ['STAGE'] = 'dev'\n    uvicorn.run('app.main:app', host='0.0.0.0', port=8010)\n",
        "uvicorn --factory run:create_app --app-dir demos/backend --host 0.0.0.0 --port 8010",
        path="demos/backend/run.py",
        files={"demos/backend/app/main.py": "import os\n" + API + "\napp.state.stage = os.environ['STAGE']\n"},
        kept=("    from app.main import app\n    return app\n",),
    ),
)  # fmt: skip

TIDY = (
    Movable(
        "values for the run call alone",
        "import os\n" + HEAD + GUARD + "    app.state.x = 1\n    host = os.getenv('HOST', '0.0.0.0')\n    port = int(os.getenv('PORT', '8010'))\n\n    uvicorn.run(app, host=host, port=port)\n",
        'uvicorn --factory server:create_app --host "${HOST:-0.0.0.0}" --port "${PORT:-8010}"',
        gone=("HOST", "PORT", "import os", "global"),
        kept=("    app.state.x = 1\n\n    return app\n",),
    ),
    Movable(
        "a condition on which the same app is served in one way or another",
        "import os\n" + HEAD + GUARD + "    app.state.x = 1\n    dev = os.getenv('DEV') == '1'\n    if dev:\n        uvicorn.run(app, port=8010, use_colors=True)\n    else:\n        uvicorn.run(app, port=8010)\n",
        f"{UVICORN} --port 8010",
        gone=("DEV", "import os"),
    ),
    Movable(
        "a host that depends on what is not asked for",
        ARGPARSE + HEAD + SHOWS + GUARD + PARSED + "    parser.add_argument('--local', action='store_true')\n    args = parser.parse_args()\n    app.state.model = args.model\n"
        "    uvicorn.run(app, host='0.0.0.0' if not args.local else '127.0.0.1', port=args.port)\n",
        f"{UVICORN} --host 0.0.0.0 --port 8011",
    ),
    Movable(
        "a value that a line of the log tells too",
        "import os\n" + HEAD + GUARD + "    app.state.x = 1\n    port = int(os.getenv('PORT', '8010'))\n    print(f'on {port}')\n    uvicorn.run(app, port=port)\n",
        'uvicorn --factory server:create_app --port "${PORT:-8010}"',
        kept=("    port = int(os.getenv('PORT', '8010'))\n    print(f'on {port}')\n    return app\n",),
    ),
    Movable(
        "uvicorn imported twice, and a name declared already",
        ARGPARSE + HEAD + "\n\n@app.get('/m')\ndef m():\n    return options.model\n" + GUARD + "    global options\n    parser = argparse.ArgumentParser()\n    parser.add_argument('--model', default='m')\n"
        "    options = parser.parse_args()\n\n    import uvicorn\n\n" + RUN,
        PLAIN,
        gone=("uvicorn", "global options\n    global", "\n\n\n    return"),
        kept=("def create_app():\n    global options\n    parser",),
    ),
    Movable(
        "a comment before what a name is set to",
        HEAD + "\n\n@app.get('/m')\ndef m():\n    return engine\n" + GUARD + "    # 1) the engine\n    engine = len(app.routes)\n\n    # 2) the server\n" + RUN,
        PLAIN,
        kept=("def create_app():\n    global engine\n    # 1) the engine\n    engine", "    # 2) the server\n    return app\n"),
    ),
    Movable(
        "a model that evaluates nothing",
        "class Model:\n    def eval(self):\n        return self\n\n\n" + HEAD + "\n\n@app.get('/m')\ndef m():\n    return model is None\n" + GUARD
        + "    device = 'cpu'\n    model = Model().eval()\n    app.state.device = device\n" + RUN,
        PLAIN,
        kept=("    global model\n",),
        gone=("device, model",),
    ),
    Movable(
        "objects that are taken apart",
        ARGPARSE + HEAD + "\n\n@app.get('/m')\ndef m():\n    return [vars(options), options.__dict__]\n" + GUARD + "    parser = argparse.ArgumentParser()\n    parser.add_argument('--model', default='m')\n"
        "    options = parser.parse_args()\n" + RUN,
        PLAIN,
        kept=("    global options\n",),
    ),
    Movable(
        "names that annotations are looked up by",
        "from __future__ import annotations\n\nimport uvicorn\nfrom fastapi import FastAPI\nfrom pydantic import BaseModel\n" + GUARD
        + "    app = FastAPI()\n    prefix = 'p'\n\n    class Query(BaseModel):\n        text: str = 'x'\n\n    @app.post('/q')\n    def q(query: Query):\n        return prefix + query.text\n\n" + RUN,
        PLAIN,
        kept=("    global Query\n",),
    ),
    Movable(
        "the app imported already",
        "import os\nimport uvicorn\nfrom api.main import app\n" + GUARD + "    os.makedirs('data', exist_ok=True)\n    uvicorn.run('api.main:app', host='0.0.0.0', port=8010)\n",
        "uvicorn --factory server:create_app --host 0.0.0.0 --port 8010",
        files={"api/main.py": API},
        kept=("    os.makedirs('data', exist_ok=True)\n    return app\n",),
    ),
    Movable(
        "uvicorn's own log configuration with another format",
        HEAD + GUARD + "    config = uvicorn.config.LOGGING_CONFIG\n    config['formatters']['default']['fmt'] = '%(message)s'\n    uvicorn.run(app, port=8010, log_config=config)\n",
        f"{UVICORN} --port 8010",
        kept=("    logging.config.dictConfig(config)\n    return app\n", "import logging.config\n"),
    ),
    Movable(
        "a log configuration of another file",
        "from logs import LOGS\n" + HEAD + GUARD + "    uvicorn.run('server:app', port=8010, log_config=LOGS)\n",
        f"{UVICORN} --port 8010",
        files={"logs.py": "LOGS = {'version': 1, 'disable_existing_loggers': False}\n"},
        kept=("    logging.config.dictConfig(LOGS)\n    return app\n",),
    ),
    Movable(
        "a log configuration of a function that serves others too",
        "LOGS = {'version': 1, 'disable_existing_loggers': False}\n" + HEAD + "\n\ndef main():\n    app.state.x = 1\n    uvicorn.run(app, port=8010, log_config=LOGS)\n" + GUARD + "    main()\n",
        f"{UVICORN} --port 8010",
        files={"other.py": "from server import main\n"},
        serves=True,
        kept=("    if not serve:\n        logging.config.dictConfig(LOGS)\n        return app\n",),
    ),
    Movable(
        "a log configuration within the call of such a function",
        HEAD + "\n\ndef main():\n    app.state.x = 1\n    uvicorn.run(app, port=8010, log_config={'version': 1, 'disable_existing_loggers': False})\n" + GUARD + "    main()\n",
        f"{UVICORN} --port 8010",
        files={"other.py": "from server import main\n"},
        serves=True,
        gone=("dictConfig", "import logging.config"),
        notes=("`log_config` stays with the function that serves others",),
    ),
    Movable(
        "a log configuration, and what comes after the server",
        "import asyncio\n" + HEAD + "\n\nasync def prepare():\n    app.state.x = 1\n\n\nasync def main():\n    await prepare()\n    config = uvicorn.Config(app, port=8010, log_config={'version': 1, 'disable_existing_loggers': False})\n"
        "    await uvicorn.Server(config).serve()\n" + GUARD + "    asyncio.run(main())\n",
        f"{UVICORN} --port 8010",
        kept=("    logging.config.dictConfig({'version': 1, 'disable_existing_loggers': False})\n", "import logging.config\n"),
    ),
    Movable(
        "a status for who starts it, where nothing can be served",
        HEAD + "\n\ndef main():\n    try:\n        app.state.x = 1\n    " + RUN + "    except ImportError:\n        print('no uvicorn')\n        return 1\n" + GUARD + "    raise SystemExit(main())\n",
        PLAIN,
        kept=("        raise SystemExit(1)\n",),
    ),
    Movable(
        "a parser that knows nothing but options of uvicorn, imported where it is made",
        HEAD + "\n\ndef main():\n    import argparse\n\n    parser = argparse.ArgumentParser(description='a server')\n    parser.add_argument('--port', type=int, default=8010)\n    parser.add_argument('--host', default='0.0.0.0', help='where')\n    args = parser.parse_args()\n\n"
        "    app.state.x = 1\n    uvicorn.run(app, host=args.host, port=args.port)\n" + GUARD + "    main()\n",
        f"{UVICORN} --host 0.0.0.0 --port 8010",
        gone=("argparse", "parser", "args", "shlex", "SERVER_ARGS"),
    ),
    Movable(
        "a text that tells what the main block does",
        HEAD + "\n\n@app.get('/m')\ndef m():\n    return model\n" + GUARD + "    '''Only for trying it out.'''\n    model = 'm'.upper()\n" + RUN,
        PLAIN,
        kept=("    '''Only for trying it out.'''\n    global model\n",),
    ),
)  # fmt: skip

SETTINGS = {
    "conf.py": "class Settings:\n    port = 8010\n\n\ndef get_settings():\n    return Settings()\n\n\ndef get(key, default=None):\n    return {'PORT': 8010}.get(key, default)\n"
}

LEFT = (
    Movable(
        "settings that only the launch reads, in the main block",
        "from conf import get_settings\n" + HEAD + GUARD + "    settings = get_settings()\n    uvicorn.run(app, port=settings.port)\n",
        f"{UVICORN} --port 8010",
        files=SETTINGS,
        kept=("def create_app():\n    get_settings()\n    return app\n",),
    ),
    Movable(
        "an item of what a function gives, which only the launch reads",
        "from conf import load_config\n" + HEAD + GUARD + "    served = load_config()['served']\n    uvicorn.run(app, host=served['host'], port=served['port'])\n",
        f"""{UVICORN} --host "$(python -c 'from conf import load_config; print(load_config()['"'"'served'"'"']['"'"'host'"'"'])' | tail -n 1)\""""
        """ --port "$(python -c 'from conf import load_config; print(load_config()['"'"'served'"'"']['"'"'port'"'"'])' | tail -n 1)\"""",
        files={"conf.py": "def load_config():\n    return {'served': {'host': '127.0.0.1', 'port': 8010}}\n"},
        kept=("def create_app():\n    load_config()['served']\n    return app\n",),
    ),
    Movable(
        "the same in a function, with a type",
        "from conf import Settings, get_settings\n" + HEAD + "\n\ndef main():\n    settings: Settings = get_settings()\n    uvicorn.run(app, port=settings.port)\n" + GUARD + "    main()\n",
        f"{UVICORN} --port 8010",
        files=SETTINGS,
        kept=("def main():\n    get_settings()\n    return app\n",),
    ),
    Movable(
        "keys of a module that only the launch asks for",
        "import conf\n" + HEAD + GUARD + "    app.state.x = 1\n    port = conf.get('PORT')\n    root_path = conf.get('ROOT_PATH', '/api')\n    uvicorn.run(app, port=port, root_path=root_path)\n",
        f"""{UVICORN} --port "$(python -c 'import conf; print(conf.get('"'"'PORT'"'"'))' | tail -n 1)\""""
        """ --root-path "$(python -c 'import conf; print(conf.get('"'"'ROOT_PATH'"'"', '"'"'/api'"'"') or "")' | tail -n 1)\"""",
        files=SETTINGS,
        kept=("def create_app():\n    app.state.x = 1\n    return app\n",),
    ),
    Movable(
        "what nobody reads, but a name of the module holds",
        "import weakref\n" + HEAD + "\nHELD = weakref.WeakSet()\n\n\nclass Watcher:\n    def __init__(self):\n        HELD.add(self)\n\n\n@app.get('/held')\ndef held():\n    return len(HELD)\n" + GUARD + "    watcher = Watcher()\n" + RUN,
        PLAIN,
        kept=("def create_app():\n    global watcher\n    watcher = Watcher()\n    return app\n",),
    ),
    Movable(
        "a module that the main block imports once more",
        "import logging\n" + HEAD + GUARD + "    import logging\n\n    logging.getLogger('x').setLevel('DEBUG')\n" + RUN,
        PLAIN,
        kept=("import logging\n", "def create_app():\n    logging.getLogger('x')"),
    ),
    Movable(
        "options that a command of its own has too",
        ARGPARSE + HEAD + "\n\ndef main():\n    parser = argparse.ArgumentParser()\n    commands = parser.add_subparsers(dest='command')\n    serving = commands.add_parser('serve')\n    serving.add_argument('--port', type=int, default=8010)\n"
        "    parser.add_argument('--port', type=int, default=8010)\n    args = parser.parse_args()\n    if args.command == 'version':\n        print('1.0')\n    else:\n        serve(args.port)\n\n\ndef serve(port):\n    app.state.x = 1\n    uvicorn.run(app, port=port)\n"
        + GUARD + "    main()\n",
        f"{UVICORN} --port 8010",
    ),
    Movable(
        "a handler that ends the process or raises again",
        "import sys\n" + HEAD + GUARD + "    app.state.x = 1\n    try:\n        uvicorn.run(app, host='0.0.0.0', port=8010)\n    except OSError as error:\n        if 'in use' in str(error):\n            print('taken')\n            sys.exit(1)\n        else:\n            raise\n",
        PLAIN,
        gone=("except", "sys", "in use"),
        kept=("    app.state.x = 1\n    return app\n",),
    ),
    Movable(
        "certificates that a branch has",
        "import os\n" + HEAD + GUARD + "    app.state.x = 1\n    keyfile = None\n    if os.environ.get('TLS') == 'yes':\n        keyfile = app.title + '.pem'\n    uvicorn.run(app, port=8010, ssl_keyfile=keyfile)\n",
        f"{UVICORN} --port 8010",
        notes=("is set in a branch alone: say `--ssl-keyfile` where it is",),
    ),
)  # fmt: skip

TIDY_FACTORIES = (*TOLD, *NAMED, *TIDY, *LEFT)
