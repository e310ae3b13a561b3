"""Listing: pages of prices, entries, balances and invoices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from agora.clock import to_microseconds
from agora.core import pagination as paging
from agora.core.call import Call, encode_json
from agora.domains.agents.records import AgentRow
from agora.domains.agents.supervision import choose_agent_event_audience
from agora.store.port import Query
from agora.value_classes import value_class
from agora_sdk.contract import billing as contract
from agora_sdk.contract.billing import EntryKind

from . import invoices
from . import queries as statements
from . import view_queries as views
from .accounts import can_see_all_accounts
from .accrual import estimate_running_costs
from .money import from_micros, parse_month
from .prices import build_price
from .records import AccountBalance, InvoiceRow, LedgerEntry
from .views import build_entries, build_task_charge_key, parse_task_charge_key, read_agent_names

__all__ = [
    "EntryFilters",
    "emit_price_change",
    "list_balances",
    "list_current_prices",
    "list_invoices",
    "list_ledger_entries",
    "list_price_history",
]

AFTER_EVERY_ID = "use_g"  #: sorts after every id of an entry
MAX_SUM_MICROS = 2**62

TASK_KINDS = (
    EntryKind.TASK,
    EntryKind.MODEL,
    EntryKind.DISCOUNT,
    EntryKind.FREE_QUOTA,
)  #: kinds of task entries


@value_class
class EntryFilters:
    """Filter of entries. account: None for all accounts, '' for none. task, workflow: ids, '' for any."""

    account: str | None
    agent: str
    instance: str
    kind: EntryKind | None
    since: datetime | None
    until: datetime | None
    task: str = ""
    workflow: str = ""


def emit_price_change(call: Call, agent: AgentRow, price: contract.Price) -> None:
    """Emit the price and its effective date to everyone who may see the agent."""
    data = price.model_dump(mode="json", exclude={"created_by"})
    call.emit("agora.billing.price_set", data, subject=price.agent_id, audience=choose_agent_event_audience(agent))


async def list_current_prices(call: Call, limit: int, cursor: str | None) -> contract.PricePage:
    """List the current prices by agent."""
    caller = call.caller
    parameters: dict[str, Any] = {
        "after": paging.decode_cursor(cursor)[0] if cursor else "",
        "everyone": int(can_see_all_accounts(caller)),
        "viewer": caller.subject,
        "account": caller.account,
        "now": call.now,
        "limit": limit + 1,
    }
    rows = await call.tx.all(statements.list_current_prices, **parameters)
    rows, more = paging.take_fitting_rows(rows, limit, call.context.settings.page_bytes)
    names = await read_agent_names(call.tx, (row.agent_id for row in rows))
    prices = [build_price(row, names[row.agent_id]) for row in rows]
    return _build_price_page(prices, prices[-1].agent_id if more else None)


async def list_price_history(call: Call, agent: AgentRow, limit: int, cursor: str | None) -> contract.PricePage:
    """List every version of an agent's price, newest first."""
    before = paging.decode_cursor(cursor, int)[0] if cursor else MAX_SUM_MICROS
    rows = await call.tx.all(statements.list_prices, agent_id=agent.agent_id, before=before, limit=limit + 1)
    rows, more = paging.take_fitting_rows(rows, limit, call.context.settings.page_bytes)
    prices = [build_price(row, agent.agent_name) for row in rows]
    return _build_price_page(prices, prices[-1].version if more else None)


def _build_price_page(prices: list[contract.Price], end: str | int | None) -> contract.PricePage:
    """Build a page of prices. end: its last position; None for the last page."""
    following = None if end is None else paging.encode_cursor(end)
    return contract.PricePage(prices=prices, count=len(prices), has_more=end is not None, next_cursor=following)


async def list_ledger_entries(call: Call, filters: EntryFilters, limit: int, cursor: str | None) -> contract.EntryPage:
    """List ledger entries, newest first."""
    before = paging.decode_cursor(cursor)[0] if cursor else AFTER_EVERY_ID
    rows: Sequence[LedgerEntry] = ()
    if filters.account != "":
        rows = await call.tx.all(
            _choose_query(filters),
            before=before,
            account=filters.account or "",
            agent=filters.agent,
            instance=filters.instance,
            kind=filters.kind.value if filters.kind else "",
            since=to_microseconds(filters.since) if filters.since else -MAX_SUM_MICROS,
            until=to_microseconds(filters.until) if filters.until else MAX_SUM_MICROS,
            limit=limit + 1,
            **_build_task_parameters(filters),
        )
    rows, more = paging.take_fitting_rows(rows, limit, call.context.settings.page_bytes)
    page = build_entries(rows, await _find_reversed_tasks(call, rows))
    return contract.EntryPage(usage=page, **paging.build_uncounted_page_fields(page, "entry_id", more=more))


def _choose_query(filters: EntryFilters) -> Query[LedgerEntry]:
    """Choose the statement with the most selective index."""
    if filters.task or filters.workflow:
        return statements.list_entries_of_task if filters.task else statements.list_entries_of_workflow
    if filters.instance:
        return statements.list_entries_of_instance
    if filters.account:
        return statements.list_entries_of_account
    return statements.list_entries_of_agent if filters.agent else statements.list_ledger_entries


def _build_task_parameters(filters: EntryFilters) -> dict[str, str]:
    """Build the parameters used only by the statements of tasks and workflows."""
    if filters.task:
        return {"key": build_task_charge_key(filters.task), "task": filters.task, "workflow": filters.workflow}
    return {"workflow": filters.workflow} if filters.workflow else {}


async def _find_reversed_tasks(call: Call, rows: Sequence[LedgerEntry]) -> dict[str, str]:
    """Find the tasks whose charges are reversed by the entries, by charge id."""
    ids = sorted({row.reverses for row in rows if row.reverses is not None and row.kind in TASK_KINDS})
    if not ids:
        return {}
    charges = await call.tx.all(views.select_charges, ids=encode_json(ids))
    return {row.entry_id: task for row in charges if (task := parse_task_charge_key(row.key)) is not None}


async def list_balances(call: Call, account: str | None, limit: int, cursor: str | None) -> contract.Balances:
    """List the remaining credit by account and currency."""
    after = paging.decode_cursor(cursor, str, str) if cursor else ["", ""]
    rows: Sequence[AccountBalance] = ()
    if account != "":
        rows = await call.tx.all(
            views.list_balances, account=account or "", account_after=after[0], currency_after=after[1], limit=limit + 1
        )
    rows, more = paging.take_fitting_rows(rows, limit, call.context.settings.page_bytes)
    running: dict[tuple[str, str], int] = defaultdict(int)
    # Added to the sums of the database: running time since the last measurement is in no row.
    for each in await estimate_running_costs(call, account):
        running[each.account_id, each.currency] += each.amount
    listed = {(row.account_id, row.currency) for row in rows}
    newcomers = [
        AccountBalance(account_id=name, currency=currency, charged=0, credited=0, prepaid=0, accrued=0, reserved=0)
        for name, currency in sorted(running)
        # Only in the list of one account: on a page of all, the next page could hold them again.
        if account and cursor is None and not more and (name, currency) not in listed
    ]  # accounts whose first instance has not been measured yet
    page = [_build_balance(row, running[row.account_id, row.currency]) for row in (*rows, *newcomers)]
    return contract.Balances(
        balances=page, **paging.build_uncounted_page_fields(page, "account_id", "currency", more=more)
    )


def _build_balance(row: AccountBalance, running: int) -> contract.Balance:
    charged = row.charged + row.accrued + running
    return contract.Balance(
        account_id=row.account_id,
        currency=row.currency,
        credited=from_micros(row.credited),
        charged=from_micros(charged),
        balance=from_micros(row.credited - charged),
        reserved=from_micros(row.reserved),
        prepaid=bool(row.prepaid),
    )


async def list_invoices(
    call: Call, account: str | None, period: str | None, limit: int, cursor: str | None
) -> contract.InvoicePage:
    """List invoices, newest first."""
    before = paging.decode_cursor(cursor, int)[0] if cursor else MAX_SUM_MICROS
    rows: Sequence[InvoiceRow] = ()
    if account != "":
        month = parse_month(period) if period else 0
        rows = await call.tx.all(
            views.list_invoices, account=account or "", period=month, before=before, limit=limit + 1
        )
    rows, more = paging.take_fitting_rows(rows, limit, call.context.settings.page_bytes)
    page = [invoices.build_summary(row) for row in rows]
    return contract.InvoicePage(invoices=page, **paging.build_uncounted_page_fields(rows, "number", more=more))
