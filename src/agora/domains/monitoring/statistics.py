"""Statistics of the marketplace: current, and over the last hour."""

from __future__ import annotations

from typing import Any, Final

from agora.clock import to_datetime
from agora.core.call import Call
from agora.core.events import log as event_log
from agora.core.pagination import MAX_EXACT_TOTAL
from agora.core.usage import TRAFFIC, CallMinute
from agora.domains.billing.accounts import resolve_visible_account
from agora.domains.billing.money import convert_to_day_number, from_micros
from agora_sdk.contract.monitor import Minute, Money, MonitorStats

from . import health_queries
from . import queries as statements

__all__ = ["collect_stats"]

HOUR: Final = 3_600_000_000
MILLISECOND: Final = 1000


async def collect_stats(call: Call) -> MonitorStats:
    """Collect all statistics for the caller."""
    tx, since = call.tx, call.now - HOUR
    agents = {row.status: row.agents for row in await tx.all(health_queries.count_agents_by_status)}
    tasks = {row.status: row.tasks for row in await tx.all(statements.count_open_tasks)}
    counts = await tx.all(statements.count_ended_tasks, since=since, limit=MAX_EXACT_TOTAL)
    queued = await tx.one(statements.count_queued_tasks, limit=100 * MAX_EXACT_TOTAL)
    # By id, which begins with its time in milliseconds (UUIDv7, RFC 9562) and is indexed.
    recent = await tx.one(
        statements.count_messages_since, after=f"msg_{since // MILLISECOND:012x}", limit=MAX_EXACT_TOTAL
    )
    waiting_counts = await tx.one(statements.count_waiting_deliveries, limit=MAX_EXACT_TOTAL)
    return MonitorStats.model_construct(
        agents=sum(agents.values()),
        agents_by_status=agents,
        tasks_open=sum(tasks.values()),
        tasks_by_status=tasks | {row.status: row.tasks for row in counts},
        queue_depth=queued or 0,
        messages_last_hour=recent or 0,
        messages_waiting=waiting_counts or 0,
        **await _build_traffic_stats(call),
        cost_today=await _read_cost_today(call),
        streams=int(call.context.live.get("subscribers", 0)),
        last_sequence=await event_log.read_head(tx),
        started_at=to_datetime(call.context.started_at),
        timestamp=to_datetime(call.now),
    )


async def _build_traffic_stats(call: Call) -> dict[str, Any]:
    """Build the statistics of calls in the last hour, by minute and in total."""
    traffic = call.context.ports.find(TRAFFIC)
    assert traffic is not None, "a server that answers counts its calls"
    rows = await call.tx.all(
        statements.select_call_minutes, since=traffic.compute_last_expired_minute(call.now), server=traffic.server
    )
    hour = traffic.merge_last_hour(call.caller.tenant, rows, call.now)
    whole = CallMinute()
    for _, minute in hour:
        whole.add_minute(minute)
    total = whole.calls + whole.reads
    return {
        "minutes": [_build_minute(at, minute) for at, minute in hour],
        "calls_last_hour": whole.calls,
        "errors_last_hour": whole.errors,
        "error_rate": round(whole.errors / total, 6) if total else 0.0,
        "p50_ms": _round_ms(whole.duration_quantile(0.5)),
        "p95_ms": _round_ms(whole.duration_quantile(0.95)),
    }


def _build_minute(at: int, minute: CallMinute) -> Minute:
    return Minute.model_construct(
        minute=to_datetime(at),
        calls=minute.calls,
        reads=minute.reads,
        errors=minute.errors,
        p50_ms=_round_ms(minute.duration_quantile(0.5)),
        p95_ms=_round_ms(minute.duration_quantile(0.95)),
    )


def _round_ms(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 3)


async def _read_cost_today(call: Call) -> list[Money] | None:
    """Read today's cost so far from the ledger."""
    # None instead of zero: the caller may not know, which is not the same as no cost.
    if not call.caller.may("read:billing"):
        return None
    account = resolve_visible_account(call.caller, None)
    rows = await call.tx.all(statements.sum_cost, account=account or "", day=convert_to_day_number(call.now))
    return [Money(currency=row.currency, amount=from_micros(row.amount)) for row in rows]
