"""SQL of discounts, free quotas and coupons."""

from __future__ import annotations

from agora.store.port import Query, Write

from .records import CouponRow, DiscountRow, FreeQuotaRow, ReductionRule

__all__ = [
    "delete_discount",
    "delete_quota",
    "increment_coupon_redemptions",
    "list_coupons",
    "list_discounts",
    "list_quotas",
    "lock_coupon",
    "lock_quota",
    "select_reduction_rules",
    "sum_used_quantity",
    "upsert_discount",
    "upsert_quota",
]

BIG = "bigint"

# The reductions of a charge, usually none. The quota comes first.
select_reduction_rules = Query(
    """
    select 'free_quota' as kind, quantity as number from billing_free_quotas
    where tenant_id = :tenant and agent_id = :agent and kind = :kind
    union all
    select 'discount' as kind, basis_points as number from billing_discounts
    where tenant_id = :tenant and account_id = :account and (until_at is null or until_at > :now)
    order by 1 desc
    """,
    ReductionRule,
    types={"now": BIG},
)
# Locked by every charge to which a quota applies, so that concurrent charges do not use the same part of it.
lock_quota = Query(
    "select * from billing_free_quotas where tenant_id = :tenant and agent_id = :agent and kind = :kind",
    FreeQuotaRow,
    lock=True,
)
# The comment makes the store write buffered entries first: their trigger adds them to the sum (ADR 2, ADR 12).
sum_used_quantity = Query(
    """
    select cast(coalesce(sum(quantity), 0) as bigint) as used from billing_days /* summed from billing_ledger */
    where tenant_id = :tenant and account_id = :account and day between :first and :last
        and agent_id = :agent and kind = :kind
    """,
    int,
    types={"first": BIG, "last": BIG},
)
upsert_discount = Write(
    """
    insert into billing_discounts (tenant_id, account_id, basis_points, until_at, updated_at, updated_by)
    values (:tenant, :account, :basis_points, :until_at, :now, :by)
    on conflict (tenant_id, account_id) do update set basis_points = excluded.basis_points,
        until_at = excluded.until_at, updated_at = excluded.updated_at, updated_by = excluded.updated_by
    """,
    types={"basis_points": BIG, "until_at": BIG, "now": BIG},
)
delete_discount = Write("delete from billing_discounts where tenant_id = :tenant and account_id = :account")
upsert_quota = Write(
    """
    insert into billing_free_quotas (tenant_id, agent_id, kind, quantity, updated_at, updated_by)
    values (:tenant, :agent, :kind, :quantity, :now, :by)
    on conflict (tenant_id, agent_id, kind) do update set quantity = excluded.quantity,
        updated_at = excluded.updated_at, updated_by = excluded.updated_by
    """,
    types={"quantity": BIG, "now": BIG},
)
delete_quota = Write("delete from billing_free_quotas where tenant_id = :tenant and agent_id = :agent and kind = :kind")
list_discounts = Query(
    """
    select * from billing_discounts where tenant_id = :tenant and (:account = '' or account_id = :account)
        and (until_at is null or until_at > :now)
    order by account_id limit :limit
    """,
    DiscountRow,
    types={"now": BIG, "limit": BIG},
)
list_quotas = Query(
    """
    select * from billing_free_quotas where tenant_id = :tenant and (:agent = '' or agent_id = :agent)
    order by agent_id, kind limit :limit
    """,
    FreeQuotaRow,
    types={"limit": BIG},
)
lock_coupon = Query("select * from billing_coupons where tenant_id = :tenant and code = :code", CouponRow, lock=True)
increment_coupon_redemptions = Write(
    "update billing_coupons set redemptions = redemptions + 1 where tenant_id = :tenant and code = :code"
)
list_coupons = Query(
    "select * from billing_coupons where tenant_id = :tenant and code > :after order by code limit :limit",
    CouponRow,
    types={"limit": BIG},
)
