"""Reports: cost, revenue, and the dashboard."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from agora.core import pagination as paging
from agora.core.call import Call, encode_json
from agora.domains.agents.references import load_agent
from agora.value_classes import value_class
from agora_sdk.contract import billing as contract
from agora_sdk.contract.billing import EntryKind
from agora_sdk.errors import InvalidRequest, NotFound, field_error

from . import view_queries as statements
from .accounts import can_see_all_accounts, can_set_price
from .budget_settings import list_budgets
from .money import (
    FIRST_DAY,
    LAST_DAY,
    compute_previous_month,
    convert_date_to_day_number,
    convert_to_month_number,
    from_micros,
)
from .records import Cost, CustomerCost
from .views import (
    Scope,
    Tally,
    choose_currency,
    convert_day_range,
    list_costs_in_other_currencies,
    list_days_before,
    load_current_tallies,
    merge_agent_tallies,
    rank_agents_by_cost,
    read_agent_names,
)

__all__ = ["CostRequest", "build_dashboard", "report_cost", "report_revenue"]

MAX_AGENTS = 100
REPORT_DAYS = 30
HOUR = 3_600_000_000
MAX_BUDGETS = 50


@value_class
class CostRequest:
    """Filter of a cost report. account: None for all accounts, '' for none."""

    account: str | None
    agent: str
    instance: str
    since: date | None
    until: date | None
    currency: str | None

    def build_scope(self) -> Scope:
        since, until = convert_day_range(self.since, self.until)
        # Sums of instances have no days: there would be a row for each instance and day.
        if self.instance and (self.since or self.until):
            raise InvalidRequest(
                "The cost of an instance covers its whole lifetime.",
                fix="Leave since and until out, or look at its entries with agora.billing.usage.",
                errors=[field_error("since", "not with instance_id")],
            )
        return Scope(self.account or "", self.agent, self.instance, since, until)


async def report_cost(call: Call, request: CostRequest) -> contract.Cost:
    """Report usage and cost of a period."""
    scope = request.build_scope()
    by_agent = await load_current_tallies(call, scope) if request.account != "" else {}
    totals = merge_agent_tallies(by_agent)
    main_currency = choose_currency(totals, request.currency, call.context.settings.billing_currency)
    agents = by_agent.get(main_currency, {})
    names = await read_agent_names(call.tx, agents)
    return contract.Cost(
        **totals.get(main_currency, Tally()).to_fields(main_currency),
        account_id=request.account or None,
        agent_id=request.agent or None,
        instance_id=request.instance or None,
        since=request.since,
        until=request.until,
        by_agent=rank_agents_by_cost(agents, names, main_currency, MAX_AGENTS),
        other_currencies=list_costs_in_other_currencies(totals, main_currency),
    )


# -- revenue ---------------------------------------------------------------------------------------


async def report_revenue(
    call: Call, agent_ref: str | None, since: date | None, until: date | None, limit: int, cursor: str | None
) -> contract.RevenuePage:
    """Report the revenue of agents from the ledger."""
    first, last = convert_day_range(since, until)
    after = paging.decode_cursor(cursor)[0] if cursor else ""
    agents = await _list_earning_agent_ids(call, agent_ref, after, limit + 1)
    page = agents[:limit]
    parameters = {"ids": encode_json(page), "since": first, "until": last}
    rows = await call.tx.all(statements.sum_earnings, **parameters) if page else []
    customers = await call.tx.all(statements.count_customers, **parameters) if page else []
    revenues = _build_revenue(rows, customers, await read_agent_names(call.tx, page))
    more = len(agents) > limit
    return contract.RevenuePage(
        revenue=revenues,
        count=len(revenues),
        has_more=more,
        next_cursor=paging.encode_cursor(page[-1]) if more else None,
    )


async def _list_earning_agent_ids(call: Call, ref: str | None, after: str, limit: int) -> list[str]:
    """List the ids of agents whose revenue the caller may see, in order."""
    caller, tx = call.caller, call.tx
    if ref is not None:
        agent = await load_agent(tx, ref)
        if not can_set_price(caller, agent) and not can_see_all_accounts(caller):
            raise NotFound(
                f"{ref!r} is not one of your agents.",
                fix="Revenue is shown to the agent itself, its account and operators.",
                errors=[field_error("agent_id", "not yours")],
            )
        return [agent.agent_id]
    if can_see_all_accounts(caller):
        rows = await tx.all(statements.list_earning_agents, after=after, limit=limit)
    else:
        rows = await tx.all(statements.list_earning_agents_of_account, account=caller.account, after=after, limit=limit)
    ids = list(rows)
    # An agent without an account of its own earns under its id alone; the cursor ends the list after it.
    if not ids and caller.kind == "agent" and after < caller.subject:
        return [caller.subject]
    return ids


def _build_revenue(
    rows: Sequence[Cost], paying: Sequence[CustomerCost], names: Mapping[str, str]
) -> list[contract.Revenue]:
    sums: dict[tuple[str, str], Tally] = defaultdict(Tally)
    customers = {(row.agent_id, row.currency): row.customers for row in paying}
    for row in rows:
        sums[row.agent_id, row.currency].add_usage(row.kind, row.quantity, row.amount)
    return [
        contract.Revenue(
            agent_id=agent,
            agent_name=names.get(agent, agent),
            currency=currency,
            revenue=from_micros(tally.total_cost),
            usage_time=from_micros(tally.quantity.get(EntryKind.TIME, 0)),
            task_executions=tally.quantity.get(EntryKind.REQUEST, 0) + tally.quantity.get(EntryKind.TASK, 0),
            input_tokens=tally.quantity.get(EntryKind.INPUT_TOKENS, 0),
            output_tokens=tally.quantity.get(EntryKind.OUTPUT_TOKENS, 0),
            customers=customers.get((agent, currency), 0),
        )
        for (agent, currency), tally in sorted(sums.items())
    ]


# -- the dashboard ---------------------------------------------------------------------------------


async def build_dashboard(call: Call, account: str | None, currency: str | None) -> contract.Dashboard:
    """Build the dashboard; of all accounts for operators who name none."""
    months = await call.tx.all(statements.sum_costs_by_month, account=account or "") if account != "" else []
    month = convert_to_month_number(call.now)
    by_agent = await _load_account_tallies(call, account, month * 100, month * 100 + 99)
    this_month = merge_agent_tallies(by_agent)
    whole = merge_agent_tallies(await _load_account_tallies(call, account, FIRST_DAY, LAST_DAY))
    currencies = {row.currency for row in months} | set(whole)
    main_currency = choose_currency(currencies, currency, call.context.settings.billing_currency)
    agents, total = by_agent.get(main_currency, {}), whole.get(main_currency, Tally())

    def sum_currency(code: str) -> dict[str, Any]:
        rows = {row.period: row for row in months if row.currency == code}
        before = rows.get(compute_previous_month(month))
        # With unmetered time, so that the dashboard agrees with agora.billing.cost at every moment.
        balance = sum(row.credited for row in rows.values()) - whole.get(code, Tally()).total_cost
        return {
            "current_month_cost": from_micros(this_month.get(code, Tally()).total_cost),
            "last_month_cost": from_micros(before.charged) if before else 0.0,
            "currency": code,
            "balance": from_micros(balance),
        }

    listed = await list_budgets(call, account, MAX_BUDGETS, None)
    return contract.Dashboard(
        customer_id=account or None,
        summary=contract.CostSummary(
            total_cost=from_micros(total.total_cost), total_uptime_hours=total.quantity[EntryKind.TIME] / HOUR
        ),
        billing=contract.CurrentBilling(**sum_currency(main_currency)),
        days=await _sum_cost_by_day(call, account, main_currency),
        by_agent=rank_agents_by_cost(agents, await read_agent_names(call.tx, agents), main_currency, MAX_AGENTS),
        budgets=listed.budgets,
        other_currencies=[
            contract.CurrencyBilling(**sum_currency(code), total_cost=from_micros(whole.get(code, Tally()).total_cost))
            for code in sorted(currencies - {main_currency})
        ],
    )


async def _load_account_tallies(call: Call, account: str | None, since: int, until: int) -> dict[str, dict[str, Tally]]:
    """Load the usage of a period, by currency and agent."""
    if account == "":
        return {}
    return await load_current_tallies(call, Scope(account or "", since=since, until=until))


async def _sum_cost_by_day(call: Call, account: str | None, currency: str) -> list[contract.DayCost]:
    """Sum the cost of each of the last days from the ledger."""
    days = list_days_before(call.now, REPORT_DAYS)
    amounts: dict[int, int] = {}
    if account != "":
        span = {"since": convert_date_to_day_number(days[0]), "until": convert_date_to_day_number(days[-1])}
        rows = await call.tx.all(statements.sum_costs_by_day, account=account or "", currency=currency, **span)
        amounts = {row.day: row.amount for row in rows}
    return [
        contract.DayCost(day=day, cost=from_micros(amounts.get(convert_date_to_day_number(day), 0))) for day in days
    ]
