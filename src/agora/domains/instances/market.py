"""Marketplace views: agents with availability, price and performance, and an account's instances and costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from agora.clock import SECOND
from agora.core.call import Call, decode_json, encode_json
from agora.domains.billing.accounts import get_paying_account_of_caller, resolve_visible_account
from agora.domains.billing.service import BillingService
from agora.domains.billing.terms import build_pricing_info
from agora.domains.search.service import QueryService
from agora.value_classes import value_class
from agora_sdk.contract import instances as contract
from agora_sdk.contract.agents import Agent
from agora_sdk.contract.fields import AgentStatus

from . import host_queries
from . import queries as statements
from .deployments import load_manifest
from .placement import MAX_HOSTS, explain_missing_engine
from .records import AccountInstanceCounts, AgentCounter, AgentInstanceCounts, DeploymentRow, HostRow, InstanceRow
from .views import build_summaries

__all__ = ["MarketplaceQuery", "build_dashboard", "discover_agents"]

UNUSABLE_STATUSES = frozenset({AgentStatus.RETIRED, AgentStatus.SUSPENDED, AgentStatus.PAUSED})
MAX_PAGES = 10  #: most pages of agents read to fill one page filtered by name or availability
RECENT_INSTANCES = 10


@value_class(kw_only=True)
class MarketplaceQuery:
    """Filters of an agent search. available: whether instances can be created now; None: either."""

    search: str | None = None
    category: str | None = None
    name: str | None = None
    capabilities: list[str] = field(default_factory=list)
    available: bool | None = None
    limit: int
    cursor: str | None = None


async def discover_agents(call: Call, query: MarketplaceQuery) -> contract.MarketplacePage:
    """Return a page of agents with their marketplace information."""
    name, available, limit, cursor = query.name, query.available, query.limit, query.cursor
    matches: list[contract.MarketplaceAgent] = []
    following, total, estimate = cursor, None, False
    narrowed = name is not None or available is not None
    # A filter that is not in SQL may leave nothing of a page; the number of pages bounds the work of one call.
    for _ in range(MAX_PAGES):
        page = await QueryService(call).agents(
            query.capabilities,
            search=query.search,
            category=query.category,
            limit=limit - len(matches),
            cursor=following,
        )
        following, total, estimate = page.next_cursor, page.total, page.total_is_estimate
        page_agents = await _describe_agents(call, [agent for agent in page.agents if _matches_name(agent, name)])
        matches += [each for each in page_agents if available in (None, each.marketplace_info.availability.available)]
        if following is None or len(matches) >= limit or not narrowed:
            break
    return contract.MarketplacePage.model_construct(
        agents=matches,
        count=len(matches),
        total=None if narrowed else total,
        total_is_estimate=estimate and not narrowed,
        has_more=following is not None,
        next_cursor=following,
    )


def _matches_name(agent: Agent, name: str | None) -> bool:
    return name is None or name.casefold() in agent.agent_name.casefold()


async def _describe_agents(call: Call, agents: Sequence[Agent]) -> list[contract.MarketplaceAgent]:
    if not agents:
        return []
    ids = encode_json([agent.agent_id for agent in agents])
    deployed = {row.agent_id: row for row in await call.tx.all(host_queries.select_deployments_of_agents, ids=ids)}
    paying_account = get_paying_account_of_caller(call.caller)
    counts = {
        row.agent_id: row
        for row in await call.tx.all(statements.count_instances_by_agent, ids=ids, account=paying_account)
    }
    counters = {row.agent_id: row for row in await call.tx.all(host_queries.sum_agent_counters, ids=ids)}
    hosts = await call.tx.all(host_queries.list_hosts, after="", limit=MAX_HOSTS) if deployed else []
    return [
        await _describe_agent(
            call, agent, deployed.get(agent.agent_id), counts.get(agent.agent_id), counters.get(agent.agent_id), hosts
        )
        for agent in agents
    ]


async def _describe_agent(
    call: Call,
    agent: Agent,
    deployment: DeploymentRow | None,
    counted: AgentInstanceCounts | None,
    counter: AgentCounter | None,
    hosts: Sequence[HostRow],
) -> contract.MarketplaceAgent:
    total = counted.total if counted is not None else 0
    version = decode_json(deployment.manifest).get("version") if deployment is not None else None
    info = contract.MarketplaceInfo.model_construct(
        availability=_build_availability(call, agent, deployment, total, hosts),
        pricing_info=await build_pricing_info(
            call.tx, agent.agent_id, call.now, str(call.context.settings.billing_currency)
        ),
        customer_instances=counted.own if counted is not None else 0,
        total_instances=total,
        performance_metrics=_build_metrics(agent, counter, counted if deployment is not None else None),
    )
    stated = agent.metadata.get("version")
    return contract.MarketplaceAgent.model_construct(
        **dict(agent),
        id=agent.agent_id,
        name=agent.agent_name,
        version=version or (stated if isinstance(stated, str) else None),
        marketplace_info=info,
    )


def _build_availability(
    call: Call, agent: Agent, deployment: DeploymentRow | None, total: int, hosts: Sequence[HostRow]
) -> contract.Availability:
    max_instances = deployment.max_instances if deployment is not None else None
    reason = None
    if deployment is None:
        reason = "Its owner runs it; no instances of it can be created here."
    elif deployment.withdrawn_at is not None:
        reason = "It was withdrawn."
    elif agent.status in UNUSABLE_STATUSES:
        reason = f"It is {agent.status}."
    elif max_instances is not None and total >= max_instances:
        reason = f"All {max_instances} instances are in use."
    else:
        reason = explain_missing_engine(hosts, load_manifest(deployment.manifest), call.now)
    return contract.Availability.model_construct(
        available=reason is None, max_instances=max_instances, current_instances=total, reason=reason
    )


def _build_metrics(
    agent: Agent, counter: AgentCounter | None, counted: AgentInstanceCounts | None
) -> contract.PerformanceMetrics:
    """Build the metrics of an agent. counted: its instances, if any run; otherwise the agent's own program is measured."""
    completed, failed = (counter.completed, counter.failed) if counter is not None else (0, 0)
    return contract.PerformanceMetrics.model_construct(
        average_response_time=counter.duration / completed / SECOND if counter is not None and completed else None,
        success_rate=completed / (completed + failed) if completed + failed else None,
        availability=counted.serving / counted.wanted if counted is not None and counted.wanted else agent.availability,
    )


async def build_dashboard(call: Call, wanted: str | None) -> contract.InstanceDashboard:
    """Build an account's instances and costs; for operators that name no account, those of all accounts."""
    account = resolve_visible_account(call.caller, wanted)
    costs = await BillingService(call).dashboard(wanted)
    counts: AccountInstanceCounts | None = None
    rows: Sequence[InstanceRow] = ()
    if account != "":
        counts = await call.tx.one(statements.count_instances_of_account, account=account or "")
        query = statements.build_listing_query(agent=False, account=account is not None, states=False, ended=True)
        # Ids are hexadecimal: this one sorts after all of them.
        parameters = {"before": "inst_g", "limit": RECENT_INSTANCES, "account": account}
        rows = await call.tx.all(
            query, **{name: parameters[name] for name in query.parameter_names if name != "tenant"}
        )
    return contract.InstanceDashboard(
        summary=contract.DashboardSummary(
            total_instances=counts.total if counts is not None else 0,
            running_instances=counts.running if counts is not None else 0,
            paused_instances=counts.paused if counts is not None else 0,
            failed_instances=counts.failed if counts is not None else 0,
            total_cost=costs.summary.total_cost,
            total_uptime_hours=costs.summary.total_uptime_hours,
        ),
        billing=costs.billing,
        recent_instances=await build_summaries(call, rows),
        by_agent=costs.by_agent,
        other_currencies=costs.other_currencies,
        customer_id=account or get_paying_account_of_caller(call.caller),
    )
