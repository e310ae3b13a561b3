"""Parameters with enum values also accept the values as literals."""

from __future__ import annotations

from agora_sdk import AgoraClient
from agora_sdk.types import AgentStatus, Priority, TaskStatus


def call_with_values(client: AgoraClient) -> None:
    client.messaging.send("Ada", "Hello", priority="normal")
    client.request("Ada", "Hello?", priority="high")
    client.messaging.send("Ada", "Hello", priority=Priority.NORMAL)
    client.messaging.receive(priority="urgent", status="queued")
    client.messaging.mark(["msg_1"], "acknowledged")
    client.agent.register("Ada", service_tier="premium", visibility="team")
    client.agent.heartbeat(status="busy")
    client.agent.list(status=AgentStatus.ERROR, service_tier="basic")
    client.agent.update("Ada", status="inactive", visibility="private")
    client.task.assign("analysis", priority="high")
    client.task.update("task_1", status="in_progress")
    client.task.list(status=["pending", TaskStatus.IN_PROGRESS], priority="low")
    client.task.list(status="failed")
    client.workflow.create("w", [], priority="urgent")
    client.workflow.list(status=["running", "paused"])
    client.instance.list(status="running")
    client.admin.override("system_wide", "emergency_halt")
    client.billing.set_price("Ada", "per_request", 1.0)
    client.billing.usage(kind="payment")
    client.bus.publish("state_update", {}, priority="medium")
    client.dead_letter.list(state="dead")
    client.discovery.list(status="deprecated")
    client.query.agents(status="active", service_tier="enterprise")
    client.query.services(status="sunset")
    client.monitor.agents(status="offline")
    client.monitor.messages(priority="high")
    client.upstream.get("files", kind="tool", state="quarantined")
    client.token.create("a key", service_tier="premium")
    client.a2a.list(status="TASK_STATE_WORKING")
    statuses: list[TaskStatus] = [TaskStatus.PENDING]
    client.task.list(status=statuses)
