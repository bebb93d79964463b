"""Tokens of the engine core -> `RequestOutput`s as the caller asked for them."""

from __future__ import annotations

from vllm.inputs import parse_prompt, token_ids
from vllm.outputs import CompletionOutput, RequestOutput
from vllm.sampling_params import RequestOutputKind, SamplingParams
from vllm.v1.engine.core import Request


class RequestState:
    def __init__(self, request: Request) -> None:
        self._request = request
        self._text = ""
        self._token_ids: list[int] = []

    def add(self, text: str, finish_reason: str | None) -> RequestOutput | None:
        """The output after one more token; None where the caller wants the last one only."""
        new_ids = list(token_ids(text))
        self._text += text
        self._token_ids += new_ids
        kind = self._request.params.output_kind
        if kind is RequestOutputKind.FINAL_ONLY and finish_reason is None:
            return None
        if kind is RequestOutputKind.DELTA:
            return self._output(text, new_ids, finish_reason)
        return self._output(self._text, list(self._token_ids), finish_reason)

    def _output(self, text: str, ids: list[int], finish_reason: str | None) -> RequestOutput:
        prompt = self._request.prompt
        completion = CompletionOutput(index=0, text=text, token_ids=ids, finish_reason=finish_reason)
        return RequestOutput(
            request_id=self._request.id,
            prompt=prompt.text,
            prompt_token_ids=list(prompt.token_ids),
            outputs=[completion],
            finished=finish_reason is not None,
        )


def make_request(request_id: str, prompt: object, params: object, max_model_len: int | None) -> Request:
    """A request that the engine core can take.

    Raises:
        ValueError: the prompt is longer than the model's context.
    """
    parsed = parse_prompt(prompt)
    if max_model_len is not None and len(parsed.token_ids) > max_model_len:
        raise ValueError(
            f"The decoder prompt (length {len(parsed.token_ids)}) is longer than "
            f"the maximum model length of {max_model_len}."
        )
    return Request(request_id, parsed, params if isinstance(params, SamplingParams) else SamplingParams())
