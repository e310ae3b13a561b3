"""Estimate of unmetered running time, for display only and never billed.

Instances are metered every ``instance_check`` seconds. In between, the monotonic clock gives the progress of the open
interval. The estimate is at most what will be billed, so displayed values never decrease when metering catches up. It is
zero for hosts with another clock, and stops growing when checks are missed.
"""

from __future__ import annotations

from collections.abc import Sequence

from agora.clock import SECOND
from agora.core.call import Call, encode_json
from agora.domains.billing.accrual import estimate_unmetered_costs
from agora.domains.billing.ports import ProjectedCost
from agora.domains.instances.ports import LOCAL_HOST

from . import queries as statements
from .records import OpenInterval

__all__ = ["estimate_unmetered_time", "estimate_unmetered_time_by_instance"]

MAX_MISSED_CHECKS = 2  #: missed checks after which the estimate stops growing


async def estimate_unmetered_time_by_instance(call: Call, ids: Sequence[str]) -> dict[str, ProjectedCost]:
    """Compute the running time since the last measurement and its cost, by instance id."""
    if call.context.ports.find(LOCAL_HOST) is None or not ids:
        return {}
    return await _price_running_time(
        call, await call.tx.all(statements.select_observed_intervals, ids=encode_json(sorted(ids)))
    )


async def estimate_unmetered_time(call: Call, account: str | None, instance: str) -> list[ProjectedCost]:
    """Measure unmetered running time and cost of an account's instances (None: all accounts), or of one instance."""
    if instance:
        return list((await estimate_unmetered_time_by_instance(call, [instance])).values())
    local = call.context.ports.find(LOCAL_HOST)
    if local is None:
        return []
    rows = await call.tx.all(statements.select_open_intervals_of_account, boot=local.boot_id, account=account or "")
    return list((await _price_running_time(call, rows)).values())


async def _price_running_time(call: Call, rows: Sequence[OpenInterval]) -> dict[str, ProjectedCost]:
    passed = [(row, time) for row in rows if (time := _compute_time_since_measured(call, row)) > 0]
    intervals = [
        (row.account_id, row.agent_id, row.price_version, row.began + row.measured, time) for row, time in passed
    ]
    amounts = await estimate_unmetered_costs(call, intervals)
    return {row.instance_id: each for (row, _), each in zip(passed, amounts, strict=True)}


def _compute_time_since_measured(call: Call, interval: OpenInterval) -> int:
    local = call.context.ports.find(LOCAL_HOST)
    # Another machine's clock, or this one's before a restart: nothing can be said.
    if local is None or interval.boot != local.boot_id:
        return 0
    measured_at: int = interval.ticks
    now = local.ticks()
    # While it is being paused or stopped, its running time ends at that reading; the display must not exceed the bill.
    now = min(now, local.end_times.get(interval.instance_id, now))
    limit = int(MAX_MISSED_CHECKS * call.context.settings.instance_check * SECOND)
    return min(max(0, now - measured_at), limit)
