"""Remote agents registered from their cards, refreshed, and removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic_core import from_json

from agora.core.ports import CREDENTIAL_SEALER
from agora.domains.a2a.remote_port import REMOTE_AGENTS, RemoteEndpoint
from agora_sdk.errors import Conflict, InvalidRequest, NotFound, PermissionDenied, UpstreamFailed, UpstreamUnavailable
from tests.conformance.a2a.a2a_calls import ask
from tests.conformance.engines import Engine, RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH_IF_LONG

URL = "https://weather.example.com/.well-known/agent-card.json"
CARD: dict[str, Any] = {
    "name": "Weather",
    "description": "Tells the weather.",
    "version": "3.0",
    "supportedInterfaces": [
        {"url": "https://weather.example.com/grpc", "protocolBinding": "GRPC", "protocolVersion": "1.0"},
        {"url": "https://weather.example.com/03", "protocolBinding": "JSONRPC", "protocolVersion": "0.3.0"},
        {"url": "https://weather.example.com/rest", "protocolBinding": "HTTP+JSON", "protocolVersion": "1.0"},
    ],
    "capabilities": {"streaming": True},
    "defaultInputModes": ["text/plain"],
    "defaultOutputModes": ["text/plain"],
    "skills": [{"id": "forecast", "name": "Forecast", "description": "Of a place.", "tags": ["weather"]}],
}


class Elsewhere:
    """The port, with one agent that records its requests."""

    def __init__(self, market: Market) -> None:
        self.answer: Mapping[str, Any] | Exception = CARD
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._market = market
        market.app.context.ports.provide(REMOTE_AGENTS, self)

    async def fetch_card(self, endpoint: RemoteEndpoint, /) -> Mapping[str, Any]:
        sealer = self._market.app.context.ports.get(CREDENTIAL_SEALER)
        assert sealer is not None
        headers = from_json(sealer.open(endpoint.secrets, endpoint.agent_id)) if endpoint.secrets else {}
        self.asked.append((endpoint.url, headers))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_remote_agent_is_registered_from_its_card(market: Market, engine: Engine) -> None:
    elsewhere = Elsewhere(market)
    secret = {"Authorization": "Bearer s3cret"}
    added = await market.call(market.operator, "a2a.add_remote", url=URL, headers=secret, timeout=9.0)
    assert elsewhere.asked == [(URL, secret)]
    assert (added.agent_name, added.state, added.has_credentials, added.timeout) == ("Weather", "available", True, 9.0)
    assert added.interface.url == "https://weather.example.com/rest"
    assert added.card == CARD
    assert "s3cret" not in added.model_dump_json()
    (row,) = await engine.run("select * from a2a_remotes")
    assert "s3cret" not in repr(row)

    agent = await market.call(market.operator, "agent.get", agent_id="Weather")
    assert (agent.agent_id, agent.capabilities, agent.category) == (added.agent_id, ["forecast"], "remote")
    card = await ask(market, market.operator, "card", agent="Weather", base_url="https://agora.example.com")
    modes = {"inputModes": ["text/plain"], "outputModes": ["text/plain"]}
    assert card["skills"] == [modes | skill for skill in CARD["skills"]]
    assert card["version"] == "3.0"
    assert {i["url"] for i in card["supportedInterfaces"]} == {"https://agora.example.com/a2a/Weather"}
    assert await market.call(market.operator, "a2a.get_remote", agent="Weather") == added
    assert list((await market.call(market.operator, "a2a.list_remotes")).agents) == [added]
    told = [from_json(event.data) for event in market.of_type("agora.remote.added")]
    assert told == [{"agent_id": added.agent_id, "agent_name": "Weather", "state": "available", "revision": 1}]


async def test_card_is_refreshed(market: Market) -> None:
    elsewhere = Elsewhere(market)
    added = await market.call(market.operator, "a2a.add_remote", url=URL, name="Meteo", headers={"X-K": "v"})
    assert added.agent_name == "Meteo"
    moved = {"url": "https://weather.example.com/rpc", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
    skill = {"id": "radar", "name": "Radar", "description": "A picture.", "tags": ["rain"]}
    elsewhere.answer = CARD | {"supportedInterfaces": [moved], "skills": [skill], "description": "More."}
    fresh = await market.call(market.operator, "a2a.refresh_remote", agent="Meteo")
    assert fresh.interface.url == "https://weather.example.com/rpc"
    assert elsewhere.asked[-1] == (URL, {"X-K": "v"})
    agent = await market.call(market.operator, "agent.get", agent_id="Meteo")
    assert (agent.capabilities, agent.description, agent.agent_name) == (["radar"], "More.", "Meteo")
    assert from_json(market.of_type("agora.remote.refreshed")[0].data)["revision"] == 2
    elsewhere.answer = UpstreamUnavailable("It is away.")
    with pytest.raises(UpstreamUnavailable):
        await market.call(market.operator, "a2a.refresh_remote", agent="Meteo")
    away = await market.call(market.operator, "a2a.get_remote", agent="Meteo")
    assert (away.state, away.error) == ("unavailable", "It is away.")
    assert away.card == fresh.card


async def test_remote_agent_is_removed(market: Market) -> None:
    Elsewhere(market)
    added = await market.call(market.operator, "a2a.add_remote", url=URL)
    removed = await market.call(market.operator, "a2a.remove_remote", agent="Weather")
    assert removed.agent_id == added.agent_id
    for name in ("get_remote", "remove_remote", "refresh_remote"):
        with pytest.raises(NotFound):
            await market.call(market.operator, f"a2a.{name}", agent="Weather")
    with pytest.raises(NotFound):
        await ask(market, market.operator, "card", agent="Weather")
    again = await market.call(market.operator, "a2a.add_remote", url=URL)
    assert again.agent_id != added.agent_id


async def test_existing_names_are_not_replaced(market: Market) -> None:
    Elsewhere(market)
    await market.agent("Weather")
    for name in (None, "Weather"):
        with pytest.raises(Conflict):
            await market.call(market.operator, "a2a.add_remote", url=URL, name=name)
    with pytest.raises(InvalidRequest):
        await market.call(market.operator, "a2a.add_remote", url=URL, name="operator")
    with pytest.raises(NotFound):
        await market.call(market.operator, "a2a.get_remote", agent="Weather")


async def test_remote_agent_can_be_private(market: Market) -> None:
    elsewhere = Elsewhere(market)
    with pytest.raises(InvalidRequest):
        await market.call(market.operator, "a2a.add_remote", url=URL, verify=False)
    kept = await market.call(market.operator, "a2a.add_remote", url=URL, name="Later", verify=False)
    assert (kept.state, kept.card, elsewhere.asked) == ("unknown", None, [])
    assert (await market.call(market.operator, "a2a.refresh_remote", agent="Later")).state == "available"


@pytest.mark.parametrize(
    "card",
    [
        {},
        CARD | {"name": ""},
        CARD | {"name": 7},
        CARD | {"name": None},
        CARD | {"name": "x" * 129},
        CARD | {"supportedInterfaces": []},
        CARD | {"supportedInterfaces": "https://x"},
        CARD | {"supportedInterfaces": [CARD["supportedInterfaces"][0]]},
        CARD | {"supportedInterfaces": [CARD["supportedInterfaces"][2] | {"protocolVersion": "9.0"}]},
        CARD | {"supportedInterfaces": [CARD["supportedInterfaces"][2] | {"protocolVersion": 1.0}]},
        CARD | {"description": "x" * 262_144},
        CARD | {"x": float("nan")},
    ],
)
async def test_invalid_card_registers_no_agent(market: Market, card: dict[str, Any]) -> None:
    Elsewhere(market).answer = card
    with pytest.raises(UpstreamFailed):
        await market.call(market.operator, "a2a.add_remote", url=URL)
    assert (await market.call(market.operator, "a2a.list_remotes")).count == 0


async def test_unusual_cards_yield_valid_agents(market: Market) -> None:
    odd = {
        "skills": [{"id": 7}, "x", {"id": "ok\nno"}, {"id": "fine", "tags": ["x" * 65, 1, "good"]}, {}],
        "defaultInputModes": [1, "text/plain"],
        "description": None,
        "version": 3,
        "provider": "me",
    }
    Elsewhere(market).answer = CARD | odd
    await market.call(market.operator, "a2a.add_remote", url=URL)
    agent = await market.call(market.operator, "agent.get", agent_id="Weather")
    assert (agent.capabilities, agent.tags) == (["fine"], ["good"])
    assert (await ask(market, market.operator, "card", agent="Weather"))["version"] == "1.0.0"


@pytest.mark.parametrize("value", [None, 5, True, "text", {"id": "x"}, [None], [[1]]])
async def test_fields_of_the_wrong_type_are_ignored(market: Market, value: Any) -> None:
    optional = ("description", "version", "capabilities", "defaultInputModes", "defaultOutputModes", "provider")
    Elsewhere(market).answer = CARD | dict.fromkeys((*optional, "documentationUrl", "iconUrl", "skills"), value)
    await market.call(market.operator, "a2a.add_remote", url=URL)
    assert (await market.call(market.operator, "agent.get", agent_id="Weather")).capabilities == []
    assert (await ask(market, market.operator, "card", agent="Weather"))["name"] == "Weather"


@pytest.mark.parametrize("value", [None, 5, True, "text", {"id": "x"}, [None], [[1]]])
async def test_fields_of_a_skill_of_the_wrong_type_are_ignored(market: Market, value: Any) -> None:
    fields = ("name", "description", "tags", "examples", "inputModes", "outputModes")
    Elsewhere(market).answer = CARD | {"skills": [{"id": "forecast"} | dict.fromkeys(fields, value)]}
    await market.call(market.operator, "a2a.add_remote", url=URL)
    agent = await market.call(market.operator, "agent.get", agent_id="Weather")
    assert (agent.capabilities, agent.tags) == (["forecast"], [])
    (skill,) = (await ask(market, market.operator, "card", agent="Weather"))["skills"]
    assert isinstance(skill["name"], str)
    assert isinstance(skill["description"], str)
    assert all(isinstance(tag, str) for tag in skill["tags"])


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/", "http://10.1.1.1/", "https://u:p@example.com/", "ftp://x.example"]
)
async def test_forbidden_addresses_are_refused(market: Market, url: str) -> None:
    elsewhere = Elsewhere(market)
    with pytest.raises(InvalidRequest):
        await market.call(market.operator, "a2a.add_remote", url=url)
    assert elsewhere.asked == []


async def test_only_operators_add_remote_agents(market: Market) -> None:
    Elsewhere(market)
    ann = await market.agent("Ann")
    with pytest.raises(PermissionDenied):
        await market.call(ann, "a2a.add_remote", url=URL)
    assert (await market.call(ann, "a2a.list_remotes")).count == 0
