"""Functions and constants of the calculator."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from .numbers import ArithmeticFault, Number, divide, power

__all__ = ["CONSTANTS", "FUNCTIONS"]

Function = Callable[..., Number]

FACTORIAL = 450  # the largest number whose factorial is calculated
ROUND = 50  # most decimal places that are rounded to
ANGLE = 15  # decimal places that are kept of what sines and cosines are made of
FARTHEST = Decimal(10) ** 15  # of angles
EXPONENT = 5000  # the largest number that e is raised to

CONSTANTS: Mapping[str, Number] = {
    "pi": Number(Decimal("3.1415926535897932384626433832795028841972"), True),
    "tau": Number(Decimal("6.2831853071795864769252867665590057683943"), True),
    "e": Number(Decimal("2.7182818284590452353602874713526624977572"), True),
}
_HALF = Number(Fraction(1, 2))


def _whole(number: Number, what: str) -> int:
    if number.whole is None:
        raise ArithmeticFault(f"{what} takes whole numbers.")
    return number.whole


def _factorial(number: Number) -> Number:
    whole = _whole(number, "factorial")
    if not 0 <= whole <= FACTORIAL:
        raise ArithmeticFault(f"The factorial is calculated from 0 to {FACTORIAL}.")
    return Number(Fraction(math.factorial(whole)))


def _sqrt(number: Number) -> Number:
    if number.value < 0:
        raise ArithmeticFault("A negative number has no square root among the real numbers.")
    return power(number, _HALF)


def _cbrt(number: Number) -> Number:
    if number.value < 0:
        return -_cbrt(-number)
    found = Number(number.decimal ** (Decimal(1) / Decimal(3)), True) if number.value else number
    near = Fraction(round(found.value))
    return Number(near, True) if near**3 == number.exact else found


def _rounded(number: Number, places: Number | None = None) -> Number:
    count = 0 if places is None else _whole(places, "round")
    if abs(count) > ROUND:
        raise ArithmeticFault(f"round takes at most {ROUND} places.")
    scale = Fraction(10) ** count
    value = number.value if isinstance(number.value, Fraction) else Fraction(number.value)
    nearest = Fraction((abs(value) * scale + Fraction(1, 2)).__floor__()) / scale
    return Number(nearest if value >= 0 else -nearest, number.real and count > 0)


def _ceil(number: Number) -> Number:
    return -(-number).floor()


def _trunc(number: Number) -> Number:
    return number.floor() if number.value >= 0 else _ceil(number)


def _ln(number: Number) -> Number:
    if number.value <= 0:
        raise ArithmeticFault("Logarithms are of numbers above zero.")
    return Number(number.decimal.ln(), True)


def _log(number: Number, base: Number | None = None) -> Number:
    """To the base 10 unless another one is given."""
    if number.value <= 0 or (base is not None and (base.value <= 0 or base.value == 1)):
        raise ArithmeticFault("Logarithms are of numbers above zero, to bases above zero but not 1.")
    return _neat(number.decimal.log10() if base is None else number.decimal.ln() / base.decimal.ln())


def _neat(value: Decimal) -> Number:
    """What is whole but for its last digits is whole."""
    near = value.quantize(Decimal(1), ROUND_HALF_UP)
    return Number(Fraction(near), True) if abs(value - near) < Decimal("1e-30") else Number(value, True)


def _exp(number: Number) -> Number:
    if abs(number.decimal) > EXPONENT:
        raise ArithmeticFault(f"exp takes numbers to {EXPONENT}.")
    return Number(number.decimal.exp(), True)


def _angular(function: Callable[[float], float], number: Number) -> Number:
    if abs(number.decimal) > FARTHEST:
        raise ArithmeticFault("Angles go to 10^15.")
    try:
        found = function(float(number.value))
    except ValueError:
        raise ArithmeticFault("That has no value among the real numbers.") from None
    if abs(found) > 1e15:
        raise ArithmeticFault("That has no value: it is infinite.")
    kept = Decimal(repr(found)).quantize(Decimal(1).scaleb(-ANGLE))
    return Number(Fraction(kept), True) if kept == kept.to_integral_value() else Number(kept, True)


def _of_angle(function: Callable[[float], float]) -> Function:
    return lambda number: _angular(function, number)


def _gcd(*numbers: Number) -> Number:
    return Number(Fraction(math.gcd(*(_whole(number, "gcd") for number in numbers))))


def _lcm(*numbers: Number) -> Number:
    found = Number(Fraction(1))
    for number in numbers:  # one after the other, so that it is bounded on the way
        found = Number(Fraction(math.lcm(_whole(found, "lcm"), _whole(number, "lcm"))))
    return found


def _least(first: Number, *others: Number) -> Number:
    return min((first, *others), key=lambda number: number.value)


def _most(first: Number, *others: Number) -> Number:
    return max((first, *others), key=lambda number: number.value)


def _total(first: Number, *others: Number) -> Number:
    for other in others:
        first = first + other
    return first


def _times(first: Number, *others: Number) -> Number:
    for other in others:
        first = first * other
    return first


def _mean(first: Number, *others: Number) -> Number:
    return _total(first, *others) / Number(Fraction(1 + len(others)))


def _median(first: Number, *others: Number) -> Number:
    ordered = sorted((first, *others), key=lambda number: number.value)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else _mean(ordered[middle - 1], ordered[middle])


FUNCTIONS: Mapping[str, Function] = {
    "abs": lambda number: Number(abs(number.value), number.real),
    "acos": _of_angle(math.acos),
    "asin": _of_angle(math.asin),
    "atan": _of_angle(math.atan),
    "average": _mean,
    "avg": _mean,
    "cbrt": _cbrt,
    "ceil": _ceil,
    "cos": _of_angle(math.cos),
    "degrees": lambda number: number * Number(Fraction(180)) / CONSTANTS["pi"],
    "divide": divide,
    "exp": _exp,
    "factorial": _factorial,
    "floor": lambda number: number.floor(),
    "gcd": _gcd,
    "lcm": _lcm,
    "ln": _ln,
    "log": _log,
    "log10": lambda number: _log(number),
    "log2": lambda number: _log(number, Number(Fraction(2))),
    "max": _most,
    "mean": _mean,
    "median": _median,
    "min": _least,
    "mod": lambda left, right: left % right,
    "pow": power,
    "product": _times,
    "radians": lambda number: number * CONSTANTS["pi"] / Number(Fraction(180)),
    "round": _rounded,
    "sin": _of_angle(math.sin),
    "sqrt": _sqrt,
    "sum": _total,
    "tan": _of_angle(math.tan),
    "trunc": _trunc,
}
