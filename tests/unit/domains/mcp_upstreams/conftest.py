"""A running upstream, and a connection pool with short pauses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from agora.domains.mcp_upstreams.client.breaker import ConnectionParameters
from agora.domains.mcp_upstreams.client.pool import ConnectionPool
from agora.domains.mcp_upstreams.port import Endpoint
from agora.net.sealing import Sealer
from tests.mcp_upstream import Far, serving

Make = Callable[..., Endpoint]
QUICK = ConnectionParameters(first=0.01, longest=0.05, max_retry_wait=0, connect=60, keepalive=30)


@pytest.fixture(params=["modern", "handshake"])
def far(request: pytest.FixtureRequest) -> Far:
    return Far(modern=request.param == "modern")


@pytest.fixture
async def url(far: Far) -> AsyncIterator[str]:
    async with serving(far.app()) as url:
        yield url


@pytest.fixture
async def pool() -> AsyncIterator[ConnectionPool]:
    pool = ConnectionPool(Sealer(b"k" * 32), tuning=QUICK)
    yield pool
    await pool.close()


@pytest.fixture
def endpoint(url: str) -> Endpoint:
    return make(url=url)


def make(**values: Any) -> Endpoint:
    defaults: dict[str, Any] = {
        "tenant": "default",
        "upstream_id": "ups_1",
        "revision": 1,
        "name": "far",
        "transport": "http",
        "private": True,
        "timeout": 60.0,
    }
    return Endpoint(**(defaults | values))
