"""Rollback of an import in bounded steps, each in one transaction; repeated steps have no effect."""

from __future__ import annotations

from contextlib import suppress

from agora.core.call import Call, decode_json, encode_json
from agora.domains.agents.records import AgentRow
from agora.domains.agents.references import find_agent
from agora.domains.agents.service import AgentService
from agora.domains.tasks.service import TaskService
from agora.domains.workflows.service import WorkflowService
from agora_sdk.errors import IllegalTransition, NotFound

from . import queries as statements
from .records import ImportRow, MappingRow

__all__ = ["undo_import_items"]

ROLLBACK_REASON = "the import was rolled back"


async def undo_import_items(call: Call, run: ImportRow, limit: int) -> tuple[int, int]:
    """Undo up to ``limit`` items of an import. Returns their number, and the number of agents still in use."""
    # Progress is in the mappings: each undone item loses its own, so a repeated step continues.
    mappings = await call.tx.all(statements.select_mappings_of_run, run_id=run.run_id, limit=limit)
    messages = [mapping.target for mapping in mappings if mapping.kind == "agent_message"]
    if messages:  # their deliveries become orphans, which retention deletes
        await call.tx.execute(statements.delete_messages, ids=encode_json(messages))
    kept_count = 0
    for mapping in mappings:
        where = {"kind": mapping.kind, "v4_key": mapping.v4_key}
        if await _undo_imported_item(call, run, mapping):
            await call.tx.execute(statements.delete_mapping, **where)
        else:
            # The mapping stays without the run, so that v4 calls under that name still reach the agent.
            kept_count += 1
            await call.tx.execute(statements.release_mapping, **where)
    return len(mappings), kept_count


async def _undo_imported_item(call: Call, run: ImportRow, mapping: MappingRow) -> bool:
    """Undo one item of an import. Returns false for an agent that stays."""
    if mapping.kind == "task_assignment":
        with suppress(IllegalTransition, NotFound):  # it has ended since, or retention has deleted it
            await TaskService(call).cancel(mapping.target, ROLLBACK_REASON)
    elif mapping.kind == "workflow_coordination":
        with suppress(IllegalTransition, NotFound):
            await WorkflowService(call).modify(mapping.target, "terminate", reason=ROLLBACK_REASON)
    elif mapping.kind in ("agent", "agent_capability"):
        row = await find_agent(call.tx, mapping.target)
        if row is None or row.retired_at is not None:
            return True
        stays = await _is_in_use(call, run, row)
        if mapping.kind == "agent":
            if not stays:
                await AgentService(call).deregister(row.agent_id)
            return not stays
        if mapping.detail and not stays:
            remaining = [name for name in decode_json(row.capabilities) if name != mapping.detail]
            await AgentService(call).update(row.agent_id, capabilities=remaining)
    return True


async def _is_in_use(call: Call, run: ImportRow, row: AgentRow) -> bool:
    """Whether an agent has been used since: switched to v5, called, or received messages not from the import."""
    if decode_json(row.metadata).get("migration_source") == "v4":
        return True
    return await call.tx.one(statements.select_agent_in_use, agent_id=row.agent_id, since=run.started_at) is not None
