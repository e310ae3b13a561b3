"""Workers: processes that claim tasks on behalf of an agent, each with its own capabilities and models."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Literal, cast

from pydantic import JsonValue

from agora import __version__
from agora.clock import SECOND, new_id, to_datetime, to_microseconds
from agora.core import pagination as paging
from agora.core.call import BoundService, EventStreamSpec, decode_json, encode_json
from agora.core.errors import not_found
from agora.core.events import log as event_log
from agora.core.events.filter import Viewer
from agora.core.record_models import build_from_record
from agora.domains.agents import queries as agents
from agora.domains.agents.references import load_agent
from agora.domains.agents.signals import publish_declared_codebases
from agora.domains.search.words import build_contains_pattern
from agora.domains.tasks import worker_queries as statements
from agora.domains.tasks.access import lock_task
from agora.domains.tasks.claims import list_claimable_capabilities
from agora.domains.tasks.deadlines import move_tasks_of_worker_to_owner
from agora.domains.tasks.queues import build_requirement_tokens
from agora.domains.tasks.records import WORKERS, WorkerRow, WorkerSighting
from agora.domains.tasks.service import TaskService
from agora.domains.tasks.states import ONLINE_SECONDS
from agora.domains.tasks.transitions import requeue_task
from agora.store.port import write_record
from agora_sdk.contract import implements
from agora_sdk.contract import workers as contract
from agora_sdk.contract.events import Event
from agora_sdk.contract.fields import JsonObject
from agora_sdk.contract.tasks import TaskUpdate
from agora_sdk.errors import InvalidRequest, field_error

from .offers import build_offer_filter

__all__ = ["WorkerService"]

STALE_SECONDS = 600
MAX_VERSION_CHARACTERS = 64
HEARTBEAT_ROUNDS = 2  #: heartbeats of a worker's stream, in multiples of heartbeat_interval: 30 seconds by default
MAX_LIMIT_SECONDS = 7 * 86_400  #: maximum duration of a reported limit of an account


class WorkerService(BoundService, contract.Workers):
    @implements
    async def register(
        self,
        worker_name: str,
        capabilities: list[str] | None = None,
        models: list[str] = [],
        *,
        metadata: JsonObject = {},
        provider_account: str | None = None,
    ) -> contract.Worker:
        call = self.call
        owner = call.caller.subject
        if capabilities is None:
            agent = await call.tx.one(agents.select_agent_by_id, ref=owner)
            capabilities = decode_json(agent.capabilities) if agent is not None else []
        # A handler refuses codebases of other owners, whose jobs hold prompts for their workers.
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
            # A worker that starts again is not draining any more: draining ended with the process that it replaces.
            draining_at=None,
            provider_account=provider_account,
            # A restart must not forget the usage limit that another worker of the account has reported.
            limited_until=await self._find_account_limit_end(provider_account),
            held="[]",
        )
        existing = await call.tx.one(statements.select_worker_by_name, owner=owner, worker_name=worker_name)
        if existing is not None:
            # A worker that starts again keeps its id, and with it its leases and its queue.
            row.worker_id, row.registered_at = existing.worker_id, existing.registered_at
            call.target = row.worker_id
            await write_record(call.tx, statements.update_worker, row, now=call.now)
            return _build_worker(row, 0, call.now)
        call.target = row.worker_id
        call.tx.append(WORKERS, row)
        self._emit_worker_event("registered", row)
        return _build_worker(row, 0, call.now)

    @implements
    async def unregister(self, worker_id: str) -> contract.Unregistration:
        call = self.call
        row = await self._load_visible_worker(worker_id, is_readable=call.caller.acts_for_others)
        leased = await call.tx.all(statements.select_leased_tasks, worker_id=row.worker_id)
        for task in leased:
            # Not the tasks' failure, so the attempts do not count.
            await requeue_task(await lock_task(call, task), "its worker was unregistered", refund=True)
        # Nobody reads the queue of a retired worker.
        await move_tasks_of_worker_to_owner(call, row.worker_id, row.owner)
        await call.tx.execute(statements.retire_worker, worker_id=row.worker_id, now=call.now)
        call.target = row.worker_id
        self._emit_worker_event("unregistered", row)
        return contract.Unregistration(worker_id=row.worker_id, released=len(leased))

    @implements
    async def get(self, worker_id: str) -> contract.Worker:
        row = await self._load_visible_worker(worker_id, is_readable=self.call.caller.may("read:all"))
        leased = await self.call.tx.all(statements.select_leased_tasks, worker_id=row.worker_id)
        return _build_worker(row, len(leased), self.call.now)

    @implements
    async def heartbeat(self, worker_id: str) -> contract.Worker:
        call = self.call
        row = await self._load_visible_worker(worker_id, is_readable=False)
        call.target, row.last_seen = row.worker_id, call.now
        call.tx.append(
            statements.WORKER_SIGHTINGS,
            WorkerSighting(tenant_id=call.caller.tenant, worker_id=row.worker_id, now=call.now),
        )
        leased = await call.tx.all(statements.select_leased_tasks, worker_id=row.worker_id)
        return _build_worker(row, len(leased), call.now)

    @implements
    async def drain(self, worker_id: str) -> contract.Worker:
        call = self.call
        row = await self._load_visible_worker(worker_id, is_readable=call.caller.acts_for_others)
        call.target = row.worker_id
        if row.draining_at is None:
            row.draining_at = call.now
            await call.tx.execute(statements.drain_worker, worker_id=row.worker_id, now=call.now)
            self._emit_worker_event("updated", row, draining=True)
        leased = await call.tx.all(statements.select_leased_tasks, worker_id=row.worker_id)
        return _build_worker(row, len(leased), call.now)

    @implements
    async def report_limit(
        self, worker_id: str, until: datetime | None = None, *, seconds: float | None = None
    ) -> contract.Worker:
        call = self.call
        if (until is None) == (seconds is None):
            raise InvalidRequest(
                "A limit is reported with until or with seconds.",
                fix="Give one of them; seconds needs no clock.",
                errors=[field_error("seconds", "missing" if until is None else "given beside until")],
            )
        moment = to_microseconds(until) if until is not None else call.now + int((seconds or 0) * SECOND)
        row = await self._load_visible_worker(worker_id, is_readable=False)
        call.target = row.worker_id
        # A mistaken unit must not stop an account's workers for years.
        if not call.now < moment <= call.now + MAX_LIMIT_SECONDS * SECOND:
            raise InvalidRequest(
                "A limit must end in the future, and within a week.",
                fix="Give the time at which it is lifted; report it again if it lasts longer.",
                errors=[field_error("until", "passed" if moment <= call.now else "more than a week from now")],
            )
        if row.provider_account is None:
            raise InvalidRequest(
                f"{row.worker_name} has no provider account with which to share the limit.",
                fix="Register the worker with provider_account.",
                errors=[field_error("worker_id", "has no provider_account")],
            )
        account = {"provider_account": row.provider_account, "owner": row.owner, "account": call.caller.account}
        for worker_row in await call.tx.returning(statements.update_account_limit, **account, until=moment):
            self._emit_worker_event("updated", worker_row, limited_until=to_datetime(moment).isoformat())
        row.limited_until = max(moment, row.limited_until or 0)
        return _build_worker(row, 0, call.now)

    async def _find_account_limit_end(self, provider_account: str | None) -> int | None:
        """Find the end of a usage limit reported by any worker of the provider account."""
        if provider_account is None:
            return None
        caller = self.call.caller
        account = {"provider_account": provider_account, "owner": caller.subject, "account": caller.account}
        return await self.call.tx.one(statements.select_account_limit, **account)

    @implements
    async def finish_task(
        self,
        task_id: str,
        fencing_token: int,
        *,
        status: Literal["completed", "failed", "pending"] = "completed",
        result: JsonValue = None,
        error: str = "",
    ) -> TaskUpdate:
        tasks = TaskService(self.call)
        if status == "completed":
            return await tasks.complete(task_id, result, fencing_token=fencing_token)
        if status == "failed":
            return await tasks.fail(task_id, error or "failed", fencing_token=fencing_token)
        return await tasks.release(task_id, fencing_token, reason=error or None)

    @implements
    def stream(
        self,
        worker_id: str | None = None,
        *,
        agent_name: str | None = None,
        capabilities: list[str] = [],
        codebases: list[str] = [],
        last_event_id: str | None = None,
    ) -> AsyncIterator[Event]:
        # The dispatcher awaits the specification within a read transaction; the feed then produces the events.
        opening = self._build_stream_spec(worker_id, agent_name, capabilities, codebases, last_event_id)
        return cast("AsyncIterator[Event]", opening)

    async def _build_stream_spec(
        self,
        worker_id: str | None,
        agent_name: str | None,
        capabilities: Sequence[str],
        codebases: Sequence[str],
        last_event_id: str | None,
    ) -> EventStreamSpec:
        call = self.call
        if agent_name is not None and agent_name not in (call.caller.name, call.caller.subject):
            raise InvalidRequest(
                f"You are {call.caller.name}, not {agent_name}.",
                fix="Leave it out, or use that agent's token.",
                errors=[field_error("agent_name", "not the caller's name")],
            )
        models: Sequence[str] = ()
        if worker_id is not None:
            worker = await self._load_visible_worker(worker_id, is_readable=False)
            worker_id, models = worker.worker_id, decode_json(worker.models)
            registered = list_claimable_capabilities(worker)
            capabilities = [name for name in registered if name in capabilities] if capabilities else registered
        offers = build_offer_filter(build_requirement_tokens(capabilities, models), codebases, worker_id)
        place = str(await event_log.read_head(call.tx)) if last_event_id is None else last_event_id
        position = await event_log.resolve_position(call.tx, place)
        resumed = last_event_id is not None
        return EventStreamSpec(
            offers, Viewer(call.caller.subject), position, resumed=resumed, heartbeat_rounds=HEARTBEAT_ROUNDS
        )

    async def _load_visible_worker(self, ref: str, *, is_readable: bool) -> WorkerRow:
        """Find a worker of the caller, or any if the caller may read others'. Raises NotFound."""
        row = await self.call.tx.one(statements.select_worker, ref=ref, owner=self.call.caller.subject)
        if row is None or (row.owner != self.call.caller.subject and not is_readable):
            raise not_found("worker_id", f"You have no worker {ref!r}.", fix="See GET /v1/agent/workers.")
        return row

    def _emit_worker_event(self, change: str, row: WorkerRow, **details: JsonValue) -> None:
        data = {"worker_id": row.worker_id, "worker_name": row.worker_name, "owner": row.owner, **details}
        self.call.emit(f"agora.worker.{change}", data, subject=row.worker_id, audience=(row.owner,))

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

        filters: dict[str, Any] = {
            "owner": whose,
            "search": build_contains_pattern(search),
            "seen_since": call.now - ONLINE_SECONDS * SECOND if online_only else 0,
        }
        rows, more = await paging.read_query_page(call, statements.list_workers, "worker_id", limit, cursor, **filters)
        busy = {row.worker: row.tasks for row in await call.tx.all(statements.count_active_tasks)}
        workers = [_build_worker(row, busy.get(row.worker_id, 0), call.now) for row in rows]
        return contract.WorkerPage.model_construct(
            workers=workers,
            **paging.build_page_fields(workers, "worker_id", more=more, cursor=cursor),
        )


def _compute_status(row: WorkerRow, now: int) -> Literal["online", "draining", "stale", "offline"]:
    if now - row.last_seen <= ONLINE_SECONDS * SECOND:
        return "online" if row.draining_at is None else "draining"
    return "stale" if now - row.last_seen <= STALE_SECONDS * SECOND else "offline"


def _build_worker(row: WorkerRow, active: int, now: int) -> contract.Worker:
    limited_until = row.limited_until if row.limited_until and row.limited_until > now else None
    metadata = decode_json(row.metadata)
    version = str(metadata["version"])[:MAX_VERSION_CHARACTERS] if metadata.get("version") else None
    differs = metadata.get("program") == contract.CODING_PROGRAM and version not in (None, __version__)
    return build_from_record(
        contract.Worker,
        row,
        metadata=metadata,
        active_tasks=active,
        status=_compute_status(row, now),
        limited_until=None if limited_until is None else to_datetime(limited_until),
        limit_seconds=None if limited_until is None else (limited_until - now) / SECOND,
        version=version,
        upgrade=__version__ if differs else None,
    )
