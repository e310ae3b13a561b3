"""The end: everybody leaves, and nothing stays behind."""

from __future__ import annotations

import asyncio

from agora_sdk import AgoraClient
from agora_sdk.contract.workflows import WorkflowStatus

from ..ledger import Missing
from ..participants import Troupe
from .base import Act, Play

__all__ = ["DEPARTURE", "clear"]

DEPARTURE = Act()


@DEPARTURE.expect("The agents leave properly, and the marketplace is as it was")
async def departure(play: Play) -> str:
    codes = await play.stage.clear()
    if bad := {role: code for role, code in codes.items() if code}:
        raise Missing(f"exit codes {bad}")
    came = {report["agent_id"] for report in play.ledger.reports if report.kind == "arrived"}
    left = await clear(play.client, play.troupe)
    remaining = await play.client.query.agents([play.troupe.membership])
    if remaining.count or left != len(came):
        raise Missing(f"{len(came)} registered, {left} deregistered, {remaining.count} still there")
    return f"{left} stopped and were deregistered"


async def clear(client: AgoraClient, troupe: Troupe) -> int:
    """End the workflow of a run, and deregister its agents; answers how many there were."""
    running = [workflow async for workflow in client.workflow.list(WorkflowStatus.RUNNING)]
    for workflow in running:
        if workflow.workflow_name == troupe.pipeline:
            await client.workflow.cancel(workflow.workflow_id, "the demo is over")
    found = [agent.agent_id async for agent in client.query.agents([troupe.membership])]
    await asyncio.gather(*(_deregister(client, agent_id) for agent_id in found))
    return len(found)


async def _deregister(client: AgoraClient, agent_id: str) -> None:
    await client.agent.deregister(agent_id)
