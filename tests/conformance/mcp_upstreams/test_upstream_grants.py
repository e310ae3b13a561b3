"""OAuth grants for upstreams: each token refresh happens once across all servers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from agora.clock import SECOND
from agora.core.call import Call
from agora.core.upstream_client import DOCUMENT_PATH
from agora.domains.mcp_upstreams.oauth.authorization import Grant
from agora.domains.mcp_upstreams.oauth.challenge import Challenge
from agora.domains.mcp_upstreams.oauth.flow import begin_authorization
from agora.domains.mcp_upstreams.oauth.grants import UpstreamGrants
from agora.domains.mcp_upstreams.port import Endpoint
from agora.net.sealing import Sealer
from agora_sdk.errors import UpstreamUnavailable
from tests.conformance.engines import RunsOn
from tests.hostile_upstream import Heard, listening
from tests.market import Market

RUNS_ON = RunsOn.BOTH
SUBJECT = "agent_1"


class TokenServer:
    """A token endpoint that rotates refresh tokens, and revokes the grant if one is used twice."""

    def __init__(self) -> None:
        self.url, self.refresh, self.used, self.status = "", "r0", list[str](), 200

    async def answer(self, request: Heard) -> None:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        self.used.append(form["refresh_token"])
        status, document = self.status, dict[str, object]()
        if status == 200 and form["refresh_token"] != self.refresh:
            status, document = 400, {"error": "invalid_grant"}
            self.refresh = "ended"
        elif status == 200:
            number = len(self.used)
            self.refresh = f"r{number}"
            document = {"access_token": f"a{number}", "refresh_token": self.refresh, "token_type": "Bearer"}
            document["expires_in"] = 600
        body = json.dumps(document).encode()
        await request.say(f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n\r\n".encode(), body)


@pytest.fixture
async def tokens() -> AsyncIterator[TokenServer]:
    server = TokenServer()
    async with listening(server.answer) as url:
        server.url = url
        yield server


def endpoint_of(market: Market) -> Endpoint:
    tenant = market.operator.tenant
    return Endpoint(tenant, "ups_1", 1, "far", "http", "http://127.0.0.1:1/mcp", oauth_mode="user", private=True)


def replica(market: Market) -> UpstreamGrants:
    """The grants of another server on the same store."""
    grants = UpstreamGrants(market.app.store, Sealer(b"k" * 32), market.clock)
    grants.system = market.app.dispatcher.write_as_system
    return grants


async def begin(market: Market, grants: UpstreamGrants, tokens: TokenServer) -> Endpoint:
    """Create a grant whose access token expires in a minute."""
    endpoint = endpoint_of(market)
    client = {"client_id": "me", "client_secret": None, "method": "none"}
    document = {
        "access": "a0",
        "refresh": "r0",
        "token_endpoint": tokens.url,
        "resource": endpoint.url,
        "client": client,
    }
    grant = Grant("https://as.example", "read", document, market.clock.now() + 60 * SECOND)

    async def store(call: Call) -> None:
        await grants.store_grant(call, endpoint.upstream_id, SUBJECT, grant)

    await grants.system(endpoint.tenant, store)
    return endpoint


async def test_token_is_refreshed_once_across_servers(market: Market, tokens: TokenServer) -> None:
    servers = [replica(market) for _ in range(3)]
    endpoint = await begin(market, servers[0], tokens)
    assert await servers[1].get_or_renew_token(endpoint, SUBJECT) == "a0"
    assert tokens.used == []
    market.clock.advance(45)
    answers = await asyncio.gather(
        *(server.get_or_renew_token(endpoint, SUBJECT) for server in servers for _ in range(4))
    )
    assert answers == ["a1"] * 12
    assert tokens.used == ["r0"]
    rejected = Challenge(401)
    answers = await asyncio.gather(
        *(server.renew_rejected_token(endpoint, SUBJECT, "a1", rejected) for server in servers)
    )
    assert answers == ["a2"] * 3
    assert tokens.used == ["r0", "r1"]
    grant = await servers[0].read_grant(endpoint, SUBJECT)
    assert grant is not None
    assert (grant.generation, grant.scope, grant.tokens["refresh"]) == (3, "read", "r2")


class AuthorizationSite:
    """An upstream and its authorization server, which accepts client ID metadata documents and also registers
    clients."""

    def __init__(self) -> None:
        self.origin, self.registered = "", list[object]()

    async def answer(self, request: Heard) -> None:
        path, origin = request.head.split(" ")[1], self.origin
        documents: dict[str, dict[str, object]] = {
            "/.well-known/oauth-protected-resource/mcp": {
                "resource": f"{origin}/mcp",
                "authorization_servers": [origin],
            },
            "/.well-known/oauth-authorization-server": {
                "issuer": origin,
                "authorization_endpoint": f"{origin}/authorize",
                "token_endpoint": f"{origin}/token",
                "registration_endpoint": f"{origin}/register",
                "code_challenge_methods_supported": ["S256"],
                "client_id_metadata_document_supported": True,
            },
            "/register": {"client_id": "registered", "token_endpoint_auth_method": "none"},
        }
        if path == "/register":
            self.registered.append(json.loads(request.body)["redirect_uris"])
        body = json.dumps(documents[path]).encode()
        await request.say(f"HTTP/1.1 200 X\r\ncontent-length: {len(body)}\r\n\r\n".encode(), body)


async def test_client_metadata_document_replaces_registration(market: Market) -> None:
    """Only if the document has an https URL that the authorization server can read."""
    site, grants = AuthorizationSite(), replica(market)
    async with listening(site.answer) as url:
        site.origin = url.removesuffix("/mcp")
        endpoint = replace(endpoint_of(market), url=f"{site.origin}/mcp")
        for base_url, client_id, redirections in (
            ("https://agora.example.test", f"https://agora.example.test{DOCUMENT_PATH}", []),
            ("http://127.0.0.1:8080", "registered", [["http://127.0.0.1:8080/v1/monitor/upstream-callback"]]),
        ):
            begun = await begin_authorization(grants, endpoint, SUBJECT, SUBJECT, base_url)
            assert parse_qs(urlsplit(begun.url).query)["client_id"] == [client_id]
            assert site.registered == redirections


async def test_refresh_adds_no_scope(market: Market, tokens: TokenServer) -> None:
    grants = replica(market)
    endpoint = await begin(market, grants, tokens)
    challenge = Challenge(403, "insufficient_scope", "write")
    assert await grants.renew_rejected_token(endpoint, SUBJECT, "a0", challenge) is None
    assert tokens.used == []


async def test_refused_refresh_ends_the_grant_and_a_failed_one_does_not(market: Market, tokens: TokenServer) -> None:
    grants = replica(market)
    endpoint = await begin(market, grants, tokens)
    market.clock.advance(45)
    tokens.status = 503
    assert await grants.get_or_renew_token(endpoint, SUBJECT) == "a0", "good for some seconds more"
    market.clock.advance(60)
    with pytest.raises(UpstreamUnavailable):
        await grants.get_or_renew_token(endpoint, SUBJECT)
    tokens.status = 200
    assert await grants.get_or_renew_token(endpoint, SUBJECT) == "a3"
    tokens.refresh = "revoked"
    assert await grants.renew_rejected_token(endpoint, SUBJECT, "a3", Challenge(401)) is None
    assert await grants.read_grant(endpoint, SUBJECT) is None


async def test_server_killed_during_a_refresh_blocks_it_only_briefly(market: Market, tokens: TokenServer) -> None:
    grants = replica(market)
    endpoint = await begin(market, grants, tokens)
    grant = await grants.read_grant(endpoint, SUBJECT)
    assert grant is not None
    assert await grants.claim_renewal(endpoint, SUBJECT, grant)
    assert not await replica(market).claim_renewal(endpoint, SUBJECT, grant)
    market.clock.advance(50)
    assert await replica(market).get_or_renew_token(endpoint, SUBJECT) == "a1"


async def test_grant_sealed_with_another_key_cannot_be_read(market: Market, tokens: TokenServer) -> None:
    endpoint = await begin(market, replica(market), tokens)
    other = UpstreamGrants(market.app.store, Sealer(b"o" * 32), market.clock)
    with pytest.raises(UpstreamUnavailable, match="signing key"):
        await other.read_grant(endpoint, SUBJECT)
    assert await other.read_grant(endpoint, "agent_2") is None, "no key opens a missing grant"
