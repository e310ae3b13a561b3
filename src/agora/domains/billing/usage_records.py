"""Recording of externally measured usage, of credit, and of closed months."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from agora.clock import new_id, to_microseconds
from agora.core.call import Call
from agora.core.idempotency import build_key_reused_error
from agora.domains.identity.authority import check_and_record_administration
from agora.value_classes import value_class
from agora_sdk.contract import billing as contract
from agora_sdk.contract.billing import EntryKind
from agora_sdk.errors import InvalidRequest, field_error

from . import view_queries as views
from .accounts import require_account
from .invoices import issue_invoice
from .ledger import Charge, Ledger
from .money import compute_next_month, convert_to_month_number, format_month, from_micros, parse_month
from .records import LedgerEntry
from .views import build_entries, build_entry

__all__ = [
    "CreditRequest",
    "Usage",
    "add_credit_once",
    "build_quantities",
    "charge_measured_usage",
    "issue_due_invoices",
    "issue_invoices_of_month",
    "resolve_usage_time",
]

MAX_AGE = 400 * 86_400_000_000  #: microseconds; older usage is not recorded
MAX_BATCH = 100  #: accounts invoiced in one transaction
MAX_COUNTED_ACCOUNTS = 10_000  #: maximum number of remaining accounts counted


@value_class
class Usage:
    """Usage to record under a key; quantities are in the smallest unit."""

    key: str
    account: str
    agent: str
    quantities: Mapping[EntryKind, int]
    instance: str
    at: int
    description: str


def build_quantities(
    requests: int, seconds: float, input_tokens: int, output_tokens: int, instance_id: str | None
) -> dict[EntryKind, int]:
    """Build the non-zero quantities.

    Raises InvalidRequest if there are none, or if the server measures the instance's time itself.
    """
    if seconds and instance_id is not None:
        raise InvalidRequest(
            "The running time of an instance is measured by the server.",
            fix="Leave out seconds, or instance_id.",
            errors=[field_error("seconds", "not for instances")],
        )
    amounts = {
        EntryKind.REQUEST: requests,
        EntryKind.TIME: round(seconds * 1_000_000),
        EntryKind.INPUT_TOKENS: input_tokens,
        EntryKind.OUTPUT_TOKENS: output_tokens,
    }
    if not any(amounts.values()):
        raise InvalidRequest(
            "There is nothing to record.",
            fix="Give requests, seconds, input_tokens or output_tokens.",
            errors=[field_error("requests", "missing")],
        )
    return {kind: quantity for kind, quantity in amounts.items() if quantity}


def resolve_usage_time(now: int, at: datetime | None) -> int:
    """Resolve the time of usage, in microseconds since 1970."""
    moment = now if at is None else to_microseconds(at)
    if not now - MAX_AGE <= moment <= now:
        raise InvalidRequest(
            "Usage can only be recorded afterwards, and within 400 days.",
            fix="Leave 'at' out, or give a time that has passed.",
            errors=[field_error("at", "in the future" if moment > now else "too long ago")],
        )
    return moment


async def charge_measured_usage(call: Call, usage: Usage) -> contract.UsageRecord:
    """Write usage to the ledger once. Raises IdempotencyConflict if the key belongs to different usage."""
    ledger = Ledger(call)
    kinds = (EntryKind.REQUEST, EntryKind.TIME, EntryKind.INPUT_TOKENS, EntryKind.OUTPUT_TOKENS)
    earlier = await ledger.find_entries_by_keys([_build_entry_key(usage, kind) for kind in kinds])
    # All kinds or none: they are written in one transaction.
    if earlier:
        _require_same_usage(earlier, usage)
        return _build_record(earlier)
    entries_made = [
        await ledger.charge_unless_recorded(_build_charge(usage, kind, quantity), enforce=False, is_unused_key=True)
        for kind, quantity in usage.quantities.items()
    ]
    call.target, call.detail = usage.account, usage.key
    return _build_record(entries_made)


def _build_entry_key(usage: Usage, kind: EntryKind) -> str:
    return f"usage:{usage.key}:{kind}"


def _build_charge(usage: Usage, kind: EntryKind, quantity: int) -> Charge:
    # at is the end of the usage; only time has a length.
    started_at = usage.at - quantity if kind is EntryKind.TIME else usage.at
    return Charge(
        _build_entry_key(usage, kind),
        usage.account,
        usage.agent,
        kind,
        quantity,
        usage.instance,
        started_at,
        usage.at,
        usage.description,
    )


def _require_same_usage(rows: Sequence[LedgerEntry], usage: Usage) -> None:
    same = {EntryKind(row.kind): row.quantity for row in rows} == usage.quantities and all(
        (row.account_id, row.agent_id, row.instance_id) == (usage.account, usage.agent, usage.instance) for row in rows
    )
    if not same:
        raise build_key_reused_error("key", usage.key, "usage record")


def _build_record(rows: Sequence[LedgerEntry]) -> contract.UsageRecord:
    items = build_entries(rows)
    total = sum(item.amount_micros for item in items)
    return contract.UsageRecord(entries=items, total_cost=from_micros(total), currency=items[0].currency)


@value_class(kw_only=True)
class CreditRequest:
    """Credit for an account. amount: in millionths of the currency. key: makes it idempotent; None for no key."""

    account: str
    amount: int
    currency: str
    kind: EntryKind
    key: str | None
    reason: str


async def add_credit_once(call: Call, request: CreditRequest) -> contract.Entry:
    """Add credit once per key. Raises NotFound for an unknown account."""
    account, amount, currency, kind = request.account, request.amount, request.currency, request.kind
    call.target, call.detail = account, request.reason or None
    await require_account(call.tx, account)
    key = f"credit:{request.key}" if request.key is not None else new_id("credit")
    row = await Ledger(call).add_credit(account, amount, currency, kind, key, request.reason)
    # add_credit returns the earlier entry of the key, whatever it was for.
    if (row.account_id, row.amount, row.currency, row.kind) != (account, -amount, currency, kind):
        raise build_key_reused_error("key", str(request.key), "credit")
    await check_and_record_administration(call, row.entry_id)
    return build_entry(row)


# -- months ----------------------------------------------------------------------------------------


async def issue_invoices_of_month(call: Call, period: str) -> contract.Closing:
    """Issue invoices of a month, up to the limit of one transaction."""
    month = parse_month(period)
    if month >= convert_to_month_number(call.now):
        raise InvalidRequest(
            f"{period} is not over.",
            fix=f"Give a month before {format_month(convert_to_month_number(call.now))}.",
            errors=[field_error("period", "not over")],
        )
    call.target = period
    due = await call.tx.all(
        views.select_due_invoices, period=month, account_after="", currency_after="", limit=MAX_COUNTED_ACCOUNTS
    )
    now = [(row.account_id, row.currency, row.period) for row in due[:MAX_BATCH]]
    issued = await issue_due_invoices(call, now, month)
    return contract.Closing(period=period, issued=issued, remaining=len(due) - len(now))


async def issue_due_invoices(call: Call, due: list[tuple[str, str, int]], last: int) -> list[str]:
    """Issue each account's due invoices month by month up to the given one. Returns their numbers.

    due: account, currency, oldest month with uninvoiced entries.
    """
    issued = []
    # Also the months that passed while no server ran: each has its own invoice.
    for account, currency, month in due:
        while month <= last:
            number = await issue_invoice(call, account, currency, month)
            if number is not None:
                issued.append(number)
            month = compute_next_month(month)
    return issued
