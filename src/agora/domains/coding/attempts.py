"""Attempts: parallel jobs for one prompt, of which a person chooses one.

An attempt is an ordinary coding job with its own session, branch and review; a group only records which attempts belong
together. Choosing one cancels the jobs of the others and dismisses their reviews in one transaction. Branches are not
changed: rejected work remains until its owner cleans up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from agora.clock import new_id
from agora.core import pagination as paging
from agora.core.call import BoundService, decode_json, encode_json
from agora.core.errors import not_found
from agora.core.record_models import build_from_record
from agora.domains.billing.money import from_micros
from agora.domains.tasks import access, states
from agora.domains.tasks import queries as tasks
from agora.domains.tasks.service import TaskService
from agora.domains.tasks.transitions import end_task
from agora.store.records import list_record_values
from agora_sdk.contract import attempts as contract
from agora_sdk.contract import implements
from agora_sdk.contract.fields import JsonObject, Priority, PriorityLike, TaskStatus
from agora_sdk.contract.tasks.coding import coding_task_to_arguments
from agora_sdk.errors import Conflict, InvalidRequest, field_error

from . import attempt_queries as statements
from . import attempt_routing as routing
from .access import require_requester
from .attempt_records import ATTEMPTS, GROUPS, AttemptGroupRow, AttemptRow, AttemptState, AttemptUsage
from .reviews import ReviewService, lock_review_after_jobs

__all__ = ["AttemptService"]

AFTER_EVERY_ID = "att_g"  #: greater than every group id
MAX_TEXT = 2_000  #: characters of an agent's text in a comparison
#: states of a review that a choice dismisses; while a review is being delivered, neither dismissal nor choice is
#: possible
DISMISSIBLE_STATES = frozenset({"open", "changes_requested", "conflicted", "delivering"})
#: fields of a job by kind of requirement
VARIANT_FIELDS = {"model": "model", "profile": "profile"}


class AttemptService(BoundService, contract.Attempts):
    """The contract's operations on attempts."""

    @implements
    async def start(
        self,
        prompt: str,
        codebase_id: str,
        variants: list[str],
        *,
        title: str = "",
        agent_type: str | None = None,
        priority: PriorityLike = Priority.NORMAL,
        files: list[JsonObject] = [],
    ) -> contract.AttemptGroup:
        call = self.call
        places, is_name = await routing.list_places_by_id_or_name(call, codebase_id)
        group = AttemptGroupRow(
            tenant_id=call.caller.tenant,
            group_id=new_id("att"),
            title=title or prompt.strip().partition("\n")[0][:100],
            codebase_id=codebase_id,
            requester=call.caller.subject,
            chosen=None,
            chosen_by=None,
            created_at=call.now,
            updated_at=call.now,
        )
        # The group and all jobs are of one transaction: if one variant cannot be placed, no job starts.
        call.tx.append(GROUPS, group)
        job = {
            "title": group.title,
            "prompt": prompt,
            "agent_type": agent_type,
            "priority": Priority(priority),
            "files": files or None,
        }
        for number, variant in enumerate(variants, 1):
            field = f"variants[{number - 1}]"
            requirements = routing.parse_variant_requirements(variant, field)
            place = routing.choose_place(places, variant, requirements, field)
            document = {
                **job,
                **_build_job_requirements(requirements),
                # A name leaves the choice to the first claiming worker among those with a codebase of that name.
                "codebase_id": codebase_id if is_name else place.codebase_id,
                "metadata": {"attempt": {"group_id": group.group_id, "number": number, "of": len(variants)}},
            }
            receipt = await TaskService(call).assign(**coding_task_to_arguments(document))
            attempt = AttemptRow(
                tenant_id=group.tenant_id,
                group_id=group.group_id,
                number=number,
                task_id=receipt.task_id,
                variant=variant,
            )
            call.tx.append(ATTEMPTS, attempt)
        call.target = group.group_id
        call.emit(
            "agora.attempt.started", _build_group_event_data(group), subject=group.group_id, audience=(group.requester,)
        )
        return await self._build_group_with_results(group)

    @implements
    async def list(
        self, codebase_id: str | None = None, *, limit: int = 20, cursor: str | None = None
    ) -> contract.AttemptGroupPage:
        call = self.call
        rows = await call.tx.all(
            statements.list_groups,
            before=paging.decode_cursor(cursor)[0] if cursor else AFTER_EVERY_ID,
            reader="" if call.caller.reads_all else call.caller.subject,
            codebase_id=codebase_id or "",
            limit=limit + 1,
        )
        more, rows = len(rows) > limit, rows[:limit]
        attempts = await self._read_attempts_by_group(rows)
        budget = paging.PageBudget(call.context.settings.page_bytes)
        for count, row in enumerate(rows):
            records = (row, *attempts[row.group_id])
            # A group counts with its attempts, which hold the errors of jobs.
            if not budget.take_if_fits(chain.from_iterable(map(list_record_values, records))):
                more, rows = True, rows[:count]
                break
        groups = [_build_group(row, [_build_attempt(each) for each in attempts[row.group_id]]) for row in rows]
        return contract.AttemptGroupPage.model_construct(
            groups=groups, **paging.build_page_fields(groups, "group_id", more=more, cursor=cursor)
        )

    @implements
    async def get(self, group_id: str) -> contract.AttemptGroup:
        return await self._build_group_with_results(await self._load_visible_group(group_id))

    @implements
    async def choose(self, group_id: str, task_id: str) -> contract.AttemptGroup:
        call = self.call
        group = await self._lock_own_group(group_id)
        # A repeated choice succeeds and changes nothing.
        if group.chosen == task_id:
            return await self._build_group_with_results(group)
        if group.chosen is not None:
            raise Conflict(
                f"{group.chosen} was chosen by {group.chosen_by}.",
                fix="Continue with that one, or merge the other branch manually; it still exists.",
                chosen=group.chosen,
            )
        attempts = (await self._read_attempts_by_group([group]))[group_id]
        choice = next((attempt for attempt in attempts if attempt.task_id == task_id), None)
        if choice is None:
            ids = ", ".join(attempt.task_id for attempt in attempts)
            raise InvalidRequest(
                f"{task_id} is not an attempt of {group_id}.",
                fix=f"Choose one of {ids}.",
                errors=[field_error("task_id", "no attempt of the group")],
            )
        # The newest job of its session counts: an attempt that is being corrected is not finished.
        if choice.status != TaskStatus.COMPLETED:
            raise Conflict(
                f"{choice.latest_task_id} is {choice.status or 'deleted'}; only an attempt that has completed can be chosen.",
                fix="Wait for it, or choose another one.",
            )
        for attempt in attempts:
            if attempt is not choice:
                await self._cancel_and_dismiss_attempt(attempt, task_id)
        group.chosen, group.chosen_by, group.updated_at = task_id, call.caller.subject, call.now
        await call.tx.execute(
            statements.choose_attempt, group_id=group_id, task_id=task_id, by=group.chosen_by, now=call.now
        )
        call.emit("agora.attempt.chosen", _build_group_event_data(group), subject=group_id, audience=(group.requester,))
        return await self._build_group_with_results(group)

    async def _cancel_and_dismiss_attempt(self, attempt: AttemptState, chosen: str) -> None:
        """Cancel the job of a rejected attempt and dismiss its review. Raises Conflict during its delivery."""
        call = self.call
        if attempt.status is not None and attempt.status not in states.TERMINAL_STATUSES:
            draft = await access.lock_task(call, attempt.latest_task_id)
            if draft.row.status not in states.TERMINAL_STATUSES:
                await end_task(draft, TaskStatus.CANCELLED, content=f"{chosen} was chosen")
        # Read after locking the job: its worker may have submitted the review in the meantime, but cannot from now on.
        review = await lock_review_after_jobs(call, attempt.task_id)
        if review is not None and review.state in DISMISSIBLE_STATES:
            await ReviewService(call).dismiss(attempt.task_id)

    # -- rows ---------------------------------------------------------------------------------------------

    async def _load_visible_group(self, group_id: str, *, lock: bool = False) -> AttemptGroupRow:
        """Load a group that the caller may read. Raises NotFound for a hidden group, too."""
        query = statements.lock_group if lock else statements.select_group
        row, caller = await self.call.tx.one(query, group_id=group_id), self.call.caller
        if row is not None and (row.requester == caller.subject or caller.reads_all):
            self.call.target = group_id
            return row
        raise not_found("group_id", f"There is no group of attempts {group_id!r}.", fix="See GET /v1/agent/attempts.")

    async def _lock_own_group(self, group_id: str) -> AttemptGroupRow:
        """Lock a group of the caller, or any group for an operator. Raises NotFound, PermissionDenied."""
        row, caller = await self._load_visible_group(group_id, lock=True), self.call.caller
        require_requester(caller, group_id, row.requester, "choose")
        return row

    async def _read_attempts_by_group(self, groups: Sequence[AttemptGroupRow]) -> Mapping[str, Sequence[AttemptState]]:
        """Read the attempts of groups, by group id, in order."""
        ids = [group.group_id for group in groups]
        attempts: dict[str, list[AttemptState]] = {id: [] for id in ids}
        for row in await self.call.tx.all(statements.select_attempts, groups=encode_json(ids)):
            attempts[row.group_id].append(row)
        return attempts

    async def _build_group_with_results(self, group: AttemptGroupRow) -> contract.AttemptGroup:
        """Build a group with the changes, results and usage of its attempts."""
        tx = self.call.tx
        usage = {row.number: row for row in await tx.all(statements.sum_attempt_usage, group_id=group.group_id)}
        attempts = []
        for row in (await self._read_attempts_by_group([group]))[group.group_id]:
            data = await tx.one(tasks.select_task_data, task_id=row.latest_task_id)
            result = decode_json(data.result) if data is not None and data.result else None
            attempts.append(_build_attempt(row, usage.get(row.number), result if isinstance(result, dict) else {}))
        return _build_group(group, attempts)


def _build_job_requirements(requirements: routing.VariantRequirements) -> dict[str, Any]:
    """Convert the requirements of a variant to fields of a coding job."""
    fields: dict[str, Any] = {
        VARIANT_FIELDS[kind]: name for kind, name in requirements.items() if kind in VARIANT_FIELDS
    }
    if "coding" in requirements:
        fields["required_capabilities"] = [f"coding:{requirements['coding']}"]
    if "worker" in requirements:
        fields["target_agent_name"] = f"worker:{requirements['worker']}"
    return fields


def _build_group_event_data(row: AttemptGroupRow) -> dict[str, Any]:
    """Build the data of an event about a group."""
    return {"group_id": row.group_id, "codebase_id": row.codebase_id, "chosen": row.chosen}


def _build_group(row: AttemptGroupRow, attempts: list[contract.Attempt]) -> contract.AttemptGroup:
    return build_from_record(contract.AttemptGroup, row, attempts=attempts)


def _build_attempt(
    row: AttemptState, usage: AttemptUsage | None = None, result: Mapping[str, Any] = {}
) -> contract.Attempt:
    check = result.get("check")
    text = result.get("text")
    return build_from_record(
        contract.Attempt,
        row,
        text=text[:MAX_TEXT] if isinstance(text, str) else "",
        files=row.files or 0,
        additions=row.additions or 0,
        deletions=row.deletions or 0,
        check=check if isinstance(check, int) else None,
        input_tokens=usage.input_tokens if usage else 0,
        output_tokens=usage.output_tokens if usage else 0,
        cost=from_micros(usage.cost) if usage and usage.cost is not None else None,
        currency=usage.currency if usage else None,
    )
