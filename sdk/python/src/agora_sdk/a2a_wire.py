"""Wire format of A2A, in both versions: endpoints, requests, and results.

Responses are read leniently and converted to the form of A2A 1.0 (sections 4.1 and 4.2): 0.3 has ``kind`` and
lower-case states, older servers have ``type`` and ``content``.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from .a2a_legacy import METHODS, send_request_to_proto, send_request_to_v03
from .errors import (
    AgoraError,
    Conflict,
    IllegalTransition,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    Overloaded,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    UpstreamFailed,
)
from .message import Message

__all__ = [
    "Call",
    "Endpoint",
    "build_call",
    "card_url",
    "choose_endpoint",
    "normalize_result",
    "parse_error",
    "parse_result",
]

CARD_PATH = "/.well-known/agent-card.json"
JSON_RPC, HTTP_JSON = "JSONRPC", "HTTP+JSON"
CURRENT, LEGACY = "1.0", "0.3"
REQUEST_ID = "1"  # each call has its own connection or stream
_HEADERS = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
_METHODS = {current: legacy for legacy, current in METHODS.items()}
_SENDS = frozenset({"SendMessage", "SendStreamingMessage"})
_BY_CODE: dict[int, type[AgoraError]] = {
    -32001: NotFound,
    -32002: IllegalTransition,
    -32600: InvalidRequest,
    -32601: MethodNotAllowed,
    -32602: InvalidRequest,
    -32700: InvalidRequest,
}
_BY_STATUS: dict[int, type[AgoraError]] = {
    400: InvalidRequest,
    401: Unauthenticated,
    403: PermissionDenied,
    404: NotFound,
    405: MethodNotAllowed,
    409: Conflict,
    422: InvalidRequest,
    429: RateLimited,
    503: Overloaded,
}
_KIND_NAMES = {
    "task": "task",
    "message": "message",
    "status-update": "statusUpdate",
    "artifact-update": "artifactUpdate",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An A2A endpoint of an agent. tenant: sent with every call if the interface names it (section 4.4.6)."""

    url: str
    binding: str = JSON_RPC
    version: str = LEGACY
    tenant: str | None = None

    @property
    def is_current(self) -> bool:
        return self.version == CURRENT


@dataclass(frozen=True, slots=True)
class Call:
    """A request. json: its body, None if it has none."""

    method: str
    url: str
    headers: Mapping[str, str]
    json: Mapping[str, Any] | None = None


# -- cards ---------------------------------------------------------------------------------------


def card_url(url: str) -> str:
    """Build the URL of an agent's card. url: of the agent, of its card, or of the host."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
    except ValueError:  # such as an unclosed bracket of an IPv6 address
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidRequest(
            f"{url!r} is not the address of an agent.", fix="Write http://HOST:PORT or https://HOST/PATH."
        )
    plain = parts._replace(query="", fragment="").geturl()
    return plain if parts.path.endswith(".json") else plain.rstrip("/") + CARD_PATH


def choose_endpoint(card: Mapping[str, Any], base: str) -> Endpoint:
    """Choose the best interface of a card: 1.0 before 0.3, JSON-RPC before HTTP+JSON.

    base: address of the card, for relative URLs. Raises UpstreamFailed if no interface is supported.
    """
    endpoints = [endpoint for endpoint in _list_offered_endpoints(card, base) if _is_supported(endpoint)]
    if not endpoints:
        raise UpstreamFailed("The agent's card offers no A2A 1.0 or 0.3 over JSON-RPC, nor 1.0 over HTTP+JSON.")
    # min() keeps the first of equals: the order of a card is its agent's preference.
    best = min(endpoints, key=lambda endpoint: (not endpoint.is_current, endpoint.binding != JSON_RPC))
    # A downgrade to plain HTTP would send the caller's token unencrypted.
    if urlsplit(base).scheme == "https" and urlsplit(best.url).scheme != "https":
        raise UpstreamFailed(f"The card was read by https and leads to {best.url}, which is not.")
    return best


def _is_supported(endpoint: Endpoint) -> bool:
    return endpoint.binding == JSON_RPC or (endpoint.binding == HTTP_JSON and endpoint.is_current)


def _list_offered_endpoints(card: Mapping[str, Any], base: str) -> list[Endpoint]:
    offers = []
    for offer in _select_objects(card.get("supportedInterfaces")):
        version = str(offer.get("protocolVersion") or CURRENT)
        binding = str(offer.get("protocolBinding") or JSON_RPC).upper()
        offers.append((offer.get("url"), binding, version, offer.get("tenant")))
    if isinstance(card.get("url"), str):  # 0.3 and older servers
        version = str(card.get("protocolVersion") or LEGACY)
        offers.append((card["url"], str(card.get("preferredTransport") or JSON_RPC).upper(), version, None))
        offers += [
            (offer.get("url"), str(offer.get("transport")).upper(), version, None)
            for offer in _select_objects(card.get("additionalInterfaces"))
        ]
    endpoints = []
    for url, binding, version, tenant in offers:
        if isinstance(url, str) and url and version.split(".")[0] in ("0", "1"):
            spoken = CURRENT if version.startswith("1") else LEGACY
            # An address that is none is passed over, like one of an unknown version: the card may offer another.
            with contextlib.suppress(ValueError):
                endpoints.append(Endpoint(urljoin(base, url), binding, spoken, tenant or None))
    return endpoints


def _select_objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


# -- calls ---------------------------------------------------------------------------------------


def build_call(endpoint: Endpoint, method: str, params: Mapping[str, Any]) -> Call:
    """Build the call of a method of A2A 1.0 in the endpoint's version and binding. headers: by lower-case names."""
    headers = dict(_HEADERS) | ({"a2a-version": CURRENT} if endpoint.is_current else {})
    if endpoint.binding == HTTP_JSON:
        return _build_http_json_call(endpoint, method, params, headers)
    if endpoint.is_current:
        name, wire_params = method, ({"tenant": endpoint.tenant} if endpoint.tenant else {}) | dict(params)
    else:
        name, wire_params = _METHODS[method], send_request_to_v03(params) if method in _SENDS else dict(params)
    document = {"jsonrpc": "2.0", "id": REQUEST_ID, "method": name, "params": wire_params}
    return Call("POST", endpoint.url, headers, document)


def _build_http_json_call(
    endpoint: Endpoint, method: str, params: Mapping[str, Any], headers: Mapping[str, str]
) -> Call:
    """Build a call over HTTP+JSON (section 11.3); for 0.3, as its SDKs send it below ``/v1``."""
    current = endpoint.is_current
    base = endpoint.url.split("?", 1)[0].rstrip("/")
    if not current:
        # Cards of 0.3 name the base with or without it.
        base = base if base.endswith("/v1") else f"{base}/v1"
    elif endpoint.tenant is not None:
        base += f"/{quote(endpoint.tenant, safe='')}"
    if method in _SENDS:
        action = "send" if method == "SendMessage" else "stream"
        return Call("POST", f"{base}/message:{action}", headers, params if current else send_request_to_proto(params))
    task = f"{base}/tasks/{quote(str(params['id']), safe='')}"
    if method == "GetTask":
        return Call("GET", task, headers)
    if method == "SubscribeToTask":
        return Call("POST", f"{task}:subscribe", headers, {}) if current else Call("GET", f"{task}:subscribe", headers)
    return Call("POST", f"{task}:cancel", headers, {})


# -- answers -------------------------------------------------------------------------------------


def parse_result(status: int, document: Any) -> Any:
    """Return the result of an answer. Raises an AgoraError for an error response."""
    if isinstance(document, Mapping) and document.get("error"):
        raise parse_error(status, document["error"])
    if status >= 400:
        raise parse_error(status, document)
    if isinstance(document, Mapping) and "jsonrpc" in document:
        return document.get("result")
    return document


def parse_error(status: int, error: Any) -> AgoraError:
    """Convert an error of JSON-RPC or HTTP into an AgoraError."""
    fields = error if isinstance(error, Mapping) else {}
    code = fields.get("code")
    text = str(fields.get("message") or fields.get("detail") or fields.get("title") or "")[:2000]
    kind = _BY_STATUS.get(status) if status >= 400 else None
    if isinstance(code, int):
        # Over HTTP+JSON, ``code`` is the HTTP status (section 11.6), over JSON-RPC a negative number.
        kind = _BY_CODE.get(code, _BY_STATUS.get(code, kind or UpstreamFailed))
    return (kind or UpstreamFailed)(
        text or f"The agent answered with the status {status}.", a2a_code=code, status_code=status
    )


def normalize_result(result: Any) -> dict[str, Any]:
    """Convert an answer or a stream item to the form of 1.0: ``task``, ``message``, ``statusUpdate``,
    ``artifactUpdate``.

    Raises UpstreamFailed for anything else.
    """
    if isinstance(result, Mapping):
        members = {name: result[name] for name in _KIND_NAMES.values() if isinstance(result.get(name), Mapping)}
        if not members and (kind := _find_result_kind(result)):
            members = {kind: result}
        if members:
            return {name: _NORMALIZERS[name](part) for name, part in members.items()}
    raise UpstreamFailed("The agent's answer is neither a task nor a message.")


def _find_result_kind(result: Mapping[str, Any]) -> str | None:
    if isinstance(kind := _KIND_NAMES.get(str(result.get("kind"))), str):
        return kind
    if "parts" in result:
        return "message"
    if "artifact" in result:
        return "artifactUpdate"
    if isinstance(result.get("status"), Mapping):
        # A task has an id, an update only that of its task.
        return "statusUpdate" if "taskId" in result and "id" not in result else "task"
    return "task" if "id" in result and "status" in result else None


def _normalize_message(wire: Any) -> dict[str, Any] | None:
    return Message.of(wire).wire() if isinstance(wire, Mapping) else None


def _normalize_status(status: Any) -> dict[str, Any]:
    status_object = status if isinstance(status, Mapping) else {"state": status}
    normalized: dict[str, Any] = {"state": _normalize_state(status_object.get("state"))}
    if message := _normalize_message(status_object.get("message")):
        normalized["message"] = message
    return normalized | ({"timestamp": status_object["timestamp"]} if "timestamp" in status_object else {})


def _normalize_state(state: Any) -> str:
    text = re.sub(r"[^A-Z]", "_", str(state or "UNSPECIFIED").upper()).removeprefix("TASK_STATE_")
    return "TASK_STATE_" + {"CANCELLED": "CANCELED", "PENDING": "SUBMITTED"}.get(text, text)


def _normalize_artifact(wire: Any) -> dict[str, Any]:
    document = dict(wire) if isinstance(wire, Mapping) else {}
    return document | {"parts": [part.wire() for part in Message.of(document).parts]}


def _normalize_task(wire: Mapping[str, Any]) -> dict[str, Any]:
    task = dict(wire) | {"status": _normalize_status(wire.get("status"))}
    if isinstance(wire.get("artifacts"), list):
        task["artifacts"] = [_normalize_artifact(artifact) for artifact in wire["artifacts"]]
    if isinstance(wire.get("history"), list):
        task["history"] = [message for message in map(_normalize_message, wire["history"]) if message]
    return task


_NORMALIZERS: Mapping[str, Any] = {
    "task": _normalize_task,
    "message": lambda wire: Message.of(wire).wire(),
    "statusUpdate": lambda wire: dict(wire) | {"status": _normalize_status(wire.get("status"))},
    "artifactUpdate": lambda wire: dict(wire) | {"artifact": _normalize_artifact(wire.get("artifact"))},
}
