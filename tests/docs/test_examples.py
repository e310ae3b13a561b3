"""The examples run unchanged, as processes, against a real server."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client, StdioServerParameters

from agora.server.app import App
from agora_sdk import AgoraClient
from tests.harness import Running, make_settings, running
from tests.stand_in_http import serve_http

EXAMPLES = Path(__file__).parents[2] / "examples"
SECONDS = 60


@asynccontextmanager
async def started(server: Running, name: str, *arguments: str) -> AsyncIterator[Process]:
    """Run an example for the duration of the block."""
    environ = os.environ | {"AGORA_URL": server.url, "PYTHONIOENCODING": "utf-8"}
    command = (sys.executable, str(EXAMPLES / name), *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=STDOUT, env=environ)
    try:
        async with asyncio.timeout(SECONDS):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def printed(server: Running, name: str) -> str:
    """Run an example to its end, which must succeed. Returns its output."""
    async with started(server, name) as process:
        output = (await process.communicate())[0].decode()
    assert process.returncode == 0, output
    return output


async def _line(process: Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().strip()


async def test_quickstart(server: Running) -> None:
    output = await printed(server, "quickstart.py")
    assert "services available" in output
    assert "Marketplace status: healthy" in output
    assert "Onboarding complete!" in output
    assert "Onboarding complete!" in await printed(server, "quickstart.py"), "it runs a second time"
    async with httpx.AsyncClient(base_url=server.url) as client:
        events = (await client.get("/agora/event/list?types=agora.broadcast.sent")).json()["events"]
    assert [event["data"]["message_type"] for event in events] == ["introduction"] * 2


async def test_sync_client(server: Running) -> None:
    output = await printed(server, "sync_client.py")
    assert "SyncAgent has the capability reporting; status: active" in output
    assert "SyncAgent: Note to myself: hello!" in output
    assert "not_found: " in output


async def test_agents_in_any_order(server: Running) -> None:
    first = await printed(server, "agents_in_any_order.py")
    assert "LateAgent has registered; held messages: 1" in first
    assert "LateAgent read: Welcome!" in first
    assert "EarlyAgent read: Thank you!" in first
    again = await printed(server, "agents_in_any_order.py")
    assert "LateAgent is registered already" in again
    assert "EarlyAgent read: Thank you!" in again


async def test_watch_events(server: Running) -> None:
    async with started(server, "watch_events.py", "1") as process:
        assert await _line(process) == "watching"
        async with AgoraClient(server.url) as client:
            registration = await client.register("Somebody")
        seen = (await _line(process)).split()
        assert seen[1:] == ["agora.agent.registered", registration.agent_id]
        assert await process.wait() == 0


async def test_echo_agent(server: Running) -> None:
    async with started(server, "echo_agent.py") as process:
        assert await _line(process) == "Echo is listening"
        async with AgoraClient(server.url) as client:
            await client.register("Caller")
            reply = await client.request("Echo", "Hello?", timeout=60)
        assert (reply.from_name, reply.content) == ("Echo", "Hello?")
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


async def test_pipeline(server: Running) -> None:
    async with started(server, "pipeline.py") as process:
        lines = [await _line(process) for _ in range(3)]
        assert lines == ["Extractor offers extract", "Transformer offers transform", "Loader offers load"]
        command = ("-m", "agora.cli", "workflow", "create", str(EXAMPLES / "pipeline.yaml"), "--watch")
        environ = os.environ | {"AGORA_URL": server.url}
        watched = await asyncio.create_subprocess_exec(
            sys.executable, *command, stdout=PIPE, stderr=STDOUT, env=environ
        )
        output = (await watched.communicate())[0].decode()
        assert watched.returncode == 0, output
        assert "3 of 3 parts" in output
        async with AgoraClient(server.url) as client:
            [workflow] = (await client.workflow.list()).workflows
            loaded: Any = (await client.workflow.status(workflow.workflow_id)).steps[-1].result
            parts = (await client.task.list(task_type="transform")).tasks
        assert loaded["readings"] == 3 * 24 - 1, "one is broken"
        assert sum(part.output_size > 0 for part in parts) == 1
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


@pytest.fixture
async def helpful(tmp_path: Path) -> AsyncIterator[Running]:
    """A server with the built-in agents."""
    async with running(App(make_settings(tmp_path / "helpful", builtin_agents=True))) as server:
        yield server


async def test_agent_to_agent_messaging(helpful: Running) -> None:
    output = await printed(helpful, "agent_to_agent_messaging.py")
    for expected in (
        "✓ Custom agents initialized and subscribed to events",
        "Coordinator response: Task coordination initiated",
        "📊 NOTIFICATION: Data collected - 1 total items",
        "📊 NOTIFICATION: Data collected - 2 total items",
        "Collected 2 data points:\n- calculation from Calculator Agent\n- analysis from Analysis Agent",
        "Notification Agent response: Sent 3 notifications so far.",
        "Memory Agent response: Stored 'Important Data' with key 'demo_key'",
    ):
        assert expected in output


async def test_connect_remote_agent(helpful: Running) -> None:
    output = await printed(helpful, "connect_remote_agent.py")
    assert "✓ Connected to remote agent: Agora" in output
    assert "→ User: Calculate 100 / 4\n← Remote agent: The result is 25.0" in output
    assert "← Remote agent: Stored 'The result is 25.0' with key 'remote_result'" in output
    assert "Statistics: 8 words" in output
    assert "Streaming: True" in output


async def test_a2a_cli(helpful: Running) -> None:
    arguments = (helpful.url, "--message", "Calculate 10 + 5")
    async with started(helpful, "a2a_cli.py", *arguments) as process:
        output = (await process.communicate())[0].decode()
    assert (process.returncode, output) == (0, "The result is 15\n")


def test_every_example_is_run() -> None:
    tests = "".join(test.read_text() for test in Path(__file__).parents[1].rglob("test_*.py"))
    examples = [example.name for kind in ("*.py", "*.yaml") for example in EXAMPLES.glob(kind)]
    assert [name for name in examples if f'"{name}"' not in tests] == []


async def test_livekit_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rooms = {"CreateRoom": {"name": "demo", "sid": "RM_1"}, "ListRooms": {"rooms": [{"name": "demo", "sid": "RM_1"}]}}

    def answer(method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        return 200, rooms[path.rpartition("/")[2]]

    async with serve_http(answer) as url:
        keys = {
            "livekit_url": url,
            "livekit_api_key": "k",
            "livekit_api_secret": "a secret that is long enough for HS256",
        }
        async with running(App(make_settings(tmp_path / "data", **keys))) as server:
            plain = await printed(server, "livekit_demo.py")
            assert "LiveKit's library" not in plain  # the demo needs the secret
            monkeypatch.setenv("LIVEKIT_API_KEY", keys["livekit_api_key"])
            monkeypatch.setenv("LIVEKIT_API_SECRET", keys["livekit_api_secret"])
            output = await printed(server, "livekit_demo.py")
    assert "The room demo is open." in output
    assert output.count(", as LiveKit's library confirms: ") == 3
    assert "Guest joins as viewer" in output
    assert "Rooms: demo" in output


async def test_mcp_external_client(server: Running) -> None:
    configuration = json.loads((EXAMPLES / "cline_mcp_config_example.json").read_text("utf-8"))
    command, *arguments = configuration["mcpServers"]["agora"]["args"]
    assert EXAMPLES.parent / command == EXAMPLES / "mcp_external_client.py"
    arguments[arguments.index("--endpoint") + 1] = f"{server.url}/mcp/v1/rpc"
    parameters = StdioServerParameters(command=sys.executable, args=[str(EXAMPLES.parent / command), *arguments])
    async with asyncio.timeout(SECONDS), Client(parameters, cache=None) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
    assert names
