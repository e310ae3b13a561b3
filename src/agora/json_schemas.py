"""Validation against JSON schemas of strangers: in linear time, and without requests to other hosts.

The library matches patterns with ``re``, which backtracks without bound, and retrieves remote references. Here patterns
run on the engine of pydantic, which takes linear time; a pattern that it does not know (look-around, back-references) is
not enforced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator, ValidationError  # type: ignore[import-untyped]
from jsonschema.exceptions import SchemaError  # type: ignore[import-untyped]
from jsonschema.validators import extend, validator_for  # type: ignore[import-untyped]
from pydantic_core import SchemaError as PatternError
from pydantic_core import SchemaValidator, core_schema
from referencing import Registry
from referencing.exceptions import Unresolvable

__all__ = ["find_schema_error", "find_value_error"]


@lru_cache(256)
def _compile_pattern(pattern: str) -> SchemaValidator | None:
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
    except PatternError:
        return None


def _matches_pattern(pattern: str, text: str) -> bool:
    compiled = _compile_pattern(pattern)
    return compiled is None or compiled.isinstance_python(text)


def _check_pattern(validator: Any, pattern: str, value: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    if validator.is_type(value, "string") and not _matches_pattern(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _check_named_properties(
    validator: Any, patterns: Mapping[str, Any], value: Any, schema: Mapping[str, Any]
) -> Iterator[Any]:
    if validator.is_type(value, "object"):
        for pattern, subschema in patterns.items():
            for name in value:
                if _matches_pattern(pattern, name):
                    yield from validator.descend(value[name], subschema, path=name, schema_path=pattern)


def _check_other_properties(validator: Any, other: Any, value: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    if not validator.is_type(value, "object"):
        return
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for name in value:
        if name not in named and not any(_matches_pattern(pattern, name) for pattern in patterns):
            yield from validator.descend(value[name], other, path=name)


_VALIDATOR = extend(
    Draft202012Validator,
    {
        "pattern": _check_pattern,
        "patternProperties": _check_named_properties,
        "additionalProperties": _check_other_properties,
        "unevaluatedProperties": None,  # the library's matches patterns with re
    },
)


def find_schema_error(schema: Any, *, any_dialect: bool = False) -> str | None:
    """Find why a document is not a JSON schema; None if it is one. any_dialect: of the dialect that it names."""
    dialect = validator_for(schema, default=Draft202012Validator) if any_dialect else Draft202012Validator
    try:
        dialect.check_schema(schema)
    except SchemaError as error:
        return str(error.message)
    except RecursionError:
        return "it is nested too deeply"
    except OverflowError:
        return "a pattern repeats too often"
    return None


def find_value_error(schema: Any, value: Any) -> str | None:
    """Find why a value does not match a valid schema; None if it does. Remote references match nothing."""
    try:
        error = next(_VALIDATOR(schema, registry=Registry()).iter_errors(value), None)
    except Unresolvable as unresolvable:
        return f"it has a reference that does not exist: {unresolvable}"
    except RecursionError:
        return "it is nested too deeply"
    return None if error is None else str(error.message)
