"""Implementation of the contract's task operations."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Literal, cast

from pydantic import JsonValue

from agora.clock import SECOND, to_microseconds
from agora.core.call import BoundService, LogStreamSpec, encode_json
from agora.core.events.filter import Viewer
from agora.domains.billing.accounts import resolve_paying_account
from agora.domains.billing.money import to_micros
from agora.domains.billing.queries import ABANDONED_AFTER
from agora.domains.billing.token_usage import TokenUsageReport, record_and_charge_token_usage
from agora.store.port import Reader
from agora.telemetry import add_trace_to_metadata
from agora_sdk.contract import implements
from agora_sdk.contract import tasks as contract
from agora_sdk.contract.fields import JsonObject, Priority, PriorityLike, TaskStatus, TaskStatusLike
from agora_sdk.contract.parts import Part
from agora_sdk.errors import IllegalTransition, InvalidRequest, StaleLease, field_error

from . import (
    access,
    claims,
    creation,
    delegation,
    job_files,
    lookup,
    messages,
    ordering,
    queues,
    states,
    task_updates,
    views,
)
from . import queries as statements
from .transitions import end_task, reassign_task, requeue_task

__all__ = ["TaskService"]


def _parse_statuses(status: contract.TaskStatusesLike) -> list[TaskStatus]:
    return [TaskStatus(status)] if isinstance(status, str) else [TaskStatus(one) for one in status]


class TaskService(BoundService, contract.Tasks):
    """The task service: work with leases and fencing tokens."""

    # -- assigning --------------------------------------------------------------------------------

    @implements
    async def assign(
        self,
        task_type: str,
        payload: JsonObject = {},
        assignee: str | None = None,
        deadline: datetime | None = None,
        priority: PriorityLike = Priority.NORMAL,
        *,
        required_capabilities: list[str] = [],
        required_model: str | None = None,
        depends_on: list[str] = [],
        parent_id: str | None = None,
        max_attempts: int = 3,
        retry_backoff: float = 5,
        timeout: int | None = None,
        metadata: JsonObject = {},
        context_id: str | None = None,
    ) -> contract.TaskReceipt:
        delegation.check_requested_scopes(self.call.caller, task_type, payload)
        job_files.check_job_files(task_type, payload)
        order = creation.Order(
            task_type,
            encode_json(payload),
            assignee,
            required=required_capabilities,
            model=required_model,
            priority=Priority(priority),
            deadline=self._parse_deadline(deadline),
            depends_on=depends_on,
            parent_id=parent_id,
            max_attempts=max_attempts,
            retry_backoff=retry_backoff,
            timeout=timeout,
            metadata=encode_json(add_trace_to_metadata(metadata)),
            context_id=context_id,
        )
        draft, where = await creation.create_task(self.call, order)
        self.call.target = draft.task_id
        return await creation.build_receipt(draft, where)

    def _parse_deadline(self, deadline: datetime | None) -> int:
        if deadline is None:
            return statements.NO_DEADLINE
        if to_microseconds(deadline) <= self.call.now:
            raise InvalidRequest(
                "The deadline has passed already.",
                fix="Give a time in the future, with its offset.",
                errors=[field_error("deadline", "in the past")],
            )
        return to_microseconds(deadline)

    @implements
    async def retry(self, task_id: str, *, assignee: str | None = None) -> contract.TaskReceipt:
        old = await access.lock_own_task(self.call, task_id)
        if old.row.status in states.UNFINISHED_STATUSES:
            raise IllegalTransition(
                f"{task_id} is {old.row.status}; only an ended task can be retried.",
                fix="Cancel it first, or reassign it.",
                allowed=states.list_allowed_transitions(old.row.status),
            )
        data = await self.call.tx.one(statements.select_task_data, task_id=task_id)
        assert data is not None
        draft, where = await creation.create_retry_of_task(self.call, old.row, data, assignee)
        old.append_entry("note", content=f"retried as {draft.task_id}")
        await old.save()
        self.call.target = draft.task_id
        return await creation.build_receipt(draft, where)

    @implements
    async def reassign(self, task_id: str, assignee: str | None, reason: str | None = None) -> contract.TaskUpdate:
        draft = await access.lock_own_task(self.call, task_id)
        if draft.row.status in states.TERMINAL_STATUSES:
            states.check_transition(task_id, draft.row.status, TaskStatus.PENDING)
        # The payload stays with the task; only the type and the requirements decide where it goes.
        order = creation.Order(
            draft.row.task_type,
            "{}",
            assignee,
            creation.list_explicit_requirements(draft.row),
            draft.row.required_model,
        )
        where = await creation.resolve_destination(self.call, order)
        draft.set_columns(requirements=encode_json(where.requirements))
        await reassign_task(
            draft, queues.build_queue_name(where.lane, draft.row.task_type), where.agent, assignee, reason
        )
        return views.build_update(draft.row)

    @implements
    async def prioritize(
        self,
        task_id: str,
        priority: PriorityLike | None = None,
        *,
        before: str | None = None,
        after: str | None = None,
    ) -> contract.TaskUpdate:
        place = ordering.Place(None if priority is None else Priority(priority), before, after)
        return views.build_update((await ordering.move_in_order(self.call, task_id, place)).row)

    @implements
    async def cancel(self, task_id: str, reason: str | None = None) -> contract.TaskUpdate:
        draft = await access.lock_own_task(self.call, task_id)
        if draft.row.status != TaskStatus.CANCELLED:
            await end_task(draft, TaskStatus.CANCELLED, content=reason)
        return views.build_update(draft.row)

    @implements
    async def requeue(self, task_id: str, reason: str | None = None) -> contract.TaskUpdate:
        draft = await access.lock_own_task(self.call, task_id)
        await requeue_task(draft, reason or f"taken back by {self.call.caller.subject}")
        return views.build_update(draft.row)

    @implements
    async def comment(self, task_id: str, text: str) -> contract.TaskEntry:
        call = self.call
        draft = await access.lock_visible_task(call, task_id)
        entry = draft.append_entry("comment", content=text)
        draft.emit("commented", by=call.caller.subject, comment=text)
        await draft.save()
        return views.build_entry(entry)

    @implements
    async def message(
        self,
        task_id: str,
        text: str | None = None,
        *,
        parts: list[Part] = [],
        status: Literal["input_required", "auth_required", "completed"] | None = None,
        message_id: str | None = None,
        metadata: JsonObject = {},
        extensions: list[str] = [],
        answers: str | None = None,
        fencing_token: int | None = None,
        keep_lease: bool = False,
    ) -> contract.TaskEntry:
        content: dict[str, Any] = {"messageId": message_id, "parts": messages.build_parts(text, parts)}
        content |= {"metadata": metadata, "extensions": extensions}
        state = TaskStatus(status) if status is not None else None
        return await messages.post_message(
            self.call, task_id, content, state, fencing_token, answers=answers, keep_lease=keep_lease
        )

    @implements
    async def artifact(
        self,
        task_id: str,
        text: str | None = None,
        *,
        parts: list[Part] = [],
        artifact_id: str | None = None,
        name: str | None = None,
        description: str | None = None,
        append: bool = False,
        last: bool = True,
        metadata: JsonObject = {},
        extensions: list[str] = [],
        fencing_token: int | None = None,
    ) -> contract.TaskEntry:
        piece: dict[str, Any] = {"artifactId": artifact_id, "name": name, "description": description}
        piece |= {"parts": messages.build_parts(text, parts), "metadata": metadata, "extensions": extensions}
        return await messages.add_artifact(self.call, task_id, piece, append=append, last=last, token=fencing_token)

    # -- working ---------------------------------------------------------------------------------

    @implements
    async def update(
        self,
        task_id: str,
        status: TaskStatusLike | None = None,
        progress: float | None = None,
        notes: str | None = None,
        *,
        milestone: str | None = None,
        result: JsonValue = None,
        fencing_token: int | None = None,
    ) -> contract.TaskUpdate:
        update = task_updates.UpdateRequest(
            task_id=task_id,
            status=status and TaskStatus(status),
            progress=progress,
            notes=notes,
            milestone=milestone,
            result=result,
            token=fencing_token,
        )
        draft = await task_updates.apply_update(self.call, update)
        return views.build_update(draft.row)

    @implements
    async def claim(
        self,
        limit: int = 1,
        wait: float = 0,
        *,
        task_types: list[str] = [],
        capabilities: list[str] | None = None,
        models: list[str] = [],
        worker: str | None = None,
        lease_seconds: int = 60,
        unassigned: bool = True,
        task_id: str | None = None,
    ) -> contract.Claim:
        request = claims.ClaimRequest(
            limit=limit,
            wait=wait,
            task_types=task_types,
            capabilities=capabilities,
            models=models,
            worker=worker,
            lease_seconds=lease_seconds,
            unassigned=unassigned,
            task_id=task_id,
        )
        return await claims.claim_or_await_tasks(self.call, request)

    @implements
    async def renew(
        self,
        task_id: str,
        fencing_token: int,
        *,
        lease_seconds: int | None = None,
        progress: float | None = None,
        checkpoint: JsonObject | None = None,
        checkpoint_number: int | None = None,
    ) -> contract.Renewal:
        request = task_updates.RenewalRequest(
            task_id=task_id,
            token=fencing_token,
            lease_seconds=lease_seconds,
            progress=progress,
            checkpoint=checkpoint,
            checkpoint_number=checkpoint_number,
        )
        return await task_updates.renew_lease(self.call, request)

    @implements
    async def release(
        self,
        task_id: str,
        fencing_token: int,
        *,
        reason: str | None = None,
        checkpoint: JsonObject | None = None,
        delay: float = 0,
    ) -> contract.TaskUpdate:
        draft = await task_updates.release_task(self.call, task_id, fencing_token, reason, checkpoint, delay)
        return views.build_update(draft.row)

    @implements
    async def issue_token(self, task_id: str, fencing_token: int) -> contract.TaskToken:
        return await delegation.issue_task_token(self.call, task_id, fencing_token)

    async def reissue_credential(self, result: contract.TaskToken) -> contract.TaskToken:
        """Return the token again when its issue is repeated under the same idempotency key."""
        row = await self.call.tx.one(statements.select_task, task_id=result.task_id)
        # A former holder that repeats its call must not get a credential for the attempt of the next one.
        if row is not None and row.holder == self.call.caller.subject:
            tenant, signer = self.call.caller.tenant, self.call.context.signer
            holding = (row.task_id, row.holder, row.worker, row.attempts)
            result.token = signer.sign_task_token(tenant, *holding, result.scopes)
        return result

    @implements
    async def report_usage(
        self,
        task_id: str,
        fencing_token: int,
        input_tokens: int,
        output_tokens: int,
        *,
        model: str = "",
        provider_cost: float | None = None,
        currency: str | None = None,
        is_estimate: bool = False,
    ) -> contract.TokenUsage:
        # A cancelled task, too: its tokens were used.
        draft = await access.lock_held_task(self.call, task_id, fencing_token, may_have_ended=True)
        if draft.row.completed_at is not None and self.call.now - draft.row.completed_at > ABANDONED_AFTER:
            raise StaleLease(f"{task_id} ended over a minute ago, so usage can no longer be reported for it.")
        # An ended task is accepted for a minute: programs report the usage of their last model call after they complete.
        if (provider_cost is None) != (currency is None):
            raise InvalidRequest(
                "A cost requires a currency.",
                fix="Give provider_cost and currency, or neither.",
                errors=[field_error("currency", "goes with provider_cost")],
            )
        report = TokenUsageReport(
            task_id=task_id,
            account=resolve_paying_account(draft.row.account_id, draft.row.created_by),
            model=model,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            # Rounded first, because to_micros truncates what is finer than six decimals.
            cost=None if provider_cost is None else to_micros(round(provider_cost, 6)),
            currency=currency,
            is_estimate=is_estimate,
        )
        return await record_and_charge_token_usage(self.call, report)

    @implements
    async def complete(
        self, task_id: str, result: JsonValue = None, *, notes: str | None = None, fencing_token: int | None = None
    ) -> contract.TaskUpdate:
        return views.build_update(
            (await task_updates.complete_task(self.call, task_id, result, notes, fencing_token)).row
        )

    @implements
    async def fail(
        self, task_id: str, error: str, *, retry: bool = True, fencing_token: int | None = None
    ) -> contract.TaskUpdate:
        return views.build_update((await task_updates.fail_task(self.call, task_id, error, retry, fencing_token)).row)

    @implements
    async def append(
        self, task_id: str, content: str, *, offset: int | None = None, fencing_token: int | None = None
    ) -> contract.TaskOutput:
        return await task_updates.append_output(self.call, task_id, content, offset, fencing_token)

    # -- reading ---------------------------------------------------------------------------------

    @implements
    async def list(
        self,
        agent_id: str | None = None,
        status: contract.TaskStatusesLike | None = None,
        limit: int = 50,
        offset: int = 0,
        *,
        task_type: str | None = None,
        priority: PriorityLike | None = None,
        workflow_id: str | None = None,
        parent_id: str | None = None,
        created_by: str | None = None,
        worker_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        sort: Literal["created", "priority", "deadline"] = "created",
        descending: bool = False,
        context_id: str | None = None,
        cursor: str | None = None,
    ) -> contract.TaskPage:
        filters = lookup.TaskFilters(
            agent_id=agent_id,
            status=None if status is None else _parse_statuses(status),
            task_type=task_type,
            priority=priority and Priority(priority),
            workflow_id=workflow_id,
            parent_id=parent_id,
            created_by=created_by,
            worker=worker_id,
            since=since,
            until=until,
            context_id=context_id,
        )
        request = lookup.TaskPageRequest(
            filters=filters, sort=sort, descending=descending, limit=limit, offset=offset, cursor=cursor
        )
        return await lookup.list_tasks(self.call, request)

    @implements
    async def stuck(self, idle_seconds: int = 300, *, limit: int = 50, cursor: str | None = None) -> contract.TaskPage:
        filters = lookup.TaskFilters(idle_before=self.call.now - idle_seconds * SECOND)
        request = lookup.TaskPageRequest(
            filters=filters, sort="created", descending=False, limit=limit, offset=0, cursor=cursor
        )
        return await lookup.list_tasks(self.call, request)

    @implements
    async def get(self, task_id: str) -> contract.Task:
        return await lookup.get_task(self.call, task_id, creation.estimate_completion)

    @implements
    async def history(
        self,
        task_id: str,
        *,
        types: Sequence[contract.EntryType] = [],
        limit: int = 100,
        cursor: str | None = None,
    ) -> contract.TaskEntryPage:
        return await lookup.read_history(self.call, task_id, types, limit, cursor)

    @implements
    async def output(self, task_id: str, offset: int = 0, limit: int = 262_144) -> contract.TaskOutput:
        return await lookup.read_output(self.call, task_id, offset, limit)

    @implements
    def stream(self, task_id: str, *, last_event_id: str | None = None) -> AsyncIterator[contract.TaskEntry]:
        # The dispatcher awaits this within a read transaction, and turns the result into a stream of entries.
        return cast("AsyncIterator[contract.TaskEntry]", self._build_log_stream_spec(task_id, last_event_id))

    async def _build_log_stream_spec(self, task_id: str, last_event_id: str | None) -> LogStreamSpec:
        task = await access.load_visible_task(self.call, task_id)
        position = lookup.parse_position(last_event_id, task.entries)
        caller = self.call.caller

        async def read_log_page(reader: Reader, after: int) -> Any:
            return await lookup.read_log_page(reader, task_id, after)

        viewer = Viewer(caller.subject, sees_all=True)  # the task's visibility was checked and covers all entries
        return LogStreamSpec(read_log_page, task_id, viewer, position)

    @implements
    async def statistics(
        self, agent_id: str | None = None, task_type: str | None = None, *, since: datetime | None = None
    ) -> contract.TaskStatistics:
        return await lookup.compute_statistics(self.call, agent_id, task_type, since)
