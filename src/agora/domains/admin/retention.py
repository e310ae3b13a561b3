"""The retention controller: deletes expired rows in small batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agora.clock import SECOND
from agora.core.call import Call, encode_json
from agora.core.jobs import Controller, split_batches
from agora.domains.client_sessions import queries as client_sessions
from agora.domains.conversations import queries as conversations
from agora.domains.dead_letters import queries as dead_letters
from agora.domains.tasks import retention_queries
from agora.store.port import Query, Write

from . import retention_queries as statements

__all__ = ["RetentionController"]

TASK_BATCH = 100  # tasks deleted in one transaction: each may have many history entries
CLOCK_CORRECTION_TOLERANCE = 86_400 * SECOND  # tolerance for ids made before the machine's clock was corrected


class RetentionController(Controller):
    """Deletes expired events, answers under idempotency keys, audit entries, dead letters, reported usage, ended tasks,
    abandoned client sessions, and messages and conversations past twice their unread lifetime.

    Dead letters are kept as long as such messages, and reported usage as long as audit entries. Runs also while the
    marketplace is halted, because deleted rows were already invisible or out of date.

    batch: rows deleted in one transaction. sweep: deliveries found by one read.
    """

    name = "retention"
    interval = 600.0
    batch, sweep = 1000, 10_000

    async def reconcile(self, tenant: str) -> None:
        settings = self.context.server.settings
        await self._delete_older_rows(tenant, statements.delete_old_events, settings.event_retention)
        await self._delete_older_rows(tenant, statements.delete_old_idempotency_records, settings.idempotency_lifetime)
        await self._delete_older_rows(tenant, statements.delete_old_audit_entries, settings.audit_retention)
        await self._delete_older_rows(tenant, dead_letters.delete_old_letters, 2 * settings.message_lifetime)
        await self._delete_expired_messages(tenant, 2 * settings.message_lifetime)
        await self._delete_ended_rows(
            tenant,
            conversations.select_old_conversations,
            conversations.CONVERSATION_DELETES,
            2 * settings.message_lifetime,
        )
        await self._delete_older_rows(tenant, conversations.delete_old_usage_reports, settings.audit_retention)
        await self._delete_ended_rows(
            tenant, retention_queries.select_expired_tasks, retention_queries.TASK_DELETES, settings.task_retention
        )
        await self._delete_ended_rows(
            tenant,
            retention_queries.select_expired_workflows,
            retention_queries.WORKFLOW_DELETES,
            settings.task_retention,
        )
        await self._delete_ended_rows(
            tenant, client_sessions.select_expired_sessions, client_sessions.SESSION_DELETES, 0
        )

    async def _delete_older_rows(self, tenant: str, write: Write, seconds: int) -> None:
        before = self.context.clock.now() - seconds * SECOND
        # The oldest row of a batch may be kept on purpose, so a full batch may have one row less.
        while (
            not self.is_stopping
            and await self._run_write(tenant, write, before=before, limit=self.batch) >= self.batch - 1
        ):
            pass

    async def _delete_expired_messages(self, tenant: str, seconds: int) -> None:
        now = self.context.clock.now()
        before = now - seconds * SECOND
        when, bound = {"before": before, "now": now}, _build_message_id_bound(before + CLOCK_CORRECTION_TOLERANCE)
        while not self.is_stopping:
            rows = await self.read(tenant, statements.select_expired_messages, bound=bound, limit=self.batch, **when)
            if not rows:
                return
            ids = list(rows)
            await self._delete_expired_deliveries(tenant, ids[-1], when)
            if not self.is_stopping:  # deliveries are deleted before their message, through which they are found
                await self._run_write(tenant, statements.delete_messages, ids=encode_json(ids))

    async def _delete_expired_deliveries(self, tenant: str, last: str, when: dict[str, int]) -> None:
        while not self.is_stopping:
            rows = await self.read(tenant, statements.select_expired_deliveries, last=last, limit=self.sweep, **when)
            for batch in split_batches(rows, self.batch):
                pairs = [(row.recipient, row.message_id) for row in batch]
                await self._run_write(tenant, statements.delete_deliveries, pairs=encode_json(pairs))
            if len(rows) < self.sweep:
                return

    async def _delete_ended_rows(
        self, tenant: str, ended_query: Query[str], drops: Sequence[Write], seconds: int
    ) -> None:
        """Delete rows that ended before the retention period, with their dependent rows."""
        before = self.context.clock.now() - seconds * SECOND
        while not self.is_stopping:
            rows = await self.read(tenant, ended_query, before=before, limit=TASK_BATCH)
            # Dependent rows and the row itself go in one transaction, in the order of drops.
            ids = encode_json(rows)

            # As a default: the loop assigns the variable again.
            async def delete_rows_with_dependents(call: Call, ids: str = ids) -> None:
                for drop in drops:
                    await call.tx.execute(drop, ids=ids)

            if rows:
                await self.write_as_system(tenant, delete_rows_with_dependents)
            if len(rows) < TASK_BATCH:
                return

    async def _run_write(self, tenant: str, write: Write, **parameters: Any) -> int:
        async def write_in_transaction(call: Call) -> int:
            return await call.tx.execute(write, **parameters)

        return await self.write_as_system(tenant, write_in_transaction)


def _build_message_id_bound(microseconds: int) -> str:
    """Build an id that sorts after all message ids created until then."""
    return f"msg_{max(0, microseconds) // 1000:012x}"
