"""Nobody takes the name of another: not of a key, not of the operator, not one that only looks alike."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from agora.domains.messaging.service import CAPABILITY_LIMIT
from agora.server.app import App
from agora_sdk.errors import InvalidRequest
from tests.harness import ManualClock
from tests.market import Market


@pytest.mark.parametrize(
    "name",
    [
        "Operator",
        "SYSTEM",
        "Broadcast",
        "key_" + "0" * 32,
        "static:ci",
        "agent.default.Bob",
        "Bob\u200b",
        "\u202ecod.exe",
        "Bob\x9b31m",
        "Cafe\u0301",
        "Bob\u00a0",
    ],
)
async def test_a_name_that_means_or_looks_like_another_is_refused(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.post("/agents/register", json={"agent_name": name})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "agent_name"


@pytest.mark.parametrize("name", ["Café", "日本語エージェント", "agent-7", "agent_seven", "Bob 🤖", "keynote"])
async def test_other_names_of_the_world_are_fine(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.post("/agents/register", json={"agent_name": name})).status_code == 200


async def test_mail_for_a_key_reaches_that_key_alone(app: App, clock: ManualClock) -> None:
    market = Market(app, clock)
    made = await market.call(market.operator, "token.create", label="service")
    key = await app.authenticator.authenticate(made.token)
    await market.call(market.operator, "messaging.send", to_agent=made.token_id, content="for the key")
    with pytest.raises(InvalidRequest):
        await market.agent(made.token_id)
    inbox = await market.call(key, "messaging.receive")
    assert [message.content for message in inbox.messages] == ["for the key"]


async def test_a_private_agent_s_tier_is_told_to_itself_alone(app: App, clock: ManualClock) -> None:
    market = Market(app, clock)
    hidden = await market.agent("Hidden", visibility="private")
    await market.call(
        market.operator, "admin.manage", resource="agent", target="Hidden", action="set_tier", value="premium"
    )
    (event,) = market.of_type("agora.agent.updated")
    assert event.audience == (hidden.subject,)


async def test_one_message_has_a_bounded_number_of_recipients(app: App, clock: ManualClock) -> None:
    market = Market(app, clock)
    profiles = (
        {"agent_name": f"Worker{number}", "capabilities": [f"half-{number % 2}"]}
        for number in range(CAPABILITY_LIMIT + 1)
    )
    await asyncio.gather(*(market.call(market.operator, "agent.register", **profile) for profile in profiles))
    await market.call(market.operator, "messaging.send", to_agent="capability:half-0", content="x")
    with pytest.raises(InvalidRequest, match=f"at most {CAPABILITY_LIMIT}"):
        await market.call(
            market.operator, "messaging.send", to_agent=["capability:half-0", "capability:half-1"], content="x"
        )
