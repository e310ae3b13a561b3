"""Random expressions: parsed and reassembled, they have the value computed by the CEL library."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import cel
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agora.domains.workflows.planning.expressions import (
    ExpressionError,
    evaluate_value,
    find_expression_errors,
    find_references,
    resolve_payload,
)

SCOPE: dict[str, Any] = {
    "steps": {"a": {"status": "completed", "result": {"n": 3, "l": [1, 2, 0], "t": "x"}, "error": None}},
    "input": {"n": 7, "l": [4, 5], "t": "ab", "rows": [{"n": 1, "t": "p"}, {"n": 2, "t": "q"}], "b": True},
    "workflow": {"id": "w", "name": "n"},
}

numbers = st.sampled_from(["1", "0", "2", "input.n", "steps.a.result.n", 'steps["a"].result.l[0]', "input.rows[1].n"])
texts = st.sampled_from(["'x'", '"}"', "r'\\d'", "input.t", "steps.a.result.t", "input.rows[0]['t']", "'''y'''"])
booleans = st.sampled_from(["true", "false", "input.b", "has(input.n)", "has(input.none)", "'n' in input"])
lists = st.sampled_from(["[1, 2]", "[]", "input.l", "steps.a.result.l", "input.l + [9]"])


def _deeper(parts: st.SearchStrategy[tuple[str, str, str, str]]) -> st.SearchStrategy[tuple[str, str, str, str]]:
    """Generate larger expressions of each type from smaller ones: a number, a text, a boolean, a list."""
    return st.tuples(parts, parts, st.integers(0, 5)).map(lambda drawn: _joined(*drawn))


def _joined(a: tuple[str, str, str, str], b: tuple[str, str, str, str], kind: int) -> tuple[str, str, str, str]:
    number = [
        f"{a[0]} + {b[0]}",
        f"({a[0]}) * {b[0]}",
        f"-{a[0]}",
        f"size({a[3]})",
        f"{a[0]} / {b[0]}",
        f"({a[3]}).size()",
    ]
    text = [f"{a[1]} + {b[1]}", f"({a[1]})", f"string({a[0]})", f"({a[2]} ? {a[1]} : {b[1]})", a[1], b[1]]
    boolean = [
        f"{a[0]} < {b[0]}",
        f"{a[2]} && {b[2]}",
        f"{a[2]} || {b[2]}",
        f"!({a[2]})",
        f"({a[3]}).all(x, x < {b[0]})",
        f"{a[1]} == {b[1]}",
    ]
    array = [
        f"({a[3]}).map(x, x + {b[0]})",
        f"({a[3]}).filter(x, x > {b[0]})",
        f"[{a[0]}, {b[0]}]",
        f"{a[3]} + {b[3]}",
        f"input.rows.filter(x, x.n > {a[0]}).map(y, y.n)",
        f"input.rows.map(x, {a[2]}, x.n)",
    ]
    return number[kind], text[kind], boolean[kind], array[kind]


leaves = st.tuples(numbers, texts, booleans, lists)
expressions = (
    st.recursive(leaves, _deeper, max_leaves=5).flatmap(st.sampled_from).filter(lambda text: len(text) <= 1000)
)


@settings(deadline=None, max_examples=400)
@given(expressions)
def test_value_equals_that_of_the_library(text: str) -> None:
    try:
        found = evaluate_value(text, SCOPE)
    except ExpressionError as error:
        if "macro" in str(error) or "deep" in str(error):  # our own bounds
            return
        found = ExpressionError
    try:
        expected = cel.compile(text).execute(SCOPE)
    except Exception:
        expected = ExpressionError
    if "all(" in text and expected is ExpressionError:
        return  # the library lets any error decide all(), contrary to the specification
    assert found == expected
    assert find_expression_errors(text, ["a"]) == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def _without(template: Any) -> bool:
    return "${" not in repr(template)


@given(json_values.filter(_without))
@example("$")
@example("{$} } { $")
@example({"a": ["$", "{"]})
def test_payload_without_references_is_unchanged(template: Any) -> None:
    assert resolve_payload(template, {}) == template
    assert find_references(template) == []


@given(json_values.filter(_without))
def test_single_reference_keeps_the_value(known: Any) -> None:
    assert resolve_payload({"x": ["${input}"]}, {"input": known}) == {"x": [known]}


@given(st.text().filter(_without), st.text().filter(_without))
def test_text_around_a_reference_is_unchanged(before: str, after: str) -> None:
    text = f"<{before} ${{input.a}}{after}"
    assert resolve_payload(text, {"input": {"a": 5}}) == f"<{before} 5{after}"


@given(st.text(max_size=60))
def test_any_text_can_be_checked(text: str) -> None:
    assert isinstance(find_expression_errors(text, ["a"]), list)
    with suppress(ExpressionError):
        resolve_payload("${" + text + "}", SCOPE)


@given(
    st.lists(st.sampled_from([*"()[]{}.,?:!-+ x1'\"$", "steps", ".map(", "has(", "in", "&&", "//", "r'"]), max_size=25)
)
@example(["steps", "["])
@example(["steps", ".map(", "x"])
@example(["steps", "."])
def test_any_symbols_can_be_checked(signs: list[str]) -> None:
    """An expression accepted by the check is also parsed by the library: it evaluates or fails with a reason."""
    text = "".join(signs)
    if not find_expression_errors(text, ["a"]):
        assert "syntax" not in _said(text)


def _said(text: str) -> str:
    try:
        return f"a value: {evaluate_value(text, SCOPE)}"
    except ExpressionError as error:
        return str(error)
