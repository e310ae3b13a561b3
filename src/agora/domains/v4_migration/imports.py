"""Import of a v4 export: batches of rows, each in one transaction with the run's position in the file.

An already imported row is recognised by its mapping, so a repeated, interrupted or later import of the same database
creates no duplicates. The first invalid row fails its batch; the client then resends the batch in parts.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from math import isfinite, nan
from typing import Any, Final, TypeVar

from agora.clock import SECOND
from agora.core.call import Call, decode_json, encode_json
from agora.core.errors import not_found
from agora.domains.agents.references import build_address_of_name, looks_like_id
from agora.domains.messaging.records import DELIVERIES, MESSAGES, DeliveryRow, MessageRow
from agora.domains.messaging.views import emit_message_event
from agora.domains.tasks.service import TaskService
from agora.store.port import write_record
from agora_sdk.contract.fields import JsonObject
from agora_sdk.errors import Conflict, InvalidRequest, field_error

from . import queries as statements
from .arguments import parse_json, parse_object, translate_priority_or_normal
from .identities import (
    BROADCAST_NAMES,
    authorize_as_agent,
    find_agent_and_drop_stale_mapping,
    find_or_register_agent,
    resolve_recipient,
    store_mapping,
)
from .records import ImportRow
from .reducers import TaskRequest, WorkflowRequest, build_message_key, create_task, create_workflow
from .rows import (
    OPEN_STATES,
    build_row_key,
    find_first_value,
    is_delivered,
    read_text,
    read_time,
    require_text,
    shorten_key,
)

__all__ = ["Batch", "import_batch", "lock_run", "require_running", "save_import"]

Row = Mapping[str, Any]
T = TypeVar("T")
MAX_CONTENT_CHARACTERS: Final = 900_000
MAX_CAPABILITY_KEY_CHARACTERS: Final = 300
METADATA_COLUMNS: Final = ("requires_response", "metadata", "workflow_id", "status")


class Batch:
    """An import batch of rows of one table. counts: ``created``, ``known``, ``skipped``."""

    def __init__(self, call: Call, run: ImportRow, table: str, position: int) -> None:
        self.call, self.run, self.table, self.position = call, run, table, position
        self.counts: Counter[str] = Counter()
        # Looked up once per batch: a batch mostly repeats a few names.
        self._agents: dict[str, tuple[str, str]] = {}
        self._recipients: dict[str, str] = {}
        self._everyone: list[str] | None = None

    async def iterate_new_rows(self, rows: Sequence[T], keys: Sequence[str]) -> AsyncIterator[tuple[str, T]]:
        """Iterate over the rows, each with its key, that neither an earlier import or call nor this batch has imported."""
        stored = await self.call.tx.all(statements.select_stored_keys, kind=self.table, keys=encode_json(list(keys)))
        imported = set(stored)
        for key, row in zip(keys, rows, strict=True):
            if key in imported:
                self.counts["known"] += 1
            else:
                imported.add(key)
                yield key, row

    def record_import(self, key: str, target: str, detail: str = "") -> None:
        """Record the target of an imported row."""
        store_mapping(self.call, self.table, key, target, self.run.run_id, detail)
        self.counts["created"] += 1

    async def find_or_register_sender(self, name: str) -> tuple[str, str]:
        """Find id and name of a sender, registering it if needed."""
        if name not in self._agents:
            row = await find_or_register_agent(self.call, name, run_id=self.run.run_id)
            self._agents[name] = row.agent_id, row.agent_name
        return self._agents[name]

    async def find_recipient(self, name: str) -> str:
        """Find a recipient: an agent's id, a name for which messages are held, or ``broadcast``."""
        if name not in self._recipients:
            self._recipients[name] = await resolve_recipient(self.call, name)
        return self._recipients[name]

    async def list_mapped_agent_ids(self) -> list[str]:
        """List the ids of all agents mapped from v4."""
        if self._everyone is None:
            self._everyone = list(await self.call.tx.all(statements.select_mapped_agents))
        return self._everyone


async def import_batch(batch: Batch, rows: Sequence[Row]) -> None:
    """Import rows of one table. Raises InvalidRequest for the first invalid row."""
    if batch.table == "agent_capability":
        await _import_capabilities(batch, rows)
    elif batch.table == "agent_message":
        await _import_messages(batch, rows)
    elif batch.table == "task_assignment":
        await _import_tasks(batch, rows)
    elif batch.table == "workflow_coordination":
        await _import_workflows(batch, rows)
    else:  # skipped: v4's own measurements and errors, and steps, which come with their workflow
        batch.counts["skipped"] += len(rows)


async def _import_capabilities(batch: Batch, rows: Sequence[Row]) -> None:
    keys = [build_row_key(row, batch.position + at, "capability_id") for at, row in enumerate(rows)]
    # With the agent, because rows of several agents may have one capability id.
    keys = [
        shorten_key(f"{key}:{read_text(row, 'agent_id')}", MAX_CAPABILITY_KEY_CHARACTERS)
        for key, row in zip(keys, rows, strict=True)
    ]
    async for key, row in batch.iterate_new_rows(rows, keys):
        name = require_text(row, "agent_id", "agent_name")
        capability = require_text(row, "capability_type", "capability_name", "capability")
        existing = await find_agent_and_drop_stale_mapping(batch.call, name)
        agent = await find_or_register_agent(
            batch.call,
            name,
            capabilities=[capability[:64]],
            description=read_text(row, "description")[:4000],
            proficiency=_read_clamped_integer(row, 100, "proficiency", "proficiency_level"),
            max_tasks=_read_clamped_integer(row, 10_000, "max_tasks", "max_concurrent_tasks"),
            run_id=batch.run.run_id,
        )
        # The detail is what a rollback removes: not a capability that the agent had before.
        added = existing is None or capability not in decode_json(existing.capabilities)
        batch.record_import(key, agent.agent_id, capability if added else "")


async def _import_messages(batch: Batch, rows: Sequence[Row]) -> None:
    """Import messages, register their unknown senders, and emit the events of unread ones. Raises InvalidRequest for an
    invalid row."""
    keys, messages = [], []
    for position, row in enumerate(rows, batch.position):
        facts = (
            require_text(row, "from_agent", "sender"),
            require_text(row, "to_agent", "recipient"),
            read_text(row, "message_type") or "info",
            read_text(row, "content", "payload"),
        )
        if len(facts[3]) > MAX_CONTENT_CHARACTERS:
            raise InvalidRequest(
                f"The content has {len(facts[3])} characters; at most {MAX_CONTENT_CHARACTERS} are possible.",
                errors=[field_error("content", "too long")],
            )
        keys.append(build_message_key(build_row_key(row, position, "message_id"), *facts))
        messages.append((position, facts, row))
    async for key, (position, facts, row) in batch.iterate_new_rows(messages, keys):
        await _import_message(batch, position, key, facts, row)


async def _import_message(
    batch: Batch, position: int, key: str, message_fields: tuple[str, str, str, str], row: Row
) -> None:
    """Insert a message with its original time and delivery state; recipients that have not read it are notified."""
    call, (sender, recipient, kind, content) = batch.call, message_fields
    created_at = read_time(row, call.now)
    # Deterministic, so that two imports of one row would collide instead of duplicating it.
    digest = hashlib.sha256(f"{batch.run.source_database}|{key}".encode()).hexdigest()
    from_agent, from_name = await batch.find_or_register_sender(sender)
    everyone = recipient in BROADCAST_NAMES
    target = "broadcast" if everyone else await batch.find_recipient(recipient)
    metadata: JsonObject = {name: row[name] for name in METADATA_COLUMNS if row.get(name) not in (None, "", "{}")}
    message = MessageRow(
        tenant_id=call.caller.tenant,
        message_id=_build_message_id(created_at, position, digest),
        from_agent=from_agent,
        from_name=from_name,
        to_agent=target,
        content=content,
        message_type=kind[:64],
        priority=translate_priority_or_normal(_read_number(row, "priority", 2)).value,
        correlation_id=read_text(row, "correlation_id", "thread_id")[:200] or None,
        reply_to=None,
        metadata=encode_json({"migration_source": "v4", **({"v4": metadata} if metadata else {})}),
        broadcast=int(everyone),
        created_at=created_at,
        # The lifetime of an old message would have expired already: it restarts now.
        expires_at=call.now + call.context.settings.message_lifetime * SECOND,
    )
    call.tx.append(MESSAGES, message)
    is_read = is_delivered(row)
    if everyone:
        # Inboxes show broadcasts since the agent's registration, which the import itself may have made: deliveries show older ones.
        recipients = [] if is_read else [agent for agent in await batch.list_mapped_agent_ids() if agent != from_agent]
    else:
        recipients = [target if looks_like_id(target) else build_address_of_name(target)]
    unread = "queued" if everyone or looks_like_id(target) else "held"
    for address in recipients:
        call.tx.append(
            DELIVERIES,
            DeliveryRow(
                tenant_id=call.caller.tenant,
                recipient=address,
                message_id=message.message_id,
                state="read" if is_read else unread,
                updated_at=call.now,
            ),
        )
    if recipients and not is_read and unread == "queued":
        emit_message_event(call, message, recipients)
    batch.record_import(key, message.message_id)


def _build_message_id(created_at: int, position: int, digest: str) -> str:
    """Build an id that preserves v4's order (inboxes are sorted by id): by time, then by position in the table."""
    milliseconds, remainder = divmod(created_at, 1000)
    return f"msg_{milliseconds:012x}7{remainder * 4096 // 1000:03x}{position & 0xFFFFFFFF:08x}{digest[:8]}"


async def _import_tasks(batch: Batch, rows: Sequence[Row]) -> None:
    call = batch.call
    keys = [build_row_key(row, batch.position + at, "assignment_id", "task_id") for at, row in enumerate(rows)]
    async for key, row in batch.iterate_new_rows(rows, keys):
        if read_text(row, "status").lower() not in OPEN_STATES:
            batch.counts["skipped"] += 1
            continue
        assignee = read_text(row, "assigned_agent", "agent_id", "assigned_to", "assignee")
        task = TaskRequest(
            task_type=read_text(row, "task_type") or "general",
            payload=_read_object(row, "input_data", "payload"),
            capabilities=_read_names(row, "required_capabilities"),
            requester=read_text(row, "requesting_agent", "assigned_by", "created_by"),
            assignee=assignee,
            workflow=read_text(row, "workflow_id"),
            priority=_read_number(row, "priority", 2),
            metadata={"migration_source": "v4", "v4_task_id": key, "v4_created_at": read_time(row, call.now) // SECOND},
        )
        task_id = await create_task(call, task, batch.run.run_id)
        progress = _read_number(row, "progress", 0)
        if assignee and progress > 0:
            agent = await find_or_register_agent(call, assignee)
            # 99 at most: a task that v4 left open is not completed here.
            await TaskService(authorize_as_agent(call, agent)).update(task_id, progress=min(progress * 100, 99))
        batch.record_import(key, task_id)


async def _import_workflows(batch: Batch, rows: Sequence[Row]) -> None:
    keys = [build_row_key(row, batch.position + at, "workflow_id") for at, row in enumerate(rows)]
    async for key, row in batch.iterate_new_rows(rows, keys):
        if read_text(row, "status").lower() not in OPEN_STATES:
            batch.counts["skipped"] += 1
            continue
        workflow = _read_workflow(key, row)
        if not workflow.steps:
            batch.counts["skipped"] += 1
            continue
        batch.record_import(key, await create_workflow(batch.call, workflow, batch.run.run_id))


def _read_workflow(key: str, row: Row) -> WorkflowRequest:
    """Read a running workflow with its unfinished steps; without any, one step per participant."""
    coordinator = read_text(row, "coordinator_agent", "creator_agent", "created_by")
    participants = _read_names(row, "participating_agents", "assigned_agents")
    listed = _read_objects(row, "steps")
    payload: JsonObject = {"v4_workflow_id": key, **_read_object(row, "context", "shared_state")}
    open_steps = [step for step in listed if read_text(step, "status").lower() in OPEN_STATES]
    steps = [_read_step(number, step, payload) for number, step in enumerate(open_steps, 1)]
    names = {step["v4_id"]: step["name"] for step in steps}
    for step in steps:
        del step["v4_id"]
        step["depends_on"] = [names[name] for name in step["depends_on"] if name in names]
    if not listed:
        steps = [
            {"name": f"step-{number}", "agent": agent, "payload": payload}
            for number, agent in enumerate(participants or [coordinator], 1)
            if agent
        ]
    strategy = read_text(row, "coordination_strategy", "strategy").lower()
    in_order = strategy in ("sequential", "pipeline", "chain") and not any(step.get("depends_on") for step in steps)
    return WorkflowRequest(
        name=read_text(row, "workflow_name", "name") or key,
        coordinator=coordinator,
        participants=participants,
        steps=steps,
        in_order=in_order,
    )


def _read_step(number: int, step: Row, payload: JsonObject) -> dict[str, Any]:
    v4_id = read_text(step, "step_id", "id", "step_name", "name")
    return {
        "v4_id": v4_id,
        "name": f"{read_text(step, 'step_name', 'name', 'step_type')[:40] or 'step'}-{number}",
        "agent": read_text(step, "assigned_agent", "agent_id", "agent") or None,
        "payload": {**payload, "v4_step_id": v4_id, **_read_object(step, "input_data", "payload", "requirements")},
        "depends_on": _read_names(step, "depends_on", "dependencies"),
    }


# -- import runs -------------------------------------------------------------------------------


async def lock_run(call: Call, run_id: str) -> ImportRow:
    """Load and lock an import. Raises NotFound."""
    run = await call.tx.one(statements.lock_import, run_id=run_id)
    if run is None:
        raise not_found("run_id", f"There is no import {run_id}.", fix="See agora.migration.list_imports.")
    call.target = run_id
    return run


async def save_import(call: Call, run: ImportRow) -> None:
    """Store a changed import."""
    await write_record(call.tx, statements.update_import, run)


def require_running(run: ImportRow) -> None:
    """Check that an import has not ended. Raises Conflict."""
    if run.status != "running":
        raise Conflict(f"The import {run.run_id} is {run.status.replace('_', ' ')}.", fix="Begin another.")


# -- columns -----------------------------------------------------------------------------------


def _read_number(row: Row, name: str, default: float) -> float:
    value = row.get(name)
    if value in (None, ""):
        return default
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = nan
    # float() reads "nan" and "inf" as well, which no later step can round.
    if not isfinite(number):
        raise InvalidRequest(f"{name} is not a number: {str(value)[:100]!r}.", errors=[field_error(name, "no number")])
    return number


def _read_clamped_integer(row: Row, maximum: int, *names: str) -> int | None:
    """Read a number, rounded and limited to 0 to ``maximum``; None if empty. Raises InvalidRequest for other text."""
    for name in names:
        if row.get(name) not in (None, ""):
            return round(min(max(_read_number(row, name, 0), 0), maximum))
    return None


def _read_object(row: Row, *names: str) -> JsonObject:
    return parse_object(find_first_value(row, *names), names[0])


def _read_objects(row: Row, name: str) -> list[Row]:
    """Read a list of objects, also from its JSON text. Raises InvalidRequest for another value."""
    value = parse_json(row.get(name)) or []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InvalidRequest(
            f"{name} is not a list of objects: {str(row[name])[:100]!r}.",
            errors=[field_error(name, "not a list of objects")],
        )
    return value


def _read_names(row: Row, *names: str) -> list[str]:
    value = parse_json(find_first_value(row, *names))
    if value in (None, ""):
        return []
    parts = value if isinstance(value, list) else str(value).split(",")
    return list(dict.fromkeys(text for part in parts if (text := str(part).strip())))
