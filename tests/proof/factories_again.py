"""More shapes whose main block becomes a factory: what starts again, reads words early, handles signals."""
# ruff: noqa: E501 - a server in one string reads better than in ten

from __future__ import annotations

from tests.proof.factories import ARGPARSE, GUARD, HEAD, MODEL, NETWORK, PARSE, PARSER, PLAIN, RUN, UVICORN
from tests.proof.factories_around import ASYNC, MAIN, PREPARE, SERVE
from tests.proof.shapes import Movable, Unmovable

RETRIES = (
    Movable(
        "a loop over ports, in a function that does more",
        HEAD + "\n\ndef main():\n    app.state.x = 1\n    for port in range(8010, 8020):\n        try:\n            print('trying', port)\n            uvicorn.run(app, host='0.0.0.0', port=port)\n            break\n        except OSError:\n            continue\n    else:\n        print('none is free')\n"
        + GUARD + "    main()\n",
        PLAIN,
        kept=("    app.state.x = 1\n    return app\n",),
        gone=("for port", "break", "import uvicorn"),
        notes=("starts the server again (line 14)",),
    ),
    Movable(
        "the next port in a handler, for a coroutine",
        "import asyncio\n" + HEAD + "\n\nasync def main():\n    app.state.x = 1\n    try:\n        await uvicorn.Server(uvicorn.Config(app, host='0.0.0.0', port=8010)).serve()\n    except OSError as error:\n        print('taken', error)\n        await asyncio.sleep(1)\n        await uvicorn.Server(uvicorn.Config(app, host='0.0.0.0', port=8011)).serve()\n"
        + GUARD + "    asyncio.run(main())\n",
        PLAIN,
        kept=("    app.state.x = 1\n    return app\n",),
        gone=("8011", "except"),
    ),
    Movable(
        "a port that a loop counts up, with an app that is imported by its name",
        "import time\nimport uvicorn\n\n\ndef serve(port=8010):\n    print('starting')\n    while port < 8015:\n        try:\n            uvicorn.run('api:app', port=port)\n            return\n        except OSError:\n            port += 1\n            time.sleep(1)\n    raise SystemExit(1)\n\n\nif __name__ == '__main__':\n    import pathlib\n\n    pathlib.Path('out').mkdir(exist_ok=True)\n    serve()\n",
        f"{UVICORN} --port 8010",
        files={"api.py": "from fastapi import FastAPI\n\napp = FastAPI()\n"},
        kept=("    from api import app\n    return app",),
        gone=("while", "8015"),
    ),
)  # fmt: skip

OPTIONS = "import argparse\n\nparser = argparse.ArgumentParser()\nparser.add_argument('--model', default='tiny')\nparser.add_argument('--port', type=int, default=8010)\nargs = parser.parse_args()\n"

EARLY = (
    Movable(
        "another file that parses the arguments when it is imported",
        "import json\nfrom options import args\n" + HEAD + "\n\n@app.get('/m')\ndef m():\n    return args.model\n" + GUARD + "    uvicorn.run(app, host='0.0.0.0', port=args.port)\n",
        PLAIN,
        files={"options.py": OPTIONS},
        kept=("import json\nimport os\nimport shlex\nimport sys\n", '""))\n\nfrom options import args\n'),
        notes=("`$SERVER_ARGS`",),
    ),
    Movable(
        "the words of the process, read by the module",
        "import sys\n" + HEAD + "\nMODEL = sys.argv[1] if len(sys.argv) > 1 else 'tiny'\n\n\n@app.get('/m')\ndef m():\n    return MODEL\n" + GUARD + RUN,
        PLAIN,
        kept=("sys.argv[1:] = shlex.split(", "MODEL = sys.argv[1]"),
    ),
    Movable(
        "two words, without which the script ends early",
        "import sys\n" + HEAD + "\n\n@app.get('/m')\ndef m():\n    return app.state.model\n" + GUARD
        + "    if len(sys.argv) < 3:\n        sys.exit('usage: server.py MODEL NAME')\n    app.state.model = sys.argv[1:]\n" + RUN,
        f'SERVER_ARGS="ARGUMENT_1 ARGUMENT_2" {UVICORN} --host 0.0.0.0 --port 8010',
        arguments=("server.py", "ARGUMENT_1", "ARGUMENT_2"),
        kept=("sys.argv[1:] = shlex.split(",),
    ),
    Movable(
        "words that the script counts, and ends without",
        "import sys\n" + HEAD + "\n\n@app.get('/m')\ndef m():\n    return app.state.model\n" + GUARD
        + "    if len(sys.argv) > 1:\n        app.state.model = sys.argv[1]\n        uvicorn.run(app, port=8010)\n"
        "    else:\n        print('which model?')\n        sys.exit(1)\n",
        f'SERVER_ARGS="ARGUMENT" {UVICORN} --port 8010',
        arguments=("server.py", "ARGUMENT"),
        notes=("put your own in the place of `ARGUMENT`",),
        kept=("sys.argv[1:] = shlex.split(",),
    ),
    Movable(
        "arguments in a handler",
        ARGPARSE + HEAD + "\n\n@app.get('/a')\ndef a():\n    parser = argparse.ArgumentParser()\n    parser.add_argument('--x', default='1')\n    return parser.parse_args().x\n" + GUARD + "    app.state.x = 1\n" + RUN,
        PLAIN,
        kept=("sys.argv[1:] = shlex.split(",),
    ),
)  # fmt: skip

POOL = "\n\nclass Pool:\n    def stop(self):\n        print('stopped')\n\n\npool = Pool()\n"

SIGNALS = (
    Movable(
        "a handler of the signals that stops more than the server",
        "import signal\nimport sys\n" + HEAD + POOL + "\n\ndef on_stop(number, frame):\n    print('stopping')\n    pool.stop()\n    sys.exit(0)\n" + GUARD
        + "    signal.signal(signal.SIGINT, on_stop)\n    signal.signal(signal.SIGTERM, on_stop)\n" + RUN,
        PLAIN,
        kept=("on_stop(signal.SIGTERM, None)", "app.router.lifespan_context = while_serving\n    return app\n"),
        notes=("comes with the shutdown of the app",),
    ),
    Movable(
        "the same, in a file that has the names of the lifespan for something else",
        "import signal\nimport sys\n" + HEAD + POOL + "\nserved_app = while_serving = 'mine'\n\n\ndef lifespan(number, frame):\n    pool.stop()\n    sys.exit(0)\n\n\n@app.get('/w')\ndef w():\n    return [while_serving, served_app]\n" + GUARD
        + "    signal.signal(signal.SIGTERM, lifespan)\n" + RUN,
        PLAIN,
        kept=("app_lifespan=app.router.lifespan_context", "lifespan(signal.SIGTERM, None)", "app.router.lifespan_context = around_serving\n"),
    ),
    Movable(
        "handlers that a function sets, which raise what ends the process",
        "import signal\n" + HEAD + "\n\ndef set_handlers():\n    def on_stop(number, frame):\n        print('stopping', signal.Signals(number).name)\n        raise SystemExit(0)\n\n    signal.signal(signal.SIGTERM, on_stop)\n    app.state.x = 1\n" + GUARD
        + "    set_handlers()\n" + RUN,
        PLAIN,
        gone=("on_stop",),
    ),
    Movable(
        "the same within the function that serves, which stops the server too",
        "import signal\n" + HEAD + POOL + "\n\ndef main():\n    server = uvicorn.Server(uvicorn.Config(app, host='0.0.0.0', port=8010))\n\n    def on_stop(number, frame):\n        pool.stop()\n        server.should_exit = True\n\n    signal.signal(signal.SIGTERM, on_stop)\n    server.run()\n"
        + GUARD + "    main()\n",
        PLAIN,
        kept=("        pool.stop()\n",),
        gone=("should_exit", "uvicorn"),
    ),
    Movable(
        "handlers of the loop that stop the server, where the system has them",
        ASYNC + PREPARE + "    app.state.x = 1\n    loop = asyncio.get_running_loop()\n    server = uvicorn.Server(uvicorn.Config(app, host='0.0.0.0', port=8010))\n    for number in (2, 15):\n        try:\n            loop.add_signal_handler(number, lambda: setattr(server, 'should_exit', True))\n        except NotImplementedError:\n            pass\n    await server.serve()\n" + MAIN,
        PLAIN,
        kept=("app.state.x = 1\n    return app\n",),
        gone=("loop", "add_signal_handler", "should_exit"),
    ),
    Movable(
        "an event that a task of a handler sets",
        "import signal\n" + ASYNC + PREPARE + "    app.state.x = 1\n    stopping = asyncio.Event()\n\n    async def stop(number):\n        print('stopping', number)\n        stopping.set()\n\n    for number in (signal.SIGINT, signal.SIGTERM):\n        asyncio.get_running_loop().add_signal_handler(number, lambda n=number: asyncio.create_task(stop(n)))\n" + SERVE + MAIN,
        PLAIN,
        gone=("add_signal_handler",),
    ),
)  # fmt: skip

NESTED = (
    Movable(
        "a coroutine within the function that makes the server",
        ARGPARSE + ASYNC + PREPARE.replace("async def main():\n", "def main():\n") + PARSER + MODEL + PARSE
        + "    app.state.model = args.model\n    server = uvicorn.Server(uvicorn.Config(app, host='0.0.0.0', port=8010))\n\n    async def serve():\n        await prepare()\n        await server.serve()\n\n    asyncio.run(serve())\n"
        + GUARD + "    main()\n",
        PLAIN,
        kept=("await prepare()", "return serve()"),
        gone=("uvicorn",),
    ),
    Movable(
        "an app of an object, whose class makes it",
        "import asyncio\n" + HEAD + "\n\nclass Memory:\n    def __init__(self):\n        self.app = FastAPI()\n        self.ready = False\n\n    async def open(self):\n        self.app.state.ready = True\n\n    async def close(self):\n        self.app.state.ready = False\n\n\nasync def main(host='127.0.0.1'):\n    memory = Memory()\n    try:\n        await memory.open()\n        server = uvicorn.Server(uvicorn.Config(app=memory.app, host=host, port=8010))\n        await server.serve()\n    finally:\n        await memory.close()\n"
        + GUARD + "    asyncio.run(main(host='0.0.0.0'))\n",
        PLAIN,
        kept=("await memory.close()",),
    ),
)  # fmt: skip

OPTIONS_FROM_AFAR = (
    Movable(
        "options from a function, with what it is passed",
        ARGPARSE + HEAD + "\n\ndef options(host, port):\n    return {'host': host, 'port': port, 'access_log': False}\n" + GUARD + PARSER + NETWORK + MODEL + PARSE
        + "    app.state.model = args.model\n    uvicorn.run(app, **options(args.host, args.port))\n",
        f"{UVICORN} --host 0.0.0.0 --port 8000 --no-access-log",
        kept=("return app",),
    ),
    Movable(
        "a configuration with certificates, and one without",
        "import os\n" + HEAD + "\n\ndef main():\n    app.state.x = 1\n    if os.path.exists('cert.pem'):\n        config = uvicorn.Config(app, port=8443, ssl_certfile='cert.pem', ssl_keyfile='key.pem')\n    else:\n        config = uvicorn.Config(app, host='0.0.0.0', port=8010)\n    server = uvicorn.Server(config)\n    server.run()\n"
        + GUARD + "    main()\n",
        PLAIN,
        kept=("    app.state.x = 1\n    return app\n",),
        gone=("cert.pem", "uvicorn"),
        notes=("line 16 makes another configuration (`--port`, `--ssl-certfile`, `--ssl-keyfile`)",),
    ),
    Movable(
        "a server that is a name of the module",
        HEAD + "\nserver = None\n\n\ndef main():\n    global server\n    app.state.x = 1\n    server = uvicorn.Server(uvicorn.Config(app, host='0.0.0.0', port=8010))\n    server.run()\n"
        + GUARD + "    main()\n",
        PLAIN,
        kept=("    return app\n",),
    ),
)  # fmt: skip

WORDS_OF_THE_COMMAND = (
    Movable(
        "the options of vLLM's own parser",
        "from vllm.entrypoints.openai.cli_args import make_arg_parser\n" + HEAD + "\n\ndef parse_args():\n    parser = make_arg_parser()\n    return parser.parse_args()\n" + GUARD
        + "    args = parse_args()\n    app.root_path = args.root_path\n    uvicorn.run(app, host=args.host, port=args.port, ssl_keyfile=args.ssl_keyfile, ssl_certfile=args.ssl_certfile)\n",
        f"{UVICORN} --host 0.0.0.0 --port 8000",
        kept=("return app",),
        notes=("`--ssl-keyfile` of the script is an option of uvicorn now",),
        files={
            "vllm/__init__.py": "",
            "vllm/entrypoints/__init__.py": "",
            "vllm/entrypoints/openai/__init__.py": "",
            "vllm/entrypoints/openai/cli_args.py": "import argparse\n\n\ndef make_arg_parser():\n    parser = argparse.ArgumentParser()\n    parser.add_argument('--host')\n    parser.add_argument('--port', type=int, default=8000)\n    parser.add_argument('--root-path', default='')\n    parser.add_argument('--ssl-keyfile')\n    parser.add_argument('--ssl-certfile')\n    return parser\n",
        },
        differs={"host": "0.0.0.0"},
    ),
    Movable(
        "an app that is made, and another one of that name in a branch for reload",
        "import argparse\nimport uvicorn\n\n\ndef set_up(model):\n    from api import app\n\n    app.state.model = model\n    return app, 8010\n" + GUARD + PARSER + MODEL + "    parser.add_argument('--dev', action='store_true')\n" + PARSE
        + "    app, port = set_up(args.model)\n    if args.dev:\n        uvicorn.run('api:app', host='0.0.0.0', port=8010, reload=True)\n    else:\n        uvicorn.run(app, host='0.0.0.0', port=8010)\n",
        PLAIN,
        files={"api.py": "from fastapi import FastAPI\n\napp = FastAPI()\n"},
        kept=("from api import app as served_app\n        return served_app", "        return app\n"),
    ),
    Movable(
        "options that are put into a dictionary, two of them in a branch",
        "import os\n" + HEAD + "\n\ndef main():\n    options = {}\n    app.state.x = 1\n    if os.path.exists('k.pem'):\n        options['ssl_keyfile'] = 'k.pem'\n        options['ssl_certfile'] = 'c.pem'\n    options['host'] = '0.0.0.0'\n    options['port'] = int(os.getenv('PORT', '8010'))\n    uvicorn.run(app, **options)\n"
        + GUARD + "    main()\n",
        f'{UVICORN} --host 0.0.0.0 --port "${{PORT:-8010}}"',
        kept=("return app",),
        notes=("(`ssl_certfile`, `ssl_keyfile`)",),
    ),
    Movable(
        "a port that another one takes the place of, where it is taken",
        "import os\nimport sys\n" + HEAD + "\n\ndef is_free(port):\n    return os.environ.get('TAKEN') != str(port)\n\n\ndef main():\n    app.state.x = 1\n    port = 8010\n    if not is_free(port):\n        for other in range(8011, 8020):\n            if is_free(other):\n                port = other\n                break\n        else:\n            sys.exit(1)\n    uvicorn.run(app, host='0.0.0.0', port=port)\n"
        + GUARD + "    main()\n",
        PLAIN,
        kept=("return app",),
    ),
    Movable(
        "a port that a function of another file has, where no argument says one",
        ARGPARSE + "from settings import get_port\n" + HEAD + "\n\ndef serve(port=None):\n    if port is None:\n        port = get_port()\n    app.state.x = 1\n    uvicorn.run(app, host='0.0.0.0', port=port)\n" + GUARD + PARSER + "    parser.add_argument('--port', type=int)\n" + PARSE
        + "    serve(port=args.port)\n",
        f"""{UVICORN} --host 0.0.0.0 --port "$(python -c 'from settings import get_port; print(get_port())' | tail -n 1)\"""",
        files={"settings.py": "import json\n\n\ndef get_port():\n    return json.loads('8010')\n"},
        kept=("return app",),
    ),
    Movable(
        "an address in a file that the main block reads",
        "import json\n" + HEAD + "\n\ndef main():\n    with open('config.json') as file:\n        config = json.load(file)\n    app.state.title = config['title']\n    uvicorn.run(app, host='0.0.0.0', port=config['server']['port'])\n"
        + GUARD + "    main()\n",
        f"""{UVICORN} --host 0.0.0.0 --port "$(python -c 'import json; print(json.load(open('"'"'config.json'"'"'))['"'"'server'"'"']['"'"'port'"'"'])' | tail -n 1)\"""",
        files={"config.json": '{"title": "a", "server": {"port": 8010}}'},
        kept=("return app",),
    ),
    Movable(
        "a loop that the script makes, with a task in it",
        ASYNC + PREPARE.partition("\n\nasync def main")[0] + GUARD + "    loop = asyncio.new_event_loop()\n    asyncio.set_event_loop(loop)\n    loop.create_task(prepare())\n    server = uvicorn.Server(uvicorn.Config(app, host='0.0.0.0', port=8010, loop=loop))\n    loop.run_until_complete(server.serve())\n",
        PLAIN,
        kept=("loop = asyncio.get_running_loop()", "loop.create_task(prepare())"),
        differs={"loop": "auto"},
    ),
    Movable(
        "what is gathered with an option",
        ASYNC + "\n\nasync def work():\n    app.state.works = True\n\n\nasync def main():\n    server = uvicorn.Server(uvicorn.Config(app, host='0.0.0.0', port=8010))\n    await asyncio.gather(server.serve(), work(), return_exceptions=True)\n" + MAIN,
        PLAIN,
        kept=("asyncio.gather(work(), return_exceptions=True)",),
    ),
    Movable(
        "a name that the main block imports for a handler, in a script that serves itself by its name",
        HEAD + "\n\n@app.get('/j/{x}')\ndef j(x: int):\n    return json.dumps([1])\n" + GUARD + "    import json\n\n    uvicorn.run('server:app', host='0.0.0.0', port=8010, loop='asyncio')\n",
        f"{PLAIN} --loop asyncio",
        kept=("global json",),
    ),
    Movable(
        "a handler that ends the process by a signal",
        "import os\nimport signal\nimport traceback\n" + HEAD + GUARD + "    try:\n        app.state.x = 1\n        uvicorn.run(app, host='0.0.0.0', port=8010)\n    except Exception:\n        traceback.print_exc()\n        os.kill(os.getpid(), signal.SIGTERM)\n",
        PLAIN,
        kept=("return app", "os.kill"),
    ),
)  # fmt: skip

STOPS = (
    Movable(
        "a server that a handler stops, if there is one",
        HEAD + "\nserver = None\n\n\n@app.post('/stop')\nasync def stop():\n    if server is not None:\n        server.should_exit = True\n    return 1\n\n\ndef main():\n    global server\n    server = uvicorn.Server(uvicorn.Config(app, host='0.0.0.0', port=8010))\n    server.run()\n"
        + GUARD + "    main()\n",
        PLAIN,
        kept=("import signal\n", "def stop():\n    signal.raise_signal(signal.SIGTERM)\n    return 1\n"),
        gone=("should_exit", "uvicorn"),
        notes=("becomes `signal.raise_signal(signal.SIGTERM)`",),
    ),
    Movable(
        "a server that a function within the one that serves stops",
        "import asyncio\n" + HEAD.replace("app = FastAPI()", "app = FastAPI(title='a')") + "\n\nasync def main():\n    server = uvicorn.Server(uvicorn.Config(app, host='0.0.0.0', port=8010))\n\n    def on_failure(reason):\n        print(reason)\n        server.should_exit = True\n\n    app.state.fails = callable(on_failure)\n    await server.serve()\n"
        + GUARD + "    asyncio.run(main())\n",
        PLAIN,
        kept=("        print(reason)\n        signal.raise_signal(signal.SIGTERM)\n",),
        gone=("should_exit", "uvicorn"),
    ),
)  # fmt: skip

EARLY_ENDS = (
    Movable(
        "functions that leave before they serve",
        "import os\nimport sys\n" + HEAD + "\n\ndef other():\n    return 3\n\n\ndef main():\n    if os.environ.get('MISSING'):\n        print('missing')\n        return 1\n    if os.environ.get('OTHER'):\n        return other()\n    for name in ('A', 'B'):\n        if os.environ.get(name):\n            return\n    app.state.x = [each for each in (lambda: 5,)][0]()\n"
        + RUN + "    return 0\n" + GUARD + "    sys.exit(main())\n",
        PLAIN,
        kept=("        print('missing')\n        raise SystemExit(1)\n", "        raise SystemExit(other())\n", "            raise SystemExit\n", "    return app\n"),
    ),
    Movable(
        "a function that leaves for something else, in which nobody asks how it ended",
        "import os\n" + HEAD + "\n\ndef other():\n    return 3\n\n\ndef main():\n    def twice(x):\n        return 2 * x\n\n    if os.environ.get('OTHER'):\n        return other()\n    app.state.x = twice(2)\n"
        + RUN + GUARD + "    main()\n",
        PLAIN,
        kept=("        return 2 * x\n", "        other()\n        raise SystemExit\n", "    return app\n"),
    ),
    Movable(
        "a handler that puts a text together, tells it and ends the process",
        "import sys\n" + HEAD + "\n\ndef main():\n    try:\n        app.state.x = 1\n    " + RUN + "    except Exception as e:\n        import traceback\n        text = f'failed: {e} {traceback.format_exc()}'\n        print(text, file=sys.stderr, flush=True)\n        sys.exit(1)\n"
        + GUARD + "    main()\n",
        PLAIN,
        kept=("        sys.exit(1)\n", "text = f'failed"),
    ),
    Movable(
        "a position that has to be a certain word",
        ARGPARSE + HEAD + "\n\ndef main():\n" + PARSER + "    parser.add_argument('mode', choices=('api', 'worker'))\n    parser.add_argument('--name', required=True)\n" + PARSE
        + "    if args.mode == 'api':\n        app.state.x = args.name\n    " + RUN + GUARD + "    main()\n",
        f'SERVER_ARGS="--name NAME api" {PLAIN}',
        arguments=("server.py", "--name", "NAME", "api"),
    ),
    Movable(
        "a port that is free, from the one that is said",
        "import socket\n" + ARGPARSE + HEAD + "\n\ndef _open_port(port):\n    while True:\n        try:\n            with socket.socket() as tried:\n                tried.bind(('127.0.0.1', port))\n                return port\n"
        "        except OSError:\n            port += 1\n" + GUARD + PARSER + "    parser.add_argument('--title', default='x')\n    parser.add_argument('--port', type=int, default=48910)\n" + PARSE
        + "    app.title = args.title\n    port = _open_port(args.port)\n    uvicorn.run(app, port=port)\n",
        f"{UVICORN} --port \"$(python -c 'from server import _open_port; print(_open_port(48910))' | tail -n 1)\"",
        notes=("`port=port` is computed: the command asks the module for it",),
    ),
    Movable(
        "options that a function hands on, with a default for what is not said",
        HEAD + "\n\ndef serve(**overrides):\n    overrides.setdefault('port', 8010)\n    app.title = 'x'\n    uvicorn.run(app, **overrides)\n" + GUARD + "    serve(host='0.0.0.0')\n",
        f"{UVICORN} --port 8010 --host 0.0.0.0",
        notes=("what `**` or `*` bring can't be told from here: say those options too",),
    ),
    Movable(
        "a required port that the log names too",
        ARGPARSE + HEAD + GUARD + PARSER + "    parser.add_argument('--model', required=True)\n    parser.add_argument('--port', type=int, required=True)\n" + PARSE
        + "    app.state.title = f'{args.model} on {args.port}'\n    uvicorn.run(app, port=args.port)\n",
        f'SERVER_ARGS="--model MODEL --port ${{PORT:?}}" {UVICORN} --port "${{PORT:?}}"',
        arguments=("server.py", "--model", "MODEL", "--port", "8123"),
        environment={"PORT": "8123"},
        notes=("put your own in the place of `MODEL`: the script does not start without", "has no default: say it in `$PORT`"),
    ),
    Movable(
        "a variable whose default a file of settings may have",
        "import json\nimport os\n" + HEAD + GUARD + "    settings = {}\n    if os.path.exists('settings.json'):\n        with open('settings.json') as file:\n            settings = json.load(file)\n"
        "    app.state.settings = settings\n    port = int(os.environ.get('MY_PORT', settings.get('port', 3003)))\n    uvicorn.run(app, port=port)\n",
        f'{UVICORN} --port "${{MY_PORT:-3003}}"',
        notes=("is worked out by the script",),
    ),
    Movable(
        "keys of settings that are mostly none",
        HEAD + "\n\nclass Settings:\n    def __init__(self, **given):\n        self.__dict__.update({'ssl_keyfile': None, 'ssl_certfile': None} | given)\n" + GUARD
        + "    settings = Settings(title='x')\n    app.title = settings.title\n    uvicorn.run(app, port=8010, ssl_keyfile=settings.ssl_keyfile, ssl_certfile=settings.ssl_certfile)\n",
        f"{UVICORN} --port 8010",
        notes=("`--ssl-keyfile` has to be said where `settings.ssl_keyfile` is set",),
    ),
    Movable(
        "options of which another dict is made",
        ARGPARSE + HEAD + "\n\n@app.get('/m')\ndef m():\n    return args.model\n" + GUARD + PARSER + "    parser.add_argument('--model', default='m')\n    parser.add_argument('--key')\n    parser.add_argument('--limit', type=int)\n" + PARSE
        + "    options = {'app': app, 'host': '0.0.0.0', 'port': 8010}\n    if args.key:\n        options = {**options, 'ssl_keyfile': args.key}\n    if args.limit:\n        options = options | {'limit_concurrency': args.limit}\n    uvicorn.run(**options)\n",
        PLAIN,
        notes=("(`limit_concurrency`, `ssl_keyfile`): say those options too",),
    ),
)  # fmt: skip

API_FILE = {
    "api.py": "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/w')\ndef w():\n    return 'w'\n"
}
IMPORTED = "    from uvicorn.importer import import_from_string\n    return import_from_string"

LOOKED_UP = (
    Movable(
        "an import string that the script chooses",
        "import os\nimport uvicorn\n" + GUARD + "    if os.path.exists('full.py'):\n        name = 'full:app'\n    else:\n        name = 'api:app'\n    print('serving', name)\n    uvicorn.run(name, host='0.0.0.0', port=8010)\n",
        PLAIN,
        files=API_FILE,
        kept=(IMPORTED + "(name)\n",),
        gone=("import uvicorn\n",),
        notes=("imported by the name that `name` gives",),
    ),
    Movable(
        "an import string from the environment, ahead of a main block that does nothing else",
        "import os\nimport uvicorn\n\nAPP = os.getenv('SERVED_APP', 'api:app')\n" + GUARD + "    uvicorn.run(APP, host='0.0.0.0', port=8010)\n",
        PLAIN,
        files=API_FILE,
        kept=(IMPORTED + "(APP)\n",),
    ),
    Movable(
        "an import string in the settings of another file",
        "import uvicorn\nfrom settings import settings\n" + GUARD + "    uvicorn.run(settings.target, host='0.0.0.0', port=8010)\n",
        PLAIN,
        files={**API_FILE, "settings.py": "class Settings:\n    target = 'api:app'\n\n\nsettings = Settings()\n"},
        kept=(IMPORTED + "(settings.target)\n",),
    ),
)  # fmt: skip

EITHER_WAY = (
    Movable(
        "a function in the place of the app, which uvicorn calls",
        "import uvicorn\nfrom fastapi import FastAPI\n\nready = []\n\n\ndef build(title='x'):\n    app = FastAPI(title=title)\n    app.state.ready = list(ready)\n    return app\n" + GUARD
        + "    ready.append(1)\n    uvicorn.run(build, host='0.0.0.0', port=8010)\n",
        PLAIN,
        kept=("    return build()\n",),
    ),
    Movable(
        "its own name for one that reloads, else the app itself",
        "import os\n" + HEAD + GUARD + "    app.state.x = 1\n    reload = os.environ.get('RELOAD') == '1'\n    uvicorn.run('server:app' if reload else app, host='0.0.0.0', port=8010, reload=reload)\n",
        PLAIN,
        kept=("    app.state.x = 1\n", "    return app\n"),
    ),
)  # fmt: skip

LOST = (
    Movable(
        "middleware of an app that nobody serves, in a function that reads arguments",
        ARGPARSE + "import os\nfrom starlette.middleware.cors import CORSMiddleware\n" + HEAD + "\n\ndef prepare():\n" + PARSER
        + "    parser.add_argument('--origin', default='*')\n    parser.add_argument('--port', type=int, default=8010)\n" + PARSE
        + "    app.add_middleware(\n        CORSMiddleware,\n        allow_origins=[args.origin],\n    )\n    os.environ['ORIGIN'] = args.origin\n    return args\n\n\n@app.get('/o')\ndef o():\n    return os.environ['ORIGIN']\n"
        + GUARD + "    args = prepare()\n    uvicorn.run('server:app', port=args.port)\n",
        f"{UVICORN} --port 8010",
        gone=("add_middleware", "CORSMiddleware", "allow_origins"),
        kept=("    os.environ['ORIGIN'] = args.origin\n    return args\n",),
        notes=("goes: the app that is served is another one",),
    ),
)  # fmt: skip

MORE = (
    *LOST,
    *WORDS_OF_THE_COMMAND,
    *RETRIES,
    *EARLY,
    *SIGNALS,
    *NESTED,
    *OPTIONS_FROM_AFAR,
    *STOPS,
    *EARLY_ENDS,
)

NO_MORE = (
    Unmovable(
        "an import string that may be the script's own",
        "import os\n" + HEAD + GUARD + "    name = 'server:app' if os.path.exists('full.py') else 'api:app'\n    uvicorn.run(name, port=8010)\n",
        ((15, "`name` may name the script itself"),),
        files=API_FILE,
    ),
    Unmovable(
        "a server that a handler asks how it is",
        HEAD + "\nserver = None\n\n\n@app.get('/started')\ndef started():\n    return server.started\n\n\ndef main():\n    global server\n    server = uvicorn.Server(uvicorn.Config(app))\n    server.run()\n"
        + GUARD + "    main()\n",
        ((16, "`server` is used here too, and a factory has none"),),
    ),
    Unmovable(
        "a loop whose port is read once the server has stopped",
        HEAD + "\n\ndef main():\n    app.state.x = 1\n    for port in (8010, 8011):\n        uvicorn.run(app, port=port)\n    app.state.port = port\n"
        + GUARD + "    main()\n",
        ((14, "loop"),),
    ),
    Unmovable(
        "two handlers of signals that clean up in two ways",
        "import signal\n" + HEAD + POOL + "\n\ndef one(number, frame):\n    pool.stop()\n\n\ndef two(number, frame):\n    pool.__init__()\n" + GUARD
        + "    signal.signal(signal.SIGINT, one)\n    signal.signal(signal.SIGTERM, two)\n" + RUN,
        ((32, "can't both come last"),),
    ),
    Unmovable(
        "middleware that a function adds, ahead of the script's own name",
        HEAD + "\n\ndef prepare():\n    app.title = 'x'\n" + GUARD + "    prepare()\n    uvicorn.run('server:app', port=8010)\n",
        ((13, "what happens to `app` here is lost on the app that is served"),),
    ),
    Unmovable(
        "options of which another dict is made, with another app",
        HEAD + GUARD + "    options = {'app': app}\n    options = {**options, 'app': other}\n    uvicorn.run(**options)\n",
        ((15, "the app that is served is not among the arguments"),),
    ),
)  # fmt: skip
