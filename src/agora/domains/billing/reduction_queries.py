"""SQL of discounts, free quotas and coupons."""

from __future__ import annotations

from agora.store.port import Query, Write

from .records import CouponRow, DiscountRow, FreeQuotaRow, ReductionRule

__all__ = [
    "count_redemption",
    "coupon_for_update",
    "coupons",
    "discounts",
    "drop_discount",
    "drop_quota",
    "quota_for_update",
    "quotas",
    "rules",
    "save_discount",
    "save_quota",
    "used_quantity",
]

BIG = "bigint"

# What applies to a charge: nothing, nearly always. The quota comes first.
rules = Query(
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
# Locked by every charge that a quota applies to, so that two charges at a time do not use the same part of it.
quota_for_update = Query(
    "select * from billing_free_quotas where tenant_id = :tenant and agent_id = :agent and kind = :kind",
    FreeQuotaRow,
    lock=True,
)
used_quantity = Query(
    """
    select cast(coalesce(sum(quantity), 0) as bigint) as used from billing_days
    where tenant_id = :tenant and account_id = :account and day between :first and :last
        and agent_id = :agent and kind = :kind
    """,
    int,
    types={"first": BIG, "last": BIG},
)
save_discount = Write(
    """
    insert into billing_discounts (tenant_id, account_id, basis_points, until_at, updated_at, updated_by)
    values (:tenant, :account, :basis_points, :until_at, :now, :by)
    on conflict (tenant_id, account_id) do update set basis_points = excluded.basis_points,
        until_at = excluded.until_at, updated_at = excluded.updated_at, updated_by = excluded.updated_by
    """,
    types={"basis_points": BIG, "until_at": BIG, "now": BIG},
)
drop_discount = Write("delete from billing_discounts where tenant_id = :tenant and account_id = :account")
save_quota = Write(
    """
    insert into billing_free_quotas (tenant_id, agent_id, kind, quantity, updated_at, updated_by)
    values (:tenant, :agent, :kind, :quantity, :now, :by)
    on conflict (tenant_id, agent_id, kind) do update set quantity = excluded.quantity,
        updated_at = excluded.updated_at, updated_by = excluded.updated_by
    """,
    types={"quantity": BIG, "now": BIG},
)
drop_quota = Write("delete from billing_free_quotas where tenant_id = :tenant and agent_id = :agent and kind = :kind")
discounts = Query(
    """
    select * from billing_discounts where tenant_id = :tenant and (:account = '' or account_id = :account)
        and (until_at is null or until_at > :now)
    order by account_id limit :limit
    """,
    DiscountRow,
    types={"now": BIG, "limit": BIG},
)
quotas = Query(
    """
    select * from billing_free_quotas where tenant_id = :tenant and (:agent = '' or agent_id = :agent)
    order by agent_id, kind limit :limit
    """,
    FreeQuotaRow,
    types={"limit": BIG},
)
coupon_for_update = Query(
    "select * from billing_coupons where tenant_id = :tenant and code = :code", CouponRow, lock=True
)
count_redemption = Write(
    "update billing_coupons set redemptions = redemptions + 1 where tenant_id = :tenant and code = :code"
)
coupons = Query(
    "select * from billing_coupons where tenant_id = :tenant and code > :after order by code limit :limit",
    CouponRow,
    types={"limit": BIG},
)
