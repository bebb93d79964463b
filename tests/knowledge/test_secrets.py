"""What may be seen of a command, an environment or a log line."""

from __future__ import annotations

import json
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portside.knowledge import secrets
from portside.knowledge.secrets import MASK, redact, redact_command


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("HF_TOKEN=hf_abcdefghijkl", "HF_TOKEN=***"),
        ("OPENAI_API_KEY='sk-abcdefghijkl'", "OPENAI_API_KEY='***'"),
        ('{"api_key": "abc", "port": 8000}', '{"api_key": "***", "port": 8000}'),
        ("using hf_abcdefghijkl now", "using *** now"),
        ("Authorization: Bearer abcdefghijkl", "Authorization: Bearer ***"),
        ("-H 'authorization: Token abc'", "-H 'authorization: Token ***'"),
        ("x-api-key: abc", "x-api-key: ***"),
        ("Cookie: session=abc; other=def", "Cookie: ***"),
        ("postgres://user:pass@host/db", "postgres://user:***@host/db"),
        ("postgres://user:p@ss:word@host/db", "postgres://user:***@host/db"),
        ("https://0123456789abcdef0123@github.com/x", "https://***@github.com/x"),
        ("GET /v1?api_key=abc&x=1", "GET /v1?api_key=***"),
        ("DB_PASSWORD=x y", "DB_PASSWORD=*** y"),
        ("DB_PASSWORD='x y' z", "DB_PASSWORD='***' z"),
        ("AWS_SECRET_ACCESS_KEY=abc/def+g", "AWS_SECRET_ACCESS_KEY=***"),
        ("MY_KEY=abc", "MY_KEY=***"),
        ("token: abc", "token: ***"),
        ("vllm serve m --api-key abc --port 1", "vllm serve m --api-key *** --port 1"),
        ("non-default args: {'api_key': ['one', 'two'], 'port': 1}", "non-default args: {'api_key': [***], 'port': 1}"),
        ("Namespace(host='x', api_key='abc', model='m')", "Namespace(host='x', api_key='***', model='m')"),
        ("apiKey: abc", "apiKey: ***"),
        ("-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----***-----END PRIVATE KEY-----"),
    ],
)  # fmt: skip
def test_secrets_are_masked(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "vllm serve Qwen/Qwen2.5-VL-3B-Instruct --port 8000",
        "tokenizer=Qwen/Qwen2.5",
        "max_tokens=128",
        "eos_token=</s> pad_token: 2 image_token='<img>'",
        "http://127.0.0.1:8000/health",
        "http://127.0.0.1:8000/users?mail=a@b.c",
        "ssh://git@github.com/x",
        "uvicorn core.server:app --host 0.0.0.0",
        "SyntaxError: unexpected token",
        "NameError: name 'token' is not defined",
        "KeyError: 'model'",
        "api_key=None, hf_token=None",
        "HF_TOKEN=$HF_TOKEN",
        "cache_key=abc sort_key=name",
        "--ssl-keyfile key.pem --tokenizer-mode auto",
        "GPU KV cache size: 1,048,576 tokens, Maximum concurrency for 128 tokens per request: 8192.00x",
    ],
)
def test_other_text_stays(text: str) -> None:
    assert redact(text) == text


def test_what_follows_a_secret_option_is_masked() -> None:
    command = ["vllm", "serve", "m", "--api-key", "one", "two", "--port", "8000", "--hf-token=abc"]
    shown = ["vllm", "serve", "m", "--api-key", "***", "***", "--port", "8000", "--hf-token=***"]
    assert redact_command(command) == shown


# Long enough not to be part of the text around it.
_SECRETS = st.text(
    st.characters(codec="ascii", categories=["L", "N"], include_characters="-_.+/=~!%^*#"),
    min_size=9,
    max_size=40,
).map(lambda text: f"S3{text}")
_NAMES = st.sampled_from(
    ["HF_TOKEN", "OPENAI_API_KEY", "VLLM_API_KEY", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD", "MY_SECRET", "PGPASSWORD",
     "SIGNING_KEY", "GITHUB_TOKEN", "api_key", "hf_token", "client_secret", "password", "accessToken", "X-Api-Key"]
)  # fmt: skip


@given(name=_NAMES, secret=_SECRETS)
def test_a_named_secret_is_in_no_rendering(name: str, secret: str) -> None:
    option = "--" + name.lower().replace("_", "-")
    for text in (
        f"{name}={secret}",
        f"export {name}={secret} && run",
        f"{name}='{secret}'",
        f"{name}: {secret}",
        f"{name}={shlex.quote(secret)} python server.py",
        json.dumps({name: secret, "port": 8000}),
        repr({name: secret}),
        repr({"env": {name: secret}}),
        f"Namespace({name.replace('-', '_')}={secret!r}, port=1)",
        f"vllm serve m {option} {secret} --port 8000",
        f"vllm serve m {option}={secret} --port 8000",
        f"curl -H 'Authorization: Bearer {secret}' http://host",
        f"INFO: https://user:{secret.replace('/', '_')}@host/path",
    ):
        shown = redact(text)
        assert secret not in shown, (text, shown)
        assert secret.replace("/", "_") not in shown
        assert redact(shown) == shown
        assert MASK in shown


@given(name=_NAMES, secret=_SECRETS)
def test_a_named_secret_is_in_no_command(name: str, secret: str) -> None:
    option = "--" + name.lower().replace("_", "-")
    words = [
        "env",
        f"{name}={secret},;'x",
        "vllm",
        "serve",
        "m",
        option,
        secret,
        f"{option}={secret}",
        "--port",
        "1",
    ]
    shown = redact_command(words)
    assert not any(secret in word for word in shown)
    assert shown[2:5] == ["vllm", "serve", "m"]
    assert shown[-2:] == ["--port", "1"]


@given(text=st.text())
def test_any_text_can_be_looked_at(text: str) -> None:
    assert redact(redact(text)) == redact(text)


def test_a_secret_of_the_environment_is_masked_wherever_it_turns_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_remembered", {})
    secrets.remember(
        {
            "MODEL_HUB_TOKEN": "correct horse battery",
            "HOME": "/home/ada",
            "SHORT_KEY": "abc",
            "A_KEY": "/etc/k",
        }
    )
    assert (
        redact("logged in with correct horse battery at /home/ada, abc")
        == "logged in with *** at /home/ada, abc"
    )
