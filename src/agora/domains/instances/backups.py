"""Backups and logs: data read from an instance by the engine that runs it.

Engine calls are slow, so they run between two transactions (see :mod:`agora.core.relays`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from agora.clock import new_id
from agora.core.call import Call, cast_relay_to_result, decode_json
from agora.core.count_locks import lock_count
from agora.core.errors import not_found
from agora.domains.billing.accounts import get_paying_account_of_caller
from agora.domains.instances.ports import LOCAL_HOST
from agora.runtimes.errors import BackupRefused, EngineError, Unknown
from agora.runtimes.local_host import LocalHost
from agora.runtimes.port import Handle, LogPage, Runtime
from agora_sdk.contract.instances import Backup, InstanceLog
from agora_sdk.errors import AgoraError, Conflict, NotFound, UpstreamFailed, UpstreamUnavailable

from . import host_queries
from . import queries as instances
from .access import require_instance
from .notifications import emit_instance_event
from .records import BACKUPS, HostRow, InstanceBackupRow, InstanceOutput, InstanceRow
from .views import build_backup

__all__ = ["create_backup", "delete_backup_row", "read_logs", "require_local_engine"]

LOG_READ_TIMEOUT = 30.0  #: seconds to read a page of a log
COPY_TIMEOUT = 300.0  #: seconds to write a backup


def require_local_engine(call: Call, row: InstanceRow, host: HostRow | None) -> tuple[LocalHost, Runtime]:
    """Return this server's host and an instance's engine. Raises UpstreamUnavailable if it runs on another host."""
    local: LocalHost | None = call.context.ports.find(LOCAL_HOST)
    if host is not None and host.kind == "agent":
        raise UpstreamUnavailable(
            f"The instance is run by the hosting agent {host.name}, which holds its data.", fix="Ask that agent."
        )
    if local is None or row.host_id != local.host_id:
        host_name = host.name if host is not None else row.host_id
        raise UpstreamUnavailable(f"The instance is on the host {host_name}.", fix="Ask that server.")
    engine = local.engines.get(row.engine)
    if engine is None:
        raise UpstreamUnavailable(f"The engine {row.engine} is not available on this server now.")
    return local, engine


async def read_logs(call: Call, instance_id: str, offset: int, limit: int) -> InstanceLog:
    """Read a page of an instance's output. offset: bytes from the start; from the end if negative. limit: bytes."""
    row = await require_instance(call, instance_id)
    call.target = instance_id
    # The engine's files are gone once the instance has ended; its last output is kept in the store.
    output = await call.tx.one(instances.select_output, instance_id=instance_id) if row.stopped_at else None
    reader = (
        _build_stored_log_reader(output, offset, limit)
        if output is not None
        else await _build_engine_log_reader(call, row, offset, limit)
    )

    async def read_log_page() -> LogPage:
        try:
            return await reader()
        except EngineError as error:
            raise _convert_engine_error(error) from error

    async def build_log(end: Call, outcome: LogPage | AgoraError) -> InstanceLog:
        if isinstance(outcome, AgoraError):
            raise outcome
        is_complete = row.stopped_at is not None and outcome.end >= outcome.size
        return InstanceLog(
            instance_id=instance_id,
            content=outcome.data.decode("utf-8", "replace"),
            begin=outcome.begin,
            end=outcome.end,
            size=outcome.size,
            has_more=outcome.end < outcome.size,
            ended=is_complete,
        )

    return cast_relay_to_result(read_log_page, build_log, LOG_READ_TIMEOUT)


async def _build_engine_log_reader(
    call: Call, row: InstanceRow, offset: int, limit: int
) -> Callable[[], Awaitable[LogPage]]:
    """Build a function that reads a page of output from the engine. Raises Conflict if the instance has no output."""
    if row.handle is None:
        raise Conflict(
            f"The instance is {row.state}: it has no output" + (" any more." if row.stopped_at else " yet."),
            fix=row.reason,
        )
    _, engine = require_local_engine(call, row, await call.tx.one(host_queries.select_host, ref=row.host_id))
    return partial(engine.logs, Handle.from_json(decode_json(row.handle)), offset, limit)


def _build_stored_log_reader(row: InstanceOutput, offset: int, limit: int) -> Callable[[], Awaitable[LogPage]]:
    """Build a function that reads a page of the stored output of an ended instance."""
    data, size = bytes(row.data), row.size
    # Offsets count all output, of which only the end is stored.
    begin = min(max(offset if offset >= 0 else size + offset, row.begins), size)
    piece = data[begin - row.begins :][:limit]

    async def read_stored_page() -> LogPage:
        return LogPage(begin, begin + len(piece), size, piece)

    return read_stored_page


async def create_backup(call: Call, instance_id: str) -> Backup:
    """Copy the state of an instance to a file on its host. Raises Conflict, UpstreamUnavailable, UpstreamFailed."""
    row = await require_instance(call, instance_id, change=True)
    call.target = instance_id
    if row.handle is None:
        raise Conflict(f"The instance is {row.state}: it has no state to back up.")
    local, engine = require_local_engine(call, row, await call.tx.one(host_queries.select_host, ref=row.host_id))
    await _check_backup_count(call, row)
    handle, backup_id = Handle.from_json(decode_json(row.handle)), new_id("bak")
    # Named by the new id: nothing that a caller gives becomes a part of a path.
    file = local.backups / f"{backup_id}.tar"
    refusal: Conflict | None = None

    async def write_backup() -> int:
        try:
            await asyncio.to_thread(local.backups.mkdir, parents=True, exist_ok=True)
            # One at a time: an account must not take all places of its host.
            async with local.backup_locks.setdefault(row.account_id, asyncio.Lock()):
                return await engine.backup(handle, file)
        except EngineError as error:
            raise _convert_engine_error(error) from error

    async def store_backup(end: Call, outcome: int | AgoraError) -> Backup:
        if isinstance(outcome, AgoraError):
            raise outcome
        nonlocal refusal
        try:
            if refusal is not None:  # the file is gone, also if this transaction is repeated
                raise refusal
            # Again: others may have been written meanwhile.
            await _check_backup_count(end, row)
        except Conflict as error:
            refusal = error
            file.unlink(missing_ok=True)
            raise
        backup = InstanceBackupRow(
            tenant_id=end.caller.tenant,
            backup_id=backup_id,
            instance_id=instance_id,
            agent_id=row.agent_id,
            account_id=row.account_id,
            host_id=row.host_id,
            size=outcome,
            created_at=end.now,
        )
        end.tx.append(BACKUPS, backup)
        await emit_instance_event("agora.instance.backed_up", end, row, backup_id=backup_id, size=outcome)
        return build_backup(backup)

    return cast_relay_to_result(write_backup, store_backup, COPY_TIMEOUT)


async def _check_backup_count(call: Call, row: InstanceRow) -> None:
    """Raise Conflict if the account has reached the backup limit of the setting ``backups_each``."""
    limit = call.context.settings.backups_each
    await lock_count(call.tx, "backups", row.account_id)
    counts = await call.tx.one(host_queries.count_backups, account=row.account_id)
    if counts is not None and counts >= limit:
        raise Conflict(
            f"The account {row.account_id} has {counts} backups; at most {limit} are kept.",
            fix="Delete some with agora.instance.drop_backup, or let an operator raise the setting backups_each.",
        )


async def delete_backup_row(call: Call, backup_id: str) -> Backup:
    """Delete a backup's row. Its host removes the file in the next sweep."""
    row = await call.tx.one(host_queries.select_backup, backup_id=backup_id)
    # Its own account counts: the instance may be deleted before its backups.
    own_account = row is not None and row.account_id == get_paying_account_of_caller(call.caller)
    if row is None or not (own_account or call.caller.may("admin")):
        raise not_found("backup_id", f"There is no backup {backup_id}.")
    call.target = backup_id
    await call.tx.execute(host_queries.delete_backup, backup_id=backup_id)
    return build_backup(row)


def _convert_engine_error(error: EngineError) -> AgoraError:
    if isinstance(error, BackupRefused):
        return Conflict(error.detail, fix=error.fix)
    if isinstance(error, Unknown):
        return NotFound(error.detail, fix="The instance may have been restarted: try again.")
    kind = UpstreamUnavailable if error.retry else UpstreamFailed
    return kind(error.detail, fix=error.fix)
