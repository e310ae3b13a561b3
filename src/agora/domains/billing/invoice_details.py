"""Details of an invoice at the time of issue: issuer, customer, tax and due date."""

from __future__ import annotations

from dataclasses import asdict

from pydantic_core import from_json

from agora.clock import SECOND
from agora.core.call import Call, encode_json
from agora.core.record_models import build_from_record
from agora.store.port import Reader
from agora.value_classes import value_class
from agora_sdk.contract import billing as contract
from agora_sdk.errors import PermissionDenied

from . import view_queries as statements
from .accounts import get_paying_account_of_caller, require_account
from .money import divide_half_up

__all__ = ["InvoiceDetails", "build_details", "compute_included_tax", "load_billing_profile", "save_profile_fields"]

DAY = 86_400 * SECOND
HUNDREDTHS_PER_PERCENT = 100  # of a percent


@value_class
class InvoiceDetails:
    """Details of an invoice. issuer, address: lines. tax_rate: included percentage.

    due_at: microseconds since 1970, 0 for none.
    """

    issuer: str = ""
    sender: str = ""
    name: str = ""
    address: str = ""
    tax_id: str = ""
    email: str = ""
    tax_name: str = ""
    tax_rate: float = 0.0
    due_at: int = 0

    @classmethod
    def from_json(cls, text: str | None) -> InvoiceDetails:
        """Parse the details of an invoice row; invoices of old releases have none."""
        # The details are copied into the invoice when it is issued: later changes of the profile do not change it.
        return cls(**from_json(text)) if text else cls()

    def to_json(self) -> str:
        """Serialize for the invoice row."""
        return encode_json(asdict(self))


def build_details(call: Call, profile: contract.BillingProfile, issued_at: int) -> InvoiceDetails:
    """Build the details of a new invoice. profile: of its customer. issued_at: microseconds since 1970."""
    settings = call.context.settings
    return InvoiceDetails(
        # An environment variable has no line breaks, so the setting writes them as a backslash and n.
        issuer=settings.billing_issuer.replace("\\n", "\n") or call.caller.tenant,
        sender=settings.billing_email,
        name=profile.name,
        address=profile.address,
        tax_id=profile.tax_id,
        email=profile.email,
        tax_name=settings.billing_tax_name,
        tax_rate=round(settings.billing_tax_rate, 2),
        due_at=issued_at + settings.billing_payment_days * DAY,
    )


def compute_included_tax(charges: int, rate: float) -> int:
    """Compute the tax included in charges, rounded half up. charges: in millionths. rate: percent with two decimal
    places."""
    share = round(rate * HUNDREDTHS_PER_PERCENT)
    # Prices include the tax, so it is a part of the charges and not added to them. Integers: floats would round half to even.
    tax = divide_half_up(abs(charges) * share, 100 * HUNDREDTHS_PER_PERCENT + share)
    return tax if charges >= 0 else -tax


async def load_billing_profile(tx: Reader, account: str) -> contract.BillingProfile:
    """Load the billing profile of an account; empty by default."""
    row = await tx.one(statements.select_profile, account=account)
    if row is None:
        return contract.BillingProfile(account_id=account)
    return build_from_record(contract.BillingProfile, row, account_id=account)


async def save_profile_fields(
    call: Call, account: str | None, values: dict[str, str | None]
) -> contract.BillingProfile:
    """Change the billing profile of an account. values: None if unchanged. Raises PermissionDenied, NotFound."""
    own_account = get_paying_account_of_caller(call.caller)
    name = call.target = account or own_account
    if name != own_account:
        if not call.caller.may("admin"):
            raise PermissionDenied(
                "Only the account itself may set its invoice details.",
                fix="Use a credential of the account, or ask an operator.",
            )
        await require_account(call.tx, name)
    profile = await load_billing_profile(call.tx, name)
    updated_fields = {field: getattr(profile, field) if value is None else value for field, value in values.items()}
    await call.tx.execute(
        statements.upsert_profile, account=name, **updated_fields, now=call.now, by=call.caller.subject
    )
    return await load_billing_profile(call.tx, name)
