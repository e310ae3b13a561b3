"""Health and statistics of the bus."""

from __future__ import annotations

from typing import Literal

from agora.clock import SECOND, to_datetime
from agora.core.call import Call
from agora.core.ports import TROUBLE_REPORT
from agora.domains.bus.engines.port import BRIDGE
from agora.domains.dead_letters import queries as dead_letters
from agora_sdk.contract.bus import BusConsumer, BusGroup, BusHealth, BusStats

from . import agent_streams as streams
from . import queries as statements
from .records import GroupOverview

__all__ = ["read_health", "read_stats"]

SHOWN = 500
LAG_HIGH = 1000
DURABLE = "the store's: committed before it is answered"


async def read_health(call: Call) -> BusHealth:
    """Health of the bridge's group on Redis; without Redis, of the caller's own group."""
    bridge = call.context.ports.find(BRIDGE)
    if bridge is not None:
        connected, group, lag = bridge.connected, call.context.settings.bus_group, bridge.lag
    else:
        whose = await streams.resolve_stream_owner(call, None)
        connected, group, lag = False, whose.name, await _read_lag(call, whose)
    trouble = call.context.ports.get(TROUBLE_REPORT).trouble()
    status: Literal["healthy", "degraded", "unhealthy"] = "healthy"
    if trouble is not None or (bridge is not None and not connected):
        status = "unhealthy"
    elif lag >= LAG_HIGH:
        status = "degraded"
    return BusHealth.model_construct(
        status=status,
        redis_connection=connected,
        consumer_group=group,
        message_lag=lag,
        timestamp=to_datetime(call.now),
    )


async def _read_lag(call: Call, whose: streams.StreamOwner) -> int:
    """Unread messages in the inbox plus undelivered entries on the stream."""
    waiting = await call.tx.one(statements.waiting, agent_id=whose.agent_id, address=whose.address, limit=10 * LAG_HIGH)
    group_rows = await call.tx.all(statements.groups_of, stream=whose.stream)
    lag = next((row.lag for row in group_rows if row.group_name == whose.agent_id), 0)
    return lag + (waiting or 0)


async def read_stats(call: Call) -> BusStats:
    """Statistics of the caller's groups; of all groups with the scope ``read:all``."""
    bridge, everything = call.context.ports.find(BRIDGE), call.caller.may("read:all")
    if everything:
        rows = await call.tx.all(statements.groups_page, limit=SHOWN)
    else:
        rows = await call.tx.all(statements.groups_of, stream=call.caller.subject)
    open_ = await call.tx.one(statements.open_responses) if everything else None
    dead = await call.tx.one(dead_letters.open_count, owner=call.caller.subject, everyone=int(everything))
    return BusStats.model_construct(
        engine="redis" if bridge is not None else "embedded",
        durability=bridge.durability if bridge is not None else DURABLE,
        groups=[await _describe_group(call, row) for row in rows],
        dead_letters=dead or 0,
        awaiting_response=open_ or 0,
        bridged=sum(row.group_name == streams.BRIDGE for row in rows),
        warnings=list(bridge.warnings) if bridge is not None and everything else [],
    )


async def _describe_group(call: Call, row: GroupOverview) -> BusGroup:
    place = {"stream": row.stream, "group": row.group_name}
    consumer_rows = await call.tx.all(statements.consumers, **place, limit=SHOWN) if row.consumers else ()
    own = row.group_name == row.stream
    return BusGroup.model_construct(
        stream=row.stream,
        group=(row.agent_name or row.stream) if own else row.group_name,
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
