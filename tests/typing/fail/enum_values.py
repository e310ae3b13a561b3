"""An invalid enum value is an error."""

from __future__ import annotations

from agora_sdk import AgoraClient


def call_with_unknown_values(client: AgoraClient) -> None:
    client.messaging.send("Ada", "Hello", priority="important")  # E: arg-type
    client.agent.heartbeat(status="sleepy")  # E: arg-type
    client.task.list(status=["pending", "lost"])  # E: list-item
    client.admin.override("system_wide", "stop")  # E: arg-type
