"""Implementation of the contract's workflow operations."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, cast

from agora.clock import to_datetime
from agora.core.call import BoundService
from agora_sdk.contract import implements
from agora_sdk.contract import workflows as contract
from agora_sdk.contract.fields import JsonObject, Priority, PriorityLike
from agora_sdk.contract.workflows import Step, WorkflowStatus
from agora_sdk.errors import PermissionDenied

from . import creation, lookup, modification
from .progress import advance_run, begin_run, terminate_run
from .run import WorkflowRun

__all__ = ["WorkflowService"]

APPROVE_SCOPE = "approve:workflows"
Names = list[str]


class WorkflowService(BoundService, contract.Workflows):
    """The workflow service: steps run by many agents."""

    @implements
    async def create(
        self,
        workflow_name: str,
        steps: contract.Steps,
        assigned_agents: list[str] = [],
        metadata: JsonObject = {},
        *,
        input: JsonObject = {},
        priority: PriorityLike = Priority.NORMAL,
    ) -> contract.WorkflowReceipt:
        call = self.call
        definitions = cast("list[Step]", steps)  # validated by the dispatcher
        await creation.check_steps(call, definitions, assigned_agents)
        order = creation.WorkflowOrder(workflow_name, definitions, assigned_agents, input, metadata, Priority(priority))
        run = await creation.create_workflow(call, order)
        await begin_run(run)
        call.target = run.workflow_id
        return contract.WorkflowReceipt(
            workflow_id=run.workflow_id, status=WorkflowStatus(run.row.status), created_at=to_datetime(call.now)
        )

    # -- reading ---------------------------------------------------------------------------------

    @implements
    async def status(self, workflow_id: str) -> contract.Workflow:
        return await lookup.get_workflow(self.call, workflow_id)

    @implements
    async def list(
        self,
        status: contract.WorkflowStatuses | None = None,
        agent_id: str | None = None,
        *,
        since: datetime | None = None,
        limit: int = 50,
        offset: int = 0,
        cursor: str | None = None,
    ) -> contract.WorkflowPage:
        names = [status] if isinstance(status, str) else status or []
        statuses = [contract.WorkflowStatus(name) for name in names]
        listing = lookup.WorkflowListing(statuses, agent_id, since, limit, offset, cursor)
        return await lookup.list_workflows(self.call, listing)

    @implements
    async def timeline(self, workflow_id: str) -> contract.Timeline:
        return await lookup.build_timeline(self.call, workflow_id)

    @implements
    async def diagram(self, workflow_id: str) -> contract.WorkflowDiagram:
        return await lookup.build_diagram(self.call, workflow_id)

    # -- changing --------------------------------------------------------------------------------

    @implements
    async def modify(
        self,
        workflow_id: str,
        action: Literal["reassign", "add", "reorder", "skip", "pause", "resume", "terminate"],
        step: str | None = None,
        *,
        agent: str | None = None,
        capability: Names = [],
        definition: Step | None = None,
        before: Names = [],
        order: Names = [],
        reason: str = "",
    ) -> contract.Modification:
        run = await self._lock_own_workflow(workflow_id)
        modification.require_running(run)
        self._set_audit_detail(action, step, reason)
        if action == "reassign":
            await modification.reassign_step(run, modification.require_step(run, step), agent, capability)
        elif action == "add":
            step = await modification.add_step(run, definition, before)
        elif action == "reorder":
            modification.reorder_steps(run, order)
        elif action == "skip":
            await modification.skip_step(run, modification.require_step(run, step))
        elif action == "pause":
            await modification.pause_workflow(run)
        elif action == "resume":
            await modification.resume_workflow(run)
        return await self._finish_modification(run, action, step, reason)

    async def _finish_modification(
        self, run: WorkflowRun, action: str, step: str | None, reason: str
    ) -> contract.Modification:
        run.set_columns(modifications=run.row.modifications + 1)
        if action == "terminate":
            await terminate_run(run, reason)
        else:
            # These may make a step ready; reassigning, pausing and resuming have done their own work.
            if action in ("add", "reorder", "skip"):
                await advance_run(run)
            await run.save()
        await run.emit("modified", action=action, step=step, reason=reason, by=self.call.caller.subject)
        return self._build_modification(run, action, step)

    def _build_modification(
        self, run: WorkflowRun, action: str, step: str | None, at: int | None = None
    ) -> contract.Modification:
        """Build the result of a change. at: time of the change in microseconds since 1970; now by default."""
        return contract.Modification(
            workflow_id=run.workflow_id,
            status=WorkflowStatus(run.row.status),
            action=action,
            step=step,
            updated_at=to_datetime(self.call.now if at is None else at),
            modifications=run.row.modifications,
        )

    @implements
    async def approve(
        self, workflow_id: str, step: str | None = None, *, approved: bool = True, comment: str = ""
    ) -> contract.Modification:
        caller = self.call.caller
        await lookup.load_visible_workflow(self.call, workflow_id)
        if not (caller.may(APPROVE_SCOPE) or caller.acts_for_others):
            raise PermissionDenied(
                "Steps are approved by people.",
                fix=f"Use an operator's credential, or a key with the scope {APPROVE_SCOPE}.",
                required=APPROVE_SCOPE,
            )
        run = await self._lock_run(workflow_id)
        action = "approve" if approved else "refuse"
        self._set_audit_detail(action, step, comment)
        repeated = await modification.find_equal_decision(run, step, approved, comment)
        if repeated is not None:
            return self._build_modification(run, action, repeated.name, repeated.row.completed_at)
        decided = await modification.decide_approval(run, step, approved, comment)
        await run.save()
        return self._build_modification(run, action, decided.name)

    @implements
    async def cancel(self, workflow_id: str, reason: str = "") -> contract.Modification:
        run = await self._lock_own_workflow(workflow_id)
        self._set_audit_detail("cancel", None, reason)
        # A repeated cancellation succeeds; any other ended state is a conflict.
        if run.row.status == WorkflowStatus.CANCELLED:
            return self._build_modification(run, "cancel", None)
        modification.require_running(run)
        return await self._finish_modification(run, "terminate", None, reason)

    async def _lock_run(self, workflow_id: str) -> WorkflowRun:
        self.call.target = workflow_id
        return await WorkflowRun.lock_and_load_run(self.call, workflow_id)

    async def _lock_own_workflow(self, workflow_id: str) -> WorkflowRun:
        """Load a workflow for a change by its creator. Raises NotFound, PermissionDenied."""
        caller = self.call.caller
        await lookup.load_visible_workflow(self.call, workflow_id)
        run = await self._lock_run(workflow_id)
        if not caller.acts_for(run.row.created_by):
            raise PermissionDenied(
                f"{workflow_id} was created by {run.row.created_by}; only its creator may change it.",
                required="act:any",
            )
        return run

    def _set_audit_detail(self, action: str, step: str | None, reason: str) -> None:
        """Set the details of the audit entry in addition to the workflow's id."""
        what = f"{action} {step}" if step else action
        self.call.detail = f"{what}: {reason}" if reason else what

    # -- overrides -------------------------------------------------------------------------------

    async def apply_override(self, workflow_id: str, action: str, reason: str) -> None:
        """Apply an administrative override. Raises NotFound, IllegalTransition."""
        run = await self._lock_run(workflow_id)
        modification.require_running(run)
        paused = run.row.paused_at is not None
        if action == "terminate":
            await terminate_run(run, reason or "terminated by an override")
            return
        if action == "resume" and paused:
            await modification.resume_workflow(run)
        # Overrides are idempotent: pausing a paused workflow is no error, since a halt applies to many workflows at once.
        elif action in ("pause", "emergency_halt") and not paused:
            await modification.pause_workflow(run)
        await run.save()
