from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from vllm.engine.arg_utils import EngineArgs
from vllm.outputs import RequestOutput
from vllm.sampling_params import RequestOutputKind, SamplingParams
from vllm.v1.engine.llm_engine import LLMEngine


class LLM:
    """Offline inference. As in every release of vLLM, it has no `serve` method."""

    def __init__(self, model: str, **engine_args: Any) -> None:
        self.llm_engine = LLMEngine.from_engine_args(EngineArgs(model=model, **engine_args))
        self._request_ids = itertools.count()

    @classmethod
    def from_engine_args(cls, engine_args: EngineArgs) -> LLM:
        return cls(**vars(engine_args))

    def get_default_sampling_params(self) -> SamplingParams:
        return SamplingParams()

    def generate(
        self,
        prompts: Any,
        sampling_params: SamplingParams | Sequence[SamplingParams] | None = None,
        use_tqdm: bool = True,
        **options: object,
    ) -> list[RequestOutput]:
        """One output per prompt, in the order of the prompts."""
        del use_tqdm, options
        many = prompts if isinstance(prompts, list) else [prompts]
        params = _params_for(many, sampling_params)
        ids = [self._add(prompt, one) for prompt, one in zip(many, params, strict=True)]
        outputs = {output.request_id: output for output in self._run()}
        return [outputs[request_id] for request_id in ids]

    def chat(
        self,
        messages: list[Any],
        sampling_params: SamplingParams | None = None,
        use_tqdm: bool = True,
        **options: object,
    ) -> list[RequestOutput]:
        conversations = messages if messages and isinstance(messages[0], list) else [messages]
        return self.generate(
            [render_chat(one) for one in conversations], sampling_params, use_tqdm, **options
        )

    def _add(self, prompt: object, params: SamplingParams) -> str:
        params.output_kind = RequestOutputKind.FINAL_ONLY
        return self.llm_engine.add_request(str(next(self._request_ids)), prompt, params)

    def _run(self) -> Iterable[RequestOutput]:
        while self.llm_engine.has_unfinished_requests():
            yield from self.llm_engine.step()


def render_chat(messages: list[dict[str, Any]]) -> str:
    lines = [f"{message['role']}: {message['content']}" for message in messages]
    return "\n".join([*lines, "assistant:"])


def _params_for(
    prompts: list[Any], params: SamplingParams | Sequence[SamplingParams] | None
) -> Sequence[SamplingParams]:
    if params is None:
        return [SamplingParams() for _ in prompts]
    if isinstance(params, SamplingParams):
        return [params for _ in prompts]
    if len(params) != len(prompts):
        raise ValueError("The lengths of prompts and params must be the same.")
    return params
