"""The calculator agent: evaluates expressions, operands and questions in words."""

from __future__ import annotations

import re
from typing import Any

from .arithmetic import CalculationError, Number, evaluate_expression
from .functions import CONSTANTS, FUNCTIONS
from .phrases import translate_question_to_expression
from .port import BuiltinAgent, Job, Profile, Reply, TaskFailed

__all__ = ["CalculatorAgent"]

OPERATORS = ("+", "-", "*", "/", "//", "%", "^", "**")
OPERATOR_BY_NAME = {
    **{operator: operator for operator in OPERATORS},
    "add": "+",
    "plus": "+",
    "subtract": "-",
    "minus": "-",
    "multiply": "*",
    "times": "*",
    "divide": "/",
    "modulo": "%",
    "power": "^",
}
MAX_OPERANDS = 100
ARITHMETIC = re.compile(r"[\w\s.,+*/^%!()-]{1,500}", re.ASCII)
WORD = re.compile(r"[a-z_]+", re.IGNORECASE)
KNOWN_WORDS = {*FUNCTIONS, *CONSTANTS, "of"}


class CalculatorAgent(BuiltinAgent):
    """Answers a text with "The result is ...", data with data, and publishes ``calculation.complete``."""

    profile = Profile(
        "Calculator Agent",
        "Does arithmetic: exact where it can be, with powers, percentages, roots and common functions.",
        [
            {
                "id": "calculate",
                "name": "Calculate",
                "description": "Evaluates an expression, or a question about numbers in words; data as {expression}, "
                "{operation, operands}, or {a, b, op}.",
                "tags": ["math", "arithmetic", "calculator"],
                "examples": ["Calculate 25 * 4", "What is 10 plus 5?", "15% of 80", "sqrt(2) ^ 2"],
            }
        ],
        ["builtin", "math"],
    )
    concurrency = 64

    async def perform_task(self, job: Job) -> Reply | str:
        payload = job.data
        formula = str(payload.get("expression") or "")
        expression = formula
        try:
            expression = (
                formula or _build_expression_from_operands(payload) or translate_question_to_expression(job.text)
            )
            value = evaluate_expression(expression)
        except CalculationError as error:
            await job.publish("calculation.error", _describe_failure(expression, error))
            raise TaskFailed(
                f"That cannot be calculated. {error}", intent="calculation_failed", code="MATH_ERROR", details=payload
            ) from None
        answer = _build_answer(expression, value)
        await job.publish("calculation.complete", answer)
        if payload:
            return Reply([{"data": answer}, {"text": f"The result is {value}"}], result=answer)
        return f"The result is {value}"


def _describe_failure(expression: str, error: CalculationError) -> dict[str, Any]:
    """Build the public failure event. Text that is not arithmetic is not repeated, since the event is public."""
    if (
        ARITHMETIC.fullmatch(expression) is None
        or not {word.lower() for word in WORD.findall(expression)} <= KNOWN_WORDS
    ):
        return {"error": "That cannot be calculated."}
    return {"expression": expression, "error": str(error)}


def _build_answer(expression: str, value: Number) -> dict[str, Any]:
    """Build the result object: a JSON number if exact, its text, and the fraction if the decimals are truncated."""
    answer = {"expression": expression, "result": value.json, "text": str(value)}
    return answer | ({"fraction": value.fraction_text} if value.fraction_text else {})


def _build_expression_from_operands(payload: dict[str, Any]) -> str:
    """Build an expression from ``{"operation": "add", "operands": [1, 2]}`` or ``{"a": 1, "b": 2, "op": "+"}``."""
    operation, operands = payload.get("operation", payload.get("op")), payload.get("operands")
    if operation is None:
        return ""
    if operands is None and "a" in payload:
        operands = [payload[name] for name in ("a", "b") if name in payload]
    if not isinstance(operands, list) or not 1 <= len(operands) <= MAX_OPERANDS:
        raise CalculationError(f"Give 1 to {MAX_OPERANDS} 'operands' with 'operation', or an 'expression'.")
    if not all(isinstance(operand, int | float | str) and not isinstance(operand, bool) for operand in operands):
        raise CalculationError("Every operand is a number.")
    if str(operation).lower() in OPERATOR_BY_NAME:
        return f" {OPERATOR_BY_NAME[str(operation).lower()]} ".join(f"({operand})" for operand in operands)
    return f"{operation}({', '.join(map(str, operands))})"
