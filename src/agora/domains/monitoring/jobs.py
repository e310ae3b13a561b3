"""Background jobs of monitoring: measurements, readiness of the store, and counters of calls."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from agora.core import usage_queries as statements
from agora.core.call import Call
from agora.core.jobs import Controller, JobContext
from agora.core.records import OperationUsageRow
from agora.core.usage import DEFAULT_TENANT, Usage

from . import queries as monitor
from .health_monitor import HealthMonitor

__all__ = ["ReadinessController", "SamplingController", "UsageCounters"]

IDLE_INTERVAL = 10.0  # seconds between probes while the store works

Key = tuple[str, str]


class SamplingController(Controller):
    """Measures the server periodically, for the health report and its trends."""

    name = "sampling"

    def __init__(self, context: JobContext, monitor: HealthMonitor) -> None:
        super().__init__(context)
        self._monitor, self.interval = monitor, monitor.interval

    async def start_up(self) -> None:
        await self._monitor.take_sample()

    async def step(self) -> None:
        await self._monitor.take_sample()


class ReadinessController(Controller):
    """Writes a row periodically, so that the reported state of the store is current.

    A request of ``/ready`` writes the row itself (:meth:`HealthMonitor.refresh_store_probe`). The loop is for the log, metrics and
    ``/health``; while the store takes no writes it probes often, so that recovery is noticed at once.
    """

    name = "readiness"
    interval = 1.5

    def __init__(self, context: JobContext, monitor: HealthMonitor) -> None:
        super().__init__(context)
        self._monitor = monitor
        monitor.on_failure = self._wakeup.set

    async def start_up(self) -> None:
        await self._monitor.probe_store()

    async def step(self) -> None:
        await self._monitor.probe_store()

    async def _wait_for_next_step_or_stop(self, stop: asyncio.Event) -> bool:
        # First without the wakeup, which a failed probe sets itself: an outage would otherwise be probed in a busy loop.
        if await super()._wait_for_next_step_or_stop(stop):
            return True
        return self._monitor.probe_failure is None and await self._wait_for_wakeup_or_stop(
            stop, IDLE_INTERVAL - self.interval
        )


class UsageCounters(Controller):
    """Adds up counters under a lock, so that several servers may count the same operation."""

    name = "usage"
    interval = 10.0

    async def start_up(self) -> None:
        """Load the counts stored before the start."""
        await self.run_for_each_tenant(self._load_usage_of_tenant)

    async def _load_usage_of_tenant(self, tenant: str) -> None:
        self.context.meter.load_usage(tenant, await self.read(tenant, statements.select_usage))

    async def step(self) -> None:
        meter = self.context.meter
        living = {DEFAULT_TENANT, *await self.context.store.tenants()}
        for tenant in {*meter.tenants(), *meter.traffic.tenants()} - living:
            meter.forget_tenant(tenant)  # its rows are being or have been erased, and no new ones may be written
        await self._run_for_tenants({*meter.tenants(), *meter.traffic.tenants()}, self._store_counts_of_tenant)

    async def shut_down(self) -> None:
        await self.step()

    async def _store_counts_of_tenant(self, tenant: str) -> None:
        await self._flush_usage(tenant)
        await self._store_traffic_minutes(tenant)

    async def _flush_usage(self, tenant: str) -> None:
        meter = self.context.meter
        usage_to_store = dict(sorted(meter.take_unsaved_usage(tenant).items()))
        if not usage_to_store:
            return

        # Marked only after the commit: a failed write leaves the counts for the next step.
        # The new totals come back with it: another server may have added to the same rows.
        meter.mark_saved(tenant, await self.write_as_system(tenant, lambda call: _add_counts(call, usage_to_store)))

    async def _store_traffic_minutes(self, tenant: str) -> None:
        traffic = self.context.meter.traffic
        rows = traffic.take_unsaved_minutes(tenant)
        if not rows:
            return

        async def write_minutes(call: Call) -> None:
            for number, row in rows.items():
                await call.tx.execute(monitor.upsert_call_minute, minute=number, server=traffic.server, **row)
            await call.tx.execute(monitor.delete_old_call_minutes, before=traffic.compute_last_expired_minute(call.now))

        try:
            await self.write_as_system(tenant, write_minutes)
        except BaseException:
            # The rows are absolute values of this server, so writing them again counts nothing twice.
            traffic.mark_unsaved(tenant, rows)
            raise


async def _add_counts(call: Call, increments: Mapping[Key, Usage]) -> dict[Key, Usage]:
    """Add counts to the stored ones; return the new value of every counter."""
    rows = await call.tx.all(statements.lock_usage)
    # The rows are inserted first and locked then: two servers that meet a new operation both add to one row.
    missing = increments.keys() - _index_totals_by_key(rows).keys()
    # Sorted, so that servers insert the rows in one order and cannot deadlock.
    for operation, version in sorted(missing):
        await call.tx.execute(statements.insert_usage, operation=operation, version=version, now=call.now)
    totals = _index_totals_by_key(await call.tx.all(statements.lock_usage) if missing else rows)
    for key, usage in increments.items():
        total = totals[key]
        total.add_usage(usage)
        await call.tx.execute(
            statements.update_usage,
            operation=key[0],
            version=key[1],
            calls=total.calls,
            errors=total.errors,
            histogram=total.encode_histogram(),
            now=call.now,
        )
    return totals


def _index_totals_by_key(rows: Sequence[OperationUsageRow]) -> dict[Key, Usage]:
    return {(row.operation, row.version): Usage.from_row(row) for row in rows}
