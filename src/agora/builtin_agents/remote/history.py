"""Checkpoints of earlier tasks: maps contexts and references to the ids of the remote agent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agora.core.call import decode_json, encode_json
from agora.domains.tasks.lookup import build_context_filter
from agora.store.port import Query, Store

from .. import queries as statements
from ..port import Job

__all__ = ["ConversationHistory"]

MAX_REFERENCED_TASKS = 20  #: tasks that a message may refer to


class ConversationHistory:
    """Looks up by agent and requester, so that no caller can join another requester's conversation."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find_remote_context_id(self, job: Job) -> str | None:
        """Return the remote context id. None for a new conversation."""
        own_context_id = f"ctx_{job.task_id.removeprefix('task_')}"
        if job.context_id is None or job.context_id == own_context_id:
            return None
        rows = await self._read_checkpoints(
            job, statements.select_conversation_checkpoint, **build_context_filter(job.context_id)
        )
        context_id = decode_json(rows[0]).get("context") if rows else None
        return context_id if isinstance(context_id, str) else None

    async def list_referenced_remote_tasks(self, job: Job) -> Sequence[str]:
        """Return the remote ids of the tasks that a message refers to, only of tasks of the same requester."""
        references = job.message.get("referenceTaskIds")
        if not isinstance(references, list) or not references:
            return ()
        ids = [name for name in references if isinstance(name, str)][:MAX_REFERENCED_TASKS]
        rows = await self._read_checkpoints(job, statements.select_referenced_checkpoints, ids=encode_json(ids))
        task_ids = [decode_json(checkpoint).get("task") for checkpoint in rows]
        return [name for name in task_ids if isinstance(name, str)]

    async def _read_checkpoints(self, job: Job, query: Query[str], **parameters: Any) -> Sequence[str]:
        return await self._store.read(
            job.tenant, lambda reader: reader.all(query, agent_id=job.agent_id, requester=job.requester, **parameters)
        )
