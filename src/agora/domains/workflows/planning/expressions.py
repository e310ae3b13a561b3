"""Conditions and references of workflows, in the Common Expression Language.

The variables are ``steps`` (of each step done before: ``status``, ``result``, ``error``), ``input``, ``workflow``
(``id``, ``name``), and in the payload of a ``for_each`` step ``item`` and ``index``. A name with characters other than
letters, digits and ``_`` is written ``steps["my-step"]``. ``${...}`` around a whole expression is removed.

Limits, because authors are not trusted and evaluation runs inside a transaction, on the event loop:

* 1,000 characters of text, 30 levels of nested brackets, 2 levels of nested macros (all, exists, exists_one, filter, map);
* the pattern of matches() is a literal, so that its cost is known;
* one call (``evaluate_condition``, ``evaluate_value``, ``resolve_payload``) has 20,000 units of work: tens of milliseconds at worst, such as
  a filter of 2,000 items. A plain reference (``${steps.a.result}``) costs almost nothing, whatever its value;
* 1,000 references per payload, of 20,000 characters in total; 1,000 references per text, including escaped ones;
* about 1 MiB (characters of JSON) for a result, or for the values of all references of a payload together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from .evaluation import WorkBudget, compile_program, compute_pattern_weight, evaluate_expression, to_plain_json
from .syntax import MAX_TEXT, Call, Expression, ExpressionError, Path, find_end_of_reference, parse_expression

__all__ = [
    "MAX_SIZE",
    "ExpressionError",
    "WorkBudget",
    "evaluate_condition",
    "evaluate_value",
    "find_expression_errors",
    "find_references",
    "list_referenced_steps",
    "resolve_payload",
]

MAX_SIZE = 1_048_576  #: characters of JSON
MAX_REFERENCES = 1000  #: most references in a payload
MAX_REFERENCE_TEXT = 20_000  #: most characters of all references in a payload
_TOO_MANY_REFERENCES = (
    f"a payload has at most {MAX_REFERENCES:,} references, of {MAX_REFERENCE_TEXT:,} characters in all"
)

STEP_FIELDS = ("status", "result", "error")  #: fields of a step
WORKFLOW_FIELDS = ("id", "name")

_FUNCTIONS = frozenset(
    ["bytes", "double", "duration", "dyn", "has", "int", "size", "string", "timestamp", "type", "uint"]
)
_METHODS = frozenset(
    [
        "contains",
        "endsWith",
        "matches",
        "size",
        "startsWith",
        "getDate",
        "getDayOfMonth",
        "getDayOfWeek",
        "getDayOfYear",
        "getFullYear",
        "getHours",
        "getMilliseconds",
        "getMinutes",
        "getMonth",
        "getSeconds",
    ]
)


def _strip_reference(text: str) -> str:
    """Return the expression of a text that is exactly one reference; any other text unchanged."""
    stripped = text.strip()
    # By its closing brace: `${a} == ${b}` begins and ends like one reference, but is none.
    if stripped.startswith("${") and find_end_of_reference(stripped, 2) == len(stripped) - 1:
        return stripped[2:-1]
    return text


# at creation


def find_expression_errors(text: str, names: Collection[str], *, item: bool = False) -> list[str]:
    """Return the error messages of an expression; empty if it is valid.

    names: names of the workflow's steps. item: whether ``item`` and ``index`` are available to it.
    """
    try:
        text = _strip_reference(text)
        if len(text) > MAX_TEXT:
            return [f"an expression has at most {MAX_TEXT:,} characters, and this has {len(text):,}"]
        expression = parse_expression(text)
        # The library parses the whole text too, because the parser here knows no precedence and accepts some invalid texts.
        if not _is_reference(expression):
            compile_program(text)
    except ExpressionError as error:
        return [str(error)]
    roots = {"steps", "input", "workflow"} | ({"item", "index"} if item else set())
    problems = [
        fault for path, bound in expression.iterate_paths() for fault in _find_path_errors(path, bound, roots, names)
    ]
    problems += [fault for call in expression.iterate_calls() for fault in _find_call_errors(call)]
    return list(dict.fromkeys(problems))


def _find_path_errors(path: Path, bound: frozenset[str], roots: set[str], names: Collection[str]) -> Iterator[str]:
    root, *selected = path.parts
    # A loop variable shadows every root, and its fields depend on the data.
    if root in bound:
        return
    if root not in roots:
        if root in ("item", "index"):
            yield f"'{root}' is known only in the payload of a step with for_each"
        else:
            yield f"unknown variable '{root}'; known are {', '.join(sorted(roots))}"
    elif root == "steps" and selected and selected[0] not in names:
        yield f"there is no step '{selected[0]}'" + _suggest_bracket_notation(str(selected[0]), names)
    elif root == "steps" and len(selected) > 1 and selected[1] not in STEP_FIELDS:
        yield f"a step has {', '.join(STEP_FIELDS)}, and no '{selected[1]}'"
    elif root == "workflow" and selected and selected[0] not in WORKFLOW_FIELDS:
        yield f"workflow has {', '.join(WORKFLOW_FIELDS)}, and no '{selected[0]}'"


def _suggest_bracket_notation(start: str, names: Collection[str]) -> str:
    """Suggest bracket notation, if a name with '-' or '.' may have been meant."""
    meant = next((name for name in names if re.match(re.escape(start) + r"[-.]", name)), None)
    return f"; if '{meant}' is meant, write steps[\"{meant}\"]" if meant else ""


def _find_call_errors(call: Call) -> Iterator[str]:
    if call.name not in (_METHODS if call.method else _FUNCTIONS):
        yield f"unknown function {call.name}()" + ("" if not call.method else ", or not with these arguments")
    elif call.name == "matches":
        try:
            if call.text is None:
                yield "the pattern of matches() must be a text literal"
            else:
                compute_pattern_weight(call.text)
        except ExpressionError as error:
            yield str(error)


def list_referenced_steps(text: str) -> frozenset[str]:
    """List the names of the steps that an expression refers to; empty if it cannot be parsed."""
    try:
        expression = parse_expression(_strip_reference(text))
    except ExpressionError:
        return frozenset()
    return frozenset(
        str(path.parts[1])
        for path, bound in expression.iterate_paths()
        if path.parts[0] == "steps" and "steps" not in bound and len(path.parts) > 1
    )


# while running


def evaluate_condition(text: str, scope: Mapping[str, Any], *, work: WorkBudget | None = None) -> bool:
    """Whether a condition holds. Raises ExpressionError if it is not boolean or refers to a missing value."""
    answer = evaluate_expression(parse_expression(_strip_reference(text)), scope, work or WorkBudget())
    if not isinstance(answer, bool):
        raise ExpressionError(f"the condition gives {_to_json_text(to_plain_json(answer))[:100]}, not true or false")
    return answer


def evaluate_value(text: str, scope: Mapping[str, Any], *, work: WorkBudget | None = None) -> Any:
    """Evaluate an expression to a JSON value. Raises ExpressionError if it has no value or exceeds a limit."""
    return _evaluate_with_size(parse_expression(_strip_reference(text)), scope, work or WorkBudget())[0]


def _to_json_text(result: Any) -> str:
    return json.dumps(result, ensure_ascii=False, separators=(",", ":"))


def _estimate_json_size(result: Any) -> int:
    """Estimate the characters of a value as JSON. Raises ExpressionError, early, if there are too many."""
    size, pending_values = 0, [result]
    while pending_values:
        part = pending_values.pop()
        if isinstance(part, str):
            size += len(part) + 2
        elif isinstance(part, Mapping):
            size += 2
            pending_values.extend(part)
            pending_values.extend(part.values())
        elif isinstance(part, (list, tuple)):
            size += 2
            pending_values.extend(part)
        else:
            size += 8
        if size + len(pending_values) > MAX_SIZE:
            raise ExpressionError(f"the result is larger than {MAX_SIZE:,} characters of JSON")
    return size


def _evaluate_with_size(expression: Expression, scope: Mapping[str, Any], work: WorkBudget) -> tuple[Any, int]:
    """Evaluate to a value and its approximate number of characters as JSON."""
    result = evaluate_expression(expression, scope, work)
    size = _estimate_json_size(result)
    return (result if _is_reference(expression) else to_plain_json(result)), size


def _is_reference(expression: Expression) -> bool:
    """Whether an expression is a plain path, whose value is JSON already and needs no library."""
    return expression.is_single_leaf and isinstance(expression.leaves[0], Path)


# templates


def _split_template(text: str) -> list[str | tuple[str]]:
    """Split into literal text, and expressions as one-tuples. Raises ExpressionError for an unclosed reference."""
    pieces: list[str | tuple[str]] = []
    at = 0
    while (start := text.find("${", at)) >= 0:
        if len(pieces) > 2 * MAX_REFERENCES:
            raise ExpressionError(_TOO_MANY_REFERENCES)
        # Only a dollar sign after the last piece escapes; `at` excludes one that an earlier escape consumed.
        if start > at and text[start - 1] == "$":
            pieces += [text[at : start - 1], "${"]
            at = start + 2
            continue
        end = find_end_of_reference(text, start + 2)
        pieces += [text[at:start], (text[start + 2 : end],)]
        at = end + 1
    pieces.append(text[at:])
    return [piece for piece in pieces if piece]


def _list_template_texts(template: Any) -> Iterator[str]:
    """List the texts in a payload that may contain a reference, in order."""
    pending_values = [template]
    while pending_values:
        part = pending_values.pop()
        if isinstance(part, str):
            if "${" in part:
                yield part
        elif isinstance(part, Mapping):
            pending_values.extend(reversed(list(part.values())))
        elif isinstance(part, (list, tuple)):
            pending_values.extend(reversed(part))


def find_references(template: Any) -> list[str]:
    """Find the expressions of a payload, in order. Raises ExpressionError for an unclosed one, or for too many."""
    expressions: list[str] = []
    characters = 0
    for text in _list_template_texts(template):
        for piece in _split_template(text):
            if isinstance(piece, tuple):
                expressions.append(piece[0])
                characters += len(piece[0])
                if len(expressions) > MAX_REFERENCES or characters > MAX_REFERENCE_TEXT:
                    raise ExpressionError(_TOO_MANY_REFERENCES)
    return expressions


def resolve_payload(template: Any, scope: Mapping[str, Any], *, work: WorkBudget | None = None) -> Any:
    """Replace the references in the texts of a payload, at any depth; keys are unchanged.

    A text that is exactly one reference becomes its value, of any type; within a longer text, the value is inserted as text
    (as JSON unless it is a string). ``$${`` stands for ``${``. Raises ExpressionError if a reference has no value or the
    payload exceeds a limit.
    """
    return _Resolution(scope, work or WorkBudget()).resolve_value(template)


class _Resolution:
    """Resolution of one payload; each expression is evaluated once."""

    def __init__(self, scope: Mapping[str, Any], work: WorkBudget) -> None:
        self.scope, self.work = scope, work
        self.known: dict[str, tuple[Any, int]] = {}
        self.size = self.references = self.characters = 0

    def resolve_value(self, template: Any) -> Any:
        if isinstance(template, str):
            return self._resolve_template(template) if "${" in template else template
        if isinstance(template, Mapping):
            return {key: self.resolve_value(part) for key, part in template.items()}
        if isinstance(template, (list, tuple)):
            return [self.resolve_value(part) for part in template]
        return template

    def _resolve_template(self, text: str) -> Any:
        pieces = _split_template(text)
        if len(pieces) == 1 and isinstance(pieces[0], tuple):
            return self._evaluate_reference(pieces[0][0])
        return "".join(piece if isinstance(piece, str) else self._evaluate_to_text(piece[0]) for piece in pieces)

    def _evaluate_reference(self, text: str) -> Any:
        self.references += 1
        self.characters += len(text)
        if self.references > MAX_REFERENCES or self.characters > MAX_REFERENCE_TEXT:
            raise ExpressionError(_TOO_MANY_REFERENCES)
        # The size counts at each use, the work only once: the payload holds the value as often as it is used.
        if text not in self.known:
            self.known[text] = _evaluate_with_size(parse_expression(text), self.scope, self.work)
        result, size = self.known[text]
        self.size += size
        if self.size > MAX_SIZE:
            raise ExpressionError(f"the referenced values are larger than {MAX_SIZE:,} characters of JSON")
        return result

    def _evaluate_to_text(self, text: str) -> str:
        result = self._evaluate_reference(text)
        return result if isinstance(result, str) else _to_json_text(result)
