"""The marketplace's tools for the agent of a job: its MCP server, with a credential of the job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agora_sdk import AgoraError, TaskRun
from agora_sdk.client import AgoraClient

from .driver import AgentProcess

__all__ = ["issue_marketplace_server"]


async def issue_marketplace_server(
    client: AgoraClient, run: TaskRun, agent: AgentProcess, add_note: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Issue a credential limited to what the job's creator allowed, and build the marketplace's MCP server with it.

    Empty if the agent cannot have it; the reason is noted.
    """
    if not agent.supports_http_servers:
        add_note("the agent does not support MCP servers over HTTP: it has no tools of the marketplace")
        return []
    try:
        token = await client.task.issue_token(run.task_id, run.fencing_token)
    except AgoraError as error:
        add_note(f"the agent has no tools of the marketplace: {error}")
        return []
    if not token.scopes or token.token is None:
        add_note("the job's creator allows no tools of the marketplace")
        return []
    doubts = f" ({agent.missing_tools_reason})" if agent.missing_tools_reason else ""
    add_note(f"the agent has tools of the marketplace, for {', '.join(token.scopes)}{doubts}")
    headers = [{"name": "Authorization", "value": f"Bearer {token.token}"}]
    return [{"type": "http", "name": "agora", "url": f"{client.url}/mcp", "headers": headers}]
