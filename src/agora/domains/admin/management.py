"""``agora.admin.manage``: agents, settings and operation statuses. Each action returns the old and the new value."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from agora.clock import to_datetime
from agora.core import override_queries as overrides
from agora.core.call import BoundService, encode_json
from agora.core.operation_lifecycle import LifecycleNotice
from agora.domains.agents.records import AgentRow
from agora.domains.agents.references import load_agent, load_locked_agent
from agora.domains.agents.service import AgentService
from agora.domains.agents.supervision import choose_agent_event_audience, set_agent_status
from agora.domains.identity.authority import (
    check_administration_authority,
    check_and_record_administration,
    check_authority,
    check_may_grant_tier,
    check_override_authority,
)
from agora.domains.messaging.views import transfer_unread_messages
from agora.domains.tasks.deadlines import assign_tasks_of_address
from agora.domains.tenants.service import ADMINISTRATIVE_TENANT
from agora_sdk.contract import Operation
from agora_sdk.contract.fields import ServiceTier
from agora_sdk.errors import AgoraError, IllegalTransition, InvalidRequest, PermissionDenied, field_error

from . import queries as statements

__all__ = ["Management"]

Change = tuple[JsonValue, JsonValue]
STATUS_BY_ACTION = {"activate": "active", "beta": "beta", "deprecate": "deprecated", "sunset": "sunset", "reset": None}
NOTICE_FIX = "Give the name of an operation, or an object with replacement, sunset_date (YYYY-MM-DD), migration_guide."
ALWAYS_AVAILABLE = frozenset({"agora.admin.manage", "agora.admin.override", "agora.admin.health"})


class ServiceEnd(BaseModel):
    """The value of ``deprecate`` and ``sunset``. migration_guide: a path of this server, or an address."""

    model_config = ConfigDict(extra="forbid")

    replacement: str | None = Field(None, min_length=1, max_length=200)
    sunset_date: date | None = None
    migration_guide: str | None = Field(None, min_length=1, max_length=500, pattern=r"^(/|https?://)[^\s<>]*$")


class Management(BoundService):
    """The actions of ``agora.admin.manage``, by resource and action."""

    async def run_management_action(self, resource: str, target: str, action: str, value: JsonValue) -> Change:
        """Run an action. Raises InvalidRequest naming the available actions."""
        actions: dict[str, Callable[[str, str, JsonValue], Awaitable[Change]]] = {
            "agent": self._change_agent,
            "configuration": self._read_or_change_setting,
            "service": self._change_operation_lifecycle,
        }
        return await actions[resource](target, action, value)

    async def _change_agent(self, target: str, action: str, value: JsonValue) -> Change:
        call = self.call
        row = await load_locked_agent(call.tx, target, "target")
        call.target = row.agent_id
        if action == "hand_over":
            await check_administration_authority(call, call.target)
            return await self._transfer_work_of_retired_agent(row, value)
        if row.status == "retired":
            raise IllegalTransition(f"{row.agent_name} has left the marketplace.", allowed=[])
        if action == "retire":
            # Retiring it would evade an override of a higher authority.
            await check_override_authority(call, call.target)
            await check_and_record_administration(call, call.target)
            await AgentService(call).retire_agent(row)
            return row.status, "retired"
        if action == "set_tier":
            return await self._set_agent_tier(row, value)
        status = {"suspend": "suspended", "activate": "active"}.get(action)
        if status is None:
            raise _build_unknown_action_error(action, ("suspend", "activate", "retire", "set_tier", "hand_over"))
        if row.status == "paused" and status == "active":
            raise IllegalTransition(
                f"{row.agent_name} is paused by an override.",
                fix="Lift it: agora.admin.override, action 'resume'.",
                allowed=["suspend", "retire"],
            )
        await check_and_record_administration(call, call.target)
        # An activation ends a suspension, not the override of a possibly higher authority.
        if status == "active" and await call.tx.all(
            overrides.select_overrides_of_target, target_id=call.target, now=call.now
        ):
            status = "paused"  # paused by an override that is still in force
        if row.status != status:
            await set_agent_status(call, row, status)
        return row.status, status

    async def _transfer_work_of_retired_agent(self, row: AgentRow, value: JsonValue) -> Change:
        """Transfer the unfinished tasks and unread messages of a retired agent to another one."""
        call = self.call
        if row.status != "retired":
            raise IllegalTransition(
                f"{row.agent_name} has not left the marketplace.",
                fix="Reassign single tasks with agora.task.reassign, or retire the agent first.",
                allowed=["suspend", "activate", "retire", "set_tier"],
            )
        heir = await load_agent(call.tx, value, "value") if isinstance(value, str) else None
        if heir is None or heir.status == "retired":
            raise InvalidRequest(
                "The new owner is missing.",
                fix="Give the name or id of an agent that is registered as value; the retired one's id as target.",
                errors=[field_error("value", "not a registered agent")],
            )
        retired_id, agent_id = row.agent_id, heir.agent_id
        messages = await transfer_unread_messages(call, retired_id, agent_id)
        tasks = await assign_tasks_of_address(call, retired_id, agent_id)
        return None, {"agent_id": agent_id, "tasks": tasks, "messages": messages}

    async def _set_agent_tier(self, row: AgentRow, value: JsonValue) -> Change:
        try:
            tier = ServiceTier(str(value))
        except ValueError:
            raise InvalidRequest(
                f"{value!r} is not a service tier.",
                fix=f"Give one of {', '.join(ServiceTier)} as value.",
                errors=[field_error("value", "not a service tier")],
            ) from None
        check_may_grant_tier(self.call, tier, ServiceTier(row.service_tier))
        # A target of its own: who sets a tier does not take over the agent's state.
        await check_and_record_administration(self.call, f"tier:{row.agent_id}")
        await self.call.tx.execute(statements.update_agent_tier, agent_id=row.agent_id, tier=tier.value)
        data = {"agent_id": row.agent_id, "agent_name": row.agent_name, "service_tier": tier.value}
        self.call.emit("agora.agent.updated", data, subject=row.agent_id, audience=choose_agent_event_audience(row))
        return row.service_tier, tier.value

    async def _read_or_change_setting(self, target: str, action: str, value: JsonValue) -> Change:
        call, configuration = self.call, self.call.context.configuration
        call.target = target
        if call.caller.tenant != ADMINISTRATIVE_TENANT:
            raise PermissionDenied("Settings apply to the whole installation.", fix="Ask its operator.")
        if action == "list":
            return None, configuration.describe_settings("" if target in ("*", "all") else target)
        configuration.require_changeable(target)
        # Reading shows no secrets: only changeable settings are read here.
        if action != "get":
            check_authority(call.caller, configuration.current.admin_authority_level, "change settings")
        previous_value = getattr(configuration.current, target)
        if action == "get":
            return previous_value, previous_value
        if action == "set":
            after = configuration.validate_value(target, value)
            await call.tx.execute(
                statements.upsert_setting, name=target, value=encode_json(after), now=call.now, by=call.caller.subject
            )
        elif action == "reset":
            after = getattr(configuration.settings, target)
            await call.tx.execute(statements.delete_setting, name=target)
        else:
            raise _build_unknown_action_error(action, ("list", "get", "set", "reset"))
        data = {"name": target, "value": after, "reset": action == "reset"}
        call.emit("agora.configuration.changed", data, subject=target, audience=(call.caller.subject,))
        return previous_value, after

    async def _change_operation_lifecycle(self, target: str, action: str, value: JsonValue) -> Change:
        call, registry = self.call, self.call.context.registry
        if action not in STATUS_BY_ACTION:
            raise _build_unknown_action_error(action, tuple(STATUS_BY_ACTION))
        operation = registry.resolve(target, None, call.caller.tenant)
        call.target = f"{operation.name}@{operation.version}"
        notice = self._parse_lifecycle_notice(operation, action, value)
        if operation.name in ALWAYS_AVAILABLE and (action == "sunset" or notice.sunset_date is not None):
            raise IllegalTransition(f"{operation.name} keeps the server manageable and cannot be sunset.", allowed=[])
        await check_and_record_administration(call, call.target)
        previous_value, status = str(registry.status(operation, call.caller.tenant)), STATUS_BY_ACTION[action]
        where, details = {"operation": operation.name, "version": operation.version}, notice.to_document()
        if status is None:
            await call.tx.execute(statements.delete_operation_status, **where)
            status = str(registry.declared_status(operation))
        else:
            details_json = encode_json(details) if details else None
            await call.tx.execute(
                statements.upsert_operation_status,
                **where,
                status=status,
                now=call.now,
                by=call.caller.subject,
                details=details_json,
            )
        data = where | {"status": status, "reset": action == "reset", "details": details}
        call.emit("agora.service.status_changed", data, subject=operation.name)
        return previous_value, {"status": status, **details} if details else status

    def _parse_lifecycle_notice(self, operation: Operation, action: str, value: JsonValue) -> LifecycleNotice:
        """Parse the notice of an operation's end: the name of its replacement, or an object. Raises InvalidRequest."""
        if value is None:
            return LifecycleNotice()
        if action not in ("deprecate", "sunset"):
            raise InvalidRequest(
                f"{action} takes no value.",
                fix="Leave it out; deprecate and sunset take one.",
                errors=[field_error("value", "not used by this action")],
            )
        try:
            end = ServiceEnd.model_validate({"replacement": value} if isinstance(value, str) else value)
        except ValidationError as error:
            errors = [field_error(".".join(("value", *map(str, e["loc"]))), e["msg"]) for e in error.errors()]
            raise InvalidRequest(f"{action} does not take this value.", fix=NOTICE_FIX, errors=errors) from None
        if end.sunset_date is not None and action == "sunset":
            raise InvalidRequest(
                "sunset ends the operation now.",
                fix="Use deprecate with a sunset_date, or leave the date out.",
                errors=[field_error("value.sunset_date", "not with sunset")],
            )
        if end.sunset_date is not None and end.sunset_date <= to_datetime(self.call.now).date():
            raise InvalidRequest(
                f"{end.sunset_date} is not in the future.",
                fix="Give a later day, or use the action sunset.",
                errors=[field_error("value.sunset_date", "not in the future")],
            )
        self._check_replacement(operation, end.replacement)
        return LifecycleNotice(end.replacement, end.sunset_date, end.migration_guide)

    def _check_replacement(self, operation: Operation, name: str | None) -> None:
        """Raise InvalidRequest for a replacement that does not exist or is the operation itself."""
        if name is None:
            return
        try:
            replacement = self.call.context.registry.resolve(name, None, self.call.caller.tenant)
        except AgoraError as error:
            raise InvalidRequest(
                f"The replacement {name!r} is not an operation: {error.detail}",
                fix=NOTICE_FIX,
                errors=[field_error("value", "not an operation")],
            ) from None
        if replacement is operation:
            raise InvalidRequest(
                f"{operation.name}@{operation.version} cannot replace itself.",
                fix="Name another operation, or another version as NAME@VERSION.",
                errors=[field_error("value", "the operation itself")],
            )


def _build_unknown_action_error(action: str, actions: tuple[str, ...]) -> InvalidRequest:
    return InvalidRequest(
        f"There is no action {action!r} here.",
        fix=f"Use one of {', '.join(actions)}.",
        errors=[field_error("action", "unknown action")],
    )
