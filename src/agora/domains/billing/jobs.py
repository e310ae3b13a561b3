"""The billing job: issues invoices of past months."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from agora.clock import SECOND
from agora.core.call import Call
from agora.core.jobs import Controller, JobContext
from agora.core.lazy import Lazy

from . import queries as statements
from . import view_queries as views
from .money import compute_previous_month, convert_to_month_number

__all__ = ["LATE_USAGE_PERIOD", "BillingController"]

LATE_USAGE_PERIOD = 3600 * SECOND  #: time after a month in which its last usage is recorded
INVOICE_CHECK_INTERVAL = 300 * SECOND  #: interval of checks for due invoices
MAX_BATCH = 20  #: accounts invoiced in one transaction
CHARGE_COMPLETED_TASKS: Lazy[Callable[[Call], Coroutine[Any, Any, bool]]] = Lazy(
    "agora.domains.billing.reservations:charge_completed_tasks"
)
RELEASE_ABANDONED_CALLS: Lazy[Callable[[Call], Coroutine[Any, Any, bool]]] = Lazy(
    "agora.domains.billing.model_calls:release_reservations_of_ended_tasks"
)
CLOSE_MONTHS: Lazy[Callable[..., Coroutine[Any, Any, list[str]]]] = Lazy(
    "agora.domains.billing.usage_records:issue_due_invoices"
)


class BillingController(Controller):
    """Runs while the marketplace is halted, too: usage is still billed."""

    name = "billing"
    interval = 15.0

    def __init__(self, context: JobContext) -> None:
        super().__init__(context)
        self._checked_at: dict[str, int] = {}

    async def reconcile(self, tenant: str) -> None:
        now = self.context.clock.now()
        # Read first: an idle tenant costs no write transaction every 15 seconds.
        if await self.read(tenant, statements.select_unsettled_reservations, limit=1):
            await self._settle_reservations(tenant, CHARGE_COMPLETED_TASKS.get())
        before = now - statements.ABANDONED_AFTER
        if await self.read(tenant, statements.select_abandoned_reservations, before=before, limit=1):
            await self._settle_reservations(tenant, RELEASE_ABANDONED_CALLS.get())
        # Negative after the clock was set back: then check now, not when it has caught up.
        if not 0 <= now - self._checked_at.get(tenant, -INVOICE_CHECK_INTERVAL) < INVOICE_CHECK_INTERVAL:
            await self._issue_due_invoices(
                tenant, compute_previous_month(convert_to_month_number(now - LATE_USAGE_PERIOD))
            )
            self._checked_at[tenant] = now

    async def _settle_reservations(self, tenant: str, settle: Callable[[Call], Coroutine[Any, Any, bool]]) -> None:
        while not self.is_stopping and await self.write_as_system(tenant, settle):
            pass

    async def _issue_due_invoices(self, tenant: str, month: int) -> None:
        """Issue due invoices up to a month, a few accounts per transaction."""
        account, currency = "", ""
        while not self.is_stopping:
            rows = await self.read(
                tenant,
                views.select_due_invoices,
                period=month,
                account_after=account,
                currency_after=currency,
                limit=MAX_BATCH,
            )
            if not rows:
                return
            due = [(row.account_id, row.currency, row.period) for row in rows]
            await self.write_as_system(tenant, partial(CLOSE_MONTHS.get(), due=due, last=month))
            # After the last of the batch, also if it got no invoice: the loop ends although its entries stay uninvoiced.
            account, currency, _ = due[-1]
