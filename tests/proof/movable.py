"""Shapes that can be moved."""
# ruff: noqa: E501 - a server in one string reads better than in ten

from __future__ import annotations

from tests.proof.shapes import API, Movable

RUN = 'if __name__ == "__main__":\n    uvicorn.run(app, host="0.0.0.0", port=8010)\n'

MOVABLE = (
    Movable(
        "the app as an object, with host and port",
        f"import uvicorn\n{API}\n\n{RUN}",
        "uvicorn server:app --host 0.0.0.0 --port 8010",
        gone=("uvicorn", "__main__"),
    ),
    Movable(
        "no options at all",
        f"import uvicorn\n{API}\n\nif __name__ == '__main__':\n    uvicorn.run(app)\n",
        "uvicorn server:app",
    ),
    Movable(
        "uvicorn imported in the main block",
        f"{API}\n\nif __name__ == '__main__':\n    import uvicorn\n\n    uvicorn.run(app, port=8001)\n",
        "uvicorn server:app --port 8001",
        gone=("uvicorn",),
    ),
    Movable(
        "run imported by name, under an alias",
        f"from uvicorn import run as serve\n{API}\n\nif __name__ == '__main__':\n    serve(app=app, port=9000)\n",
        "uvicorn server:app --port 9000",
        gone=("uvicorn", "serve"),
    ),
    Movable(
        "a folder without __init__.py is a package on the command line",
        f"import uvicorn\n{API}\n\n{RUN}",
        "uvicorn core.qwen_vllm_server:app --host 0.0.0.0 --port 8010",
        path="core/qwen_vllm_server.py",
        files={"pyproject.toml": '[project]\nname = "a"\n'},
    ),
    Movable(
        "a script that imports its neighbours needs its folder on the path",
        f"import uvicorn\nimport answers\n{API}\n\n@app.get('/n')\ndef n():\n    return answers.N\n\n\n{RUN}",
        "uvicorn server:app --app-dir core --host 0.0.0.0 --port 8010",
        path="core/server.py",
        files={"core/answers.py": "N = 3\n"},
        kept=("import answers",),
    ),
    Movable(
        "src layout",
        f"import uvicorn\n{API}\n\n{RUN}",
        "uvicorn pkg.api:app --app-dir src --host 0.0.0.0 --port 8010",
        path="src/pkg/api.py",
        files={"src/pkg/__init__.py": "", "pyproject.toml": '[project]\nname = "pkg"\n'},
    ),
    Movable(
        "a part of a package with words alone in its `__init__.py`, for what lies beside that package",
        f"import uvicorn\nfrom libs.words import TITLE\n{API}\n\n@app.get('/w')\ndef w():\n    return TITLE\n\n\n{RUN}",
        "uvicorn services.one.main:app --host 0.0.0.0 --port 8010",
        path="services/one/main.py",
        files={
            "services/one/__init__.py": "# The first\n",
            "libs/__init__.py": "",
            "libs/words.py": "TITLE = 'x'\n",
        },
        arguments=("-m", "services.one.main"),
    ),
    Movable(
        "a part of a package that runs code, for what lies beside that package",
        f"import uvicorn\nfrom libs.words import TITLE\n{API}\n\n@app.get('/w')\ndef w():\n    return TITLE\n\n\n{RUN}",
        "uvicorn services.one.main:app --host 0.0.0.0 --port 8010",
        path="services/one/main.py",
        files={
            "services/one/__init__.py": "import os\n\nNAME = os.name\n",
            "libs/__init__.py": "",
            "libs/words.py": "TITLE = 'x'\n",
        },
        arguments=("-m", "services.one.main"),
    ),
    Movable(
        "a part of a package that runs code, with the folder above put on the path where it is started",
        f"# PYTHONPATH=. python services/one/main.py\nimport uvicorn\nfrom libs.words import TITLE\n{API}\n\n@app.get('/w')\ndef w():\n    return TITLE\n\n\n{RUN}",
        "uvicorn main:app --app-dir services/one --host 0.0.0.0 --port 8010",
        path="services/one/main.py",
        files={
            "services/one/__init__.py": "import sys\n\nsys.modules['libs'] = sys\n",
            "libs/__init__.py": "",
            "libs/words.py": "TITLE = 'x'\n",
        },
        environment={"PYTHONPATH": "."},
    ),
    Movable(
        "a part of a package that runs code, with the folder above put on the path",
        f"import os\nimport sys\n\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', '..'))\n\nimport uvicorn\nfrom libs.words import TITLE\n{API}\n\n@app.get('/w')\ndef w():\n    return TITLE\n\n\n{RUN}",
        "uvicorn main:app --app-dir services/one --host 0.0.0.0 --port 8010",
        path="services/one/main.py",
        files={
            "services/one/__init__.py": "import sys\n\nsys.modules['libs'] = sys\n",
            "libs/__init__.py": "",
            "libs/words.py": "TITLE = 'x'\n",
        },
    ),
    Movable(
        "a port that is asked for where the launch says the folder itself",
        "import uvicorn\nfrom core.settings import PORT\n\nif __name__ == '__main__':\n    uvicorn.run('api:app', port=PORT, app_dir='src')\n",
        'uvicorn api:app --port "$(python -c \'import sys; sys.path.insert(0, "src"); from core.settings import PORT; print(PORT)\' | tail -n 1)" --app-dir src',
        path="src/api/__main__.py",
        files={
            "src/api/__init__.py": f"{API}\n",
            "src/core/__init__.py": "",
            "src/core/settings.py": "PORT = sum([8000, 10])\n",
        },
        environment={"PYTHONPATH": "src"},
    ),
    Movable(
        "a port of another project of the workspace, which is installed with this one",
        f"import uvicorn\nfrom core_words.settings import PORT\n{API}\n\nif __name__ == '__main__':\n    uvicorn.run(app, port=PORT)\n",
        'uvicorn api.main:app --app-dir packages/api/src --port "$(python -c \'import sys; sys.path.insert(0, "packages/api/src"); from core_words.settings import PORT; print(PORT)\' | tail -n 1)"',
        path="packages/api/src/api/main.py",
        files={
            "pyproject.toml": '[tool.uv.workspace]\nmembers = ["packages/*"]\n',
            "packages/api/pyproject.toml": "",
            "packages/api/src/api/__init__.py": "",
            "packages/core/src/core_words/__init__.py": "",
            "packages/core/src/core_words/settings.py": "PORT = sum([8000, 10])\n",
        },
        environment={"PYTHONPATH": "packages/core/src"},
    ),
    Movable(
        "a server that is handed to a coroutine which runs it",
        f"import asyncio\nimport uvicorn\n{API}\n\nasync def serve(server, times):\n    print('serving', times)\n    await server.serve()\n\n\nasync def main():\n    server = uvicorn.Server(uvicorn.Config(app, host='0.0.0.0', port=8010))\n    await serve(server, 1)\n\n\nif __name__ == '__main__':\n    asyncio.run(main())\n",
        "uvicorn server:app --host 0.0.0.0 --port 8010",
        gone=("import asyncio", "import uvicorn", "def serve", "def main"),
    ),
    Movable(
        "a configuration that is handed on, through two functions",
        f"import uvicorn\n{API}\n\ndef run(given):\n    uvicorn.Server(config=given).run()\n\n\ndef start(config):\n    run(config)\n\n\nif __name__ == '__main__':\n    start(uvicorn.Config(app, port=8010))\n",
        "uvicorn server:app --port 8010",
        gone=("import uvicorn", "def run", "def start"),
    ),
    Movable(
        "a server that is handed to a function which another file uses too",
        f"import uvicorn\n{API}\n\ndef start(server):\n    server.run()\n\n\nif __name__ == '__main__':\n    start(uvicorn.Server(uvicorn.Config(app, port=8010)))\n",
        "uvicorn server:app --port 8010",
        files={"other.py": "from server import start\n\n\ndef run(server):\n    start(server)\n"},
        gone=("import uvicorn",),
        kept=("def start(server):\n    server.run()\n",),
    ),
    Movable(
        "options that a function hands on, and one that it has itself",
        f"import uvicorn\n{API}\n\ndef serve(title, **overrides):\n    print(title)\n    config = uvicorn.Config(app, **{{'port': 8010, 'log_level': 'info', **overrides}})\n    uvicorn.Server(config).run()\n\n\nif __name__ == '__main__':\n    serve(title='x', host='0.0.0.0', log_level='warning')\n",
        "uvicorn server:app --port 8010 --log-level warning --host 0.0.0.0",
        gone=("import uvicorn", "def serve"),
    ),
    Movable(
        "relative imports, run with -m",
        f"import uvicorn\nfrom .words import HELLO\n{API}\n\n@app.get('/w')\ndef w():\n    return HELLO\n\n\n{RUN}",
        "uvicorn pkg.api:app --host 0.0.0.0 --port 8010",
        path="pkg/api.py",
        files={"pkg/__init__.py": "", "pkg/words.py": "HELLO = 'hi'\n"},
        arguments=("-m", "pkg.api"),
    ),
    Movable(
        "relative imports, in a package below a folder whose name is none",
        f"import uvicorn\nfrom .words import HELLO\n{API}\n\n@app.get('/w')\ndef w():\n    return HELLO\n\n\n{RUN}",
        "uvicorn pkg.api:app --app-dir my-app.old --host 0.0.0.0 --port 8010",
        path="my-app.old/pkg/api.py",
        files={"my-app.old/pkg/__init__.py": "", "my-app.old/pkg/words.py": "HELLO = 'hi'\n"},
        folder="my-app.old",
        arguments=("-m", "pkg.api"),
    ),
    Movable(
        "relative imports, in folders without an `__init__.py`",
        f"import uvicorn\nfrom web.names import NAME\nfrom .words import HELLO\n{API}\n\n@app.get('/w')\ndef w():\n    return HELLO + NAME\n\n\n{RUN}",
        "uvicorn web.api.main:app --host 0.0.0.0 --port 8010",
        path="web/api/main.py",
        files={"web/__init__.py": "", "web/names.py": "NAME = 'x'\n", "web/api/words.py": "HELLO = 'hi'\n"},
        arguments=("-m", "web.api.main"),
    ),
    Movable(
        "its own name for one that reloads, else the app itself",
        f"import os\nimport uvicorn\n{API}\n\nif __name__ == '__main__':\n    reload = os.environ.get('RELOAD') == '1'\n    uvicorn.run('server:app' if reload else app, port=8010, reload=reload)\n",
        "uvicorn server:app --port 8010",
        notes=("`reload` is off here",),
    ),
    Movable(
        "what is done to an app that nobody serves",
        f"import uvicorn\n{API}\n\nif __name__ == '__main__':\n    app.state.ready = True\n    app.root_path = '/api'\n    uvicorn.run('server:app', port=8010)\n",
        "uvicorn server:app --port 8010",
        gone=("state.ready", "root_path"),
        notes=("goes: the app that is served is another one",),
    ),
    Movable(
        "a project in a folder, run there with -m, imported by its own names",
        f"import uvicorn\nfrom src.words import HELLO\n{API}\n\n@app.get('/w')\ndef w():\n    return HELLO\n\n\n{RUN}",
        "uvicorn src.main:app --app-dir api --host 0.0.0.0 --port 8010",
        path="api/src/main.py",
        files={"api/src/words.py": "HELLO = 'hi'\n"},
        folder="api",
        arguments=("-m", "src.main"),
    ),
    Movable(
        "the same by import string",
        f"import uvicorn\n{API}\n\nif __name__ == '__main__':\n    uvicorn.run('src.main:app', port=8000)\n",
        "uvicorn src.main:app --app-dir api --port 8000",
        path="api/src/main.py",
        folder="api",
        arguments=("-m", "src.main"),
    ),
    Movable(
        "a launcher whose options name a file beside it",
        "import uvicorn\n\nif __name__ == '__main__':\n    uvicorn.run('main:app', port=8010, log_config='./log.json')\n",
        "cd core && uvicorn main:app --port 8010 --log-config ./log.json",
        path="core/run.py",
        files={"core/main.py": API, "core/log.json": '{"version": 1, "disable_existing_loggers": false}'},
        folder="core",
    ),
    Movable(
        "a log configuration beside the script, which is run in its folder",
        f"import uvicorn\n{API}\n\nif __name__ == '__main__':\n    uvicorn.run(app, log_config='log.json')\n",
        "cd core && uvicorn server:app --log-config log.json",
        path="core/server.py",
        files={"core/log.json": '{"version": 1, "disable_existing_loggers": false}'},
        folder="core",
    ),
    Movable(
        "a port from another file",
        f"import uvicorn\nfrom settings import PORT\n{API}\n\nif __name__ == '__main__':\n    uvicorn.run(app, port=PORT)\n",
        "uvicorn server:app --port 8005",
        files={"settings.py": "PORT = 8005\n"},
        notes=("`PORT` comes from another file",),
    ),
    Movable(
        "a parser that never parses",
        f"import argparse\nimport uvicorn\n{API}\n\nif __name__ == '__main__':\n"
        "    parser = argparse.ArgumentParser()\n    parser.add_argument('--x')\n    uvicorn.run(app, port=8000)\n",
        "uvicorn server:app --port 8000",
        gone=("argparse",),
    ),
    Movable(
        "a package whose __init__.py the script has never run",
        f"import uvicorn\n{API}\n\n{RUN}",
        "uvicorn server:app --app-dir core --host 0.0.0.0 --port 8010",
        path="core/server.py",
        files={"core/__init__.py": "raise ImportError('not meant to be imported')\n"},
    ),
    Movable(
        "a folder whose name is no module name",
        f"import uvicorn\n{API}\n\n{RUN}",
        "uvicorn server:app --app-dir my-service --host 0.0.0.0 --port 8010",
        path="my-service/server.py",
    ),
    Movable(
        "a folder named like a package of the standard library",
        f"import uvicorn\n{API}\n\n{RUN}",
        "uvicorn server:app --app-dir test --host 0.0.0.0 --port 8010",
        path="test/server.py",
    ),
    Movable(
        "data files beside the script, which is run in its folder",
        f"import uvicorn\n{API}\n\nWORDS = open('words.txt').read()\n\n\n@app.get('/w')\ndef w():\n    return WORDS\n\n\n{RUN}",
        "cd core && uvicorn server:app --host 0.0.0.0 --port 8010",
        path="core/server.py",
        files={"core/words.txt": "some words"},
        folder="core",
        notes=("run it in `core`",),
    ),
    Movable(
        "the port from the environment with a default",
        "import os\n\nimport uvicorn\n" + API + "\n\nif __name__ == '__main__':\n"
        '    uvicorn.run(app, host="0.0.0.0", port=int(os.environ.get("PORT", 8000)))\n',
        'uvicorn server:app --host 0.0.0.0 --port "${PORT:-8000}"',
        gone=("import os",),
    ),
    Movable(
        "the port from the environment, set",
        "import os\n\nimport uvicorn\n" + API + "\n\nif __name__ == '__main__':\n"
        '    port = int(os.getenv("API_PORT", "8000"))\n    uvicorn.run(app, port=port)\n',
        'uvicorn server:app --port "${API_PORT:-8000}"',
        environment={"API_PORT": "8123"},
    ),
    Movable(
        "a port that the environment has to name",
        "import os\nimport uvicorn\n" + API + "\n\nif __name__ == '__main__':\n"
        '    uvicorn.run(app, port=int(os.environ["PORT"]))\n',
        'uvicorn server:app --port "${PORT:?}"',
        environment={"PORT": "8124"},
    ),
    Movable(
        "constants of the module that nothing else reads",
        f'import uvicorn\n{API}\nHOST = "0.0.0.0"\nPORT = 8010\n\n\n'
        "if __name__ == '__main__':\n    uvicorn.run(app, host=HOST, port=PORT)\n",
        "uvicorn server:app --host 0.0.0.0 --port 8010",
        gone=("HOST", "PORT"),
    ),
    Movable(
        "constants of the module that a route reads",
        f'import uvicorn\n{API}\nPORT = 8010\n\n\n@app.get("/port")\ndef port():\n    return PORT\n\n\n'
        "if __name__ == '__main__':\n    uvicorn.run(app, port=PORT)\n",
        "uvicorn server:app --port 8010",
        kept=("PORT = 8010",),
    ),
    Movable(
        "a constant that another file imports",
        f"import uvicorn\n{API}\nPORT = 8010\n\n\nif __name__ == '__main__':\n    uvicorn.run(app, port=PORT)\n",
        "uvicorn server:app --port 8010",
        files={"client.py": "from server import PORT\n"},
        kept=("PORT = 8010",),
    ),
    Movable(
        "host=None",
        f"import uvicorn\n{API}\n\nif __name__ == '__main__':\n    uvicorn.run(app, host=None, port=8000)\n",
        "uvicorn server:app --host 0.0.0.0 --port 8000",
        differs={"host": "0.0.0.0"},
        notes=("IPv4",),
    ),
    Movable(
        "a main function that only serves",
        f"import uvicorn\n{API}\n\ndef main():\n    uvicorn.run(app, host='127.0.0.1', port=8002)\n\n\n"
        "if __name__ == '__main__':\n    main()\n",
        "uvicorn server:app --host 127.0.0.1 --port 8002",
        gone=("def main", "uvicorn"),
    ),
    Movable(
        "a main function with parameters",
        f"import uvicorn\n{API}\n\ndef serve(application, port: int = 8002, *, level='info'):\n"
        "    uvicorn.run(application, port=port)\n\n\nif __name__ == '__main__':\n    serve(app, port=8003)\n",
        "uvicorn server:app --port 8003",
    ),
    Movable(
        "a function of a function",
        f"import uvicorn\n{API}\n\ndef start():\n    uvicorn.run(app, port=8002)\n\n\ndef main():\n    start()\n\n\n"
        "if __name__ == '__main__':\n    import sys\n    sys.exit(main())\n",
        "uvicorn server:app --port 8002",
        gone=("def start", "def main"),
    ),
    Movable(
        "Config and Server, whose workers and reload do nothing",
        f"import uvicorn\n{API}\n\nif __name__ == '__main__':\n"
        "    config = uvicorn.Config(app, host='0.0.0.0', port=8010, workers=4, reload=True)\n"
        "    server = uvicorn.Server(config)\n    server.run()\n",
        "uvicorn server:app --host 0.0.0.0 --port 8010",
        differs={"workers": "1", "reload": "False"},
        notes=("workers", "reload"),
    ),
    Movable(
        "Config by position",
        f"import uvicorn\n{API}\n\nif __name__ == '__main__':\n"
        "    uvicorn.Server(uvicorn.Config(app, '0.0.0.0', 8010)).run()\n",
        "uvicorn server:app --host 0.0.0.0 --port 8010",
    ),
    Movable(
        "asyncio.run of a coroutine that serves",
        f"import asyncio\nimport uvicorn\n{API}\n\nasync def main():\n"
        "    config = uvicorn.Config(app, port=9000, log_level='info')\n    server = uvicorn.Server(config)\n"
        "    await server.serve()\n\n\nif __name__ == '__main__':\n    asyncio.run(main())\n",
        "uvicorn server:app --port 9000 --log-level info",
        gone=("asyncio", "uvicorn"),
    ),
    Movable(
        "the import string of its own module, with reload",
        f"import uvicorn\n{API}\n\nif __name__ == '__main__':\n    uvicorn.run('server:app', port=8000, reload=True)\n",
        "uvicorn server:app --port 8000 --reload",
    ),
    Movable(
        "reload with folders and patterns",
        f"import uvicorn\n{API}\n\nif __name__ == '__main__':\n    uvicorn.run('server:app', reload=True,"
        " reload_dirs=['core', 'web'], reload_includes=['*.yaml'])\n",
        "uvicorn server:app --reload --reload-dir core --reload-dir web --reload-include '*.yaml'",
        files={"core/a.py": "", "web/b.py": ""},
    ),
    Movable(
        "the app as an object with reload, which uvicorn refuses",
        f"import uvicorn\n{API}\n\nif __name__ == '__main__':\n    uvicorn.run(app, reload=True)\n",
        "uvicorn server:app --reload",
        runs_as_script=False,
    ),
    Movable(
        "a log level of a parser, in whatever case",
        "import argparse\nimport uvicorn\n"
        + API
        + "\n\nif __name__ == '__main__':\n    parser = argparse.ArgumentParser()\n"
        "    parser.add_argument('--log-level', default='INFO')\n    args = parser.parse_args()\n"
        "    uvicorn.run(app, log_level=args.log_level.lower())\n",
        "uvicorn server:app --log-level info",
        gone=("argparse", "uvicorn"),
        notes=("`--log-level` of uvicorn takes lower case alone",),
    ),
    Movable(
        "workers around an engine of the lifespan",
        "import uvicorn\nfrom fastapi import FastAPI\nfrom vllm import AsyncEngineArgs, AsyncLLMEngine\n\n\n"
        "async def lifespan(app):\n    app.state.engine = AsyncLLMEngine.from_engine_args(AsyncEngineArgs(model='m'))\n"
        "    yield\n    app.state.engine.shutdown()\n\n\napp = FastAPI(lifespan=lifespan)\n\n\n"
        "if __name__ == '__main__':\n    uvicorn.run('server:app', workers=2)\n",
        "uvicorn server:app --workers 2",
        notes=(
            "each worker loads the model again, by `AsyncLLMEngine.from_engine_args` in line 7: `engine-per-worker`",
        ),
    ),
    Movable(
        "workers, by the import string",
        f"import uvicorn\n{API}\n\nif __name__ == '__main__':\n    uvicorn.run('server:app', workers=2)\n",
        "uvicorn server:app --workers 2",
    ),
    Movable(
        "a file that starts another module",
        "import uvicorn\n\nif __name__ == '__main__':\n    uvicorn.run('app.main:app', host='0.0.0.0', port=8080)\n",
        "uvicorn app.main:app --host 0.0.0.0 --port 8080",
        path="run.py",
        files={"app/__init__.py": "", "app/main.py": API},
    ),
    Movable(
        "a file that starts a neighbour in its folder",
        "import uvicorn\n\nif __name__ == '__main__':\n    uvicorn.run('main:app', port=8080)\n",
        "uvicorn main:app --app-dir app --port 8080",
        path="app/__main__.py",
        files={"app/main.py": API},
    ),
    Movable(
        "an app imported by a file that does nothing but serve it",
        "import uvicorn\nfrom core.api import app\n\nif __name__ == '__main__':\n    uvicorn.run(app, port=8080)\n",
        "uvicorn core.api:app --port 8080",
        path="run.py",
        files={"core/api.py": API},
        gone=("import",),
    ),
    Movable(
        "an imported app that the file adds to",
        "import uvicorn\nfrom core.api import app\n\n\n@app.get('/extra')\ndef extra():\n    return 1\n\n\n"
        "if __name__ == '__main__':\n    uvicorn.run(app, port=8080)\n",
        "uvicorn run:app --port 8080",
        path="run.py",
        files={"core/api.py": API},
        kept=("from core.api import app",),
    ),
    Movable(
        "an imported app beside an import for its effect",
        "import uvicorn\nfrom core.api import app\nimport core.routes\n\n"
        "if __name__ == '__main__':\n    uvicorn.run(app, port=8080)\n",
        "uvicorn run:app --port 8080",
        path="run.py",
        files={
            "core/api.py": API,
            "core/routes.py": "from core.api import app\n\n@app.get('/r')\ndef r():\n    return 1\n",
        },
        kept=("import core.routes", "from core.api import app"),
    ),
    Movable(
        "the app imported in the main block",
        "if __name__ == '__main__':\n    import uvicorn\n    from core.api import app\n\n    uvicorn.run(app, port=8080)\n",
        "uvicorn core.api:app --port 8080",
        path="run.py",
        files={"core/api.py": API},
    ),
    Movable(
        "a factory called at the run call",
        "import uvicorn\nfrom fastapi import FastAPI\n\n\ndef create_app(title: str = 'x') -> FastAPI:\n"
        "    app = FastAPI(title=title)\n    app.get('/a')(lambda: 1)\n    return app\n\n\n"
        "if __name__ == '__main__':\n    uvicorn.run(create_app(), port=8005)\n",
        "uvicorn --factory server:create_app --port 8005",
        kept=("def create_app",),
    ),
    Movable(
        "a factory whose app has a name in the main block",
        "import uvicorn\nfrom fastapi import FastAPI\n\n\ndef create_app():\n    app = FastAPI()\n"
        "    app.get('/a')(lambda: 1)\n    return app\n\n\n"
        "if __name__ == '__main__':\n    app = create_app()\n    uvicorn.run(app, port=8005)\n",
        "uvicorn --factory server:create_app --port 8005",
    ),
    Movable(
        "a factory given to uvicorn as such",
        "import uvicorn\nfrom fastapi import FastAPI\n\n\ndef create_app():\n    app = FastAPI()\n"
        "    app.get('/a')(lambda: 1)\n    return app\n\n\n"
        "if __name__ == '__main__':\n    uvicorn.run('server:create_app', factory=True, port=8005)\n",
        "uvicorn --factory server:create_app --port 8005",
    ),
    Movable(
        "an app made at module level by a factory",
        "import uvicorn\nfrom fastapi import FastAPI\n\n\ndef create_app():\n    app = FastAPI()\n"
        "    app.get('/a')(lambda: 1)\n    return app\n\n\napp = create_app()\n\n"
        "if __name__ == '__main__':\n    uvicorn.run(app, port=8005)\n",
        "uvicorn server:app --port 8005",
        kept=("app = create_app()",),
    ),
    Movable(
        "an app that is an attribute of an object",
        f"import uvicorn\n{API}\n\nclass Service:\n    def __init__(self):\n        self.app = app\n\n\n"
        "service = Service()\n\nif __name__ == '__main__':\n    uvicorn.run(service.app, port=8006)\n",
        "uvicorn server:service.app --port 8006",
    ),
    Movable(
        "a plain ASGI function",
        "import uvicorn\n\n\nasync def app(scope, receive, send):\n    if scope['type'] != 'http':\n        return\n"
        "    await send({'type': 'http.response.start', 'status': 200, 'headers': []})\n"
        "    await send({'type': 'http.response.body', 'body': b'hi'})\n\n\n"
        "if __name__ == '__main__':\n    uvicorn.run(app, lifespan='off', http='h11')\n",
        "uvicorn server:app --lifespan off --http h11",
    ),
    Movable(
        "prints and log lines around the run call",
        f"import logging\nimport uvicorn\n{API}\nlogger = logging.getLogger(__name__)\n\n\n"
        "if __name__ == '__main__':\n    port = 8007\n    print(f'starting on {port}')\n"
        "    logger.info('docs: http://localhost:%d/docs', port)\n    uvicorn.run(app, port=port)\n    print('bye')\n",
        "uvicorn server:app --port 8007",
        notes=("print(f'starting on {port}')", "print('bye')"),
    ),
    Movable(
        "classes that are written after the guard",
        f"import uvicorn\nfrom pydantic import BaseModel\n{API}\n\n{RUN}\n\n"
        'class Item(BaseModel):\n    """What is stored."""\n\n    name: str\n    size: int = 3\n\n\n'
        "class Work:\n    def run(self):\n        return Item(name='a')\n\n\nclass Failed(Exception):\n    pass\n",
        "uvicorn server:app --host 0.0.0.0 --port 8010",
        kept=("class Item(BaseModel):", "class Work:", "class Failed(Exception):"),
    ),
    Movable(
        "Ctrl-C caught around the run call",
        f"import uvicorn\n{API}\n\nif __name__ == '__main__':\n    try:\n        uvicorn.run(app, port=8008)\n"
        "    except KeyboardInterrupt:\n        print('stopped')\n",
        "uvicorn server:app --port 8008",
    ),
    Movable(
        "many options",
        f"import uvicorn\n{API}\n\nif __name__ == '__main__':\n    uvicorn.run(\n        app,\n        host='::',\n"
        "        port=8009,\n        log_level='WARNING',\n        access_log=False,\n        proxy_headers=True,\n"
        "        forwarded_allow_ips='*',\n        root_path='/api v1',\n        timeout_keep_alive=75,\n"
        "        limit_concurrency=100,\n        loop='asyncio',\n        headers=[('X-A', 'b: c')],\n"
        "        ws_ping_interval=30.5,\n        workers=1,\n        server_header=False,\n    )\n",
        "uvicorn server:app --host :: --port 8009 --log-level warning --no-access-log --proxy-headers"
        " --forwarded-allow-ips '*' --root-path '/api v1' --timeout-keep-alive 75 --limit-concurrency 100"
        " --loop asyncio --header 'X-A:b: c' --ws-ping-interval 30.5 --workers 1 --no-server-header",
        differs={"log_level": "warning", "headers": "[['X-A', 'b: c']]"},
    ),
    Movable(
        "a level of logging",
        f"import logging\nimport uvicorn\n{API}\nLEVEL = logging.WARNING\n\nif __name__ == '__main__':\n"
        "    uvicorn.run(app, port=8012, log_level=LEVEL)\n",
        "uvicorn server:app --port 8012 --log-level warning",
        differs={"log_level": "warning"},
    ),
    Movable(
        "a file that only starts another file's app",
        "import uvicorn\n\nfrom api import app\n\nif __name__ == '__main__':\n    uvicorn.run(app, port=8013)\n",
        "uvicorn api:app --port 8013",
        path="start.py",
        files={"api.py": API},
        notes=("nothing that runs is left in this file",),
    ),
    Movable(
        "the same with a docstring and a shebang",
        "#!/usr/bin/env python\n'''Start it.'''\nimport uvicorn\n\n# The port of the front end.\nPORT = 8014\n\n"
        "if __name__ == '__main__':\n    uvicorn.run('api:app', port=PORT)\n",
        "uvicorn api:app --port 8014",
        path="start.py",
        files={"api.py": API},
        notes=("nothing that runs is left in this file",),
    ),
    Movable(
        "arguments for host and port alone",
        f"import argparse\nimport uvicorn\n{API}\n\nif __name__ == '__main__':\n"
        "    parser = argparse.ArgumentParser(description='Serve.')\n"
        "    parser.add_argument('--host', type=str, default='127.0.0.1', help='where')\n"
        "    parser.add_argument('--port', type=int, default=8015)\n"
        "    args = parser.parse_args()\n    print(f'on {args.port}')\n"
        "    uvicorn.run(app, host=args.host, port=args.port)\n",
        "uvicorn server:app --host 127.0.0.1 --port 8015",
        gone=("argparse", "parser"),
        notes=("`--port` is uvicorn's own option from now on, with the same default",),
    ),
    Movable(
        "arguments for other options of uvicorn, in a function and under other names",
        f"import argparse\nimport uvicorn\n{API}\n\ndef main():\n    ap = argparse.ArgumentParser()\n"
        "    ap.add_argument('-p', '--serving-port', default=8016, type=int)\n"
        "    ap.add_argument('--log-level', default='warning')\n"
        "    ap.add_argument('--reload', action='store_true')\n"
        "    opts = ap.parse_args()\n"
        "    uvicorn.run(app, port=opts.serving_port, log_level=opts.log_level, reload=opts.reload)\n\n\n"
        "if __name__ == '__main__':\n    main()\n",
        "uvicorn server:app --port 8016 --log-level warning",
        gone=("argparse", "main"),
        notes=("`-p`, `--serving-port` of the script becomes `--port` of uvicorn",),
    ),
    Movable(
        "options from a dictionary",
        f"import uvicorn\n{API}\n\nif __name__ == '__main__':\n    options = {{'host': '0.0.0.0', 'port': 8011}}\n"
        "    uvicorn.run(app, **options)\n",
        "uvicorn server:app --host 0.0.0.0 --port 8011",
    ),
    Movable(
        "middleware at module level",
        f"import uvicorn\nfrom fastapi.middleware.cors import CORSMiddleware\n{API}\n"
        f"app.add_middleware(CORSMiddleware, allow_origins=['*'])\n\n\n{RUN}",
        "uvicorn server:app --host 0.0.0.0 --port 8010",
        kept=("CORSMiddleware",),
    ),
    Movable(
        "an engine in the lifespan",
        "from contextlib import asynccontextmanager\n\nimport uvicorn\nfrom fastapi import FastAPI\n"
        "from vllm import AsyncEngineArgs\nfrom vllm.v1.engine.async_llm import AsyncLLM\n\n\n"
        "@asynccontextmanager\nasync def lifespan(app):\n"
        "    app.state.engine = AsyncLLM.from_engine_args(AsyncEngineArgs(model='tiny'))\n    yield\n"
        "    app.state.engine.shutdown()\n\n\napp = FastAPI(lifespan=lifespan)\n\n\n@app.get('/health')\n"
        "async def health():\n    await app.state.engine.check_health()\n    return 'ok'\n\n\n" + RUN,
        "uvicorn server:app --host 0.0.0.0 --port 8010",
        environment={"PROOF_ENGINES": "1"},
    ),
    Movable(
        "a comment above the guard and one at its end",
        f"import uvicorn\n{API}\n\n# --- run it ---\nif __name__ == '__main__':\n    uvicorn.run(app)\n    # done\n",
        "uvicorn server:app",
        gone=("run it", "done"),
    ),
    Movable(
        "functions and constants after the guard",
        f"import uvicorn\n{API}\n\n{RUN}\n\ndef after():\n    return 1\n\n\nLATE = 2\n",
        "uvicorn server:app --host 0.0.0.0 --port 8010",
        kept=("def after", "LATE = 2"),
    ),
    Movable(
        "uvicorn is needed elsewhere",
        f"import os, sys\nimport uvicorn\n{API}\n\n@app.get('/v')\ndef v():\n    return uvicorn.__version__ + sys.platform\n\n\n"
        "if __name__ == '__main__':\n    uvicorn.run(app, port=int(os.getenv('PORT', '8000')))\n",
        'uvicorn server:app --port "${PORT:-8000}"',
        kept=("import uvicorn", "import sys\n"),
        gone=("os,",),
    ),
    Movable(
        "an import list that loses some of its names",
        "from os import (\n    environ,  # for the port\n    sep,\n    getenv,\n)\nimport uvicorn\n"
        + API
        + "\n\n"
        "@app.get('/s')\ndef s():\n    return sep\n\n\n"
        "if __name__ == '__main__':\n    print(getenv('HOME'))\n    uvicorn.run(app, port=int(environ.get('PORT', 8000)))\n",
        'uvicorn server:app --port "${PORT:-8000}"',
        kept=("sep",),
        gone=("environ", "getenv"),
    ),
    Movable(
        "sys.path is changed before the imports",
        "import sys\nfrom pathlib import Path\n\nsys.path.insert(0, str(Path(__file__).parent.parent))\n\n"
        "import uvicorn\nfrom lib.words import HELLO\n"
        + API
        + "\n\n@app.get('/w')\ndef w():\n    return HELLO\n\n\n"
        + RUN,
        "uvicorn core.server:app --host 0.0.0.0 --port 8010",
        path="core/server.py",
        files={"lib/words.py": "HELLO = 'hi'\n"},
    ),
    Movable(
        "an option of earlier releases",
        f"import uvicorn\n{API}\n\nif __name__ == '__main__':\n    uvicorn.run(app, port=8012, debug=True)\n",
        "uvicorn server:app --port 8012",
        runs_as_script=False,
        notes=("debug",),
    ),
    Movable(
        "the default log configuration by name",
        f"import uvicorn\nfrom uvicorn.config import LOGGING_CONFIG\n{API}\n\nif __name__ == '__main__':\n"
        "    uvicorn.run(app, log_config=LOGGING_CONFIG)\n",
        "uvicorn server:app",
        gone=("LOGGING_CONFIG",),
    ),
    Movable(
        "imports of the module once more in the main block",
        f"import os\nimport time\nimport uvicorn\n{API}\n\n@app.get('/now')\ndef now():\n    return os.sep, time.time() > 0\n\n\n"
        "if __name__ == '__main__':\n    import os\n    import time\n\n    uvicorn.run('server:app', port=int(os.getenv('PORT', '8010')))\n",
        'uvicorn server:app --port "${PORT:-8010}"',
        kept=("import os\nimport time\n",),
    ),
    Movable(
        "words that a shell would take apart",
        f"import uvicorn\n{API}\n\nif __name__ == '__main__':\n    uvicorn.run(app, root_path='/$HOME/`a`; b\\'c')\n",
        "uvicorn server:app --root-path '/$HOME/`a`; b'\"'\"'c'",
    ),
    Movable(
        "an import string of the script's own name",
        f"from pathlib import Path\nimport uvicorn\n{API}\n\nif __name__ == '__main__':\n    uvicorn.run(f'{{Path(__file__).stem}}:app', port=8010)\n",
        "uvicorn server:app --port 8010",
        gone=("Path", "uvicorn"),
    ),
    Movable(
        "the same put together from parts",
        f"import os\nimport uvicorn\n{API}\n\nif __name__ == '__main__':\n    module = os.path.splitext(os.path.basename(__file__))[0]\n    uvicorn.run(module + ':app', port=8010, reload=False)\n",
        "uvicorn server:app --port 8010",
        gone=("import os", "uvicorn"),
    ),
    Movable(
        "an import string of the script's own name, from its whole path",
        f"from pathlib import Path\nimport uvicorn\n{API}\n\nif __name__ == '__main__':\n    uvicorn.run(f'{{Path(__file__).resolve().stem}}:app', port=8010)\n",
        "uvicorn server:app --port 8010",
        gone=("Path", "uvicorn"),
    ),
    Movable(
        "the module's name in an import string",
        f"import uvicorn\n{API}\n\nif __name__ == '__main__':\n    uvicorn.run(f'{{__name__}}:app', port=8010)\n",
        "uvicorn server:app --port 8010",
    ),
    Movable(
        "a file whose function imports the script back",
        f"import uvicorn\nfrom routes import router\n{API}\napp.include_router(router)\n\n\n{RUN}",
        "uvicorn server:app --host 0.0.0.0 --port 8010",
        files={
            "routes.py": "from fastapi import APIRouter\n\nrouter = APIRouter()\n\n\n@router.get('/title')\ndef title():\n    from server import app\n\n    return app.title\n"
        },
        notes=("where a function of `routes` imports this file",),
    ),
    Movable(
        "ports that a loop goes through, and one that a handler adds",
        f"import uvicorn\n{API}\n\n\ndef main():\n    for port in [8010, 8011]:\n        print('trying', port)\n        try:\n            uvicorn.run(app, port=port)\n            return\n        except OSError as error:\n            print(error)\n    uvicorn_is_up = False\n    print(uvicorn_is_up)\n\n\nif __name__ == '__main__':\n    main()\n",
        "uvicorn server:app --port 8010",
        gone=("import uvicorn", "8011"),
        notes=("starts the server again (line 14)",),
    ),
    Movable(
        "a function that an installed command starts too, which stays as it is",
        f"import asyncio\nimport uvicorn\n{API}\n\nasync def main():\n    print('starting')\n    config = uvicorn.Config(app, port=8010)\n"
        "    server = uvicorn.Server(config)\n    await server.serve()\n\n\nif __name__ == '__main__':\n    asyncio.run(main())\n",
        "uvicorn server:app --port 8010",
        files={"pyproject.toml": '[project]\nname = "a"\n[project.scripts]\na = "server:main"\n'},
        gone=("import asyncio", "__main__"),
        kept=("    print('starting')\n", "    await server.serve()\n"),
    ),
    Movable(
        "a function that another file starts too, by one that nobody else does",
        f"import uvicorn\n{API}\n\ndef serve(port):\n    uvicorn.run(app, port=port)\n\n\ndef main():\n    serve(8010)\n\n\nif __name__ == '__main__':\n    main()\n",
        "uvicorn server:app --port 8010",
        files={"cli.py": "from server import serve\n\n\ndef run():\n    serve(8000)\n"},
        gone=("def main", "__main__"),
        kept=("import uvicorn", "def serve(port):\n    uvicorn.run(app, port=port)\n"),
    ),
    Movable(
        "a loop that only prints the routes",
        f"import uvicorn\n{API}\n\nif __name__ == '__main__':\n    for route in app.routes:\n        if not hasattr(route, 'methods'):\n            continue\n        print(route.path, route.name)\n    uvicorn.run(app, port=8010)\n",
        "uvicorn server:app --port 8010",
        gone=("uvicorn", "route.path"),
        notes=("`print(route.path, route.name)` goes",),
    ),
    Movable(
        "paths that the script names by where it lies",
        "import os\nimport uvicorn\nfrom pathlib import Path\n\nROOT = Path(__file__).parents[1]\n\nif __name__ == '__main__':\n    uvicorn.run('api:app', port=8010, app_dir=os.path.join(os.path.dirname(__file__), '..', 'lib'), reload=True, reload_dirs=[str(ROOT / 'lib')])\n",
        "uvicorn api:app --port 8010 --app-dir lib --reload --reload-dir lib",
        path="scripts/serve.py",
        files={"lib/api.py": API},
        notes=("the command has `--app-dir` alone on its path",),
    ),
)
