"""Implementation of token billing: views of the ledger, budgets and credit, and model prices."""

from __future__ import annotations

from typing import Literal

from agora.core.call import BoundService
from agora.core.errors import not_found
from agora.domains.agents.references import load_agent
from agora_sdk.contract import implements
from agora_sdk.contract import token_billing as contract
from agora_sdk.contract.billing import Budget, EntryKind
from agora_sdk.contract.billing import models as results
from agora_sdk.errors import PermissionDenied

from . import budget_settings, model_calls, model_prices, model_usage, usage_records
from . import model_queries as models
from . import queries as statements
from .accounts import (
    get_paying_account_of_caller,
    resolve_account_to_charge,
    resolve_paying_account,
    resolve_visible_account,
)
from .budget_enforcement import read_balance
from .model_catalog import CATALOG
from .money import convert_to_month_number, from_micros, parse_month, reject_fractional_units
from .records import PayableTask

__all__ = ["TokenBillingService"]

MICROS_PER_CENT = 10_000  #: millionths of a dollar


class TokenBillingService(BoundService, contract.TokenBilling):
    """Amounts are in dollars, the currency of model prices, unless another currency is named."""

    @implements
    async def summary(
        self, month: str | None = None, *, account: str | None = None, currency: str | None = None
    ) -> results.TokenSummary:
        period = convert_to_month_number(self.call.now) if month is None else parse_month(month)
        visible = resolve_visible_account(self.call.caller, account)
        return await model_usage.summarize_model_usage_of_month(
            self.call, visible, period, currency or CATALOG.currency
        )

    @implements
    async def recent(
        self,
        account: str | None = None,
        agent_id: str | None = None,
        task_id: str | None = None,
        *,
        limit: int = 50,
        cursor: str | None = None,
    ) -> results.ModelCallPage:
        agent = "" if agent_id is None else (await load_agent(self.call.tx, agent_id)).agent_id
        filters = model_usage.CallFilters(account or "", agent, task_id or "")
        return await model_usage.list_model_calls(self.call, filters, limit, cursor)

    @implements
    async def report(
        self,
        call_key: str,
        provider: str,
        model: str,
        tokens: results.ModelTokens,
        *,
        task_id: str | None = None,
        is_estimate: bool = False,
        time_to_first_token: float | None = None,
    ) -> results.ModelCall:
        call, caller = self.call, self.call.caller
        account, project = get_paying_account_of_caller(caller), ""
        if task_id is not None:
            task = await self._require_payable_task(task_id)
            account = resolve_account_to_charge(caller, resolve_paying_account(task.account_id, task.created_by))
            # From the task: its creator decides which project's budget is charged, not the worker that reports.
            project = model_calls.parse_project(task.metadata, task.payload)
        agent = caller.subject if caller.kind == "agent" else ""
        payer = model_calls.CallPayer(account=account, agent_id=agent, task_id=task_id or "", project=project)
        rates = await model_prices.resolve_model_price(call, provider, model)
        report = model_calls.ModelReport(
            # With the subject, because callers choose their keys independently: equal keys of two callers are two calls.
            call_id=f"{caller.subject}/{call_key}",
            tokens=tokens,
            is_estimate=is_estimate,
            first_token=time_to_first_token,
        )
        return model_calls.build_model_call(await model_calls.charge_model_call(call, payer, rates, report))

    async def _require_payable_task(self, task_id: str) -> PayableTask:
        """Require a task that the caller holds or worked on. Raises NotFound."""
        task = await self.call.tx.one(models.select_payable_task, task_id=task_id)
        # The same error for a task of another holder, so that ids of hidden tasks cannot be probed.
        if task is None or task.holder != self.call.caller.subject:
            raise not_found(
                "task_id", f"You hold no task {task_id}.", fix="Report a call while you hold the task, or without it."
            )
        return task

    @implements
    async def budget(self, account: str | None = None, *, currency: str | None = None) -> results.BudgetCheck:
        caller = self.call.caller
        name = account or get_paying_account_of_caller(caller)
        if resolve_visible_account(caller, name) == "":
            raise PermissionDenied(
                f"You spend as {get_paying_account_of_caller(caller)}; the budget of {name} can only be set by that account.",
                fix="Leave account out for your own.",
            )
        return await model_usage.check_token_budget(self.call, name, currency or CATALOG.currency)

    @implements
    async def credits(self, amount_cents: int, account: str | None = None) -> results.TokenCredits:
        name, currency = account or get_paying_account_of_caller(self.call.caller), CATALOG.currency
        request = usage_records.CreditRequest(
            account=name,
            amount=amount_cents * MICROS_PER_CENT,
            currency=currency,
            kind=EntryKind.CREDIT,
            key=None,
            reason="token credits",
        )
        await usage_records.add_credit_once(self.call, request)
        balance = await read_balance(self.call.tx, name, currency)
        return results.TokenCredits(account_id=name, currency=currency, new_balance_dollars=from_micros(balance))

    @implements
    async def billing_model(
        self,
        billing_model: Literal["prepaid", "metered"],
        account: str | None = None,
        *,
        monthly_limit_cents: int | None = None,
        monthly_alert_cents: int | None = None,
        markup_percent: float | None = None,
    ) -> results.BillingModel:
        if markup_percent is not None:
            # The operation's own scope is not enough: the markup is a price for all accounts.
            if not self.call.caller.may("admin"):
                raise PermissionDenied(
                    "The markup is set by operators.", fix="Leave markup_percent out.", required="admin"
                )
            await model_prices.set_default_markup(self.call, markup_percent)
        is_prepaid = billing_model == "prepaid"
        budget = await self._set_budget(account, monthly_limit_cents, monthly_alert_cents, is_prepaid=is_prepaid)
        return results.BillingModel(
            account_id=budget.account_id or "",
            billing_model=billing_model,
            monthly_limit_dollars=budget.hard_limit,
            markup_percent=markup_percent,
        )

    @implements
    async def spending_limit(
        self,
        monthly_limit_cents: int | None = None,
        monthly_alert_cents: int | None = None,
        account: str | None = None,
    ) -> results.SpendingLimit:
        name = account or get_paying_account_of_caller(self.call.caller)
        budget_key = {"account": name, "agent": "", "currency": CATALOG.currency, "model": "", "project": ""}
        # Setting a budget replaces all its values, so that prepaid would be lost with a new limit. It is locked to stay as read.
        row = await self.call.tx.one(statements.lock_budget, **budget_key)
        is_prepaid = row is not None and bool(row.prepaid)
        budget = await self._set_budget(account, monthly_limit_cents, monthly_alert_cents, is_prepaid=is_prepaid)
        return results.SpendingLimit(account_id=name, monthly_limit_dollars=budget.hard_limit)

    async def _set_budget(
        self, account: str | None, limit: int | None, alert: int | None, *, is_prepaid: bool
    ) -> Budget:
        desired = budget_settings.BudgetLimits(
            None if alert is None else alert * MICROS_PER_CENT,
            None if limit is None else limit * MICROS_PER_CENT,
            is_prepaid,
        )
        scope = budget_settings.BudgetScope(account or get_paying_account_of_caller(self.call.caller), None)
        return await budget_settings.set_or_remove_budget(self.call, scope, CATALOG.currency, desired)

    @implements
    async def pricing(
        self,
        provider: str | None = None,
        model: str | None = None,
        *,
        limit: int = 50,
        cursor: str | None = None,
    ) -> results.ModelPricePage:
        return await model_prices.list_model_prices(self.call, provider, model, limit, cursor)

    @implements
    async def set_price(
        self,
        provider: str,
        model: str,
        input_cost_per_m: float,
        output_cost_per_m: float,
        *,
        cache_read_cost_per_m: float | None = None,
        cache_write_cost_per_m: float | None = None,
        reasoning_cost_per_m: float | None = None,
        markup_percent: float | None = None,
        currency: str | None = None,
    ) -> results.ModelPrice:
        currency = currency or CATALOG.currency
        reject_fractional_units(currency, input_cost_per_m=input_cost_per_m, output_cost_per_m=output_cost_per_m)
        wish = model_prices.ModelPriceRequest(
            provider=provider,
            model=model,
            currency=currency,
            input=input_cost_per_m,
            output=output_cost_per_m,
            cache_read=cache_read_cost_per_m,
            cache_write=cache_write_cost_per_m,
            reasoning=reasoning_cost_per_m,
            markup_percent=markup_percent,
        )
        return await model_prices.set_model_price(self.call, wish)

    @implements
    async def delete_price(self, provider: str, model: str) -> results.RemovedPrice:
        return await model_prices.delete_model_price(self.call, provider, model)
