"""Push notification configurations (A2A 1.0, section 3.1.7): webhooks of a task, set by its creator.

A configuration holds its position in the task's stream and serves as its own outbox: the controller delivers the items
after that position in order. The task's log is written in the transaction of the change, so no item is lost.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from agora.clock import new_id, to_datetime
from agora.core import pagination as paging
from agora.core.call import Call, cast_encoded_to_result
from agora.core.count_locks import lock_count
from agora.core.record_models import build_from_record
from agora.domains.dead_letters.letters import record_dead_letter, record_settlement_by_source
from agora.domains.dead_letters.port import NewDeadLetter
from agora.domains.tasks.records import TaskRow
from agora_sdk.contract.a2a import (
    A2APushConfig,
    A2APushConfigs,
    A2APushDeletion,
    PushDeadLetter,
    PushDeadLetters,
    PushRetry,
)
from agora_sdk.contract.dead_letters import DeadLetterState
from agora_sdk.errors import Conflict, NotFound, field_error

from . import lookup
from . import push_queries as deliveries
from . import queries as statements
from . import views as view
from .records import PUSH_CONFIGS, PushConfigRow
from .remote_connections import check_outgoing_url, seal_secrets

__all__ = [
    "build_push_config_document",
    "delete_push_config",
    "get_push_config",
    "list_dead_configs",
    "list_push_configs",
    "mark_config_dead",
    "reactivate_dead_config",
    "resume_dead_config",
    "store_push_config",
]

DEAD_LETTER_SOURCE = "push"  #: name of push notifications as a source of dead letters
MAX_CONFIGS = 20  #: per task


async def store_push_config(call: Call, task_id: str, config: A2APushConfig, agent: str | None = None) -> A2APushConfig:
    """Store a configuration, replacing one with the same id. For an ended task it is stored but not used."""
    task = await _require_own_task(call, task_id, agent)
    private = bool(call.context.settings.a2a_private_networks)
    # Early feedback only: the address is resolved and checked again at each delivery (SSRF, DNS rebinding).
    check_outgoing_url(config.url, private=private)
    config_id = config.id or new_id("push")
    # Replaced, not updated: a worker that still delivers for the old one loses its fence with the row.
    if await call.tx.execute(statements.delete_push_config, task_id=task_id, config_id=config_id):
        await record_settlement_by_source(
            call, DEAD_LETTER_SOURCE, _build_letter_key(task_id, config_id), DeadLetterState.DISCARDED
        )
    else:
        await _require_fewer_configs(call, task_id)
    auth = config.authentication
    credentials = {"credentials": auth.credentials} if auth is not None and auth.credentials else {}
    row = PushConfigRow(
        tenant_id=call.caller.tenant,
        task_id=task_id,
        config_id=config_id,
        owner=call.caller.subject,
        url=config.url,
        token=config.token,
        scheme=auth.scheme if auth is not None else None,
        credentials=seal_secrets(call, credentials, config_id),
        private=int(private),
        created_at=call.now,
        version=config.version,
        # From now on: the client has the task itself in the answer, and needs no notification of earlier entries.
        position=view.compute_stream_position(task.entries),
        state="active",
        attempts=0,
        due_at=0,
        lease_until=0,
        fence=call.now,  # no earlier configuration has the same fence
        error=None,
        updated_at=call.now,
    )
    call.tx.append(PUSH_CONFIGS, row)
    call.target = task_id
    emit_push_event(call, "configured", row)
    return cast_encoded_to_result(view.encode_document(build_push_config_document(row)), A2APushConfig)


def emit_push_event(call: Call, verb: str, row: PushConfigRow, **data: Any) -> None:
    """Emit the event ``agora.push.VERB`` to the configuration's owner; the URL without its query."""
    fields = {"task_id": row.task_id, "config_id": row.config_id, "url": _redact_url(row.url)}
    call.emit(f"agora.push.{verb}", fields | data, subject=row.task_id, audience=(row.owner,))


def _redact_url(url: str) -> str:
    """Remove the query of a URL, which may contain keys."""
    return urlsplit(url)._replace(query="", fragment="").geturl()


async def _require_fewer_configs(call: Call, task_id: str) -> None:
    await lock_count(call.tx, "push configurations", task_id)
    if (await call.tx.one(statements.count_push_configs, task_id=task_id) or 0) >= MAX_CONFIGS:
        raise Conflict(
            f"The task {task_id} has {MAX_CONFIGS} push configurations already.",
            fix="Delete one first.",
            errors=[field_error("config_id", "too many")],
        )


async def _require_own_task(call: Call, task_id: str, agent: str | None) -> TaskRow:
    """Read a task of the caller; its webhooks are hidden from others. Raises NotFound."""
    row = await lookup.require_visible_task(call, task_id, agent)
    if not call.caller.acts_for(row.created_by):
        raise lookup.build_task_not_found_error(task_id)
    return row


def build_push_config_document(row: PushConfigRow) -> dict[str, Any]:
    """Build the configuration for clients: with its token, but without the credentials of its authentication."""
    document: dict[str, Any] = {"id": row.config_id, "taskId": row.task_id, "url": row.url}
    if row.token is not None:
        document["token"] = row.token
    if row.scheme is not None:
        document["authentication"] = {"scheme": row.scheme}
    return document


def _build_config_not_found_error(task_id: str, config_id: str) -> NotFound:
    return NotFound(
        f"The task {task_id} has no push configuration {config_id!r}.",
        errors=[field_error("config_id", "unknown")],
        reason="TASK_NOT_FOUND",
    )


async def get_push_config(call: Call, task_id: str, config_id: str, agent: str | None) -> A2APushConfig:
    """Get a configuration. Raises NotFound."""
    await _require_own_task(call, task_id, agent)
    row = await call.tx.one(statements.select_push_config, task_id=task_id, config_id=config_id)
    if row is None:
        raise _build_config_not_found_error(task_id, config_id)
    return cast_encoded_to_result(view.encode_document(build_push_config_document(row)), A2APushConfig)


async def list_push_configs(
    call: Call, task_id: str, agent: str | None, size: int, token: str | None
) -> A2APushConfigs:
    """List a page of a task's configurations."""
    await _require_own_task(call, task_id, agent)
    after = paging.decode_cursor(token)[0] if token else ""
    rows = await call.tx.all(statements.select_push_configs, task_id=task_id, after=after, limit=size + 1)
    rows, more = paging.take_fitting_rows(rows, size, call.context.settings.page_bytes)
    answer: dict[str, Any] = {"configs": [build_push_config_document(row) for row in rows]}
    if more:
        answer["nextPageToken"] = paging.encode_cursor(rows[-1].config_id)
    return cast_encoded_to_result(view.encode_document(answer), A2APushConfigs)


async def delete_push_config(call: Call, task_id: str, config_id: str, agent: str | None) -> A2APushDeletion:
    """Delete a configuration. Idempotent."""
    await _require_own_task(call, task_id, agent)
    await call.tx.execute(statements.delete_push_config, task_id=task_id, config_id=config_id)
    await record_settlement_by_source(
        call, DEAD_LETTER_SOURCE, _build_letter_key(task_id, config_id), DeadLetterState.DISCARDED
    )
    call.target = task_id
    return A2APushDeletion.model_construct(task_id=task_id, config_id=config_id)


# -- dead letters ----------------------------------------------------------------------------------


async def mark_config_dead(call: Call, row: PushConfigRow, error: str, attempts: int) -> None:
    """Mark a configuration as dead and log an event. No-op if it was deleted or another server holds its fence."""
    config_key = {"task_id": row.task_id, "config_id": row.config_id, "fence": row.fence}
    for dead in await call.tx.returning(
        deliveries.mark_config_dead, **config_key, error=error, attempts=attempts, now=call.now
    ):
        call.target = row.task_id
        await record_dead_letter(call, _build_letter(dead))
        emit_push_event(call, "dead_lettered", dead, error=error, attempts=attempts, position=dead.position)


async def list_dead_configs(call: Call, limit: int, cursor: str | None) -> PushDeadLetters:
    """List a page of dead configurations: the caller's own; operators: all."""
    task_id, config_id = paging.decode_cursor(cursor, str, str) if cursor else ("", "")
    whose = {"owner": call.caller.subject, "everyone": int(call.caller.may("read:all"))}
    config_key = {"task_id": task_id, "config_id": config_id, "limit": limit + 1}
    rows = await call.tx.all(deliveries.select_dead_configs, **whose, **config_key)
    rows, more = paging.take_fitting_rows(rows, limit, call.context.settings.page_bytes)
    letters = [_build_dead_letter(row) for row in rows]
    return PushDeadLetters.model_construct(
        dead_letters=letters,
        **paging.build_page_fields(letters, "task_id", "config_id", more=more, cursor=cursor),
    )


def _build_dead_letter(row: PushConfigRow) -> PushDeadLetter:
    return build_from_record(PushDeadLetter, row, url=_redact_url(row.url), given_up_at=to_datetime(row.updated_at))


async def reactivate_dead_config(call: Call, row: PushConfigRow) -> bool:
    """Reactivate a dead configuration. Returns whether it was dead."""
    # Conditional on the state: of two concurrent retries, only one resets the attempts.
    if not await call.tx.execute(
        deliveries.reactivate_config, task_id=row.task_id, config_id=row.config_id, now=call.now
    ):
        return False
    # The event wakes the controllers of all servers, as for a new configuration.
    emit_push_event(call, "configured", row)
    return True


def _build_letter_key(task_id: str, config_id: str) -> str:
    return f"{task_id}/{config_id}"


def _build_letter(row: PushConfigRow) -> NewDeadLetter:
    return NewDeadLetter(
        source=DEAD_LETTER_SOURCE,
        key=_build_letter_key(row.task_id, row.config_id),
        owner=row.owner,
        destination=_redact_url(row.url),
        reason=row.error or "",
        attempts=row.attempts,
        ref=row.task_id,
        detail={"task_id": row.task_id, "config_id": row.config_id},
    )


async def resume_dead_config(call: Call, task_id: str, config_id: str) -> PushRetry:
    """Resume a dead configuration where it stopped."""
    await _require_own_task(call, task_id, None)
    row = await call.tx.one(statements.select_push_config, task_id=task_id, config_id=config_id)
    if row is None:
        raise _build_config_not_found_error(task_id, config_id)
    call.target = task_id
    await reactivate_dead_config(call, row)
    await record_settlement_by_source(
        call, DEAD_LETTER_SOURCE, _build_letter_key(task_id, config_id), DeadLetterState.REPLAYED
    )
    return PushRetry.model_construct(task_id=task_id, config_id=config_id, position=row.position)
