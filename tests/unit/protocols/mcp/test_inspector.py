"""The protocol's own inspector, a client of the TypeScript SDK, on the command line."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest
from pydantic_core import from_json
from scripts import conformance_mcp as suite

from tests.harness import Running
from tests.unit.protocols.mcp.conftest import register
from tests.unit.protocols.mcp.mcp_clients import Wire

PACKAGE = "@modelcontextprotocol/inspector@2.12.0"


@pytest.fixture(scope="module")
def inspector() -> list[str]:
    try:
        return [*suite.install(PACKAGE, "clients/launcher/build/index.js"), "--cli"]
    except suite.Unavailable as error:
        if os.environ.get("AGORA_REQUIRE") == "all":
            raise
        pytest.skip(str(error))


@pytest.mark.long
async def test_inspector_calls_every_method(inspector: list[str], server: Running, wire: Wire) -> None:
    await register(wire, "Bob", description="builds")

    async def inspect(*arguments: str, query: str = "") -> Any:
        command = [*inspector, f"{server.url}/mcp{query}", "--transport", "http", *arguments]
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(60):
            output, errors = await process.communicate()
        assert output, errors.decode()
        assert b"Warning: tool" not in errors, errors.decode()  # about portability, in strict mode
        return from_json(output)

    call = ("--method", "tools/call", "--tool-name")
    for query, name in (("", "agora_messaging_send"), ("?view=full", "agora.messaging.send")):
        tools = (await inspect("--method", "tools/list", "--strict", query=query))["tools"]
        assert name in {tool["name"] for tool in tools}
    sent = await inspect(
        *call, "agora.messaging.send", "--tool-arg", "to_agent=Bob", "--tool-arg", "content=hello", query="?view=full"
    )
    assert sent["structuredContent"]["message_id"].startswith("msg_")
    found = await inspect(*call, "agora_agent_get", "--tool-arg", "agent_id=Bob", query="?names=underscore")
    assert found["structuredContent"]["description"] == "builds"
    failed = await inspect(*call, "agora.agent.get", "--tool-arg", "agent_id=Nobody", query="?view=full")
    assert failed["_meta"]["agora/problem"]["code"] == "not_found"
    read = await inspect("--method", "resources/read", "--uri", "agora://agents/Bob")
    assert from_json(read["contents"][0]["text"])["agent_name"] == "Bob"
    prompt = await inspect(
        "--method", "prompts/get", "--prompt-name", "review_workflow", "--prompt-args", "workflow_id=wf_1"
    )
    assert "wf_1" in prompt["messages"][0]["content"]["text"]
