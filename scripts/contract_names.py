"""Names of the contract in the conventions of programming languages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["camel_case", "common_error_codes", "pascal_case", "reference_name", "snake_case"]


def camel_case(name: str) -> str:
    """Convert ``task_id`` to ``taskId``; a name without underscores is unchanged."""
    return re.sub(r"(?<=[A-Za-z0-9])_([a-z0-9])", lambda match: match[1].upper(), name)


def snake_case(name: str) -> str:
    """Reverse :func:`camel_case`, for names of the contract that are not originally in camel case."""
    return re.sub(r"(?<=[a-z0-9])[A-Z]", lambda match: "_" + match[0].lower(), name)


def pascal_case(name: str) -> str:
    """Convert ``not_found`` to ``NotFound``."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[_.]", name))


def reference_name(schema: Mapping[str, Any]) -> str | None:
    """Return the name of the definition that a schema refers to; None for an inline schema."""
    reference = schema.get("$ref")
    return None if reference is None else str(reference).rsplit("/", 1)[1]


def common_error_codes(operations: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the codes of errors that every operation of the contract may return."""
    return [code for code in operations[0]["errors"] if all(code in operation["errors"] for operation in operations)]
