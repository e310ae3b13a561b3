"""Token usage of tasks, as totals reported by their workers.

The increase over the previous report becomes a ledger entry, if the model has a price or the worker knows the cost.
Workers report their own usage, so their own account pays, unless it is the payer's or the worker may meter for others.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from agora.clock import to_microseconds
from agora.core import pagination as paging
from agora.core.call import Call
from agora.core.record_models import build_from_record
from agora.store.port import Query, Write, write_record
from agora.value_classes import value_class
from agora_sdk.contract import billing as contract
from agora_sdk.contract.billing.models import ModelTokens
from agora_sdk.contract.tasks import TokenUsage
from agora_sdk.errors import InvalidRequest

from . import model_queries as models
from .accounts import can_see_all_accounts, get_paying_account_of_caller, resolve_account_to_charge
from .model_calls import CallPayer, ModelReport, charge_model_call, parse_project
from .model_prices import build_reported_rates, resolve_model_price, split_model_name
from .money import from_micros
from .records import TokenUsageRow

__all__ = ["TokenUsageFilters", "TokenUsageReport", "list_task_token_usage", "record_and_charge_token_usage"]

BIG = "bigint"
AFTER_EVERY_ID = "\x7f"  # sorts after every task id
NO_END = 1 << 62

# Totals never decrease. case, because the larger of two values is max() on SQLite, greatest() on PostgreSQL.
upsert_usage = Write(
    """
    insert into token_usage (tenant_id, task_id, model, agent_id, account_id, input_tokens, output_tokens, cost, currency,
        is_estimate, reported_at)
    values (:tenant, :task_id, :model, :agent_id, :account_id, :input_tokens, :output_tokens, :cost, :currency,
        :is_estimate, :now)
    on conflict (tenant_id, task_id, model) do update set agent_id = excluded.agent_id,
        input_tokens = case when excluded.input_tokens > token_usage.input_tokens
            then excluded.input_tokens else token_usage.input_tokens end,
        output_tokens = case when excluded.output_tokens > token_usage.output_tokens
            then excluded.output_tokens else token_usage.output_tokens end,
        cost = coalesce(excluded.cost, token_usage.cost), currency = coalesce(excluded.currency, token_usage.currency),
        is_estimate = excluded.is_estimate, reported_at = excluded.reported_at
    returning *
    """,
    TokenUsageRow,
    types={
        "input_tokens": BIG,
        "output_tokens": BIG,
        "cost": BIG,
        "is_estimate": BIG,
        "now": BIG,
    },
)
list_usage = Query(
    """
    select * from token_usage where tenant_id = :tenant and (task_id < :before or (task_id = :before and model > :after))
        and (:viewer = '' or account_id = :viewer_account or agent_id = :viewer)
        and (:account = '' or account_id = :account) and (:agent = '' or agent_id = :agent)
        and (:task = '' or task_id = :task) and reported_at >= :since and reported_at < :until
    order by task_id desc, model limit :limit
    """,
    TokenUsageRow,
    types={"since": BIG, "until": BIG, "limit": BIG},
    scan=True,
)


@value_class(kw_only=True)
class TokenUsageReport:
    """Totals of a task for one model. account: who pays for the task. cost: in millionths of the currency."""

    task_id: str
    account: str
    model: str
    input_tokens: int
    output_tokens: int
    cost: int | None
    currency: str | None
    is_estimate: bool


async def record_and_charge_token_usage(call: Call, report: TokenUsageReport) -> TokenUsage:
    """Store a worker's report, and charge the difference since the last one.

    Idempotent: totals never decrease, so late and repeated reports change nothing.
    """
    # Locked, so that concurrent reports of a task do not charge the same difference.
    await call.tx.one(models.lock_usage, task_id=report.task_id, model=report.model)
    (row,) = await call.tx.returning(
        upsert_usage,
        task_id=report.task_id,
        model=report.model,
        agent_id=call.caller.subject,
        account_id=report.account,
        input_tokens=report.input_tokens,
        output_tokens=report.output_tokens,
        cost=report.cost,
        currency=report.currency,
        is_estimate=int(report.is_estimate),
        now=call.now,
    )
    if call.context.settings.billing_reported_tokens:
        row = await _charge_uncharged_tokens(call, report, row)
    return _build_usage(row)


async def _charge_uncharged_tokens(call: Call, report: TokenUsageReport, row: TokenUsageRow) -> TokenUsageRow:
    """Charge usage that is not in the ledger yet; without a price, it stays uncharged until one is set."""
    # Both totals never decrease, so the differences are never negative.
    input_tokens, output_tokens = row.input_tokens - row.charged_input, row.output_tokens - row.charged_output
    cost = max(0, (row.cost or 0) - row.charged_cost)
    if not input_tokens and not output_tokens:
        return row
    provider, model = split_model_name(row.model)
    try:
        # Thresholds apply to single calls, and a total does not tell how long the inputs of its calls were.
        rates, base_cost = (await resolve_model_price(call, provider, model)).without_rate_thresholds(), None
    except InvalidRequest:
        # A reported cost of zero is not a price: only an operator can make a model free.
        if not row.cost or row.currency is None:
            return row
        rates, base_cost = await build_reported_rates(call, provider, model, row.currency), cost
    task = await call.tx.one(models.select_payable_task, task_id=row.task_id)
    payer = CallPayer(
        account=resolve_account_to_charge(call.caller, report.account),
        agent_id=row.agent_id,
        task_id=row.task_id,
        project="" if task is None else parse_project(task.metadata, task.payload),
    )
    call_report = ModelReport(
        # The totals make the key unique: a repeated report has the same ones, and charges nothing.
        call_id=f"report/{row.input_tokens}/{row.output_tokens}/{row.model}",
        tokens=ModelTokens(input_tokens=input_tokens, output_tokens=output_tokens),
        is_estimate=bool(row.is_estimate),
        base_cost=base_cost,
    )
    await charge_model_call(call, payer, rates, call_report)
    charged = replace(
        row,
        charged_input=row.input_tokens,
        charged_output=row.output_tokens,
        charged_cost=max(row.charged_cost, row.cost or 0),  # a total that falls and rises again is not charged twice
    )
    await write_record(call.tx, models.update_charged_usage, charged)
    return charged


@value_class(kw_only=True)
class TokenUsageFilters:
    """Filter of token usage; None for any."""

    account: str | None
    agent_id: str | None
    task_id: str | None
    since: datetime | None
    until: datetime | None


async def list_task_token_usage(
    call: Call, filters: TokenUsageFilters, limit: int, cursor: str | None
) -> contract.TokenUsagePage:
    """List the usage of the caller's tasks, and of those it worked on; operators see all. Newest tasks first."""
    before, after = paging.decode_cursor(cursor, str, str) if cursor else (AFTER_EVERY_ID, "")
    caller = call.caller
    rows = await call.tx.all(
        list_usage,
        before=before,
        after=after,
        viewer="" if can_see_all_accounts(caller) else caller.subject,
        viewer_account=get_paying_account_of_caller(caller),
        account=filters.account or "",
        agent=filters.agent_id or "",
        task=filters.task_id or "",
        since=to_microseconds(filters.since) if filters.since else 0,
        until=to_microseconds(filters.until) if filters.until else NO_END,
        limit=limit + 1,
    )
    rows, more = paging.take_fitting_rows(rows, limit, call.context.settings.page_bytes)
    tokens = [_build_usage(row) for row in rows]
    return contract.TokenUsagePage(
        tokens=tokens, **paging.build_uncounted_page_fields(rows, "task_id", "model", more=more)
    )


def _build_usage(row: TokenUsageRow) -> TokenUsage:
    return build_from_record(
        TokenUsage,
        row,
        provider_cost=None if row.cost is None else from_micros(row.cost),
        is_charged=(row.charged_input, row.charged_output) == (row.input_tokens, row.output_tokens),
    )
