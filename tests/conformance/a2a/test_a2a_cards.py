"""Agent cards: built from the registration and a stored card, visibility of cards, and routing by skill."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from agora.core.call import Caller
from agora.core.scopes import ANONYMOUS
from agora.domains.a2a.price_extension import PRICE_EXTENSION
from agora_sdk.contract.a2a import A2ACard
from agora_sdk.errors import InvalidRequest, NotFound, PayloadTooLarge, PermissionDenied
from tests.conformance.a2a.a2a_calls import ask, say
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH_IF_LONG

BASE = "https://agora.example.com/"
SKILL = {"id": "review", "name": "Review", "description": "Reads code.", "tags": ["code"], "examples": ["review this"]}
BUILTIN = {
    "id": "calculate",
    "name": "Calculate",
    "description": "Arithmetic.",
    "tags": ["math", "arithmetic"],
    "examples": ["Calculate 25 * 4", "2 + 2", "what is 10 / 3?"],
}


def stranger() -> Caller:
    return Caller("default", "anonymous", "anonymous", "anonymous", ANONYMOUS)


async def a_builtin(market: Market, name: str = "Calculator Agent", *skills: dict[str, Any]) -> Any:
    """Register a built-in agent."""
    told = list(skills) or [BUILTIN]
    context = Caller("default", "system", "system", "system", frozenset({"*"}), account="builtin", authority=255)
    profile = {"capabilities": [skill["id"] for skill in told], "metadata": {"a2a": {"skills": told}}}
    return await market.call(context, "agent.register", agent_name=name, category="builtin", **profile)


async def test_card_is_built_from_the_registration(market: Market) -> None:
    await market.agent(
        "Code Reviewer",
        description="Reviews code.",
        capabilities=["review", "lint-files"],
        tags=["dev"],
        metadata={"a2a": {"skills": [SKILL], "version": "2.1.0", "input_modes": ["text/plain"]}},
    )
    card = await ask(market, stranger(), "card", agent="Code Reviewer", base_url=BASE)
    assert card["name"] == "Code Reviewer"
    assert card["description"] == "Reviews code."
    assert card["version"] == "2.1.0"
    assert card["defaultInputModes"] == ["text/plain"]
    modes = {"inputModes": ["text/plain"], "outputModes": ["text/plain", "application/json"]}
    assert card["skills"][0] == SKILL | modes
    lint = card["skills"][1]
    assert (lint["id"], lint["name"], lint["tags"]) == ("lint-files", "Lint files", ["dev"])
    assert lint["description"]
    addresses = {(i["url"], i["protocolBinding"], i["protocolVersion"]) for i in card["supportedInterfaces"]}
    where = "https://agora.example.com/a2a/Code%20Reviewer"
    assert addresses == {(where, binding, v) for binding in ("JSONRPC", "HTTP+JSON") for v in ("1.0", "0.3")}
    assert card["capabilities"] == {"streaming": True, "pushNotifications": True, "extendedAgentCard": True}
    assert card["provider"]["organization"]


async def test_minimal_registration_yields_a_complete_card(market: Market) -> None:
    await market.agent("Bare")
    card = await ask(market, market.operator, "card", agent="Bare")
    assert all(card[field] for field in ("description", "version", "defaultInputModes", "defaultOutputModes", "skills"))
    assert all(skill[field] for skill in card["skills"] for field in ("id", "name", "description", "tags"))


async def test_unusual_registration_yields_a_valid_card(market: Market) -> None:
    skills = [{"id": "a", "name": 1, "description": {}, "tags": "x", "inputModes": 5}, {"id": 2}, "x", {"id": "b"}]
    odd = {"skills": skills, "version": 3, "provider": [], "input_modes": ["text/plain", 1], "output_modes": "x"}
    await market.agent("Odd", metadata={"a2a": odd})
    await market.agent("Odder", metadata={"a2a": [1]})
    for name, ids in (("Odd", ["a", "b"]), ("Odder", ["message"])):
        card = A2ACard.model_validate(await ask(market, market.operator, "card", agent=name))
        assert [skill.id for skill in card.skills] == ids
        assert (card.version, card.default_input_modes) == ("1.0.0", ["text/plain", "application/json"])
        picture = {"parts": [{"raw": "aGVsbG8=", "mediaType": "image/png"}]}
        assert await say(market, market.operator, picture, name)


async def test_stored_card_overrides_all_but_the_agents_url(market: Market) -> None:
    ann = await market.agent("Ann", capabilities=["review"])
    stored = {
        "description": "From the card.",
        "skills": [SKILL | {"id": "other", "x-own": 1}],
        "iconUrl": "https://example.com/i.png",
        "supportedInterfaces": [{"url": "https://evil.example.com", "protocolBinding": "JSONRPC"}],
        "capabilities": {"streaming": False, "extensions": [{"uri": "https://e.x/ext", "required": False}]},
        "signatures": [{"protected": "x", "signature": "y"}],
        "x-field": {"kept": True},
    }
    change = await market.call(ann, "a2a.set_card", card=stored, extended={"description": "For members."})
    assert (change.stored, change.extended) == (True, True)
    card = await ask(market, stranger(), "card", agent="Ann", base_url=BASE)
    assert card["description"] == "From the card."
    assert [skill["id"] for skill in card["skills"]] == ["other"]
    assert card["skills"][0]["x-own"] == 1
    assert card["x-field"] == {"kept": True}
    assert {i["url"] for i in card["supportedInterfaces"]} == {"https://agora.example.com/a2a/Ann"}
    assert card["capabilities"]["streaming"] is True
    assert card["capabilities"]["extensions"] == [{"uri": "https://e.x/ext", "required": False}]
    assert "signatures" not in card
    extended = await ask(market, ann, "extended_card", agent="Ann", base_url=BASE)
    assert extended["description"] == "For members."
    assert extended["skills"] == card["skills"]
    assert not (await market.call(ann, "a2a.set_card")).stored
    assert (await ask(market, ann, "card", agent="Ann"))["description"] == "The agent Ann."


@pytest.mark.parametrize(
    "card",
    [
        {"name": ""},
        {"version": 2},
        {"skills": []},
        {"skills": [{"id": "x", "name": "X", "description": "x"}]},
        {"skills": [SKILL | {"id": 1}]},
        {"skills": "review"},
        {"defaultInputModes": []},
        {"defaultOutputModes": ["text/plain", 1]},
        {"provider": "me"},
        {"skills": [SKILL | {"inputModes": 5}]},
        {"skills": [SKILL | {"tags": []}]},
        {"capabilities": 1},
        {"capabilities": {"extensions": [{"uri": ["x"]}]}},
        {"capabilities": {"extensions": "x"}},
    ],
)
async def test_invalid_card_is_refused(market: Market, card: dict[str, Any]) -> None:
    ann = await market.agent("Ann")
    with pytest.raises(InvalidRequest) as refused:
        await market.call(ann, "a2a.set_card", card=card)
    assert refused.value.errors[0]["field"] == f"card.{next(iter(card))}"


async def test_cards_are_bounded_and_changed_only_by_their_agent(market: Market) -> None:
    ann = await market.agent("Ann")
    await market.agent("Bob")
    with pytest.raises(PayloadTooLarge):
        await market.call(ann, "a2a.set_card", card={"x": "y" * 262_144})
    with pytest.raises(PermissionDenied):
        await market.call(ann, "a2a.set_card", agent="Bob", card={"description": "x"})
    with pytest.raises(PermissionDenied):
        await market.call(ann, "a2a.set_card", agent="front", card={"description": "x"})
    assert await market.call(market.operator, "a2a.set_card", agent="Bob", card={"description": "x"})


async def test_card_is_visible_to_callers_that_see_the_agent(market: Market) -> None:
    ann = await market.agent("Ann", visibility="private")
    bob = await market.agent("Bob", visibility="team")
    await market.agent("Cora")

    async def seen(caller: Caller) -> list[str]:
        found = []
        for name in ("Ann", "Bob", "Cora"):
            with suppress(NotFound):
                found.append((await ask(market, caller, "card", agent=name))["name"])
        listed = (await ask(market, caller, "catalogue"))["agents"]
        assert [agent["name"] for agent in listed[1:]] == found
        assert listed[0]["agent_id"] is None
        return found

    assert await seen(stranger()) == ["Cora"]
    assert await seen(bob) == ["Bob", "Cora"]
    assert await seen(ann) == ["Ann", "Bob", "Cora"]
    assert await seen(market.operator) == ["Ann", "Bob", "Cora"]


async def test_card_catalogue_is_paged(market: Market) -> None:
    for number in range(3):
        await market.agent(f"Agent {number}")
    names, cursor = [], None
    while True:
        page = await ask(market, market.operator, "catalogue", base_url=BASE, limit=2, cursor=cursor)
        names += [agent["name"] for agent in page["agents"]]
        assert all(agent["card_url"].startswith(BASE) for agent in page["agents"])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert names[1:] == ["Agent 0", "Agent 1", "Agent 2"]


async def test_card_of_the_front_agent_lists_skills_of_all_agents(market: Market) -> None:
    await a_builtin(market)
    card = await ask(market, stranger(), "card", base_url=BASE)
    assert [skill["id"] for skill in card["skills"]] == ["route", "calculate"]
    assert card["supportedInterfaces"][0]["url"] == BASE.rstrip("/")
    assert card["name"] == market.app.settings.a2a_agent_name
    await market.call(market.operator, "a2a.set_card", agent="front", card={"description": "Ours."})
    assert (await ask(market, stranger(), "card"))["description"] == "Ours."


# -- routing -------------------------------------------------------------------------------------


async def routed(market: Market, message: Any, **arguments: Any) -> tuple[str, str, str] | str:
    """Return agent, task type and reason of the routing; or the front agent's own answer."""
    answer = await ask(market, market.operator, "send", message=message, return_immediately=True, **arguments)
    if "message" in answer:
        return str(answer["message"]["parts"][0]["text"])
    task = await market.call(market.operator, "task.get", task_id=answer["task"]["id"])
    agent = await market.call(market.operator, "agent.get", agent_id=task.assigned_agent)
    return agent.agent_name, task.task_type, task.metadata["agora"]["routed"]


@pytest.mark.parametrize(
    ("text", "agent", "skill"),
    [
        ("Calculate 25 * 4", "Calculator Agent", "calculate"),
        ("25 * 4", "Calculator Agent", "calculate"),
        ("please calculate the sum", "Calculator Agent", "calculate"),
        ("some arithmetic for you", "Calculator Agent", "calculate"),
        ("a calculation, please: 7 / 2", "Calculator Agent", "calculate"),
        ("Review this file", "Reviewer", "review"),
        ("do a code review of it", "Pro", "code-review"),
        ("remember the milk", "Memory Agent", "remember"),
        ("some Proofreading of it", "Proofs", "Proofreading"),
    ],
)
async def test_front_agent_routes_to_a_capable_agent(market: Market, text: str, agent: str, skill: str) -> None:
    await a_builtin(market)
    told = {"id": "remember", "name": "Remember", "description": "Keeps things.", "tags": ["memory"]}
    await a_builtin(market, "Memory Agent", told)
    await market.agent("Reviewer", capabilities=["review", "the"])
    await market.agent("Pro", capabilities=["code-review"])
    await market.agent("Proofs", capabilities=["Proofreading"])
    found = await routed(market, text)
    assert found[:2] == (agent, skill)
    assert repr(skill) in found[2]
    assert await routed(market, text) == found


async def test_named_skill_decides_the_routing(market: Market) -> None:
    await a_builtin(market)
    await market.agent("Other", capabilities=["calculate", "review"])
    message = {"parts": [{"text": "whatever"}], "metadata": {"skillId": "review"}}
    assert (await routed(market, message))[:2] == ("Other", "review")
    assert (await routed(market, "whatever", skill="calculate"))[:2] == ("Calculator Agent", "calculate")
    assert (await routed(market, "whatever", metadata={"skill": "review"}))[:2] == ("Other", "review")
    lost = await routed(market, "calculate 1 + 1", skill="knitting")
    assert "No agent has the skill 'knitting'" in lost
    assert "calculate" in lost


async def test_message_without_a_skill_is_routed_to_the_planner(market: Market) -> None:
    await a_builtin(market)
    await market.agent("Other", capabilities=["review"])
    setting = {"resource": "configuration", "target": "front_agent", "action": "set"}
    await market.call(market.operator, "admin.manage", **setting, value="Planner")
    assert (await routed(market, "Calculate 25 * 4"))[0] == "Calculator Agent", "the name is unknown so far"
    await market.agent("Planner")
    for text in ("Calculate 25 * 4, and have it reviewed", "!!!"):
        assert await routed(market, text) == ("Planner", "a2a.message", "Planner plans messages that name no skill.")
    assert (await routed(market, "whatever", skill="calculate"))[0] == "Calculator Agent"
    assert (await routed(market, {"parts": [{"text": "x"}], "metadata": {"skillId": "review"}}))[0] == "Other"
    suspend = {"resource": "agent", "target": "Planner", "action": "suspend"}
    await market.call(market.operator, "admin.manage", **suspend)
    assert (await routed(market, "Calculate 25 * 4"))[0] == "Calculator Agent", "a planner that is held plans nothing"


async def test_routing_fails_without_a_capable_agent(market: Market) -> None:
    await a_builtin(market)
    await market.agent("Hidden", capabilities=["secret"], visibility="private")
    gone = await market.agent("Gone", capabilities=["leaving"])
    await market.call(gone, "agent.deregister", agent_id="Gone")
    for text in ("tell me the weather", "the secret thing", "leaving soon", "!!!", "a" * 900_000):
        answer = await routed(market, text)
        assert isinstance(answer, str)
        assert "Calculator Agent: calculate" in answer
        assert "No agent has a capability that the text names." in answer
        assert "secret" not in answer
    assert market.of_type("agora.task.assigned") == []
    await market.agent("Pro", capabilities=["code-review"])
    assert "code-review (1)" in await routed(market, "tell me the weather")


async def test_online_agents_are_preferred(market: Market) -> None:
    away = await market.agent("Away", capabilities=["review"])
    await market.agent("Here", capabilities=["review"])
    await market.call(away, "agent.update", agent_id="Away", status="inactive")
    assert (await routed(market, "review it"))[0] == "Here"


async def test_card_declares_the_current_price(market: Market) -> None:
    maker = await market.agent("Translator")
    await market.agent("Gratis")

    async def declared(agent: str) -> list[dict[str, Any]]:
        card = await ask(market, stranger(), "card", agent=agent, base_url=BASE)
        extensions: list[dict[str, Any]] = card["capabilities"].get("extensions", [])
        return extensions

    assert await declared("Translator") == []
    own = {"uri": "https://example.org/own"}
    forged = {"uri": PRICE_EXTENSION, "required": True, "params": {"price": 0}}
    await ask(market, maker, "set_card", card={"capabilities": {"extensions": [own, forged]}})
    await market.call(maker, "billing.set_price", agent_id="Translator", type="per_request", price=0.01)
    terms = {"type": "per_request", "currency": "USD", "unit": "request"}
    price = {"uri": PRICE_EXTENSION, "description": "What using this agent costs."}
    assert await declared("Translator") == [own, price | {"params": terms | {"version": 1, "price": 0.01}}]
    hybrid = {"price": 2, "base_price": 0.5, "usage_unit": "minute"}
    await market.call(maker, "billing.set_price", agent_id="Translator", type="hybrid", **hybrid)
    catalogue = await ask(market, stranger(), "catalogue", base_url=BASE)
    prices = {entry["name"]: entry["pricing"] for entry in catalogue["agents"]}
    assert (prices["Translator"]["type"], prices["Translator"]["price"]) == ("hybrid", 2.0)
    assert (prices["Gratis"], prices["Agora"]) == (None, None)
    terms = {"type": "hybrid", "currency": "USD", "unit": "minute", "version": 2, "price": 2.0, "base_price": 0.5}
    assert (await declared("Translator"))[1]["params"] == terms
    await market.call(
        maker, "billing.set_price", agent_id="Translator", type="token_based", input_price=3, output_price=15
    )
    terms = {"type": "token_based", "currency": "USD", "unit": "million_tokens", "version": 3}
    assert (await declared("Translator"))[1]["params"] == terms | {"input_price": 3.0, "output_price": 15.0}
    await market.call(maker, "billing.set_price", agent_id="Translator", type="free")
    assert (await declared("Translator"), await declared("Gratis")) == ([own], [])
