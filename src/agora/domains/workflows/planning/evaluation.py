"""Evaluation of expressions: paths and macros are evaluated here, operators and functions by the CEL library.

The library has no limits of its own and copies a value at each use, so all of its inputs and outputs are charged to a
budget (:class:`WorkBudget`).
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from math import isfinite
from typing import Any

from .syntax import Expression, ExpressionError, Has, Macro, Path

__all__ = [
    "MAX_WORK_UNITS",
    "WorkBudget",
    "call_with_expression_errors",
    "compile_program",
    "compute_pattern_weight",
    "evaluate_expression",
    "to_plain_json",
]

MAX_WORK_UNITS = 20_000
MAX_PATTERN = 5_000
CHARACTERS_PER_WORK_UNIT = 500  #: characters of text that cost as much as one value

Scope = Mapping[str, Any]

_OWN_VARIABLE = re.compile(r"'(_[0-9]+)'")
_LITERAL = re.compile(r"""([bB]?)([rR]?)(\"{3}|'{3}|"|')(.*)\3\Z""", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_COSTLY_CLASS = re.compile(r"\\[wWpP]")
_WIDE_CLASS = re.compile(r"\\[dDsSbB]|\.")
_COUNTED_REPETITION = re.compile(r"\{[\s0-9,]*\}")
_NESTED_REPETITION = re.compile(r"[)}?*+]\s*\{[\s0-9,]|\(\?(?!:|i\))")


class WorkBudget:
    """Remaining work, in units of about one to three microseconds.

    Each time a value is passed to or from the library, it costs 1, and 1 more for each value or key in it and for each
    500 characters of text; a library call has a small cost by the length of its text. The 20,000 units of one budget take
    some tens of milliseconds at worst. Raises ExpressionError when they are spent.
    """

    __slots__ = ("left",)

    def __init__(self, units: int = MAX_WORK_UNITS) -> None:
        self.left = units

    def spend_units(self, units: int) -> None:
        """Spend units. Raises ExpressionError if too few are left."""
        self.left -= units
        if self.left < 0:
            raise ExpressionError("this is too much work for an expression: its lists or texts are too large")

    def spend_for_value(self, value: Any, times: int = 1) -> int:
        """Spend the cost of a value; return the number of characters of text in it."""
        if value is None or type(value) in (bool, int, float):
            self.spend_units(times)
            return 0
        nodes = characters = 0
        pending_values = [value]
        while pending_values:
            part = pending_values.pop()
            nodes += 1
            if isinstance(part, str):
                characters += len(part)
            elif isinstance(part, Mapping):
                pending_values.extend(part)
                pending_values.extend(part.values())
            elif isinstance(part, (list, tuple)):
                pending_values.extend(part)
            # Stops measuring once the budget is exceeded, so that measuring a huge value is bounded too.
            if nodes + len(pending_values) + characters // CHARACTERS_PER_WORK_UNIT > self.left:
                break
        self.spend_units((nodes + len(pending_values) + characters // CHARACTERS_PER_WORK_UNIT) * times)
        return characters


def _load_library() -> Any:
    """Load the library on first use: its package imports a command-line interface, which takes 70 ms and 10 MB."""
    import cel

    return cel


def call_with_expression_errors(call: Callable[[Any], Any], argument: Any) -> Any:
    """Call the library. Raises ExpressionError for any error, including its panics, which are no Exceptions."""
    try:
        return call(argument)
    except Exception as error:
        raise ExpressionError(str(error)) from error
    # A panic of the Rust library is a PanicException, derived from BaseException: uncaught, it would end the server.
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise ExpressionError("the expression cannot be evaluated") from error


@lru_cache(maxsize=2048)
def compile_program(program: str) -> Any:
    """Compile a program with the library. Raises ExpressionError for a syntax error."""
    try:
        return call_with_expression_errors(_load_library().compile, program)
    except ExpressionError as error:
        raise ExpressionError(_shorten_syntax_error(str(error))) from None


def _shorten_syntax_error(message: str) -> str:
    """Return the line with position and cause of a syntax error, without the list of expected tokens."""
    match = re.search(r"ERROR: <input>:(\d+):(\d+): (?:Syntax error: )?(.*)", message)
    if match is None:
        return "syntax error"
    line, column, what = match.groups()
    location = f"character {column}" if line == "1" else f"line {line}, character {column}"
    return f"syntax error at {location}: {what.split(' expecting ')[0]}"


def _unquote_pattern(literal: str) -> str:
    """Return a literal's regular expression. Raises ExpressionError if it contains escapes that change its meaning."""
    match = _LITERAL.match(literal)
    if match is None or match[1]:
        raise ExpressionError("the pattern of matches() must be a text")
    if match[2]:
        return match[4]
    if any(escaped not in "\\\"'nt" for escaped in _ESCAPE.findall(match[4])):
        raise ExpressionError("a pattern of matches() must not contain escape sequences; write it raw, as r'[0-9]+'")
    return _ESCAPE.sub(r"\1", match[4])


@lru_cache(maxsize=512)
def compute_pattern_weight(literal: str) -> tuple[int, int]:
    """Compute the cost units to compile a regular expression, charged per use, and its number of states per character.

    Raises ExpressionError for a large pattern, or one whose size cannot be determined from its text: counted repetitions
    of a group or of a repetition, and flags other than ``(?i)``.
    """
    pattern = _unquote_pattern(literal)
    if _NESTED_REPETITION.search(pattern):
        raise ExpressionError("a pattern of matches() repeats no group by count and has no flag but (?i)")
    counts = (int(count) for part in _COUNTED_REPETITION.findall(pattern) for count in re.findall("[0-9]+", part))
    # An upper bound: every character is counted as if it were in the largest repetition.
    times = max(counts, default=1) or 1
    # Unicode classes compile to hundreds of states, ASCII ones and the dot to tens.
    prepared = (
        len(pattern) + 300 * len(_COSTLY_CLASS.findall(pattern)) + 30 * len(_WIDE_CLASS.findall(pattern))
    ) * times
    if prepared > MAX_PATTERN:
        raise ExpressionError("the pattern of matches() is too large, with its repetitions")
    try:
        # Executed: the library compiles a pattern only when it is used.
        call_with_expression_errors(compile_program(f"''.matches({literal})").execute, _load_library().Context({}))
    except ExpressionError:
        raise ExpressionError("the pattern of matches() is not a regular expression of RE2") from None
    return prepared, len(pattern) * times


def evaluate_expression(expression: Expression, scope: Scope, work: WorkBudget) -> Any:
    """Evaluate to a value of the library's types. Raises ExpressionError if it has no value or exceeds the budget."""
    if expression.is_single_leaf:
        work.spend_units(1)
        return _evaluate_leaf(expression, 0, scope, work)
    return _Evaluation(expression, scope, work).evaluate_program()


class _Evaluation:
    """One evaluation of an expression by the library.

    Failing leaves are omitted, so that the library applies the rules of CEL: ``failing || true`` is true.
    """

    def __init__(self, expression: Expression, scope: Scope, work: WorkBudget) -> None:
        self.expression, self.scope, self.work = expression, scope, work
        self.values: dict[str, Any] = {}
        self.failures: dict[str, ExpressionError] = {}
        # Each use copies the values combined so far, so the cost of many leaves exceeds the sum of their costs.
        self.times = 1 + len(expression.leaves) // 20
        self.characters = len(expression.program)

    def evaluate_program(self) -> Any:
        program, lazy = compile_program(self.expression.program), False
        self.work.spend_units(2 + len(self.expression.program) // 20)
        for number, leaf in enumerate(self.expression.leaves):
            if isinstance(leaf, Macro):
                lazy = True
            else:
                self._evaluate_leaf_into_values(number)
        self._charge_patterns()
        try:
            # Only macros need a context with a resolver.
            result = call_with_expression_errors(program.execute, self._build_context() if lazy else self.values)
        except ExpressionError as error:
            raise self._find_root_error(error) from None
        self.work.spend_units(0)
        self.work.spend_for_value(result)
        return _sort_keys(result)

    def _evaluate_leaf_into_values(self, number: int) -> None:
        name = f"_{number}"
        try:
            value = _evaluate_leaf(self.expression, number, self.scope, self.work)
            self.characters += self.work.spend_for_value(value, self.times)
            self.values[name] = value
        except ExpressionError as error:
            self.failures[name] = error

    def _build_context(self) -> Any:
        """Build the library's variable lookup; it evaluates leaves lazily, so macros run only when their value is needed."""
        context = _load_library().Context(self.values)
        context.set_variable_resolver(self._resolve_variable)
        return context

    def _resolve_variable(self, name: str) -> Any:
        if name not in self.values and name not in self.failures:
            self._evaluate_leaf_into_values(int(name[1:]))
        # None makes the library report the variable as undeclared, by its name, from which _find_root_error finds the cause.
        return self.values.get(name)

    def _find_root_error(self, error: ExpressionError) -> ExpressionError:
        """Return the error of the leaf that caused the expression to fail, else the error itself."""
        # The budget may have been exceeded in a leaf, whose error the library absorbs (failing || true).
        self.work.spend_units(0)
        missing = _OWN_VARIABLE.search(str(error))
        if missing is not None and missing[1] in self.failures:
            return self.failures[missing[1]]
        return error

    def _charge_patterns(self) -> None:
        for call in self.expression.calls:
            if call.name == "matches":
                if call.text is None:
                    raise ExpressionError("the pattern of matches() must be a text literal")
                prepared, states = compute_pattern_weight(call.text)
                self.work.spend_units(prepared + states * self.characters // 60)


def _evaluate_leaf(expression: Expression, number: int, scope: Scope, work: WorkBudget) -> Any:
    leaf = expression.leaves[number]
    if isinstance(leaf, Path):
        return _follow_path(leaf.parts, scope)
    if isinstance(leaf, Has):
        return _has_path(leaf.path, scope)
    return _MACROS[leaf.kind](leaf, _Loop(leaf, scope, work))


# paths


def _follow_path(parts: Sequence[str | int], scope: Scope) -> Any:
    value: Any = scope
    for at, part in enumerate(parts):
        if isinstance(value, Mapping):
            if part not in value:
                raise ExpressionError(_describe_missing(parts, at))
            value = value[part]
        elif isinstance(value, (list, tuple)) and isinstance(part, int):
            if part >= len(value):
                raise ExpressionError(f"{_format_path(parts[:at])} has {len(value)} items, and none at {part}")
            value = value[part]
        else:
            raise ExpressionError(
                f"{_format_path(parts[:at])} is {_describe_kind(value)}, and has no {_quote_part(part)}"
            )
    return value


def _has_path(path: Path, scope: Scope) -> bool:
    *before, last = path.parts
    value = _follow_path(before, scope)
    if not isinstance(value, Mapping):
        raise ExpressionError(f"{_format_path(before)} is {_describe_kind(value)}, and has no {_quote_part(last)}")
    return last in value


def _describe_missing(parts: Sequence[str | int], at: int) -> str:
    return (
        f"{_quote_part(parts[at])} is not known here"
        if at == 0
        else f"{_format_path(parts[:at])} has no {_quote_part(parts[at])}"
    )


def _quote_part(part: str | int) -> str:
    return f"'{part}'" if isinstance(part, str) else f"item {part}"


def _format_path(parts: Sequence[str | int]) -> str:
    text = ""
    for part in parts:
        if isinstance(part, str) and part.isidentifier():
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]' if isinstance(part, str) else f"[{part}]"
    return text


def _describe_kind(value: Any) -> str:
    if value is None:
        return "null"
    kinds = {bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "a list", tuple: "a list"}
    return kinds.get(type(value), "an object" if isinstance(value, Mapping) else f"a {type(value).__name__}")


# macros


class _Loop:
    """The items of a macro's target (the keys of an object), and its bodies for each item."""

    def __init__(self, macro: Macro, scope: Scope, work: WorkBudget) -> None:
        self.macro, self.work = macro, work
        target = evaluate_expression(macro.target, scope, work)
        if not isinstance(target, (list, tuple, Mapping)):
            raise ExpressionError(f"{macro.kind}() requires a list or an object, not {_describe_kind(target)}")
        self.items: Iterable[Any] = target
        # A copy: the loop variable must not remain in the scope of what follows.
        self.scope: dict[str, Any] = dict(scope)

    def iterate_items(self) -> Iterable[Any]:
        for item in self.items:
            self.work.spend_units(1)
            self.scope[self.macro.variable] = item
            yield item

    def evaluate_body(self, body: int = -1) -> Any:
        return evaluate_expression(self.macro.bodies[body], self.scope, self.work)

    def evaluate_condition(self) -> bool:
        """Evaluate the first body as a boolean. Raises ExpressionError for any other type."""
        answer = self.evaluate_body(0)
        if not isinstance(answer, bool):
            raise ExpressionError(f"the condition of {self.macro.kind}() is {_describe_kind(answer)}, not a boolean")
        return answer


def _run_map(macro: Macro, loop: _Loop) -> list[Any]:
    only_some = len(macro.bodies) == 2
    results = []
    for _ in loop.iterate_items():
        if not only_some or loop.evaluate_condition():
            results.append(loop.evaluate_body())
            # Serialized, the same large value a thousand times is a thousand times as large.
            loop.work.spend_for_value(results[-1])
    return results


def _run_filter(_: Macro, loop: _Loop) -> list[Any]:
    return [item for item in loop.iterate_items() if loop.evaluate_condition()]


def _run_exists_one(_: Macro, loop: _Loop) -> bool:
    return sum(loop.evaluate_condition() for _ in loop.iterate_items()) == 1


def _run_quantifier(loop: _Loop, answer: bool) -> bool:
    """Return ``answer`` if any item yields it, even if others fail; else raise the first error, else return the opposite."""
    failure: ExpressionError | None = None
    for _ in loop.iterate_items():
        try:
            if loop.evaluate_condition() is answer:
                return answer
        except ExpressionError as error:
            failure = error
    if failure is not None:
        raise failure
    return not answer


_MACROS: Mapping[str, Callable[[Macro, _Loop], Any]] = {
    "all": lambda _, loop: _run_quantifier(loop, False),
    "exists": lambda _, loop: _run_quantifier(loop, True),
    "exists_one": _run_exists_one,
    "filter": _run_filter,
    "map": _run_map,
}


# results


def to_plain_json(value: Any) -> Any:
    """Convert a value to JSON types: times as RFC 3339, durations as seconds (``"90s"``), bytes as base64.

    Raises ExpressionError for values without a JSON form, such as infinity.
    """
    if isinstance(value, Mapping):
        return {_format_key_text(key): to_plain_json(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain_json(part) for part in value]
    return _scalar_to_json(value)


def _scalar_to_json(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        if not isfinite(value):
            raise ExpressionError("the result is not a finite number")
        return value
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return f"{value.total_seconds():f}".rstrip("0").rstrip(".") + "s"
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise ExpressionError(f"the result is {_describe_kind(value)}, which JSON does not support")


def _sort_keys(value: Any) -> Any:
    """Sort an object's keys: the library's maps have a random order, but results should be deterministic."""
    if isinstance(value, dict):
        return {key: _sort_keys(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, list):
        return [_sort_keys(part) for part in value]
    return value


def _format_key_text(key: Any) -> str:
    return key if isinstance(key, str) else str(key).lower() if isinstance(key, bool) else str(key)
