"""Wire format: converts an operation's arguments to an HTTP request, and its answer to a result or an error.

Pure functions of the contract, without I/O.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ValidationError

from .contract import Kind
from .contract.validation_errors import Place, describe_error, locate_errors
from .errors import AgoraError, InternalError, InvalidRequest, field_error, from_problem

if TYPE_CHECKING:
    from .contract import Operation

__all__ = [
    "Answer",
    "Request",
    "bind_arguments",
    "build_request",
    "needs_idempotency_key",
    "parse_error",
    "parse_result",
]


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request; ``target`` is its path and query."""

    method: str
    target: str
    content: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response with its complete body; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def bind_arguments(operation: Operation, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> BaseModel:
    """Validate arguments, given by position or by name, against the contract.

    Raises :class:`InvalidRequest`, whose ``errors`` name the fields.
    """
    # Keyword-only parameters cannot be given by position, as in the method itself.
    names = [name for name, p in operation.parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    if len(args) > len(names):
        detail = f"takes at most {len(names)} arguments by position, {len(args)} were given"
        raise _build_invalid_arguments(operation, [field_error("", detail)])
    arguments = dict(zip(names, args, strict=False))
    if twice := arguments.keys() & kwargs.keys():
        raise _build_invalid_arguments(operation, [field_error(name, "given twice") for name in sorted(twice)])
    try:
        return operation.input.model_validate({**arguments, **kwargs})
    except ValidationError as error:
        faults = locate_errors(error.errors(include_url=False))
        raise _build_invalid_arguments(
            operation, [_build_argument_error(item, location, operation) for item, location in faults]
        ) from None


def _build_argument_error(item: Mapping[str, Any], found: Place, operation: Operation) -> dict[str, str]:
    """Convert an error of pydantic, with its place."""
    first, *rest = found or ("",)
    inner: list[int | str] = rest[:-1] if item["type"] == "extra_forbidden" else rest
    location = str(first) + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in inner)
    message = describe_error(item, operation.input)
    if item["type"] == "extra_forbidden":
        message = f"there is no {rest[-1]!r} in it" if rest else "unknown argument"
    return field_error(location, message)


def _build_invalid_arguments(operation: Operation, errors: list[dict[str, str]]) -> InvalidRequest:
    summary = "; ".join(f"{e['field']}: {e['message']}" if e["field"] else e["message"] for e in errors)
    names = ", ".join(operation.parameters) or "none"
    return InvalidRequest(f"{operation.name}: {summary}.", fix=f"Its arguments are: {names}.", errors=errors)


def build_request(operation: Operation, arguments: BaseModel) -> Request:
    """Build the request of an operation's call: omitted arguments stay omitted, so that the server's defaults apply.

    The canonical route is used unless one of its path parameters is missing or is not a path segment; then the next
    route that fits. Raises :class:`InvalidRequest` for text that cannot be encoded.
    """
    values: dict[str, Any] = arguments.model_dump(mode="json", exclude_unset=True)
    route = next(r for r in operation.routes if all(_is_segment(values.get(name)) for name in r.parameters))
    path = route.path.format(**{name: quote(values.pop(name), safe="") for name in route.parameters})
    # The content of these methods has no defined meaning (RFC 9110, sections 9.3.1 and 9.3.5).
    if route.method in ("GET", "DELETE"):
        query = urlencode(list(_build_query_pairs(values)))
        return Request(route.method, f"{path}?{query}" if query else path)
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        content = text.encode()
    except UnicodeEncodeError as error:
        fault = f"text that is not valid Unicode (a lone surrogate, {text[error.start]!a})"
        raise _build_invalid_arguments(operation, [field_error("", fault)]) from None
    return Request(route.method, path, content, {"content-type": "application/json"})


def _is_segment(value: Any) -> bool:
    # Dot segments are removed on the way (RFC 3986, section 5.2.4), so they would address another resource.
    return isinstance(value, str) and value not in ("", ".", "..")


def _build_query_pairs(values: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Yield query parameters: lists repeat their key, null is omitted."""
    for name, value in values.items():
        for item in value if isinstance(value, list) else [value]:
            if item is not None:
                # json.dumps writes true and 1.5 as the server parses them; str() would write True.
                yield name, item if isinstance(item, str) else json.dumps(item)


def needs_idempotency_key(operation: Operation) -> bool:
    """Whether a retry is safe only under an Idempotency-Key.

    This includes idempotent operations whose answer contains a secret: without the key, a lost answer would be a lost
    secret.
    """
    changes = operation.kind in (Kind.COMMAND, Kind.RELAY)
    return changes and (not operation.idempotent or bool(operation.secrets))


def parse_result(operation: Operation, answer: Answer) -> Any:
    """Parse the result of a successful answer."""
    try:
        return operation.output.validate_json(answer.body)
    except ValidationError as error:
        reason = error.errors(include_url=False, include_input=False)[0]
        location = ".".join(map(str, reason["loc"])) or "body"
        raise InternalError(
            f"The answer to {operation.name} cannot be read: {location}: {reason['msg']}.",
            fix="Is it an Agora server, of this SDK's version or newer?",
        ) from None


def parse_error(answer: Answer, url: str) -> AgoraError:
    """Parse the error of a failed answer, from this server (problem+json) or from an intermediary."""
    try:
        problem = json.loads(answer.body)
    except ValueError:
        problem = None
    if not isinstance(problem, dict) or "code" not in problem:
        where = f" to {answer.headers['location']}" if "location" in answer.headers else ""
        problem = {"detail": f"{url} answered {answer.status}{where}, not as an Agora server does."}
    if "retry_after" not in problem and (seconds := parse_retry_after_or_none(answer)) is not None:
        problem["retry_after"] = seconds
    return from_problem(problem, answer.status)


def parse_retry_after_or_none(answer: Answer) -> float | None:
    """Parse the ``Retry-After`` header in seconds; it may also be a date. None without a valid one."""
    text = answer.headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.replace(".", "", 1).isdecimal() and text.isascii():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    # OverflowError: a year or day with more digits than the C library takes.
    except (ValueError, OverflowError):
        return None
