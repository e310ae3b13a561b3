"""OAuth at a protected MCP endpoint: it starts with the first request, and asks for more scopes when a call needs them.

The client is the official Python one with its OAuth provider; the authorization server is npm's ``oidc-provider``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio.to_thread
import httpx
import mcp.client.auth
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from tests.blackbox.server import ServerProcess
from tests.harness import free_port
from tests.oidc.browser import browse
from tests.oidc.provider import provider

__all__ = ["provider"]

CALLBACK = "http://127.0.0.1:8123/callback"
METADATA = "/.well-known/oauth-protected-resource/mcp"
HEADERS = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
SHAKE_HANDS = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


@pytest.fixture(scope="module")
def protected(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server whose users sign in at the provider, with few requested scopes at first."""
    port = free_port()
    server = ServerProcess(
        tmp_path_factory.mktemp("protected") / "data",
        port=port,
        auth_required="true",
        public_url=f"http://127.0.0.1:{port}",
        oidc_issuers=provider,
        oidc_client_id="agora",
        oidc_scope="openid read:agents",
    ).start()
    yield server
    server.close()


def _post(server: ServerProcess, method: str, token: str = "", **params: Any) -> httpx.Response:
    body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
    headers = HEADERS | ({"authorization": f"Bearer {token}"} if token else {})
    return httpx.post(f"{server.url}/mcp", json=body, headers=headers, timeout=30)


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("initialize", SHAKE_HANDS),
        ("tools/list", {}),
        ("server/discover", {}),
        ("ping", {}),
        ("tools/call", {"name": "agora.auth.login", "arguments": {"username": "ada", "password": "ada-pw"}}),
    ],
)
def test_request_without_a_credential_gets_the_authorization_server(
    protected: ServerProcess, method: str, params: dict[str, Any]
) -> None:
    answer = _post(protected, method, **params)
    assert answer.status_code == 401
    assert f'resource_metadata="{protected.url}{METADATA}"' in answer.headers["www-authenticate"]


def test_streams_and_plain_endpoints_also_require_a_credential(protected: ServerProcess, provider: str) -> None:
    for path in ("/mcp", "/mcp/v1/tools"):
        assert httpx.get(protected.url + path, headers=HEADERS).status_code == 401
    assert (
        httpx.post(f"{protected.url}/mcp/v1/rpc", json={"jsonrpc": "2.0", "id": 1, "method": "ping"}).status_code == 401
    )
    metadata = httpx.get(protected.url + METADATA).json()
    assert metadata["authorization_servers"] == [provider]
    assert metadata["resource"] == f"{protected.url}/mcp"


@pytest.mark.parametrize("arguments", [{}, {"progressToken": 1}], ids=["short", "streamed"])
@pytest.mark.parametrize("through", ["", "agora.tools.call"])
def test_missing_scope_is_named_in_the_http_header(
    protected: ServerProcess, arguments: dict[str, Any], through: str
) -> None:
    agent = protected.register("Member" + through + "".join(arguments)).token
    session = _post(protected, "initialize", agent, **SHAKE_HANDS).headers["mcp-session-id"]
    call: dict[str, Any] = {"name": "agora.token.revoke", "arguments": {}}
    params = {"name": through, "arguments": call} if through else call
    body = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params | {"_meta": arguments}}
    headers = HEADERS | {"authorization": f"Bearer {agent}", "mcp-session-id": session}
    answer = httpx.post(f"{protected.url}/mcp", json=body, headers=headers, timeout=30)
    assert answer.status_code == 403, answer.text
    challenge = answer.headers["www-authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert f'scope="{answer.json()["error"]["data"]["required"]}"' in challenge
    assert answer.json()["id"] == 7
    refusals = protected.operator.get("/agora/admin/audit", params={"operation": "agora.token.revoke", "limit": 5})
    assert "permission_denied" in str(refusals)


class _Storage:
    """Tokens in memory, and the client id registered by the provider's operator."""

    def __init__(self, issuer: str) -> None:
        self.tokens: OAuthToken | None = None
        self.client = OAuthClientInformationFull(
            client_id="agora-web", redirect_uris=[CALLBACK], token_endpoint_auth_method="none", issuer=issuer
        )

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class _Person:
    """Signs in with a browser whenever the client requires it."""

    def __init__(self, name: str) -> None:
        self.name, self.scopes, self.returned = name, list[set[str]](), ""

    async def sign_in(self, url: str) -> None:
        self.scopes.append(set(parse_qs(urlsplit(url).query)["scope"][0].split()) - {"offline_access"})
        at_end = await anyio.to_thread.run_sync(lambda: browse(url, self.name, until=CALLBACK))
        self.returned = str(at_end)

    async def come_back(self) -> AuthorizationCodeResult:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.returned).query).items()}
        return AuthorizationCodeResult(code=query["code"], state=query.get("state"), iss=query.get("iss"))


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_official_client_signs_in_and_steps_up(protected: ServerProcess, provider: str, mode: Any) -> None:
    peer = protected.register(f"Peer of {mode}")
    person, storage = _Person("otto"), _Storage(provider)
    oauth = mcp.client.auth.OAuthClientProvider(
        server_url=f"{protected.url}/mcp",
        client_metadata=OAuthClientMetadata(redirect_uris=[CALLBACK], client_name="test"),
        storage=storage,
        redirect_handler=person.sign_in,
        callback_handler=person.come_back,
    )
    async with (
        create_mcp_http_client(auth=oauth) as http,
        Client(streamable_http_client(f"{protected.url}/mcp", http_client=http), mode=mode) as client,
    ):
        assert person.scopes == [{"openid", "read:agents"}]
        page = await client.call_tool("agora.agent.list", {})
        assert not page.is_error, page.content
        assert peer.agent_id in str(page.structured_content)
        arguments = {"to_agent": peer.agent_id, "content": "hello"}
        sent = await client.call_tool("agora.messaging.send", arguments)
        assert not sent.is_error, sent.content
        assert person.scopes[1:] == [{"openid", "read:agents", "write:messages"}]
        with pytest.raises(MCPError, match="scope"):  # the role lacks the scope: asked once, refused
            await client.call_tool("agora.token.revoke", {})
