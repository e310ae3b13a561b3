"""Allowed addresses of upstreams: never in the operator's own network, even if a name resolves differently later."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from agora.domains.mcp_upstreams.client.addresses import (
    AddressRefused,
    is_public_address,
    reject_forbidden_url,
    resolve_public_addresses,
)
from agora.domains.mcp_upstreams.client.pool import ConnectionPool
from agora.net.sealing import Sealer
from agora_sdk.errors import InvalidRequest, UpstreamUnavailable
from tests.mcp_upstream import Far
from tests.unit.domains.mcp_upstreams.conftest import QUICK, make
from tests.unit.domains.mcp_upstreams.test_upstream_connections import call

PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "fe80::1%eth0",
    "fec0::1",
    "64:ff9b:1::a9fe:a9fe",
    "::127.0.0.1",
    "168.63.129.16",  # credentials of virtual machines on Azure
    "192.0.0.192",  # and on Oracle Cloud
    "::ffff:168.63.129.16",
]
PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_recognized(address: str) -> None:
    assert not is_public_address(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_recognized(address: str) -> None:
    assert is_public_address(address)


@pytest.mark.parametrize(
    "url",
    [
        *(f"http://{f'[{found}]' if ':' in found else found}:80/mcp" for found in PRIVATE if "%" not in found),
        "http://localhost/mcp",
        "http://localhost./mcp",
        "http://metadata.google.internal./",
        "http://api.localhost/mcp",
        "http://printer.local/mcp",
        "http://metadata.google.internal/",
        "http://intranet/mcp",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://127.1/",
        "http://0177.0.0.1/",
    ],
)
def test_urls_with_private_addresses_are_refused(url: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        reject_forbidden_url(url, private=False)
    assert caught.value.errors[0]["field"] == "url"
    reject_forbidden_url(url, private=True)


@pytest.mark.parametrize(
    "url", ["ftp://example.com/", "http://user:pw@example.com/", "http://[::1", "http:///x", "http://a:99999/", "x"]
)
def test_invalid_urls_are_refused(url: str) -> None:
    with pytest.raises(InvalidRequest):
        reject_forbidden_url(url, private=True)


def test_valid_urls_are_accepted() -> None:
    for url in ("https://mcp.example.com/mcp", "http://93.184.216.34:8000/", "https://[2606:4700::1111]/"):
        reject_forbidden_url(url, private=False)


async def test_name_with_one_private_address_is_refused() -> None:
    async def resolver(host: str, port: int) -> Sequence[str]:
        return ["93.184.216.34", "127.0.0.1"]

    with pytest.raises(AddressRefused, match=r"127\.0\.0\.1"):
        await resolve_public_addresses("example.com", 443, resolver)


@pytest.fixture
async def asked() -> list[str]:
    return []


@pytest.fixture
async def strict(asked: list[str]) -> AsyncIterator[ConnectionPool]:
    """A pool that resolves every name to this machine."""

    async def resolver(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    pool = ConnectionPool(Sealer(b"k" * 32), tuning=QUICK, resolver=resolver)
    yield pool
    await pool.close()


async def test_name_is_checked_on_connect(strict: ConnectionPool, asked: list[str], url: str, far: Far) -> None:
    port = url.split(":")[2]
    endpoint = make(url=f"http://mcp.example.com:{port}", private=False)
    reject_forbidden_url(endpoint.url or "", private=False)
    with pytest.raises(UpstreamUnavailable, match="not a public address"):
        await call(strict, endpoint, "echo", text="")
    assert set(asked) == {"mcp.example.com"}
    assert not far.headers, "nothing reached it"
