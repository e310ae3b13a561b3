"""Bridges without an address: they use the running server of this machine, start their own, or share another bridge's."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from agora.cli.mcp import server_location as place
from agora.cli.mcp.server_location import ADDRESS_FILE, LocalLocation
from agora.server.app import App
from agora.settings import Settings
from agora_sdk import AgoraClient
from tests.harness import Running, make_settings, running
from tests.stream_server import serve_streams
from tests.unit.cli.mcp.conftest import Bridges, Wire

pytestmark = pytest.mark.long


async def _called(wire: Wire, name: str, **arguments: Any) -> Any:
    return (await wire.ask("tools/call", {"name": name, "arguments": arguments}))["result"]["structuredContent"]


def _address(bridges: Bridges) -> Path:
    return Path(bridges.environment["AGORA_DATA_DIR"]) / ADDRESS_FILE


async def test_second_bridge_takes_over_a_shared_server(bridges: Bridges) -> None:
    first = await bridges("--embedded")
    assert (await first.shake_hands())["result"]["serverInfo"]["name"] == "agora"
    url = _address(bridges).read_text().strip()
    second = await bridges("--embedded")
    await second.shake_hands()
    assert _address(bridges).read_text().strip() == url
    await _called(first, "agora.agent.register", agent_name="Shared")
    listed = await _called(second, "agora.query.agents")
    assert [agent["agent_name"] for agent in listed["agents"]] == ["Shared"]
    code, log = await first.end()
    assert code == 0
    assert "starting one" in log
    listed = await _called(second, "agora.query.agents")  # by its own server, on the same data directory
    assert [agent["agent_name"] for agent in listed["agents"]] == ["Shared"]
    assert _address(bridges).read_text().strip() != url
    await second.end()
    assert not _address(bridges).exists()


async def test_server_ends_with_its_bridge_however_it_ends(bridges: Bridges) -> None:
    wire = await bridges("--embedded")
    await wire.shake_hands()
    url = _address(bridges).read_text().strip()
    assert httpx.get(f"{url}/health").json()["status"] == "healthy"
    wire.process.send_signal(signal.SIGKILL)
    assert wire.process.stderr is not None
    async with asyncio.timeout(60):
        await wire.process.stderr.read()  # which ends when the last program with its write end has ended
    assert not _address(bridges).exists()  # the server removed it, so it ended cleanly


async def test_credentials_are_stored_under_the_default_address(
    bridges: Bridges, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials are stored by address; an embedded server has a new address each time."""
    monkeypatch.setenv("AGORA_CREDENTIALS", bridges.environment["AGORA_CREDENTIALS"])
    async with running(App(make_settings(Path(bridges.environment["AGORA_DATA_DIR"])))) as server:
        async with AgoraClient(server.url) as client:
            await client.register("Resident")
        kept = Path(bridges.environment["AGORA_CREDENTIALS"])
        kept.write_text(kept.read_text().replace(server.url, "http://127.0.0.1:8080"))
    wire = await bridges("--embedded", "--agent", "Resident")
    await wire.shake_hands()
    sent = await _called(wire, "agora.messaging.send", to_agent="Resident", content="to myself")
    assert sent["status"] == "queued"
    mine = await _called(wire, "agora.messaging.receive")
    assert [message["content"] for message in mine["messages"]] == ["to myself"]


async def test_running_server_is_found(server: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AGORA_DATA_DIR", str(tmp_path / "mine"))
    nearby = LocalLocation(server.url)
    assert await nearby.resolve_address() == server.url
    (tmp_path / "mine").mkdir()
    told = tmp_path / "mine" / ADDRESS_FILE
    told.write_text(f"{server.url}\n")
    assert await LocalLocation("http://127.0.0.1:1").resolve_address() == server.url
    assert await LocalLocation("http://127.0.0.1:1", embedded=True).resolve_address() == server.url


async def test_restarting_server_is_awaited(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Settings
) -> None:
    """Otherwise a bridge would take the data directory while the server restarts."""
    monkeypatch.setenv("AGORA_DATA_DIR", str(tmp_path / "mine"))
    async with running(App(settings)) as server:
        nearby = LocalLocation(server.url)
        assert await nearby.resolve_address() == server.url
    nearby.mark_lost()
    assert await nearby.resolve_address() == server.url
    assert not (tmp_path / "mine").exists()


async def test_other_program_is_not_mistaken_for_a_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, unused_server: str
) -> None:
    monkeypatch.setenv("AGORA_DATA_DIR", str(tmp_path))
    assert not await place.is_agora_server(unused_server)
    (tmp_path / ADDRESS_FILE).write_text("http://agora.example.com\n")
    assert place.read_published_address_or_none() is None  # only addresses of this machine are trusted


async def test_answer_without_an_end_is_not_a_server() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(b" " * 65_536)
                await writer.drain()

    async with serve_streams(answer) as port, asyncio.timeout(30):
        assert not await place.is_agora_server(f"http://127.0.0.1:{port}")


async def test_deeply_nested_answer_is_not_a_server() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n" + b"[" * 60_000)
        await writer.drain()
        writer.close()

    async with serve_streams(answer) as port, asyncio.timeout(30):
        assert not await place.is_agora_server(f"http://127.0.0.1:{port}")


@pytest.fixture
async def unused_server() -> Any:
    """Another program that speaks HTTP."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    async with serve_streams(answer) as port:
        yield f"http://127.0.0.1:{port}"


async def test_failed_start_is_reported(bridges: Bridges) -> None:
    wire = await bridges("--embedded", "--patience", "0.1", AGORA_OFFLINE_AFTER="nonsense")
    refused = (await wire.ask("tools/list"))["error"]
    assert "could not be started" in refused["message"]
    _, log = await wire.end()
    assert "offline_after" in log


async def test_address_and_embedded_server_are_exclusive(bridges: Bridges) -> None:
    wire = await bridges("--embedded", "--url", "http://127.0.0.1:1")
    code, log = await wire.ended()
    assert code == 2
    assert "--url" in log
    assert os.path.exists(bridges.environment["AGORA_DATA_DIR"]) is False
