"""Reductions: discounts of accounts, free quotas of agents, and coupons.

A discount or quota reduces a charge by separate entries, written together with the charge's entry. Therefore every sum
over the ledger includes them, and a reversal of the charge reverses them, too. A coupon is credit whose key contains
its code.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from agora.clock import to_datetime, to_microseconds
from agora.core import pagination as paging
from agora.core.call import Call
from agora.core.errors import not_found
from agora.core.record_models import build_from_record
from agora.domains.agents.records import AgentRow
from agora.domains.identity.authority import check_and_record_administration
from agora.value_classes import value_class
from agora_sdk.contract import billing as contract
from agora_sdk.contract.billing import EntryKind
from agora_sdk.errors import Conflict, InvalidRequest, PermissionDenied, field_error

from . import reduction_queries as statements
from .accounts import get_paying_account_of_caller, require_account, require_pricing_right, resolve_visible_account
from .ledger import Ledger
from .money import from_micros, to_micros
from .records import COUPONS, CouponRow, LedgerEntry
from .terms import UNITS
from .views import read_agent_names

__all__ = [
    "create_coupon",
    "list_coupons",
    "list_discounts_and_free_quotas",
    "parse_coupon_request",
    "redeem_coupon_once",
    "set_discount",
    "set_free_quota",
]

MAX_REDUCTIONS = 500


async def set_discount(call: Call, account: str, percent: float, until: datetime | None) -> contract.Discount:
    """Set an account's discount; 0 ends it. Raises InvalidRequest for a past time, NotFound."""
    call.target = account
    await require_account(call.tx, account)
    until_at = None if until is None else to_microseconds(until)
    if until_at is not None and until_at <= call.now:
        raise InvalidRequest(
            "until is in the past.", fix="Give a time in the future.", errors=[field_error("until", "in the past")]
        )
    await check_and_record_administration(call, f"discount:{account}")
    points = round(percent * 100)
    if points:
        await call.tx.execute(
            statements.upsert_discount,
            account=account,
            basis_points=points,
            until_at=until_at,
            now=call.now,
            by=call.caller.subject,
        )
    else:
        await call.tx.execute(statements.delete_discount, account=account)
    return contract.Discount(account_id=account, percent=points / 100, until=until)


async def set_free_quota(call: Call, agent: AgentRow, kind: EntryKind, quantity: float) -> contract.FreeQuota:
    """Set the quantity of an agent that is free for each account per month; 0 ends it. Raises InvalidRequest."""
    require_pricing_right(call.caller, agent)
    call.target = agent.agent_id
    unit, size = UNITS[kind]
    whole = round(quantity * size)
    if kind is not EntryKind.TIME and whole != quantity:
        raise InvalidRequest(
            f"A quota of {unit}s is a whole number.", errors=[field_error("quantity", "not a whole number")]
        )
    reduction_key = {"agent": agent.agent_id, "kind": kind.value}
    if whole:
        await call.tx.execute(
            statements.upsert_quota, **reduction_key, quantity=whole, now=call.now, by=call.caller.subject
        )
    else:
        await call.tx.execute(statements.delete_quota, **reduction_key)
    return contract.FreeQuota(
        agent_id=agent.agent_id, agent_name=agent.agent_name, kind=kind, quantity=whole / size, unit=unit
    )


async def list_discounts_and_free_quotas(call: Call, account: str | None, agent_id: str) -> contract.Reductions:
    """List the discounts of an account (of all, for callers that may see all), and free quotas, which are public."""
    scope = resolve_visible_account(call.caller, account)
    rows = (
        await call.tx.all(statements.list_discounts, account=scope or "", now=call.now, limit=MAX_REDUCTIONS)
        if scope != ""
        else ()
    )
    quotas = await call.tx.all(statements.list_quotas, agent=agent_id, limit=MAX_REDUCTIONS)
    names = await read_agent_names(call.tx, (row.agent_id for row in quotas))
    return contract.Reductions(
        discounts=[
            contract.Discount(
                account_id=row.account_id,
                percent=row.basis_points / 100,
                until=None if row.until_at is None else to_datetime(row.until_at),
            )
            for row in rows
        ],
        free_quotas=[
            contract.FreeQuota(
                agent_id=row.agent_id,
                agent_name=names.get(row.agent_id),
                kind=EntryKind(row.kind),
                quantity=row.quantity / UNITS[EntryKind(row.kind)][1],
                unit=UNITS[EntryKind(row.kind)][0],
            )
            for row in quotas
        ],
    )


# -- coupons ---------------------------------------------------------------------------------------


@value_class
class CouponRequest:
    """A coupon to create. amount: in millionths. expires_at: microseconds since 1970."""

    code: str
    amount: int
    currency: str
    expires_at: int | None
    max_redemptions: int | None


async def create_coupon(call: Call, request: CouponRequest) -> contract.Coupon:
    """Create a coupon. Raises Conflict if the code exists."""
    call.target = request.code
    if await call.tx.one(statements.lock_coupon, code=request.code) is not None:
        raise Conflict(
            f"There is a coupon {request.code} already.",
            fix="Choose another code.",
            errors=[field_error("code", "taken")],
        )
    await check_and_record_administration(call, f"coupon:{request.code}")
    row = CouponRow(
        tenant_id=call.caller.tenant,
        code=request.code,
        amount=request.amount,
        currency=request.currency,
        expires_at=request.expires_at,
        max_redemptions=request.max_redemptions,
        redemptions=0,
        created_at=call.now,
        created_by=call.caller.subject,
    )
    call.tx.append(COUPONS, row)
    return _build_coupon(row)


async def redeem_coupon_once(call: Call, code: str, account: str | None) -> LedgerEntry:
    """Add the credit of a coupon to an account once. Raises NotFound, Conflict, or PermissionDenied for another's
    account."""
    own_account = get_paying_account_of_caller(call.caller)
    name = call.target = account or own_account
    if name != own_account:
        if not call.caller.may("admin"):
            raise PermissionDenied(
                "A coupon can only be redeemed for your own account.", fix="Use a credential of the account."
            )
        await require_account(call.tx, name)
    ledger, key = Ledger(call), f"coupon:{code}:{name}"
    # The coupon is locked before the ledger is read, so that concurrent calls redeem it once.
    row = await call.tx.one(statements.lock_coupon, code=code)
    if row is None:
        raise not_found("code", f"There is no coupon {code}.", fix="Check the code; case counts.")
    # Before expiry and limit: a repeated call by an account that has redeemed it succeeds.
    if earlier := await ledger.find_entries_by_keys([key]):
        return earlier[0]
    if row.expires_at is not None and row.expires_at <= call.now:
        raise Conflict(f"The coupon {code} has expired.", errors=[field_error("code", "expired")])
    if row.max_redemptions is not None and row.redemptions >= row.max_redemptions:
        raise Conflict(f"The coupon {code} is used up.", errors=[field_error("code", "used up")])
    await call.tx.execute(statements.increment_coupon_redemptions, code=code)
    return await ledger.add_credit(name, row.amount, row.currency, EntryKind.CREDIT, key, f"Coupon {code}")


async def list_coupons(call: Call, limit: int, cursor: str | None) -> contract.CouponPage:
    """List coupons by code."""
    after = paging.decode_cursor(cursor)[0] if cursor else ""
    rows: Sequence[CouponRow] = await call.tx.all(statements.list_coupons, after=after, limit=limit + 1)
    rows, more = paging.take_fitting_rows(rows, limit, call.context.settings.page_bytes)
    coupons = [_build_coupon(row) for row in rows]
    return contract.CouponPage(coupons=coupons, **paging.build_uncounted_page_fields(rows, "code", more=more))


def _build_coupon(row: CouponRow) -> contract.Coupon:
    return build_from_record(contract.Coupon, row, amount=from_micros(row.amount))


def parse_coupon_request(
    code: str, amount: float, currency: str, expires_at: datetime | None, max_redemptions: int | None
) -> CouponRequest:
    """Convert the parameters of a coupon."""
    expires = None if expires_at is None else to_microseconds(expires_at)
    return CouponRequest(code, to_micros(amount), currency, expires, max_redemptions)
