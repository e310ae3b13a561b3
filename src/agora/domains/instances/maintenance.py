"""Maintenance of instances: host heartbeats, spending limits, scaling, expired rows and leftover files."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from agora.clock import SECOND
from agora.core.call import Call, decode_json, encode_json
from agora.core.jobs import Controller, JobContext, split_batches
from agora.runtimes.errors import EngineError
from agora.runtimes.port import Build, Runtime
from agora.store.port import StoredEvent

from . import host_queries
from . import queries as statements
from .reconciler import InstanceReconciler
from .records import InstanceExecutionRow, InstanceRow

__all__ = ["InstanceMaintenance"]

PAGE_SIZE = 500
MAX_HOSTS = 1000
BUDGET_EXHAUSTED_EVENT = "agora.billing.budget_exhausted"
DEREGISTERED_EVENT = "agora.agent.deregistered"
DEPARTURE_MICROSECONDS = (
    600 * SECOND
)  #: time for instances of a former agent to end, and for its builds to be discarded, in microseconds
MAX_GROUPS = 50  #: most combinations of account, agent and price checked in one transaction
MAX_BACKUP_SECONDS = 3600  #: most seconds for writing a backup
SWEEP_TIMEOUT = 30.0  #: seconds for an engine to remove leftovers; the next sweep removes the rest
PASSES_PER_SWEEP = 30  #: passes between two sweeps of the engines


class InstanceMaintenance(Controller):
    """Controller that checks scaling every step, and instances (of this host and of hosting agents) every ``instance_pass`` seconds."""

    name = "instance_upkeep"
    interval = 5.0

    def __init__(self, context: JobContext, instances: InstanceReconciler) -> None:
        super().__init__(context)
        self.instances, self.local = instances, instances.local
        self._swept_at: dict[str, int] = {}
        self._sweep_count = 0
        self._exhausted_tenants: set[str] = set()
        self._departed_at: dict[str, int] = {}  # by tenant: when the first agent with possibly remaining builds left
        self.interval = min(self.interval, context.server.settings.instance_pass)

    async def reconcile(self, tenant: str) -> None:
        if not self.context.overrides.is_halted(tenant):
            await self._adjust_scaling(tenant)
        if tenant in self._exhausted_tenants:
            await self._block_or_unblock_instances(tenant)
        now, period = self.context.clock.now(), self.context.server.settings.instance_pass * SECOND
        # Negative after the clock was set back: then sweep now, not when it has caught up.
        if not 0 <= now - self._swept_at.get(tenant, -period) < period:
            self._swept_at[tenant] = now
            await self.run_full_pass(tenant)

    async def run_full_pass(self, tenant: str) -> None:
        """Run one full pass over a tenant."""
        await self.instances.store_heartbeat(tenant)
        await self._block_or_unblock_instances(tenant)
        await self._end_lost_executions(tenant)
        await self._delete_expired(tenant)
        self._sweep_count += 1
        if tenant in self._departed_at:
            await self._discard_builds_of_departed_agents(tenant)
        if self._sweep_count % PASSES_PER_SWEEP == 0 or tenant in self._departed_at:
            await self._remove_leftover_files()

    # -- limits ----------------------------------------------------------------------------------

    def receive_committed_events(self, events: Sequence[StoredEvent]) -> None:
        """Note exhausted budgets, so that the next step instead of the next pass pauses instances, and agents that left."""
        for event in events:
            if event.event.type == BUDGET_EXHAUSTED_EVENT:
                self._exhausted_tenants.add(event.tenant_id)
            elif event.event.type == DEREGISTERED_EVENT:
                # The first departure: the list of builds is read from there until the period is over.
                self._departed_at.setdefault(event.tenant_id, event.event.time)

    async def _block_or_unblock_instances(self, tenant: str) -> None:
        """Block instances no longer covered by a budget or credit; unblock those covered again."""
        # Before the rows are read: an event from here on asks for another pass.
        self._exhausted_tenants.discard(tenant)
        groups: dict[tuple[str, str, int], list[InstanceRow]] = defaultdict(list)
        for host in await self.read(tenant, host_queries.list_hosts, after="", limit=MAX_HOSTS):
            # Other servers check their own. Each checks those of hosting agents: a block is set once (block_instance).
            if host.host_id == self.local.host_id or host.kind == "agent":
                live = statements.list_live_instances
                async for row in self.iterate_rows(tenant, live, "instance_id", PAGE_SIZE, host_id=host.host_id):
                    if row.blocked or (row.state == "running" and row.desired == "running"):
                        groups[row.account_id, row.agent_id, row.price_version].append(row)
        for some in split_batches(list(groups), MAX_GROUPS):
            await self.write_as_system(tenant, partial(_update_blocks, groups={key: groups[key] for key in some}))

    # -- scaling ---------------------------------------------------------------------------------

    async def _adjust_scaling(self, tenant: str) -> None:
        agent, account = "", ""
        while not self.is_stopping:
            rows = await self.read(
                tenant, host_queries.list_scalings, agent_after=agent, account_after=account, limit=PAGE_SIZE
            )
            for row in rows:
                agent, account = row.agent_id, row.account_id
                await self.write_as_system(tenant, partial(_adjust_instances_of_agent, agent_id=agent, account=account))
            if len(rows) < PAGE_SIZE:
                return

    # -- retention -------------------------------------------------------------------------------

    async def _end_lost_executions(self, tenant: str) -> None:
        """End executions that are past their deadline because their server died: their outcome is unknown."""
        now = self.context.clock.now()
        while not self.is_stopping:
            rows = await self.read(tenant, host_queries.select_overdue_executions, now=now, limit=PAGE_SIZE)
            if rows:
                await self.write_as_system(tenant, partial(_end_lost_executions, rows=rows))
            if len(rows) < PAGE_SIZE:
                return

    async def _delete_expired(self, tenant: str) -> None:
        before = self.context.clock.now() - self.context.server.settings.instance_retention * SECOND
        while not self.is_stopping and await self.read(
            tenant, host_queries.select_execution_past_retention, before=before
        ):
            await self.write_as_system(tenant, partial(_delete_old_executions, before=before))
        while not self.is_stopping:
            rows = await self.read(tenant, statements.select_old_instances, before=before, limit=PAGE_SIZE)
            if not rows:
                break
            await self.write_as_system(tenant, partial(_delete_instances, ids=rows))

    async def _discard_builds_of_departed_agents(self, tenant: str) -> None:
        """Discard builds of agents that left since the last pass, which start no further instances."""
        since = self._departed_at[tenant]
        texts = await self.read(tenant, host_queries.select_abandoned_builds, host_id=self.local.host_id, since=since)
        builds = [Build.from_json(decode_json(text)) for text in texts]
        for name, engine in self.local.engines.items():
            if own := [build for build in builds if build.engine == name]:
                with suppress(EngineError):  # the engine is unavailable: its sweep reports that
                    await engine.discard_builds(own)
        if self.context.clock.now() - since > DEPARTURE_MICROSECONDS:
            del self._departed_at[tenant]

    async def _remove_leftover_files(self) -> None:
        await asyncio.gather(self._delete_orphaned_backups(), *map(self._sweep_engine, self.local.engines.values()))

    async def _sweep_engine(self, engine: Runtime) -> None:
        try:
            async with asyncio.timeout(SWEEP_TIMEOUT):
                await engine.sweep()
        except TimeoutError:
            self.last_error = f"{engine.name}: it did not answer in {SWEEP_TIMEOUT:g} seconds"
        except EngineError as error:
            self.last_error = f"{engine.name}: {error}"

    async def _delete_orphaned_backups(self) -> None:
        """Delete backup files without a row."""
        directory = self.local.backups
        # Files before rows: a backup whose row is written meanwhile is not in the list.
        names = await asyncio.to_thread(_list_old_backup_files, directory)
        # By all tenants: the directory belongs to the host and not to a tenant.
        referenced: set[str] = set()
        for tenant in await self.context.store.tenants():
            for name in names:
                if await self.read(tenant, host_queries.select_backup, backup_id=name):
                    referenced.add(name)
        for name in set(names) - referenced:
            (directory / f"{name}.tar").unlink(missing_ok=True)
        await asyncio.to_thread(_delete_partial_backups, directory)


def _list_old_backup_files(directory: Path) -> list[str]:
    """List the backup files that are not being written, judged by their modification time."""
    before = time.time() - MAX_BACKUP_SECONDS
    return [file.stem for file in directory.glob("bak_*.tar") if file.stat().st_mtime < before]


def _delete_partial_backups(directory: Path) -> None:
    """Delete the backups that a killed server had not completed."""
    before = time.time() - MAX_BACKUP_SECONDS
    for file in directory.glob(".bak_*"):
        if file.stat().st_mtime < before:
            file.unlink(missing_ok=True)


async def _adjust_instances_of_agent(call: Call, *, agent_id: str, account: str) -> None:
    from .scaling import adjust_instance_count

    await adjust_instance_count(call, agent_id=agent_id, account=account)


async def _update_blocks(call: Call, *, groups: Mapping[tuple[str, str, int], Sequence[InstanceRow]]) -> None:
    from .spending_limits import block_or_unblock_instances, schedule_limit_checks

    await schedule_limit_checks(call, await block_or_unblock_instances(call, groups))


async def _end_lost_executions(call: Call, *, rows: Sequence[InstanceExecutionRow]) -> None:
    from .executions import end_and_refund_execution

    for row in rows:
        # Read again under a lock: its own server may have ended it since.
        execution = await call.tx.one(host_queries.select_execution, execution_id=row.execution_id)
        if execution is not None and execution.ended_at is None:
            error = "The server ended before it knew the outcome."
            await end_and_refund_execution(call, replace(execution, status="unknown", error=error))


async def _delete_old_executions(call: Call, *, before: int) -> None:
    await call.tx.execute(host_queries.delete_old_executions, before=before, limit=PAGE_SIZE)


async def _delete_instances(call: Call, *, ids: Sequence[str]) -> None:
    for statement in statements.instance_deletes:
        await call.tx.execute(statement, ids=encode_json(list(ids)))
