"""Spans of a declared agent follow the pinned conventions for generative AI; texts are included only if configured."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic_ai.messages import ModelRequest, ModelResponse, TextPart, ToolCallPart, ToolReturnPart, UserPromptPart
from pydantic_ai.usage import RequestUsage

from agora.agent_runner.models import ModelAnswer
from agora.agent_runner.telemetry import TEXTS_VARIABLE, RunTelemetry

MESSAGES = [
    ModelRequest(parts=[UserPromptPart(content="my secret")]),
    ModelResponse(parts=[ToolCallPart(tool_name="look_up", args={"a": 1}, tool_call_id="c1")]),
    ModelRequest(parts=[ToolReturnPart(tool_name="look_up", content={"b": 2}, tool_call_id="c1")]),
]


@pytest.mark.parametrize("asks_for_texts", [False, True])
async def test_span_of_a_step_follows_the_conventions(monkeypatch: pytest.MonkeyPatch, asks_for_texts: bool) -> None:
    monkeypatch.setenv(TEXTS_VARIABLE, str(asks_for_texts))
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    task = SimpleNamespace(task_id="task_1", context_id="talk-1", metadata={})
    telemetry = RunTelemetry("Ada", cast(Any, task), provider.get_tracer("test"))

    async def request() -> ModelAnswer:
        usage = RequestUsage(input_tokens=100, output_tokens=20)
        return ModelAnswer(ModelResponse(parts=[TextPart(content="It is 2.")], usage=usage), "far:tiny", 0.5, 0.25)

    with telemetry.open_agent_span():
        await telemetry.request_in_chat_span(request, "far:tiny", MESSAGES)
        with telemetry.open_tool_span("look_up", "1.0"):
            pass
    request_in_chat_span, tool, agent = exporter.get_finished_spans()
    assert [span.name for span in (agent, request_in_chat_span, tool)] == [
        "invoke_agent Ada",
        "chat far:tiny",
        "execute_tool look_up",
    ]
    assert request_in_chat_span.parent is not None
    assert agent.context is not None
    assert request_in_chat_span.parent.span_id == agent.context.span_id
    everywhere = {"gen_ai.agent.name": "Ada", "gen_ai.conversation.id": "talk-1", "agora.task_id": "task_1"}
    attributes = dict(request_in_chat_span.attributes or {})
    texts = {name: json.loads(str(attributes.pop(name))) for name in list(attributes) if name.endswith(".messages")}
    assert attributes == everywhere | {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "far",
        "gen_ai.request.model": "far:tiny",
        "gen_ai.response.model": "far:tiny",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.response.time_to_first_chunk": 0.25,
    }
    called = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "look_up", "gen_ai.tool.call.id": "1.0"}
    assert dict(tool.attributes or {}) == everywhere | called
    assert dict(agent.attributes or {}) == everywhere | {"gen_ai.operation.name": "invoke_agent"}
    if not asks_for_texts:
        assert texts == {}
        return
    assert texts["gen_ai.output.messages"] == [
        {"role": "assistant", "parts": [{"type": "text", "content": "It is 2."}]}
    ]
    assert [message["role"] for message in texts["gen_ai.input.messages"]] == ["user", "assistant", "tool"]
    assert texts["gen_ai.input.messages"][0]["parts"] == [{"type": "text", "content": "my secret"}]
