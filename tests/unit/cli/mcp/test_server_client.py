"""The bridge's HTTP client, before a server that misbehaves."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from agora.cli.mcp.server_client import Answer, ServerClient
from agora.cli.mcp.server_location import FixedLocation
from agora_sdk import mcp_wire
from agora_sdk.credentials import Credentials
from agora_sdk.errors import UpstreamFailed
from agora_sdk.identity import Identity
from tests.stream_server import serve_streams


async def test_answer_without_an_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would fill the memory of the bridge."""
    monkeypatch.setattr(mcp_wire, "MAX_EVENT_BYTES", 1_000_000)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(b" " * 65_536)
                await writer.drain()

    async def deliver(answer: Answer) -> None:
        raise AssertionError

    async with serve_streams(answer) as port, asyncio.timeout(30):
        url = f"http://127.0.0.1:{port}"
        client = ServerClient(FixedLocation(url), Identity(Credentials(tmp_path / "c.json"), url, "default"))
        with pytest.raises(UpstreamFailed, match="larger than 1,000,000 bytes"):
            await client.exchange_messages(b"{}", {}, deliver)
        await client.close()
