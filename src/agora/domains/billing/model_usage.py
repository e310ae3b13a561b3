"""Usage of models: list of calls, sums of a month, and budget status of an account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from agora.core import pagination as paging
from agora.core.call import Call
from agora.value_classes import value_class
from agora_sdk.contract.billing.models import BudgetCheck, ModelCallPage, ModelUsage, TokenSummary, UsageTotals

from . import model_queries as models
from . import queries as statements
from .accounts import can_see_all_accounts, get_paying_account_of_caller
from .budget_enforcement import BudgetStatus, read_balance, read_budget_status
from .model_calls import build_model_call
from .money import convert_to_month_number, format_amount, format_month, from_micros
from .records import BudgetRow, ModelCallRow, ModelSum

__all__ = ["CallFilters", "check_token_budget", "list_model_calls", "summarize_model_usage_of_month"]

AFTER_EVERY_ID = "use_g"  #: sorts after every id of an entry


@value_class
class CallFilters:
    """Filter of model calls; '' for any."""

    account: str
    agent_id: str
    task_id: str


async def list_model_calls(call: Call, filters: CallFilters, limit: int, cursor: str | None) -> ModelCallPage:
    """List model calls, newest first: paid by the caller's account or made by the caller; operators see all."""
    before = paging.decode_cursor(cursor)[0] if cursor else AFTER_EVERY_ID
    parameters = {
        "before": before,
        "account": filters.account,
        "agent": filters.agent_id,
        "everyone": int(can_see_all_accounts(call.caller)),
        "viewer_account": get_paying_account_of_caller(call.caller),
        "viewer": call.caller.subject,
        "limit": limit + 1,
    }
    rows: Sequence[ModelCallRow]
    if filters.task_id:
        rows = await call.tx.all(models.list_calls_of_task, **parameters, task=filters.task_id)
    else:
        rows = await call.tx.all(models.list_calls_of_account if filters.account else models.list_calls, **parameters)
    rows, more = paging.take_fitting_rows(rows, limit, call.context.settings.page_bytes)
    calls = [build_model_call(row) for row in rows]
    return ModelCallPage(calls=calls, **paging.build_uncounted_page_fields(rows, "entry_id", more=more))


async def summarize_model_usage_of_month(call: Call, account: str | None, period: int, currency: str) -> TokenSummary:
    """Summarize a month's calls in one currency. account: None for all, '' for none."""
    rows: Sequence[ModelSum] = ()
    if account is None:
        rows = await call.tx.all(models.sum_calls, period=period)
    elif account:
        rows = await call.tx.all(models.sum_calls_of_account, period=period, account=account)
    rows = [row for row in rows if row.currency == currency]
    budget, balance = (None, 0) if not account else await _read_budget_and_balance(call, account, currency)
    limit = None if budget is None else budget.hard_limit
    return TokenSummary(
        tenant_id=call.caller.tenant,
        account_id=account or None,
        month=format_month(period),
        currency=currency,
        billing_model="prepaid" if budget is not None and budget.prepaid else "metered",
        balance_dollars=from_micros(balance),
        monthly_limit_dollars=None if limit is None else from_micros(limit),
        totals=_sum_usage(rows),
        by_model=[
            ModelUsage(
                provider=row.provider,
                model=row.model,
                request_count=row.calls,
                total_tokens=row.input_tokens + row.output_tokens,
                cost_dollars=from_micros(row.cost),
            )
            for row in sorted(rows, key=lambda row: (-row.cost, row.provider, row.model))
        ],
    )


def _sum_usage(rows: Sequence[ModelSum]) -> UsageTotals:
    # Types of fields are texts here (from __future__ import annotations).
    names = [field.name for field in fields(ModelSum) if field.type == "int"]
    total = {name: sum(getattr(row, name) for row in rows) for name in names}
    return UsageTotals(
        request_count=total["calls"],
        input_tokens=total["input_tokens"],
        output_tokens=total["output_tokens"],
        reasoning_tokens=total["reasoning_tokens"],
        cache_read_tokens=total["cache_read_tokens"],
        cache_write_tokens=total["cache_write_tokens"],
        cost_dollars=from_micros(total["cost"]),
        base_cost_dollars=from_micros(total["base_cost"]),
    )


async def _read_budget_and_balance(call: Call, account: str, currency: str) -> tuple[BudgetRow | None, int]:
    """Read the budget of a whole account, and its balance in millionths."""
    budget_key = {"account": account, "agent": "", "currency": currency, "model": "", "project": ""}
    row = await call.tx.one(statements.select_budget, **budget_key)
    return row, await read_balance(call.tx, account, currency)


async def check_token_budget(call: Call, account: str, currency: str) -> BudgetCheck:
    """Whether an account may call models now."""
    row, balance = await _read_budget_and_balance(call, account, currency)
    period = convert_to_month_number(call.now)
    status = None if row is None else await read_budget_status(call.tx, row, period)
    spent = await call.tx.one(
        statements.select_spent_amount, scope="account", ref=account, currency=currency, period=period
    )
    reason = "" if row is None or status is None else _explain_exhausted_budget(row, status)
    return BudgetCheck(
        allowed=not reason,
        reason=reason or "Within the limits.",
        account_id=account,
        currency=currency,
        balance_dollars=from_micros(balance),
        monthly_spend_dollars=from_micros(int(spent or 0)),
        monthly_limit_dollars=None if row is None or row.hard_limit is None else from_micros(row.hard_limit),
        billing_model="prepaid" if row is not None and row.prepaid else "metered",
    )


def _explain_exhausted_budget(row: BudgetRow, status: BudgetStatus) -> str:
    """Explain why the budget is exhausted; '' if it is not."""
    if row.hard_limit is not None and status.committed >= row.hard_limit:
        limit = format_amount(row.hard_limit, row.currency)
        return f"The hard limit of {limit} is reached for {format_month(status.period)}."
    if status.available_credit is not None and status.available_credit <= 0:
        return "The credit is used up."
    return ""
