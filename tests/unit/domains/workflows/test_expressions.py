"""Conditions, references and payloads of workflows: semantics, refusals, bounds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from agora.domains.workflows.planning.evaluation import MAX_WORK_UNITS, call_with_expression_errors, compile_program
from agora.domains.workflows.planning.expressions import (
    MAX_REFERENCE_TEXT,
    MAX_REFERENCES,
    MAX_SIZE,
    ExpressionError,
    WorkBudget,
    evaluate_condition,
    evaluate_value,
    find_expression_errors,
    find_references,
    list_referenced_steps,
    resolve_payload,
)

FILES = [{"name": f"f{at}.csv", "size": at, "tags": ["raw"]} for at in range(10)]
SCOPE: dict[str, Any] = {
    "steps": {
        "extract": {"status": "completed", "result": {"rows": 5, "none": None, "list": [1, 2, 3]}, "error": None},
        "clean-up": {"status": "failed", "result": None, "error": "no disk"},
        "v1.2": {"status": "skipped", "result": None, "error": None},
    },
    "input": {"date": "2026-01-31", "files": FILES, "big": 2**60, "ratio": 0.5, "deep": {"a": [{"b": "c"}]}},
    "workflow": {"id": "wf_1", "name": "nightly"},
}
NAMES = list(SCOPE["steps"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("steps.extract.result.rows > 3", True),
        ("steps.extract.result.rows > 3.5", True),
        ("steps.extract.result.none == null", True),
        ('steps["clean-up"].status == "failed" && steps["clean-up"].error.contains("disk")', True),
        ('steps["v1.2"].status in ["skipped", "cancelled"]', True),
        ("has(steps.extract.result.rows) && !has(steps.extract.result.columns)", True),
        ("has(input.deep.a)", True),
        ('"extract" in steps', True),
        ('workflow.name == "nightly" ? false : true', False),
        ("size(input.files) == 10 && input.files.size() == 10", True),
        ("input.files.all(f, f.size < 10)", True),
        ("input.files.exists(f, f.size == 3)", True),
        ("input.files.exists_one(f, f.size == 3)", True),
        ("input.files.filter(f, f.size > 7).size() == 2", True),
        ('input.files.exists(f, "raw" in f.tags && f.name.matches("^f[0-9]{1,2}[.]csv$"))', True),
        ("input.files[0].size == input.files.size() - 10", True),
        ("input.files[steps.extract.result.rows].size == 5", True),
        ("(input.deep).a[0].b == 'c' // a comment", True),
        ('timestamp(input.date + "T00:00:00Z") < timestamp("2026-02-01T00:00:00Z")', True),
        ("type(input.ratio) == double", True),
        ("${steps.extract.result.rows == 5}", True),
    ],
)
def test_conditions_evaluate(text: str, expected: bool) -> None:
    assert find_expression_errors(text, NAMES) == []
    assert evaluate_condition(text, SCOPE) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("steps.extract.result", SCOPE["steps"]["extract"]["result"]),
        ("steps.extract.result.none", None),
        ("input.deep.a[0]['b']", "c"),
        ("input.big + 1", 2**60 + 1),
        ("input.ratio * 3.0", 1.5),
        ("input.files.map(f, f.size)", list(range(10))),
        ("input.files.map(f, f.size > 7, f.name)", ["f8.csv", "f9.csv"]),
        (
            "input.files.filter(f, f.size > 8).map(f, {'url': 'http://h/' + f.name, 'n': f.size})",
            [{"url": "http://h/f9.csv", "n": 9}],
        ),
        ("[1, 2].map(x, [3, 4].map(y, x * y))", [[3, 4], [6, 8]]),
        ("[[1], [2, 3]].map(x, x.map(x, x + 1))", [[2], [3, 4]]),
        ("input.deep.map(k, k)", ["a"]),
        ("{'a': {1: true}, 'b': [null]}", {"a": {"1": True}, "b": [None]}),
        ("{true: 'yes'}", {"true": "yes"}),
        ("timestamp('2026-01-31T10:00:00Z')", "2026-01-31T10:00:00Z"),
        ("duration('90m')", "5400s"),
        ("duration('1500ms')", "1.5s"),
        ("b'ab'", "YWI="),
        ("3u", 3),
        ("-input.ratio", -0.5),
        ("[1, 2].size() == 2 ? input.date : 'none'", "2026-01-31"),
        ("false ? 1 : true ? 2 : 3", 2),
    ],
)
def test_expressions_evaluate_to_their_value(text: str, expected: Any) -> None:
    assert find_expression_errors(text, NAMES) == []
    found = evaluate_value(text, SCOPE)
    assert found == expected
    assert type(found) is type(expected)


def test_object_results_are_deterministic() -> None:
    text = "{'z': 1, 'a': {'y': 1, 'b': 2}, 'm': 3}"
    assert {str(evaluate_value(text, SCOPE)) for _ in range(20)} == {"{'a': {'b': 2, 'y': 1}, 'm': 3, 'z': 1}"}


# Effect of an error in a subexpression, by the CEL specification.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("steps.extract.result.nothing == 1 || true", True),
        ("true || steps.extract.result.nothing == 1", True),
        ("steps.extract.result.nothing == 1 && false", False),
        ("input.files.exists(f, f.nothing == 1) || true", True),
        ("input.files.exists(f, f.size == 3 || 1 / f.size == 2)", True),
        ("[0, 2].exists(x, 4 / x == 2)", True),
        ("[0, 2].all(x, 4 / x == 3)", False),
        ("false ? input.files.all(f, f.nothing) : true", True),
    ],
)
def test_error_counts_only_if_it_decides_the_result(text: str, expected: bool) -> None:
    assert evaluate_condition(text, SCOPE) is expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("steps.extract.result.nothing", "steps.extract.result has no 'nothing'"),
        ("steps.extract.result.nothing > 3", "steps.extract.result has no 'nothing'"),
        ('steps["clean-up"].result.rows', "steps[\"clean-up\"].result is null, and has no 'rows'"),
        ("input.files[10]", "input.files has 10 items, and none at 10"),
        ("input.files.name", "input.files is a list, and has no 'name'"),
        ("input.date.year", "input.date is a text, and has no 'year'"),
        ("has(input.date.year)", "input.date is a text, and has no 'year'"),
        ("has(steps.later.result)", "steps has no 'later'"),
        ("item", "'item' is not known here"),
        ("input.files.map(f, f.nothing)", "f has no 'nothing'"),
        ("input.date.map(x, x)", "map() requires a list or an object, not a text"),
        ("input.files.filter(f, f.size)", "the condition of filter() is a number, not a boolean"),
        ("[0, 2].all(x, 4 / x == 2)", "division by zero"),
        ("1 / 0", "division by zero"),
        ("1.0 / 0.0", "the result is not a finite number"),
        ("9223372036854775807 + 1", "overflow"),
        ("input.date + 1", "string + int"),
        ("1 +", "syntax error at character 4"),
        ("nothing(1)", "nothing"),
        ("optional.none()", "optional"),
    ],
)
def test_evaluation_errors_are_reported(text: str, said: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        evaluate_value(text, SCOPE)
    assert said in str(refused.value)


@pytest.mark.parametrize("text", ["steps.extract.result.rows", "'yes'", "null", "[true]"])
def test_condition_must_be_a_boolean(text: str) -> None:
    with pytest.raises(ExpressionError, match="not true or false"):
        evaluate_condition(text, SCOPE)


# At creation


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 +", "syntax error at character 4: unexpected the end"),
        ("steps.extract.result rows", "syntax error at character 22: unexpected 'rows'"),
        ("'abc", "syntax error at character 1"),
        ("1 == 2 ? 3", "syntax error"),
        ("a & b", "syntax error at character 3"),
        ("'a' 'b'", "syntax error"),
        ("steps.in.result", "syntax error"),
        ("Message{a: 1}", "syntax error"),
        (".steps", "syntax error"),
        ("has(1)", "syntax error"),
        ("${steps.extract.result} && true", "syntax error"),
        ("${steps.extract.result", "is not closed"),
        ("nothing > 3", "unknown variable 'nothing'; known are input, steps, workflow"),
        ("item.size", "'item' is known only in the payload of a step with for_each"),
        ("[1].map(x, y)", "unknown variable 'y'"),
        ("[1].map(x, x) == x", "unknown variable 'x'"),
        ("steps.load.result", "there is no step 'load'"),
        ('steps["load"].result', "there is no step 'load'"),
        ("has(steps.load.result)", "there is no step 'load'"),
        ("input.files.all(f, f.size > steps.load.result)", "there is no step 'load'"),
        ("steps.clean-up.status", "if 'clean-up' is meant, write steps[\"clean-up\"]"),
        ("steps.v1.2", "syntax error"),
        ("steps.extract.rows", "a step has status, result, error, and no 'rows'"),
        ("workflow.owner", "workflow has id, name, and no 'owner'"),
        ("lower(input.date)", "unknown function lower()"),
        ("input.date.lower()", "unknown function lower()"),
        ("input.files.map(f)", "unknown function map()"),
        ("input.files.all(f, true, true)", "all() has a variable and 1 expressions"),
        ("[1].map(int, int)", "'int' is a type"),
        ("input.date.matches(input.pattern)", "the pattern of matches() must be a text literal"),
        ("input.date.matches('[')", "not a regular expression"),
        ("input.date.matches(b'a')", "the pattern of matches() must be a text"),
        ("input.date.matches('(a{9}){9}')", "repeats no group by count"),
        ("input.date.matches(r'a{9}{9}')", "repeats no group by count"),
        ("input.date.matches(r'(?x)a {9}')", "no flag but (?i)"),
        ("input.date.matches('\\\\w{100}')", "too large"),
        ("input.date.matches('[a-z]{1, 9999}')", "too large"),
        ("input.date.matches('a\\x7b9999}')", "write it raw"),
        ("[1].map(x, [1].map(y, [1].map(z, 1)))", "macros may be nested at most two levels deep"),
        ("(" * 40 + "1" + ")" * 40, "nested more than 30 deep"),
        ("1" + " + 1" * 250, "an expression has at most 1,000 characters, and this has 1,001"),
    ],
)
def test_invalid_expressions_are_refused_at_creation(text: str, said: str) -> None:
    found = find_expression_errors(text, NAMES)
    assert any(said in fault for fault in found), found


def test_all_errors_are_reported_at_once() -> None:
    found = find_expression_errors("steps.load.result > nothing && lower(item)", NAMES)
    assert len(found) == 4


def test_item_and_index_are_defined_in_for_each() -> None:
    assert find_expression_errors("item.size + index", NAMES, item=True) == []
    assert len(find_expression_errors("item.size + index", NAMES)) == 2


def test_loop_variable_shadows_other_names() -> None:
    assert find_expression_errors("input.files.map(steps, steps.name)", []) == []
    assert list_referenced_steps("input.files.map(steps, steps.name)") == frozenset()
    assert evaluate_value("input.files.map(steps, steps.name)", SCOPE)[0] == "f0.csv"


def test_referenced_steps_are_listed() -> None:
    text = (
        'steps.a.result + steps["b-c"].result.map(x, x + steps.d.result[0]).size() + size(has(steps.e.result) ? 1 : 2)'
    )
    assert list_referenced_steps(text) == {"a", "b-c", "d", "e"}
    assert list_referenced_steps("${steps.a.status}") == {"a"}
    assert list_referenced_steps("steps.a +") == frozenset()
    assert list_referenced_steps('"steps.a.result"') == frozenset()


# Payloads


def test_single_reference_in_a_payload_keeps_its_type() -> None:
    template = {
        "rows": "${steps.extract.result.rows}",
        "all": ["${steps.extract.result}", {"none": "${steps.extract.result.none}", "n": 7}],
        "sum": "${ steps.extract.result.rows + 1 }",
        "text": "${input.date}: ${steps.extract.result.rows} rows of ${input.deep}, ${true}, ${null}",
        "${input.date}": "keys stay",
    }
    assert resolve_payload(template, SCOPE) == {
        "rows": 5,
        "all": [SCOPE["steps"]["extract"]["result"], {"none": None, "n": 7}],
        "sum": 6,
        "text": '2026-01-31: 5 rows of {"a":[{"b":"c"}]}, true, null',
        "${input.date}": "keys stay",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$${input.date}", "${input.date}"),
        ("a $${b} ${input.date} $$${c}", "a ${b} 2026-01-31 $${c}"),
        ("$ {input.date} $5 $", "$ {input.date} $5 $"),
        ("${ {'}': '${'}['}'] }", "${"),
        ("${'a}' + \"}\" + '''}'''}x", "a}}}x"),
        ("${input.date}${input.date}", "2026-01-312026-01-31"),
        ("<${'é 😀'}>", "<é 😀>"),
        ("<${['é']}>", '<["é"]>'),
    ],
)
def test_references_in_text_are_interpolated(text: str, expected: str) -> None:
    assert resolve_payload(text, SCOPE) == expected


def test_references_are_listed_in_order() -> None:
    template = {"a": "${x} and ${y.z}", "b": [{"c": "${'}'}"}, "$${no}", 5, None], "d": "${x}"}
    assert find_references(template) == ["x", "y.z", "'}'", "x"]


@pytest.mark.parametrize(
    "text", ["${", "${input.date", "a ${'}", "${input.date) } ${", "${é}", "${" + "a" * 1001 + "}"]
)
def test_unclosed_reference_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        find_references(text)
    with pytest.raises(ExpressionError):
        resolve_payload(text, SCOPE)


def test_payload_without_a_value_is_refused() -> None:
    with pytest.raises(ExpressionError, match="has no 'nothing'"):
        resolve_payload({"a": ["x ${steps.extract.result.nothing}"]}, SCOPE)


# Bounds


def _scope(**given: Any) -> Mapping[str, Any]:
    return {"steps": {}, "input": given, "workflow": {"id": "wf_1", "name": "n"}}


ROWS = [{"id": at, "name": f"name {at}"} for at in range(2000)]


@pytest.mark.parametrize(
    "text",
    [
        "input.rows.filter(r, r.id > 0 && r.id < 3000).map(r, {'id': r.id, 'u': 'http://' + r.name})",
        "input.rows.map(a, input.rows.map(b, a.id * b.id))",
        "input.rows.all(a, input.rows.exists(b, a.id == b.id))",
        "input.rows == input.rows && input.rows == input.rows",
        "[1]" + ".map(x, [x, x])" * 60,
        "[1]" + ".map(x, [x, x])" * 60 + ".size()",
        "['a']" + ".map(x, x + x)" * 60,
        "[[1]]" + ".map(x, x + x)" * 60,
        "input.rows.map(r, input.text)",
        "input.rows.map(r, input.rows)",
        "input.rows.map(r, [input.rows])",
        "input.rows.map(r, r.id" + " + r.id" * 100 + ")",
        " + ".join(["input.short"] * 70),
        "input.rows.map(r, r.name.matches('^[a-z]+ [0-9]+$'))",
        "input.text.matches('a*b')",
        " || ".join(["input.note.matches('(.*)(.*)[^y]')"] * 20),
        "false || input.rows.map(a, input.rows.map(b, 1)) == []",
        "true || false" + " || input.rows == []" * 40,
    ],
)
def test_evaluation_is_bounded_for_any_expression(text: str) -> None:
    scope = _scope(rows=ROWS, text="x" * 1_000_000, note="y" * 3000, short=[{"a": 1}] * 40)
    assert find_expression_errors(text, []) == []
    with pytest.raises(ExpressionError, match="too much work"):
        evaluate_value(text, scope)


class Counted(dict[str, Any]):
    """An object that counts reads over all instances of its class."""

    reads = 0

    def __getitem__(self, key: str) -> Any:
        Counted.reads += 1
        return super().__getitem__(key)


@pytest.mark.parametrize(
    "text",
    [
        "input.rows.all(a, input.rows.all(b, a.id != b.id || true))",
        "input.rows.map(a, input.rows.map(b, a.id))",
        "input.rows.exists(a, a.id / 0 == 1) || input.rows.exists(a, a.id / 0 == 1)" + " || input.rows == 1" * 10,
    ],
)
def test_evaluation_ends_when_the_budget_is_spent(text: str) -> None:
    scope = _scope(rows=[Counted(row) for row in ROWS])
    Counted.reads = 0
    with pytest.raises(ExpressionError, match="too much work"):
        evaluate_value(text, scope)
    assert 1000 < Counted.reads <= MAX_WORK_UNITS


def test_ordinary_use_is_far_below_the_bounds() -> None:
    work = WorkBudget()
    rows = ROWS[:1000]
    scope = _scope(rows=rows)
    assert len(evaluate_value("input.rows.filter(r, r.id >= 0)", scope, work=work)) == 1000
    assert work.left > 10_000
    assert evaluate_value("input.rows", _scope(rows=rows * 10)) == rows * 10  # a single reference costs nothing


def test_budget_is_shared_between_evaluations() -> None:
    work = WorkBudget(300)
    scope = _scope(list=list(range(40)))
    resolve_payload({"a": "${input.list.map(x, x)}"}, scope, work=work)
    with pytest.raises(ExpressionError, match="too much work"):
        resolve_payload(["${input.list.map(x, x + 0)}", "${input.list.map(x, x + 1)}"], scope, work=work)


def test_result_size_is_bounded() -> None:
    half = "x" * (MAX_SIZE // 2)
    scope = _scope(half=half, list=[half, half, half], many=[0] * MAX_SIZE)
    assert evaluate_value("input.half", scope) == half
    for text in ("input.list", "input.half + input.half + '.'", "[input.half, input.half]", "input.many"):
        with pytest.raises(ExpressionError, match="larger than"):
            evaluate_value(text, scope)
    with pytest.raises(ExpressionError, match="larger than"):
        resolve_payload({"a": ["${input.half}"] * 3}, scope)
    with pytest.raises(ExpressionError, match="larger than"):
        resolve_payload("${input.half} ${input.half} ${input.half}", scope)
    assert len(resolve_payload(["${input.half}"], scope)[0]) == len(half)


def test_shared_values_count_each_time_they_are_written() -> None:
    one = ["x" * 1000] * 1000
    many = _scope(many=[one] * 1000)  # a gigabyte of JSON in a megabyte of memory
    with pytest.raises(ExpressionError, match="larger than"):
        evaluate_value("input.many", many)


def test_number_of_references_is_bounded() -> None:
    assert len(resolve_payload(["${input.a}"] * MAX_REFERENCES, _scope(a=1))) == MAX_REFERENCES
    assert resolve_payload("$${" * MAX_REFERENCES, {}) == "${" * MAX_REFERENCES
    with pytest.raises(ExpressionError, match="a payload has at most"):
        resolve_payload("$${" * (MAX_REFERENCES + 2), {})
    long = "${1" + " + 1" * 200 + "}"
    for template in (["${input.a}"] * (MAX_REFERENCES + 1), [long] * (MAX_REFERENCE_TEXT // len(long) + 1)):
        with pytest.raises(ExpressionError, match="a payload has at most"):
            find_references(template)
        with pytest.raises(ExpressionError, match="a payload has at most"):
            resolve_payload(template, _scope(a=1))


def test_overlong_expression_is_not_evaluated() -> None:
    with pytest.raises(ExpressionError, match="at most"):
        evaluate_value("1" + " + 1" * 250, SCOPE)


def test_pattern_must_be_a_literal_at_evaluation() -> None:
    with pytest.raises(ExpressionError, match="text literal"):
        evaluate_value("input.date.matches(input.date)", SCOPE)


def test_programs_are_compiled_once() -> None:
    evaluate_value("steps.extract.result.rows * 1234567", SCOPE)
    before = compile_program.cache_info()
    evaluate_value("steps.extract.result.rows * 1234567", SCOPE)
    evaluate_value("steps.extract.result.list[0] * 1234567", SCOPE)
    after = compile_program.cache_info()
    assert after.misses == before.misses  # referenced data is not part of the program
    assert after.hits == before.hits + 2


def test_library_is_loaded_only_when_needed() -> None:
    lines = (
        "import sys, agora.domains.workflows.planning.graph, agora.domains.workflows.planning.expressions as x",
        "x.find_expression_errors('input.a.b', [])",
        "x.resolve_payload({'a': '${input.a} ${input.b[0]}'}, {'input': {'a': 1, 'b': [2]}})",
        "assert 'cel' not in sys.modules",
        "assert x.evaluate_value('1 + 1', {}) == 2",
        "assert 'cel' in sys.modules",
    )
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True)


def test_panic_of_the_library_is_an_expression_error() -> None:
    class PanicException(BaseException):  # what the library raises then, which is no Exception
        """Like the library's own."""

    def panics(_: str) -> None:
        raise PanicException

    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(ExpressionError, match="cannot be evaluated"):
        call_with_expression_errors(panics, "1")
    with pytest.raises(KeyboardInterrupt):
        call_with_expression_errors(interrupted, "1")
