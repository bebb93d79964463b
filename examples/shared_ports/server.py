"""Answers questions with the model that runs beside it."""

import os

import httpx
import uvicorn
from fastapi import FastAPI

app = FastAPI()
MODEL = os.environ.get("MODEL_URL", "http://localhost:8001")


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/answer")
async def answer(question: str) -> str:
    async with httpx.AsyncClient(base_url=MODEL, timeout=60) as client:
        body = {"model": "Qwen/Qwen2.5-0.5B-Instruct", "prompt": question, "max_tokens": 64}
        reply = await client.post("/v1/completions", json=body)
    return str(reply.json()["choices"][0]["text"])


if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=int(os.environ.get("PORT", "8000")))
