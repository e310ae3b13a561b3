"""Queries for billing views: sums of the ledger, maintained by triggers, and invoices."""

from __future__ import annotations

from agora.domains.agents.records import AgentName
from agora.store.port import Query, Write, build_in_list_condition

from .records import (
    AccountBalance,
    AccruedRun,
    Cost,
    CustomerCost,
    DayCost,
    DueInvoice,
    InvoiceLineRow,
    InvoiceRow,
    LedgerEntry,
    LineSum,
    MonthCost,
    ProfileRow,
)

__all__ = [
    "add_invoiced_entries",
    "allocate_invoice_number",
    "count_customers",
    "list_balances",
    "list_earning_agents",
    "list_earning_agents_of_account",
    "list_invoices",
    "lock_invoice_head",
    "select_agent_names",
    "select_charges",
    "select_due_invoices",
    "select_invoice_by_id",
    "select_invoice_by_number",
    "select_invoice_lines",
    "select_invoice_of_period",
    "select_profile",
    "sum_accrued_costs",
    "sum_charges_by_line",
    "sum_costs",
    "sum_costs_by_day",
    "sum_costs_by_month",
    "sum_costs_of_account",
    "sum_costs_of_instance",
    "sum_earnings",
    "sum_invoiced_lines",
    "upsert_profile",
]

BIG = "bigint"
_DAY_TYPES = {"since": BIG, "until": BIG}
_IN, _IN_POSTGRES = build_in_list_condition("ids")

# -- cost --------------------------------------------------------------------------------------

_SUMS = "cast(sum(quantity) as bigint) as quantity, cast(sum(amount) as bigint) as amount"
_COSTS = f"select currency, agent_id, kind, {_SUMS} from billing_days where tenant_id = :tenant"
_PERIOD = "day between :since and :until and (:agent = '' or agent_id = :agent) group by currency, agent_id, kind"
sum_costs = Query(f"{_COSTS} and {_PERIOD}", Cost, types=_DAY_TYPES, scan=True)
sum_costs_of_account = Query(f"{_COSTS} and account_id = :account and {_PERIOD}", Cost, types=_DAY_TYPES, scan=True)
sum_costs_of_instance = Query(
    f"""
    select currency, agent_id, kind, {_SUMS} from billing_instances
    where tenant_id = :tenant and instance_id = :instance and (:account = '' or account_id = :account)
        and (:agent = '' or agent_id = :agent)
    group by currency, agent_id, kind
    """,
    Cost,
)
sum_accrued_costs = Query(
    """
    select currency, agent_id, cast(sum(measured - billed) as bigint) as quantity, cast(sum(accrued) as bigint) as amount
    from billing_runs
    where tenant_id = :tenant and state = 'open' and (:account = '' or account_id = :account)
        and (:agent = '' or agent_id = :agent) and (:instance = '' or instance_id = :instance)
        and day between :since and :until
    group by currency, agent_id
    """,
    AccruedRun,
    types=_DAY_TYPES,
    scan=True,
)
select_charges = Query(
    f"select * from billing_ledger where tenant_id = :tenant and entry_id {_IN}",
    LedgerEntry,
    postgres=f"select * from billing_ledger where tenant_id = :tenant and entry_id {_IN_POSTGRES}",
)
sum_costs_by_month = Query(
    """
    select currency, period, cast(sum(charged) as bigint) as charged, cast(sum(credited) as bigint) as credited
    from billing_totals
    where tenant_id = :tenant and scope = 'account' and (:account = '' or ref = :account)
    group by currency, period
    """,
    MonthCost,
    scan=True,
)
sum_costs_by_day = Query(
    """
    select day, cast(sum(amount) as bigint) as amount from billing_days
    where tenant_id = :tenant and (:account = '' or account_id = :account) and currency = :currency
        and day between :since and :until and kind not in ('credit', 'payment')
    group by day
    """,
    DayCost,
    types=_DAY_TYPES,
    scan=True,
)
# Prepaid is a property of the account's own budget: budgets of its models and projects have the same account and currency.
list_balances = Query(
    """
    select t.account_id, t.currency, cast(sum(t.charged) as bigint) as charged,
        cast(sum(t.credited) as bigint) as credited,
        (select b.prepaid from billing_budgets as b where b.tenant_id = :tenant and b.account_id = t.account_id
            and b.agent_id = '' and b.currency = t.currency and b.model = '' and b.project = '') as prepaid,
        cast(sum(t.accrued) as bigint) as accrued,
        (select cast(coalesce(sum(h.amount), 0) as bigint) from billing_reservations as h where h.tenant_id = :tenant
            and h.account_id = t.account_id and h.currency = t.currency) as reserved
    from (
        select ref as account_id, currency, charged, credited, 0 as accrued from billing_totals
        where tenant_id = :tenant and scope = 'account' and (:account = '' or ref = :account)
            and (ref, currency) > (:account_after, :currency_after)
        union all
        select account_id, currency, 0 as charged, 0 as credited, accrued from billing_runs
        where tenant_id = :tenant and state = 'open' and accrued <> 0 and (:account = '' or account_id = :account)
            and (account_id, currency) > (:account_after, :currency_after)
    ) as t
    group by t.account_id, t.currency order by t.account_id, t.currency limit :limit
    """,
    AccountBalance,
    types={"limit": BIG},
    scan=True,
)
select_agent_names = Query(
    f"select agent_id, agent_name from agents where tenant_id = :tenant and agent_id {_IN}",
    AgentName,
    postgres=f"select agent_id, agent_name from agents where tenant_id = :tenant and agent_id {_IN_POSTGRES}",
)

# -- revenue -----------------------------------------------------------------------------------

list_earning_agents = Query(
    """
    select distinct agent_id from billing_days where tenant_id = :tenant and agent_id > :after and agent_id <> ''
    order by agent_id limit :limit
    """,
    str,
    types={"limit": BIG},
    scan=True,
)
list_earning_agents_of_account = Query(
    """
    select agent_id from agents
    where tenant_id = :tenant and account_id <> 'default' and account_id = :account and agent_id > :after
    order by agent_id limit :limit
    """,
    str,
    types={"limit": BIG},
)
_SELECT_REVENUE = f"select agent_id, currency, kind, {_SUMS} from billing_days where tenant_id = :tenant"
_IN_PERIOD_BY_KIND = "and day between :since and :until group by agent_id, currency, kind"
sum_earnings = Query(
    f"{_SELECT_REVENUE} and agent_id {_IN} {_IN_PERIOD_BY_KIND}",
    Cost,
    postgres=f"{_SELECT_REVENUE} and agent_id {_IN_POSTGRES} {_IN_PERIOD_BY_KIND}",
    types=_DAY_TYPES,
    scan=True,
)
_SELECT_CUSTOMERS = """
    select agent_id, currency, count(distinct account_id) as customers from billing_days
    where tenant_id = :tenant and amount <> 0 and day between :since and :until and agent_id {ids}
    group by agent_id, currency
"""
count_customers = Query(
    _SELECT_CUSTOMERS.format(ids=_IN),
    CustomerCost,
    postgres=_SELECT_CUSTOMERS.format(ids=_IN_POSTGRES),
    types=_DAY_TYPES,
    scan=True,
)

# -- invoices ----------------------------------------------------------------------------------

# Accounts with uninvoiced entries of months up to :period, and the oldest such month. Months of free usage alone make no
# invoice due: their entries are on the account's next one.
select_due_invoices = Query(
    """
    select ref as account_id, currency, min(period) as period from billing_totals as t
    where tenant_id = :tenant and scope = 'account' and period <= :period and entries > invoiced
        and (charged <> 0 or credited <> 0) and (ref, currency) > (:account_after, :currency_after)
        and not exists (
            select 1 from billing_invoices as i where i.tenant_id = :tenant and i.account_id = t.ref
                and i.currency = t.currency and i.period = :period)
    group by ref, currency order by ref, currency limit :limit
    """,
    DueInvoice,
    types={"period": BIG, "limit": BIG},
    scan=True,
)
_LINE_COLUMNS = """
    cast(sum(quantity) as bigint) as quantity, cast(sum(amount) as bigint) as amount,
    cast(sum(entries) as bigint) as entries
"""
sum_charges_by_line = Query(
    f"""
    select day / 100 as period, agent_id, kind, {_LINE_COLUMNS} from billing_days /* summed from billing_ledger */
    where tenant_id = :tenant and account_id = :account and currency = :currency and day <= :period * 100 + 99
    group by day / 100, agent_id, kind
    """,
    LineSum,
    types={"period": BIG},
)
sum_invoiced_lines = Query(
    f"""
    select period, agent_id, kind, {_LINE_COLUMNS} from billing_invoice_lines
    where tenant_id = :tenant and account_id = :account and currency = :currency group by period, agent_id, kind
    """,
    LineSum,
)
# Changes nothing: the update locks the row, and the insert makes it where there was no invoice yet.
lock_invoice_head = Write(
    """
    insert into billing_heads (tenant_id, invoices, position) values (:tenant, 0, 0)
    on conflict (tenant_id) do update set invoices = billing_heads.invoices
    """
)
allocate_invoice_number = Write(
    """
    insert into billing_heads (tenant_id, invoices, position) values (:tenant, 1, 0)
    on conflict (tenant_id) do update set invoices = billing_heads.invoices + 1
    returning invoices
    """,
    int,
)
add_invoiced_entries = Write(
    """
    update billing_totals set invoiced = invoiced + :entries
    where tenant_id = :tenant and scope = 'account' and ref = :account and currency = :currency and period = :period
    """,
    types={"entries": BIG, "period": BIG},
)
select_invoice_by_id = Query(
    "select * from billing_invoices where tenant_id = :tenant and invoice_id = :invoice_id", InvoiceRow
)
select_invoice_by_number = Query(
    "select * from billing_invoices where tenant_id = :tenant and number = :number", InvoiceRow, types={"number": BIG}
)
select_invoice_of_period = Query(
    """
    select invoice_id from billing_invoices
    where tenant_id = :tenant and account_id = :account and currency = :currency and period = :period
    """,
    str,
    types={"period": BIG},
)
list_invoices = Query(
    """
    select * from billing_invoices
    where tenant_id = :tenant and number < :before and (:account = '' or account_id = :account)
        and (:period = 0 or period = :period)
    order by number desc limit :limit
    """,
    InvoiceRow,
    types={"before": BIG, "period": BIG, "limit": BIG},
    scan=True,
)
select_invoice_lines = Query(
    """
    select * from billing_invoice_lines
    where tenant_id = :tenant and account_id = :account and currency = :currency and invoice_id = :invoice_id
    order by period, agent_id, kind
    """,
    InvoiceLineRow,
)
select_profile = Query("select * from billing_profiles where tenant_id = :tenant and account_id = :account", ProfileRow)
upsert_profile = Write(
    """
    insert into billing_profiles (tenant_id, account_id, name, address, tax_id, email, updated_at, updated_by)
    values (:tenant, :account, :name, :address, :tax_id, :email, :now, :by)
    on conflict (tenant_id, account_id) do update set
        name = excluded.name, address = excluded.address, tax_id = excluded.tax_id, email = excluded.email,
        updated_at = excluded.updated_at, updated_by = excluded.updated_by
    """,
    types={"now": "bigint"},
)
