"""What may be seen of a command, an environment or a log line."""

from __future__ import annotations

import pytest

from portside.knowledge.secrets import redact, redact_command


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("HF_TOKEN=hf_abcdefghijkl", "HF_TOKEN=***"),
        ("OPENAI_API_KEY='sk-abcdefghijkl'", "OPENAI_API_KEY='***'"),
        ('{"api_key": "abc", "port": 8000}', '{"api_key": "***", "port": 8000}'),
        ("using hf_abcdefghijkl now", "using *** now"),
        ("Authorization: Bearer abcdefghijkl", "Authorization: Bearer ***"),
        ("postgres://user:pass@host/db", "postgres://user:***@host/db"),
        ("DB_PASSWORD=x y", "DB_PASSWORD=*** y"),
        ("token: abc", "token: ***"),
    ],
)
def test_secrets_are_masked(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "vllm serve Qwen/Qwen2.5-VL-3B-Instruct --port 8000",
        "tokenizer=Qwen/Qwen2.5",
        "max_tokens=128",
        "http://127.0.0.1:8000/health",
        "uvicorn core.server:app --host 0.0.0.0",
        "SyntaxError: unexpected token",
        "NameError: name 'token' is not defined",
    ],
)
def test_other_text_stays(text: str) -> None:
    assert redact(text) == text


def test_what_follows_a_secret_option_is_masked() -> None:
    command = ["vllm", "serve", "m", "--api-key", "one", "two", "--port", "8000", "--hf-token=abc"]
    shown = ["vllm", "serve", "m", "--api-key", "***", "***", "--port", "8000", "--hf-token=***"]
    assert redact_command(command) == shown
