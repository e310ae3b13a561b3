"""SQL of models: prices, calls, and sums of calls maintained by a trigger."""

from __future__ import annotations

from agora.store.port import Query, Write

from .records import ModelCallRow, ModelPriceRow, ModelSum, PayableTask, TokenUsageRow

__all__ = [
    "PRICE_COLUMNS",
    "delete_model_price",
    "list_calls",
    "list_calls_of_account",
    "list_calls_of_task",
    "list_model_prices",
    "lock_usage",
    "select_call_of_entry",
    "select_payable_task",
    "select_prices_of_model",
    "sum_calls",
    "sum_calls_of_account",
    "sum_task_cost",
    "update_charged_usage",
    "upsert_model_price",
]

BIG = "bigint"

# -- prices ------------------------------------------------------------------------------------

_AMOUNTS = ("input_price", "output_price", "cache_read_price", "cache_write_price", "reasoning_price", "markup")
PRICE_COLUMNS = ("provider", "model", "currency", *_AMOUNTS, "updated_at", "updated_by")
_PRICE_ASSIGNMENTS = ", ".join(f"{name} = excluded.{name}" for name in PRICE_COLUMNS[2:])
# The price of a model, of all models of its provider, and the general markup.
select_prices_of_model = Query(
    """
    select * from billing_model_prices
    where tenant_id = :tenant and provider in ('', :provider) and model in ('', '*', :model)
    """,
    ModelPriceRow,
)
list_model_prices = Query(
    """
    select * from billing_model_prices
    where tenant_id = :tenant and provider <> '' and (:provider = '' or provider = :provider)
        and (provider, model) > (:after, :model_after)
    order by provider, model limit :limit
    """,
    ModelPriceRow,
    types={"limit": BIG},
)
upsert_model_price = Write(
    f"""
    insert into billing_model_prices (tenant_id, {", ".join(PRICE_COLUMNS)})
    values (:tenant, {", ".join(f":{name}" for name in PRICE_COLUMNS)})
    on conflict (tenant_id, provider, model) do update set {_PRICE_ASSIGNMENTS}
    """,
    types=dict.fromkeys((*_AMOUNTS, "updated_at"), BIG),
)
delete_model_price = Write(
    "delete from billing_model_prices where tenant_id = :tenant and provider = :provider and model = :model"
)

# -- calls -------------------------------------------------------------------------------------

select_call_of_entry = Query(
    "select * from billing_model_calls where tenant_id = :tenant and entry_id = :entry_id", ModelCallRow
)
_OLDER_CALLS = "select * from billing_model_calls where tenant_id = :tenant and entry_id < :before"
_MATCHES_FILTERS = """
    (:account = '' or account_id = :account) and (:agent = '' or agent_id = :agent)
    and (:everyone = 1 or account_id = :viewer_account or agent_id = :viewer)
    order by entry_id desc limit :limit
"""
_PAGE_TYPES = {"everyone": BIG, "limit": BIG}
list_calls = Query(f"{_OLDER_CALLS} and {_MATCHES_FILTERS}", ModelCallRow, types=_PAGE_TYPES, scan=True)
list_calls_of_account = Query(
    f"{_OLDER_CALLS} and account_id = :account and {_MATCHES_FILTERS}", ModelCallRow, types=_PAGE_TYPES, scan=True
)
# task_id <> '' repeats the condition of the partial index, which is not used without it.
list_calls_of_task = Query(
    f"{_OLDER_CALLS} and task_id = :task and task_id <> '' and {_MATCHES_FILTERS}",
    ModelCallRow,
    types=_PAGE_TYPES,
    scan=True,
)

select_payable_task = Query(
    """
    select t.task_id, t.account_id, t.created_by, t.holder, d.metadata, d.payload
    from tasks as t join task_data as d on d.tenant_id = t.tenant_id and d.task_id = t.task_id
    where t.tenant_id = :tenant and t.task_id = :task_id
    """,
    PayableTask,
)

# -- sums --------------------------------------------------------------------------------------

_SUM_HINT = "/* summed from billing_model_calls */"
_SUMMED_COLUMNS = (
    "calls",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)
_SUMS = ", ".join(f"cast(sum({name}) as bigint) as {name}" for name in (*_SUMMED_COLUMNS, "cost", "base_cost"))
_MONTH = f"""
    select provider, model, currency, {_SUMS} from billing_model_months {_SUM_HINT}
    where tenant_id = :tenant and period = :period
"""
_BY_MODEL = "group by provider, model, currency"
sum_calls = Query(f"{_MONTH} {_BY_MODEL}", ModelSum, types={"period": BIG}, scan=True)
sum_calls_of_account = Query(
    f"{_MONTH} and account_id = :account {_BY_MODEL}", ModelSum, types={"period": BIG}, scan=True
)
sum_task_cost = Query(
    f"""
    select cast(coalesce(sum(cost), 0) as bigint) as cost from billing_model_calls {_SUM_HINT}
    where tenant_id = :tenant and task_id = :task and task_id <> '' and currency = :currency
    """,
    int,
)

# -- usage reported by workers -----------------------------------------------------------------

lock_usage = Query(
    "select * from token_usage where tenant_id = :tenant and task_id = :task_id and model = :model",
    TokenUsageRow,
    lock=True,
)
update_charged_usage = Write(
    """
    update token_usage set charged_input = :charged_input, charged_output = :charged_output, charged_cost = :charged_cost
    where tenant_id = :tenant and task_id = :task_id and model = :model
    """,
    types=dict.fromkeys(("charged_input", "charged_output", "charged_cost"), BIG),
)
