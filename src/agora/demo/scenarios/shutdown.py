"""The shutdown: all agents leave, and no data of the run remains."""

from __future__ import annotations

import asyncio

from agora_sdk import AgoraClient
from agora_sdk.contract.workflows import WorkflowStatus

from ..ledger import ExpectationFailed
from ..participants import Participants
from .base import DemoRun, Scenario

__all__ = ["SHUTDOWN", "remove_agents"]

SHUTDOWN = Scenario()


@SHUTDOWN.register_expectation("The agents leave properly, and the marketplace is as it was")
async def stop_and_deregister_agents(demo_run: DemoRun) -> str:
    codes = await demo_run.agent_processes.stop_all()
    if bad := {role: code for role, code in codes.items() if code}:
        raise ExpectationFailed(f"exit codes {bad}")
    came = {report["agent_id"] for report in demo_run.ledger.reports if report.kind == "arrived"}
    deregistered = await remove_agents(demo_run.client, demo_run.participants)
    remaining = await demo_run.client.query.agents([demo_run.participants.membership])
    if remaining.count or deregistered != len(came):
        raise ExpectationFailed(f"{len(came)} registered, {deregistered} deregistered, {remaining.count} still there")
    return f"{deregistered} stopped and were deregistered"


async def remove_agents(client: AgoraClient, participants: Participants) -> int:
    """End the workflow of a run and deregister its agents. Returns their number."""
    running = [workflow async for workflow in client.workflow.list(WorkflowStatus.RUNNING)]
    for workflow in running:
        if workflow.workflow_name == participants.pipeline:
            await client.workflow.cancel(workflow.workflow_id, "the demo is over")
    agent_ids = [agent.agent_id async for agent in client.query.agents([participants.membership])]
    await asyncio.gather(*(client.agent.deregister(agent_id) for agent_id in agent_ids))
    return len(agent_ids)
