"""Conversion of app rows to contract objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agora.core.call import Call, decode_json, encode_json
from agora.core.record_models import build_from_record
from agora.domains.agents import queries as agents
from agora.domains.agents.references import is_agent_visible
from agora.domains.billing.terms import build_pricing_info
from agora_sdk.contract import apps as contract

from . import queries as statements
from .records import AppRow, Orchestrator
from .references import owns_app, sees_all_private_apps

__all__ = ["build_app_details", "build_apps", "parse_workflow"]

MAX_EXAMINED_AGENTS = 50  #: examined agents with a capability, to find one visible to the caller


async def build_apps(call: Call, rows: Sequence[AppRow]) -> list[contract.App]:
    """Build apps for a list."""
    orchestrators = await _load_orchestrators(call, rows)
    return [build_from_record(contract.App, row, **await _build_app_fields(call, row, orchestrators)) for row in rows]


async def build_app_details(call: Call, row: AppRow) -> contract.AppDetails:
    """Build the details of an app: its workflow and missing capabilities."""
    fields = await _build_app_fields(call, row, await _load_orchestrators(call, [row]))
    fields["problem"] = fields["problem"] or await _describe_missing_capabilities(call, row)
    return build_from_record(contract.AppDetails, row, **fields)


def parse_workflow(row: AppRow) -> contract.AppWorkflow | None:
    """Parse the workflow of an app; None without one."""
    return None if row.workflow is None else contract.AppWorkflow.model_validate_json(row.workflow)


async def _load_orchestrators(call: Call, rows: Sequence[AppRow]) -> Mapping[str, Orchestrator]:
    ids = list(dict.fromkeys(row.orchestrator for row in rows if row.orchestrator is not None))
    if not ids:
        return {}
    return {each.agent_id: each for each in await call.tx.all(statements.select_orchestrators, ids=encode_json(ids))}


async def _build_app_fields(call: Call, row: AppRow, orchestrators: Mapping[str, Orchestrator]) -> dict[str, Any]:
    """Build the fields of :class:`agora_sdk.contract.apps.App` that are no columns, limited to what the caller may see."""
    agent = orchestrators.get(row.orchestrator or "")
    present = agent is not None and agent.retired_at is None
    visible_agent = agent if agent is not None and present and is_agent_visible(call.caller, agent) else None
    pricing = None
    if agent is not None and present:
        currency = str(call.context.settings.billing_currency)
        pricing = await build_pricing_info(call.tx, agent.agent_id, call.now, currency)
    is_visible = owns_app(call.caller, row) or sees_all_private_apps(call.caller)
    return {
        "orchestrator_agent": visible_agent.agent_name if visible_agent is not None else None,
        "orchestrator_agent_id": visible_agent.agent_id if visible_agent is not None else None,
        "pricing": pricing,
        "account": row.account_id if is_visible else None,
        "runnable": row.workflow is not None,
        "problem": None if row.orchestrator is None or present else "Its orchestrator agent was deregistered.",
    }


async def _describe_missing_capabilities(call: Call, row: AppRow) -> str | None:
    """Describe the capabilities that an app uses and no agent visible to the caller has; None if there are none."""
    missing = []
    for capability in decode_json(row.uses):
        candidates = await call.tx.all(agents.select_capable_agents, capability=capability, limit=MAX_EXAMINED_AGENTS)
        if not any(is_agent_visible(call.caller, each) for each in candidates):
            missing.append(capability)
    return f"Nobody here has the capability {', '.join(missing)}." if missing else None
