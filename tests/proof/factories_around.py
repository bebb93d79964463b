"""Shapes whose factory leaves what runs around the server to the lifespan of the app, and those that can't."""
# ruff: noqa: E501 - a server in one string reads better than in ten

from __future__ import annotations

from tests.proof.factories import GUARD, HEAD, PLAIN, RUN, UVICORN
from tests.proof.shapes import API, Movable, Unmovable

ASYNC = "import asyncio\n" + HEAD  # ten lines
SERVE = (
    "    server = uvicorn.Server(uvicorn.Config(app, host='0.0.0.0', port=8010))\n    await server.serve()\n"
)
CONFIG = "    server = uvicorn.Server(uvicorn.Config(app, host='0.0.0.0', port=8010))\n"
MAIN = GUARD + "    asyncio.run(main())\n"
SHOWS = "\n\n@app.get('/seen')\ndef seen():\n    return sorted(app.state._state)\n"
PREPARE = "\n\nasync def prepare():\n    app.state.ready = True\n\n\nasync def main():\n"
BESIDE = "\n\nasync def work():\n    app.state.works = True\n\n\nasync def main():\n"
AROUND = "app.router.lifespan_context = while_serving"

AROUND_THE_SERVER = (
    Movable(
        "a coroutine that prepares before it serves",
        ASYNC + SHOWS + PREPARE + "    await prepare()\n" + SERVE + MAIN,
        PLAIN,
        kept=("        await prepare()\n        async with lifespan(app) as state:\n            yield state\n", AROUND, "return main()"),
        gone=("import uvicorn", "import asyncio", "async def main"),
        notes=("`await prepare()` comes with the startup of the app",),
    ),
    Movable(
        "a coroutine that prepares and cleans up",
        ASYNC + SHOWS + PREPARE + "    await prepare()\n    try:\n    " + CONFIG + "        await server.serve()\n    finally:\n        await asyncio.sleep(0)\n" + MAIN,
        PLAIN,
        kept=("                yield state\n        finally:\n            await asyncio.sleep(0)\n", AROUND, "import asyncio"),
        gone=("uvicorn",),
    ),
    Movable(
        "something that starts and is closed, in a main block that expects Ctrl+C",
        ASYNC + SHOWS + "\n\nclass Bot:\n    async def start(self):\n        app.state.bot = True\n\n    async def close(self):\n        app.state.bot = False\n\n\n"
        "async def main():\n    bot = Bot()\n    await bot.start()\n    try:\n    " + CONFIG + "        await server.serve()\n    finally:\n        await bot.close()\n"
        + GUARD + "    try:\n        asyncio.run(main())\n    except KeyboardInterrupt:\n        print('bye')\n",
        PLAIN,
        kept=("    bot = Bot()\n\n    @contextlib.asynccontextmanager", AROUND, "    return main()\n"),
    ),
    Movable(
        "a coroutine beside the server",
        ASYNC + SHOWS + BESIDE + CONFIG + "    await asyncio.gather(server.serve(), work())\n" + MAIN,
        PLAIN,
        kept=("beside = asyncio.gather(work())", "import asyncio", AROUND),
        gone=("uvicorn",),
        notes=("`work()` runs beside the app: where it fails, the server goes on",),
    ),
    Movable(
        "two functions of which one serves, gathered",
        ASYNC + SHOWS + "\n\nasync def serve():\n" + SERVE + BESIDE + "    await asyncio.gather(work(), serve(), return_exceptions=True)\n" + MAIN,
        PLAIN,
        kept=("    app = serve()", "beside = asyncio.gather(work(), return_exceptions=True)"),
    ),
    Movable(
        "tasks that are gathered",
        ASYNC + SHOWS + BESIDE + CONFIG + "    tasks = [asyncio.create_task(work())]\n    serving = asyncio.create_task(server.serve())\n    await asyncio.gather(serving, *tasks)\n" + MAIN,
        PLAIN,
        kept=("beside = asyncio.gather(*tasks)",),
        gone=("create_task(server", "serving ="),
    ),
    Movable(
        "an asynchronous context around the server",
        "import contextlib\n" + ASYNC + SHOWS + "\n\n@contextlib.asynccontextmanager\nasync def client():\n    yield 1\n\n\n"
        "async def main():\n    async with client() as opened:\n        app.state.client = opened\n    " + CONFIG + "        await server.serve()\n" + MAIN,
        PLAIN,
        kept=("        async with client() as opened:\n            app.state.client = opened\n", AROUND),
    ),
    Movable(
        "a context around the run call",
        "import contextlib\n" + HEAD + SHOWS + GUARD + "    with contextlib.suppress(OSError):\n        app.state.x = 1\n    " + RUN,
        PLAIN,
        kept=("            async with lifespan(app) as lifespan_state:\n", AROUND),
    ),
    Movable(
        "a cleanup in finally around more than the server",
        HEAD + GUARD + "    try:\n        app.state.x = 1\n    " + RUN + "    finally:\n        app.routes.clear()\n",
        PLAIN,
        kept=("        finally:\n            app.routes.clear()\n", AROUND),
    ),
    Movable(
        "a loop that runs a coroutine before",
        ASYNC + SHOWS + "\n\nasync def prepare():\n    app.state.ready = True\n" + GUARD + "    loop = asyncio.new_event_loop()\n    loop.run_until_complete(prepare())\n" + RUN,
        PLAIN,
        kept=("        await prepare()\n",),
    ),
    Movable(
        "a loop that runs the server too, and a name that a route reads",
        ASYNC + "\n\n@app.get('/n')\ndef n():\n    return number\n\n\nasync def count():\n    return 7\n" + GUARD
        + "    loop = asyncio.new_event_loop()\n    number = loop.run_until_complete(count())\n" + CONFIG + "    loop.run_until_complete(server.serve())\n",
        PLAIN,
        kept=("        global number\n", "        number = await count()\n"),
    ),
    Movable(
        "a lifespan of the app's own, in its order",
        "import contextlib\n" + ASYNC.replace("app = FastAPI()", "order = []\n\n\n@contextlib.asynccontextmanager\nasync def lifespan(app):\n    order.append('own')\n    yield {'a': 1}\n\n\napp = FastAPI(lifespan=lifespan)")
        + "\n\n@app.get('/o')\ndef o():\n    return order\n\n\nasync def main():\n    await asyncio.sleep(0)\n    order.append('main')\n" + SERVE + MAIN,
        PLAIN,
        kept=("order.append('main')", AROUND),
    ),
    Movable(
        "an app of another file",
        "import asyncio\n\nimport uvicorn\nfrom api import app\n\n\nasync def main():\n    app.state.x = 1\n    await asyncio.sleep(0)\n" + SERVE + MAIN,
        PLAIN,
        files={"api.py": API},
        kept=("    app.state.x = 1\n\n    @contextlib", AROUND),
    ),
    Movable(
        "the import string of another file, beside a worker",
        "import asyncio\n\nimport uvicorn\n\n\nasync def work():\n    await asyncio.sleep(0)\n\n\nasync def main():\n    server = uvicorn.Server(uvicorn.Config('api:app', port=8010))\n    await asyncio.gather(server.serve(), work())\n" + MAIN,
        f"{UVICORN} --port 8010",
        files={"api.py": API},
        kept=("from api import app", AROUND),
    ),
    Movable(
        "code after the run call that waits",
        ASYNC + "\n\nasync def main():\n" + SERVE + "    await asyncio.sleep(0)\n" + MAIN,
        PLAIN,
        kept=("            yield state\n        await asyncio.sleep(0)\n", AROUND),
        notes=("what follows the run call comes with the shutdown of the app",),
    ),
    Movable(
        "code after the run call that sets a name which came before",
        HEAD + GUARD + "    running = True\n    app.state.x = running\n" + RUN + "    running = False\n    app.routes.append(running)\n    app.routes.pop()\n",
        PLAIN,
        kept=("nonlocal running", AROUND),
    ),
    Movable(
        "an app that the coroutine makes before it waits",
        "import asyncio\nimport uvicorn\nfrom fastapi import FastAPI\n\n\nasync def prepare(app):\n    app.state.x = 1\n\n\nasync def main():\n    app = FastAPI()\n    await prepare(app)\n" + SERVE + MAIN,
        PLAIN,
        kept=("    app = FastAPI()\n\n    @contextlib", AROUND),
    ),
)  # fmt: skip

NOT_AROUND = (
    Unmovable(
        "middleware that is added after what waits",
        ASYNC + PREPARE + "    await prepare()\n    app.add_middleware(Cors)\n" + SERVE + MAIN,
        ((19, "`app.add_middleware` comes once the app has started, after what waits"),),
    ),
    Unmovable(
        "an app of no known kind",
        "import asyncio\n\nimport uvicorn\nfrom elsewhere import app\n\n\nasync def main():\n    await asyncio.sleep(0)\n" + SERVE + MAIN,
        ((8, "`main` waits for `await asyncio.sleep(0)`, and the app is not known to have a lifespan of Starlette's"),),
    ),
    Unmovable(
        "a lifespan that is off",
        ASYNC + PREPARE + "    await prepare()\n    await uvicorn.Server(uvicorn.Config(app, lifespan='off')).serve()\n" + MAIN,
        ((18, "the app's lifespan may be off"),),
    ),
    Unmovable(
        "a handler of the loop for the signals that stop the server",
        ASYNC + PREPARE + "    asyncio.get_running_loop().add_signal_handler(2, print)\n    await prepare()\n" + SERVE + MAIN,
        ((18, "would take the signal from uvicorn"),),
    ),
    Unmovable(
        "a server that only some words start, after what waits",
        ASYNC + PREPARE + "    await prepare()\n    if app.debug:\n    " + CONFIG + "        await server.serve()\n" + MAIN,
        ((18, "the server starts in some cases only, as in line 19"),),
    ),
    Unmovable(
        "a cleanup after Ctrl+C alone",
        ASYNC + PREPARE + "    await prepare()\n    try:\n    " + CONFIG + "        await server.serve()\n    except KeyboardInterrupt:\n        app.routes.clear()\n" + MAIN,
        ((23, "`app.routes.clear()` runs after the server has stopped"),),
    ),
    Unmovable(
        "a way out before the server",
        ASYNC + PREPARE + "    await prepare()\n    if app.debug:\n        return\n" + SERVE + MAIN,
        ((20, "`return` leaves what has to run around the server"),),
    ),
    Unmovable(
        "a loop that somebody fills, and a thread runs",
        "import threading\n" + ASYNC + PREPARE.replace("async def main():\n", "") + "if __name__ == '__main__':\n    loop = asyncio.new_event_loop()\n    loop.create_task(prepare())\n    threading.Thread(target=loop.run_forever).start()\n" + RUN,
        ((19, "makes a loop that nobody runs then"),),
    ),
    Unmovable(
        "the environment for settings that are made again on import",
        "import os\n" + HEAD.replace("app = FastAPI()", "from config import Settings\n\nsettings = Settings()\napp = FastAPI()") + GUARD + "    os.environ['X'] = '1'\n    uvicorn.run('server:app')\n",
        ((17, "`$X` is set before the module is imported, and by a factory after it: line 7 may read it"),),
    ),
    Unmovable(
        "the environment for what other files read, with reload",
        "import os\n" + HEAD + GUARD + "    os.environ['X'] = '1'\n    uvicorn.run('server:app', reload=True)\n",
        ((14, "by a factory after it: what this file imports may read it"),),
    ),
    Unmovable(
        "an app in a dict that another one takes the place of",
        HEAD + GUARD + "    options = {'app': app}\n    options['app'] = other\n    uvicorn.run(**options)\n",
        ((15, "the app that is served is not among the arguments"),),
    ),
    Unmovable(
        "a main block in a try, with code after it",
        "try:\n    import uvicorn\n    from api import app\n\n    if __name__ == '__main__':\n        app.state.x = 1\n        uvicorn.run(app)\n    print('bye')\nexcept ImportError:\n    pass\n",
        ((7, "the server starts without a main block"),),
    ),
    Unmovable(
        "a function that a decorator calls with words of its own",
        "import hydra\n" + HEAD + "\n\n@hydra.main()\ndef run(config):\n    app.state.x = config\n" + RUN + GUARD + "    run()\n",
        ((14, "`run` is decorated: what it is called with comes from elsewhere"),),
    ),
    Unmovable(
        "a function that others use and that serves in some cases, within another",
        HEAD + "\n\ndef serve():\n    app.state.x = 1\n    if app.routes:\n        uvicorn.run(app, port=8010)\n\n\ndef main():\n    serve()\n" + GUARD + "    main()\n",
        ((14, "serves in some cases only, and others use it too"),),
        files={"cli.py": "from server import serve\n"},
    ),
    Unmovable(
        "a package with the name of a module that uvicorn has",
        "import uvicorn\n" + GUARD + "    open('x', 'w').close()\n    uvicorn.run('platform.main:app')\n",
        ((6, "`platform` is a module of Python's own"),),
        files={"platform/main.py": API},
    ),
)  # fmt: skip
