"""Installation of apps: brings an app with its agents to a declared state within one transaction, or removes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agora.core.admission import ADMISSION
from agora.core.call import Call
from agora.domains.agents.references import find_agent
from agora.domains.declared_agents import queries as declared_agents
from agora.domains.declared_agents.service import DeclaredAgentService
from agora.domains.identity.authority import check_and_record_administration
from agora.domains.tasks.transitions import fail_tasks_of_agent
from agora.value_classes import value_class
from agora_sdk.contract import apps as contract
from agora_sdk.contract.declared_agents import AgentSpecification
from agora_sdk.errors import Conflict, InvalidRequest, field_error

from .changes import delete_app_with_event, insert_app_with_event, list_bundled_agent_names, replace_app_with_event
from .publication import AppDraft, build_validated_app_row, is_price_different, set_orchestrator_price_if_changed
from .records import AppRow

__all__ = ["Installation", "apply_declared_app", "remove_app_and_agents"]

APPLY, DELETE = "agora.declared_agent.apply", "agora.declared_agent.delete"
#: columns that an installation sets, by field name
COMPARED_FIELDS = {
    "alias": "alias",
    "description": "description",
    "industry": "industry",
    "version": "version",
    "orchestrator": "orchestrator_agent",
    "uses": "uses",
    "visibility": "visibility",
    "workflow": "workflow",
}


@value_class
class Installation:
    """The declared state: an app, the price of its orchestrator agent, and its bundled agents."""

    draft: AppDraft
    agents: Sequence[contract.AppAgent]
    pricing: contract.AppPrice | None


async def apply_declared_app(
    call: Call, installation: Installation, before: AppRow | None, *, dry_run: bool
) -> tuple[AppRow, list[str]]:
    """Bring an app to the declared state. Returns its row and the changes. before: the installed one, locked.

    dry_run: only compute the changes.
    """
    names = _require_distinct_agent_names(installation.agents)
    # The agents first: the app's orchestrator agent may be one of them, and is resolved to its id below.
    changed_fields = await _apply_and_delete_agents(call, installation.agents, before, dry_run=dry_run)
    draft = installation.draft
    if dry_run and draft.orchestrator in names and await find_agent(call.tx, draft.orchestrator or "") is None:
        draft = replace(draft, orchestrator=None)  # not declared yet
        changed_fields = ["orchestrator_agent", *changed_fields]
    row = await build_validated_app_row(call, draft, before, names)
    changed_fields = [*_list_changed_fields(before, row), *changed_fields]
    price = installation.pricing
    if price is not None and (row.orchestrator is None or await is_price_different(call, row.orchestrator, price)):
        changed_fields.append("pricing")
    # A preview of an undeclared orchestrator agent has it twice: as not declared yet, and as different from the present.
    changed_fields = list(dict.fromkeys(changed_fields))
    # An equal declaration changes nothing, not even the record of who administers the app.
    if before is not None and not changed_fields:
        return before, []
    # An installed app is no longer the one that was published for an agent, and stays when that agent leaves.
    row = replace(row, revision=1 if before is None else before.revision + 1, published=0)
    if dry_run:
        return row, changed_fields
    await check_and_record_administration(call, row.app_id)
    if price is not None:
        await set_orchestrator_price_if_changed(call, row, price)
    if before is None:
        insert_app_with_event(call, row)
    else:
        await replace_app_with_event(call, row)
    return row, changed_fields


def _list_changed_fields(before: AppRow | None, row: AppRow) -> list[str]:
    if before is None:
        return [field for column, field in COMPARED_FIELDS.items() if getattr(row, column) not in (None, "", "[]")]
    return [field for column, field in COMPARED_FIELDS.items() if getattr(before, column) != getattr(row, column)]


def _require_distinct_agent_names(agents: Sequence[contract.AppAgent]) -> list[str]:
    names = [agent.name for agent in agents]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise InvalidRequest(
                f"The app lists the agent {name} twice.", errors=[field_error(f"agents.{number}.name", "twice")]
            )
    return names


async def _apply_and_delete_agents(
    call: Call, agents: Sequence[contract.AppAgent], before: AppRow | None, *, dry_run: bool
) -> list[str]:
    """Declare the agents of an app, and delete those that it no longer bundles. Returns the changes."""
    agent_names, changed_fields = list_bundled_agent_names(before), []
    if agents:
        # The app's operation must not be a way around the scope and the status of the agents' own.
        call.context.ports.get(ADMISSION).check_operation_allowed(APPLY, call.caller)
    for number, agent in enumerate(agents):
        # An agent that the app brought before is its own and is changed.
        if agent.name not in agent_names:
            await _require_agent_name_free(call, agent.name, number)
        fields = {name: getattr(agent, name) for name in agent.model_fields_set - {"name"}}
        specification = AgentSpecification(**fields)
        applied = await DeclaredAgentService(call).apply(agent.name, specification, dry_run=dry_run)
        if applied.change != "unchanged":
            changed_fields.append(f"agents.{agent.name}")
    dropped = [name for name in agent_names if name not in {agent.name for agent in agents}]
    if not dry_run and before is not None:
        await _delete_agents_and_fail_tasks(call, dropped, f"The app {before.name!r} no longer includes its agent.")
    return changed_fields + [f"agents.{name}" for name in dropped]


async def _require_agent_name_free(call: Call, name: str, number: int) -> None:
    if await call.tx.one(declared_agents.lock_agent, name=name) is not None:
        raise Conflict(
            f"There is a declared agent {name!r} that does not belong to this app.",
            fix="Give the app's agent another name, or delete that one: agora.declared_agent.delete.",
            errors=[field_error(f"agents.{number}.name", "taken")],
        )


async def remove_app_and_agents(call: Call, row: AppRow) -> list[str]:
    """Remove an app with its bundled agents. Returns their names."""
    await check_and_record_administration(call, row.app_id)
    removed = await _delete_agents_and_fail_tasks(
        call, list_bundled_agent_names(row), f"The app {row.name!r} was removed."
    )
    await delete_app_with_event(call, row)
    return removed


async def _delete_agents_and_fail_tasks(call: Call, names: Sequence[str], reason: str) -> list[str]:
    """Delete declared agents, skipping already deleted ones. Tasks assigned to them by name fail."""
    present = [name for name in names if await call.tx.one(declared_agents.lock_agent, name=name) is not None]
    if present:
        call.context.ports.get(ADMISSION).check_operation_allowed(DELETE, call.caller)
    for name in present:
        removal = await DeclaredAgentService(call).delete(name)
        # Another agent may take tasks by capability; tasks for this agent by name would wait for ever.
        await fail_tasks_of_agent(call, removal.agent_id, reason, by_capability=False)
    return present
