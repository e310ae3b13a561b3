"""Parser of expressions: reads CEL text just far enough to extract its leaves.

A leaf is a path (``steps.extract.result.rows``), a test for one (``has(input.date)``) or a macro
(``input.files.filter(f, f.size > 0)``). The library evaluates the operators and functions around the leaves, in the text
with each leaf replaced by a variable. A value is therefore passed to the library only if it is used, a plain reference
needs no library, and the loops of macros can be limited here.

The grammar is that of CEL without operator precedence; the library parses the text too, and rejects bad syntax.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from agora.value_classes import value_class

__all__ = [
    "MAX_DEPTH",
    "MAX_TEXT",
    "Call",
    "Expression",
    "ExpressionError",
    "Has",
    "Leaf",
    "Macro",
    "Path",
    "find_end_of_reference",
    "parse_expression",
]

MAX_TEXT = 1000  #: most characters of an expression
MAX_DEPTH = 30  #: most levels of nested brackets
MAX_NESTED_MACROS = 2  #: most levels of nested macros, including the outermost
MACRO_ARITIES = {"all": (1,), "exists": (1,), "exists_one": (1,), "filter": (1,), "map": (1, 2)}
TYPES = frozenset(["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"])

_TOKEN = re.compile(
    r"""(?P<space>(?:[ \t\r\n\f]+|//[^\n]*)+)
    |(?P<text>[bB]?[rR](?:\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|"[^"\r\n]*"|'[^'\r\n]*')
      |[bB]?(?:\"\"\"(?:\\[\s\S]|[^\\])*?\"\"\"|'''(?:\\[\s\S]|[^\\])*?'''
      |"(?:\\.|[^"\\\r\n])*"|'(?:\\.|[^'\\\r\n])*'))
    |(?P<number>0[xX][0-9a-fA-F]+[uU]?|(?:[0-9]*\.[0-9]+|[0-9]+)(?:[eE][+-]?[0-9]+)?[uU]?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]{}])""",
    re.VERBOSE,
)
_BINARY_OPERATORS = frozenset(["&&", "||", "==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%"])
_CONSTANTS = frozenset(["true", "false", "null"])
_PLAIN_TEXT = re.compile(r"""(?:"([^"\\]*)"|'([^'\\]*)')\Z""")


class ExpressionError(ValueError):
    """An expression is invalid, or cannot be evaluated with the known values."""


@value_class
class Path:
    """A root and the selections from it, by literal name or number."""

    parts: tuple[str | int, ...]
    start: int
    end: int


@value_class
class Has:
    """A test whether the last part of a path exists; the parts before it must exist."""

    path: Path
    start: int
    end: int


@value_class
class Macro:
    """A loop: ``target.kind(variable, *bodies)``."""

    kind: str
    target: Expression
    variable: str
    bodies: tuple[Expression, ...]
    start: int
    end: int


Leaf = Path | Has | Macro


@value_class
class Call:
    """A function call: name, whether it is a method call, and the argument if it is a single string literal."""

    name: str
    method: bool
    text: str | None = None


@value_class
class Expression:
    """A parsed expression. ``program``: its text for the library, with ``_0``, ``_1`` ... in place of its leaves."""

    program: str
    leaves: tuple[Leaf, ...]
    calls: tuple[Call, ...] = ()

    @property
    def is_single_leaf(self) -> bool:
        """Whether the expression is a single leaf."""
        return self.program == "_0"

    def iterate_paths(self, bound: frozenset[str] = frozenset()) -> Iterator[tuple[Path, frozenset[str]]]:
        """Iterate over all paths, including those in macros, each with the loop variables in scope."""
        for leaf in self.leaves:
            if isinstance(leaf, Macro):
                yield from leaf.target.iterate_paths(bound)
                for body in leaf.bodies:
                    yield from body.iterate_paths(bound | {leaf.variable})
            else:
                yield (leaf.path if isinstance(leaf, Has) else leaf), bound

    def iterate_calls(self) -> Iterator[Call]:
        """Iterate over all function calls, including those in macros."""
        yield from self.calls
        for leaf in self.leaves:
            if isinstance(leaf, Macro):
                for part in (leaf.target, *leaf.bodies):
                    yield from part.iterate_calls()


@dataclass(slots=True)
class _Part:
    """Leaves and calls found so far in one expression or macro part."""

    leaves: list[Leaf] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)


def _tokenize_expression(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield the kind, text and position of each token. Raises ExpressionError at an invalid one."""
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ExpressionError(f"syntax error at character {at + 1}: {text[at : at + 10]!r}")
        if match.lastgroup != "space":
            yield str(match.lastgroup), match.group(), at
        at = match.end()


def find_end_of_reference(text: str, start: int) -> int:
    """Find the position of the ``}`` that closes a reference whose expression begins at ``start``.

    Raises ExpressionError if there is none within the maximum length of an expression.
    """
    window = text[start : start + MAX_TEXT + 1]
    depth, problem = 0, "is not closed"
    try:
        # By tokens: a brace within a text literal closes nothing.
        for _, word, at in _tokenize_expression(window):
            depth += (word == "{") - (word == "}")
            if depth < 0:
                return start + at
    except ExpressionError as error:
        problem = f"has a {error}"
    if len(window) > MAX_TEXT:
        problem = f"is longer than {MAX_TEXT:,} characters, or is not closed"
    raise ExpressionError(f"the reference '${{{window[:40]}' {problem}")


@lru_cache(maxsize=2048)
def parse_expression(text: str) -> Expression:
    """Parse an expression. Raises ExpressionError if it is too long, too deeply nested, or not CEL."""
    if len(text) > MAX_TEXT:
        raise ExpressionError(f"an expression has at most {MAX_TEXT:,} characters")
    return _Parser(text).parse_text()


class _Parser:
    """Recursive descent parser over the tokens of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        # Several end tokens, because the parser looks ahead by up to three tokens.
        self.tokens = [*_tokenize_expression(text), *[("end", "", len(text))] * 4]
        self.at = self.depth = self.loops = 0
        self.part = _Part()

    def parse_text(self) -> Expression:
        expression = self._parse_subexpression()
        if self._next_kind != "end":
            raise self._build_unexpected_token_error()
        return expression

    # tokens

    @property
    def _next_kind(self) -> str:
        return self.tokens[self.at][0]

    @property
    def _next_sign(self) -> str:
        """Return the token if it is a sign or a name; an empty string for any other."""
        kind, token, _ = self.tokens[self.at]
        return token if kind in ("sign", "name") else ""

    @property
    def _token_start(self) -> int:
        return self.tokens[self.at][2]

    @property
    def _previous_token_end(self) -> int:
        """Return the end position of the previous token."""
        return self._token_end(self.at - 1)

    def _token_end(self, index: int) -> int:
        _, token, offset = self.tokens[index]
        return offset + len(token)

    def _take_token(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1][1]

    def _expect_token(self, sign: str) -> None:
        if self._next_sign != sign or self._next_kind != "sign":
            raise self._build_unexpected_token_error()
        self.at += 1

    def _build_unexpected_token_error(self) -> ExpressionError:
        kind, token, offset = self.tokens[self.at]
        description = "the end" if kind == "end" else repr(token[:20])
        return ExpressionError(f"syntax error at character {offset + 1}: unexpected {description}")

    # expressions

    def _parse_subexpression(self) -> Expression:
        """Parse an expression whose leaves are kept separate from those around it."""
        around, self.part = self.part, _Part()
        start = self._token_start
        try:
            self._parse_expression()
            return self._build_expression(self.part, start, self._previous_token_end)
        finally:
            self.part = around

    def _build_expression(self, part: _Part, start: int, end: int) -> Expression:
        pieces, at = [], start
        for number, leaf in enumerate(part.leaves):
            pieces += [self.text[at : leaf.start], f"_{number}"]
            at = leaf.end
        pieces.append(self.text[at:end])
        return Expression("".join(pieces), tuple(part.leaves), tuple(part.calls))

    def _parse_expression(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError(f"it is nested more than {MAX_DEPTH} deep")
        self._parse_operator_chain()
        # A loop, not recursion, for the else branch: chains of conditions nest to the right and do not count as depth.
        while self._next_sign == "?":
            self._take_token()
            self._parse_expression()
            self._expect_token(":")
            self._parse_operator_chain()
        self.depth -= 1

    def _parse_operator_chain(self) -> None:
        self._parse_operand()
        while self._next_sign in _BINARY_OPERATORS:
            self._take_token()
            self._parse_operand()

    def _parse_operand(self) -> None:
        while self._next_sign in ("!", "-") and self._next_kind == "sign":
            self.at += 1
        # Remembered so that a macro after this operand can take its leaves and calls as the target.
        mark, start, calls = len(self.part.leaves), self._token_start, len(self.part.calls)
        self._parse_primary()
        while self._next_sign in (".", "[") and self._next_kind == "sign":
            if self._next_sign == "[":
                self._parse_index(mark, start)
            else:
                self.at += 1
                self._parse_member(mark, calls, start)

    def _parse_primary(self) -> None:
        if self._next_kind in ("text", "number") or self._next_sign in _CONSTANTS:
            self.at += 1
        elif self._next_kind == "name" and self._next_sign != "in":
            self._parse_name()
        elif self._next_sign == "(":
            self._take_token()
            self._parse_expression()
            self._expect_token(")")
        elif self._next_sign == "[":
            self._take_token()
            self._parse_arguments("]")
        elif self._next_sign == "{":
            self._take_token()
            self._parse_map()
        else:
            raise self._build_unexpected_token_error()

    def _parse_name(self) -> None:
        start, name = self._token_start, self._take_token()
        if self._next_sign == "(" and name == "has":
            self._parse_has(start)
        elif self._next_sign == "(":
            self._parse_call(name, method=False)
        elif name not in TYPES:
            self.part.leaves.append(Path((name,), start, self._previous_token_end))

    def _parse_has(self, start: int) -> None:
        """Parse ``has(a.b)`` as a leaf; of other forms, such as ``has(a[i].b)``, only the leaves in the argument."""
        mark = len(self.part.leaves)
        self._expect_token("(")
        inside = self._token_start
        self._parse_expression()
        # Of a compound argument, only the leaves are taken: the library decides whether it may stand in has().
        path = self._find_current_path(mark, inside)
        self._expect_token(")")
        if path is None:
            self.part.calls.append(Call("has", False))
        else:
            self.part.leaves[-1] = Has(path, start, self._previous_token_end)

    def _parse_call(self, name: str, *, method: bool) -> None:
        self._expect_token("(")
        literal = None
        if self._next_kind == "text" and self.tokens[self.at + 1][1] == ")":
            literal = self.tokens[self.at][1]
        self._parse_arguments(")")
        self.part.calls.append(Call(name, method, literal))

    def _parse_arguments(self, closing: str) -> None:
        while self._next_sign != closing:
            self._parse_expression()
            if self._next_sign != closing:
                self._expect_token(",")
        self._expect_token(closing)

    def _parse_map(self) -> None:
        while self._next_sign != "}":
            self._parse_expression()
            self._expect_token(":")
            self._parse_expression()
            if self._next_sign != "}":
                self._expect_token(",")
        self._expect_token("}")

    # what follows a value

    def _find_current_path(self, mark: int, start: int, end: int | None = None) -> Path | None:
        """Return the value parsed so far as a path, if it consists of a single path."""
        leaf = self.part.leaves[-1] if len(self.part.leaves) == mark + 1 else None
        whole = (start, self._previous_token_end if end is None else end)
        return leaf if isinstance(leaf, Path) and (leaf.start, leaf.end) == whole else None

    def _parse_index(self, mark: int, start: int) -> None:
        path = self._find_current_path(mark, start)
        kind, token, _ = self.tokens[self.at + 1]
        literal = _parse_plain_index(kind, token) if self.tokens[self.at + 2][1] == "]" else None
        # A computed index is left to the library, which gets the whole value and the index.
        if path is not None and literal is not None:
            self.at += 3
            self.part.leaves[-1] = Path((*path.parts, literal), start, self._previous_token_end)
            return
        self._expect_token("[")
        self._parse_expression()
        self._expect_token("]")

    def _parse_member(self, mark: int, calls: int, start: int) -> None:
        if self._next_kind != "name" or self._next_sign == "in" or self._next_sign in _CONSTANTS:
            raise self._build_unexpected_token_error()
        # The dot is already consumed, so the value ends before it.
        end = self._token_end(self.at - 2)
        path = self._find_current_path(mark, start, end)
        if self.tokens[self.at + 1][1] != "(":
            name = self._take_token()
            if path is not None:
                self.part.leaves[-1] = Path((*path.parts, name), start, self._previous_token_end)
        elif self._is_at_macro_call():
            self._parse_macro(mark, calls, start, end)
        else:
            self._parse_call(self._take_token(), method=True)

    def _is_at_macro_call(self) -> bool:
        name, argument, comma = (self.tokens[self.at + ahead] for ahead in (0, 2, 3))
        return name[1] in MACRO_ARITIES and argument[0] == "name" and comma[1] == ","

    def _parse_macro(self, mark: int, calls: int, start: int, end: int) -> None:
        target = _Part(self.part.leaves[mark:], self.part.calls[calls:])
        # They move into the target's own expression, whose variables are numbered from zero.
        del self.part.leaves[mark:], self.part.calls[calls:]
        kind = self._take_token()
        self._expect_token("(")
        variable = self._take_token()
        if variable in TYPES:
            raise ExpressionError(f"{variable!r} is a type and cannot be the variable of {kind}()")
        self.loops += 1
        if self.loops > MAX_NESTED_MACROS:
            raise ExpressionError("macros may be nested at most two levels deep")
        bodies = []
        while self._next_sign == ",":
            self._take_token()
            bodies.append(self._parse_subexpression())
        self.loops -= 1
        self._expect_token(")")
        if len(bodies) not in MACRO_ARITIES[kind]:
            raise ExpressionError(
                f"{kind}() has a variable and {' or '.join(map(str, MACRO_ARITIES[kind]))} expressions"
            )
        expression = self._build_expression(target, start, end)
        self.part.leaves.append(Macro(kind, expression, variable, tuple(bodies), start, self._previous_token_end))


def _parse_plain_index(kind: str, token: str) -> str | int | None:
    """Return the value of a literal index, if it is plain."""
    if kind == "number" and token.isdigit():
        return int(token)
    match = _PLAIN_TEXT.match(token) if kind == "text" else None
    return None if match is None else match[1] or match[2] or ""
