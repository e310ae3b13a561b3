"""The protocol's own server-everything as a third-party upstream, over HTTP and as a command."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from scripts import conformance_mcp as suite

from agora.core.call import Caller
from agora.domains.mcp_upstreams.jobs import UpstreamReconciler
from agora.server.app import App
from tests.conformance.engines import Engine, RunsOn
from tests.everything import PACKAGE
from tests.harness import ManualClock, free_port, make_settings
from tests.market import Market
from tests.polling import eventually

RUNS_ON = RunsOn.BOTH_IF_LONG


@pytest.fixture(scope="module")
def everything() -> list[str]:
    try:
        return suite.install(PACKAGE)
    except suite.Unavailable as error:
        if os.environ.get("AGORA_REQUIRE") == "all":
            raise
        pytest.skip(str(error))


@asynccontextmanager
async def listening(command: list[str]) -> AsyncIterator[str]:
    """Run the reference server as a separate process. Yields its URL."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *command,
        "streamableHttp",
        env=os.environ | {"PORT": str(port)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # node may be a program that starts the real one
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(60):
            while b"listening" not in (line := await process.stderr.readline()):
                assert line, "it ended"
        draining = asyncio.create_task(process.stderr.read())
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    await draining


async def tour(market: Market, caller: Caller) -> None:
    """Call every kind of item that an agent may use."""
    shown = await market.call(caller, "upstream.get", upstream="everything")
    found = {item.name: item for item in shown.items}
    assert not [item for item in shown.items if item.state.value != "active"], "nothing is dropped"
    assert {"echo", "get-sum", "get-structured-content", "trigger-long-running-operation"} <= found.keys()
    services = await market.call(caller, "discovery.list", category="everything")
    assert "everything.echo" in {service.name for service in services.services}

    async def call(tool: str, **arguments: Any) -> Any:
        return await market.call(caller, "upstream.call", upstream="everything", tool=tool, arguments=arguments)

    assert (await call("echo", message="hello")).content == [{"type": "text", "text": "Echo: hello"}]
    assert "5" in (await call("get-sum", a=2, b=3)).content[0]["text"]
    assert (await call("get-structured-content", location="New York")).structured_content["temperature"] == 33
    assert (await call("get-tiny-image")).content[1]["type"] == "image"
    assert (await call("get-sum", a="x")).is_error

    heard: list[Any] = []

    async def hear(done: float, total: float | None, message: str | None) -> None:
        heard.append((done, total))

    operation = market.app.registry.resolve("everything.trigger-long-running-operation", None, "default")
    await market.app.dispatcher.invoke(operation, caller, {"duration": 0.3, "steps": 3}, progress=hear)
    assert heard == [(1, 3), (2, 3), (3, 3)]
    resource = next(item.name for item in shown.items if item.kind.value == "resource")
    assert (await market.call(caller, "upstream.read", upstream="everything", uri=resource)).contents
    prompt = await market.call(caller, "upstream.prompt", upstream="everything", prompt="simple-prompt")
    assert prompt.messages


async def settled(market: Market) -> None:
    (keeper,) = [found for found in market.app.controllers if isinstance(found, UpstreamReconciler)]

    async def ask() -> Any:
        await keeper.step()
        await keeper.wait_until_idle()
        return await market.call(market.operator, "upstream.get", upstream="everything")

    await eventually(ask, lambda upstream: upstream.listed_at is not None)


@pytest.fixture(params=["http", "stdio"])
async def market(
    request: pytest.FixtureRequest, everything: list[str], engine: Engine, tmp_path: Path, clock: ManualClock
) -> AsyncIterator[Market]:
    """A server with the reference server as an upstream."""
    async with listening(everything) as url:
        remote, program = {"url": url}, {"command": everything[0], "args": [everything[1], "stdio"]}
        entry = remote if request.param == "http" else program
        file = tmp_path / "mcp.json"
        file.write_text(json.dumps({"mcpServers": {"everything": entry}}))
        settings = make_settings(tmp_path / "data", mcp_config=file, mcp_commands=True)
        app = App(settings, clock=clock, store=engine.store(clock))
        await app.start()
        market = Market(app, clock)
        await settled(market)
        yield market
        await app.stop()


async def test_items_of_the_reference_server_are_offered(market: Market) -> None:
    await tour(market, await market.agent("Ada"))


async def test_reference_server_is_callable_over_rest(market: Market) -> None:
    ada = await market.call(market.operator, "agent.register", agent_name="Ada")
    transport = httpx.ASGITransport(market.app, client=("127.0.0.1", 50000))
    headers = {"Authorization": f"Bearer {ada.token}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080", headers=headers) as client:
        answer = await client.post("/tools/everything/echo", json={"arguments": {"message": "by REST"}})
        assert (answer.status_code, answer.json()["content"][0]["text"]) == (200, "Echo: by REST")
        assert (await client.post("/tools/everything/nothing", json={})).status_code == 404
        assert (await client.get("/upstreams/everything")).json()["state"] == "connected"
