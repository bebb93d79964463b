"""Programs that start the command behind them, and how many of the words between are their own.

From the manual pages and `--help` of: coreutils 9, util-linux 2.40, sudo 1.9, uv 0.8, poetry 2, pdm 2,
hatch 1.14, conda 25, tini 0.19, gosu 1.17, tmux 3.5, screen 4.9, slurm 24, watchmedo 6, nodemon 3, watchexec
2, concurrently 9, pm2 6, docker 28, podman 5, apptainer 1.4, nsys 2025, py-spy 0.4, coverage 7, debugpy 1.8.
"""

from __future__ import annotations

from collections.abc import Mapping

from portside.records import dataclass


@dataclass(frozen=True, slots=True)
class Runner:
    """The words between a runner and its command.

    verbs: its own first word, where it has one. takes: options with a value of their own. skips: arguments
    that are its own. shells: options whose value is shell text. shell_arguments: each argument is shell
    text. background: its caller goes on while the command runs; background_flags: with one of these.
    modules: options that a Python module follows. scripts: a Python file may follow without `python`.
    folders: options that say where it runs. env_files: options that name a .env file. assigns: it takes
    NAME=value. asks: with one of these it only tells about the command.
    """

    verbs: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()
    skips: int = 0
    shells: frozenset[str] = frozenset()
    shell_arguments: bool = False
    background: bool = False
    background_flags: frozenset[str] = frozenset()
    modules: frozenset[str] = frozenset()
    scripts: bool = False
    folders: frozenset[str] = frozenset()
    env_files: frozenset[str] = frozenset()
    assigns: bool = False
    asks: frozenset[str] = frozenset()


def _takes(options: str) -> frozenset[str]:
    return frozenset(options.split())


_PLAIN = Runner()
_RUN = _takes("run")
_UV = Runner(
    _RUN,
    _takes(
        """
        --with --with-editable --with-requirements -p --python --extra --no-extra --group
        --no-group --only-group --package --index --default-index -i --index-url
        --extra-index-url -f --find-links -P --upgrade-package --refresh-package
        --reinstall-package --index-strategy --keyring-provider --resolution --prerelease -C
        --config-setting --link-mode --cache-dir --color --project --config-file
        --python-platform --exclude-newer --from -w --no-binary-package
        """
    ),
    modules=_takes("-m --module"),
    scripts=True,
    folders=_takes("--directory"),
    env_files=_takes("--env-file"),
)
_CONDA = Runner(_RUN, _takes("-n --name -p --prefix --cwd"), folders=_takes("--cwd"), scripts=False)
_PROJECT = Runner(
    _RUN, _takes("-C --directory -P --project -p -e --env --manifest-path"), folders=_takes("-C --directory")
)

RUNNERS: Mapping[str, Runner] = {
    # -- shells' own words and small tools
    **dict.fromkeys(("nohup", "builtin", "time", "then", "do", "else", "!", "doas", "unbuffer"), _PLAIN),
    "command": Runner(asks=_takes("-v -V")),
    "exec": Runner(takes=_takes("-a")),
    "env": Runner(
        takes=_takes("-u --unset -C --chdir"),
        folders=_takes("-C --chdir"),
        shells=_takes("-S --split-string"),
        assigns=True,
    ),
    "cross-env": Runner(assigns=True),
    "sudo": Runner(
        takes=_takes("-u --user -g --group -h --host -p -C -D --chdir"),
        folders=_takes("-D --chdir"),
        assigns=True,
    ),
    "su": Runner(takes=_takes("-s --shell -g"), shells=_takes("-c --command")),
    "runuser": Runner(takes=_takes("-u --user -g -s"), shells=_takes("-c --command")),
    "setsid": Runner(background_flags=_takes("-f --fork")),
    "nice": Runner(takes=_takes("-n --adjustment")),
    "ionice": Runner(takes=_takes("-c --class -n --classdata -p")),
    "chrt": Runner(skips=1),
    "taskset": Runner(skips=1),
    "numactl": Runner(
        takes=_takes("-C -N -m -i -p --cpunodebind --membind --physcpubind --interleave --preferred")
    ),
    "stdbuf": Runner(takes=_takes("-i -o -e")),
    "timeout": Runner(takes=_takes("-k --kill-after -s --signal"), skips=1),
    "tini": Runner(takes=_takes("-p -e")),
    "dumb-init": Runner(takes=_takes("-r --rewrite")),
    "catatonit": _PLAIN,
    "gosu": Runner(skips=1),
    "su-exec": Runner(skips=1),
    "setuidgid": Runner(skips=1),
    "setpriv": Runner(takes=_takes("--reuid --regid --groups")),
    "chroot": Runner(skips=1),
    "xargs": Runner(takes=_takes("-n -P -I -d -L -a -s -E")),
    "script": Runner(shells=_takes("-c --command")),
    "strace": Runner(takes=_takes("-e -o -p -s")),
    "xvfb-run": Runner(takes=_takes("-n -s --server-args -e -f -w")),
    "arch": _PLAIN,
    "systemd-run": Runner(takes=_takes("-u --unit -p --property --description --slice"), background=True),
    "start-stop-daemon": Runner(
        takes=_takes(
            """
        --pidfile -p --user -u --chuid -c --chdir -d --name -n --group -g --output -O --retry -R
        """
        ),
        folders=_takes("--chdir -d"),
        background=True,
    ),
    "daemonize": Runner(takes=_takes("-a -c -e -o -p -l -u -E"), background=True),
    # -- Python's environments
    "uv": _UV,
    "uvx": Runner(takes=_UV.takes, env_files=_UV.env_files),
    "pipx": Runner(_RUN, _takes("--spec --python --pip-args")),
    **dict.fromkeys(("poetry", "pdm", "pipenv", "rye", "hatch", "pixi", "devenv"), _PROJECT),
    **dict.fromkeys(("conda", "mamba", "micromamba"), _CONDA),
    "pyenv": Runner(_takes("exec")),
    "mise": Runner(_takes("exec x")),
    "direnv": Runner(_takes("exec"), skips=1),
    "dotenv": Runner(_RUN, _takes("-f --file -e -q -c"), env_files=_takes("-f --file -e")),
    "dotenvx": Runner(_RUN, _takes("-f --env-file"), env_files=_takes("-f --env-file")),
    "env-cmd": Runner(takes=_takes("-f --file"), env_files=_takes("-f --file")),
    # -- secrets
    **dict.fromkeys(
        ("doppler", "op", "infisical", "teller"),
        Runner(_RUN, _takes("--env -p --project -c --config --env-file --path")),
    ),
    # -- several processes, restarts
    "honcho": Runner(_RUN, _takes("-e --env -d"), env_files=_takes("-e --env")),
    "foreman": Runner(_RUN, _takes("-e --env"), env_files=_takes("-e --env")),
    "watchmedo": Runner(
        _takes("auto-restart shell-command"),
        _takes(
            """
        -d --directory -p --pattern --patterns -i --ignore-patterns --ignore-pattern --signal
        --kill-after --debounce-interval --interval
        """
        ),
        shells=_takes("-c --command"),
    ),
    "watchexec": Runner(
        takes=_takes("-e --exts -w --watch -i --ignore -f --filter -d --debounce -s --signal --stop-signal")
    ),
    "watchfiles": Runner(
        takes=_takes("--filter --ignore-paths --sigint-timeout --args --grace-period --target-type"),
        shell_arguments=True,
    ),
    "nodemon": Runner(
        takes=_takes("--watch -w --ext -e --ignore -i --delay -d --signal -s --config"),
        shells=_takes("--exec -x"),
        scripts=True,
    ),
    "entr": _PLAIN,
    "concurrently": Runner(
        takes=_takes(
            """
        -n --names -c --prefix-colors -p --prefix --success -s --kill-signal -m --max-processes
        --restart-tries --restart-after -t
        """
        ),
        shell_arguments=True,
        background=True,
    ),
    "parallel": Runner(takes=_takes("-j --jobs"), shell_arguments=True, background=True),
    "pm2": Runner(
        _takes("start"),
        _takes("--name -n --interpreter -i --log -l --cwd --max-memory-restart"),
        shell_arguments=True,
        background=True,
        scripts=True,
        folders=_takes("--cwd"),
    ),
    # -- terminals
    "tmux": Runner(
        _takes(
            """
        new new-session neww new-window send-keys send split-window splitw respawn-pane
        respawn-window
        """
        ),
        _takes("-s -n -t -c -x -y -e -l -F -f"),
        shell_arguments=True,
        background=True,
        folders=_takes("-c"),
    ),
    "screen": Runner(
        takes=_takes("-S -dmS -dmLS -dmSL -Logfile -t -p -c -h -s -T"),
        shells=_takes("-X"),
        background_flags=_takes("-dm -d -dmS -dmLS -dmSL"),
    ),
    "gnome-terminal": Runner(
        takes=_takes("--title -t --working-directory --tab-with-profile --geometry"), background=True
    ),
    "xterm": Runner(takes=_takes("-title -T -geometry"), background=True),
    # -- clusters, profilers
    "srun": Runner(
        takes=_takes("-N -n -c -p -A -J -t -w -o -e -G -q -x -C -D"), folders=_takes("-D --chdir")
    ),
    "mpirun": Runner(
        takes=_takes("-n -np -c -N --hostfile -hostfile -H --host -x --map-by --bind-to -npernode")
    ),
    "mpiexec": Runner(takes=_takes("-n -np -f -hosts")),
    "nsys": Runner(
        _takes("profile launch"), _takes("-o --output -t --trace -s --sample -c --capture-range -d -y -w -f")
    ),
    "ncu": Runner(takes=_takes("-o -k --set --section -c -s")),
    "py-spy": Runner(_takes("record top"), _takes("-o --output -r --rate -d --duration -f --format")),
    "memray": Runner(_RUN, _takes("-o --output"), modules=_takes("-m"), scripts=True),
    "scalene": Runner(takes=_takes("--outfile"), scripts=True),
    "viztracer": Runner(takes=_takes("-o --output_file"), modules=_takes("-m"), scripts=True),
    "kernprof": Runner(takes=_takes("-o -s"), modules=_takes("-m"), scripts=True),
    "coverage": Runner(
        _RUN,
        _takes("--source --omit --include --rcfile --data-file --concurrency --context"),
        modules=_takes("-m"),
        scripts=True,
    ),
    "debugpy": Runner(
        takes=_takes("--listen --connect --configure-qt --log-to --pid --configure-subProcess"),
        modules=_takes("-m"),
        scripts=True,
    ),
    "pdb": Runner(takes=_takes("-c"), modules=_takes("-m"), scripts=True),
    "cProfile": Runner(takes=_takes("-o -s"), modules=_takes("-m"), scripts=True),
    "trace": Runner(takes=_takes("-f -C"), modules=_takes("--module"), scripts=True),
    "opentelemetry-instrument": Runner(
        takes=_takes(
            """
        --traces_exporter --metrics_exporter --logs_exporter --service_name
        --exporter_otlp_endpoint
        """
        )
    ),
    "ddtrace-run": _PLAIN,
    "newrelic-admin": Runner(_takes("run-program run-python")),
    "compute-sanitizer": Runner(takes=_takes("--tool --log-file")),
    # -- containers that keep the machine's network
    **dict.fromkeys(
        ("apptainer", "singularity"),
        Runner(
            _takes("exec run"),
            _takes("-B --bind --env --pwd -H --home -W --workdir --env-file -S"),
            skips=1,
            folders=_takes("--pwd"),
            env_files=_takes("--env-file"),
        ),
    ),
}

SHELLS = _takes("sh bash zsh dash ash ksh fish busybox")

CONTAINER_PROGRAMS = _takes("docker podman nerdctl")
# Of `docker run`: options without a value. Any other has one.
CONTAINER_FLAGS = _takes(
    """
    -d --detach -i --interactive -t --tty -it -ti -itd -dit -td -dt -di -id --rm --privileged --init
    --read-only -P --publish-all --no-healthcheck --oom-kill-disable --sig-proxy
    --disable-content-trust --help -q --quiet --replace --tls-verify -dti -tid -idt
    """
)

NO_LAUNCH = _takes(
    """
    ssh scp rsync pkill pgrep killall kill grep egrep rg sed awk echo printf which type pip pip3 apt
    apt-get yum dnf apk brew npm yarn curl wget git kubectl helm oc cat tee ls cp mv rm mkdir chmod
    chown touch cd export test [ [[ logger systemctl service journalctl lsof fuser ps tail head find
    wait sleep source . set unset alias trap read return exit shift mkfifo nc hash man jq yq ln tar
    unzip zip diff wc sort uniq cut tr date true gcloud aws az fly flyctl heroku modal terraform
    ansible ansible-playbook mypy ruff pytest black isort flake8 pylint pyright tox nox pre-commit
    bandit twine wrk ab hey locust k6 siege sbatch qsub bsub scancel squeue virtualenv
    huggingface-cli hf
    """
)
"""What stands behind these is not started here, whatever it looks like."""

# Modules that `python -m` runs to their end: nobody listens.
TOOL_MODULES = _takes(
    """
    pip venv virtualenv ensurepip pytest unittest doctest build compileall py_compile twine black
    isort flake8 mypy ruff pylint bandit pyright json.tool site zipfile tarfile timeit sphinx
    grpc_tools.protoc playwright pre_commit nltk.downloader spacy pipx ipykernel ipykernel_launcher
    alembic tox nox this base64 calendar platform sysconfig uv poetry hatch cython nuitka
    PyInstaller pydoc tabnanny dis ast tokenize gzip inspect webbrowser jinja2 mkdocs pdoc piptools
    safety vulture pyflakes pycodestyle autopep8 yapf interrogate coverage babel pytype radon
    cibuildwheel auditwheel wheel setuptools_scm certifi lm_eval flask_migrate django json secrets
    uuid socket
    """
)
# Files that are run to their end.
TOOL_SCRIPTS = _takes("setup.py conftest.py get-pip.py collect_env.py noxfile.py")
