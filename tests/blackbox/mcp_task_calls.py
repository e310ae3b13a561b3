"""Calls of MCP that become tasks, and the agent whose tool is called."""

from __future__ import annotations

from typing import Any

from tests.blackbox.mcp_wire import EXTENSION, RawClient
from tests.blackbox.server import Account, ServerProcess

__all__ = ["DECLARED", "LEGACY", "Baker", "begin"]

LEGACY = "2025-11-25"
DECLARED = {"extensions": {EXTENSION: {}}, "elicitation": {}}


class Baker:
    """The agent whose tool is called; the test says what it does."""

    def __init__(self, server: ServerProcess, name: str, **about: Any) -> None:
        metadata = {"mcp_tools": {"bake": about}}
        self.account: Account = server.register(name, capabilities=["bake", "mcp_tools"], metadata=metadata)
        self.tool = f"{name}.bake"
        self.held: dict[str, Any] = {}

    def take(self) -> str:
        """Claim the next task; answers its id."""
        task = self.account.post("/agora/task/claim", {"wait": 30})["tasks"][0]
        self.held = {"task_id": task["task_id"], "fencing_token": task["fencing_token"]}
        return str(task["task_id"])

    def report(self, progress: float, notes: str) -> None:
        self.account.post("/agora/task/update", self.held | {"progress": progress, "notes": notes})

    def ask(self, text: str, **metadata: Any) -> None:
        question = {"text": text, "status": "input_required", "metadata": metadata}
        self.account.post("/agora/task/message", self.held | question)

    def complete(self, result: Any) -> None:
        self.account.post("/agora/task/complete", self.held | {"result": result})

    def fail(self) -> None:
        self.account.post("/agora/task/fail", self.held | {"error": "burnt", "retry": False})

    def reject(self) -> None:
        self.account.post("/agora/task/update", self.held | {"status": "rejected", "notes": "closed"})

    def answers(self) -> list[Any]:
        """What the requester has answered, in order."""
        entries = self.account.get("/agora/task/history", params={"task_id": self.held["task_id"]})["entries"]
        parts = [entry["data"]["parts"][0] for entry in entries if (entry.get("data") or {}).get("role") == "ROLE_USER"]
        return [part.get("text") or part["data"] for part in parts]


def begin(client: RawClient, tool: str, **task: Any) -> dict[str, Any]:
    """The handle of a call that becomes a task."""
    params = {"name": tool, "arguments": {"bread": "rye"}}
    if not client.version:
        return client.result("tools/call", params)
    handle: dict[str, Any] = client.result("tools/call", params | {"task": task})["task"]
    return handle
