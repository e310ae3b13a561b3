"""OAuth metadata of upstreams and authorization servers, all of it untrusted: accepted and refused documents."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from agora.domains.mcp_upstreams.oauth.challenge import Challenge, read_challenge
from agora.domains.mcp_upstreams.oauth.discovery import discover_server
from agora.domains.mcp_upstreams.oauth.http import MAX_ANSWER_BYTES, OAuthHttpClient
from agora.domains.mcp_upstreams.oauth.token_requests import (
    GrantRefused,
    OAuthClient,
    register_client,
    request_tokens,
)
from agora.net.egress_policy import EgressPolicy
from agora_sdk.errors import UpstreamFailed, UpstreamUnavailable
from tests.hostile_upstream import Heard, listening

RESOURCE = "/.well-known/oauth-protected-resource/mcp"
SERVER = "/.well-known/oauth-authorization-server"


class Site:
    """An upstream and its authorization server at one origin. pages: by path; status and JSON."""

    def __init__(self) -> None:
        self.origin = ""
        self.pages: dict[str, tuple[int, Any]] = {}
        self.requests: list[tuple[str, str]] = []

    async def answer(self, request: Heard) -> None:
        path = request.head.split(" ")[1]
        self.requests.append((path, request.body.decode()))
        status, document = self.pages.get(path, (404, {}))
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        more = "location: http://127.0.0.1:1/\r\n" if 300 <= status < 400 else ""
        await request.say(f"{head}{more}\r\n".encode(), body)

    def resource(self, **changed: Any) -> dict[str, Any]:
        return {"resource": f"{self.origin}/mcp", "authorization_servers": [self.origin], **changed}

    def server(self, **changed: Any) -> dict[str, Any]:
        return {
            "issuer": self.origin,
            "authorization_endpoint": f"{self.origin}/authorize",
            "token_endpoint": f"{self.origin}/token",
            "registration_endpoint": f"{self.origin}/register",
            "code_challenge_methods_supported": ["S256"],
            **changed,
        }


@asynccontextmanager
async def _serving() -> AsyncIterator[Site]:
    site = Site()
    async with listening(site.answer) as url:
        site.origin = url.removesuffix("/mcp")
        site.pages = {RESOURCE: (200, site.resource()), SERVER: (200, site.server())}
        yield site


def _http(*, private: bool = True) -> OAuthHttpClient:
    return OAuthHttpClient(EgressPolicy(private=private), private=private)


async def _discover(site: Site, challenge: Challenge | None = None) -> Any:
    return await discover_server(_http(), f"{site.origin}/mcp", challenge)


async def test_metadata_is_found_with_and_without_a_challenge() -> None:
    async with _serving() as site:
        found = await _discover(site)
        assert (found.issuer, found.resource) == (site.origin, f"{site.origin}/mcp")
        site.pages["/elsewhere"] = (200, site.resource(scopes_supported=["read"]))
        assert (await _discover(site, Challenge(401, metadata=f"{site.origin}/elsewhere"))).scopes == ("read",)


async def test_upstream_without_metadata_is_its_own_authorization_server() -> None:
    async with _serving() as site:
        del site.pages[RESOURCE]
        assert (await _discover(site)).resource == f"{site.origin}/mcp"


@pytest.mark.parametrize(
    ("page", "change", "words"),
    [
        (RESOURCE, {"resource": "https://elsewhere.example/mcp"}, "another resource"),
        (RESOURCE, {"resource": "{origin}/mcp/inner"}, "another resource"),
        (SERVER, {"issuer": "https://elsewhere.example"}, "another issuer"),
        (SERVER, {"issuer": "{origin}/other"}, "another issuer"),
        (SERVER, {"code_challenge_methods_supported": ["plain"]}, "PKCE"),
        (SERVER, {"code_challenge_methods_supported": None}, "PKCE"),
        (SERVER, {"token_endpoint": "http://token.example/token"}, "token endpoint"),
        (SERVER, {"token_endpoint": "javascript:alert(1)"}, "not valid"),
        (SERVER, {"authorization_endpoint": "https://me:secret@as.example/"}, "authorization endpoint"),
        (SERVER, {"registration_endpoint": "ftp://as.example/"}, "not valid"),
        (SERVER, {"token_endpoint": f"https://as.example/{'x' * 2000}"}, "token endpoint"),
        (RESOURCE, {"authorization_servers": ["https://[bad"]}, "No authorization server|not"),
    ],
)
async def test_invalid_metadata_is_refused(page: str, change: dict[str, Any], words: str) -> None:
    async with _serving() as site:
        change = {
            name: value.format(origin=site.origin) if isinstance(value, str) else value
            for name, value in change.items()
        }
        site.pages[page] = (200, site.pages[page][1] | change)
        if page == RESOURCE and "authorization_servers" in change:
            site.pages[SERVER] = (404, {})
        with pytest.raises(UpstreamFailed, match=words):
            await _discover(site)


@pytest.mark.parametrize("page", [RESOURCE, SERVER])
@pytest.mark.parametrize("answer", [(500, {}), (200, b"x" * (MAX_ANSWER_BYTES + 1))], ids=["error", "too large"])
async def test_failing_server_is_not_skipped(page: str, answer: tuple[int, Any]) -> None:
    async with _serving() as site:
        site.pages[page] = answer
        with pytest.raises(UpstreamFailed):
            await _discover(site)


async def test_redirect_is_not_followed() -> None:
    async with _serving() as site:
        site.pages[SERVER] = (302, {})
        with pytest.raises(UpstreamFailed, match="No authorization server"):
            await _discover(site)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/meta",
        "http://127.0.0.1/meta",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/meta",
        "https://10.0.0.8/meta",
        "https://[::1]/meta",
        "https://2130706433/meta",
        "http://public.example/meta",  # over plain HTTP
    ],
)
async def test_challenge_with_a_private_address_is_refused(url: str) -> None:
    with pytest.raises(UpstreamFailed, match="metadata URL"):
        await discover_server(_http(private=False), "https://mcp.example.com/mcp", Challenge(401, metadata=url))


async def test_name_that_resolves_to_a_private_address_is_not_connected_to() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    http = OAuthHttpClient(EgressPolicy(private=False, resolver=resolve), private=False)
    with pytest.raises(UpstreamFailed, match="not a public address"):
        await discover_server(http, "https://mcp.example.com/mcp", None)


@pytest.mark.parametrize(
    ("status", "answer", "words"),
    [
        (403, {"error": "access_denied"}, "access_denied"),
        (200, {}, "did not register"),
        (201, {"client_id": "a\r\nb"}, "did not register"),
        (201, {"client_id": "x" * 20_000}, "did not register"),
        (201, {"client_id": "x", "token_endpoint_auth_method": "private_key_jwt"}, "cannot use"),
        (201, {"client_id": "x", "token_endpoint_auth_method": "client_secret_post"}, "cannot use"),
        (200, b"<html>", "did not register"),
    ],
)
async def test_unusable_registrations_are_refused(status: int, answer: Any, words: str) -> None:
    async with _serving() as site:
        server = await _discover(site)
        site.pages["/register"] = (status, answer)
        with pytest.raises(UpstreamFailed, match=words):
            await register_client(_http(), server, "http://127.0.0.1:8080/callback")


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (400, {"error": "invalid_grant"}, GrantRefused),
        (400, {"error": "invalid_target"}, GrantRefused),
        (400, {"error": "invalid_request"}, UpstreamFailed),
        (503, {}, UpstreamUnavailable),
        (200, {"access_token": "x", "token_type": "DPoP"}, UpstreamFailed),
        (200, {"access_token": "a\r\nx-header: b", "token_type": "Bearer"}, UpstreamFailed),
        (200, {"access_token": 7, "token_type": "Bearer"}, UpstreamFailed),
        (200, b"[]", UpstreamFailed),
    ],
)
async def test_invalid_token_responses_are_refused(status: int, answer: Any, kind: type[Exception]) -> None:
    async with _serving() as site:
        site.pages["/token"] = (status, answer)
        with pytest.raises(kind) as raised:
            await request_tokens(_http(), f"{site.origin}/token", OAuthClient("me"), {"grant_type": "x"})
        assert "x-header" not in str(raised.value)


async def test_invalid_lifetimes_are_treated_as_unknown() -> None:
    async with _serving() as site:
        for seconds in (-1, 10**12, "soon", None, True):
            site.pages["/token"] = (200, {"access_token": "t", "token_type": "bearer", "expires_in": seconds})
            tokens = await request_tokens(_http(), f"{site.origin}/token", OAuthClient("me"), {})
            assert tokens.expires_in is None


@pytest.mark.parametrize(
    ("status", "header", "challenge"),
    [
        (200, "", None),
        (403, "Bearer", None),
        (401, "", Challenge(401)),
        (
            401,
            'Bearer resource_metadata="https://a.example/x", scope="a b"',
            Challenge(401, None, "a b", "https://a.example/x"),
        ),
        (403, 'Bearer error="insufficient_scope",scope=one', Challenge(403, "insufficient_scope", "one")),
        (401, 'Bearer xscope="evil"', Challenge(401)),
        (401, 'Bearer scope="' + "a" * 100_000, Challenge(401)),
    ],
)
def test_challenges_are_parsed(status: int, header: str, challenge: Challenge | None) -> None:
    assert read_challenge(status, {"www-authenticate": header}) == challenge
