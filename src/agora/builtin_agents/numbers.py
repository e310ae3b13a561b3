"""Numbers of the calculator: exact fractions if possible, else decimals; bounded in size."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from math import isqrt

from agora.value_classes import value_class

__all__ = [
    "DECIMAL_DIGITS",
    "DISPLAYED_DIGITS",
    "MAX_BITS",
    "CalculationError",
    "Number",
    "divide_numbers",
    "quote_expression_token",
    "raise_to_power",
]

MAX_BITS = 4096  #: limit of a numerator or denominator
MAX_EXPONENT = 5000  #: decimals are smaller than ten to this power
DECIMAL_DIGITS = 40  #: precision of decimals
DISPLAYED_DIGITS = 15  #: displayed digits of non-integers
_LEAST_PLAIN, _PLAIN_EXPONENTS = -7, 21  # numbers between these powers of ten are written without an exponent


class CalculationError(ValueError):
    """The calculation is invalid; the message is for people."""


@value_class
class Number:
    """A value. real: result of a division or a decimal point, so that an integer is displayed as 25.0. percent: a
    percentage."""

    value: Fraction | Decimal
    real: bool = False
    percent: bool = False

    def __post_init__(self) -> None:
        value = self.value
        if isinstance(value, Fraction) and max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
            raise build_number_size_error()
        if isinstance(value, Decimal) and value and abs(value.adjusted()) > MAX_EXPONENT:
            raise build_number_size_error()

    @property
    def as_fraction(self) -> Fraction | None:
        """Return the exact value, if known."""
        return self.value if isinstance(self.value, Fraction) else None

    @property
    def as_integer(self) -> int | None:
        """Return the value if it is an integer."""
        return int(self.value) if isinstance(self.value, Fraction) and self.value.denominator == 1 else None

    @property
    def as_decimal(self) -> Decimal:
        if isinstance(self.value, Decimal):
            return self.value
        return Decimal(self.value.numerator) / Decimal(self.value.denominator)

    def without_percent(self) -> Number:
        return replace(self, percent=False) if self.percent else self

    def as_percent(self) -> Number:
        return replace(self, percent=True, real=True)

    def __add__(self, other: Number) -> Number:
        if isinstance(self.value, Fraction) and isinstance(other.value, Fraction):
            return Number(self.value + other.value, self.real or other.real)
        return Number(self.as_decimal + other.as_decimal, True)

    def __neg__(self) -> Number:
        return Number(-self.value, self.real)

    def __sub__(self, other: Number) -> Number:
        return self + -other

    def __mul__(self, other: Number) -> Number:
        if isinstance(self.value, Fraction) and isinstance(other.value, Fraction):
            return Number(self.value * other.value, self.real or other.real)
        return Number(self.as_decimal * other.as_decimal, True)

    def __truediv__(self, other: Number) -> Number:
        if not other.value:
            raise CalculationError("Division by zero has no result.")
        if isinstance(self.value, Fraction) and isinstance(other.value, Fraction):
            return Number(self.value / other.value, True)
        return Number(self.as_decimal / other.as_decimal, True)

    def __floordiv__(self, other: Number) -> Number:
        return (self / other).floor()

    def __mod__(self, other: Number) -> Number:
        return replace(self - other * (self // other), real=self.real or other.real)

    def floor(self) -> Number:
        if isinstance(self.value, Decimal) and self.value.adjusted() > DECIMAL_DIGITS:
            raise build_number_size_error()
        return Number(Fraction(self.value.__floor__()))

    # -- formatting ------------------------------------------------------------------------------

    def __str__(self) -> str:
        """Format as in ``The result is ...``: integers in full, others with 15 digits."""
        whole = self.as_integer
        if whole is not None and not (self.real and abs(whole) >= 10**DISPLAYED_DIGITS):
            return f"{whole}.0" if self.real else str(whole)
        return _format_decimal(self.as_decimal)

    @property
    def json(self) -> int | float | str:
        """Convert to data: a number if JSON parsers preserve it, else its text."""
        whole = self.as_integer
        if whole is not None and abs(whole) < 2**53:
            return float(whole) if self.real else whole
        if whole is not None:
            return str(self)
        # float() of a decimal above 1.8e308 is infinity, which JSON does not have.
        number = float(self.as_decimal)
        return number if abs(number) < 1e300 else str(self)

    @property
    def fraction_text(self) -> str | None:
        """Format the exact fraction, if the decimals are truncated."""
        value = self.as_fraction
        if value is None or value.denominator == 1 or Fraction(Decimal(_format_decimal(self.as_decimal))) == value:
            return None
        return f"{value.numerator}/{value.denominator}"


def _format_decimal(value: Decimal) -> str:
    """Format with 15 significant digits, without trailing zeros."""
    if not value:
        return "0.0"
    rounded = Decimal(f"{value:.{DISPLAYED_DIGITS - 1}e}").normalize()
    if not _LEAST_PLAIN <= rounded.adjusted() < _PLAIN_EXPONENTS:
        return f"{rounded:e}"
    text = f"{rounded:f}"
    return text if "." in text else f"{text}.0"


def build_number_size_error() -> CalculationError:
    return CalculationError(
        f"The numbers get too large or too small: at most {MAX_BITS * 3 // 10} digits are supported."
    )


def divide_numbers(left: Number, right: Number) -> Number:
    """Divide two numbers."""
    return left / right


def raise_to_power(base: Number, exponent: Number) -> Number:
    """Raise to a power: exact for integer exponents. Raises CalculationError if the result is not real or too large."""
    whole = exponent.as_integer
    if not base.value and exponent.value < 0:
        raise CalculationError("Zero has no negative powers.")
    if whole is not None and isinstance(base.value, Fraction):
        # Estimated before the power is computed, which for 9^9^9 would fill the memory: a number of n bits is at least 2^(n-1).
        size = max(base.value.numerator.bit_length(), base.value.denominator.bit_length())
        if size > 1 and abs(whole) * (size - 1) > MAX_BITS:
            raise build_number_size_error()
        return Number(Fraction(base.value**whole), base.real or exponent.real or whole < 0)
    if base.value < 0:
        raise CalculationError("A negative number has no such power among the real numbers.")
    if (root := _compute_exact_square_root(base, exponent)) is not None:
        return root
    return Number(base.as_decimal**exponent.as_decimal, True)


def _compute_exact_square_root(base: Number, exponent: Number) -> Number | None:
    """Compute a rational square root, if the exponent is one half."""
    if exponent.as_fraction != Fraction(1, 2) or not isinstance(base.value, Fraction):
        return None
    top, bottom = isqrt(base.value.numerator), isqrt(base.value.denominator)
    root = Fraction(top, bottom)
    return Number(root, True) if root * root == base.value else None


def quote_expression_token(name: str) -> str:
    """Quote a token of the expression in an answer."""
    return repr(name if len(name) <= 30 else name[:30] + "...")
