"""Arithmetic expressions: a bounded recursive descent parser and evaluator, exact for fractions.

::

    sum      = product (("+" | "-") product)*            a percentage on the right is one of the left: 200 + 10%
    product  = signed (("*" | "/" | "//" | "%" | "of" | nothing) signed)*
    signed   = ("+" | "-") signed | power
    power    = postfix ("^" signed)?                      from right to left; -2^2 is -4
    postfix  = atom ("!" | "%")*                          "%" is the remainder where an operand follows it
    atom     = number | constant | function "(" sum ("," sum)* ")" | "(" sum ")"

Whole numbers and fractions are kept as fractions; roots, logarithms and angles as decimals of 40 digits, of which
15 are printed. Length, depth and the size of numbers are bounded, so evaluation time is bounded too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Context, Decimal, DecimalException, DivisionByZero, InvalidOperation, Overflow, localcontext
from fractions import Fraction

from agora.value_classes import value_class

from .functions import CONSTANTS, FUNCTIONS
from .numbers import DECIMAL_DIGITS, CalculationError, Number, divide_numbers, quote_expression_token, raise_to_power

__all__ = ["MAX_EXPRESSION_CHARACTERS", "CalculationError", "Number", "evaluate_expression"]

MAX_EXPRESSION_CHARACTERS = 2000  #: limit of an expression
MAX_DEPTH = 50
MAX_TOKENS = 500
MAX_DIGITS = 100  # limit of a number's digits
MAX_EXPONENT = 300
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<name>[A-Za-z_][A-Za-z_0-9]*)
      | (?P<sign>\*\*|//|[-+*/^%!(),])
    )""",
    re.VERBOSE,
)
_THOUSANDS = re.compile(r"(?<![\d.,\w])\d{1,3}(?:,\d{3})+(?![\d,])")
_SIGNS = str.maketrans(
    {"×": "*", "·": "*", "∙": "*", "÷": "/", "−": "-", "–": "-", "∕": "/", "π": " pi ", "τ": " tau "}  # noqa: RUF001
)
_CONTEXT = Context(prec=DECIMAL_DIGITS, traps=[InvalidOperation, DivisionByZero, Overflow])


@value_class
class _Token:
    kind: str  # number, name, sign, end
    text: str


def evaluate_expression(expression: str) -> Number:
    """Evaluate an expression. Raises CalculationError with a message for the requester."""
    if len(expression) > MAX_EXPRESSION_CHARACTERS:
        raise CalculationError(
            f"The expression has {len(expression)} characters; at most {MAX_EXPRESSION_CHARACTERS} are read."
        )
    with localcontext(_CONTEXT):
        try:
            return _Parser(_tokenize_expression(_normalize_expression(expression))).parse_expression()
        except (DecimalException, OverflowError):
            raise CalculationError("An intermediate result is too large or undefined.") from None


def _normalize_expression(expression: str) -> str:
    """Replace typographic signs by ASCII operators and remove thousands separators."""
    text = expression.translate(_SIGNS)
    text = re.sub(r"√\s*(\d+(?:\.\d+)?)", r"sqrt(\1)", text).replace("√", "sqrt")
    text = text.replace("²", "^2").replace("³", "^3").replace("½", "(1/2)").replace("¼", "(1/4)").replace("¾", "(3/4)")
    text = re.sub(r"(?<=[\d)])\s*[xX]\s*(?=[\d(])", "*", text)
    if "(" not in text:  # between parentheses commas separate arguments
        text = _THOUSANDS.sub(lambda match: match.group().replace(",", ""), text)
    return text.replace("**", "^")


def _tokenize_expression(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at, text = 0, text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise CalculationError(f"{text[at:].strip()[:20]!r} cannot be calculated.")
        kind = match.lastgroup or ""
        tokens.append(_Token(kind, match[kind]))
        at = match.end()
        if len(tokens) > MAX_TOKENS:
            raise CalculationError(f"The expression has more than {MAX_TOKENS} numbers and signs.")
    return [*tokens, _Token("end", "")]


class _Parser:
    """Recursive descent; each method evaluates one rule of the grammar above."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens, self._index, self._depth = tokens, 0, 0

    @property
    def _next_token(self) -> _Token:
        return self._tokens[self._index]

    def _accept_sign(self, *signs: str) -> str | None:
        token = self._next_token
        if token.kind in ("sign", "name") and token.text in signs:
            self._index += 1
            return token.text
        return None

    def _next_token_begins_operand(self) -> bool:
        token = self._next_token
        return token.kind == "number" or token.text == "(" or (token.kind == "name" and token.text != "of")

    def parse_expression(self) -> Number:
        if self._next_token.kind == "end":
            raise CalculationError("There is nothing to calculate.")
        value = self._parse_sum()
        if self._next_token.kind != "end":
            raise CalculationError(f"{self._next_token.text!r} is not allowed at this place.")
        return value

    def _parse_sum(self) -> Number:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise CalculationError(f"The expression is nested deeper than {MAX_DEPTH} levels.")
        value = self._parse_product()
        while sign := self._accept_sign("+", "-"):
            right = self._parse_product()
            if right.percent:
                right = value * right
            value = value + right if sign == "+" else value - right
        self._depth -= 1
        return value

    def _parse_product(self) -> Number:
        value = self._parse_signed()
        while True:
            if sign := self._accept_sign("*", "/", "//", "%", "of"):
                value = _MULTIPLICATIVE_OPERATORS[sign](value, self._parse_signed())
            # No product of two numbers in a row: "2 3" is more likely a mistake, such as a lost operator.
            elif self._next_token_begins_operand() and self._next_token.kind != "number":
                value = value * self._parse_signed()  # 2(3 + 4), 2 pi
            else:
                return value

    def _parse_signed(self) -> Number:
        minus = False
        signs = 0
        while sign := self._accept_sign("+", "-"):
            minus ^= sign == "-"
            signs += 1
            if signs > MAX_DEPTH:
                raise CalculationError(f"There are more than {MAX_DEPTH} signs in a row.")
        value = self._parse_power()
        return -value if minus else value

    def _parse_power(self) -> Number:
        value = self._parse_postfix()
        if not self._accept_sign("^"):
            return value
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise CalculationError(f"The expression is nested deeper than {MAX_DEPTH} levels.")
        result = raise_to_power(value, self._parse_signed())
        self._depth -= 1
        return result

    def _parse_postfix(self) -> Number:
        value = self._parse_atom()
        while True:
            if self._accept_sign("!"):
                value = FUNCTIONS["factorial"](value)
            elif self._next_token.text == "%" and not self._is_modulo():
                self._index += 1
                value = (value / _HUNDRED).as_percent()
            else:
                return value

    def _is_modulo(self) -> bool:
        """Whether the next percent sign is between two operands, and therefore means modulo."""
        following = self._tokens[self._index + 1]
        return (following.kind in ("number", "name") and following.text != "of") or following.text == "("

    def _parse_atom(self) -> Number:
        token = self._next_token
        self._index += 1
        if token.kind == "number":
            return _parse_literal(token.text)
        if token.text == "(":
            value = self._parse_sum()
            self._expect_sign(")")
            return value.without_percent()
        if token.kind == "name":
            return self._parse_name(token.text)
        if token.kind == "end":
            raise CalculationError("The expression ends where a number should follow.")
        raise CalculationError(f"A number is expected where {token.text!r} is.")

    def _parse_name(self, name: str) -> Number:
        key = name.lower()
        if key in CONSTANTS:
            return CONSTANTS[key]
        if key not in FUNCTIONS:
            raise CalculationError(f"{quote_expression_token(name)} cannot be calculated.")
        if not self._accept_sign("("):
            raise CalculationError(f"Write {key}(...), with its arguments between the parentheses.")
        arguments = [self._parse_sum()]
        while self._accept_sign(","):
            arguments.append(self._parse_sum())
        self._expect_sign(")")
        try:
            return FUNCTIONS[key](*arguments)
        except TypeError:
            raise CalculationError(f"{key} does not take {len(arguments)} numbers.") from None

    def _expect_sign(self, sign: str) -> None:
        if not self._accept_sign(sign):
            actual = repr(self._next_token.text) if self._next_token.text else "the end"
            raise CalculationError(f"{sign!r} is expected where {actual} is.")


def _parse_literal(text: str) -> Number:
    mantissa, _, exponent = text.lower().partition("e")
    if sum(letter.isdigit() for letter in mantissa) > MAX_DIGITS:
        raise CalculationError(f"A number has more than {MAX_DIGITS} digits.")
    if len(exponent) > 5 or abs(int(exponent or 0)) > MAX_EXPONENT:
        raise CalculationError(f"{text[:20]} is too large or too small; exponents are limited to {MAX_EXPONENT}.")
    return Number(Fraction(Decimal(text)), real="." in text or bool(exponent))


_HUNDRED = Number(Fraction(100))
_MULTIPLICATIVE_OPERATORS: Mapping[str, Callable[[Number, Number], Number]] = {
    "*": lambda left, right: left * right,
    "of": lambda left, right: left * right,
    "/": divide_numbers,
    "//": lambda left, right: left // right,
    "%": lambda left, right: left % right,
}
