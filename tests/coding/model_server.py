"""A scripted language model on loopback, controlled by the prompt: OpenAI's chat completions and responses, Anthropic's
messages, Gemini's API.

Real coding agents run with it without a network. Its decisions are directives in the last prompt, one per line:

* ``RUN: command`` - call the shell tool with the command, then report the result
* ``TOOL: name {arguments}`` - call the tool with that name suffix, then report the result
* ``SAY: text`` - answer with the text; ``SLOWLY: n`` - answer with n words, a tenth of a second apart
* ``RECALL`` - answer with every prompt of the session so far, which shows whether its context is there
* ``CONFLICT: command`` - as RUN, once a prompt after that one says that the branch conflicts
* ``LIMIT: seconds`` - refuse with 429 until that many seconds after the first refusal, as an account's usage limit does

Run it as a program: it prints its port.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

JsonMap = dict[str, Any]
Wire = Callable[[tuple[str, str], list[JsonMap]], AsyncIterator[JsonMap]]
DIRECTIVE = re.compile(r"^\s*(RUN|TOOL|SAY|SLOWLY|RECALL|LIMIT|CONFLICT)\b:? ?(.*)$", re.MULTILINE)
REFUSAL = "You asked for permission:"  #: marks a refusal in the worker's prompts
SHELLS = ("bash", "shell", "Bash", "exec_command", "run_shell_command")
USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}


class UsageLimit(Exception):
    """The account of the scripted model is at its limit. seconds: until the limit is lifted."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Model:
    """State between requests: time of the first limit, and number of requests."""

    def __init__(self) -> None:
        self.requests = 0
        self.refusals = 0
        self._limits: dict[str, float] = {}

    def decide(self, turns: list[tuple[str, str]], has_tools: bool) -> tuple[str, str]:
        """Decide the next action: ("run", command), ("say", text) or ("slowly", count). turns: (role, text), oldest
        first.

        Raises UsageLimit.
        """
        self.requests += 1
        prompts = [text for role, text in turns if role == "user" and DIRECTIVE.search(text)]
        if not prompts or not has_tools:  # a request of the agent for its own purposes, such as a title
            return "say", "A title"
        role, text = turns[-1]
        if role == "user" and REFUSAL in text and not DIRECTIVE.search(text):
            return "say", "I go on without it."
        is_answered = role == "tool"
        has_conflict = any(speaker == "user" and "the branch conflicts with" in said for speaker, said in turns)
        prompt = prompts[-1].rpartition("\n---\n")[2]  # after the transcript at the beginning of a rewound conversation
        for word, rest in DIRECTIVE.findall(prompt):
            if word == "LIMIT":
                self._check_limit(rest)
            elif word == "CONFLICT" and has_conflict and not is_answered:
                return "run", rest
            elif word == "CONFLICT":
                continue
            elif word in ("RUN", "TOOL") and not is_answered:
                return word.lower(), rest
            elif word == "RUN":
                return "say", f"The command answered: {turns[-1][1][:200]}"
            elif word == "TOOL":
                return "say", f"The tool answered: {turns[-1][1][:2000]}"
            elif word == "RECALL":
                return "say", "I remember: " + " | ".join(line for text in prompts for line in text.splitlines())
            elif word == "SLOWLY":
                return "slowly", rest
            else:
                return "say", rest
        return "say", "Nothing to do."

    def _check_limit(self, rest: str) -> None:
        until = self._limits.setdefault(rest, time.time() + float(rest))
        if time.time() < until:
            self.refusals += 1
            raise UsageLimit(until - time.time())


def read_turns(messages: list[JsonMap]) -> list[tuple[str, str]]:
    """Convert messages of either protocol to (role, text); a tool's result has the role ``tool``."""
    turns = []
    for message in messages:
        content, role = message.get("content"), message["role"]
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
        results = [part for part in parts if part.get("type") == "tool_result"]
        turns += [("tool", json.dumps(part.get("content"))) for part in results]
        text = "\n".join(part["text"] for part in parts if "text" in part)
        if role in ("user", "tool") and (not results or DIRECTIVE.search(text)):
            turns.append((role, text))
    return turns


def read_responses_turns(items: list[JsonMap]) -> list[tuple[str, str]]:
    """Convert the input of OpenAI's responses to (role, text)."""
    messages: list[JsonMap] = []
    for item in items:
        if item.get("type") == "function_call_output":
            messages.append({"role": "tool", "content": json.dumps(item.get("output"))})
        elif item.get("role") == "user":
            messages.append({"role": "user", "content": item["content"]})
    return read_turns(messages)


def read_gemini_turns(contents: list[JsonMap]) -> list[tuple[str, str]]:
    """Convert the contents of a Gemini request to (role, text)."""
    messages: list[JsonMap] = []
    for content in contents:
        parts = content.get("parts") or []
        results = [part["functionResponse"] for part in parts if "functionResponse" in part]
        messages += [{"role": "tool", "content": json.dumps(result.get("response"))} for result in results]
        texts = [{"text": part["text"]} for part in parts if "text" in part and not part.get("thought")]
        if content.get("role") == "user" and texts and not results:
            messages.append({"role": "user", "content": texts})
    return read_turns(messages)


def choose_tool(act: str, value: str, names: list[str]) -> tuple[str, str]:
    """Choose name and arguments of a call: the shell, or the tool of a directive, whose clients add a prefix to its
    name."""
    if act == "run":
        name = next(name for name in names if name in SHELLS)
        if name == "exec_command":  # Codex declares commands that run outside its sandbox
            fields = {"cmd": value, "sandbox_permissions": "require_escalated", "justification": "as the prompt says"}
            return name, json.dumps(fields)
        return name, json.dumps({"command": value, "description": "as the prompt says"})
    wanted, _, arguments = value.partition(" ")
    return next((name for name in names if name.endswith(wanted)), wanted), arguments or "{}"


async def chat_completions(decision: tuple[str, str], tools: list[JsonMap]) -> AsyncIterator[JsonMap]:
    """Yield chunks of a chat completion."""
    act, value = decision
    base = {"id": "chat-1", "object": "chat.completion.chunk", "created": int(time.time()), "model": "stub"}

    def chunk(delta: JsonMap, finish: str | None = None) -> JsonMap:
        return base | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    if act in ("run", "tool"):
        name, arguments = choose_tool(act, value, [tool["function"]["name"] for tool in tools])
        call = {"index": 0, "id": f"call_{time.time_ns()}", "type": "function"}
        yield chunk({"role": "assistant", "tool_calls": [call | {"function": {"name": name, "arguments": arguments}}]})
    else:
        async for word in speak(act, value):
            yield chunk({"role": "assistant", "content": word})
    yield chunk({}, "tool_calls" if act in ("run", "tool") else "stop") | {"usage": USAGE}


async def anthropic_messages(decision: tuple[str, str], tools: list[JsonMap]) -> AsyncIterator[JsonMap]:
    """Yield events of an Anthropic message."""
    act, value = decision
    usage = {"input_tokens": 100, "output_tokens": 1}
    head = {
        "id": f"msg_{time.time_ns()}",
        "type": "message",
        "role": "assistant",
        "model": "stub",
        "content": [],
        "usage": usage,
    }
    yield {"type": "message_start", "message": head | {"stop_reason": None, "stop_sequence": None}}
    if act in ("run", "tool"):
        name, arguments = choose_tool(act, value, [tool["name"] for tool in tools])
        block = {"type": "tool_use", "id": f"toolu_{time.time_ns()}", "name": name, "input": {}}
        yield {"type": "content_block_start", "index": 0, "content_block": block}
        delta = {"type": "input_json_delta", "partial_json": arguments}
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
    else:
        yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        async for word in speak(act, value):
            yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}}
    yield {"type": "content_block_stop", "index": 0}
    stop = {"stop_reason": "tool_use" if act in ("run", "tool") else "end_turn", "stop_sequence": None}
    yield {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 20}}
    yield {"type": "message_stop"}


async def responses(decision: tuple[str, str], tools: list[JsonMap]) -> AsyncIterator[JsonMap]:
    """Yield events of a response."""
    act, value = decision
    identity = f"resp_{time.time_ns()}"
    yield {"type": "response.created", "response": {"id": identity}}
    if act in ("run", "tool"):
        spaces = {
            tool["name"]: space.get("name") if "tools" in space else None
            for space in tools
            for tool in space.get("tools", [space])
            if "name" in tool
        }
        name, arguments = choose_tool(act, value, list(spaces))
        item: JsonMap = {"type": "function_call", "call_id": f"call_{time.time_ns()}", "name": name}
        item |= {"arguments": arguments} | ({"namespace": spaces[name]} if spaces.get(name) else {})
        if name not in spaces and any(tool["type"] == "tool_search" for tool in tools):
            search = {"query": name.replace("_", " "), "limit": 20}
            item = {"type": "tool_search_call", "call_id": item["call_id"], "execution": "client", "arguments": search}
        yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    else:
        item = {"type": "message", "id": f"msg_{time.time_ns()}", "role": "assistant", "content": []}
        yield {"type": "response.output_item.added", "output_index": 0, "item": item}
        words = []
        async for word in speak(act, value):
            words.append(word)
            place = {"item_id": item["id"], "output_index": 0, "content_index": 0}
            yield {"type": "response.output_text.delta", "delta": word, **place}
        content = [{"type": "output_text", "text": "".join(words), "annotations": []}]
        yield {"type": "response.output_item.done", "output_index": 0, "item": item | {"content": content}}
    usage = {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120}
    yield {"type": "response.completed", "response": {"id": identity, "usage": usage}}


async def gemini_chunks(decision: tuple[str, str], tools: list[JsonMap]) -> AsyncIterator[JsonMap]:
    """Yield chunks of Gemini's generated content."""
    act, value = decision
    usage = {"promptTokenCount": 100, "candidatesTokenCount": 20, "totalTokenCount": 120}

    def chunk(part: JsonMap, **end: Any) -> JsonMap:
        content = {"role": "model", "parts": [part]}
        return {"candidates": [{"index": 0, "content": content, **end}], "usageMetadata": usage}

    if act in ("run", "tool"):
        names = [each["name"] for tool in tools for each in tool.get("functionDeclarations", [])]
        name, arguments = choose_tool(act, value, names)
        yield chunk({"functionCall": {"name": name, "args": json.loads(arguments)}}, finishReason="STOP")
        return
    async for word in speak(act, value):
        yield chunk({"text": word})
    yield chunk({"text": ""}, finishReason="STOP")


async def speak(act: str, value: str) -> AsyncIterator[str]:
    """Yield the words of an answer."""
    if act != "slowly":
        yield value
        return
    for number in range(int(value)):
        yield f"word{number} "
        await asyncio.sleep(0.1)  # the requested speed


async def serve_request(model: Model, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one HTTP request, and close the connection."""
    try:
        path, body = await read_request(reader)
        if not body:
            write_json(writer, 200, {"data": [{"id": "stub", "object": "model"}]})
            return
        tools = list_tools(body)
        try:
            turns, make = choose_wire(path, body)
            decision = model.decide(turns, bool(tools))
        except UsageLimit as limit:
            text = f"You have hit your usage limit; resets in {limit.seconds:.0f} seconds"
            error: JsonMap = {"type": "rate_limit_error", "code": "usage_limit_reached", "message": text}
            if path.startswith("/v1/responses"):  # the format of Codex's account
                resets_at = int(time.time() + limit.seconds) + 1
                error = {"type": "usage_limit_reached", "plan_type": "plus", "resets_at": resets_at}
            headers = {"retry-after": f"{limit.seconds:.0f}", "x-should-retry": "false"}
            write_json(writer, 429, {"type": "error", "error": error}, headers)
            return
        if path.partition("?")[0].endswith(":generateContent"):  # Gemini's request for the model of the turn
            decision = ("say", json.dumps({"reasoning": "a stand-in", "model_choice": "pro", "complexity_score": 90}))
            chunks = [chunk async for chunk in make(decision, [])]
            write_json(writer, 200, chunks[0])
            return
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        async for event in make(decision, tools):
            kind = f"event: {event['type']}\n" if "type" in event else ""
            writer.write(f"{kind}data: {json.dumps(event)}\n\n".encode())
            await writer.drain()
        if make is chat_completions:
            writer.write(b"data: [DONE]\n\n")
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


def list_tools(body: JsonMap) -> list[JsonMap]:
    """List the tools of a request, including those that Codex has looked up for the model."""
    items = body.get("input") or []
    lookups = [item["tools"] for item in items if item.get("type") == "tool_search_output"]
    return [*(body.get("tools") or []), *(tool for tools in lookups for tool in tools)]


def choose_wire(path: str, body: JsonMap) -> tuple[list[tuple[str, str]], Wire]:
    """Return the conversation and the response format, by the path of the request."""
    if path.startswith("/v1/responses"):
        return read_responses_turns(body.get("input", [])), responses
    if path.startswith("/v1beta/models/"):
        return read_gemini_turns(body.get("contents", [])), gemini_chunks
    return read_turns(body.get("messages", [])), anthropic_messages if path.startswith(
        "/v1/messages"
    ) else chat_completions


async def read_request(reader: asyncio.StreamReader) -> tuple[str, JsonMap]:
    """Read path and JSON body of a request."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    path = head.split(" ", 2)[1]
    length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
    body = await reader.readexactly(int(length[1])) if length else b""
    return path, json.loads(body) if body else {}


def write_json(
    writer: asyncio.StreamWriter, status: int, body: JsonMap, headers: Mapping[str, str] | None = None
) -> None:
    """Write a complete response."""
    content = json.dumps(body).encode()
    fields = {"content-type": "application/json", "content-length": str(len(content)), "connection": "close"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in (fields | dict(headers or {})).items())
    writer.write(f"HTTP/1.1 {status} Answer\r\n{lines}\r\n".encode() + content)


async def main() -> None:
    """Serve until terminated."""
    model = Model()
    server = await asyncio.start_server(lambda r, w: serve_request(model, r, w), "127.0.0.1", 0, limit=2**24)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    if "--help" in sys.argv:
        print(__doc__)
    else:
        asyncio.run(main())
