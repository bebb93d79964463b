"""The stand-in must never be taken for vLLM: it is in no wheel, and on no path but where it is put."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import zipfile

CHECKOUT = pathlib.Path(__file__).parents[2]


def test_an_environment_with_portside_has_no_stand_in(tmp_path: pathlib.Path) -> None:
    script = "import importlib.util as u, portside; s = u.find_spec('vllm'); print(s and s.origin)"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "standin" not in result.stdout


def test_the_wheel_holds_the_package_and_nothing_else(tmp_path: pathlib.Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=CHECKOUT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"portside"}
