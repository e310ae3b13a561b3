"""A2A wire format of remote agents: versions 1.0 and 0.3, JSON-RPC and HTTP+JSON. Pure functions.

Internally a call is a method with parameters of A2A 1.0, and an answer a StreamResponse of 1.0; this module converts
both to and from the agent's version and binding. Answers are parsed tolerantly (see
:mod:`agora.wire.a2a.tolerant_input`), but the type of an item is never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import from_json, to_json

from agora.net.http_client import build_request_target
from agora.value_classes import value_class
from agora.wire.a2a import tolerant_input
from agora.wire.a2a import v03 as legacy
from agora_sdk.a2a_wire import CURRENT, HTTP_JSON, JSON_RPC, LEGACY, Endpoint, build_call
from agora_sdk.errors import AgoraError

from .errors import NOT_CANCELABLE, TASK_NOT_FOUND, UNSUPPORTED_OPERATION, RemoteError, build_malformed_answer_error

__all__ = [
    "A2ARequest",
    "Interface",
    "build_a2a_request",
    "build_http_error",
    "convert_stream_event",
    "parse_json",
    "read_rpc_result",
]

MAX_ERROR_CHARACTERS: Final = 1000  #: limit of a remote error text
#: codes of JSON-RPC (section 5.4) that are handled
_CODES: Final = {
    -32001: TASK_NOT_FOUND,
    -32002: NOT_CANCELABLE,
    -32004: UNSUPPORTED_OPERATION,
    -32601: UNSUPPORTED_OPERATION,
}
_TRANSIENT_STATUSES: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)  # as its base, of the SDK
class Interface(Endpoint):
    """An interface of an agent: URL and binding (A2A 1.0, section 4.4.6). streams: whether the card declares streaming."""

    version: str = CURRENT
    streams: bool = False

    @classmethod
    def from_card(cls, entry: Mapping[str, Any], card: Mapping[str, Any]) -> Interface:
        """Parse the chosen interface of a card. Raises RemoteError if it is invalid."""
        url, tenant = entry.get("url"), entry.get("tenant")
        if not isinstance(url, str):
            raise build_malformed_answer_error("its card names no address")
        capabilities = card.get("capabilities")
        streams = isinstance(capabilities, dict) and capabilities.get("streaming") is True
        version = CURRENT if str(entry.get("protocolVersion", CURRENT)).startswith("1.") else LEGACY
        binding = HTTP_JSON if entry.get("protocolBinding") == HTTP_JSON else JSON_RPC
        return cls(url, binding, version, tenant if isinstance(tenant, str) and tenant else None, streams)


@value_class
class A2ARequest:
    """A request: HTTP method and target, additional headers, body."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""


# -- calls -----------------------------------------------------------------------------------------


def build_a2a_request(interface: Interface, method: str, params: Mapping[str, Any]) -> A2ARequest:
    """Encode a call of an A2A 1.0 method for the agent's version and binding."""
    call = build_call(interface, method, params)
    body = b"" if call.json is None else to_json(call.json)
    return A2ARequest(call.method, build_request_target(call.url), call.headers, body)


# -- answers ---------------------------------------------------------------------------------------


def parse_json(body: bytes) -> Any:
    """Parse JSON. Raises RemoteError."""
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise build_malformed_answer_error(f"it is not JSON ({str(error)[:200]})") from None


def read_rpc_result(interface: Interface, document: Any) -> Any:
    """Return the result of an answer. Raises RemoteError for an error answer."""
    if interface.binding == HTTP_JSON:
        if isinstance(document, dict) and document.keys() <= {"error"} and document:
            raise _build_remote_error(document["error"])
        return document
    if not isinstance(document, dict) or ("result" not in document and "error" not in document):
        raise build_malformed_answer_error("it is not a JSON-RPC response")
    if document.get("error") is not None:
        raise _build_remote_error(document["error"])
    return document["result"]


def build_http_error(status: int, body: bytes) -> RemoteError:
    """Build the error of an HTTP error answer."""
    if 300 <= status < 400:
        return RemoteError("It answers with a redirect; redirects are not followed.")
    # Without the agent's own words, which could quote the credentials.
    if status in (401, 403):
        return RemoteError(f"It rejects the stored credentials (HTTP status {status}).")
    try:
        document = from_json(body)
    except ValueError:
        document = None
    error = document.get("error", document) if isinstance(document, dict) else None
    if isinstance(error, dict) and ("message" in error or "code" in error or "detail" in error):
        return _build_remote_error(error, status)
    return RemoteError(f"It answers with the HTTP status {status}.", transient=status in _TRANSIENT_STATUSES)


def _build_remote_error(error: Any, status: int = 200) -> RemoteError:
    fields = error if isinstance(error, dict) else {}
    code, text = fields.get("code"), fields.get("message") or fields.get("detail") or fields.get("title")
    reason = _CODES.get(code) if isinstance(code, int) else None
    for detail in fields["details"] if isinstance(fields.get("details"), list) else ():
        if isinstance(detail, dict) and isinstance(detail.get("reason"), str):
            reason = detail["reason"]
    if reason is None and status in (404, 405, 501):
        reason = TASK_NOT_FOUND if status == 404 else UNSUPPORTED_OPERATION
    summary = str(text)[:MAX_ERROR_CHARACTERS] if text else f"the error {code if code is not None else status}"
    # With a reason the agent has decided, and would decide the same again; without one it may be an outage.
    return RemoteError(
        f"It says: {summary.rstrip('.')}.", transient=status in _TRANSIENT_STATUSES and reason is None, reason=reason
    )


_MEMBERS: Final = ("task", "message", "statusUpdate", "artifactUpdate")


def convert_stream_event(interface: Interface, value: Any, *, task: bool = False) -> dict[str, Any] | None:
    """Convert an item to a StreamResponse of 1.0. None for an empty item. task: the item is a bare Task.

    Raises RemoteError for anything that is not A2A.
    """
    try:
        if task:
            return {"task": legacy.task_to_v1(_drop_empty_items(value))}
        if interface.version == LEGACY and interface.binding == HTTP_JSON:
            value = _unwrap_legacy_item(value)
        fields = tolerant_input.convert_to_json_names(tolerant_input.read_object(value, "result"))
        members = [member for member in _MEMBERS if isinstance(fields.get(member), dict)]
        if not members or "kind" in fields:
            if "artifact" in fields and not _read_parts_or_none(fields["artifact"]):
                return None
            return legacy.event_to_v1(_drop_empty_items(fields))
        return _parse_typed_event_or_none(members[0], fields[members[0]])
    except AgoraError as error:
        raise build_malformed_answer_error(error.detail.rstrip(".")) from None
    except (AttributeError, KeyError, TypeError, RecursionError) as error:
        raise build_malformed_answer_error(type(error).__name__) from None


def _parse_typed_event_or_none(member: str, value: dict[str, Any]) -> dict[str, Any] | None:
    """Parse an object of a type. Returns it under the name of that type, as in 1.0."""
    fields = _drop_empty_items(value)
    if member == "task":
        return {"task": legacy.task_to_v1(fields)}
    if member == "message":
        return {"message": tolerant_input.read_message(fields)}
    fields = tolerant_input.convert_to_json_names(fields)
    task_fields = {name: fields[name] for name in ("taskId", "contextId", "metadata") if fields.get(name)}
    if member == "statusUpdate":
        return {"statusUpdate": task_fields | {"status": legacy.status_to_v1(fields.get("status"))}}
    if not _read_parts_or_none(fields.get("artifact")):
        return None
    flags = {name: fields[name] for name in ("append", "lastChunk") if isinstance(fields.get(name), bool)}
    return {"artifactUpdate": task_fields | flags | {"artifact": legacy.artifact_to_v1(fields.get("artifact"))}}


def _read_parts_or_none(value: Any) -> Any:
    return value.get("parts", value.get("content")) if isinstance(value, dict) else None


def _drop_empty_items(value: Any) -> dict[str, Any]:
    """Drop messages and artifacts without parts, which some agents send as end marks. Raises AgoraError if it is no object."""
    document = dict(tolerant_input.read_object(value, "result"))
    status = document.get("status")
    if (
        isinstance(status, dict)
        and isinstance(status.get("message"), dict)
        and not _read_parts_or_none(status["message"])
    ):
        document["status"] = {name: entry for name, entry in status.items() if name != "message"}
    for member in ("artifacts", "history"):
        if isinstance(document.get(member), list):
            document[member] = [entry for entry in document[member] if _read_parts_or_none(entry)]
    return document


def _unwrap_legacy_item(value: Any) -> Any:
    """Normalize an item of 0.3 in Protocol Buffers JSON: move the data of its parts to the usual place."""
    item = tolerant_input.convert_to_json_names(tolerant_input.read_object(value, "result"))
    if "msg" in item:
        item["message"] = item.pop("msg")
    return _unwrap_part_data(item)


def _unwrap_part_data(value: Any) -> Any:
    if isinstance(value, list):
        return [_unwrap_part_data(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("data"), dict) and value["data"].keys() == {"data"}:
        return value | {"kind": "data", "data": value["data"]["data"]}
    return {name: entry if name in ("metadata", "data") else _unwrap_part_data(entry) for name, entry in value.items()}
