"""Workers: processes that claim tasks on behalf of an agent, each with its own capabilities and models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from agora.clock import SECOND, new_id, to_datetime
from agora.core import pagination as paging
from agora.core.call import BoundService, decode_json, encode_json
from agora.core.errors import not_found
from agora.domains.agents import queries as agents
from agora.domains.agents.references import load_agent
from agora.domains.agents.signals import publish_declared_codebases
from agora.domains.search.words import contains_pattern
from agora.domains.tasks import worker_queries as statements
from agora.domains.tasks.access import lock_task
from agora.domains.tasks.completion import requeue_task
from agora.domains.tasks.deadlines import follow_unregistration
from agora.domains.tasks.records import WORKERS, WorkerRow, WorkerSighting
from agora_sdk.contract import implements
from agora_sdk.contract import workers as contract
from agora_sdk.contract.fields import JsonObject

__all__ = ["WorkerService"]

ONLINE_SECONDS = 90
STALE_SECONDS = 600


class WorkerService(BoundService, contract.Workers):
    @implements
    async def register(
        self,
        worker_name: str,
        capabilities: list[str] | None = None,
        models: list[str] = [],
        *,
        metadata: JsonObject = {},
    ) -> contract.Worker:
        call = self.call
        owner = call.caller.subject
        if capabilities is None:
            agent = await call.tx.one(agents.by_id, ref=owner)
            capabilities = decode_json(agent.capabilities) if agent is not None else []
        await publish_declared_codebases(call, owner, capabilities)
        row = WorkerRow(
            tenant_id=call.caller.tenant,
            worker_id=new_id("wrk"),
            worker_name=worker_name,
            owner=owner,
            capabilities=encode_json(list(dict.fromkeys(capabilities))),
            models=encode_json(list(dict.fromkeys(models))),
            metadata=encode_json(metadata),
            registered_at=call.now,
            last_seen=call.now,
            retired_at=None,
        )
        existing = await call.tx.one(statements.by_name, owner=owner, worker_name=worker_name)
        if existing is not None:
            row.worker_id, row.registered_at = existing.worker_id, existing.registered_at
            call.target = row.worker_id
            await call.tx.execute(
                statements.update,
                worker_id=row.worker_id,
                capabilities=row.capabilities,
                models=row.models,
                metadata=row.metadata,
                now=call.now,
            )
            return _build_worker(row, 0, call.now)
        call.target = row.worker_id
        call.tx.append(WORKERS, row)
        self._emit_worker_event("registered", row)
        return _build_worker(row, 0, call.now)

    @implements
    async def unregister(self, worker_id: str) -> contract.Unregistration:
        call = self.call
        row = await self._find_worker(worker_id, is_readable=call.caller.acts_for_others)
        leased = await call.tx.all(statements.leased, worker_id=row.worker_id)
        for task in leased:
            await requeue_task(await lock_task(call, task), "its worker was unregistered", refund=True)
        await follow_unregistration(call, row.worker_id, row.owner)
        await call.tx.execute(statements.retire, worker_id=row.worker_id, now=call.now)
        call.target = row.worker_id
        self._emit_worker_event("unregistered", row)
        return contract.Unregistration(worker_id=row.worker_id, released=len(leased))

    @implements
    async def get(self, worker_id: str) -> contract.Worker:
        row = await self._find_worker(worker_id, is_readable=self.call.caller.may("read:all"))
        leased = await self.call.tx.all(statements.leased, worker_id=row.worker_id)
        return _build_worker(row, len(leased), self.call.now)

    @implements
    async def heartbeat(self, worker_id: str) -> contract.Worker:
        call = self.call
        row = await self._find_worker(worker_id, is_readable=False)
        call.target, row.last_seen = row.worker_id, call.now
        call.tx.append(
            statements.SEEN, WorkerSighting(tenant_id=call.caller.tenant, worker_id=row.worker_id, now=call.now)
        )
        leased = await call.tx.all(statements.leased, worker_id=row.worker_id)
        return _build_worker(row, len(leased), call.now)

    async def _find_worker(self, ref: str, *, is_readable: bool) -> WorkerRow:
        """A worker of the caller, or any if the caller may read others'. Raises NotFound."""
        row = await self.call.tx.one(statements.by_ref, ref=ref, owner=self.call.caller.subject)
        if row is None or (row.owner != self.call.caller.subject and not is_readable):
            raise not_found("worker_id", f"You have no worker {ref!r}.", fix="See GET /v1/agent/workers.")
        return row

    def _emit_worker_event(self, happening: str, row: WorkerRow) -> None:
        data = {"worker_id": row.worker_id, "worker_name": row.worker_name, "owner": row.owner}
        self.call.emit(f"agora.worker.{happening}", data, subject=row.worker_id, audience=(row.owner,))

    @implements
    async def list(
        self,
        owner: str | None = None,
        *,
        search: str = "",
        online_only: bool = False,
        limit: int = 50,
        cursor: str | None = None,
    ) -> contract.WorkerPage:
        call = self.call
        whose = call.caller.subject
        if call.caller.may("read:all"):
            whose = (await load_agent(call.tx, owner, "owner")).agent_id if owner else ""
        after = paging.decode_cursor(cursor)[0] if cursor else ""

        filters = {
            "owner": whose,
            "search": contains_pattern(search),
            "seen_since": call.now - ONLINE_SECONDS * SECOND if online_only else 0,
        }

        async def read_rows(after: str, count: int) -> Sequence[WorkerRow]:
            return await call.tx.all(statements.listing, **filters, after=after, limit=count)

        rows, more = await paging.read_page(read_rows, after, "worker_id", limit, call.context.settings.page_bytes)
        busy = {row.worker: row.tasks for row in await call.tx.all(statements.active)}
        workers = [_build_worker(row, busy.get(row.worker_id, 0), call.now) for row in rows]
        return contract.WorkerPage.model_construct(
            workers=workers,
            **paging.page_fields(workers, "worker_id", more=more, cursor=cursor),
        )


def _find_status(last_seen: int, now: int) -> Literal["online", "stale", "offline"]:
    if now - last_seen <= ONLINE_SECONDS * SECOND:
        return "online"
    return "stale" if now - last_seen <= STALE_SECONDS * SECOND else "offline"


def _build_worker(row: WorkerRow, active: int, now: int) -> contract.Worker:
    return contract.Worker.model_construct(
        worker_id=row.worker_id,
        worker_name=row.worker_name,
        owner=row.owner,
        capabilities=decode_json(row.capabilities),
        models=decode_json(row.models),
        metadata=decode_json(row.metadata),
        registered_at=to_datetime(row.registered_at),
        last_seen=to_datetime(row.last_seen),
        active_tasks=active,
        status=_find_status(row.last_seen, now),
    )
