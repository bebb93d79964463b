"""Multimodal AI server: Qwen2.5-VL on vLLM behind FastAPI.

GET  /health        is the engine alive?
POST /generate      text in, text out (`"stream": true` sends it as it is made)
POST /v1/describe   an image as base64 and a question about it
"""

import base64
import binascii
import io
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from PIL import Image, UnidentifiedImageError
from pydantic import BaseModel, Field
from vllm import SamplingParams
from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.sampling_params import RequestOutputKind
from vllm.v1.engine.async_llm import AsyncLLM
from vllm.v1.engine.exceptions import EngineDeadError

MODEL_ID = os.environ.get("MODEL_ID", "Qwen/Qwen2.5-VL-3B-Instruct")
MAX_MODEL_LEN = int(os.environ.get("MAX_MODEL_LEN", "8192"))
GPU_MEMORY_UTILIZATION = float(os.environ.get("GPU_MEMORY_UTILIZATION", "0.85"))

SYSTEM_PROMPT = "You are a helpful assistant."
IMAGE_PLACEHOLDER = "<|vision_start|><|image_pad|><|vision_end|>"


class GenerateRequest(BaseModel):
    prompt: str = Field(min_length=1)
    max_tokens: int = Field(default=64, ge=1, le=2048)
    temperature: float = Field(default=0.7, ge=0, le=2)
    stream: bool = False


class DescribeRequest(BaseModel):
    image: str = Field(description="PNG or JPEG as base64, with or without the data: prefix")
    prompt: str = "What is in this picture?"
    max_tokens: int = Field(default=128, ge=1, le=2048)


class Answer(BaseModel):
    text: str
    finish_reason: str | None


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    print(f"⏳ vLLM 엔진 로딩 중: {MODEL_ID}", flush=True)
    app.state.engine = AsyncLLM.from_engine_args(
        AsyncEngineArgs(
            model=MODEL_ID,
            max_model_len=MAX_MODEL_LEN,
            gpu_memory_utilization=GPU_MEMORY_UTILIZATION,
            limit_mm_per_prompt={"image": 1},
        )
    )
    print("✅ vLLM 엔진 준비 완료!", flush=True)
    yield
    app.state.engine.shutdown()


app = FastAPI(title="Qwen2.5-VL server", lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    try:
        await app.state.engine.check_health()
    except EngineDeadError as error:
        raise HTTPException(503, "the engine is gone") from error
    return {"status": "ok", "model": MODEL_ID}


@app.post("/generate", response_model=None)
async def generate(request: GenerateRequest) -> Answer | StreamingResponse:
    prompt = {"prompt": chat_prompt(request.prompt)}
    params = SamplingParams(
        max_tokens=request.max_tokens,
        temperature=request.temperature,
        output_kind=RequestOutputKind.DELTA if request.stream else RequestOutputKind.FINAL_ONLY,
    )
    if request.stream:
        return StreamingResponse(pieces(prompt, params), media_type="text/plain; charset=utf-8")
    return await answer(prompt, params)


@app.post("/v1/describe")
async def describe(request: DescribeRequest) -> Answer:
    prompt = {
        "prompt": chat_prompt(IMAGE_PLACEHOLDER + request.prompt),
        "multi_modal_data": {"image": decode_image(request.image)},
    }
    params = SamplingParams(max_tokens=request.max_tokens, output_kind=RequestOutputKind.FINAL_ONLY)
    return await answer(prompt, params)


async def pieces(prompt: dict, params: SamplingParams) -> AsyncIterator[str]:
    async for output in app.state.engine.generate(prompt, params, request_id=uuid.uuid4().hex):
        yield output.outputs[0].text


async def answer(prompt: dict, params: SamplingParams) -> Answer:
    async for output in app.state.engine.generate(prompt, params, request_id=uuid.uuid4().hex):
        if output.finished:
            return Answer(text=output.outputs[0].text, finish_reason=output.outputs[0].finish_reason)
    raise HTTPException(503, "the engine stopped before the answer was complete")


def chat_prompt(question: str) -> str:
    return (
        f"<|im_start|>system\n{SYSTEM_PROMPT}<|im_end|>\n"
        f"<|im_start|>user\n{question}<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def decode_image(data: str) -> Image.Image:
    encoded = data.partition(",")[2] if data.startswith("data:") else data
    try:
        return Image.open(io.BytesIO(base64.b64decode(encoded, validate=True))).convert("RGB")
    except (binascii.Error, UnidentifiedImageError, OSError) as error:
        raise HTTPException(422, "image is not a PNG or JPEG in base64") from error


if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=8010)
