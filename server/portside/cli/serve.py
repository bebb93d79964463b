"""`portside serve`: the port first, everything else after it.

Until the socket listens nothing is imported that this does not need; settings
and the search for apps come before only where the command line leaves a question open.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from portside.devserver.console.console import Console
from portside.devserver.planning.interpreter import find
from portside.devserver.planning.plan import Choice, Debug, Plan, PortSource, Target
from portside.devserver.ports import asking, claiming
from portside.devserver.ports.ports import Claim
from portside.devserver.ports.run import Run
from portside.devserver.registry import sweeping
from portside.knowledge import secrets

if TYPE_CHECKING:
    from portside.devserver.workers.debug_link import DebugLink

_DEFAULT_HOST = "127.0.0.1"
_DEFAULT_PORT = 8000
_DEFAULT_DEBUG_PORT = 5678
_HELP = """Run an app or a script, reload it on each save, and keep its port.

TARGET is `module:attribute` (an ASGI app), `script.py` (run as it stands: its own
uvicorn.run gets the held socket), or the name of a server in the settings. Without it
the configured or the only app found in this folder is served.

What follows `--` is for the script, or further options for uvicorn. Without TARGET it
is a command, run as it stands: a Python server is given the held socket, any other
finds its port free, and is watched.

\b
  portside serve core.server:app --port 8010
  portside serve --factory core.server:create_app
  portside serve server.py -- --model Qwen/Qwen2.5-VL-3B-Instruct
  portside serve -- vllm serve Qwen/Qwen2.5-VL-3B-Instruct --port 8010
"""


class ServeCommand(click.Command):
    """Keeps what follows `--` apart: click itself would take it for the target."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            index = args.index("--")
            ctx.meta["portside.rest"] = tuple(args[index + 1 :])
            args = args[:index]
        return super().parse_args(ctx, args)


@click.command(cls=ServeCommand, help=_HELP, options_metavar="[OPTIONS]", epilog="Linux only for now.")
@click.argument("target", required=False)
@click.option("--host", metavar="HOST", help=f"Address to listen on  [{_DEFAULT_HOST}]")
@click.option("--port", type=int, metavar="PORT", help=f"Port to hold; 0 takes any  [{_DEFAULT_PORT}]")
@click.option(
    "--on-conflict",
    type=click.Choice(["ask", "next", "stop", "wait", "fail"]),
    help="When a port is taken: ask (in a terminal, else fail), use the next free one, stop what is "
    "proved to be left of an earlier run, wait until it is free, or fail.  [ask]",
)
@click.option("--app-dir", metavar="DIR", help="Folder in which the app's module is looked for.")
@click.option("--factory", is_flag=True, help="TARGET is a callable that returns the app.")
@click.option("--python", metavar="PATH", help="Interpreter, or environment, that runs the app.")
@click.option(
    "--reload-dir", "reload_dirs", multiple=True, metavar="DIR", help="Also reload for changes in here."
)
@click.option(
    "--reload-include",
    "reload_includes",
    multiple=True,
    metavar="PATTERN",
    help="Also reload for changes of files that match, as in a .gitignore.",
)
@click.option(
    "--reload-exclude",
    "reload_excludes",
    multiple=True,
    metavar="PATTERN",
    help="Never reload for changes of files that match, as in a .gitignore.",
)
@click.option("--no-reload", is_flag=True, help="Start once; end when the app ends.")
@click.option("--no-warm", is_flag=True, help="Import everything anew at each start.")
@click.option(
    "--keep-engine/--no-keep-engine",
    default=None,
    help="Keep vLLM's engine, and the model in it, while the code is reloaded.",
)
@click.option(
    "--while-loading",
    type=click.Choice(["respond", "wait"]),
    help="Until the app serves: answer 503 with how far it is, or let requests wait  [respond]",
)
@click.option(
    "--ready-path", metavar="PATH", help="What to ask the app, to know that it serves  [/health, /healthz, /]"
)
@click.option(
    "--env-file",
    "env_files",
    multiple=True,
    metavar="FILE",
    help="Variables for the app, as NAME=value; a change restarts it. What is set already wins. Repeatable.",
)
@click.option("--open", "opens_browser", is_flag=True, help="Open the browser once the app is ready.")
@click.option("--debug", is_flag=True, help="Have debugpy listen in the app, for a debugger to attach.")
@click.option("--debug-port", type=click.IntRange(1, 65535), metavar="PORT", help="For --debug  [5678]")
@click.option("--debug-wait", is_flag=True, help="As --debug, and wait for the debugger at the first start.")
@click.option(
    "--debug-adapter", metavar="SOCKET", hidden=True
)  # of the `portside debug-adapter` that starts it
@click.option(
    "--log",
    "log",
    type=click.Choice(["full", "folded"]),
    help="The engine's own log: all of it, or warnings and errors only  [folded in a terminal]",
)
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text")
@click.option(
    "--grace",
    type=click.FloatRange(min=0),
    default=10.0,
    metavar="S",
    help="Seconds for a graceful stop  [10]",
)
@click.pass_context
def serve(ctx: click.Context, /, target: str | None, **options: Any) -> None:
    rest: tuple[str, ...] = ctx.meta.get("portside.rest", ())
    console = Console(options["output_format"], str(Path.cwd()))
    console.asks_at = asking.take()
    if not sys.platform.startswith("linux"):
        _refuse(console, "portside serve runs on Linux only, so far: nothing else lets it keep its promises")
    link = _follow_adapter(console, options)
    plan = _plan(console, target, rest, options)
    if plan.debug is not None and plan.target.is_watched:
        _refuse(console, "--debug is for apps, scripts and Python programs; this command runs as it stands")
    secrets.remember({**os.environ, **plan.environment})
    secrets.remember_command((*plan.target.words, *plan.target.arguments))
    sweeping.sweep(console)
    claim: Claim | None
    if plan.port_source is PortSource.UNKNOWN:
        # Held as soon as the program asks for one.
        free = claiming.look_aside(_run(plan), plan.on_conflict, console)
        claim = Claim(plan.host, 0, ()) if free else None
    else:
        claim = claiming.claim(_run(plan), plan.on_conflict, console)
    if claim is None:
        sys.exit(2)
    if claim.port != plan.port and plan.target.kind != "app":
        # The program is to be told which port it has become.
        plan = _plan(console, target, rest, {**options, "port": claim.port})
    from portside.devserver import runner

    sys.exit(runner.run(plan, claim, console, link))


def _follow_adapter(console: Console, options: dict[str, Any]) -> DebugLink | None:
    """The debugger that this run belongs to; from here on it hears all that the console says."""
    if options["debug_adapter"] is None:
        return None
    from portside.devserver.workers.debug_link import DebugLink

    try:
        link = DebugLink(options["debug_adapter"])
        options["debug_by_adapter"] = link.ask(os.getpid())
    except OSError as error:
        _refuse(console, f"{options['debug_adapter']}: no debug adapter listens there: {error.strerror}")
    console.listener = link.tell
    return link


def _plan(console: Console, spec: str | None, rest: tuple[str, ...], options: dict[str, Any]) -> Plan:
    choice = Choice("", command=rest) if spec is None and rest else _choice(console, spec, Path.cwd())
    choice = _with_environment(console, choice, options)
    folder = choice.folder or Path.cwd()
    if choice.command:
        return _of_command(console, choice, folder, options)
    interpreter = find(options["python"], folder)
    if interpreter is None:
        _refuse(console, f"no Python interpreter found: {options['python'] or 'python3'}")
    if choice.spec.endswith(".py") and not (folder / choice.spec).is_file():
        from portside.cli.serve_target import suggestion

        _refuse(console, f"there is no script {choice.spec} here{suggestion(choice.spec, folder)}")
    target = Target(
        kind="script" if choice.spec.endswith(".py") else "app",
        spec=choice.spec,
        arguments=rest,
        app_dir=options["app_dir"] or choice.app_dir,
        factory=options["factory"] or choice.factory,
    )
    host, port, source, aside = _address(target, choice, folder, options)
    plan = Plan(
        target=target,
        host=host,
        port=port,
        interpreter=interpreter,
        folder=folder,
        name=choice.name,
        environment=choice.environment,
        host_is_the_users=bool(options["host"] or choice.host) or target.kind == "app",
        port_source=source,
        aside=aside,
    )
    return _with_options(plan, choice, options)


def _with_options(plan: Plan, choice: Choice, options: dict[str, Any]) -> Plan:
    """What counts for an app, a script and a command alike."""
    debug = _debug(options)
    is_terminal = options["output_format"] == "text" and sys.stdout.isatty()
    return dataclasses.replace(
        plan,
        env_files=choice.env_files,
        settings_environment=choice.settings_environment,
        debug=debug,
        aside=plan.aside if debug is None or debug.connects else (*plan.aside, debug.port),
        opens_browser=options["opens_browser"],
        folds_log=(options["log"] or ("folded" if is_terminal else "full")) == "folded",
        watch=not options["no_reload"],
        warm=_is_warm(choice, options) and debug is None,
        keep_engine=_keeps_engine(plan, choice, options),
        reload_dirs=tuple(options["reload_dirs"]) or choice.watch or plan.reload_dirs,
        reload_includes=tuple(options["reload_includes"]) or choice.reload_includes or plan.reload_includes,
        reload_excludes=tuple(options["reload_excludes"]) or choice.reload_excludes or plan.reload_excludes,
        while_loading=options["while_loading"] or choice.while_loading or "respond",
        ready_path=options["ready_path"] or choice.ready_path,
        grace_s=options["grace"],
        on_conflict=options["on_conflict"] or choice.on_conflict or "ask",
    )


def _is_warm(choice: Choice, options: dict[str, Any]) -> bool:
    """Whether it is of use to keep imports in memory: not where nothing is ever loaded again."""
    return choice.warm is not False and not options["no_warm"] and not options["no_reload"]


def _keeps_engine(plan: Plan, choice: Choice, options: dict[str, Any]) -> bool:
    """Whether an engine outlives its worker: not where nothing is ever loaded again, nor outside Python."""
    asked = choice.keep_engine if options["keep_engine"] is None else options["keep_engine"]
    return bool(asked) and not options["no_reload"] and not plan.target.is_watched


def _debug(options: dict[str, Any]) -> Debug | None:
    by_adapter: Debug | None = options.get("debug_by_adapter")
    if by_adapter is not None:
        return by_adapter
    if not (options["debug"] or options["debug_wait"] or options["debug_port"] is not None):
        return None
    from portside.devserver.planning.debugpy_library import own

    return Debug(options["debug_port"] or _DEFAULT_DEBUG_PORT, waits=options["debug_wait"], library=own())


def _with_environment(console: Console, choice: Choice, options: dict[str, Any]) -> Choice:
    """The choice with what its env files, and those of the command line, say now."""
    paths = (*choice.env_files, *(Path(file).absolute() for file in options["env_files"]))
    if not paths:
        return dataclasses.replace(choice, settings_environment=choice.environment)
    from portside.devserver.planning import env_files

    found = env_files.read(paths, os.environ)
    if isinstance(found, env_files.EnvFileMistake):
        _refuse(console, str(found))
    return dataclasses.replace(
        choice,
        env_files=paths,
        settings_environment=choice.environment,
        environment={**found, **choice.environment},
    )


def _run(plan: Plan) -> Run:
    environment = {**os.environ, **plan.environment}
    return Run(
        plan.host, plan.port, plan.target.words, environment, plan.folder, aside=plan.aside, uds=plan.uds
    )


def _of_command(console: Console, choice: Choice, folder: Path, options: dict[str, Any]) -> Plan:
    from portside.cli import serve_command

    if options["app_dir"] or options["factory"]:
        _refuse(console, "--app-dir and --factory are for an app; give the command its own options")
    made = serve_command.make(choice, folder, options)
    if isinstance(made, str):
        _refuse(console, made)
    plan, notes = made
    for note in notes:
        console.emit("note", text=note)
    return _with_options(plan, choice, options)


def _choice(console: Console, spec: str | None, folder: Path) -> Choice:
    if spec is not None and (":" in spec or spec.endswith(".py")):
        return Choice(spec)
    from portside.cli import serve_target

    choice = serve_target.choose(spec, folder)
    if isinstance(choice, serve_target.Unclear):
        _refuse(console, choice.text)
    return choice


def _address(
    target: Target, choice: Choice, folder: Path, options: dict[str, Any]
) -> tuple[str, int, PortSource, tuple[int, ...]]:
    """The command line's host and port, else the settings', else what the script asks for itself."""
    host = options["host"] or choice.host
    port = choice.port if options["port"] is None else options["port"]
    if target.kind != "script":
        return host or _DEFAULT_HOST, _DEFAULT_PORT if port is None else port, PortSource.USER, ()
    from portside.cli.serve_command import of_script

    asked = of_script(folder / target.spec, target.arguments, {**os.environ, **choice.environment})
    host = host or asked.host or _DEFAULT_HOST
    if port is not None:
        return host, port, PortSource.USER, asked.aside
    if asked.port is None:
        return host, 0, PortSource.UNKNOWN, asked.aside
    return host, asked.port, PortSource.PROGRAM, asked.aside


def _refuse(console: Console, text: str) -> NoReturn:
    console.error(text)
    sys.exit(2)
