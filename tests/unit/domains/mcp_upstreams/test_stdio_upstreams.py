"""Upstreams that are programs, over standard streams."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from agora.domains.mcp_upstreams.client.pool import ConnectionPool
from agora.domains.mcp_upstreams.port import Endpoint
from agora_sdk.errors import UpstreamFailed, UpstreamUnavailable
from tests.unit.domains.mcp_upstreams.conftest import make
from tests.unit.domains.mcp_upstreams.test_upstream_connections import call, until

ROOT = Path(__file__).parents[4]


def program(pool: ConnectionPool, **environment: str) -> Endpoint:
    secrets = pool.seal_secrets({"PYTHONPATH": str(ROOT)} | environment, "ups_1")
    return make(transport="stdio", command=(sys.executable, "-m", "tests.mcp_upstream"), secrets=secrets, timeout=30.0)


async def test_program_is_started_and_called(pool: ConnectionPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "not for it")
    endpoint = program(pool, TOKEN="s3cret")
    listing = await pool.read_listing(endpoint)
    assert {"echo", "slow"} <= {item.name for item in listing.items}
    assert (await call(pool, endpoint, "environment", name="TOKEN"))["content"][0]["text"] == "s3cret"
    assert (await call(pool, endpoint, "environment", name="OURS"))["content"][0]["text"] == ""


async def test_ended_program_is_restarted(pool: ConnectionPool) -> None:
    endpoint = program(pool)
    await call(pool, endpoint, "echo", seconds=30, text="there")
    with pytest.raises(UpstreamFailed) as caught:
        await call(pool, endpoint, "die")
    assert caught.value.outcome == "unknown"
    while True:
        try:
            answer = await call(pool, endpoint, "echo", seconds=30, text="again")
            break
        except UpstreamUnavailable:
            await until(pool, "connected")
    assert answer["content"][0]["text"] == "again"


async def test_missing_program_is_reported(pool: ConnectionPool) -> None:
    for number, name in enumerate(("/no/such/program", "no-such-program")):
        endpoint = make(upstream_id=f"ups_{number}", transport="stdio", command=(name,))
        with pytest.raises(UpstreamUnavailable, match=f"there is no program {name}"):
            await call(pool, endpoint, "echo", text="")


async def test_no_process_remains(pool: ConnectionPool) -> None:
    endpoint = program(pool)
    await call(pool, endpoint, "echo", seconds=30, text="there")
    await pool.close()
    assert not [task for task in asyncio.all_tasks() if (task.get_name() or "").startswith("upstream")]
