"""Agents that think with Claude: a writer that asks a researcher, both declared and run by the server.

Run it with a server up (and agora-server[models] installed): python examples/claude_agent.py

It takes ANTHROPIC_API_KEY, or whatever answers at http://localhost:4000 with OpenAI's or Anthropic's protocol (LLM_URL and
LLM_MODEL name another). Without either, a stand-in on this machine plays the model, so that everything can be seen at work.
In a terminal a session follows in which you can ask the writer yourself.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from agora.demo.scripted_model import ModelRequest, ScriptedModel, ScriptedReply, ToolCall
from agora_sdk import AgoraClient
from agora_sdk.contract.declared_agents import AgentSpecification

LOCAL_URL = "http://localhost:4000"
MODEL = os.environ.get("LLM_MODEL", "claude-sonnet-4-5")
PROVIDER = "claude-example"


def play_model(request: ModelRequest) -> ScriptedReply:
    """The stand-in: the researcher knows one fact, the writer asks it and writes a sentence."""
    if "You research" in request.system:
        return ScriptedReply("Octopuses have three hearts.", pause=0.02)
    if not request.results:
        return ScriptedReply("I ask the researcher. ", [ToolCall("ask_ClaudeResearcher", {"message": request.prompt})])
    fact = request.results[-1].split("\n")[1]
    return ScriptedReply(f"Did you know? **{fact}**", pause=0.02)


@contextlib.asynccontextmanager
async def choose_provider() -> AsyncIterator[dict[str, str]]:
    """Where the model is: Anthropic, a server on this machine, or the stand-in."""
    url = os.environ.get("LLM_URL", LOCAL_URL)
    if key := os.environ.get("ANTHROPIC_API_KEY"):
        print("Claude answers, with your key.")
        yield {"wire": "anthropic", "api_key": key}
    elif await is_reachable(url):
        print(f"What is at {url} answers.")
        yield {
            "wire": os.environ.get("LLM_WIRE", "openai"),
            "base_url": url,
            "api_key": os.environ.get("LLM_KEY", "none"),
        }
    else:
        print("No key, and nothing at localhost:4000: a stand-in answers.")
        async with ScriptedModel(play_model) as model:
            yield {"wire": "anthropic", "base_url": model.url("anthropic"), "api_key": "none"}


async def is_reachable(url: str) -> bool:
    """Whether anything listens there."""
    parts = urlsplit(url)
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(parts.hostname, parts.port or 80), 2)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def ask(client: AgoraClient, question: str) -> None:
    """Give the writer a task, and print its words as they come."""
    receipt = await client.task.assign("a2a.message", {"text": question}, "ClaudeWriter")
    async for entry in client.task.stream(receipt.task_id):
        if entry.type == "output":
            print(entry.content, end="", flush=True)
    task = await client.task.get(receipt.task_id)
    print(f"\n[{task.status}] {task.error or ''}".rstrip(), flush=True)


async def main() -> None:
    async with AgoraClient() as client, choose_provider() as provider:
        await client.model_provider.set(PROVIDER, **provider)  # type: ignore[arg-type]
        if "base_url" in provider:  # Anthropic's prices are known; a model of your own is used once it has one
            await client.token_billing.set_price(PROVIDER, MODEL, 0, 0)
        model = f"{PROVIDER}:{MODEL}"
        researcher = AgentSpecification(model=model, instructions="You research. Answer with one fact.")
        writer = AgentSpecification(
            model=model,
            instructions="You write one cheerful sentence about what ClaudeResearcher finds. Ask it first.",
            tools=["agent:ClaudeResearcher"],
        )
        for name, specification in (("ClaudeResearcher", researcher), ("ClaudeWriter", writer)):
            declared = await client.declared_agent.apply(name, specification)
            print(f"{name} {declared.change}, version {declared.version}")
        question = "Write about octopuses."
        print(f"> {question}")
        await ask(client, question)
        while sys.stdin.isatty() and (line := (await asyncio.to_thread(input, "> ")).strip()):
            await ask(client, line)


if __name__ == "__main__":
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        asyncio.run(main())
