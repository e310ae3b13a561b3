"""Validation of the arguments of a call: from JSON to the operation's model, at a bounded cost.

Valid arguments cost what their size costs, which the protocols limit. Invalid ones must not cost more: pydantic builds an
object for every error, so for a large number of errors only the first of each list and object are reported.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from agora_sdk.contract import Operation
from agora_sdk.contract.validation_errors import describe_error, locate_errors
from agora_sdk.errors import InvalidRequest, MalformedRequest, field_error

__all__ = ["convert_validation_error", "validate_arguments"]

MAX_ERRORS: Final = 20  # errors in one answer
MAX_DETAILED_ERRORS: Final = 200  # errors that are reported one by one
MAX_UNKNOWN_FIELDS: Final = 200  # number of unknown fields above which validation stops
MAX_UNCOUNTED_KEYS: Final = 2_000  # keys of a document above which its fields are counted before validation
MAX_ABRIDGED_PARTS: Final = 20  # validated per list and object if there are too many errors to list
MAX_ABRIDGED_DEPTH: Final = 4


def validate_arguments(operation: Operation, arguments: bytes | Mapping[str, Any]) -> dict[str, Any]:
    """Validate the arguments of an operation. Raises InvalidRequest, MalformedRequest."""
    model = operation.input
    try:
        # pydantic-core parses and validates JSON in one pass, without Python objects in between.
        if isinstance(arguments, bytes) and not _has_many_fields(operation, arguments):
            request: BaseModel = model.__pydantic_validator__.validate_json(arguments or b"{}")
            return request.__dict__
        if isinstance(arguments, Mapping) and len(arguments) <= len(model.model_fields) + MAX_UNKNOWN_FIELDS:
            request = model.__pydantic_validator__.validate_python(arguments)
            return request.__dict__
    except ValidationError as error:
        if isinstance(arguments, bytes) and arguments.startswith(codecs.BOM_UTF8):
            what = "begins with a byte order mark (BOM), which JSON does not allow"
            raise MalformedRequest(
                f"body: {what}", fix="Send UTF-8 without a byte order mark.", errors=[field_error("body", what)]
            ) from None
        if error.error_count() <= MAX_DETAILED_ERRORS:
            raise convert_validation_error(error, operation) from None
    raise _summarize_errors(operation, arguments)


def _has_many_fields(operation: Operation, arguments: bytes) -> bool:
    """Whether a document has far more fields than the operation takes."""
    # A key needs a colon, so that counting them, far cheaper than parsing, clears nearly every document.
    if arguments.count(b":") <= MAX_UNCOUNTED_KEYS:
        return False
    try:
        document = from_json(arguments)
    except ValueError:
        return False  # validation reports this better
    return isinstance(document, dict) and len(document) > len(operation.input.model_fields) + MAX_UNKNOWN_FIELDS


def _summarize_errors(operation: Operation, arguments: bytes | Mapping[str, Any]) -> InvalidRequest:
    """Report only the first errors of arguments with very many errors."""
    document = from_json(arguments) if isinstance(arguments, bytes) else arguments
    fields = operation.input.model_fields
    if isinstance(document, Mapping):
        unknown_names = islice((name for name in document if name not in fields), MAX_ABRIDGED_PARTS)
        document = {
            name: _truncate_value(document[name]) for name in (*(set(fields) & document.keys()), *unknown_names)
        }
    try:
        operation.input.__pydantic_validator__.validate_python(document)
    except ValidationError as error:
        if error.error_count() <= MAX_DETAILED_ERRORS:
            return convert_validation_error(error, operation)
    return InvalidRequest(
        "The arguments have too many errors to list.",
        fix=f"Its arguments are described at /discovery/schema/{operation.name}.",
    )


def _truncate_value(value: Any, depth: int = MAX_ABRIDGED_DEPTH) -> Any:
    """Truncate the lists and objects of a value."""
    if not depth or not isinstance(value, dict | list):
        return value
    if isinstance(value, list):
        return [_truncate_value(part, depth - 1) for part in value[:MAX_ABRIDGED_PARTS]]
    return {name: _truncate_value(part, depth - 1) for name, part in islice(value.items(), MAX_ABRIDGED_PARTS)}


def convert_validation_error(error: ValidationError, operation: Operation) -> InvalidRequest:
    """Convert a pydantic error to InvalidRequest, with fields but without values."""
    # Without the input: arguments may hold secrets, which would return in the error and its logs.
    details = error.errors(include_url=False, include_input=False)
    errors = [
        field_error(".".join(map(str, location)) or "body", describe_error(detail, operation.input))
        for detail, location in islice(locate_errors(details), MAX_ERRORS)
    ]
    first = errors[0]
    what = f"{first['field']}: {first['message']}" + (f" (and {len(errors) - 1} more)" if len(errors) > 1 else "")
    kind = MalformedRequest if details[0]["type"] == "json_invalid" else InvalidRequest
    return kind(what, fix=f"Its arguments are described at /discovery/schema/{operation.name}.", errors=errors)
