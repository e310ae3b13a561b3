"""Telemetry of a task, following OpenTelemetry's semantic conventions for generative AI.

The conventions are still in development: their names are literals here, so that an update of a library changes nothing.
Texts of prompts and answers are recorded only if the conventions' own variable enables it.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from pydantic_ai.messages import ModelMessage

from agora.telemetry.context import extract_valid_trace_headers

if TYPE_CHECKING:
    from agora_sdk.taskrun import TaskRun

    from .models import ModelAnswer

__all__ = ["RunTelemetry"]

INVOKE_AGENT, CHAT, EXECUTE_TOOL = "invoke_agent", "chat", "execute_tool"
TEXTS_VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
MAX_TEXT = 8_000  #: limit of a recorded text in characters


class RunTelemetry:
    """Spans of one task. tracer: default: that of the process, a no-op without a tracer provider."""

    def __init__(self, agent: str, task: TaskRun, tracer: trace.Tracer | None = None) -> None:
        self._agent, self._metadata = agent, task.metadata
        self._attributes = {"gen_ai.agent.name": agent, "agora.task_id": task.task_id}
        if task.context_id is not None:
            self._attributes["gen_ai.conversation.id"] = task.context_id
        self._tracer = tracer or trace.get_tracer("agora.agent_runner")

    def open_agent_span(self) -> contextlib.AbstractContextManager[Any]:
        """Create the span of the whole task."""
        return self._open_span(f"{INVOKE_AGENT} {self._agent}", {"gen_ai.operation.name": INVOKE_AGENT})

    def open_tool_span(self, tool: str, call_id: str) -> contextlib.AbstractContextManager[Any]:
        """Create the span of a tool call."""
        attributes = {"gen_ai.operation.name": EXECUTE_TOOL, "gen_ai.tool.name": tool, "gen_ai.tool.call.id": call_id}
        return self._open_span(f"{EXECUTE_TOOL} {tool}", attributes)

    async def request_in_chat_span(
        self, request: Callable[[], Awaitable[ModelAnswer]], model: str, messages: Sequence[ModelMessage]
    ) -> ModelAnswer:
        """Make a model request in a span. model: PROVIDER:MODEL."""
        provider = model.partition(":")[0]
        attributes = {
            "gen_ai.operation.name": CHAT,
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": model,
        }
        started_at = time.perf_counter()
        with self._open_span(f"{CHAT} {model}", attributes) as span:
            answer = await request()
            if span.is_recording():
                usage = answer.response.usage
                span.set_attribute("gen_ai.response.model", answer.model)
                span.set_attribute("gen_ai.usage.input_tokens", usage.input_tokens)
                span.set_attribute("gen_ai.usage.output_tokens", usage.output_tokens)
                first = answer.first_token if answer.first_token is not None else time.perf_counter() - started_at
                span.set_attribute("gen_ai.response.time_to_first_chunk", first)
                if os.environ.get(TEXTS_VARIABLE, "").lower() == "true":
                    span.set_attribute("gen_ai.input.messages", _describe_messages(messages))
                    span.set_attribute("gen_ai.output.messages", _describe_messages([answer.response]))
            return answer

    @contextlib.contextmanager
    def _open_span(self, name: str, attributes: dict[str, str]) -> Iterator[trace.Span]:
        # Only the outermost span continues the trace in which the task was created.
        is_inner = trace.get_current_span().get_span_context().is_valid
        parent = (
            None if is_inner else TraceContextTextMapPropagator().extract(extract_valid_trace_headers(self._metadata))
        )
        with self._tracer.start_as_current_span(name, parent, attributes=self._attributes | attributes) as span:
            yield span


def _describe_messages(messages: Sequence[ModelMessage]) -> str:
    """Serialize messages in the conventions' JSON: each a role and parts."""
    documents = []
    for message in messages:
        parts = [_describe_part(part) for part in message.parts]
        is_tool = any(part["type"] == "tool_call_response" for part in parts)
        role = "assistant" if message.kind == "response" else "tool" if is_tool else "user"
        documents.append({"role": role, "parts": parts})
    return json.dumps(documents, ensure_ascii=False)


def _describe_part(part: Any) -> dict[str, Any]:
    if part.part_kind == "tool-call":
        return {"type": "tool_call", "id": part.tool_call_id, "name": part.tool_name, "arguments": part.args}
    content = part.content if isinstance(part.content, str) else json.dumps(part.content, default=str)
    if part.part_kind == "tool-return":
        return {"type": "tool_call_response", "id": part.tool_call_id, "response": content[:MAX_TEXT]}
    return {"type": "text", "content": content[:MAX_TEXT]}
