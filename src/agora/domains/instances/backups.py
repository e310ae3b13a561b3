"""Keeping: what is read from, and copied out of, an instance by the engine that runs it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from agora.clock import new_id
from agora.core.call import Call, as_relay, decode_json
from agora.domains.instances.ports import LOCAL_HOST
from agora.runtimes.errors import EngineError, Unknown
from agora.runtimes.local_host import LocalHost
from agora.runtimes.port import Handle, LogPage, Runtime
from agora.store.port import Row
from agora_sdk.contract.instances import Backup, InstanceLog
from agora_sdk.errors import AgoraError, Conflict, NotFound, UpstreamFailed, UpstreamUnavailable

from . import host_queries as hosting
from . import queries as instances
from .access import require
from .notifications import tell
from .views import backup as shown

__all__ = ["backup", "drop", "engine_of", "logs"]

PATIENCE = 30.0
COPYING = 300.0


def engine_of(call: Call, row: Row, host: Row | None) -> tuple[LocalHost, Runtime]:
    """This server and the engine that runs an instance. Raises UpstreamUnavailable for one that is elsewhere."""
    local: LocalHost | None = call.context.ports.find(LOCAL_HOST)
    if host is not None and host["kind"] == "agent":
        raise UpstreamUnavailable(
            f"The instance is run by the hosting agent {host['name']}, which keeps that.", fix="Ask that agent."
        )
    if local is None or row["host_id"] != local.host_id:
        where = host["name"] if host is not None else row["host_id"]
        raise UpstreamUnavailable(f"The instance is on the host {where}.", fix="Ask that server.")
    engine = local.engines.get(row["engine"])
    if engine is None:
        raise UpstreamUnavailable(f"The engine {row['engine']} is not available on this server now.")
    return local, engine


async def logs(call: Call, instance_id: str, offset: int, limit: int) -> InstanceLog:
    row = await require(call, instance_id)
    call.target = instance_id
    output = await call.tx.one(instances.output, instance_id=instance_id) if row["stopped_at"] else None
    reader = (
        _stored_log_reader(output, offset, limit)
        if output is not None
        else await _engine_log_reader(call, row, offset, limit)
    )

    async def read_log_page() -> LogPage:
        try:
            return await reader()
        except EngineError as error:
            raise _to_agora_error(error) from error

    async def build_log(end: Call, outcome: LogPage | AgoraError) -> InstanceLog:
        if isinstance(outcome, AgoraError):
            raise outcome
        over = row["stopped_at"] is not None and outcome.end >= outcome.size
        return InstanceLog(
            instance_id=instance_id,
            content=outcome.data.decode("utf-8", "replace"),
            begin=outcome.begin,
            end=outcome.end,
            size=outcome.size,
            has_more=outcome.end < outcome.size,
            ended=over,
        )

    return as_relay(read_log_page, build_log, PATIENCE)


async def _engine_log_reader(call: Call, row: Row, offset: int, limit: int) -> Callable[[], Awaitable[LogPage]]:
    """How to read what an instance writes, where its engine keeps it."""
    if row["handle"] is None:
        raise Conflict(
            f"The instance is {row['state']}: it has no output" + (" any more." if row["stopped_at"] else " yet."),
            fix=row["reason"],
        )
    _, engine = engine_of(call, row, await call.tx.one(hosting.host, ref=row["host_id"]))
    return partial(engine.logs, Handle.from_json(decode_json(row["handle"])), offset, limit)


def _stored_log_reader(row: Row, offset: int, limit: int) -> Callable[[], Awaitable[LogPage]]:
    """How to read what was kept of the output of one that has ended."""
    data, size = bytes(row["data"]), row["size"]
    begin = min(max(offset if offset >= 0 else size + offset, row["begins"]), size)
    piece = data[begin - row["begins"] :][:limit]

    async def read_page() -> LogPage:
        return LogPage(begin, begin + len(piece), size, piece)

    return read_page


async def backup(call: Call, instance_id: str) -> Backup:
    row = await require(call, instance_id, change=True)
    call.target = instance_id
    if row["handle"] is None:
        raise Conflict(f"The instance is {row['state']}: it has no state to keep.")
    local, engine = engine_of(call, row, await call.tx.one(hosting.host, ref=row["host_id"]))
    await _check_number(call, row)
    handle, backup_id = Handle.from_json(decode_json(row["handle"])), new_id("bak")
    file = local.backups / f"{backup_id}.tar"

    async def write_backup() -> int:
        try:
            await asyncio.to_thread(local.backups.mkdir, parents=True, exist_ok=True)
            return await engine.backup(handle, file)
        except EngineError as error:
            raise _to_agora_error(error) from error

    async def store_backup(end: Call, outcome: int | AgoraError) -> Backup:
        if isinstance(outcome, AgoraError):
            raise outcome
        values: dict[str, Any] = {
            "tenant_id": end.caller.tenant,
            "backup_id": backup_id,
            "instance_id": instance_id,
            "agent_id": row["agent_id"],
            "account_id": row["account_id"],
            "host_id": row["host_id"],
            "size": outcome,
            "created_at": end.now,
        }
        end.tx.append(hosting.BACKUPS, tuple(values.values()))
        await tell("agora.instance.backed_up", end, row, backup_id=backup_id, size=outcome)
        return shown(values)

    return as_relay(write_backup, store_backup, COPYING)


async def _check_number(call: Call, row: Row) -> None:
    """There is a most number of each account's backups."""
    limit = call.context.settings.backups_each
    counted = await call.tx.one(hosting.backup_count, account=row["account_id"])
    if counted is not None and counted["total"] >= limit:
        raise Conflict(
            f"The account {row['account_id']} has {counted['total']} backups; at most {limit} are kept.",
            fix="Delete some with agora.instance.drop_backup, or let an operator raise the setting backups_each.",
        )


async def drop(call: Call, backup_id: str) -> Backup:
    """Forget a backup; its file is taken away by its host."""
    row = await call.tx.one(hosting.backup, backup_id=backup_id)
    if row is not None:
        try:
            await require(call, row["instance_id"], change=True)
        except NotFound:
            row = None if not call.caller.may("admin") else row
    if row is None:
        raise NotFound(f"There is no backup {backup_id}.", errors=[{"field": "backup_id", "message": "unknown"}])
    call.target = backup_id
    await call.tx.execute(hosting.drop_backup, backup_id=backup_id)
    return shown(row)


def _to_agora_error(error: EngineError) -> AgoraError:
    if isinstance(error, Unknown):
        return NotFound(error.detail, fix="The instance may have been started anew: ask again.")
    kind = UpstreamUnavailable if error.retry else UpstreamFailed
    return kind(error.detail, fix=error.fix)
