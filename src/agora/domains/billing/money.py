"""Money as integer millionths internally and decimal numbers externally; UTC days and months as integers.

All rounding goes through :func:`divide_half_up`: half a millionth and more is rounded up.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from agora.clock import to_datetime, to_microseconds
from agora_sdk.contract.currencies import decimal_places
from agora_sdk.errors import InvalidRequest, field_error

__all__ = [
    "FIRST_DAY",
    "LAST_DAY",
    "MICROS",
    "compute_end_of_month",
    "compute_next_month",
    "compute_previous_month",
    "convert_date_to_day_number",
    "convert_to_day_number",
    "convert_to_month_number",
    "divide_half_up",
    "format_amount",
    "format_month",
    "from_micros",
    "parse_month",
    "reject_fractional_units",
    "to_micros",
]

MICROS = 1_000_000
FIRST_DAY, LAST_DAY = 0, 99_991_231


def to_micros(amount: float) -> int:
    """Convert an amount with at most six decimal places to millionths, exactly."""
    # By its shortest notation: Decimal(0.1) is the value of the float, which is slightly more.
    return int(Decimal(repr(amount)) * MICROS)


def from_micros(amount: int) -> float:
    """Convert millionths to an amount; exact up to nine billion."""
    return amount / MICROS


def format_amount(amount: int, currency: str) -> str:
    """Format an amount in millionths for errors: ``0.25 USD``."""
    return f"{from_micros(amount):.6f}".rstrip("0").rstrip(".") + f" {currency}"


def reject_fractional_units(currency: str, **amounts: float | None) -> None:
    """Check that amounts are whole in a currency without decimal places. amounts: by field name.

    Raises InvalidRequest.
    """
    if decimal_places(currency):
        return
    parts = [name for name, amount in amounts.items() if amount is not None and amount != int(amount)]
    if parts:
        raise InvalidRequest(
            f"{currency} has no decimal places.",
            fix=f"Give a whole number of {currency}.",
            errors=[field_error(name, "not a whole number") for name in parts],
        )


def divide_half_up(numerator: int, denominator: int) -> int:
    """Divide two non-negative integers, rounding half up."""
    return (2 * numerator + denominator) // (2 * denominator)


def convert_date_to_day_number(value: date) -> int:
    """Convert a date to a day number: 20261130 for 2026-11-30."""
    return value.year * 10_000 + value.month * 100 + value.day


def convert_to_day_number(microseconds: int) -> int:
    """Return the day number of a time."""
    return convert_date_to_day_number(to_datetime(microseconds).date())


def convert_to_month_number(microseconds: int) -> int:
    """Return the month number of a time: 202611."""
    return convert_to_day_number(microseconds) // 100


def compute_next_month(month: int) -> int:
    year, number = divmod(month, 100)
    return month + 1 if number < 12 else (year + 1) * 100 + 1


def compute_previous_month(month: int) -> int:
    year, number = divmod(month, 100)
    return month - 1 if number > 1 else (year - 1) * 100 + 12


def format_month(month: int) -> str:
    """Format a month number: 2026-11 for 202611."""
    return f"{month // 100:04d}-{month % 100:02d}"


def parse_month(text: str) -> int:
    """Parse a month to its number: 202611 for 2026-11."""
    return int(text.replace("-", ""))


def compute_end_of_month(microseconds: int) -> int:
    """Return the end of a time's month, in microseconds since 1970."""
    year, month = divmod(compute_next_month(convert_to_month_number(microseconds)), 100)
    return to_microseconds(datetime(year, month, 1, tzinfo=UTC))
