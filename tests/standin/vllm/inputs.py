"""Prompts as callers write them, and the one form that travels to the engine core."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, TypedDict


class TextPrompt(TypedDict, total=False):
    prompt: str
    multi_modal_data: dict[str, Any]


class TokensPrompt(TypedDict, total=False):
    prompt_token_ids: list[int]
    multi_modal_data: dict[str, Any]


@dataclass(frozen=True)
class ParsedPrompt:
    text: str | None
    token_ids: tuple[int, ...]
    images: tuple[str, ...] = ()
    """One description per image: its size, and a digest of its pixels."""


def parse_prompt(prompt: Any) -> ParsedPrompt:
    """What the engine gets to see of `prompt`.

    Raises:
        TypeError: for what vLLM does not take as a prompt either.
    """
    if isinstance(prompt, str):
        return ParsedPrompt(prompt, token_ids(prompt))
    if not isinstance(prompt, dict):
        raise TypeError(f"Prompt should be a string, a list of tokens or a dictionary, not {type(prompt)}")
    images = tuple(
        describe_image(image) for image in _as_list(prompt.get("multi_modal_data", {}).get("image"))
    )
    if "prompt_token_ids" in prompt:
        return ParsedPrompt(None, tuple(prompt["prompt_token_ids"]), images)
    return ParsedPrompt(prompt["prompt"], token_ids(prompt["prompt"]), images)


def token_ids(text: str) -> tuple[int, ...]:
    """One id per word: a digest, so that equal words have equal ids."""
    return tuple(int(hashlib.sha256(word.encode()).hexdigest()[:4], 16) for word in text.split())


def describe_image(image: Any) -> str:
    """The size and a digest of the pixels of a PIL image or of an array.

    Raises:
        TypeError: `image` is neither.
    """
    if not hasattr(image, "tobytes"):
        raise TypeError(f"Expected an image, got {type(image)}")
    size = image.size if isinstance(image.size, tuple) else tuple(reversed(image.shape[:2]))
    return f"{size[0]}x{size[1]} {hashlib.sha256(image.tobytes()).hexdigest()[:8]}"


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
