"""Impersonation is prevented: no name of a key, of the operator, or a confusable one can be registered."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from agora.domains.messaging.service import MAX_CAPABILITY_RECIPIENTS
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
async def test_reserved_or_confusable_name_is_refused(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.post("/agents/register", json={"agent_name": name})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "agent_name"


@pytest.mark.parametrize("name", ["Café", "日本語エージェント", "agent-7", "agent_seven", "Bob 🤖", "keynote"])
async def test_names_in_other_scripts_are_accepted(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.post("/agents/register", json={"agent_name": name})).status_code == 200


async def test_message_to_a_key_reaches_only_that_key(app: App, clock: ManualClock) -> None:
    market = Market(app, clock)
    made = await market.call(market.operator, "token.create", label="service")
    key = await app.authenticator.authenticate(made.token)
    await market.call(market.operator, "messaging.send", to_agent=made.token_id, content="for the key")
    with pytest.raises(InvalidRequest):
        await market.agent(made.token_id)
    inbox = await market.call(key, "messaging.receive")
    assert [message.content for message in inbox.messages] == ["for the key"]


async def test_tier_of_a_private_agent_is_visible_only_to_itself(app: App, clock: ManualClock) -> None:
    market = Market(app, clock)
    hidden = await market.agent("Hidden", visibility="private")
    await market.call(
        market.operator, "admin.manage", resource="agent", target="Hidden", action="set_tier", value="premium"
    )
    (event,) = market.of_type("agora.agent.updated")
    assert event.audience == (hidden.subject,)


async def test_number_of_recipients_of_a_message_is_bounded(app: App, clock: ManualClock) -> None:
    market = Market(app, clock)
    profiles = (
        {"agent_name": f"Worker{number}", "capabilities": [f"half-{number % 2}"]}
        for number in range(MAX_CAPABILITY_RECIPIENTS + 1)
    )
    await asyncio.gather(*(market.call(market.operator, "agent.register", **profile) for profile in profiles))
    await market.call(market.operator, "messaging.send", to_agent="capability:half-0", content="x")
    with pytest.raises(InvalidRequest, match=f"at most {MAX_CAPABILITY_RECIPIENTS}"):
        await market.call(
            market.operator, "messaging.send", to_agent=["capability:half-0", "capability:half-1"], content="x"
        )
