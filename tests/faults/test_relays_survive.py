"""SIGKILL during a relay: its intent survives, its outcome is unknown, and it is never repeated."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import websockets

from tests.faults.server_process import Victim
from tests.mcp_upstream import Far, serving
from tests.polling import eventually

CALL = "/tools/far/slow"
KEY = {"Idempotency-Key": "once"}


def _relays(database: Path) -> list[tuple[str, str]]:
    connection = sqlite3.connect(database)
    try:
        return connection.execute("select status, target from relays order by relay_id").fetchall()
    finally:
        connection.close()


async def _heard(victim: Victim) -> Any:
    """Return the event that reports an unknown outcome."""
    async with asyncio.timeout(60), websockets.connect(f"ws://127.0.0.1:{victim.port}/ws?last_event_id=0") as socket:
        async for frame in socket:
            event = json.loads(frame)
            if event.get("type") == "agora.relay.unknown":
                return event
    raise AssertionError("the stream ended")


async def test_interrupted_relay_has_an_unknown_outcome(tmp_path: Path) -> None:
    far = Far()
    async with serving(far.app()) as url:
        victim = Victim(tmp_path / "data", mcp_server_urls=f"far={url}", mcp_timeout="0.5", rate_basic="100000")
        await victim.start()
        async with httpx.AsyncClient(base_url=victim.url, timeout=60) as client:
            await eventually(lambda: client.get("/upstreams/far"), lambda answer: answer.json()["tools"] > 0)
            calling = asyncio.create_task(client.post(CALL, json={"timeout": 1.0}, headers=KEY))
            await far.began.wait()
            await asyncio.to_thread(victim.kill)
            assert isinstance((await asyncio.gather(calling, return_exceptions=True))[0], httpx.TransportError)
        assert _relays(victim.database) == [("pending", "far.slow")]

        await victim.start()
        async with httpx.AsyncClient(base_url=victim.url, timeout=60) as client:
            repeated = await client.post(CALL, json={"timeout": 1.0}, headers=KEY)
            assert (repeated.status_code, repeated.json()["outcome"]) == (409, "pending")
            assert (await _heard(victim))["data"]["target"] == "far.slow"
            repeated = await client.post(CALL, json={"timeout": 1.0}, headers=KEY)
            assert (repeated.status_code, repeated.json()["outcome"]) == (409, "unknown")
            far.go.set()
            other = await client.post(CALL, json={"timeout": 1.0}, headers={"Idempotency-Key": "anew"})
            assert other.json()["content"][0]["text"] == "done"
        assert await asyncio.to_thread(victim.terminate) == 0
        assert _relays(victim.database) == [("unknown", "far.slow"), ("done", "far.slow")]
        assert [name for name, _ in far.asked] == ["slow", "slow"]
