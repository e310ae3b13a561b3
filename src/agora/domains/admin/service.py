"""Administration: overrides, health, management, the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import JsonValue

from agora.clock import SECOND, new_id, to_datetime, to_microseconds
from agora.core import override_queries as overrides
from agora.core import pagination as paging
from agora.core.call import BoundService
from agora.core.record_models import build_from_record
from agora.core.records import OVERRIDES, OverrideRow
from agora.domains.agents.records import AgentRow
from agora.domains.agents.references import load_locked_agent
from agora.domains.agents.service import AgentService
from agora.domains.agents.supervision import SYSTEM_WIDE, publish_halt_end_if_last, set_agent_status
from agora.domains.identity.authority import check_administration_authority, check_authority, check_override_authority
from agora.domains.workflows.service import WorkflowService
from agora_sdk.contract import admin as contract
from agora_sdk.contract import implements
from agora_sdk.contract.fields import OverrideAction, OverrideActionLike
from agora_sdk.errors import IllegalTransition

from . import queries as statements
from .management import Management
from .ports import HEALTH_REPORT

__all__ = ["AdminService"]

WORKFLOW_ID_PREFIX = "wf_"
AFTER_EVERY_ID = "aud_g"  # sorts after every id
STATUS_BY_OVERRIDE = {
    OverrideAction.PAUSE: "paused",
    OverrideAction.EMERGENCY_HALT: "halted",
    OverrideAction.TERMINATE: "terminated",
}


class AdminService(BoundService, contract.Admin):
    """Overrides, health, management and audit."""

    @implements
    async def override(
        self,
        target_id: str,
        action: OverrideActionLike,
        reason: str = "",
        priority: int | None = None,
        expires_in: int | None = None,
    ) -> contract.OverrideReceipt:
        call, kind = self.call, OverrideAction(action)
        authority = self._resolve_override_authority(priority)
        agent = await self._resolve_target_agent(target_id)
        target = call.target = agent.agent_id if agent is not None else target_id
        call.detail = f"{kind.value} with authority {authority}" + (f": {reason}" if reason else "")
        active_overrides = list(await call.tx.all(overrides.select_overrides_of_target, target_id=target, now=call.now))
        if kind is OverrideAction.RESUME:
            return await self._lift_overrides_and_resume(target, agent, authority, active_overrides)
        if kind is OverrideAction.TERMINATE and agent is None and not target.startswith(WORKFLOW_ID_PREFIX):
            raise IllegalTransition(
                "The marketplace as a whole cannot be terminated.",
                fix="Use emergency_halt, or stop the server.",
                allowed=["pause", "resume", "emergency_halt"],
            )
        if kind is OverrideAction.TERMINATE:
            await check_override_authority(call, target, authority)
            await check_administration_authority(call, target)
        # Several overrides of one target may be active: each is lifted by its own authority.
        row = self._build_override_row(target, kind, authority, reason, expires_in)
        call.tx.append(OVERRIDES, row)
        self._emit_override_event("agora.override.applied", row)
        if agent is not None:
            await self._apply_override_to_agent(agent, kind)
        elif target.startswith(WORKFLOW_ID_PREFIX):
            await WorkflowService(call).apply_override(target, kind.value, reason)
        return self._build_override_receipt(row, STATUS_BY_OVERRIDE[kind])

    def _resolve_override_authority(self, priority: int | None) -> int:
        if priority is None:
            return self.call.caller.authority
        check_authority(self.call.caller, priority, f"place an override of {priority}")
        return priority

    async def _resolve_target_agent(self, target_id: str) -> AgentRow | None:
        """Find the target agent; None for the whole marketplace and for workflows."""
        if target_id == SYSTEM_WIDE or target_id.startswith(WORKFLOW_ID_PREFIX):
            return None
        return await load_locked_agent(self.call.tx, target_id, "target_id")

    def _build_override_row(
        self, target: str, action: OverrideAction, authority: int, reason: str, expires_in: int | None
    ) -> OverrideRow:
        call = self.call
        return OverrideRow(
            tenant_id=call.caller.tenant,
            override_id=new_id("ovr"),
            target_id=target,
            action=action.value,
            authority=authority,
            actor=call.caller.subject,
            reason=reason,
            # Both take effect at once: nothing stays in force that could be lifted.
            status="lifted" if action in (OverrideAction.TERMINATE, OverrideAction.RESUME) else "active",
            created_at=call.now,
            expires_at=call.now + expires_in * SECOND if expires_in else None,
            lifted_at=None,
            lifted_by=None,
        )

    async def _apply_override_to_agent(self, agent: AgentRow, action: OverrideAction) -> None:
        """Apply an override to the agent's own status."""
        if agent.status == "retired":
            raise IllegalTransition(f"{agent.agent_name} has left the marketplace.", allowed=[])
        if action is OverrideAction.TERMINATE:
            await AgentService(self.call).retire_agent(agent)
        elif agent.status not in ("paused", "suspended"):  # lifting the override does not end a suspension
            await set_agent_status(self.call, agent, "paused")

    async def _lift_overrides_and_resume(
        self, target: str, agent: AgentRow | None, authority: int, standing: list[OverrideRow]
    ) -> contract.OverrideReceipt:
        """Lift the overrides that this authority may lift; raise an error if only higher ones are in force."""
        call = self.call
        lower = [row for row in standing if row.authority <= authority]
        higher = [row for row in standing if row.authority > authority]
        # Raises if a higher override is in force; without any, the agent may be paused all the same.
        if not lower:
            await check_override_authority(call, target, authority)
        paused = agent.status == "paused" if agent is not None else target.startswith(WORKFLOW_ID_PREFIX)
        if not standing and not paused:
            raise IllegalTransition(f"There is no active override of {target}.", allowed=["pause", "emergency_halt"])
        for row in lower:
            await call.tx.execute(
                overrides.end_override,
                override_id=row.override_id,
                status="lifted",
                now=call.now,
                by=call.caller.subject,
            )
            self._emit_override_event("agora.override.lifted", row)
            await publish_halt_end_if_last(call, row)
        # A higher override is left, so the agent stays paused.
        if agent is not None and paused and not higher:
            await set_agent_status(call, agent, "active")
        if target.startswith(WORKFLOW_ID_PREFIX) and not higher:
            await WorkflowService(call).apply_override(target, "resume", "")
        record = self._build_override_row(target, OverrideAction.RESUME, authority, "", None)
        receipt = self._build_override_receipt(record, "partly_resumed" if higher else "resumed")
        receipt.lifted = [row.override_id for row in lower]
        return receipt

    def _emit_override_event(self, type: str, row: OverrideRow) -> None:
        names = ("override_id", "target_id", "action", "authority", "actor", "reason", "expires_at")
        self.call.emit(type, {name: getattr(row, name) for name in names}, subject=row.target_id)

    def _build_override_receipt(self, row: OverrideRow, status: str) -> contract.OverrideReceipt:
        return contract.OverrideReceipt(
            override_id=row.override_id,
            status=status,
            target_id=row.target_id,
            action=OverrideAction(row.action),
            priority=row.authority,
            executed_at=to_datetime(self.call.now),
            expires_at=to_datetime(row.expires_at) if row.expires_at else None,
        )

    @implements
    async def health(self, component: str | None = None) -> contract.Health:
        return await self.call.context.ports.get(HEALTH_REPORT).get()(self.call, component)

    @implements
    async def manage(
        self,
        resource: Literal["agent", "configuration", "service"],
        target: str,
        action: str,
        value: JsonValue = None,
        reason: str = "",
    ) -> contract.Managed:
        before, after = await Management(self.call).run_management_action(resource, target, action, value)
        self.call.detail = f"{action}" + (f": {reason}" if reason else "")
        return contract.Managed(
            resource=resource,
            target=self.call.target or target,
            action=action,
            before=before,
            after=after,
            executed_at=to_datetime(self.call.now),
        )

    @implements
    async def audit(
        self,
        actor: str | None = None,
        operation: str | None = None,
        target: str | None = None,
        outcome: str | None = None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> contract.AuditPage:
        values: dict[str, Any] = {"actor": actor, "operation": operation, "target": target, "outcome": outcome}
        values |= {"since": since and to_microseconds(since), "until": until and to_microseconds(until)}
        filters = {name: value for name, value in values.items() if value is not None}
        query = statements.build_audit_query(frozenset(filters))
        rows, more = await paging.read_query_page(
            self.call, query, "audit_id", limit, cursor, first=AFTER_EVERY_ID, **filters
        )
        entries = [build_from_record(contract.AuditEntry, row) for row in rows]
        return contract.AuditPage.model_construct(
            entries=entries,
            **paging.build_page_fields(entries, "audit_id", more=more, cursor=cursor),
        )
