"""``agora.admin.manage``: agents, settings and operation statuses. Each action returns the old and the new value."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from pydantic import JsonValue

from agora.core import override_queries as overrides
from agora.core.call import BoundService, encode_json
from agora.domains.agents.records import AgentRow
from agora.domains.agents.references import load_agent
from agora.domains.agents.service import AgentService
from agora.domains.agents.supervision import audience_of, set_agent_status
from agora.domains.identity.authority import (
    check_administered,
    check_and_record_administration,
    check_authority,
    check_standing,
    check_tier,
)
from agora.domains.messaging.views import hand_over_mail
from agora.domains.tasks.deadlines import hand_over_tasks
from agora.domains.tenants.service import HOME
from agora_sdk.contract.fields import ServiceTier
from agora_sdk.errors import IllegalTransition, InvalidRequest, PermissionDenied, field_error

from . import queries as statements

__all__ = ["Management"]

Change = tuple[JsonValue, JsonValue]
STATUSES = {"activate": "active", "beta": "beta", "deprecate": "deprecated", "sunset": "sunset", "reset": None}
ALWAYS_AVAILABLE = frozenset({"agora.admin.manage", "agora.admin.override", "agora.admin.health"})


class Management(BoundService):
    """What ``agora.admin.manage`` does, by resource and action."""

    async def run(self, resource: str, target: str, action: str, value: JsonValue) -> Change:
        """Do it; raises InvalidRequest naming the actions there are."""
        actions: dict[str, Callable[[str, str, JsonValue], Awaitable[Change]]] = {
            "agent": self._manage_agent,
            "configuration": self._manage_setting,
            "service": self._manage_service,
        }
        return await actions[resource](target, action, value)

    async def _manage_agent(self, target: str, action: str, value: JsonValue) -> Change:
        call = self.call
        row = await load_agent(call.tx, target, "target")
        call.target = row.agent_id
        if action == "hand_over":
            await check_administered(call, call.target)
            return await self._hand_over(row, value)
        if row.status == "retired":
            raise IllegalTransition(f"{row.agent_name} has left the marketplace.", allowed=[])
        if action == "retire":
            await check_standing(call, call.target)
            await check_and_record_administration(call, call.target)
            await AgentService(call).retire_agent(row)
            return row.status, "retired"
        if action == "set_tier":
            return await self._set_tier(row, value)
        status = {"suspend": "suspended", "activate": "active"}.get(action)
        if status is None:
            raise _unknown_action(action, ("suspend", "activate", "retire", "set_tier", "hand_over"))
        if row.status == "paused" and status == "active":
            raise IllegalTransition(
                f"{row.agent_name} is paused by an override.",
                fix="Lift it: agora.admin.override, action 'resume'.",
                allowed=["suspend", "retire"],
            )
        await check_and_record_administration(call, call.target)
        if status == "active" and await call.tx.all(overrides.standing, target_id=call.target, now=call.now):
            status = "paused"  # by an override, which goes on
        if row.status != status:
            await set_agent_status(call, row, status)
        return row.status, status

    async def _hand_over(self, row: AgentRow, value: JsonValue) -> Change:
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
        messages = await hand_over_mail(call, retired_id, agent_id)
        tasks = await hand_over_tasks(call, retired_id, agent_id)
        return None, {"agent_id": agent_id, "tasks": tasks, "messages": messages}

    async def _set_tier(self, row: AgentRow, value: JsonValue) -> Change:
        try:
            tier = ServiceTier(str(value))
        except ValueError:
            raise InvalidRequest(
                f"{value!r} is not a service tier.",
                fix=f"Give one of {', '.join(ServiceTier)} as value.",
                errors=[field_error("value", "not a service tier")],
            ) from None
        check_tier(self.call, tier, ServiceTier(row.service_tier))
        await check_and_record_administration(self.call, f"tier:{row.agent_id}")
        await self.call.tx.execute(statements.set_tier, agent_id=row.agent_id, tier=tier.value)
        data = {"agent_id": row.agent_id, "agent_name": row.agent_name, "service_tier": tier.value}
        self.call.emit("agora.agent.updated", data, subject=row.agent_id, audience=audience_of(row))
        return row.service_tier, tier.value

    async def _manage_setting(self, target: str, action: str, value: JsonValue) -> Change:
        call, configuration = self.call, self.call.context.configuration
        call.target = target
        if call.caller.tenant != HOME:
            raise PermissionDenied("Settings are of the whole installation.", fix="Ask whoever runs it.")
        if action == "list":
            return None, configuration.describe("" if target in ("*", "all") else target)
        configuration.require_changeable(target)
        if action != "get":
            check_authority(call.caller, configuration.current.admin_authority_level, "change settings, which takes")
        before = getattr(configuration.current, target)
        if action == "get":
            return before, before
        if action == "set":
            after = configuration.validate_value(target, value)
            await call.tx.execute(
                statements.set_setting, name=target, value=encode_json(after), now=call.now, by=call.caller.subject
            )
        elif action == "reset":
            after = getattr(configuration.settings, target)
            await call.tx.execute(statements.clear_setting, name=target)
        else:
            raise _unknown_action(action, ("list", "get", "set", "reset"))
        data = {"name": target, "value": after, "reset": action == "reset"}
        call.emit("agora.configuration.changed", data, subject=target, audience=(call.caller.subject,))
        return before, after

    async def _manage_service(self, target: str, action: str, value: JsonValue) -> Change:
        call, registry = self.call, self.call.context.registry
        if action not in STATUSES:
            raise _unknown_action(action, tuple(STATUSES))
        if value is not None:
            raise InvalidRequest(
                f"{action} takes no value.",
                fix="Leave it out: the replacement, the dates and the guide of an operation are those of its declaration.",
                errors=[field_error("value", "not used by this action")],
            )
        operation = registry.find(target, None, call.caller.tenant)
        call.target = f"{operation.name}@{operation.version}"
        if operation.name in ALWAYS_AVAILABLE and action == "sunset":
            raise IllegalTransition(f"{operation.name} keeps the server manageable and cannot be sunset.", allowed=[])
        await check_and_record_administration(call, call.target)
        before, status = str(registry.status(operation, call.caller.tenant)), STATUSES[action]
        where = {"operation": operation.name, "version": operation.version}
        if status is None:
            await call.tx.execute(statements.clear_status, **where)
            status = str(registry.declared(operation))
        else:
            await call.tx.execute(statements.set_status, **where, status=status, now=call.now, by=call.caller.subject)
        data = where | {"status": status, "reset": action == "reset"}
        call.emit("agora.service.status_changed", data, subject=operation.name)
        return before, status


def _unknown_action(action: str, actions: tuple[str, ...]) -> InvalidRequest:
    return InvalidRequest(
        f"There is no action {action!r} here.",
        fix=f"Use one of {', '.join(actions)}.",
        errors=[field_error("action", "unknown action")],
    )
