"""The interop matrix of the bus, embedded and Redis: data sent over it is readable over every protocol, and vice versa."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.interop.conftest import Parties
from tests.interop.connectors import CONNECTORS, BusRedis
from tests.valkey import Broker, empty_database, valkey_server

__all__ = ["valkey_server"]

CONTENT = 'Grüße, 世界 🚀 "quoted" \\ <script>\n\ttab'
BUSES = ("bus", "bus-redis")
SENDERS = [name for name, kind in CONNECTORS.items() if kind.sends]
OBSERVERS = [name for name, kind in CONNECTORS.items() if kind.observes]
PAIRS = [(bus, other) for bus in BUSES for other in (*OBSERVERS, *BUSES)] + [
    (other, bus) for bus in BUSES for other in SENDERS
]
TASKS = [(bus, other) for bus in BUSES for other in (*SENDERS, *BUSES)] + [
    (other, bus) for bus in BUSES for other in SENDERS
]


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def bus(valkey_server: Broker) -> Iterator[str]:
    url = empty_database(valkey_server)
    BusRedis.redis = url
    yield url
    BusRedis.redis = ""


@pytest.mark.parametrize(("sender_kind", "observer_kind"), PAIRS)
async def test_message_is_equal_over_every_protocol(parties: Parties, sender_kind: str, observer_kind: str) -> None:
    sender, observer = await parties.get(sender_kind, "Sender"), await parties.get(observer_kind, "Observer")
    arguments: dict[str, Any] = {
        "to_agent": observer.agent_name,
        "content": CONTENT,
        "message_type": "alert",
        "priority": "urgent",
        "correlation_id": "exchange-1",
        "metadata": {"nested": {"list": [1, 2.5, None, True]}},
    }
    receipt = await sender.call("agora.messaging.send", arguments)
    message = await observer.message(receipt["message_id"])
    assert message["from_agent"] == sender.agent_id
    assert message["from_name"] == sender.agent_name
    message["metadata"].pop("bus", None)  # the entry has its own id and time
    for name in ("content", "message_type", "priority", "correlation_id", "metadata"):
        assert message[name] == arguments[name], name
    assert message["timestamp"] == receipt["timestamp"]


@pytest.mark.parametrize(("giver_kind", "doer_kind"), TASKS)
async def test_task_is_equal_over_every_protocol(parties: Parties, giver_kind: str, doer_kind: str) -> None:
    giver, doer = await parties.get(giver_kind, "Giver"), await parties.get(doer_kind, "Doer")
    payload = {"text": CONTENT, "nested": {"list": [1, 2.5, None, True]}}
    arguments = {"task_type": "review", "payload": payload, "assignee": doer.agent_name, "priority": "high"}
    receipt = await giver.call("agora.task.assign", arguments)
    (task,) = (await doer.call("agora.task.claim", {"wait": 30, "lease_seconds": 600}))["tasks"]
    assert (task["task_id"], task["payload"], task["priority"]) == (receipt["task_id"], payload, "high")
    assert (task["created_by"], task["assigned_agent"]) == (giver.agent_id, doer.agent_id)
    held = {"task_id": task["task_id"], "fencing_token": task["fencing_token"]}
    await doer.call("agora.task.complete", held | {"result": payload})
    observer = CONNECTORS["rest"](giver.url, giver.agent_name)
    observer.token = giver.token
    async with observer.stack:
        await observer.open()
        async with observer.http.stream("GET", f"/v1/agent/tasks/{task['task_id']}/output/stream") as stream:
            await stream.aread()  # it ends with the task
        found = (await observer.http.get(f"/v1/agent/tasks/{task['task_id']}")).json()
    assert (found["status"], found["result"]) == ("completed", payload)
