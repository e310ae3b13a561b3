"""MCP calls that become tasks, and the agent whose tool is called."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Literal

import httpx2
import mcp_types as types
from mcp import Client
from mcp.client.extension import ClientExtension, NotificationBinding, ResultClaim
from mcp.client.streamable_http import streamable_http_client
from pydantic import ConfigDict

from tests.blackbox.mcp_wire import EXTENSION, RawClient
from tests.blackbox.server import Account, ServerProcess

__all__ = ["DECLARED", "LEGACY", "Baker", "Connection", "TasksExtension", "begin", "begin_sending"]

LEGACY = "2025-11-25"
DECLARED = {"extensions": {EXTENSION: {}}, "elicitation": {}}


class Baker:
    """The agent whose tool is called, controlled by the test."""

    def __init__(self, server: ServerProcess, name: str, **about: Any) -> None:
        metadata = {"mcp_tools": {"bake": about}}
        self.account: Account = server.register(name, capabilities=["bake", "mcp_tools"], metadata=metadata)
        self.name, self.tool = name, f"{name}.bake"
        self.held: dict[str, Any] = {}

    def take(self) -> str:
        """Claim the next task. Returns its id."""
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
        """Return the requester's answers in order."""
        entries = self.account.get("/agora/task/history", params={"task_id": self.held["task_id"]})["entries"]
        parts = [entry["data"]["parts"][0] for entry in entries if (entry.get("data") or {}).get("role") == "ROLE_USER"]
        return [part.get("text") or part["data"] for part in parts]


def begin(client: RawClient, tool: str, **task: Any) -> dict[str, Any]:
    """Start a call that becomes a task. Returns its handle."""
    params = {"name": tool, "arguments": {"bread": "rye"}}
    if not client.version:
        return client.result("tools/call", params)
    handle: dict[str, Any] = client.result("tools/call", params | {"task": task})["task"]
    return handle


def begin_sending(
    client: RawClient, agent: str, *, ttl: int | None = None, _meta: Mapping[str, Any] = {}, **arguments: Any
) -> dict[str, Any]:
    """Send a message to an agent with ``agora.a2a.send``, which becomes a task. Returns its handle."""
    arguments = {"agent": agent, "message": "bread", **arguments}
    params: dict[str, Any] = {"name": "agora_a2a_send", "arguments": arguments, "_meta": _meta}
    if not client.version:
        return client.result("tools/call", params)
    task = {} if ttl is None else {"ttl": ttl}
    handle: dict[str, Any] = client.result("tools/call", params | {"task": task})["task"]
    return handle


class Connection:
    """The official client, as an asynchronous context manager."""

    def __init__(self, server: ServerProcess, mode: Any, **options: Any) -> None:
        self._http = httpx2.AsyncClient(headers={"authorization": f"Bearer {server.admin_token}"}, timeout=60)
        self._client = Client(
            streamable_http_client(f"{server.url}/mcp", http_client=self._http), mode=mode, cache=None, **options
        )

    async def __aenter__(self) -> Client:
        await self._http.__aenter__()
        return await self._client.__aenter__()

    async def __aexit__(self, *error: Any) -> None:
        await self._client.__aexit__(*error)
        await self._http.__aexit__(*error)


class _TaskHandle(types.Result):
    result_type: Literal["task"] = "task"
    task_id: str
    status: str
    ttl_ms: int | None
    poll_interval_ms: int | None = None


class _DetailedTask(types.Result):
    model_config = ConfigDict(extra="allow")

    task_id: str
    status: str
    result: dict[str, Any] | None = None


class _GetTask(types.Request[dict[str, Any], Literal["tasks/get"]]):
    method: Literal["tasks/get"] = "tasks/get"
    name_param = "taskId"


class TasksExtension(ClientExtension):
    """Resolves tasks by polling until they end."""

    identifier = EXTENSION

    def __init__(self) -> None:
        self.statuses: list[str] = []

    def claims(self) -> list[ResultClaim[Any]]:
        return [ResultClaim(result_type="task", model=_TaskHandle, resolve=self._resolve)]

    def notifications(self) -> list[NotificationBinding[Any]]:
        return []

    async def _resolve(self, handle: _TaskHandle, context: Any) -> types.CallToolResult:
        while True:
            request = _GetTask(params={"taskId": handle.task_id})
            task = await context.session.send_request(request, _DetailedTask)
            self.statuses.append(task.status)
            if task.status not in ("working", "input_required"):
                return types.CallToolResult.model_validate(task.result)
            await asyncio.sleep(0.02)  # polling interval of a client of the extension
