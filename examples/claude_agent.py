"""Two declared agents with the model Claude: a writer that asks a researcher. The server runs both.

Usage, with a running server and agora-server[models] installed: python examples/claude_agent.py

The model is Anthropic's, with ANTHROPIC_API_KEY, or else the one at LLM_URL (default: http://localhost:4000), by OpenAI's protocol
or that of LLM_WIRE; LLM_MODEL is its name. If neither is available, a scripted model answers. In a terminal, the program then reads
further questions to the writer.
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
    """Answer as the scripted model: the researcher states a fact; the writer asks it and writes a sentence."""
    if "You research" in request.system:
        return ScriptedReply("Octopuses have three hearts.", pause=0.02)
    if not request.results:
        return ScriptedReply("I ask the researcher. ", [ToolCall("ask_ClaudeResearcher", {"message": request.prompt})])
    fact = request.results[-1].split("\n")[1]
    return ScriptedReply(f"Did you know? **{fact}**", pause=0.02)


@contextlib.asynccontextmanager
async def choose_provider() -> AsyncIterator[dict[str, str]]:
    """Yield the model provider: Anthropic, the server at LLM_URL, or the scripted model."""
    url = os.environ.get("LLM_URL", LOCAL_URL)
    if key := os.environ.get("ANTHROPIC_API_KEY"):
        print("Using Claude with ANTHROPIC_API_KEY.")
        yield {"wire": "anthropic", "api_key": key}
    elif await is_reachable(url):
        print(f"Using the model at {url}.")
        yield {
            "wire": os.environ.get("LLM_WIRE", "openai"),
            "base_url": url,
            "api_key": os.environ.get("LLM_KEY", "none"),
        }
    else:
        print(f"No ANTHROPIC_API_KEY, and no server at {url}: using a scripted model.")
        async with ScriptedModel(play_model) as model:
            yield {"wire": "anthropic", "base_url": model.url("anthropic"), "api_key": "none"}


async def is_reachable(url: str) -> bool:
    """Whether a server accepts connections at the URL."""
    parts = urlsplit(url)
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(parts.hostname, parts.port or 80), 2)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def ask(client: AgoraClient, question: str) -> None:
    """Assign a task to the writer and print its output while it is generated."""
    receipt = await client.task.assign("a2a.message", {"text": question}, "ClaudeWriter")
    async for entry in client.task.stream(receipt.task_id):
        if entry.type == "output":
            print(entry.content, end="", flush=True)
    task = await client.task.get(receipt.task_id)
    print(f"\n[{task.status}] {task.error or ''}".rstrip(), flush=True)


async def main() -> None:
    async with AgoraClient() as client, choose_provider() as provider:
        await client.model_provider.set(PROVIDER, **provider)  # type: ignore[arg-type]
        if "base_url" in provider:  # a model without a price is not used; only Anthropic's prices are built in
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
