"""Agent cards over HTTP: both versions, signatures, caching, the catalogue, the published key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import jwt
from a2a.client import A2ACardResolver
from a2a.compat.v0_3.types import AgentCard as AgentCard03
from a2a.types.a2a_pb2 import AgentCard
from a2a.utils import signing
from google.protobuf.json_format import ParseDict

from agora.domains.a2a.price_extension import PRICE_EXTENSION
from agora.server.app import App
from agora.settings import Settings
from tests.harness import Running, make_settings, running
from tests.unit.protocols.a2a.raw_requests import Wire

CARD = "/.well-known/agent-card.json"


async def _card(wire: Wire, path: str = "", **headers: str) -> httpx.Response:
    answer = await wire.http.get(path + CARD, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


async def test_sdk_verifies_the_card_with_the_published_key(wire: Wire) -> None:
    keys = {key["kid"]: key for key in (await wire.http.get("/.well-known/jwks.json")).json()["keys"]}

    def key(kid: str | None, jku: str | None) -> jwt.PyJWK:
        assert jku == f"{wire.http.base_url}/.well-known/jwks.json".replace("//.", "/.")
        return jwt.PyJWK(keys[kid or ""])

    verify = signing.create_signature_verifier(key, ["ES256"])
    for path in ("", wire.path):
        for headers in ({}, {"A2A-Version": "1.0"}):
            document = (await _card(wire, path, **headers)).json()
            verify(ParseDict(document, AgentCard(), ignore_unknown_fields=True))


async def test_client_of_1_0_gets_only_1_0(wire: Wire) -> None:
    document = (await _card(wire, wire.path, **{"A2A-Version": "1.0"})).json()
    ParseDict(document, AgentCard(), ignore_unknown_fields=False)
    assert "url" not in document
    merged = (await _card(wire, wire.path)).json()
    assert merged["url"] == merged["supportedInterfaces"][0]["url"]
    assert (merged["protocolVersion"], merged["preferredTransport"]) == ("0.3.0", "JSONRPC")
    assert merged["securitySchemes"]["bearer"]["type"] == "http"
    assert len(merged["signatures"]) == 2


async def test_clients_of_both_versions_parse_a_price(wire: Wire) -> None:
    price = {"agent_id": "Echo Agent", "type": "per_request", "price": 0.25, "currency": "EUR"}
    assert (await wire.http.post("/agora/billing/set_price", json=price)).status_code == 200
    document = (await _card(wire, wire.path, **{"A2A-Version": "1.0"})).json()
    (extension,) = ParseDict(document, AgentCard(), ignore_unknown_fields=False).capabilities.extensions
    assert (extension.uri, extension.required) == (PRICE_EXTENSION, False)
    assert (extension.params["price"], extension.params["unit"], extension.params["currency"]) == (
        0.25,
        "request",
        "EUR",
    )
    legacy = AgentCard03.model_validate((await _card(wire, wire.path)).json())
    assert legacy.capabilities.extensions is not None
    assert legacy.capabilities.extensions[0].params == dict(document["capabilities"]["extensions"][0]["params"])
    resolver = A2ACardResolver(wire.http, f"{str(wire.http.base_url).rstrip('/')}{wire.path}")
    assert (await resolver.get_agent_card()).capabilities.extensions == [extension]


async def test_urls_of_a_card_use_the_requested_host(wire: Wire, server: Running) -> None:
    document = (await _card(wire, wire.path)).json()
    assert {entry["url"] for entry in document["supportedInterfaces"]} == {f"{server.url}/a2a/Echo%20Agent"}
    elsewhere = (await _card(wire, wire.path, Host="agents.example:9000")).json()
    assert elsewhere["url"] == "http://agents.example:9000/a2a/Echo%20Agent"
    hostile = await wire.http.get(wire.path + CARD, headers={"Host": 'evil"<script>'})
    assert hostile.status_code == 400


async def test_cards_are_cacheable(wire: Wire) -> None:
    first = await _card(wire)
    assert "max-age" in first.headers["cache-control"]
    assert first.headers["last-modified"].endswith("GMT")
    again = await wire.http.get(CARD, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await _card(wire)).content == first.content
    other = await wire.http.get(wire.path + CARD, headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200
    head = await wire.http.head(CARD)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", first.headers["etag"])
    assert (await wire.http.post(CARD)).status_code == 405


async def test_older_paths_of_the_card_are_served(wire: Wire) -> None:
    for path in ("/.well-known/agent.json", f"{wire.path}/.well-known/agent.json", wire.path):
        assert (await wire.http.get(path)).json()["skills"]


async def test_unknown_agent_has_no_card(wire: Wire) -> None:
    answer = await wire.http.get(f"/a2a/Nobody{CARD}")
    assert (answer.status_code, answer.json()["error"]["status"]) == (404, "NOT_FOUND")


async def test_catalogue_contains_every_agent(wire: Wire, server: Running) -> None:
    for number in range(3):
        await wire.http.post("/agents/register", json={"agent_name": f"Agent {number}"})
    answer = await wire.http.get("/.well-known/ai-catalog.json")
    document = answer.json()
    assert (document["specVersion"], document["host"]["displayName"]) == ("1.0", "Agora")
    assert answer.headers["access-control-allow-origin"] == "*"
    entries = {entry["displayName"]: entry for entry in document["entries"]}
    assert {"Agora", "Echo Agent", "Agent 0", "Agent 2"} <= entries.keys()
    assert len({entry["identifier"] for entry in document["entries"]}) == len(document["entries"])
    for entry in document["entries"]:  # MCP servers are not listed unless enabled by the settings
        assert entry["type"] == "application/a2a-agent-card+json"
        card = (await wire.http.get(entry["url"].replace(server.url, ""))).json()
        assert card["name"] == entry["displayName"]


async def test_front_agent_is_named_by_settings(tmp_path: Path) -> None:
    named: dict[str, Any] = {
        "a2a_agent_name": "Enhanced A2A Agent",
        "a2a_agent_description": "With tools.",
        "a2a_agent_org": "Your Organization",
    }
    async with (
        running(App(make_settings(tmp_path / "named", **named))) as server,
        httpx.AsyncClient(base_url=server.url) as http,
    ):
        card = (await http.get(CARD)).json()
    assert (card["name"], card["description"]) == ("Enhanced A2A Agent", "With tools.")
    assert card["provider"]["organization"] == "Your Organization"


def test_environment_variables_of_the_source_are_accepted() -> None:
    environ = {"A2A_AGENT_NAME": "One", "A2A_AGENT_DESCRIPTION": "Two", "A2A_AGENT_ORG": "Three"}
    settings = Settings.load_settings(environ=environ)
    assert (settings.a2a_agent_name, settings.a2a_agent_description, settings.a2a_agent_org) == ("One", "Two", "Three")
    assert Settings.load_settings(environ=environ | {"AGORA_A2A_AGENT_NAME": "Four"}).a2a_agent_name == "Four"


async def test_unreadable_signing_key_is_reported(wire: Wire, server: Running) -> None:
    (server.app.settings.data_dir / "a2a-signing.pem").write_text("nonsense")
    answer = await wire.http.get(CARD)
    assert (answer.status_code, answer.json()["error"]["status"]) == (500, "INTERNAL")
    assert "signed" in answer.json()["error"]["message"]


async def test_url_chosen_by_a_stranger_is_not_signed(wire: Wire) -> None:
    for version in ({"a2a-version": "1.0"}, {}):
        answer = await wire.http.get("/.well-known/agent-card.json", headers={"host": "elsewhere.example", **version})
        assert answer.status_code == 200
        assert "elsewhere.example" in answer.text
        assert "signatures" not in answer.json()
