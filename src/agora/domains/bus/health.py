"""Health and statistics of the bus."""

from __future__ import annotations

from typing import Literal

from agora.clock import SECOND, to_datetime
from agora.core.call import Call
from agora.core.ports import OUTAGE_REPORT
from agora.domains.bus.engines.port import BRIDGE
from agora.domains.dead_letters import queries as dead_letters
from agora_sdk.contract.bus import BusConsumer, BusGroup, BusHealth, BusStats

from . import agent_streams as streams
from . import queries as statements
from .engines.port import Bridge, compute_entry_sort_key
from .records import GroupOverview

__all__ = ["read_health", "read_stats"]

MAX_LISTED_STREAMS = 500
HIGH_LAG_ENTRIES = 1000
UNSENT_CONSUMERS = frozenset({"", statements.BEING_SENT})
STORE_DURABILITY = "that of the store: committed before the response"


async def read_health(call: Call) -> BusHealth:
    """Read the health of the bus and the caller's pending entries."""
    bridge, owner = call.context.ports.find(BRIDGE), await streams.resolve_authorized_stream_owner(call, None)
    connected, group = False, owner.name
    if bridge is not None:
        connected, group = bridge.connected, call.context.settings.bus_group
    lag = await _count_undelivered_entries(call, owner, bridge)
    outage_reason = call.context.ports.get(OUTAGE_REPORT).find_outage_reason()
    status: Literal["healthy", "degraded", "unhealthy"] = "healthy"
    if outage_reason is not None or (bridge is not None and not connected):
        status = "unhealthy"
    elif lag >= HIGH_LAG_ENTRIES or (bridge is not None and bridge.lag >= HIGH_LAG_ENTRIES):
        status = "degraded"
    return BusHealth.model_construct(
        status=status,
        redis_connection=connected,
        consumer_group=group,
        message_lag=lag,
        timestamp=to_datetime(call.now),
    )


async def _count_undelivered_entries(call: Call, owner: streams.StreamOwner, bridge: Bridge | None) -> int:
    """Count unread messages in the inbox, and entries on the stream not delivered to the caller's consumers.

    For an agent that receives by Redis, a sent entry counts until one of its consumers in Redis has read it.
    """
    counts = await call.tx.one(
        statements.count_waiting_messages, agent_id=owner.agent_id, address=owner.address, limit=10 * HIGH_LAG_ENTRIES
    )
    group_rows = await call.tx.all(statements.select_groups_of_stream, stream=owner.stream_name)
    lags = {row.group_name: row.lag for row in group_rows}
    if bridge is None or streams.BRIDGE_GROUP not in lags:
        return lags.get(owner.agent_id, 0) + (counts or 0)
    delivered = compute_entry_sort_key(bridge.delivered.get((call.caller.tenant, owner.agent_id), "0-0"))
    group_key = {"stream": owner.stream_name, "group": streams.BRIDGE_GROUP, "limit": 10 * HIGH_LAG_ENTRIES}
    outbox = await call.tx.all(statements.select_pending_entries, **group_key)
    unread = sum(row.consumer in UNSENT_CONSUMERS or compute_entry_sort_key(row.consumer) > delivered for row in outbox)
    return lags[streams.BRIDGE_GROUP] + unread + (counts or 0)


async def read_stats(call: Call) -> BusStats:
    """Read statistics of the caller's groups; of all groups with the scope ``read:all``."""
    bridge, everything = call.context.ports.find(BRIDGE), call.caller.may("read:all")
    if everything:
        rows = await call.tx.all(statements.list_groups, limit=MAX_LISTED_STREAMS)
    else:
        rows = await call.tx.all(statements.select_groups_of_stream, stream=call.caller.subject)
    open_ = await call.tx.one(statements.count_open_responses) if everything else None
    dead = await call.tx.one(dead_letters.count_open_letters, owner=call.caller.subject, everyone=int(everything))
    return BusStats.model_construct(
        engine="redis" if bridge is not None else "embedded",
        durability=bridge.durability if bridge is not None else STORE_DURABILITY,
        groups=[await _build_bus_group(call, row) for row in rows],
        dead_letters=dead or 0,
        awaiting_response=open_ or 0,
        inbound_lag=bridge.lag if bridge is not None and everything else 0,
        bridged=sum(row.group_name == streams.BRIDGE_GROUP for row in rows),
        warnings=list(bridge.warnings) if bridge is not None and everything else [],
    )


async def _build_bus_group(call: Call, row: GroupOverview) -> BusGroup:
    group_key = {"stream": row.stream, "group": row.group_name}
    consumer_rows = (
        await call.tx.all(statements.select_consumers, **group_key, limit=MAX_LISTED_STREAMS) if row.consumers else ()
    )
    is_own = row.group_name == row.stream
    return BusGroup.model_construct(
        stream=row.stream,
        group=(row.agent_name or row.stream) if is_own else row.group_name,
        pending=row.pending,
        lag=row.lag,
        length=row.length,
        consumers=[
            BusConsumer.model_construct(
                name=each.consumer,
                pending=each.pending,
                idle_seconds=(call.now - each.seen_at) / SECOND,
            )
            for each in consumer_rows
        ],
    )
