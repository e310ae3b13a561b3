"""Publication of apps: validation of a description, and conversion to a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agora.clock import new_id
from agora.core.admission import ADMISSION
from agora.core.call import Call, encode_json
from agora.core.count_locks import lock_count
from agora.domains.agents.names import check_name, compute_name_key
from agora.domains.agents.references import load_visible_agent
from agora.domains.billing.service import BillingService
from agora.domains.billing.terms import build_pricing_info
from agora.domains.workflows.creation import check_steps
from agora.value_classes import value_class
from agora_sdk.contract import apps as contract
from agora_sdk.errors import InvalidRequest, NameTaken, NotFound, Overloaded, field_error

from . import queries as statements
from .records import AppRow
from .references import find_app
from .search_text import fold_search_text

__all__ = ["AppDraft", "build_validated_app_row", "is_price_different", "set_orchestrator_price_if_changed"]

MAX_WORKFLOW_CHARACTERS = 100_000  #: maximum characters of JSON
SET_PRICE_OPERATION = "agora.billing.set_price"


@value_class
class AppDraft:
    """An app described by its owner. orchestrator: an agent's reference, or its id after resolution."""

    name: str
    alias: str | None
    description: str
    industry: str
    version: str
    orchestrator: str | None
    uses: Sequence[str]
    visibility: str
    workflow: contract.AppWorkflow | None


async def build_validated_app_row(call: Call, draft: AppDraft, before: AppRow | None, agents: Sequence[str]) -> AppRow:
    """Validate an app's description and build its row. before: its present row. agents: names of its bundled agents.

    Raises InvalidRequest, NotFound, NameTaken, Overloaded.
    """
    await _check_names_available(call, draft, before)
    orchestrator = await _resolve_orchestrator(call, draft, before)
    industry_key = fold_search_text(draft.industry)
    search_text = fold_search_text(draft.name, draft.alias or "", draft.description, draft.industry, *draft.uses)
    fields: dict[str, Any] = {
        "alias": draft.alias,
        "description": draft.description,
        "industry": draft.industry,
        "industry_key": industry_key,
        "version": draft.version,
        "orchestrator": orchestrator,
        "uses": encode_json(list(dict.fromkeys(draft.uses))),
        "visibility": str(draft.visibility),
        "agents": encode_json(list(agents)),
        "workflow": await _encode_checked_workflow(call, draft.workflow),
        "search_text": search_text,
        "updated_at": call.now,
    }
    if before is not None:
        return replace(before, **fields)
    caller = call.caller
    return AppRow(
        tenant_id=caller.tenant,
        app_id=new_id("app"),
        name=draft.name,
        name_key=compute_name_key(draft.name),
        revision=1,
        account_id=caller.account,
        created_by=caller.subject,
        registrar=await _choose_registrar_below_limit(call),
        published=0,
        created_at=call.now,
        **fields,
    )


async def _check_names_available(call: Call, draft: AppDraft, before: AppRow | None) -> None:
    app_id = before.app_id if before is not None else None
    # Only once: the name of an app never changes.
    if before is None:
        check_name(draft.name, "name", "an app")
    for field, ref in (("name", draft.name), ("alias", draft.alias)):
        other = None if ref is None else await find_app(call.tx, ref)
        if other is not None and other.app_id != app_id:
            raise NameTaken(
                f"The {field} {ref!r} belongs to another app.",
                fix="Choose another one.",
                errors=[field_error(field, "taken")],
            )


async def _resolve_orchestrator(call: Call, draft: AppDraft, before: AppRow | None) -> str | None:
    """Resolve the orchestrator agent to its id. An unchanged one is accepted even if it is hidden from the caller."""
    # An owner who may no longer see the agent must still be able to change the rest of the app.
    if draft.orchestrator is None or (before is not None and draft.orchestrator == before.orchestrator):
        return draft.orchestrator
    agent = await load_visible_agent(call.tx, call.caller, draft.orchestrator)
    if agent.retired_at is not None:
        raise NotFound(
            f"The agent {draft.orchestrator!r} was deregistered.",
            errors=[field_error("orchestrator_agent", "deregistered")],
        )
    return agent.agent_id


async def _encode_checked_workflow(call: Call, workflow: contract.AppWorkflow | None) -> str | None:
    if workflow is None:
        return None
    await check_steps(call, workflow.steps, workflow.assigned_agents)
    text = workflow.model_dump_json(exclude_defaults=True)
    if len(text) > MAX_WORKFLOW_CHARACTERS:
        raise InvalidRequest(
            f"A workflow has at most {MAX_WORKFLOW_CHARACTERS} characters of JSON.",
            errors=[field_error("workflow", "too long")],
        )
    return text


async def _choose_registrar_below_limit(call: Call) -> str | None:
    """Find the subject whose limit a new app counts against. Raises Overloaded at the setting ``max_agents_each``."""
    registrar = call.caller.registrar_for_new_agents
    if registrar is None:
        return None
    await lock_count(call.tx, "apps", registrar)
    agent_limit = call.context.settings.max_agents_each
    if (
        await call.tx.one(statements.count_apps_of_registrar, registrar=registrar, most=agent_limit) or 0
    ) >= agent_limit:
        raise Overloaded(
            f"You have published {agent_limit} apps already.",
            fix="Remove some, or have an operator publish others or raise the setting max_agents_each.",
            retry_after=60,
        )
    return registrar


async def set_orchestrator_price_if_changed(call: Call, row: AppRow, price: contract.AppPrice) -> None:
    """Set the price of an app's orchestrator agent if it differs. Raises InvalidRequest, PermissionDenied."""
    if row.orchestrator is None:
        raise InvalidRequest(
            "The price is that of the orchestrator agent, which the app does not name.",
            fix="Name the orchestrator_agent, or leave out pricing: agents that the app uses have prices of their own.",
            errors=[field_error("pricing", "without an orchestrator agent")],
        )
    if not await is_price_different(call, row.orchestrator, price):
        return
    call.context.ports.get(ADMISSION).check_operation_allowed(SET_PRICE_OPERATION, call.caller)
    fields = price.model_dump(exclude_defaults=True)
    await BillingService(call).set_price(row.orchestrator, **{"type": price.type} | fields)


async def is_price_different(call: Call, agent_id: str, price: contract.AppPrice) -> bool:
    """Whether an agent's price differs in a specified field."""
    currency = str(call.context.settings.billing_currency)
    present = (await build_pricing_info(call.tx, agent_id, call.now, currency)).model_dump()
    fields = price.model_dump()
    return any(value is not None and present[name] != value for name, value in fields.items())
