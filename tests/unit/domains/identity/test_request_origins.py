"""Requests of web pages or proxies are never treated as the operator's."""

from __future__ import annotations

import httpx
import pytest

from agora.net.egress_policy import EgressPolicy
from agora.net.http_client import HttpClient
from tests.harness import Running


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://["},
        {"Origin": "http://[::1"},
        {"Origin": "http://localhost:99999999"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "https://127.0.0.1:8080"},
        {"Origin": "chrome-extension://localhost"},
        {"Origin": "http://localhost.:8080"},
        {"Origin": "file://"},
        {"Origin": ""},
        {"Host": "localhost."},
        {"Host": "127.1"},
        {"Via": "1.1 proxy"},
        {"X-Forwarded-Proto": "https"},
        {"X-Forwarded-Server": "proxy"},
        {"CF-Connecting-IP": "203.0.113.7"},
    ],
    ids=str,
)
async def test_request_of_a_foreign_page_or_proxy_is_anonymous(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.get("/tokens", headers=headers)
    assert answer.status_code == 401, answer.text


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
async def test_own_pages_are_local(server: Running, name: str) -> None:
    url = server.url.replace("127.0.0.1", name)
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{url}/tokens", headers={"Origin": url})).status_code == 200


async def test_pages_through_a_tunnel_from_another_port_are_local(client: httpx.AsyncClient) -> None:
    headers = {"Host": "localhost:9000", "Origin": "http://localhost:9000"}
    assert (await client.get("/tokens", headers=headers)).status_code == 200


async def test_forwarded_requests_are_never_the_operator(server: Running) -> None:
    courier = HttpClient(server.url, EgressPolicy(private=True), 5.0, None)
    try:
        reply = await courier.request("GET", "/tokens", {"host": courier.host})
        async for _ in reply:
            pass
        reply.close()
    finally:
        courier.close()
    assert reply.status == 401
