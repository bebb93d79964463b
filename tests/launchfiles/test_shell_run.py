"""What a script's launches have to do with each other: branches, background, stretches, environments."""

from __future__ import annotations

import subprocess
import sys

from portside.launchfiles.facts import Launch, Unit
from portside.launchfiles.shell.shell_script import read


def launches(text: str) -> dict[str, Launch]:
    """By what they serve; of several, the last."""
    file = read("start.sh", text)
    return {one.target.text: one for unit in file.units for one in unit.launches if one.target is not None}


def test_arms_of_one_branch_exclude_each_other() -> None:
    found = launches(
        "if [ $A = 1 ]; then uvicorn a:a; elif [ $A = 2 ]; then uvicorn b:b; else uvicorn c:c; fi\n"
        "uvicorn d:d\n"
    )
    places = {name: one.branches for name, one in found.items()}
    assert {place for ((place, _),) in (places["a:a"], places["b:b"], places["c:c"])} == {0}
    assert [places[name][0][1] for name in ("a:a", "b:b", "c:c")] == [0, 1, 2]
    assert places["d:d"] == ()


def test_what_follows_an_arm_that_ends_the_script_is_another_arm() -> None:
    found = launches("if [ $A = dev ]; then exec uvicorn a:a --reload; fi\nexec gunicorn b:b\n")
    (first,), (second,) = found["a:a"].branches, found["b:b"].branches
    assert first[0] == second[0]
    assert first[1] != second[1]


def test_branches_within_branches() -> None:
    found = launches("case $1 in a) if true; then uvicorn a:a; else uvicorn b:b; fi;; b) uvicorn c:c;; esac")
    assert [len(found[name].branches) for name in ("a:a", "b:b", "c:c")] == [2, 2, 1]


def test_background() -> None:
    found = launches(
        "uvicorn a:a &\n(uvicorn b:b &)\ncd x && uvicorn c:c &\nuvicorn d:d | tee log &\nuvicorn e:e\n"
    )
    assert [one.background for one in found.values()] == [True, True, True, True, False]


def test_a_function_started_in_the_background() -> None:
    found = launches("f() { uvicorn a:a; }\nf &\nuvicorn b:b\n")
    assert [one.background for one in found.values()] == [True, False]


def test_stretches_part_at_branches_and_kills() -> None:
    found = launches(
        "uvicorn a:a &\nuvicorn b:b &\nkill %1\nuvicorn c:c &\nfor i in 1; do uvicorn d:d & done\n"
    )
    stretches = [found[name].stretch for name in ("a:a", "b:b", "c:c", "d:d")]
    assert stretches[0] == stretches[1]
    assert len(set(stretches)) == 3


def test_environment_is_what_is_exported() -> None:
    (one,) = launches("A=1\nexport B=2 C\nC=3\nset -a\nD=4\nE=5 uvicorn a:a\n").values()
    values = {name: setting.value for name, setting in one.environment.items()}
    assert values == {"B": "2", "C": "3", "D": "4", "E": "5"}


def test_a_setting_is_where_it_is_written() -> None:
    text = 'export PORT="${1:-8000}" # 8000\nuvicorn a:a --port "$PORT"\n'
    file = read("start.sh", text)
    setting = file.units[0].settings["PORT"]
    assert text[setting.span.start : setting.span.end] == "8000"
    assert text[setting.name_span.start : setting.name_span.end] == "PORT"
    assert setting.is_default
    assert file.units[0].launches[0].ports[0].port.digits == setting.span


def test_a_container_has_a_network_of_its_own() -> None:
    file = read(
        "start.sh", "docker run -d -p 8000:80 --env-file .env --name x me/image gunicorn a:a -b :80\n"
    )
    script, container = file.units
    assert (script.kind, script.launches, script.host_network) == ("script", (), True)
    assert isinstance(container, Unit)
    assert (container.kind, container.name, container.host_network) == ("container", "x", False)
    assert container.env_files == (".env",)
    assert container.launches[0].elsewhere
    assert container.launches[0].background
    published, inside = container.mentions
    assert (published.port.number, inside.port.number, published.leads_to) == (8000, 80, 1)


def test_endless_recursion_ends() -> None:
    assert launches("f() { uvicorn a:a & f; }\nf\n")
    assert launches("X=a\n" + 'X="$X $X"\n' * 40 + "eval $X\nuvicorn a:a\n")
    assert launches('A=\'eval "$A"\'\neval "$A"\nuvicorn a:a\n')


def test_many_loops_end_soon() -> None:
    loops = (
        "".join(f"for v{i} in 1 2 3 4 5 6 7 8 9; do " for i in range(12)) + "uvicorn a:a & " + "done; " * 12
    )
    assert launches(loops)


def test_grammars_are_loaded_when_a_script_is_read() -> None:
    code = (
        "import sys, portside.launchfiles.commands.commands, portside.launchfiles.reading; "
        "print([m for m in sys.modules if m.startswith('tree_sitter')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_words_are_as_wide_as_they_are_written() -> None:
    text = 'HOST="x y"\n"$VENV/bin/uvicorn" \'app:app\' --host "$HOST" --port="8000" # end\n'
    (one,) = launches(text).values()
    assert text[one.span.start : one.span.end] == text.splitlines()[1].removesuffix(" # end")
    written = [text[word.start : word.end] for word in one.command]
    assert written == ['"$VENV/bin/uvicorn"', "'app:app'", "--host", '"$HOST"', '--port="8000"']
    assert one.target is not None
    assert (one.target.text, text[one.target.inner : one.target.inner + 7]) == ("app:app", "app:app")
