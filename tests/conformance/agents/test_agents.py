"""Agents on every engine: registration, names, ratings, lists, states."""

from __future__ import annotations

import asyncio
import json

import pytest

from agora_sdk.errors import (
    IllegalTransition,
    InvalidRequest,
    NameTaken,
    NotFound,
    Overloaded,
    PermissionDenied,
    Unauthenticated,
)
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH

REGISTER = "agent.register"


async def test_registration_returns_everything_an_agent_needs(market: Market) -> None:
    registration = await market.call(
        market.operator,
        REGISTER,
        agent_name="MyDocumentationAgent",
        capabilities=["documentation", "analysis", "documentation"],
        service_tier="premium",
        metadata={"team": "docs"},
        max_concurrent_tasks=4,
        proficiency_level=5,
        endpoints={"a2a": "http://127.0.0.1:9100/"},
        tags=["en"],
    )
    assert registration.agent_id.startswith("agent_")
    assert len(registration.agent_id) == len("agent_") + 32
    assert registration.capabilities == ["documentation", "analysis"]
    assert (registration.status, registration.created) == ("active", True)
    assert "agora.messaging.send" in registration.available_services
    caller = await market.app.authenticator.authenticate(registration.token)
    assert (caller.subject, caller.tier, caller.kind) == (registration.agent_id, "premium", "agent")
    agent = await market.call(caller, "agent.get", agent_id="MyDocumentationAgent")
    assert agent.metadata.get("team") == "docs"
    assert agent.endpoints == {"a2a": "http://127.0.0.1:9100/"}
    assert not hasattr(agent, "token")


async def test_re_registration_with_the_token_updates_the_agent(market: Market) -> None:
    ada = await market.agent("Ada", capabilities=["old"])
    again = await market.call(ada, REGISTER, agent_name="Ada", capabilities=["new"], description="changed")
    assert (again.agent_id, again.created, again.capabilities) == (ada.subject, False, ["new"])
    assert (await market.call(ada, "agent.get", agent_id=ada.subject)).description == "changed"
    for other in (market.operator, await market.agent("Bob")):
        with pytest.raises(NameTaken):
            await market.call(other, REGISTER, agent_name="Ada")


async def test_concurrent_registrations_keep_within_the_limit_of_a_registrar(market: Market) -> None:
    ada = await market.agent("Ada")
    settings = market.app.context.configuration
    settings.current = settings.current.model_copy(update={"max_agents_each": 2})
    calls = (market.call(ada, "agent.register", agent_name=f"Child {number}") for number in range(6))
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(outcome, Overloaded) for outcome in outcomes) == 4, outcomes


async def test_concurrent_registrations_keep_within_the_limit_of_an_enrolment_token(market: Market) -> None:
    enrolment = await market.call(market.operator, "token.create", label="fleet", kind="enrolment")
    newcomer = await market.app.authenticator.authenticate(enrolment.token)
    settings = market.app.context.configuration
    settings.current = settings.current.model_copy(update={"max_agents_enrolled": 2})
    calls = (market.call(newcomer, "agent.register", agent_name=f"Member {number}") for number in range(6))
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(outcome, Overloaded) for outcome in outcomes) == 4, outcomes


async def test_concurrent_registrations_of_a_name_have_one_winner(market: Market) -> None:
    tries = [market.call(market.operator, REGISTER, agent_name="Popular") for _ in range(10)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, NameTaken) for result in results) == 9
    assert sum(not isinstance(result, BaseException) for result in results) == 1


@pytest.mark.parametrize(
    "name",
    [
        "broadcast",
        "operator",
        "system_wide",
        "agent_" + "a" * 32,
        "capability:x",
        "name:x",
        " x",
        "x ",
        "a/b",
        "",
        "\x00",
    ],
)
async def test_reserved_names_are_refused(market: Market, name: str) -> None:
    with pytest.raises(InvalidRequest) as failure:
        await market.call(market.operator, REGISTER, agent_name=name)
    assert failure.value.errors[0]["field"] == "agent_name"


async def test_registration_repeated_with_its_idempotency_key_returns_the_token(market: Market) -> None:
    first = await market.call(market.operator, REGISTER, key="k-1", agent_name="Ada")
    again = await market.call(market.operator, REGISTER, key="k-1", agent_name="Ada")
    assert (again.agent_id, again.token) == (first.agent_id, first.token)

    async def stored(tx):  # type: ignore[no-untyped-def]
        from agora.core.idempotency import select_idempotent_answer

        return await tx.one(select_idempotent_answer, subject="operator", key="k-1")

    row = await market.app.store.read("default", stored)
    assert first.token.encode() not in row.response, "a token is never stored"


async def test_agent_is_found_by_name_id_and_alias(market: Market) -> None:
    ada = await market.agent("Ada")
    for ref in ("Ada", "ada", ada.subject, "agent.default.Ada"):
        assert (await market.call(ada, "agent.get", agent_id=ref)).agent_id == ada.subject
    for ref in ("agent.other.Ada", "agent_" + "0" * 32):
        with pytest.raises(NotFound):
            await market.call(ada, "agent.get", agent_id=ref)


async def test_agent_can_change_only_itself(market: Market) -> None:
    ada, bob = await market.agent("Ada"), await market.agent("Bob")
    changed = await market.call(ada, "agent.update", agent_id="Ada", status="busy", tags=["x"], max_concurrent_tasks=3)
    assert (changed.status, changed.tags, changed.max_concurrent_tasks) == ("busy", ["x"], 3)
    for operation in ("agent.update", "agent.heartbeat", "agent.deregister"):
        with pytest.raises(PermissionDenied):
            await market.call(bob, operation, agent_id="Ada")
    with pytest.raises(InvalidRequest, match="cannot set its own status"):
        await market.call(ada, "agent.update", agent_id="Ada", status="suspended")


async def test_heartbeat_updates_the_last_activity(market: Market) -> None:
    ada = await market.agent("Ada", max_concurrent_tasks=2)
    market.clock.advance(30)
    beat = await market.call(ada, "agent.heartbeat", load=0.5)
    assert (beat.next_before - beat.last_activity).total_seconds() == 90
    status = await market.call(ada, "agent.status", agent_id="Ada")
    assert (status.load, status.status, status.last_activity) == (0.5, "active", beat.last_activity)
    with pytest.raises(InvalidRequest, match="the caller is not an agent"):
        await market.call(market.operator, "agent.heartbeat")


async def test_reputation_is_computed_from_ratings(market: Market) -> None:
    ada, bob, cyd = [await market.agent(name) for name in ("Ada", "Bob", "Cyd")]
    await market.call(bob, "agent.rate", agent_id="Ada", rating=10)
    await market.call(cyd, "agent.rate", agent_id="Ada", rating=4, comment="slow")
    rated = await market.call(bob, "agent.rate", agent_id="Ada", rating=6)
    assert (rated.reputation, rated.rating_count) == (5.0, 2)
    assert (await market.call(ada, "agent.get", agent_id="Ada")).reputation == 5.0
    with pytest.raises(InvalidRequest):
        await market.call(ada, "agent.rate", agent_id="Ada", rating=10)
    with pytest.raises(InvalidRequest, match="rating"):
        await market.call(bob, "agent.rate", agent_id="Ada", rating=10.5)


async def test_concurrent_ratings_all_count(market: Market) -> None:
    ada = await market.agent("Ada")
    raters = [await market.agent(f"Rater{number}") for number in range(12)]
    await asyncio.gather(*(market.call(rater, "agent.rate", agent_id="Ada", rating=6) for rater in raters))
    agent = await market.call(ada, "agent.get", agent_id="Ada")
    assert (agent.rating_count, agent.reputation) == (12, 6.0)


async def test_deregistration_ends_the_token_and_frees_the_name(market: Market) -> None:
    registration = await market.call(market.operator, REGISTER, agent_name="Ada", capabilities=["x"])
    ada = await market.app.authenticator.authenticate(registration.token)
    left = await market.call(ada, "agent.deregister", agent_id="Ada")
    assert left.status == "retired"
    with pytest.raises(Unauthenticated):
        await market.app.authenticator.authenticate(registration.token)
    assert (await market.call(market.operator, "agent.get", agent_id=ada.subject)).status == "retired"
    assert (await market.call(market.operator, "query.agents", capabilities=["x"])).count == 0
    assert (await market.agent("Ada")).subject != ada.subject


async def test_list_is_paged_in_order_of_registration(market: Market) -> None:
    names = [f"Agent{number}" for number in range(5)]
    callers = [await market.agent(name, service_tier="premium" if name == "Agent3" else "basic") for name in names]
    await market.agent("Hidden", visibility="private")
    seen, cursor = [], None
    while True:
        page = await market.call(callers[0], "agent.list", limit=2, cursor=cursor)
        seen += [agent.agent_name for agent in page.agents]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen[:5] == names
    assert [a.agent_name for a in (await market.call(callers[0], "agent.list", service_tier="premium")).agents] == [
        "Agent3"
    ]
    everyone = await market.call(market.operator, "agent.list")
    assert "Hidden" in [agent.agent_name for agent in everyone.agents]


async def test_private_agent_is_rated_only_by_those_who_see_it(market: Market) -> None:
    ada, bob = await market.agent("Ada", visibility="private"), await market.agent("Bob")
    for ref in ("Ada", ada.subject):
        with pytest.raises(NotFound) as hidden:
            await market.call(bob, "agent.rate", agent_id=ref, rating=1)
        assert "is registered" in str(hidden.value), "the error does not disclose the agent"
    assert (await market.call(market.operator, "agent.get", agent_id="Ada")).reputation is None
    assert (await market.call(market.operator, "agent.rate", agent_id="Ada", rating=8)).rating_count == 1


async def test_agent_cannot_leave_a_state_set_by_an_operator(market: Market) -> None:
    ada = await market.agent("Ada")
    await market.call(market.operator, "admin.manage", resource="agent", target="Ada", action="suspend")
    with pytest.raises((IllegalTransition, PermissionDenied)):
        await market.call(ada, "agent.update", agent_id="Ada", status="active")


async def test_events_of_a_private_agent_are_private(market: Market) -> None:
    ada = await market.agent("Ada", visibility="private")
    await market.call(market.operator, "agent.rate", agent_id="Ada", rating=7)
    await market.call(ada, "agent.update", agent_id="Ada", status="busy")
    await market.call(ada, "agent.deregister", agent_id="Ada")
    about = [stored.event for stored in market.events if stored.event.subject == ada.subject]
    assert len(about) >= 4
    assert {event.audience for event in about} == {(ada.subject,)}


async def test_state_of_an_agent_follows_from_its_work(market: Market) -> None:
    ada = await market.agent("Ada", max_concurrent_tasks=2)

    async def state() -> str:
        return (await market.call(market.operator, "agent.get", agent_id=ada.subject)).status.value

    async def claim() -> tuple[str, int]:
        await market.call(market.operator, "task.assign", task_type="t", assignee="Ada")
        claim = await market.call(ada, "task.claim")
        return claim.tasks[0].task_id, claim.tasks[0].fencing_token

    first, second = await claim(), await claim()
    assert await state() == "busy"
    await market.call(ada, "agent.update", agent_id=ada.subject, max_concurrent_tasks=3)
    assert await state() == "active"
    await market.call(ada, "agent.update", agent_id=ada.subject, max_concurrent_tasks=2)
    assert (await market.call(ada, "agent.heartbeat", status="active")).status == "busy"
    await market.call(ada, "task.complete", task_id=first[0], fencing_token=first[1], result=1)
    assert await state() == "active"

    async def fail(task_id: str, token: int) -> None:
        await market.call(ada, "task.fail", task_id=task_id, error="broken", retry=False, fencing_token=token)

    await fail(*second)
    await fail(*await claim())
    assert await state() == "active"
    await fail(*await claim())
    assert await state() == "error"
    task_id, token = await claim()
    await market.call(ada, "task.complete", task_id=task_id, fencing_token=token, result=1)
    assert await state() == "active"
    await fail(*await claim())
    assert await state() == "active"
    changes = [json.loads(event.data) for event in market.of_type("agora.agent.status_changed")]
    assert [change["to"] for change in changes] == ["active", "busy", "error", "active"]


async def test_first_ratings_of_one_rater_at_the_same_time_count_once(market: Market) -> None:
    await market.agent("Ada")
    bob = await market.agent("Bob")
    await asyncio.gather(*(market.call(bob, "agent.rate", agent_id="Ada", rating=6) for _ in range(4)))
    rated = await market.call(bob, "agent.rate", agent_id="Ada", rating=8)
    assert (rated.reputation, rated.rating_count) == (8, 1)


async def test_next_heartbeat_is_due_within_the_configured_silence(market: Market) -> None:
    await market.call(
        market.operator, "admin.manage", resource="configuration", target="offline_after", action="set", value=20
    )
    beat = await market.call(await market.agent("Ada"), "agent.heartbeat")
    assert (beat.next_before - beat.last_activity).total_seconds() == 20
