"""The bus of the contract, on both stores: entries are messages and tasks, and each agent has a consumer group."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from agora.core.call import Caller
from agora.domains.tasks.jobs import TaskDeadlineController
from agora_sdk.errors import (
    Conflict,
    IdempotencyConflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    StaleLease,
)
from tests.conformance.engines import RunsOn
from tests.market import Market

RUNS_ON = RunsOn.BOTH_IF_LONG


@pytest.fixture
async def a(market: Market) -> Caller:
    return await market.agent("A")


@pytest.fixture
async def b(market: Market) -> Caller:
    return await market.agent("B", capabilities=["review"], max_concurrent_tasks=5)


async def publish(market: Market, caller: Caller, **entry: Any) -> Any:
    return await market.call(caller, "bus.publish", **({"type": "assistance_request", "target": "B"} | entry))


async def read(market: Market, caller: Caller, **options: Any) -> list[Any]:
    batch = await market.call(caller, "bus.read", **options)
    assert batch.count == len(batch.entries)
    return list(batch.entries)


# -- entries and messages ------------------------------------------------------------------------


async def test_entry_is_delivered_as_published(market: Market, a: Caller, b: Caller) -> None:
    content = {"question": "Grüße, 世界", "nested": {"list": [1, 2.5, None, True]}}
    own = str(uuid4())
    receipt = await publish(
        market, a, content=content, priority="high", correlation_id="c-1", message_id=own,
        timestamp="2026-02-23T14:30:00Z",
    )  # fmt: skip
    (entry,) = await read(market, b)
    assert (entry.message_id, entry.sender, entry.target) == (own, "A", "B")
    assert (entry.type.value, entry.priority.value) == ("assistance_request", "high")
    assert (entry.content, entry.correlation_id, entry.deliveries) == (content, "c-1", 1)
    assert entry.timestamp.isoformat() == "2026-02-23T14:30:00+00:00"
    assert entry.extensions["message_id"] == receipt.message_id
    assert await read(market, b) == []


async def test_entries_and_messages_are_equivalent(market: Market, a: Caller, b: Caller) -> None:
    receipt = await publish(market, a, type="error_report", content={"error": "no disk"}, priority="low")
    (message,) = (await market.call(b, "messaging.receive")).messages
    assert (message.message_id, message.message_type, message.from_agent) == (
        receipt.message_id, "error_report", a.subject,
    )  # fmt: skip
    assert (message.content, message.priority.value) == ('{"error":"no disk"}', "low")
    sent = await market.call(
        a, "messaging.send", to_agent="B", content="hello", message_type="alert", priority="urgent",
        metadata={"k": [1]},
    )  # fmt: skip
    first, second = await read(market, b)
    assert first.message_id == receipt.message_id
    assert (second.message_id, second.content) == (sent.message_id, {"text": "hello"})
    assert (second.type.value, second.priority.value) == ("error_report", "high")
    assert second.extensions["message_type"] == "alert"
    assert second.extensions["priority"] == "urgent"
    assert second.extensions["metadata"] == {"k": [1]}


async def test_extensions_of_an_entry_set_message_fields(market: Market, a: Caller, b: Caller) -> None:
    extensions = {"message_type": "note", "priority": "urgent", "metadata": {"k": 1}, "x": "kept"}
    await publish(market, a, content={"text": "hi"}, priority="high", extensions=extensions)
    (message,) = (await market.call(b, "messaging.receive")).messages
    assert (message.message_type, message.priority.value, message.content) == ("note", "urgent", "hi")
    assert message.metadata["k"] == 1
    for wrong in ({"message_type": ""}, {"priority": "now"}, {"reply_to": "x"}, {"metadata": []}):
        with pytest.raises(InvalidRequest, match="extensions"):
            await publish(market, a, extensions=wrong)


async def test_forged_sender_is_refused(market: Market, a: Caller, b: Caller) -> None:
    with pytest.raises(PermissionDenied):
        await publish(market, a, sender="B", target="A")
    with pytest.raises(PermissionDenied):
        await market.call(a, "bus.read", agent_id="B")
    forged = {"from_name": "operator", "from_agent": "operator", "sender": "operator"}
    await publish(market, a, extensions=forged)
    (entry,) = await read(market, b)
    assert entry.sender == "A"
    (message,) = (await market.call(b, "messaging.receive")).messages
    assert (message.from_agent, message.from_name) == (a.subject, "A")


async def test_repeated_publish_has_no_further_effect(market: Market, a: Caller, b: Caller) -> None:
    entry: dict[str, Any] = {"message_id": "m-1", "content": {"n": 1}}
    receipts = await asyncio.gather(*(publish(market, a, **entry) for _ in range(5)))
    assert len({receipt.message_id for receipt in receipts}) == 1
    assert len(await read(market, b)) == 1
    with pytest.raises(IdempotencyConflict):
        await publish(market, a, message_id="m-1", content={"n": 2})
    await publish(market, b, target="A", message_id="m-1")
    assert len(await read(market, a)) == 1, "another's ids are its own"


# -- groups --------------------------------------------------------------------------------------


async def test_broadcast_reaches_all_agents_independently(market: Market, a: Caller, b: Caller) -> None:
    c = await market.agent("C")
    await publish(market, a, target="C", content={"for": "C"})
    await publish(market, a, type="state_update", target="broadcast", content={"load": 1})
    await publish(market, a, content={"for": "B"})
    assert [e.content for e in await read(market, b)] == [{"load": 1}, {"for": "B"}]
    assert [e.content for e in await read(market, c)] == [{"for": "C"}, {"load": 1}]
    assert await read(market, a) == [], "its own are not for it"
    late = await market.agent("Late")
    assert await read(market, late) == []


async def test_consumers_of_one_agent_share_its_entries(market: Market, a: Caller, b: Caller) -> None:
    sent = [(await publish(market, a, content={"n": n})).message_id for n in range(30)]
    shares = await asyncio.gather(*(read(market, b, consumer=f"c{n}", count=10) for n in range(3)))
    assert sorted(e.message_id for share in shares for e in share) == sorted(sent)
    pending = await market.call(b, "bus.pending", count=5)
    assert (pending.count, pending.total, pending.group) == (5, 30, "B")


async def test_read_waits_for_entries(market: Market, a: Caller, b: Caller) -> None:
    waiting = asyncio.create_task(read(market, b, wait=10))
    for _ in range(5):
        await publish(market, b, target="A")  # its own message does not end its wait
    assert not waiting.done()
    receipt = await publish(market, a)
    assert [e.message_id for e in await asyncio.wait_for(waiting, 60)] == [receipt.message_id]


async def test_acknowledgement_applies_to_every_protocol(market: Market, a: Caller, b: Caller) -> None:
    own = [str(uuid4()) for _ in range(3)]
    for each in own:
        await publish(market, a, message_id=each)
    entries = await read(market, b)
    ids = [entries[0].message_id, entries[1].entry_id, entries[2].extensions["message_id"]]
    done = await market.call(b, "bus.ack", message_ids=ids)
    assert (done.acknowledged, done.unknown) == (3, [])
    assert (await market.call(b, "bus.pending")).total == 0
    messages = (await market.call(b, "messaging.receive")).messages
    assert {m.status.value for m in messages} == {"acknowledged"}
    again = await market.call(b, "bus.ack", message_ids=[entries[0].entry_id, "nonsense"])
    assert (again.acknowledged, again.unknown) == (0, [entries[0].entry_id, "nonsense"])


async def test_agent_cannot_acknowledge_entries_of_another(market: Market, a: Caller, b: Caller) -> None:
    await publish(market, a)
    (entry,) = await read(market, b)
    done = await market.call(a, "bus.ack", message_ids=[entry.entry_id, entry.message_id])
    assert (done.acknowledged, len(done.unknown)) == (0, 2)
    assert (await market.call(b, "bus.pending")).total == 1


async def test_redelivery_backs_off_and_ends_in_a_dead_letter(market: Market, a: Caller, b: Caller) -> None:
    receipt = await publish(market, a)
    await read(market, b, consumer="one")

    async def recovered() -> list[int]:
        return [e.deliveries for e in (await market.call(b, "bus.recover", consumer="two")).entries]

    assert await recovered() == []
    market.clock.advance(31)
    assert await recovered() == [2]
    market.clock.advance(31)
    assert await recovered() == []
    market.clock.advance(30)
    assert await recovered() == [3]
    market.clock.advance(121)
    assert await recovered() == []
    (message,) = (await market.call(b, "messaging.receive", status="dead_lettered")).messages
    assert message.message_id == receipt.message_id
    (event,) = market.of_type("agora.bus.dead_lettered")
    assert event.audience == (b.subject, a.subject)
    assert (await market.call(b, "bus.stats")).dead_letters == 1


async def test_claim_accepts_an_idle_time(market: Market, a: Caller, b: Caller) -> None:
    await publish(market, a)
    await read(market, b)
    assert len((await market.call(b, "bus.recover", idle=0)).entries) == 1
    for wrong in (-1, 1e9, float("nan")):
        with pytest.raises(InvalidRequest):
            await market.call(b, "bus.recover", idle=wrong)


# -- tasks ---------------------------------------------------------------------------------------


async def assigned(market: Market, giver: Caller, **content: Any) -> Any:
    return await publish(market, giver, type="task_assignment", content={"task_type": "review", **content})


async def test_assignment_creates_a_task(market: Market, a: Caller, b: Caller) -> None:
    receipt = await assigned(market, a, file="spec.md", max_attempts=2)
    task = await market.call(a, "task.get", task_id=receipt.task_id)
    assert (task.task_type, task.payload, task.max_attempts) == ("review", {"file": "spec.md"}, 2)
    assert (task.assigned_agent, task.priority.value) == (b.subject, "normal")
    (entry,) = await read(market, b)
    assert (entry.type.value, entry.task_id, entry.sender) == ("task_assignment", receipt.task_id, "A")
    assert entry.content["payload"] == {"file": "spec.md"}
    assert entry.content["fencing_token"] == entry.fencing_token
    assert (await market.call(b, "task.get", task_id=receipt.task_id)).status.value == "in_progress"
    assert await read(market, b) == []


async def test_completion_completes_the_task_and_is_a_message(market: Market, a: Caller, b: Caller) -> None:
    await assigned(market, a, message="do it")
    (entry,) = await read(market, b)
    content = {"task_id": entry.task_id, "fencing_token": entry.fencing_token, "result": {"ok": True}}
    done = await publish(market, b, type="task_completion", target="A", content=content)
    assert done.task_id == entry.task_id
    task = await market.call(a, "task.get", task_id=entry.task_id)
    assert (task.status.value, task.result) == ("completed", {"ok": True})
    (told,) = await read(market, a)
    assert (told.type.value, told.content) == ("task_completion", content)
    await market.call(b, "bus.ack", message_ids=[entry.message_id, entry.entry_id])
    with pytest.raises(StaleLease):
        await publish(market, b, type="task_completion", target="A", content=content | {"fencing_token": 99})


async def test_task_of_any_protocol_is_delivered_over_the_bus(market: Market, a: Caller, b: Caller) -> None:
    mine = await market.call(a, "task.assign", task_type="t", payload={"n": 1}, assignee="B", priority="urgent")
    pool = await market.call(a, "task.assign", task_type="t", assignee="capability:review")
    await market.call(a, "task.assign", task_type="t", required_capabilities=["other"])
    assert await read(market, b, tasks=False) == []
    entries = await read(market, b)
    assert {e.task_id for e in entries} == {mine.task_id, pool.task_id}
    assert entries[0].priority.value == "high"


async def test_failure_and_progress_reports_update_the_task(
    market: Market, a: Caller, b: Caller, upkeep: TaskDeadlineController
) -> None:
    receipt = await assigned(market, a, max_attempts=2)
    (entry,) = await read(market, b)
    held = {"task_id": entry.task_id, "fencing_token": entry.fencing_token}
    await publish(market, b, type="state_update", target="A", content=held | {"progress": 40})
    task = await market.call(a, "task.get", task_id=receipt.task_id)
    assert task.progress == 40
    assert task.lease_expires_at - task.updated_at > timedelta(minutes=59)
    await publish(market, b, type="error_report", target="A", content=held | {"error": "no disk"})
    task = await market.call(a, "task.get", task_id=receipt.task_id)
    assert (task.status.value, task.error, task.attempts) == ("pending", "no disk", 1)
    market.clock.advance(10)
    await upkeep.step()
    (again,) = await read(market, b)
    assert again.content["attempt"] == 2
    assert again.message_id != entry.message_id
    content = {"task_id": again.task_id, "status": "failed", "error": "still", "retry": False}
    await publish(market, b, type="task_completion", target="A", content=content)
    task = await market.call(a, "task.get", task_id=receipt.task_id)
    assert task.status.value in ("failed", "dead_lettered")


async def test_assignment_with_an_ended_claim_is_not_redelivered(market: Market, a: Caller, b: Caller) -> None:
    receipt = await assigned(market, a)
    assert len(await read(market, b)) == 1
    await market.call(a, "task.cancel", task_id=receipt.task_id)
    market.clock.advance(31)
    assert (await market.call(b, "bus.recover")).entries == []
    assert (await market.call(b, "bus.pending")).total == 0


@pytest.mark.parametrize("status", ["input_required", "auth_required"])
async def test_assignment_that_waits_for_an_answer_is_redelivered(
    market: Market, a: Caller, b: Caller, status: str
) -> None:
    await assigned(market, a)
    (entry,) = await read(market, b)
    question = {"text": "May I?", "status": status, "fencing_token": entry.fencing_token}
    await market.call(b, "task.message", task_id=entry.task_id, **question)
    assert (await market.call(a, "task.get", task_id=entry.task_id)).status.value == status
    market.clock.advance(31)
    (again,) = (await market.call(b, "bus.recover")).entries
    assert (again.task_id, again.fencing_token) == (entry.task_id, entry.fencing_token)
    assert (await market.call(b, "bus.pending")).total == 1


async def test_reports_on_tasks_of_others_are_refused(market: Market, a: Caller, b: Caller) -> None:
    receipt = await assigned(market, a)
    c = await market.agent("C")
    content = {"task_id": receipt.task_id, "result": "stolen"}
    with pytest.raises(NotFound):
        await publish(market, c, type="task_completion", target="A", content=content)
    assert await read(market, a) == [], "a refused entry leaves nothing"
    with pytest.raises(InvalidRequest, match="progress"):
        await publish(
            market, b, type="state_update", target="A", content={"task_id": receipt.task_id, "progress": "much"}
        )


async def test_unknown_task_ids_are_plain_messages(market: Market, a: Caller, b: Caller) -> None:
    await publish(market, a, type="task_completion", content={"task_id": "job-7", "result": 1})
    assert [e.content["task_id"] for e in await read(market, b)] == ["job-7"]


async def test_bus_operations_require_scopes(market: Market, a: Caller, b: Caller) -> None:
    created = await market.call(market.operator, "token.create", label="talker", scopes=["write:messages"])
    talker = await market.app.authenticator.authenticate(created.token)
    await publish(market, talker, content={"text": "hi"})
    with pytest.raises(PermissionDenied, match="write:tasks"):
        await assigned(market, talker)
    with pytest.raises(PermissionDenied, match="write:tasks"):
        await publish(market, talker, type="task_completion", content={"task_id": f"task_{'0' * 32}"})


async def test_state_update_sets_the_agents_state(market: Market, a: Caller, b: Caller) -> None:
    await publish(market, b, type="state_update", target="broadcast", content={"status": "busy"})
    assert (await market.call(a, "agent.get", agent_id="B")).status.value == "busy"
    with pytest.raises(InvalidRequest, match=r"content\.status must be one of active, busy"):
        await publish(market, b, type="state_update", target="broadcast", content={"status": "dancing"})
    assert (await market.call(a, "agent.get", agent_id="B")).status.value == "busy"


async def test_broadcast_assignment_goes_to_the_first_claimer(market: Market, a: Caller, b: Caller) -> None:
    receipt = await publish(market, a, type="task_assignment", target="broadcast", content={"task_type": "t"})
    (task,) = (await market.call(b, "task.claim")).tasks
    assert task.task_id == receipt.task_id


async def test_invalid_assignments_are_refused(market: Market, a: Caller, b: Caller) -> None:
    for wrong in ({"task_type": ""}, {"deadline": "tomorrow"}, {"max_attempts": 0}, {"timeout": "x"}, {"payload": 3}):
        with pytest.raises(InvalidRequest, match="content"):
            await assigned(market, a, **wrong)


# -- inspection ----------------------------------------------------------------------------------


async def test_health_has_exactly_the_sources_fields(market: Market, a: Caller, b: Caller) -> None:
    await market.app.monitor.take_sample()
    await publish(market, a)
    health = await market.call(b, "bus.health")
    told = health.model_dump(mode="json")
    assert told.pop("timestamp").endswith("Z")
    assert told == {"status": "healthy", "redis_connection": False, "consumer_group": "B", "message_lag": 1}
    await read(market, b)
    assert (await market.call(b, "bus.health")).message_lag == 0


async def test_stats_describe_the_callers_group(market: Market, a: Caller, b: Caller) -> None:
    for who in ("A", "B"):
        await publish(market, market.operator, target=who)
    await read(market, a)
    await read(market, b, consumer="c1")
    (group,) = (await market.call(b, "bus.stats")).groups
    assert (group.group, group.pending, group.lag) == ("B", 1, 0)
    assert [(c.name, c.pending) for c in group.consumers] == [("c1", 1)]
    stats = await market.call(market.operator, "bus.stats")
    assert {g.group for g in stats.groups} == {"A", "B"}
    assert (stats.engine, stats.awaiting_response) == ("embedded", 2)


async def test_operators_and_keys_have_a_stream(market: Market, a: Caller) -> None:
    receipt = await publish(market, a, target="operator", content={"text": "help"})
    (entry,) = await read(market, market.operator)
    assert entry.message_id == receipt.message_id
    assert (await market.call(market.operator, "bus.ack", message_ids=entry.message_id)).acknowledged == 1
    await publish(market, a, target="operator")
    (entry,) = await read(market, market.operator)
    assert (entry.sender, entry.target) == ("A", "operator")


async def test_joining_redis_without_redis_is_refused(market: Market, b: Caller) -> None:
    with pytest.raises(Conflict, match="No Redis"):
        await market.call(b, "bus.join")


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "gossip"},
        {"priority": "urgent"},
        {"target": ""},
        {"target": "a\nb"},
        {"message_id": "with space"},
        {"message_id": "x" * 181},
        {"content": "text"},
        {"content": {"text": "a\0b"}},
        {"extensions": {"metadata": {"bus": {}}}},
        {"correlation_id": ""},
        {"timestamp": 5},
        {"other": 1},
    ],
)
async def test_invalid_entry_is_refused(market: Market, a: Caller, b: Caller, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        await publish(market, a, **wrong)


async def test_unknown_entry_is_not_found(market: Market, a: Caller) -> None:
    with pytest.raises(NotFound):
        await publish(market, a, target=f"agent_{'0' * 32}")
    with pytest.raises(NotFound):
        await publish(market, a, target="capability:none")
    held = await publish(market, a, target="Unborn")
    assert held.warning
    born = await market.agent("Unborn")
    assert [e.message_id for e in await read(market, born)] == [held.message_id]


async def test_unusual_content_does_not_block_later_messages(market: Market, a: Caller, b: Caller) -> None:
    deep: Any = 1
    for _ in range(98):
        deep = {"a": deep}
    texts = [
        '{"a":' * 150 + "1" + "}" * 150,
        '{"a":' * 3000 + "1" + "}" * 3000,
        '{"' + "k" * 300 + '":1}',
        '{"a":1e999}',
        '{"a":NaN}',
        '{"text":1,"text":2}',
        "",
        "\ufeff{}",
    ]
    for text in texts:
        await market.call(a, "messaging.send", to_agent="B", content=text, metadata={"deep": deep})
    await market.call(a, "messaging.send", to_agent="B", content="last", message_type="x" * 64)
    entries = await read(market, b, count=100)
    assert len(entries) == len(texts) + 1
    assert [entry.content.get("text", "") for entry in entries[:3]] == texts[:3]
    assert entries[-1].content == {"text": "last"}
    assert all(entry.sender == "A" and entry.model_dump_json() for entry in entries)
    assert entries[0].extensions["metadata"] == {"deep": deep}
    await market.call(a, "task.assign", task_type="t", payload={"deep": deep}, assignee="B")
    (task,) = await read(market, b)
    assert task.content["payload"] == {"deep": deep}
    assert type(task).model_validate_json(task.model_dump_json()) == task
