"""Queries of the ledger, prices, budgets, and the time of running instances."""

from __future__ import annotations

from agora.clock import SECOND
from agora.store.port import Query, Write, build_in_list_condition

from .records import (
    AllowanceRow,
    BudgetRow,
    LedgerEntry,
    MeteredRun,
    PriceChange,
    PriceRow,
    ReservationRow,
    TimedInstance,
)

__all__ = [
    "ABANDONED_AFTER",
    "count_budgets",
    "count_price_changes",
    "delete_budget",
    "delete_reservation",
    "list_budgets",
    "list_current_prices",
    "list_entries_of_account",
    "list_entries_of_agent",
    "list_entries_of_instance",
    "list_entries_of_task",
    "list_entries_of_workflow",
    "list_ledger_entries",
    "list_prices",
    "lock_allowance",
    "lock_budget",
    "lock_budgets_in_scope",
    "lock_meter",
    "lock_model_budgets_in_scope",
    "select_abandoned_reservations",
    "select_account_exists",
    "select_account_of_key",
    "select_accounts",
    "select_agents_of_account",
    "select_agreed_price",
    "select_balance",
    "select_budget",
    "select_budgets_in_scope",
    "select_entries_by_keys",
    "select_entry_by_id",
    "select_entry_by_key",
    "select_keys_of_account",
    "select_latest_price",
    "select_price_at",
    "select_price_currency",
    "select_prices_at",
    "select_prices_from",
    "select_reservation",
    "select_run",
    "select_spent_amount",
    "select_unsettled_reservations",
    "sum_instance_charges",
    "sum_reserved_by_account",
    "sum_reserved_for_agent",
    "sum_reserved_for_models",
    "sum_spent_on_agent",
    "sum_spent_on_models",
    "update_allowance_used",
    "update_budget_notices",
    "upsert_budget",
    "upsert_run",
]

BIG = "bigint"
_IN, _IN_POSTGRES = build_in_list_condition("models")


# -- prices ------------------------------------------------------------------------------------

_BY_AGENT = "tenant_id = :tenant and agent_id = :agent_id"
select_price_at = Query(
    f"select * from billing_prices where {_BY_AGENT} and effective_from <= :at order by version desc limit 1",
    PriceRow,
    types={"at": BIG},
)
_PRICES_AT = """
    select * from billing_prices as p where p.tenant_id = :tenant and p.agent_id {ids}
        and p.version = (
            select max(version) from billing_prices as q
            where q.tenant_id = :tenant and q.agent_id = p.agent_id and q.effective_from <= :at)
    """
select_prices_at = Query(
    _PRICES_AT.format(ids="in (select value from json_each(:agents))"),
    PriceRow,
    types={"at": BIG},
    postgres=_PRICES_AT.format(ids="= any(array(select json_array_elements_text(:agents::json)))"),
)
select_latest_price = Query(f"select * from billing_prices where {_BY_AGENT} order by version desc limit 1", PriceRow)
# When a version applies to earlier agreements: once it is in force, and its notice period is over.
_EFFECTIVE_AFTER_NOTICE = (
    "case when effective_from > created_at + :notice then effective_from else created_at + :notice end"
)
_AGREEMENT_TYPES = {"version": BIG, "notice": BIG}
select_agreed_price = Query(
    f"""
    select * from billing_prices where {_BY_AGENT} and (version = :version or (version > :version and {_EFFECTIVE_AFTER_NOTICE} <= :at))
    order by version desc limit 1
    """,
    PriceRow,
    types=_AGREEMENT_TYPES | {"at": BIG},
)
select_prices_from = Query(
    f"""
    select *, {_EFFECTIVE_AFTER_NOTICE} as begins from billing_prices where {_BY_AGENT} and version > :version and {_EFFECTIVE_AFTER_NOTICE} < :until
    order by version
    """,
    PriceChange,
    types=_AGREEMENT_TYPES | {"until": BIG},
)
# The currency in which an agent is paid: that of its newest version with a cost.
select_price_currency = Query(
    f"""
    select currency from billing_prices
    where {_BY_AGENT} and price + base_price + task_price + input_price + output_price > 0
    order by version desc limit 1
    """,
    str,
)
list_prices = Query(
    f"select * from billing_prices where {_BY_AGENT} and version < :before order by version desc limit :limit",
    PriceRow,
    types={"before": BIG, "limit": BIG},
)
# Reads by primary key only as many of the newest versions as the limit allows: more cannot change the answer.
count_price_changes = Query(
    f"""
    select count(*) as changes from billing_prices where {_BY_AGENT} and version > :latest - :most and created_at > :since
    """,
    int,
    types={"latest": BIG, "most": BIG, "since": BIG},
)
# The versions in force, one for each agent the caller may see.
list_current_prices = Query(
    """
    select p.* from agents as a join billing_prices as p on p.tenant_id = a.tenant_id and p.agent_id = a.agent_id
    where a.tenant_id = :tenant and a.agent_id > :after and a.retired_at is null
        and (:everyone = 1 or a.visibility <> 'private' or a.agent_id = :viewer
            or (a.account_id <> 'default' and a.account_id = :account))
        and p.version = (
            select max(version) from billing_prices as q
            where q.tenant_id = :tenant and q.agent_id = a.agent_id and q.effective_from <= :now)
    order by a.agent_id limit :limit
    """,
    PriceRow,
    types={"everyone": BIG, "now": BIG, "limit": BIG},
    scan=True,
)

# -- the ledger --------------------------------------------------------------------------------

select_entry_by_id = Query(
    "select * from billing_ledger where tenant_id = :tenant and entry_id = :entry_id", LedgerEntry
)
select_entry_by_key = Query("select * from billing_ledger where tenant_id = :tenant and key = :key", LedgerEntry)
select_entries_by_keys = Query(
    """
    select * from billing_ledger where tenant_id = :tenant and key in (:first, :second, :third, :fourth)
    order by entry_id
    """,
    LedgerEntry,
)
_OLDER_ENTRIES = "tenant_id = :tenant and entry_id < :before"
_MATCHES_FILTERS = """
    (:kind = '' or kind = :kind) and created_at >= :since and created_at < :until
    and (:account = '' or account_id = :account) and (:agent = '' or agent_id = :agent)
    and (:instance = '' or instance_id = :instance)
    order by entry_id desc limit :limit
"""
_PAGE_TYPES = {"since": BIG, "until": BIG, "limit": BIG}
list_ledger_entries = Query(
    f"select * from billing_ledger where {_OLDER_ENTRIES} and {_MATCHES_FILTERS}",
    LedgerEntry,
    types=_PAGE_TYPES,
    scan=True,
)
list_entries_of_account = Query(
    f"select * from billing_ledger where {_OLDER_ENTRIES} and account_id = :account and {_MATCHES_FILTERS}",
    LedgerEntry,
    types=_PAGE_TYPES,
    scan=True,
)
list_entries_of_agent = Query(
    f"select * from billing_ledger where {_OLDER_ENTRIES} and agent_id = :agent and {_MATCHES_FILTERS}",
    LedgerEntry,
    types=_PAGE_TYPES,
    scan=True,
)
# instance_id <> '' repeats the condition of the partial index, which is not used without it.
list_entries_of_instance = Query(
    f"select * from billing_ledger where {_OLDER_ENTRIES} and instance_id = :instance and instance_id <> '' and {_MATCHES_FILTERS}",
    LedgerEntry,
    types=_PAGE_TYPES,
    scan=True,
)

# Keys of task charges contain the task's id; keys of their reversals contain the id of the reversed entry.
_TASKS_CHARGES = """
    select 'reversal:' || charge.entry_id from billing_ledger as charge where charge.tenant_id = :tenant and charge.key
"""
_WORKFLOW_TASKS = (
    "select 'task:' || t.task_id || s.suffix from tasks as t cross join (select '' as suffix union all "
    "select ':discount' as suffix union all select ':free_quota' as suffix) as s "
    "where t.tenant_id = :tenant and t.workflow_id = :workflow"
)
_TASK_KEYS = "(:key, :key || ':discount', :key || ':free_quota')"
# Keys of model call charges begin with the task's id, as do those of their reductions.
# The semicolon follows the colon in ASCII, so this is the range of all keys with the prefix.
_IN_MODEL_KEYS_OF_TASK = "> 'model:' || :task || ':' and {key} < 'model:' || :task || ';'"
_MODEL_CALLS_OF_WORKFLOW = (
    "select m.entry_id from billing_model_calls as m join tasks as w on w.tenant_id = m.tenant_id and w.task_id = m.task_id "
    "where m.tenant_id = :tenant and m.task_id <> '' and w.workflow_id = :workflow"
)
list_entries_of_task = Query(
    f"""
    select * from billing_ledger
    where {_OLDER_ENTRIES} and (key in {_TASK_KEYS} or key in ({_TASKS_CHARGES} in {_TASK_KEYS})
        or (key {_IN_MODEL_KEYS_OF_TASK.format(key="key")})
        or key in ({_TASKS_CHARGES} {_IN_MODEL_KEYS_OF_TASK.format(key="charge.key")}))
        and (:workflow = '' or :key in ({_WORKFLOW_TASKS})) and {_MATCHES_FILTERS}
    """,
    LedgerEntry,
    types=_PAGE_TYPES,
    scan=True,
)
list_entries_of_workflow = Query(
    f"""
    select * from billing_ledger
    where {_OLDER_ENTRIES} and (key in ({_WORKFLOW_TASKS} union all {_TASKS_CHARGES} in ({_WORKFLOW_TASKS}))
        or entry_id in ({_MODEL_CALLS_OF_WORKFLOW})) and {_MATCHES_FILTERS}
    """,
    LedgerEntry,
    types=_PAGE_TYPES,
    scan=True,
)

# -- budgets -----------------------------------------------------------------------------------

_LIMITS = """
    select * from billing_budgets
    where tenant_id = :tenant and account_id in ('', :account) and agent_id in ('', :agent)
        and project in ('', :project)
"""
select_budgets_in_scope = Query(f"{_LIMITS} and model in ('', :model)", BudgetRow)
# Always locked in the order of the primary key, so that concurrent charges do not deadlock.
_ORDER = "order by account_id, agent_id, currency, model, project"
lock_budgets_in_scope = Query(
    f"{_LIMITS} and model in ('', :model) and currency = :currency {_ORDER}", BudgetRow, lock=True
)
lock_model_budgets_in_scope = Query(
    f"{_LIMITS} and model {_IN} {_ORDER}",
    BudgetRow,
    postgres=f"{_LIMITS} and model {_IN_POSTGRES} {_ORDER}",
    lock=True,
)
_BUDGET = """
    select * from billing_budgets
    where tenant_id = :tenant and account_id = :account and agent_id = :agent and currency = :currency
        and model = :model and project = :project
"""
lock_budget = Query(_BUDGET, BudgetRow, lock=True)
select_budget = Query(_BUDGET, BudgetRow)
count_budgets = Query(
    """
    select count(*) as budgets from billing_budgets
    where tenant_id = :tenant and account_id = :account and (:account <> '' or agent_id = :agent)
    """,
    int,
)
list_budgets = Query(
    """
    select * from billing_budgets
    where tenant_id = :tenant and (account_id, agent_id, currency, model, project)
            > (:account_after, :agent_after, :currency_after, :model_after, :project_after)
        and (:everyone = 1 or account_id = :account
            or (account_id = '' and agent_id in (
                select agent_id from agents
                where agents.tenant_id = :tenant and (agents.agent_id = :viewer
                    or (agents.account_id <> 'default' and agents.account_id = :account)))))
    order by account_id, agent_id, currency, model, project limit :limit
    """,
    BudgetRow,
    types={"everyone": BIG, "limit": BIG},
    scan=True,
)
# warned and exhausted begin again: a changed limit is announced once more in the same month.
upsert_budget = Write(
    """
    insert into billing_budgets (tenant_id, account_id, agent_id, currency, model, project, soft_limit, hard_limit, prepaid,
        warned, exhausted, set_by, updated_at, updated_by)
    values (:tenant, :account, :agent, :currency, :model, :project, :soft_limit, :hard_limit, :prepaid, 0, 0, :set_by, :now, :actor)
    on conflict (tenant_id, account_id, agent_id, currency, model, project) do update set
        soft_limit = excluded.soft_limit, hard_limit = excluded.hard_limit, prepaid = excluded.prepaid, warned = 0,
        exhausted = 0, set_by = excluded.set_by, updated_at = excluded.updated_at, updated_by = excluded.updated_by
    """,
    types={"soft_limit": BIG, "hard_limit": BIG, "prepaid": BIG, "now": BIG},
)
delete_budget = Write(
    """
    delete from billing_budgets
    where tenant_id = :tenant and account_id = :account and agent_id = :agent and currency = :currency
        and model = :model and project = :project
    """
)
update_budget_notices = Write(
    """
    update billing_budgets set warned = :warned, exhausted = :exhausted
    where tenant_id = :tenant and account_id = :account and agent_id = :agent and currency = :currency
        and model = :model and project = :project
    """,
    types={"warned": BIG, "exhausted": BIG},
)
# Triggers maintain the sums, so buffered ledger entries must be written before the sums are read:
# the comment in the statement tells the engines to do so.
_SUM_HINT = "/* summed from billing_ledger */"
select_spent_amount = Query(
    f"""
    select charged as spent from billing_totals {_SUM_HINT}
    where tenant_id = :tenant and scope = :scope and ref = :ref and currency = :currency and period = :period
    """,
    int,
    types={"period": BIG},
)
sum_spent_on_agent = Query(
    f"""
    select cast(coalesce(sum(amount), 0) as bigint) as spent from billing_days {_SUM_HINT}
    where tenant_id = :tenant and account_id = :account and currency = :currency and agent_id = :agent
        and day between :period * 100 and :period * 100 + 99
    """,
    int,
    types={"period": BIG},
)
select_balance = Query(
    f"""
    select cast(coalesce(sum(credited - charged), 0) as bigint) as balance from billing_totals {_SUM_HINT}
    where tenant_id = :tenant and scope = 'account' and ref = :account and currency = :currency
    """,
    int,
)
_SUM_RESERVATIONS = (
    "select cast(coalesce(sum(amount), 0) as bigint) as reserved from billing_reservations where tenant_id = :tenant"
)
sum_reserved_by_account = Query(
    f"{_SUM_RESERVATIONS} and account_id = :account and currency = :currency and (:agent = '' or agent_id = :agent)",
    int,
)
sum_reserved_for_agent = Query(f"{_SUM_RESERVATIONS} and agent_id = :agent and currency = :currency", int)
# For budgets of a model or a project: cost of model calls, and their reservations.
_MODEL_COSTS = (
    "(:agent = '' or agent_id = :agent) and (:model = '' or model = :model) and (:project = '' or project = :project)"
)
sum_reserved_for_models = Query(
    f"{_SUM_RESERVATIONS} and (:account = '' or account_id = :account) and currency = :currency and model <> '' and {_MODEL_COSTS}",
    int,
)
sum_spent_on_models = Query(
    """
    select cast(coalesce(sum(cost), 0) as bigint) as spent from billing_model_months /* summed from billing_model_calls */
    where tenant_id = :tenant and period = :period and (:account = '' or account_id = :account) and currency = :currency
        and (:agent = '' or agent_id = :agent) and (:model = '' or provider || ':' || model = :model)
        and (:project = '' or project = :project)
    """,
    int,
    types={"period": BIG},
)
lock_allowance = Query(
    "select * from billing_allowances where tenant_id = :tenant and subject = :subject",
    AllowanceRow,
    lock=True,
    row="subject",
)
update_allowance_used = Write(
    "update billing_allowances set used = used + :amount where tenant_id = :tenant and subject = :subject",
    types={"amount": BIG},
    row="subject",
)
select_agents_of_account = Query(
    """
    select agent_id from agents where tenant_id = :tenant and account_id = :account and account_id <> 'default'
        and retired_at is null order by agent_id limit 100
    """,
    str,
)
select_keys_of_account = Query(
    """
    select token_id from tokens where tenant_id = :tenant and account_id = :account and account_id <> 'default'
        and revoked_at is null order by token_id limit 100
    """,
    str,
)
select_account_exists = Query(
    """
    select 1 as found where exists (select 1 from tokens where tenant_id = :tenant and token_id = :account)
        or exists (select 1 from agents where tenant_id = :tenant and agent_id = :account)
        or exists (select 1 from tokens where tenant_id = :tenant and account_id = :account and account_id <> 'default')
        or exists (select 1 from agents where tenant_id = :tenant and account_id = :account and account_id <> 'default')
        or exists (select 1 from billing_totals where tenant_id = :tenant and scope = 'account' and ref = :account)
        or exists (select 1 from billing_budgets where tenant_id = :tenant and account_id = :account)
    """,
    int,
)
# Candidate names for suggestions for a misspelt account.
select_accounts = Query(
    """
    select account_id from tokens where tenant_id = :tenant and account_id <> 'default' group by account_id
    order by account_id limit 2000
    """,
    str,
)
select_account_of_key = Query("select account_id from tokens where tenant_id = :tenant and token_id = :token_id", str)

# -- time --------------------------------------------------------------------------------------

# An upsert locks the first time, too, when there is no row that a select could lock.
lock_meter = Write(
    """
    insert into billing_meters (tenant_id, instance_id, billed_at) values (:tenant, :instance_id, :now)
    on conflict (tenant_id, instance_id) do update set billed_at = excluded.billed_at
    """,
    types={"now": BIG},
)
select_run = Query(
    "select * from billing_runs where tenant_id = :tenant and instance_id = :instance_id and number = :number",
    MeteredRun,
    types={"number": BIG},
)
sum_instance_charges = Query(
    f"""
    select price_version, currency, cast(sum(quantity) as bigint) as quantity, cast(sum(amount) as bigint) as amount
    from billing_instances {_SUM_HINT}
    where tenant_id = :tenant and instance_id = :instance_id and kind = 'time' group by price_version, currency
    """,
    TimedInstance,
)
# began stays that of the first report: the keys of the entries are made from it.
upsert_run = Write(
    """
    insert into billing_runs (tenant_id, instance_id, number, account_id, agent_id, began, measured, billed, accrued,
        currency, day, state)
    values (:tenant, :instance_id, :number, :account, :agent, :began, :measured, :billed, :accrued, :currency, :day, :state)
    on conflict (tenant_id, instance_id, number) do update set
        measured = excluded.measured, billed = excluded.billed, accrued = excluded.accrued,
        currency = excluded.currency, day = excluded.day, state = excluded.state
    """,
    types=dict.fromkeys(("number", "began", "measured", "billed", "accrued", "day"), BIG),
)

# -- reservations of tasks --------------------------------------------------------------------------------------

select_reservation = Query(
    "select * from billing_reservations where tenant_id = :tenant and task_id = :task_id", ReservationRow
)
delete_reservation = Write(
    "delete from billing_reservations where tenant_id = :tenant and task_id = :task_id", row="task_id"
)
ABANDONED_AFTER = 60 * SECOND  #: time after the end of a task in which its last model call may be reported
# Reservations for model calls of ended tasks, whose results will not be reported any more.
select_abandoned_reservations = Query(
    """
    select r.* from billing_reservations as r join tasks as t
        on t.tenant_id = r.tenant_id and r.task_id = t.task_id || ':model'
    where r.tenant_id = :tenant and r.model <> '' and t.completed_at is not null and t.completed_at < :before limit :limit
    """,
    ReservationRow,
    types={"before": BIG, "limit": BIG},
    scan=True,
)
select_unsettled_reservations = Query(
    """
    select r.task_id from billing_reservations as r join tasks as t on t.tenant_id = r.tenant_id and t.task_id = r.task_id
    where r.tenant_id = :tenant and t.status = 'completed' limit :limit
    """,
    str,
    types={"limit": BIG},
)
