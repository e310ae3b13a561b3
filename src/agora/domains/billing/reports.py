"""Reporting: cost, revenue, and costs at a glance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from agora.core import pagination as paging
from agora.core.call import Call, encode_json
from agora.domains.agents.references import load_agent
from agora.store.port import Row
from agora_sdk.contract import billing as contract
from agora_sdk.contract.billing import EntryKind
from agora_sdk.errors import InvalidRequest, NotFound

from . import view_queries as statements
from .accounts import earns, insider
from .limits import budgets
from .money import FIRST_DAY, LAST_DAY, decimal, month_before, month_of, number_of
from .views import Scope, Tally, agent_costs, by_currency, chosen, days_before, names_of, period_of, tallies

__all__ = ["Asked", "cost", "dashboard", "revenue"]

SHOWN_AGENTS = 100
DAYS = 30
HOUR = 3_600_000_000
SHOWN_BUDGETS = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """What a cost is asked of. account: None for everybody's, '' for nobody's."""

    account: str | None
    agent: str
    instance: str
    since: date | None
    until: date | None
    currency: str | None

    def scope(self) -> Scope:
        since, until = period_of(self.since, self.until)
        if self.instance and (self.since or self.until):
            raise InvalidRequest(
                "The cost of an instance is of its whole life.",
                fix="Leave since and until out, or look at its entries with agora.billing.usage.",
                errors=[{"field": "since", "message": "not with instance_id"}],
            )
        return Scope(self.account or "", self.agent, self.instance, since, until)


async def cost(call: Call, asked: Asked) -> contract.Cost:
    """What was used, and what it cost."""
    scope = asked.scope()
    found = await tallies(call.tx, scope) if asked.account != "" else {}
    together = by_currency(found)
    shown = chosen(together, asked.currency, call.context.settings.billing_currency)
    agents = found.get(shown, {})
    names = await names_of(call.tx, agents)
    return contract.Cost(
        **together.get(shown, Tally()).fields(shown),
        account_id=asked.account or None,
        agent_id=asked.agent or None,
        instance_id=asked.instance or None,
        since=asked.since,
        until=asked.until,
        by_agent=agent_costs(agents, names, shown, SHOWN_AGENTS),
        other_currencies=[
            contract.BillingInfo(**tally.fields(currency))
            for currency, tally in sorted(together.items())
            if currency != shown
        ],
    )


# -- revenue ---------------------------------------------------------------------------------------


async def revenue(
    call: Call, agent_ref: str | None, since: date | None, until: date | None, limit: int, cursor: str | None
) -> contract.RevenuePage:
    """What agents have earned, as it is in the ledger."""
    first, last = period_of(since, until)
    after = paging.decode_cursor(cursor)[0] if cursor else ""
    agents = await _earners(call, agent_ref, after, limit + 1)
    shown = agents[:limit]
    asked = {"ids": encode_json(shown), "since": first, "until": last}
    rows = await call.tx.all(statements.earned, **asked) if shown else []
    paying = await call.tx.all(statements.customers, **asked) if shown else []
    found = _earned(rows, paying, await names_of(call.tx, shown))
    more = len(agents) > limit
    return contract.RevenuePage(
        revenue=found, count=len(found), has_more=more, next_cursor=paging.encode_cursor(shown[-1]) if more else None
    )


async def _earners(call: Call, ref: str | None, after: str, limit: int) -> list[str]:
    """Ids of agents whose revenue the caller may see, in order."""
    caller, tx = call.caller, call.tx
    if ref is not None:
        agent = await load_agent(tx, ref)
        if not earns(caller, agent) and not insider(caller):
            raise NotFound(
                f"{ref!r} is none of your agents.",
                fix="Revenue is shown to the agent itself, its account and operators.",
                errors=[{"field": "agent_id", "message": "not yours"}],
            )
        return [agent["agent_id"]]
    if insider(caller):
        rows = await tx.all(statements.earners, after=after, limit=limit)
    else:
        rows = await tx.all(statements.earners_of_account, account=caller.account, after=after, limit=limit)
    found = [row["agent_id"] for row in rows]
    if not found and caller.kind == "agent" and after < caller.subject:
        return [caller.subject]
    return found


def _earned(rows: Sequence[Row], paying: Sequence[Row], names: Mapping[str, str]) -> list[contract.Revenue]:
    found: dict[tuple[str, str], Tally] = defaultdict(Tally)
    customers = {(row["agent_id"], row["currency"]): row["customers"] for row in paying}
    for row in rows:
        found[row["agent_id"], row["currency"]].add(row["kind"], row["quantity"], row["amount"])
    return [
        contract.Revenue(
            agent_id=agent,
            agent_name=names.get(agent, agent),
            currency=currency,
            revenue=decimal(tally.total),
            usage_time=decimal(tally.quantity.get(EntryKind.TIME, 0)),
            task_executions=tally.quantity.get(EntryKind.REQUEST, 0) + tally.quantity.get(EntryKind.TASK, 0),
            input_tokens=tally.quantity.get(EntryKind.INPUT_TOKENS, 0),
            output_tokens=tally.quantity.get(EntryKind.OUTPUT_TOKENS, 0),
            customers=customers.get((agent, currency), 0),
        )
        for (agent, currency), tally in sorted(found.items())
    ]


# -- the dashboard ---------------------------------------------------------------------------------


async def dashboard(call: Call, account: str | None, currency: str | None) -> contract.Dashboard:
    """Costs at a glance; everybody's for operators that name no account."""
    months = await call.tx.all(statements.months, account=account or "") if account != "" else []
    shown = chosen({row["currency"] for row in months}, currency, call.context.settings.billing_currency)
    sums = {row["period"]: row for row in months if row["currency"] == shown}
    month = month_of(call.now)
    agents = await _agents(call, account, shown, month * 100, month * 100 + 99)
    whole = _together(await _agents(call, account, shown, FIRST_DAY, LAST_DAY))
    before = sums.get(month_before(month))
    listed = await budgets(call, account, SHOWN_BUDGETS, None)
    return contract.Dashboard(
        customer_id=account or None,
        summary=contract.CostSummary(
            total_cost=decimal(whole.total), total_uptime_hours=whole.quantity[EntryKind.TIME] / HOUR
        ),
        billing=contract.CurrentBilling(
            current_month_cost=decimal(_together(agents).total),
            last_month_cost=decimal(before["charged"]) if before else 0.0,
            currency=shown,
            balance=decimal(sum(row["credited"] for row in sums.values()) - whole.total),
        ),
        days=await _days(call, account, shown),
        by_agent=agent_costs(agents, await names_of(call.tx, agents), shown, SHOWN_AGENTS),
        budgets=listed.budgets,
    )


async def _agents(call: Call, account: str | None, currency: str, since: int, until: int) -> dict[str, Tally]:
    """What each agent has cost in these days, in one currency."""
    if account == "":
        return {}
    found = await tallies(call.tx, Scope(account or "", since=since, until=until))
    return found.get(currency, {})


def _together(agents: Mapping[str, Tally]) -> Tally:
    return by_currency({"": agents})[""]


async def _days(call: Call, account: str | None, currency: str) -> list[contract.DayCost]:
    """Cost of each of the last days, as it is in the ledger."""
    days = days_before(call.now, DAYS)
    found: dict[int, int] = {}
    if account != "":
        span = {"since": number_of(days[0]), "until": number_of(days[-1])}
        rows = await call.tx.all(statements.by_day, account=account or "", currency=currency, **span)
        found = {row["day"]: row["amount"] for row in rows}
    return [contract.DayCost(day=day, cost=decimal(found.get(number_of(day), 0))) for day in days]
