"""Implementation of the billing operations."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from agora.core.call import BoundService
from agora.domains.agents.references import load_agent
from agora.domains.identity.authority import check_and_record_administration
from agora_sdk.contract import billing as contract
from agora_sdk.contract import implements
from agora_sdk.contract.billing import EntryKind, EntryKindLike, PricingType, PricingTypeLike

from . import budget_settings, invoice_details, invoices, lists, prices, reductions, reports, token_usage, usage_records
from . import queries as statements
from .accounts import get_paying_account_of_caller, require_pricing_right, resolve_visible_account
from .invoice_files import render_invoice
from .ledger import Ledger
from .money import reject_fractional_units, to_micros
from .views import build_entry

__all__ = ["BillingService"]


class BillingService(BoundService, contract.Billing):
    """The billing operations; their rules are in the other modules of this package."""

    @property
    def _default_currency(self) -> str:
        """The default currency."""
        return str(self.call.context.settings.billing_currency)

    async def _resolve_agent_id(self, ref: str | None) -> str:
        """Resolve an agent to its id; '' for none."""
        return "" if ref is None else (await load_agent(self.call.tx, ref)).agent_id

    # -- prices ------------------------------------------------------------------------------------

    @implements
    async def prices(
        self,
        agent_id: str | None = None,
        *,
        history: bool = False,
        limit: int = 50,
        cursor: str | None = None,
    ) -> contract.PricePage:
        if agent_id is None:
            return await lists.list_current_prices(self.call, limit, cursor)
        agent = await load_agent(self.call.tx, agent_id)
        if history:
            return await lists.list_price_history(self.call, agent, limit, cursor)
        row = await self.call.tx.one(statements.select_price_at, agent_id=agent.agent_id, at=self.call.now)
        versions = [] if row is None else [prices.build_price(row, agent.agent_name)]
        return contract.PricePage(prices=versions, count=len(versions), total=len(versions))

    @implements
    async def set_price(
        self,
        agent_id: str,
        type: PricingTypeLike,
        price: float = 0.0,
        currency: str | None = None,
        *,
        base_price: float = 0.0,
        task_price: float = 0.0,
        usage_unit: Literal["minute", "hour"] | None = None,
        input_price: float = 0.0,
        output_price: float = 0.0,
        effective_from: datetime | None = None,
    ) -> contract.Price:
        call = self.call
        agent = await load_agent(call.tx, agent_id)
        require_pricing_right(call.caller, agent)
        call.target = agent.agent_id
        request = prices.PriceRequest(
            type=PricingType(type),
            currency=currency,
            price=price,
            base_price=base_price,
            task_price=task_price,
            usage_unit=usage_unit,
            input_price=input_price,
            output_price=output_price,
            effective_from=effective_from,
        )
        version = await prices.set_price_version(call, agent, request)
        lists.emit_price_change(call, agent, version)
        return version

    @implements
    async def tokens(
        self,
        account: str | None = None,
        agent_id: str | None = None,
        task_id: str | None = None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> contract.TokenUsagePage:
        agent = await self._resolve_agent_id(agent_id) or None
        filters = token_usage.TokenUsageFilters(
            account=account, agent_id=agent, task_id=task_id, since=since, until=until
        )
        return await token_usage.list_task_token_usage(self.call, filters, limit, cursor)

    # -- the ledger --------------------------------------------------------------------------------

    @implements
    async def record(
        self,
        usage_key: str,
        account: str,
        agent_id: str,
        *,
        requests: int = 0,
        seconds: float = 0.0,
        input_tokens: int = 0,
        output_tokens: int = 0,
        instance_id: str | None = None,
        at: datetime | None = None,
        description: str | None = None,
    ) -> contract.UsageRecord:
        usage = usage_records.Usage(
            usage_key,
            account,
            await self._resolve_agent_id(agent_id),
            usage_records.build_quantities(requests, seconds, input_tokens, output_tokens, instance_id),
            instance_id or "",
            usage_records.resolve_usage_time(self.call.now, at),
            description or "",
        )
        return await usage_records.charge_measured_usage(self.call, usage)

    @implements
    async def reverse(self, entry_id: str, reason: str) -> contract.Entry:
        ledger = Ledger(self.call)
        self.call.target, self.call.detail = entry_id, reason
        await check_and_record_administration(self.call, entry_id)
        return build_entry(await ledger.reverse_entry(await ledger.require_entry_by_id(entry_id), reason))

    @implements
    async def usage(
        self,
        account: str | None = None,
        agent_id: str | None = None,
        instance_id: str | None = None,
        *,
        task_id: str | None = None,
        workflow_id: str | None = None,
        kind: EntryKindLike | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> contract.EntryPage:
        account_filter = resolve_visible_account(self.call.caller, account)
        filters = lists.EntryFilters(
            account_filter,
            await self._resolve_agent_id(agent_id),
            instance_id or "",
            kind and EntryKind(kind),
            since,
            until,
            task=task_id or "",
            workflow=workflow_id or "",
        )
        return await lists.list_ledger_entries(self.call, filters, limit, cursor)

    # -- cost and revenue --------------------------------------------------------------------------

    @implements
    async def cost(
        self,
        account: str | None = None,
        agent_id: str | None = None,
        instance_id: str | None = None,
        *,
        since: date | None = None,
        until: date | None = None,
        currency: str | None = None,
    ) -> contract.Cost:
        account_filter = resolve_visible_account(self.call.caller, account)
        request = reports.CostRequest(
            account_filter, await self._resolve_agent_id(agent_id), instance_id or "", since, until, currency
        )
        return await reports.report_cost(self.call, request)

    @implements
    async def revenue(
        self,
        agent_id: str | None = None,
        *,
        since: date | None = None,
        until: date | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> contract.RevenuePage:
        return await reports.report_revenue(self.call, agent_id, since, until, limit, cursor)

    @implements
    async def dashboard(self, account: str | None = None, *, currency: str | None = None) -> contract.Dashboard:
        return await reports.build_dashboard(self.call, resolve_visible_account(self.call.caller, account), currency)

    # -- credit and budgets ------------------------------------------------------------------------

    @implements
    async def credit(
        self,
        account: str,
        amount: float,
        currency: str | None = None,
        *,
        kind: Literal["credit", "payment"] = "credit",
        reason: str | None = None,
        credit_key: str | None = None,
    ) -> contract.Entry:
        currency = currency or self._default_currency
        reject_fractional_units(currency, amount=amount)
        request = usage_records.CreditRequest(
            account=account,
            amount=to_micros(amount),
            currency=currency,
            kind=EntryKind(kind),
            key=credit_key,
            reason=reason or "",
        )
        return await usage_records.add_credit_once(self.call, request)

    @implements
    async def balance(
        self, account: str | None = None, *, limit: int = 50, cursor: str | None = None
    ) -> contract.Balances:
        return await lists.list_balances(self.call, resolve_visible_account(self.call.caller, account), limit, cursor)

    @implements
    async def budget(
        self,
        account: str | None = None,
        agent_id: str | None = None,
        currency: str | None = None,
        *,
        soft_limit: float | None = None,
        hard_limit: float | None = None,
        prepaid: bool = False,
        model: str | None = None,
        project: str | None = None,
    ) -> contract.Budget:
        agent = None if agent_id is None else await load_agent(self.call.tx, agent_id)
        currency = currency or self._default_currency
        reject_fractional_units(currency, soft_limit=soft_limit, hard_limit=hard_limit)
        desired = budget_settings.BudgetLimits(
            None if soft_limit is None else to_micros(soft_limit),
            None if hard_limit is None else to_micros(hard_limit),
            prepaid,
        )
        scope = budget_settings.BudgetScope(account, agent, model or "", project or "")
        return await budget_settings.set_or_remove_budget(self.call, scope, currency, desired)

    @implements
    async def budgets(
        self, account: str | None = None, *, limit: int = 50, cursor: str | None = None
    ) -> contract.BudgetPage:
        return await budget_settings.list_budgets(self.call, account, limit, cursor)

    # -- reductions --------------------------------------------------------------------------------

    @implements
    async def set_discount(self, account: str, percent: float, *, until: datetime | None = None) -> contract.Discount:
        return await reductions.set_discount(self.call, account, percent, until)

    @implements
    async def set_free_quota(
        self,
        agent_id: str,
        quantity: float,
        *,
        kind: Literal["request", "task", "time", "input_tokens", "output_tokens"] = "request",
    ) -> contract.FreeQuota:
        agent = await load_agent(self.call.tx, agent_id)
        return await reductions.set_free_quota(self.call, agent, EntryKind(kind), quantity)

    @implements
    async def reductions(self, account: str | None = None, agent_id: str | None = None) -> contract.Reductions:
        return await reductions.list_discounts_and_free_quotas(
            self.call, account, await self._resolve_agent_id(agent_id)
        )

    @implements
    async def create_coupon(
        self,
        code: str,
        amount: float,
        currency: str | None = None,
        *,
        expires_at: datetime | None = None,
        max_redemptions: int | None = None,
    ) -> contract.Coupon:
        currency = currency or self._default_currency
        reject_fractional_units(currency, amount=amount)
        request = reductions.parse_coupon_request(code, amount, currency, expires_at, max_redemptions)
        return await reductions.create_coupon(self.call, request)

    @implements
    async def coupons(self, *, limit: int = 50, cursor: str | None = None) -> contract.CouponPage:
        return await reductions.list_coupons(self.call, limit, cursor)

    @implements
    async def redeem_coupon(self, code: str, account: str | None = None) -> contract.Entry:
        return build_entry(await reductions.redeem_coupon_once(self.call, code, account))

    # -- invoices ----------------------------------------------------------------------------------

    @implements
    async def invoices(
        self,
        account: str | None = None,
        *,
        period: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> contract.InvoicePage:
        return await lists.list_invoices(
            self.call, resolve_visible_account(self.call.caller, account), period, limit, cursor
        )

    @implements
    async def invoice(
        self, invoice: str | None = None, *, account: str | None = None, currency: str | None = None
    ) -> contract.Invoice:
        call = self.call
        account_filter = resolve_visible_account(call.caller, account)
        if invoice is not None:
            return await invoices.build_invoice(
                call.tx, await invoices.require_invoice(call.tx, invoice, account_filter)
            )
        whose = account or get_paying_account_of_caller(call.caller)
        return await invoices.build_open_invoice(call, whose, currency, visible=account_filter != "")

    @implements
    async def document(
        self, invoice: str, *, format: Literal["csv", "html", "json", "eml"] = "html", exact: bool = False
    ) -> contract.InvoiceDocument:
        tx = self.call.tx
        row = await invoices.require_invoice(tx, invoice, resolve_visible_account(self.call.caller, None))
        return render_invoice(await invoices.build_invoice(tx, row), format, exact=exact)

    @implements
    async def profile(self, account: str | None = None) -> contract.BillingProfile:
        name = account or get_paying_account_of_caller(self.call.caller)
        if resolve_visible_account(self.call.caller, name) == "":
            return contract.BillingProfile(account_id=name)  # same result as for an unknown account
        return await invoice_details.load_billing_profile(self.call.tx, name)

    @implements
    async def set_profile(
        self,
        account: str | None = None,
        *,
        name: str | None = None,
        address: str | None = None,
        tax_id: str | None = None,
        email: str | None = None,
    ) -> contract.BillingProfile:
        values = {"name": name, "address": address, "tax_id": tax_id, "email": email}
        return await invoice_details.save_profile_fields(self.call, account, values)

    @implements
    async def close(self, period: str) -> contract.Closing:
        return await usage_records.issue_invoices_of_month(self.call, period)
