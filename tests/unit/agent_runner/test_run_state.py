"""Checkpoints of declared agents, possibly written by an earlier or hostile holder of the task."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import pytest
from pydantic_ai.messages import (
    DocumentUrl,
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolReturnPart,
    UserPromptPart,
)

from agora.agent_runner.run_state import MAX_CONVERSATION_BYTES, RunState


def write_checkpoint(messages: list[ModelMessage]) -> dict[str, Any]:
    return RunState(messages=messages).dump()


@pytest.mark.parametrize("length", [10, 100_000])
def test_conversation_round_trips(length: int) -> None:
    messages: list[ModelMessage] = [
        ModelRequest(parts=[UserPromptPart(content="x" * length)]),
        ModelResponse(parts=[TextPart(content="y")]),
        ModelRequest(parts=[ToolReturnPart(tool_name="t", content="z", tool_call_id="1")]),
    ]
    state = RunState.load(write_checkpoint(messages))
    assert ModelMessagesTypeAdapter.dump_json(state.messages) == ModelMessagesTypeAdapter.dump_json(messages)


@pytest.mark.parametrize("filler", ["", "x" * 100_000])
def test_document_by_url_is_refused(filler: str) -> None:
    """The model's library would fetch the URL."""
    document = DocumentUrl(url="http://169.254.169.254/latest/meta-data", media_type="text/plain")
    checkpoint = write_checkpoint([ModelRequest(parts=[UserPromptPart(content=[filler, document])])])
    with pytest.raises(ValueError, match="other than text"):
        RunState.load(checkpoint)


def test_decompression_bomb_is_refused() -> None:
    packed = base64.b64encode(zlib.compress(b" " * (MAX_CONVERSATION_BYTES + 1))).decode()
    assert len(packed) < 65_536  # small enough for a checkpoint
    with pytest.raises(ValueError, match="larger than"):
        RunState.load({"format": 1, "packed": packed})
