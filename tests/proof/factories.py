"""Shapes whose main block becomes a factory, and shapes for which that would not hold."""
# ruff: noqa: E501 - a server in one string reads better than in ten

from __future__ import annotations

from tests.proof.shapes import API, Movable, Unmovable

HEAD = "import uvicorn\n" + API  # nine lines
GUARD = "\n\nif __name__ == '__main__':\n"  # the guard is line 12, its first statement line 13
RUN = "    uvicorn.run(app, host='0.0.0.0', port=8010)\n"
UVICORN = "uvicorn --factory server:create_app"
PLAIN = f"{UVICORN} --host 0.0.0.0 --port 8010"
ARGPARSE = "import argparse\n"
PARSER = "    parser = argparse.ArgumentParser()\n"
NETWORK = "    parser.add_argument('--host', default='0.0.0.0')\n    parser.add_argument('--port', type=int, default=8000)\n"
MODEL = "    parser.add_argument('--model', default='tiny')\n"
PARSE = "    args = parser.parse_args()\n"
ENGINE = "from vllm import AsyncEngineArgs, AsyncLLMEngine\n"
COUNTED = {"PROOF_ENGINES": "1"}

FACTORIES = (
    Movable(
        "arguments for host and port, and a model that a route reads",
        ARGPARSE + HEAD + "\n\n@app.get('/m')\ndef m():\n    return args.model\n" + GUARD + PARSER + NETWORK + MODEL + PARSE
        + "    uvicorn.run(app, host=args.host, port=args.port)\n",
        f"{UVICORN} --host 0.0.0.0 --port 8000",
        gone=("uvicorn", "--port", "--host", "__main__"),
        kept=("global args", "import shlex", "import os", "--model", "return app"),
    ),
    Movable(
        "an engine made from arguments, counted",
        ARGPARSE + ENGINE + HEAD + "\n\n@app.get('/e')\ndef e():\n    return type(engine).__name__\n" + GUARD
        + "    parser = argparse.ArgumentParser()\n" + NETWORK + "    parser = AsyncEngineArgs.add_cli_args(parser)\n" + PARSE
        + "    engine = AsyncLLMEngine.from_engine_args(AsyncEngineArgs(model=args.model or 'm'))\n"
        "    uvicorn.run(app, host=args.host, port=args.port, log_level='info')\n",
        f"{UVICORN} --host 0.0.0.0 --port 8000 --log-level info",
        environment=COUNTED,
        kept=("global engine",),
    ),
    Movable(
        "the engine in main, declared global",
        ENGINE + HEAD + "\nengine = None\n\n\n@app.get('/e')\ndef e():\n    return engine is not None\n\n\n"
        "def main():\n    global engine\n    engine = AsyncLLMEngine.from_engine_args(AsyncEngineArgs(model='m'))\n" + RUN
        + GUARD + "    main()\n",
        PLAIN,
        environment=COUNTED,
        kept=("def create_app():\n    return main()", "    return app\n"),
        gone=("import uvicorn",),
    ),
    Movable(
        "middleware added in the main block",
        "from fastapi.middleware.cors import CORSMiddleware\n" + HEAD + GUARD
        + "    app.add_middleware(CORSMiddleware, allow_origins=['*'])\n" + RUN,
        PLAIN,
        gone=("uvicorn", "shlex"),
    ),
    Movable(
        "two kinds of middleware, in their order",
        "from fastapi.middleware.cors import CORSMiddleware\nfrom starlette.middleware.gzip import GZipMiddleware\n" + HEAD + GUARD
        + "    app.add_middleware(GZipMiddleware)\n    app.add_middleware(CORSMiddleware, allow_origins=['*'])\n" + RUN,
        PLAIN,
    ),
    Movable(
        "state that the main block sets",
        "from fastapi import Request\n" + HEAD + "\n\n@app.get('/k')\ndef k(request: Request):\n    return request.app.state.key\n" + GUARD
        + "    app.state.key = 'k'\n" + RUN,
        PLAIN,
    ),
    Movable(
        "the app made in the main block",
        "import uvicorn\nfrom fastapi import FastAPI\n" + GUARD
        + "    app = FastAPI(title='here')\n\n    @app.get('/')\n    def root():\n        return app.title\n\n" + RUN,
        PLAIN,
        gone=("global",),
    ),
    Movable(
        "the app made in a helper",
        "import uvicorn\nfrom fastapi import FastAPI\n\n\ndef run_server(host='0.0.0.0', port=8010):\n    app = FastAPI()\n\n"
        "    @app.get('/')\n    def root():\n        return 1\n\n    uvicorn.run(app, host=host, port=port)\n" + GUARD + "    run_server()\n",
        PLAIN,
        kept=("return run_server()",),
    ),
    Movable(
        "an app that a function with arguments builds",
        ARGPARSE + "import uvicorn\nfrom fastapi import FastAPI\n\n\ndef build(model):\n    app = FastAPI()\n\n    @app.get('/m')\n"
        "    def m():\n        return model\n\n    return app\n" + GUARD + PARSER + NETWORK + MODEL + PARSE
        + "    uvicorn.run(build(args.model), host=args.host, port=args.port)\n",
        f"{UVICORN} --host 0.0.0.0 --port 8000",
        kept=("return build(args.model)",),
        gone=("global",),
    ),
    Movable(
        "the app wrapped in the main block",
        HEAD + "\n\ndef wrap(inner):\n    inner.title = 'wrapped'\n    return inner\n" + GUARD + "    app = wrap(app)\n" + RUN,
        PLAIN,
        kept=("global app",),
    ),
    Movable(
        "an app in a wrapper of middleware",
        "from starlette.middleware.gzip import GZipMiddleware\n" + HEAD + GUARD
        + "    uvicorn.run(GZipMiddleware(app, minimum_size=10), port=8010)\n",
        f"{UVICORN} --port 8010",
        kept=("return GZipMiddleware(app, minimum_size=10)",),
    ),
    Movable(
        "a router included in the main block",
        "from fastapi import APIRouter\n" + HEAD + "\nrouter = APIRouter()\n\n\n@router.get('/r')\ndef r():\n    return 'r'\n" + GUARD
        + "    app.include_router(router, prefix='/v1')\n" + RUN,
        PLAIN,
    ),
    Movable(
        "static files mounted in the main block",
        "from fastapi.staticfiles import StaticFiles\n" + HEAD + GUARD
        + "    app.mount('/files', StaticFiles(directory='.'))\n" + RUN,
        PLAIN,
    ),
    Movable(
        "the environment set before the run call",
        "import os\n" + HEAD + "\n\n@app.get('/v')\ndef v():\n    return os.environ['MODE']\n" + GUARD + "    os.environ['MODE'] = 'x'\n" + RUN,
        PLAIN,
    ),
    Movable(
        "logging set up, and a start method",
        "import logging\nimport multiprocessing as mp\n" + HEAD + GUARD
        + "    logging.basicConfig(level=logging.INFO)\n    mp.set_start_method('spawn')\n" + RUN,
        PLAIN,
    ),
    Movable(
        "arguments parsed by a function of the file",
        ARGPARSE + HEAD + "\nsettings = {}\n\n\n@app.get('/s')\ndef s():\n    return settings\n\n\ndef parse():\n" + PARSER + NETWORK + MODEL
        + "    return parser.parse_args()\n" + GUARD + "    args = parse()\n    settings['model'] = args.model\n"
        "    uvicorn.run(app, host=args.host, port=args.port)\n",
        f"{UVICORN} --host 0.0.0.0 --port 8000",
        kept=("return parser.parse_args(shlex.split(",),
    ),
    Movable(
        "arguments parsed in main and handed on",
        ARGPARSE + HEAD + "\n\ndef serve(args):\n    app.state.model = args.model\n    uvicorn.run(app, host=args.host, port=args.port)\n"
        + GUARD + PARSER + NETWORK + MODEL + PARSE + "    serve(args)\n",
        f"{UVICORN} --host 0.0.0.0 --port 8000",
        kept=("    return serve(args)",),
    ),
    Movable(
        "arguments handed on as the call's argument",
        ARGPARSE + HEAD + "\n\ndef serve(args):\n    app.state.model = args.model\n    uvicorn.run(app, port=args.port)\n"
        + GUARD + PARSER + NETWORK + MODEL + "    serve(parser.parse_args())\n",
        f"{UVICORN} --port 8000",
        kept=("return serve(parser.parse_args(shlex.split(",),
    ),
    Movable(
        "global args of a main function",
        ARGPARSE + HEAD + "\nargs = None\n\n\n@app.get('/m')\ndef m():\n    return args.model\n\n\ndef main():\n    global args\n"
        + PARSER + NETWORK + MODEL + PARSE + "    uvicorn.run(app, host=args.host, port=args.port)\n" + GUARD + "    main()\n",
        f"{UVICORN} --host 0.0.0.0 --port 8000",
    ),
    Movable(
        "what a parser does not know is left alone",
        ARGPARSE + HEAD + "\n\n@app.get('/m')\ndef m():\n    return args.model\n" + GUARD + PARSER + MODEL
        + "    args, rest = parser.parse_known_args()\n" + RUN,
        PLAIN,
        kept=("parse_known_args(shlex.split",),
    ),
    Movable(
        "a required argument",
        ARGPARSE + HEAD + "\n\n@app.get('/m')\ndef m():\n    return args.model\n" + GUARD + PARSER + NETWORK
        + "    parser.add_argument('--model', required=True)\n" + PARSE + "    uvicorn.run(app, host=args.host, port=args.port)\n",
        f'SERVER_ARGS="--model MODEL" {UVICORN} --host 0.0.0.0 --port 8000',
        arguments=("server.py", "--model", "MODEL"),
    ),
    Movable(
        "a required position",
        ARGPARSE + HEAD + "\n\n@app.get('/m')\ndef m():\n    return args.model\n" + GUARD + PARSER
        + "    parser.add_argument('model')\n" + PARSE + RUN,
        f'SERVER_ARGS="MODEL" {PLAIN}',
        arguments=("server.py", "MODEL"),
    ),
    Movable(
        "a port that the log names too stays an option",
        ARGPARSE + HEAD + GUARD + PARSER + NETWORK + PARSE + "    print(f'listening on {args.port}')\n"
        "    app.state.args = args\n    uvicorn.run(app, host=args.host, port=args.port)\n",
        f"{UVICORN} --host 0.0.0.0 --port 8000",
        kept=("'--port'", "'--host'"),
    ),
    Movable(
        "more of uvicorn's options from the arguments",
        ARGPARSE + HEAD + GUARD + PARSER + NETWORK + "    parser.add_argument('--log-level', default='debug')\n"
        "    parser.add_argument('--ssl-keyfile', default=None)\n    parser.add_argument('--root-path')\n" + PARSE
        + "    app.root_path = args.root_path or ''\n    uvicorn.run(app, host=args.host, port=args.port, log_level=args.log_level, ssl_keyfile=args.ssl_keyfile)\n",
        f"{UVICORN} --host 0.0.0.0 --port 8000 --log-level debug",
        kept=("--root-path",),
        gone=("--ssl-keyfile",),
    ),
    Movable(
        "a default from the environment",
        "import argparse\nimport os\n" + HEAD + GUARD + PARSER
        + "    parser.add_argument('--port', type=int, default=int(os.environ.get('API_PORT', 8003)))\n" + PARSE
        + "    app.state.x = 1\n    uvicorn.run(app, port=args.port)\n",
        f'{UVICORN} --port "${{API_PORT:-8003}}"',
    ),
    Movable(
        "a config and a server",
        HEAD + GUARD + "    app.state.x = 1\n    config = uvicorn.Config(app, host='0.0.0.0', port=8010)\n"
        "    server = uvicorn.Server(config)\n    server.run()\n",
        PLAIN,
        gone=("config", "server", "uvicorn"),
    ),
    Movable(
        "a server in one line",
        HEAD + GUARD + "    app.state.x = 1\n    uvicorn.Server(uvicorn.Config(app, port=8010)).run()\n",
        f"{UVICORN} --port 8010",
        gone=("Config",),
    ),
    Movable(
        "an app of another module, imported after the environment is set",
        "import os\n\nimport uvicorn\n" + GUARD + "    os.environ['MODE'] = 'x'\n    uvicorn.run('api:app', port=8010)\n",
        f"{UVICORN} --port 8010",
        files={"api.py": "import os\n" + API + "\n\n@app.get('/v')\ndef v():\n    return MODE\n\n\nMODE = os.environ['MODE']\n"},
        kept=("    from api import app\n    return app\n",),
    ),
    Movable(
        "a factory of another module",
        "import os\n\nimport uvicorn\n" + GUARD + "    os.environ['MODE'] = 'x'\n    uvicorn.run('pkg.api:make', factory=True, port=8010)\n",
        f"{UVICORN} --port 8010",
        files={"pkg/api.py": "from fastapi import FastAPI\n\n\ndef make():\n    return FastAPI()\n"},
        kept=("    from pkg.api import make\n    return make()\n",),
    ),
    Movable(
        "the import string of the script itself, with arguments for the network",
        ARGPARSE + HEAD + GUARD + PARSER + NETWORK + "    parser.add_argument('--name', default='n')\n" + PARSE + "    print(args.name)\n    uvicorn.run('server:app', host=args.host, port=args.port)\n",
        f"{UVICORN} --host 0.0.0.0 --port 8000",
        kept=("    return app\n",),
    ),
    Movable(
        "uvicorn imported in the main block",
        API + GUARD + "    import uvicorn\n\n    app.state.x = 1\n" + RUN,
        PLAIN,
        gone=("uvicorn",),
    ),
    Movable(
        "uvicorn imported first in the main block, above a global",
        ARGPARSE + API + "\n\n@app.get('/m')\ndef m():\n    return args.model\n" + GUARD + "    import uvicorn\n\n" + PARSER + MODEL
        + PARSE + RUN,
        PLAIN,
        kept=("def create_app():\n    global args\n    parser",),
        gone=("uvicorn",),
    ),
    Movable(
        "an interrupt that is caught",
        HEAD + GUARD + "    app.state.x = 1\n    try:\n    " + RUN + "    except KeyboardInterrupt:\n        print('bye')\n",
        PLAIN,
        kept=("    app.state.x = 1\n    return app\n",),
        gone=("try", "except", "bye"),
    ),
    Movable(
        "a main function whose code the process is to end with",
        "import sys\n" + HEAD + "\n\ndef main():\n    app.state.x = 1\n" + RUN + "    return 0\n" + GUARD + "    sys.exit(main())\n",
        PLAIN,
        kept=("return main()",),
        gone=("import sys",),
    ),
    Movable(
        "a folder and its neighbours",
        "import answers\n" + HEAD + GUARD + "    app.state.x = answers.N\n" + RUN,
        "uvicorn --factory server:create_app --app-dir core --host 0.0.0.0 --port 8010",
        path="core/server.py",
        files={"core/answers.py": "N = 3\n"},
    ),
    Movable(
        "data files beside the script, which is run in its folder",
        ARGPARSE + HEAD + "\nWORDS = open('words.txt').read()\n\n\n@app.get('/w')\ndef w():\n    return WORDS, args.model\n" + GUARD
        + PARSER + "    parser.add_argument('--model', required=True)\n" + PARSE + RUN,
        'cd core && SERVER_ARGS="--model MODEL" ' + PLAIN,
        path="core/server.py",
        files={"core/words.txt": "some words"},
        folder="core",
        arguments=("server.py", "--model", "MODEL"),
    ),
    Movable(
        "a model of pydantic in the main block",
        "from __future__ import annotations\n\nimport uvicorn\nfrom fastapi import FastAPI\nfrom pydantic import BaseModel\n" + GUARD
        + "    class Answer(BaseModel):\n        text: str\n\n    app = FastAPI()\n\n    @app.get('/', response_model=Answer)\n"
        "    def root() -> Answer:\n        return Answer(text='t')\n\n" + RUN,
        PLAIN,
    ),
    Movable(
        "a loop, a with and an import in the main block",
        HEAD + "\nnames = []\n\n\n@app.get('/n')\ndef n():\n    return names\n" + GUARD
        + "    import io\n\n    with io.StringIO('a b') as file:\n        for word in file.read().split():\n            names.append(word)\n" + RUN,
        PLAIN,
        gone=("global",),
    ),
    Movable(
        "a daemon thread that watches",
        "import threading\n" + HEAD + "\nstarted = threading.Event()\n\n\n@app.get('/t')\ndef t():\n    return started.wait(5)\n" + GUARD
        + "    threading.Thread(target=started.set, daemon=True).start()\n" + RUN,
        PLAIN,
    ),
    Movable(
        "dataclasses that a parser of transformers fills",
        "from hf import HfArgumentParser\n" + HEAD + GUARD + "    parser = HfArgumentParser()\n"
        "    (settings,) = parser.parse_args_into_dataclasses()\n    app.state.model = settings.model\n" + RUN,
        PLAIN,
        kept=("parse_args_into_dataclasses(args=shlex.split(",),
        files={
            "hf.py": "import argparse\n\n\nclass HfArgumentParser(argparse.ArgumentParser):\n"
            "    def parse_args_into_dataclasses(self, args=None):\n        self.add_argument('--model')\n"
            "        return (self.parse_args(args=args),)\n"
        },
    ),
    Movable(
        "os imported in the main block, after the arguments",
        ARGPARSE + HEAD + "\n\n@app.get('/m')\ndef m():\n    return args.model\n" + GUARD + PARSER + MODEL + PARSE
        + "    import os\n\n    os.environ['MODE'] = args.model\n" + RUN,
        PLAIN,
        kept=("global args, os", "import os\nimport shlex"),
    ),
    Movable(
        "settings of the workspace",
        "from settings import PORT\n" + HEAD + GUARD + "    app.state.x = PORT\n    uvicorn.run(app, port=PORT)\n",
        f"{UVICORN} --port 8005",
        files={"settings.py": "PORT = 8005\n"},
        kept=("import PORT",),
    ),
    Movable(
        "an app of another module under the name of the script's own",
        "import os\nimport uvicorn\n\napp = None\n" + GUARD + "    os.environ['MODE'] = 'x'\n    uvicorn.run('api:app')\n",
        UVICORN,
        files={"api.py": API},
    ),
    Movable(
        "tabs, and double quotes",
        'import argparse\nimport uvicorn\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get("/m")\ndef m():\n\treturn args.model\n\n\n'
        'if __name__ == "__main__":\n\tparser = argparse.ArgumentParser()\n\tparser.add_argument("--model", default="x")\n'
        '\targs = parser.parse_args()\n\tuvicorn.run(app, port=8010)\n',
        f"{UVICORN} --port 8010",
        kept=("\tglobal args\n", 'os.environ.get("SERVER_ARGS", "")'),
    ),
    Movable(
        "a server in two tries, whose failure is logged",
        "import logging\nimport sys\n" + HEAD + "\nlogger = logging.getLogger(__name__)\n" + GUARD
        + "    app.state.x = 1\n    try:\n        try:\n            config = uvicorn.Config(app, port=8010)\n            server = uvicorn.Server(config)\n            server.run()\n"
        "        except OSError as error:\n            logger.error('no port: %s', error)\n            sys.exit(1)\n"
        "    except (KeyboardInterrupt, SystemExit):\n        pass\n",
        f"{UVICORN} --port 8010",
        gone=("try", "except", "server =", "no port", "import sys"),
    ),
    Movable(
        "a try as the first of a block, with a global and an import",
        ARGPARSE + "import uvicorn\n\nargs = None\n\n\ndef title():\n    return args.title\n" + GUARD + PARSER + "    parser.add_argument('--title', default='t')\n"
        + PARSE + "    try:\n        uvicorn.run('api:app', port=8010)\n    except KeyboardInterrupt:\n        print('bye')\n",
        f"{UVICORN} --port 8010",
        files={"api.py": API},
        kept=("    from api import app\n    return app\n",),
        gone=("try", "bye"),
    ),
    Movable(
        "a try around the function that serves",
        HEAD + "\n\ndef main():\n    app.state.x = 1\n" + RUN + GUARD + "    try:\n        main()\n    except KeyboardInterrupt:\n        print('bye')\n",
        PLAIN,
        kept=("def create_app():\n    return main()\n",),
        gone=("try",),
    ),
    Movable(
        "a function that parses what it is handed, and is handed nothing",
        ARGPARSE + HEAD + "\n\n@app.get('/m')\ndef m():\n    return app.state.args.model\n\n\ndef parse_args(argv=None):\n" + PARSER + NETWORK + MODEL
        + "    return parser.parse_args(argv)\n" + GUARD + "    args = parse_args()\n    app.state.args = args\n    uvicorn.run(app, host=args.host, port=args.port)\n",
        f"{UVICORN} --host 0.0.0.0 --port 8000",
        kept=("return parser.parse_args(argv)", "args = parse_args(shlex.split(os.environ.get(",),
        environment={"SERVER_ARGS": "--model 'the big one'"},
        arguments=("server.py", "--model", "the big one"),
    ),
    Movable(
        "a main function with words, by keyword",
        ARGPARSE + HEAD + "\n\ndef main(argv: list[str] | None = None):\n" + PARSER + MODEL + "    app.state.args = parser.parse_args(args=argv)\n"
        + RUN + GUARD + "    main()\n",
        PLAIN,
        kept=("return main(shlex.split(",),
    ),
    Movable(
        "a try around more, which an interrupt ends and a failure too",
        "import sys\n" + HEAD + GUARD + "    try:\n        app.state.x = open('server.py').read(1)\n    " + RUN
        + "    except KeyboardInterrupt:\n        print('bye')\n    except OSError:\n        print('no file')\n        sys.exit(2)\n",
        PLAIN,
        kept=("        return app\n    except KeyboardInterrupt:",),
    ),
    Movable(
        "a log level in lower case, and a model",
        ARGPARSE + HEAD + "\n\n@app.get('/m')\ndef m():\n    return args.model\n" + GUARD + PARSER + MODEL
        + "    parser.add_argument('--log-level', default='Warning')\n" + PARSE + "    uvicorn.run(app, log_level=args.log_level.lower())\n",
        f"{UVICORN} --log-level warning",
        gone=("--log-level", "uvicorn"),
    ),
    Movable(
        "a create_app of the script's own, with an argument",
        ARGPARSE + "import uvicorn\nfrom fastapi import FastAPI\n\n\ndef create_app(model):\n    return FastAPI(title=model)\n" + GUARD + PARSER + MODEL
        + PARSE + "    uvicorn.run(create_app(args.model), port=8010)\n",
        "uvicorn --factory server:build_app --port 8010",
        kept=("def create_app(model):", "return create_app(args.model)"),
        factory="build_app",
    ),
    Movable(
        "an imported create_app, and a route that is called build_app",
        "from pieces import create_app\nimport uvicorn\n\napp = create_app()\n\n\n@app.get('/b')\ndef build_app():\n    return 'b'\n" + GUARD
        + "    app.title = 't'\n" + RUN,
        "uvicorn --factory server:make_app --host 0.0.0.0 --port 8010",
        files={"pieces.py": "from fastapi import FastAPI\n\n\ndef create_app():\n    return FastAPI()\n"},
        factory="make_app",
    ),
)  # fmt: skip

NO_FACTORY = (
    Unmovable(
        "an import string that only running tells",
        "import os\n" + HEAD + GUARD + "    uvicorn.run(f\"{os.environ['MODULE']}:app\", port=8010)\n",
        ((14, "is put together when the script runs"),),
    ),
    Unmovable(
        "arguments in a handler of a module that another one imports",
        ARGPARSE + HEAD + "\n\n@app.get('/a')\ndef a():\n    return argparse.ArgumentParser().parse_args().x\n" + GUARD + "    app.state.x = 1\n" + RUN,
        ((15, "reads the arguments of the process"),),
        files={"other.py": "import server\n"},
    ),
    Unmovable(
        "all the names are taken",
        HEAD + "\n# create_app build_app make_app get_app\ncreate_app_for_uvicorn = create_app = build_app = make_app = get_app = None\n"
        + GUARD + "    app.state.x = 1\n" + RUN,
        ((17, "the names already that a factory could have"),),
    ),
    Unmovable(
        "a signal handler",
        "import signal\n" + HEAD + GUARD + "    signal.signal(signal.SIGTERM, print)\n" + RUN,
        ((14, "would take the signal from uvicorn"),),
    ),
    Unmovable(
        "a star import in the main block",
        HEAD + GUARD + "    from settings import *\n" + RUN,
        ((13, "`import *` is not allowed"),),
        files={"settings.py": "X = 1\n"},
    ),
    Unmovable(
        "the server is used before it runs",
        HEAD + GUARD + "    server = uvicorn.Server(uvicorn.Config(app))\n    server.install_signal_handlers = print\n    server.run()\n",
        ((14, "`server` is used here too"),),
    ),
    Unmovable(
        "a name with a dot in it",
        HEAD + GUARD + "    app.state.x = 1\n" + RUN,
        ((14, "`my.server.py` can't be imported"),),
        path="my.server.py",
    ),
    Unmovable(
        "what the script may do to its app is lost on the module that the string names",
        HEAD + "\nREADY = True\n" + GUARD + "    if READY:\n        app.state.x = 1\n    uvicorn.run('server:app')\n",
        ((16, "what happens to `app` here is lost"),),
    ),
    Unmovable(
        "a loop that runs in the branch that serves",
        "import asyncio\n" + HEAD + "\n\ndef main():\n" + RUN + GUARD + "    if app.routes:\n        asyncio.new_event_loop().run_until_complete(asyncio.sleep(0))\n        main()\n",
        ((19, "fails where a loop runs already"),),
    ),
    Unmovable(
        "code that runs whether it serves or not",
        HEAD + GUARD + "    if app.routes:\n        app.state.x = 1\n    " + RUN + "    app.routes.clear()\n",
        ((16, "comes after a branch, so that it runs without the server too"),),
    ),
    Unmovable(
        "a handler of a signal that cleans up, around one of several processes",
        "import signal\n" + HEAD + "\n\ndef stop(number, frame):\n    app.routes.clear()\n" + GUARD
        + "    signal.signal(signal.SIGTERM, stop)\n    uvicorn.run('server:app', workers=2)\n",
        ((18, "would take the signal from uvicorn"),),
    ),
    Unmovable(
        "the environment for the module that the string names",
        "import os\n" + HEAD + "\n\nX = os.environ.get('X')\n" + GUARD + "    os.environ['X'] = '1'\n    uvicorn.run('server:app')\n",
        ((17, "`$X` is set before the module is imported, and by a factory after it: line 13 reads it"),),
    ),
    Unmovable(
        "the name os means something else",
        ARGPARSE + HEAD + "\nos = 'linux'\n\n\n@app.get('/m')\ndef m():\n    return args.model, os\n" + GUARD + PARSER + MODEL + PARSE + RUN,
        ((20, "there is no place for `import os`"),),
    ),
    Unmovable(
        "an argument that defaults to no port",
        ARGPARSE + HEAD + GUARD + PARSER + MODEL + "    parser.add_argument('--port', type=int, default=80000)\n" + PARSE
        + "    app.state.model = args.model\n    uvicorn.run(app, port=args.port)\n",
        ((19, "`80000` is no port"),),
    ),
    Unmovable(
        "a handler that starts another server",
        "from other import make\n" + HEAD + "\n\ndef instead():\n    import http.server\n\n    http.server.test(port=8010)\n" + GUARD + "    try:\n        app.state.x = make()\n    " + RUN + "    except ImportError:\n        instead()\n",
        ((24, "`instead()` runs after the server has stopped"),),
        files={"other.py": "def make():\n    return 1\n"},
    ),
    Unmovable(
        "a cleanup when the server fails",
        "import shutil\n" + HEAD + GUARD + "    app.state.x = 1\n    try:\n    " + RUN + "    except OSError:\n        shutil.rmtree('cache')\n",
        ((18, "`shutil.rmtree('cache')` runs after the server has stopped"),),
    ),
)  # fmt: skip
