"""The direct client returns the same results as the SDK's client, for any upstream response."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx2
import pytest
from mcp.shared.exceptions import MCPError

from agora.domains.mcp_upstreams.client.direct_client import DirectClient
from agora.domains.mcp_upstreams.client.pool import ConnectionPool
from agora.domains.mcp_upstreams.client.transport import GuardedTransport
from agora.domains.mcp_upstreams.client.transport_errors import TransportErrors
from agora.domains.mcp_upstreams.oauth.challenge import Challenge
from agora.domains.mcp_upstreams.port import Endpoint
from agora.net.egress_policy import EgressPolicy
from agora.net.http_client import HttpClient
from agora.net.sealing import Sealer
from agora_sdk.errors import AgoraError, UpstreamUnavailable
from tests.hostile_upstream import Heard, Rogue, events, message, whole
from tests.polling import wait_until
from tests.unit.domains.mcp_upstreams.conftest import QUICK, make

Answer = Callable[[Heard], bytes]
GOOD = {
    "content": [{"type": "text", "text": "grüße\u2028"}],
    "structuredContent": {"n": 1.5, "l": [None]},
    "_meta": {"k": 1},
}


def as_json(heard: Heard, found: Any, **more: str) -> bytes:
    return whole(json.dumps(found).encode(), **more)


def error(heard: Heard, code: int = -32000, **more: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": heard.json["id"], "error": {"code": code, "message": "no", **more}}


def told(heard: Heard, **params: Any) -> dict[str, Any]:
    token = heard.json["params"].get("_meta", {}).get("progressToken")
    return {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": token, **params}}


LOG = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "x"}}

ANSWERS: dict[str, Answer] = {
    "json": lambda h: as_json(h, message(h, GOOD)),
    "stream": lambda h: events(message(h, GOOD)),
    "stream that stays open": lambda h: events(message(h, GOOD), end=False),
    "stream with words before": lambda h: events(LOG, told(h, progress=1, total=2, message="m"), message(h, GOOD)),
    "charset": lambda h: as_json(h, message(h, GOOD)).replace(b"/json", b"/json; charset=utf-8"),
    "tool that failed": lambda h: as_json(h, message(h, {"content": [], "isError": True})),
    "result of another form": lambda h: as_json(h, message(h, {"contents": []})),
    "content of another form": lambda h: as_json(h, message(h, {"content": [{"type": "text"}]})),
    "content that is no list": lambda h: as_json(h, message(h, {"content": 7})),
    "no result type": lambda h: as_json(h, {"jsonrpc": "2.0", "id": h.json["id"], "result": {"content": []}}),
    "odd result type": lambda h: as_json(h, message(h, {"content": [], "resultType": 7})),
    "asks for input": lambda h: as_json(h, message(h, {"resultType": "input_required", "inputRequests": {}})),
    "error": lambda h: as_json(h, error(h)),
    "error with data": lambda h: as_json(h, error(h, -32050, data={"a": [1]})),
    "error in a stream": lambda h: events(error(h, -32603)),
    "error with a status": lambda h: as_json(h, error(h, -32602), status="400 Bad Request"),
    "error without an id": lambda h: as_json(h, error(h, -32602) | {"id": None}, status="400 Bad Request"),
    "error like one of ours": lambda h: as_json(h, error(h, -32099, data="0" * 32)),
    "result is a list": lambda h: as_json(h, {"jsonrpc": "2.0", "id": h.json["id"], "result": []}),
    "neither": lambda h: as_json(h, {"jsonrpc": "2.0", "id": h.json["id"]}),
    "text": lambda h: whole(b"hello", kind="text/html"),
    "not JSON": lambda h: whole(b"{"),
    "a list": lambda h: whole(b"[]"),
    "nothing": lambda h: whole(b""),
    "stream that says nothing": lambda h: events(),
    "stream of an answer to nobody": lambda h: events(message(h, GOOD) | {"id": "else"}),
    "accepted": lambda h: whole(b"", "202 Accepted"),
    "400": lambda h: whole(b"no", "400 Bad Request"),
    "401": lambda h: whole(b"", "401 Unauthorized", www_authenticate="Bearer"),
    "403": lambda h: whole(b"", "403 Forbidden"),
    "404": lambda h: whole(b"", "404 Not Found"),
    "429": lambda h: whole(b"", "429 Too Many Requests"),
    "500": lambda h: whole(b"<html>", "500 Internal Server Error", kind="text/html"),
    "503": lambda h: whole(b"x" * 100_000, "503 Service Unavailable"),
    "599": lambda h: whole(b"", "599 Odd"),
    "compressed": lambda h: whole(b"x", content_encoding="gzip"),
    "elsewhere": lambda h: whole(b"", "307 Temporary Redirect", location="http://127.0.0.1:1/mcp"),
    "elsewhere, by GET": lambda h: whole(b"", "302 Found", location="/other"),
}  # fmt: skip


@pytest.fixture
def rogue() -> Rogue:
    return Rogue()


@pytest.fixture
async def endpoint(rogue: Rogue) -> AsyncIterator[Endpoint]:
    async with rogue.listening() as url:
        yield make(url=url)


class _Ways:
    """Counts or blocks requests of the direct path."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.on, self.gone = True, 0
        real = DirectClient.send_request

        async def request(direct: DirectClient, *arguments: Any) -> Any:
            if not self.on:
                from agora.domains.mcp_upstreams.client.direct_client import Redirected

                raise Redirected
            self.gone += 1
            return await real(direct, *arguments)

        monkeypatch.setattr(DirectClient, "send_request", request)


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> _Ways:
    return _Ways(monkeypatch)


async def outcome(call: Awaitable[Any]) -> Any:
    """Return a result, or the caller's view of an error."""
    try:
        return await call
    except AgoraError as error:
        kind = {"kind": type(error).__name__, "outcome": error.extra.get("outcome")}
        return kind | {name: error.extra.get(name) for name in ("upstream_code", "upstream_status")}


@pytest.mark.parametrize("name", ANSWERS)
async def test_direct_client_and_sdk_return_the_same(rogue: Rogue, endpoint: Endpoint, ways: _Ways, name: str) -> None:
    rogue.answers["tools/call"] = lambda heard: heard.say(ANSWERS[name](heard))
    found = []
    for on in (True, False):
        ways.on = on
        pool = ConnectionPool(Sealer(b"k" * 32), tuning=QUICK)
        call = pool.send_request(endpoint, "tools/call", {"name": "do", "arguments": {"a": 1}}, 5, None)
        found.append(await outcome(call))
        await pool.close()
    if name == "accepted":  # responses that the SDK treats as refusals may contain anything
        assert found[0]["outcome"] == "unknown"
    else:
        assert found[0] == found[1]
    assert ways.gone == 1
    first, second, *_ = rogue.called("tools/call")
    assert first.json["params"] == second.json["params"]
    unlike = {"content-length", "user-agent", "connection"}
    kept = [{name: value for name, value in heard.headers.items() if name not in unlike} for heard in (first, second)]
    assert kept[0] == kept[1]


async def test_progress_is_the_same_as_with_the_sdk(rogue: Rogue, endpoint: Endpoint, ways: _Ways) -> None:
    odd = ({"progress": True}, {"progress": "1"}, {}, {"progress": 1, "total": "x"}, {"progress": 1, "message": 7})

    async def counting(heard: Heard) -> None:
        said = [told(heard, progress=number, total=3.5, message=f"at {number}") for number in (1, 2.5)]
        stray = told(heard, progress=9) | {"params": {"progressToken": "another's", "progress": 9}}
        await heard.say(events(*said, stray, *(told(heard, **each) for each in odd), message(heard, GOOD)))

    rogue.answers["tools/call"] = counting
    found = []
    for on in (True, False):
        ways.on = on
        told_here: list[Any] = []

        async def hear(done: float, total: float | None, words: str | None, into: list[Any] = told_here) -> None:
            into.append((done, total, words))

        pool = ConnectionPool(Sealer(b"k" * 32), tuning=QUICK)
        await pool.send_request(endpoint, "tools/call", {"name": "do", "arguments": {}}, 5, hear)
        await pool.close()
        found.append([each for each in told_here if each[0] != 9])
    assert found[0] == [(1, 3.5, "at 1"), (2.5, 3.5, "at 2.5")]
    assert found[1][:2] == found[0]


async def test_direct_client_sends_credentials(rogue: Rogue, endpoint: Endpoint, ways: _Ways) -> None:
    pool = ConnectionPool(Sealer(b"k" * 32), tuning=QUICK)
    secrets = pool.seal_secrets({"Authorization": "Bearer s3cret", "X-Own": "mine"}, "ups_1")
    sealed = make(url=endpoint.url, secrets=secrets)
    await pool.send_request(sealed, "tools/call", {"name": "do", "arguments": {}}, 5, None)
    await pool.close()
    (heard,) = rogue.called("tools/call")
    assert heard.headers["authorization"] == "Bearer s3cret"
    assert heard.headers["accept-encoding"] == "identity"


async def test_redirect_within_the_origin_falls_back_to_the_sdk(rogue: Rogue, endpoint: Endpoint, ways: _Ways) -> None:
    async def moved(heard: Heard) -> None:
        if "/elsewhere" in heard.head:
            await heard.say(whole(json.dumps(message(heard, GOOD)).encode()))
        else:
            await heard.say(whole(b"", "307 Temporary Redirect", location="/elsewhere"))

    rogue.answers["tools/call"] = moved
    pool = ConnectionPool(Sealer(b"k" * 32), tuning=QUICK)
    for _ in range(3):
        answer = await pool.send_request(endpoint, "tools/call", {"name": "do", "arguments": {}}, 5, None)
        assert answer["structuredContent"] == GOOD["structuredContent"]
    await pool.close()
    assert ways.gone == 1


class _UnavailableTokens:
    """Access tokens whose authorization server does not answer."""

    async def current_token(self) -> str | None:
        return "old"

    async def renew_token(self, rejected: str | None, challenge: Challenge) -> str | None:
        raise UpstreamUnavailable("The authorization server does not answer.")


async def test_connection_of_a_refused_request_is_closed_if_no_token_can_be_obtained(
    rogue: Rogue, endpoint: Endpoint
) -> None:
    refusal = whole(b"x" * 100_000, "401 Unauthorized", www_authenticate="Bearer")
    rogue.answers["tools/call"] = lambda heard: heard.say(refusal)
    assert endpoint.url is not None
    http = HttpClient(endpoint.url, EgressPolicy(private=True), 5, None)
    client = DirectClient(http, {}, TransportErrors(), _UnavailableTokens())
    with pytest.raises(MCPError):
        await client.send_request("tools/call", {"name": "do", "arguments": {}}, {"timeout": 5})
    await wait_until(lambda: not http.is_connected)


async def test_sdk_transport_closes_a_refused_response_if_no_token_can_be_obtained(
    rogue: Rogue, endpoint: Endpoint
) -> None:
    refusal = whole(b"x" * 100_000, "401 Unauthorized", www_authenticate="Bearer")
    rogue.answers["tools/call"] = lambda heard: heard.say(refusal)
    assert endpoint.url is not None
    inner = httpx2.AsyncHTTPTransport(limits=httpx2.Limits(max_connections=1))
    egress = EgressPolicy(private=True)
    transport = GuardedTransport(TransportErrors(), egress, inner, _UnavailableTokens())
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "do"}}
    # With one connection, the second request waits for it: without a timeout it would not return.
    async with httpx2.AsyncClient(transport=transport, timeout=httpx2.Timeout(5)) as client:
        for _ in range(2):
            response = await client.post(endpoint.url, json=body)
            assert "authorization server" in response.json()["error"]["message"]
