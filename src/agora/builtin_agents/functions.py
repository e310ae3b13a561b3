"""Functions and constants of the calculator."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from .numbers import CalculationError, Number, divide_numbers, raise_to_power

__all__ = ["CONSTANTS", "FUNCTIONS"]

Function = Callable[..., Number]

# 450! has 1,001 digits.
MAX_FACTORIAL_ARGUMENT = 450  # largest argument of a factorial
MAX_DECIMAL_PLACES = 50  # maximum number of decimal places for rounding
ANGLE_DECIMAL_PLACES = 15  # decimal places of the arguments of trigonometric functions
# Beyond it, neighbouring floats are more than a tenth of a radian apart.
MAX_ANGLE = Decimal(10) ** 15  # maximum angle
MAX_EXP_ARGUMENT = 5000  # largest exponent of e

CONSTANTS: Mapping[str, Number] = {
    "pi": Number(Decimal("3.1415926535897932384626433832795028841972"), True),
    "tau": Number(Decimal("6.2831853071795864769252867665590057683943"), True),
    "e": Number(Decimal("2.7182818284590452353602874713526624977572"), True),
}
_HALF = Number(Fraction(1, 2))


def _require_whole_number(number: Number, operand: str) -> int:
    if number.as_integer is None:
        raise CalculationError(f"{operand} takes whole numbers.")
    return number.as_integer


def _factorial(number: Number) -> Number:
    whole = _require_whole_number(number, "factorial")
    if not 0 <= whole <= MAX_FACTORIAL_ARGUMENT:
        raise CalculationError(f"The factorial is calculated from 0 to {MAX_FACTORIAL_ARGUMENT}.")
    return Number(Fraction(math.factorial(whole)))


def _sqrt(number: Number) -> Number:
    if number.value < 0:
        raise CalculationError("A negative number has no square root among the real numbers.")
    return raise_to_power(number, _HALF)


def _cbrt(number: Number) -> Number:
    if number.value < 0:
        return -_cbrt(-number)
    root = Number(number.as_decimal ** (Decimal(1) / Decimal(3)), True) if number.value else number
    nearest = Fraction(round(root.value))
    return Number(nearest, True) if nearest**3 == number.as_fraction else root


def _round_to(number: Number, places: Number | None = None) -> Number:
    count = 0 if places is None else _require_whole_number(places, "round")
    if abs(count) > MAX_DECIMAL_PLACES:
        raise CalculationError(f"round takes at most {MAX_DECIMAL_PLACES} places.")
    scale = Fraction(10) ** count
    value = number.value if isinstance(number.value, Fraction) else Fraction(number.value)
    # Half away from zero, as people round; round() of Python rounds half to even.
    nearest = Fraction((abs(value) * scale + Fraction(1, 2)).__floor__()) / scale
    return Number(nearest if value >= 0 else -nearest, number.real and count > 0)


def _ceil(number: Number) -> Number:
    return -(-number).floor()


def _trunc(number: Number) -> Number:
    return number.floor() if number.value >= 0 else _ceil(number)


def _ln(number: Number) -> Number:
    if number.value <= 0:
        raise CalculationError("Logarithms need numbers above zero.")
    return Number(number.as_decimal.ln(), True)


def _log(number: Number, base: Number | None = None) -> Number:
    """Compute the logarithm to ``base``, 10 by default."""
    if number.value <= 0 or (base is not None and (base.value <= 0 or base.value == 1)):
        raise CalculationError("Logarithms need numbers above zero, and bases above zero other than 1.")
    return _snap_to_whole(number.as_decimal.log10() if base is None else number.as_decimal.ln() / base.as_decimal.ln())


def _snap_to_whole(value: Decimal) -> Number:
    """Round a value that differs from an integer by less than 1e-30: logarithms of powers are integers."""
    nearest = value.quantize(Decimal(1), ROUND_HALF_UP)
    return Number(Fraction(nearest), True) if abs(value - nearest) < Decimal("1e-30") else Number(value, True)


def _exp(number: Number) -> Number:
    if abs(number.as_decimal) > MAX_EXP_ARGUMENT:
        raise CalculationError(f"exp takes numbers up to {MAX_EXP_ARGUMENT}.")
    return Number(number.as_decimal.exp(), True)


def _evaluate_trigonometric(function: Callable[[float], float], number: Number) -> Number:
    if abs(number.as_decimal) > MAX_ANGLE:
        raise CalculationError("Angles are limited to 10^15.")
    try:
        value = function(float(number.value))
    except ValueError:
        raise CalculationError("The result is not a real number.") from None
    if abs(value) > 1e15:
        raise CalculationError("The result is infinite.")
    # A float has about 16 digits: unrounded, sin(pi) would be 1.2e-16.
    rounded = Decimal(repr(value)).quantize(Decimal(1).scaleb(-ANGLE_DECIMAL_PLACES))
    return Number(Fraction(rounded), True) if rounded == rounded.to_integral_value() else Number(rounded, True)


def _wrap_trigonometric(function: Callable[[float], float]) -> Function:
    return lambda number: _evaluate_trigonometric(function, number)


def _gcd(*numbers: Number) -> Number:
    return Number(Fraction(math.gcd(*(_require_whole_number(number, "gcd") for number in numbers))))


def _lcm(*numbers: Number) -> Number:
    multiple = Number(Fraction(1))
    for number in numbers:  # one by one, so that intermediate results are bounded
        multiple = Number(
            Fraction(math.lcm(_require_whole_number(multiple, "lcm"), _require_whole_number(number, "lcm")))
        )
    return multiple


def _find_least(first: Number, *others: Number) -> Number:
    return min((first, *others), key=lambda number: number.value)


def _find_greatest(first: Number, *others: Number) -> Number:
    return max((first, *others), key=lambda number: number.value)


def _add_all(first: Number, *others: Number) -> Number:
    for other in others:
        first = first + other
    return first


def _multiply_all(first: Number, *others: Number) -> Number:
    for other in others:
        first = first * other
    return first


def _compute_mean(first: Number, *others: Number) -> Number:
    return _add_all(first, *others) / Number(Fraction(1 + len(others)))


def _compute_median(first: Number, *others: Number) -> Number:
    ordered = sorted((first, *others), key=lambda number: number.value)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else _compute_mean(ordered[middle - 1], ordered[middle])


FUNCTIONS: Mapping[str, Function] = {
    "abs": lambda number: Number(abs(number.value), number.real),
    "acos": _wrap_trigonometric(math.acos),
    "asin": _wrap_trigonometric(math.asin),
    "atan": _wrap_trigonometric(math.atan),
    "average": _compute_mean,
    "avg": _compute_mean,
    "cbrt": _cbrt,
    "ceil": _ceil,
    "cos": _wrap_trigonometric(math.cos),
    "degrees": lambda number: number * Number(Fraction(180)) / CONSTANTS["pi"],
    "divide": divide_numbers,
    "exp": _exp,
    "factorial": _factorial,
    "floor": lambda number: number.floor(),
    "gcd": _gcd,
    "lcm": _lcm,
    "ln": _ln,
    "log": _log,
    "log10": lambda number: _log(number),
    "log2": lambda number: _log(number, Number(Fraction(2))),
    "max": _find_greatest,
    "mean": _compute_mean,
    "median": _compute_median,
    "min": _find_least,
    "mod": lambda left, right: left % right,
    "pow": raise_to_power,
    "product": _multiply_all,
    "radians": lambda number: number * CONSTANTS["pi"] / Number(Fraction(180)),
    "round": _round_to,
    "sin": _wrap_trigonometric(math.sin),
    "sqrt": _sqrt,
    "sum": _add_all,
    "tan": _wrap_trigonometric(math.tan),
    "trunc": _trunc,
}
