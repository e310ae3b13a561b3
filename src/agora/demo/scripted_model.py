"""A scripted model server with OpenAI's chat completions and Anthropic's messages API.

For demonstrations and tests without a provider. It streams over real HTTP, calls tools, returns any error status, and
can break a connection in the middle of an answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ModelRequest", "ScriptedModel", "ScriptedReply", "ToolCall"]

LENGTH = re.compile(r"content-length: (\d+)", re.IGNORECASE)
TOKENS_IN, TOKENS_OUT = 100, 20


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """A request as passed to the script. turns: (role, text), oldest first; a tool's result has the role ``tool``."""

    number: int
    wire: str
    model: str
    system: str
    turns: Sequence[tuple[str, str]]
    tools: Sequence[str]
    headers: Mapping[str, str]
    body: Mapping[str, Any] = field(repr=False)

    @property
    def prompt(self) -> str:
        """Last text of the user."""
        return next((text for role, text in reversed(self.turns) if role == "user"), "")

    @property
    def results(self) -> list[str]:
        """Results of tools since the last text of the user."""
        texts: list[str] = []
        for role, text in reversed(self.turns):
            if role == "user":
                break
            if role == "tool":
                texts.insert(0, text)
        return texts


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScriptedReply:
    """A scripted answer. text: sent in pieces, each after ``pause`` seconds. status: of a refusal. cut: end in the
    middle."""

    text: str = ""
    calls: Sequence[ToolCall] = ()
    pause: float = 0.0
    status: int = 200
    retry_after: float | None = None
    cut: bool = False


Script = Callable[[ModelRequest], "ScriptedReply | Awaitable[ScriptedReply]"]


class ScriptedModel:
    """The server. ``requests``: received requests in order."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[ModelRequest] = []
        self._server: asyncio.Server | None = None
        self._answering: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> ScriptedModel:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**24)
        return self

    async def __aexit__(self, *exception: object) -> None:
        assert self._server is not None
        self._server.close()
        answering = tuple(self._answering)
        for task in answering:
            task.cancel()
        await asyncio.gather(*answering, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        """Port of the server."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def url(self, wire: str) -> str:
        """Return the base URL for a protocol."""
        return f"http://127.0.0.1:{self.port}" + ("/v1" if wire == "openai" else "")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, and close the connection."""
        task = asyncio.current_task()
        assert task is not None
        self._answering.add(task)
        try:
            path, headers, body = await _read_request(reader)
            wire = "anthropic" if path.startswith("/v1/messages") else "openai"
            request = _parse_request(len(self.requests), wire, headers, body)
            self.requests.append(request)
            reply = self.script(request)
            if not isinstance(reply, ScriptedReply):
                reply = await reply
            await _write_reply(writer, wire, request, reply)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the caller or this server has ended; asyncio would log a cancelled handler as an error
        finally:
            self._answering.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def _read_request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], dict[str, Any]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = LENGTH.search(head)
    body = await reader.readexactly(int(length[1])) if length else b"{}"
    return first.split(" ", 2)[1], headers, json.loads(body)


def _parse_request(number: int, wire: str, headers: dict[str, str], body: dict[str, Any]) -> ModelRequest:
    system = _text_of(body.get("system"))
    turns: list[tuple[str, str]] = []
    for message in body.get("messages", ()):
        content, role = message.get("content"), message["role"]
        parts = content if isinstance(content, list) else []
        turns += [("tool", _text_of(part.get("content"))) for part in parts if part.get("type") == "tool_result"]
        text = _text_of([part for part in parts if "text" in part] if parts else content)
        if role in ("system", "developer"):
            system += text
        elif text:
            turns.append((role, text))
    tools = [tool.get("name") or tool["function"]["name"] for tool in body.get("tools") or ()]
    return ModelRequest(number, wire, body.get("model", ""), system, turns, tools, headers, body)


def _text_of(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(_text_of(part.get("text")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


async def _write_reply(writer: asyncio.StreamWriter, wire: str, request: ModelRequest, reply: ScriptedReply) -> None:
    if reply.status != 200:
        _write_refusal(writer, reply)
        return
    events = (_anthropic_events if wire == "anthropic" else _openai_chunks)(request, reply)
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
    async for event in events:
        kind = f"event: {event['type']}\n" if "type" in event else ""
        writer.write(f"{kind}data: {json.dumps(event)}\n\n".encode())
        await writer.drain()
        if reply.cut and ("content_block_delta" in kind or (not kind and event["choices"][0]["delta"].get("content"))):
            # Not close(), which ends the body in order: without a length, the client would take the answer for whole.
            writer.transport.abort()
            return
    if wire == "openai":
        writer.write(b"data: [DONE]\n\n")


def _write_refusal(writer: asyncio.StreamWriter, reply: ScriptedReply) -> None:
    error = {"type": "error", "error": {"type": "scripted_error", "message": reply.text or "refused"}}
    content = json.dumps(error).encode()
    headers = {"content-type": "application/json", "content-length": str(len(content)), "connection": "close"}
    if reply.retry_after is not None:
        # This header disables retries of the client libraries.
        headers |= {"retry-after": f"{reply.retry_after:g}", "x-should-retry": "false"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"HTTP/1.1 {reply.status} Refused\r\n{lines}\r\n".encode() + content)


async def _split_reply(reply: ScriptedReply) -> AsyncIterator[str]:
    for word in re.findall(r"\S+\s*|\s+", reply.text):
        if reply.pause:
            await asyncio.sleep(reply.pause)
        yield word


async def _openai_chunks(request: ModelRequest, reply: ScriptedReply) -> AsyncIterator[dict[str, Any]]:
    base = {"id": f"chat-{request.number}", "object": "chat.completion.chunk", "created": int(time.time())}
    base["model"] = request.model

    def build_chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return base | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    async for word in _split_reply(reply):
        yield build_chunk({"role": "assistant", "content": word})
    for number, call in enumerate(reply.calls):
        function = {"name": call.name, "arguments": json.dumps(dict(call.arguments))}
        described = {"index": number, "id": f"call_{request.number}_{number}", "type": "function", "function": function}
        yield build_chunk({"role": "assistant", "tool_calls": [described]})
    usage = {
        "prompt_tokens": TOKENS_IN,
        "completion_tokens": TOKENS_OUT,
        "total_tokens": TOKENS_IN + TOKENS_OUT,
    }
    yield build_chunk({}, "tool_calls" if reply.calls else "stop") | {"usage": usage}


async def _anthropic_events(request: ModelRequest, reply: ScriptedReply) -> AsyncIterator[dict[str, Any]]:
    head: dict[str, Any] = {
        "id": f"msg_{request.number}",
        "type": "message",
        "role": "assistant",
        "model": request.model,
    }
    head |= {"content": [], "usage": {"input_tokens": TOKENS_IN, "output_tokens": 1}}
    yield {"type": "message_start", "message": head | {"stop_reason": None, "stop_sequence": None}}
    index = 0
    if reply.text:
        yield {"type": "content_block_start", "index": index, "content_block": {"type": "text", "text": ""}}
        async for word in _split_reply(reply):
            delta = {"type": "text_delta", "text": word}
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
        index += 1
    for number, call in enumerate(reply.calls):
        block = {"type": "tool_use", "id": f"toolu_{request.number}_{number}", "name": call.name, "input": {}}
        yield {"type": "content_block_start", "index": index, "content_block": block}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(dict(call.arguments))}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
        index += 1
    stop = {"stop_reason": "tool_use" if reply.calls else "end_turn", "stop_sequence": None}
    yield {"type": "message_delta", "delta": stop, "usage": {"output_tokens": TOKENS_OUT}}
    yield {"type": "message_stop"}
