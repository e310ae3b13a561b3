"""Taking an import back, a bounded part at a time: each step is one transaction, and none is done twice."""

from __future__ import annotations

from agora.core.call import Call, decode_json, encode_json
from agora.domains.agents.references import find_agent
from agora.domains.agents.service import AgentService
from agora.domains.tasks.access import lock_task
from agora.domains.tasks.service import TaskService
from agora.domains.tasks.states import TERMINAL
from agora.domains.workflows.service import WorkflowService
from agora_sdk.errors import IllegalTransition

from . import queries as statements
from .records import MappingRow

__all__ = ["roll_back"]


async def roll_back(call: Call, run_id: str, limit: int) -> tuple[int, int]:
    """Take back up to ``limit`` things of a run; answers how many were, and how many agents stay as they are in use."""
    mappings = await call.tx.all(statements.mappings_of_run, run_id=run_id, limit=limit)
    messages = [mapping.target for mapping in mappings if mapping.kind == "agent_message"]
    if messages:  # their deliveries lead nowhere then, and retention clears them
        await call.tx.execute(statements.delete_messages, ids=encode_json(messages))
    kept = 0
    for mapping in mappings:
        kept += await _take_back(call, mapping)
        await call.tx.execute(statements.drop_mapping, kind=mapping.kind, v4_key=mapping.v4_key)
    return len(mappings), kept


async def _take_back(call: Call, mapping: MappingRow) -> int:
    """Take back one thing; 1 for an agent that stays."""
    if mapping.kind == "task_assignment":
        task = await lock_task(call, mapping.target)
        if task.row.status not in TERMINAL:
            await TaskService(call).cancel(mapping.target, "the import was rolled back")
    elif mapping.kind == "workflow_coordination":
        try:
            await WorkflowService(call).modify(mapping.target, "terminate", reason="the import was rolled back")
        except IllegalTransition:  # it has ended since
            return 0
    elif mapping.kind == "agent_capability" and mapping.detail:
        await _withdraw_capability(call, mapping.target, mapping.detail)
    elif mapping.kind == "agent":
        return await _deregister_agent(call, mapping.target)
    return 0


async def _withdraw_capability(call: Call, agent_id: str, capability: str) -> None:
    row = await find_agent(call.tx, agent_id)
    if row is None or row.retired_at is not None or _is_switched(row.metadata):
        return
    left = [name for name in decode_json(row.capabilities) if name != capability]
    await AgentService(call).update(agent_id, capabilities=left)


async def _deregister_agent(call: Call, agent_id: str) -> int:
    row = await find_agent(call.tx, agent_id)
    if row is None or row.retired_at is not None:
        return 0
    if _is_switched(row.metadata):
        return 1
    await AgentService(call).deregister(agent_id)
    return 0


def _is_switched(metadata: str) -> bool:
    return bool(decode_json(metadata).get("migration_source") == "v4")
