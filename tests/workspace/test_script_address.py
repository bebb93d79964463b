"""The port that a script will ask for is known before it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from portside.workspace.script_address import Address, asked_address

HEAD = "import argparse, os\nimport uvicorn\nfrom fastapi import FastAPI\napp = FastAPI()\n"
ARGPARSE = """
def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="0.0.0.0")
    parser.add_argument("--port", type=int, default=8055)
    args = parser.parse_args()
    uvicorn.run(app, host=args.host, port=args.port)

if __name__ == "__main__":
    main()
"""
ENVIRONMENT = """
if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("APP_PORT", "8056")))
"""


def asked(tmp_path: Path, code: str, *arguments: str, **environment: str) -> Address:
    script = tmp_path / "server.py"
    script.write_text(HEAD + code)
    return asked_address(script, arguments, environment)


def test_a_literal_is_what_it_says(tmp_path: Path) -> None:
    code = "if __name__ == '__main__':\n    uvicorn.run(app, host='::1', port=8010)\n"
    assert asked(tmp_path, code) == Address("::1", 8010)


def test_a_port_that_the_call_leaves_out_is_uvicorns_own(tmp_path: Path) -> None:
    assert asked(tmp_path, "if __name__ == '__main__':\n    uvicorn.run(app)\n") == Address(None, 8000)


def test_what_only_the_running_script_knows_stays_open(tmp_path: Path) -> None:
    assert asked(tmp_path, "if __name__ == '__main__':\n    uvicorn.run(app, **settings())\n") == Address()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], Address("0.0.0.0", 8055)),
        (["--model", "m", "--port", "9000"], Address("0.0.0.0", 9000)),
        (["--port=9001", "--host=127.0.0.1"], Address("127.0.0.1", 9001)),
        (["--port", "9000", "--port", "9002"], Address("0.0.0.0", 9002)),
        (["--port", "many"], Address("0.0.0.0", None)),
        (["--port"], Address("0.0.0.0", 8055)),
    ],
)
def test_arguments_count_before_their_defaults(
    tmp_path: Path, arguments: list[str], expected: Address
) -> None:
    assert asked(tmp_path, ARGPARSE, *arguments) == expected


def test_the_environment_counts_before_the_default(tmp_path: Path) -> None:
    assert asked(tmp_path, ENVIRONMENT).port == 8056
    assert asked(tmp_path, ENVIRONMENT, APP_PORT="9003").port == 9003


SETTINGS = """
from pydantic_settings import BaseSettings, SettingsConfigDict

class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env")
    app_port: int = 8056

settings = Settings()
"""


def test_a_file_that_the_script_loads_counts_before_the_default(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("APP_PORT=9004\n")
    loading = "from dotenv import load_dotenv\nload_dotenv()\n" + ENVIRONMENT
    assert asked(tmp_path, loading).port == 9004
    assert asked(tmp_path, loading, APP_PORT="9003").port == 9003
    assert asked(tmp_path, ENVIRONMENT).port == 8056


def test_a_file_that_its_settings_read_counts_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("APP_PORT=9004\n")
    (tmp_path / "config.py").write_text(SETTINGS)
    code = "from config import settings\nuvicorn.run(app, port=settings.app_port)\n"
    assert asked(tmp_path, code).port == 9004


@pytest.mark.parametrize("code", ["def broken(:\n", "app.state.port = 8000\n"])
def test_a_script_that_starts_nothing_asks_for_nothing(tmp_path: Path, code: str) -> None:
    assert asked(tmp_path, code) == Address()


def test_a_script_that_is_not_there_asks_for_nothing(tmp_path: Path) -> None:
    assert asked_address(tmp_path / "none.py", (), {}) == Address()
