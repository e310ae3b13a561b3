"""Discounts, free quotas and coupons."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from ..fields import Timestamp
from ..results import Page, Result
from .usage import EntryKind

__all__ = ["Coupon", "CouponCode", "CouponPage", "Discount", "FreeQuota", "Reductions"]

CouponCode = Annotated[
    str, Field(min_length=3, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", examples=["WELCOME-2026"])
]


class Discount(Result):
    """A percentage discount on all charges of an account."""

    account_id: str
    percent: float
    until: Timestamp | None = None


class FreeQuota(Result):
    """Free monthly usage (UTC) of an agent per account."""

    agent_id: str
    agent_name: str | None = None
    kind: EntryKind
    quantity: float = Field(description="0 if the quota was removed.")
    unit: str


class Reductions(Result):
    """Current discounts and free quotas."""

    discounts: list[Discount]
    free_quotas: list[FreeQuota]


class Coupon(Result):
    """A code that gives credit once per account."""

    code: str
    amount: float
    currency: str
    expires_at: Timestamp | None = None
    max_redemptions: int | None = None
    redemptions: int = 0


class CouponPage(Page[Coupon]):
    items_field: ClassVar[str] = "coupons"

    coupons: list[Coupon]
