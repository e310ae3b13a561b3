"""Host operations for operators: servers of this marketplace and hosting agents."""

from __future__ import annotations

from typing import Any

from agora.clock import new_id, to_datetime
from agora.core import pagination as paging
from agora.core.call import BoundService, decode_json, encode_json
from agora.core.errors import not_found
from agora.core.record_models import build_from_record
from agora.domains.agents.references import load_agent
from agora.domains.identity.authority import check_and_record_administration
from agora.domains.tenants.service import ADMINISTRATIVE_TENANT
from agora_sdk.contract import hosts as contract
from agora_sdk.contract import implements
from agora_sdk.errors import Conflict, NameTaken, PermissionDenied, field_error

from . import host_queries
from . import queries as statements
from .placement import MEBIBYTE, compute_free_capacity, is_heartbeat_overdue
from .records import HostRow, ReservedResources
from .transitions import end_lost_instance

__all__ = ["HostService"]

PAGE_SIZE = 1000  #: instances of a lost host that are read at a time


class HostService(BoundService, contract.Hosts):
    """The host service."""

    @implements
    async def list(self, *, limit: int = 50, cursor: str | None = None) -> contract.HostPage:
        after = paging.decode_cursor(cursor)[0] if cursor else ""
        rows = await self.call.tx.all(host_queries.list_hosts, after=after, limit=limit + 1)
        reserved = {row.host_id: row for row in await self.call.tx.all(host_queries.sum_reserved_resources)}
        rows, more = paging.take_fitting_rows(rows, limit, self.call.context.settings.page_bytes)
        hosts = [self._build_host(row, reserved.get(row.host_id)) for row in rows]
        return contract.HostPage(
            hosts=hosts,
            **paging.build_page_fields(hosts, "host_id", more=more, cursor=cursor),
        )

    @implements
    async def get(self, host: str) -> contract.Host:
        row = await self._require_host(host)
        reserved = {row.host_id: row for row in await self.call.tx.all(host_queries.sum_reserved_resources)}
        return self._build_host(row, reserved.get(row.host_id))

    @implements
    async def register(
        self,
        name: str,
        agent_id: str,
        *,
        region: str | None = None,
        memory_mb: int | None = None,
        cpu_cores: float | None = None,
        gpus: int = 0,
        private_addresses: bool = False,
    ) -> contract.Host:
        call = self.call
        if (
            private_addresses and call.caller.tenant != ADMINISTRATIVE_TENANT
        ):  # private addresses include this machine and its network
            raise PermissionDenied(
                "Only the installation's operator may allow private addresses.",
                fix="Leave private_addresses out, and give containers public addresses.",
            )
        agent = await load_agent(call.tx, agent_id)
        if await call.tx.one(host_queries.select_host, ref=name) is not None:
            raise NameTaken(
                f"There is a host {name!r} already.",
                fix="Choose another name, or remove that host.",
                errors=[field_error("name", "taken")],
            )
        host_id = call.target = new_id("host")
        await check_and_record_administration(call, host_id)
        capacity: dict[str, Any] = {"gpus": gpus}
        if memory_mb is not None:
            capacity["memory"] = memory_mb * MEBIBYTE
        if cpu_cores is not None:
            capacity["cpus"] = cpu_cores
        await call.tx.execute(
            host_queries.upsert_host,
            host_id=host_id,
            name=name,
            kind="agent",
            agent_id=agent.agent_id,
            region=region,
            engines=encode_json({}),
            capacity=encode_json(capacity),
            private=int(private_addresses),
            now=call.now,
        )
        row = await self._require_host(host_id)
        call.emit("agora.host.registered", _build_event_data(row), subject=host_id, audience=(agent.agent_id,))
        return self._build_host(row, None)

    @implements
    async def update(
        self, host: str, *, closed: bool | None = None, region: str | None = None, name: str | None = None
    ) -> contract.Host:
        call = self.call
        row = await self._require_host(host)
        call.target = row.host_id
        await check_and_record_administration(call, row.host_id)
        holder = await call.tx.one(host_queries.select_host, ref=name) if name is not None else None
        if holder is not None and holder.host_id != row.host_id:
            raise NameTaken(f"There is a host {name!r} already.", errors=[field_error("name", "taken")])
        await call.tx.execute(
            host_queries.update_host,
            host_id=row.host_id,
            closed=row.closed if closed is None else int(closed),
            region=row.region if region is None else region,
            name=name or row.name,
        )
        updated_host = await self._require_host(row.host_id)
        call.emit("agora.host.changed", _build_event_data(updated_host), subject=row.host_id, audience=())
        return await self.get(row.host_id)

    @implements
    async def remove(self, host: str, *, lost: bool = False) -> contract.HostRemoval:
        call = self.call
        row = await self._require_host(host)
        call.target = row.host_id
        await check_and_record_administration(call, row.host_id)
        reserved = {row.host_id: row for row in await call.tx.all(host_queries.sum_reserved_resources)}.get(row.host_id)
        if reserved is not None and not lost:
            raise Conflict(
                f"{reserved.instances} instances are on {row.name}.",
                fix="Terminate them first; or, if the host will never come back, set lost=true, and they count as failed.",
            )
        lost_count = await self._end_lost_instances(row)
        await call.tx.execute(host_queries.delete_host, host_id=row.host_id)
        call.emit("agora.host.removed", _build_event_data(row), subject=row.host_id, audience=())
        return contract.HostRemoval(host_id=row.host_id, name=row.name, instances_lost=lost_count)

    async def _end_lost_instances(self, host: HostRow) -> int:
        """End all instances of a host that is lost. Returns their number."""
        count, after = 0, ""
        while rows := await self.call.tx.all(
            statements.list_live_instances, host_id=host.host_id, after=after, limit=PAGE_SIZE
        ):
            for instance in rows:
                await end_lost_instance(self.call, instance, f"Its host {host.name} was lost.")
            count, after = count + len(rows), rows[-1].instance_id
        return count

    async def _require_host(self, ref: str) -> HostRow:
        row = await self.call.tx.one(host_queries.select_host, ref=ref)
        if row is None:
            raise not_found("host", f"There is no host {ref!r}.", fix="Hosts are listed at GET /hosts.")
        return row

    def _build_host(self, row: HostRow, reserved: ReservedResources | None) -> contract.Host:
        capacity, engines = decode_json(row.capacity), decode_json(row.engines)
        available = compute_free_capacity(row, reserved)
        silent = is_heartbeat_overdue(row, self.call.now)
        return build_from_record(
            contract.Host,
            row,
            status="closed" if row.closed else "silent" if silent else "ready",
            engines=sorted(name for name, why in engines.items() if not why),
            unavailable={name: why for name, why in engines.items() if why},
            limits=capacity.get("limits", {}),
            resources=contract.Resources(
                memory_mb=capacity.get("memory", 0) // MEBIBYTE,
                memory_free_mb=max(0, available.memory or 0) // MEBIBYTE,
                cpu_cores=capacity.get("cpus", 0.0),
                cpu_cores_free=max(0, available.cpu or 0) / 1000,
                gpus=capacity.get("gpus", 0),
                gpus_free=available.gpus,
                disk_free_mb=capacity["disk_free"] // MEBIBYTE if "disk_free" in capacity else None,
                ports_free=capacity.get("ports"),
            ),
            instances=reserved.instances if reserved is not None else 0,
            last_seen=to_datetime(row.seen_at),
        )


def _build_event_data(row: HostRow) -> dict[str, Any]:
    return {
        "host_id": row.host_id,
        "name": row.name,
        "kind": row.kind,
        "agent_id": row.agent_id,
        "region": row.region,
        "closed": bool(row.closed),
    }
