"""Lifecycle of remote agents: health checks, outages, changed cards, removal; and their tasks survive a restart."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agora.builtin_agents.remote.client_factory import A2AClientFactory
from agora.core.call import Caller
from agora.core.ports import CREDENTIAL_SEALER
from agora.domains.a2a.remote_port import REMOTE_AGENTS
from agora.server.app import App
from agora_sdk.errors import UpstreamFailed, UpstreamUnavailable
from tests.conformance.a2a.a2a_calls import ask, say, shown, state_of
from tests.conformance.engines import Engine, RunsOn
from tests.harness import ManualClock, admin_token, make_settings, running
from tests.market import Market
from tests.polling import eventually
from tests.unit.builtin_agents.remote.hostile_agent import Rogue, rogue, rpc
from tests.unit.builtin_agents.remote.remote_calls import add, remotes_of, send, text_of
from tests.unit.builtin_agents.remote.scripted_agent import elsewhere

RUNS_ON = RunsOn.BOTH_IF_LONG

TASK = {"id": "t1", "contextId": "c1", "status": {"state": "TASK_STATE_WORKING"}}
DONE = {"task": TASK | {"status": {"state": "TASK_STATE_COMPLETED"}}}


@pytest.fixture
async def market(engine: Engine, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Market]:
    """A marketplace that may connect to the loopback."""
    app = App(make_settings(tmp_path / "data", a2a_private_networks=True), clock=clock, store=engine.store(clock))
    await app.start()
    yield Market(app, clock)
    await app.stop()


@pytest.fixture
async def ann(market: Market) -> Caller:
    return await market.agent("Ann")


async def look(market: Market, seconds: float = 0) -> None:
    """Advance the clock, and let the controller check the agents that are due."""
    market.clock.advance(seconds)
    await remotes_of(market).step()
    await remotes_of(market).wait_until_settled()


async def status(market: Market, name: str = "Far") -> str:
    return str((await market.call(market.operator, "agent.get", agent_id=name)).status)


async def condition(market: Market) -> Any:
    return (await market.call(market.operator, "admin.health", component="remotes")).components["remotes"]


async def test_unreachable_agent_is_offline(market: Market) -> None:
    async with rogue(rpc(DONE)) as far:
        added = await add(market, far.url)
        assert (await status(market), (await condition(market)).status) == ("active", "healthy")
        far.get = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"
        await look(market, 30)
        assert await status(market) == "active", "it is not time yet"
        await look(market, 40)
        assert await status(market) == "offline"
        away = await market.call(market.operator, "a2a.get_remote", agent="Far")
        assert (away.state, "503" in away.error) == ("unavailable", True)
        health = await condition(market)
        assert (health.status, health.metrics) == ("degraded", {"total": 1.0, "unavailable": 1.0})
        assert "Far: " in health.detail
        far.get = None
        await look(market, 5)
        assert (await status(market), (await condition(market)).status) == ("active", "healthy")
        assert len(market.of_type("agora.remote.changed")) == 2
        assert [e.subject for e in market.of_type("agora.agent.status_changed")] == [added.agent_id] * 2


async def test_check_interval_grows_while_the_agent_is_unreachable(market: Market) -> None:
    looks = 0

    async with rogue(rpc(DONE)) as far:
        await add(market, far.url)

        async def away(heard: Any) -> None:
            nonlocal looks
            looks += 1
            await heard.say(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n")

        far.get = away
        await look(market, 61)
        for _ in range(300):
            await look(market, 1)
        assert 5 <= looks <= 12


async def test_failed_call_triggers_an_early_check(market: Market, ann: Caller) -> None:
    async with rogue(rpc(DONE), streams=False) as far:
        await add(market, far.url)
    await say(market, ann, "do it", "Far")
    await market.app.agent_host.wait_until_idle()
    await look(market, 6)
    assert await status(market) == "offline"


async def test_suspended_agent_stays_suspended(market: Market) -> None:
    async with rogue(rpc(DONE)) as far:
        await add(market, far.url)
        await market.call(market.operator, "admin.manage", resource="agent", target="Far", action="suspend")
        far.get = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"
        await look(market, 70)
        far.get = None
        await look(market, 70)
        assert await status(market) == "suspended"


async def test_changed_card_is_applied(market: Market, ann: Caller) -> None:
    async with rogue(rpc(DONE), streams=False) as other, rogue(rpc(DONE), streams=False) as far:
        await add(market, far.url)
        skill = {"id": "sing", "name": "Sing", "description": "Sings.", "tags": ["music"]}
        moved = {"url": other.url, "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
        far.card |= {"skills": [skill], "supportedInterfaces": [moved]}
        await look(market, 70)
        agent = await market.call(market.operator, "agent.get", agent_id="Far")
        assert agent.capabilities == ["sing"]
        # The client follows the change once it is committed.
        await eventually(lambda: send(market, ann, "sing"), lambda _: bool(other.heard))
        far.heard.clear()
        assert state_of(await send(market, ann, "sing")) == "TASK_STATE_COMPLETED"
        assert far.heard == []


async def test_remote_agent_is_listed_with_the_others(market: Market, ann: Caller) -> None:
    async with elsewhere() as far:
        added = await add(market, far.url)
        listed = await market.call(ann, "agent.list")
        assert "Far" in [agent.agent_name for agent in listed.agents]
        catalogue = await ask(market, ann, "catalogue", base_url="https://agora.example.com")
        assert added.agent_id in [agent.get("agent_id") for agent in catalogue["agents"]]
        card = await ask(market, ann, "card", agent="Far", base_url="https://agora.example.com")
        assert {i["url"] for i in card["supportedInterfaces"]} == {"https://agora.example.com/a2a/Far"}
        assert [skill["id"] for skill in card["skills"]] == ["play"]
        routed = await ask(market, ann, "send", message="play: echo by skill", skill="play")
        assert routed["task"]["metadata"]["agora"]["agent"] == added.agent_id


async def test_removing_an_agent_ends_its_tasks(market: Market, ann: Caller) -> None:
    async with elsewhere() as far:
        await add(market, far.url)
        task = await say(market, ann, "wait for ever", "Far")
        question = await send(market, ann, "ask me")
        await far.script.waiting.wait()
        await market.call(market.operator, "a2a.remove_remote", agent="Far")
        await remotes_of(market).wait_until_settled()
        await market.app.agent_host.wait_until_idle()
        for given in (task, question):
            ended = await market.call(ann, "task.get", task_id=given["id"])
            assert (ended.status, ended.error) == ("failed", "Far was removed from the marketplace.")
        assert market.app.agent_host.hosted_agents == ()


@pytest.mark.parametrize("streams", [True, False])
async def test_task_continues_after_a_server_restart(
    engine: Engine, tmp_path: Path, clock: ManualClock, streams: bool
) -> None:
    """The next server continues the existing remote task, and delivers the missing updates once."""
    settings = make_settings(tmp_path / "data", a2a_private_networks=True)
    async with elsewhere(streams=streams) as far:
        first = App(settings, clock=clock, store=engine.store(clock))
        await first.start()
        market = Market(first, clock)
        ann = await market.agent("Ann")
        await add(market, far.url)
        task = await say(market, ann, "wait until later", "Far")
        await _wait_for_artifact(market, ann, task["id"])
        await first.stop()
        far.script.go_on.set()
        second = App(settings, clock=clock, store=engine.store(clock))
        await second.start()
        market = Market(second, clock)
        done = await shown(market, ann, task["id"], wait=30)
        assert (state_of(done), text_of(done["artifacts"][0])) == ("TASK_STATE_COMPLETED", "before after")
        assert len(far.script.heard) == 1
        await second.stop()


async def _wait_for_artifact(market: Market, caller: Caller, task_id: str) -> None:
    """Wait for the first artifact, which the task may already have at the stream's beginning."""
    operation = market.app.registry.resolve("agora.a2a.subscribe")
    stream: Any = await market.app.dispatcher.open_stream(operation, caller, {"task_id": task_id})
    async for entry in stream:
        task = json.loads(entry.json).get("task", {})
        if entry.kind == "artifactUpdate" or task.get("artifacts"):
            return


async def test_answer_given_during_an_outage_is_delivered(engine: Engine, tmp_path: Path, clock: ManualClock) -> None:
    settings = make_settings(tmp_path / "data", a2a_private_networks=True)
    async with elsewhere() as far:
        first = App(settings, clock=clock, store=engine.store(clock))
        await first.start()
        market = Market(first, clock)
        ann = await market.agent("Ann")
        await add(market, far.url)
        question = await send(market, ann, "ask me")
        await first.stop()
        second = App(settings, clock=clock, store=engine.store(clock))
        await second.start()
        market = Market(second, clock)
        answer = {"parts": [{"text": "red"}], "taskId": question["id"]}
        done = await send(market, ann, answer)
        assert text_of(done["artifacts"][0]) == "You said red."
        await second.stop()


async def test_another_marketplace_works_as_a_remote_agent(market: Market, ann: Caller, tmp_path: Path) -> None:
    """Two marketplaces in a chain; the card is signed, and the signature is verified."""
    there = App(make_settings(tmp_path / "there", builtin_agents=True))
    async with running(there) as far:
        known = {"headers": {"Authorization": f"Bearer {admin_token(there.settings)}"}}
        added = await add(market, f"{far.url}/a2a/Calculator%20Agent", "Reckoner", **known)
        assert added.card["signatures"]
        task = await send(market, ann, "Calculate 25 * 4", "Reckoner")
        assert text_of(task["artifacts"][0]) == "The result is 100"
        again = await add(market, f"{far.url}/a2a/Echo%20Agent", "Echo There", **known)
        assert again.interface.protocol_version == "1.0"
        many = await asyncio.gather(*(send(market, ann, f"n{n}", "Echo There") for n in range(20)))
        assert [text_of(found["artifacts"][0]) for found in many] == [f"n{n}" for n in range(20)]


async def test_card_with_an_invalid_signature_is_refused(market: Market, tmp_path: Path) -> None:
    there = App(make_settings(tmp_path / "there", builtin_agents=True))
    async with running(there) as far, rogue(rpc(DONE)) as between:
        url = f"{far.url}/a2a/Echo%20Agent"
        await add(market, url, "Right")
        right = await market.call(market.operator, "a2a.get_remote", agent="Right")
        between.card = right.card | {"description": "changed"}
        async with httpx.AsyncClient() as client:
            (key,) = (await client.get(f"{far.url}/.well-known/jwks.json")).json()["keys"]
        keys = _JWKS(between, key)
        with pytest.raises(UpstreamFailed, match="signature"):
            await add(market, keys.signed(between.card), "Wrong")


class _JWKS:
    """Signs a card that names a key at the card's own origin."""

    def __init__(self, far: Rogue, jwk: dict[str, str]) -> None:
        self._far, self._jwk = far, jwk

    def signed(self, card: dict[str, Any]) -> str:
        from pydantic_core import to_json

        from agora.domains.identity.signing_key import encode_base64url

        header = {"alg": "ES256", "kid": self._jwk["kid"], "jku": f"{self._far.url}/keys"}
        signature = {"protected": encode_base64url(to_json(header)), "signature": encode_base64url(b"\1" * 64)}
        self._far.card = card | {"signatures": [signature], "keys": [self._jwk]}
        return self._far.url


@pytest.mark.parametrize(
    ("get", "error"),
    [
        (b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n", "redirects"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]", "no agent card"),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "no agent card"),
        (b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n", "credentials"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{", "not JSON"),
        (b"nonsense\r\n\r\n", "not HTTP"),
    ],
)
async def test_invalid_card_is_refused(market: Market, get: bytes, error: str) -> None:
    async with rogue(rpc(DONE)) as far:
        far.get = get
        with pytest.raises(UpstreamFailed, match=error):
            await add(market, far.url)
    assert (await market.call(market.operator, "a2a.list_remotes")).count == 0


async def test_name_that_resolves_to_a_private_address_is_refused_on_connect(market: Market) -> None:
    async def inside(host: str, port: int) -> list[str]:
        return ["10.0.0.7"]

    app = market.app
    app.context.ports.provide(
        REMOTE_AGENTS, A2AClientFactory(app.context.ports.get(CREDENTIAL_SEALER), resolver=inside)
    )
    from agora.domains.a2a.remote_port import RemoteEndpoint

    with pytest.raises(UpstreamUnavailable, match=r"10\.0\.0\.7.*a2a_private_networks"):
        await app.context.ports.get(REMOTE_AGENTS).fetch_card(
            RemoteEndpoint("default", "agent_x", "https://agent.example.com/")
        )
