"""Which release of vLLM a launch file names."""

from __future__ import annotations

import pytest

from portside.launchfiles.vllm_release import named_release


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("image: vllm/vllm-openai:v0.22.1-cu129", (0, 22)),
        ("RUN pip install vllm[audio]==0.10.2 vllm==0.9.0", (0, 9)),
        ("image: vllm/vllm-omni-rocm:v0.12.0rc1", (0, 12)),
        ("image: quay.io/ascend/vllm-ascend:v0.9.1", (0, 9)),
        ("FROM rocm/vllm:rocm6.4.1_vllm_0.9.1_20250715", (0, 9)),
        ("docker run nvcr.io/nvidia/vllm:25.09-py3", (0, 12)),
        ("image: nvcr.io/nvidia/vllm:26.07-py3", None),
        ("image: vllm/vllm-openai:nightly", None),
        ("image: team/vllm-server:1.4", None),
        (None, None),
    ],
)
def test_named_release(text: str | None, expected: tuple[int, int] | None) -> None:
    assert named_release(text) == expected
