"""A2A on the wire, of both versions: where an agent speaks, how a call is written, what an answer says.

Answers are read leniently and are all given the form of A2A 1.0 (sections 4.1 and 4.2), whatever form they had: 0.3
has ``kind`` and small letters, older servers have ``type`` and ``content``.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

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

__all__ = ["Call", "Endpoint", "call", "card_url", "choose", "failure", "normal", "ok"]

CARD = "/.well-known/agent-card.json"
JSON_RPC, HTTP_JSON = "JSONRPC", "HTTP+JSON"
CURRENT, LEGACY = "1.0", "0.3"
_METHODS = {
    "SendMessage": "message/send",
    "SendStreamingMessage": "message/stream",
    "GetTask": "tasks/get",
    "CancelTask": "tasks/cancel",
    "SubscribeToTask": "tasks/resubscribe",
}
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
_KINDS = {"task": "task", "message": "message", "status-update": "statusUpdate", "artifact-update": "artifactUpdate"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an agent speaks A2A, and how. tenant: what the interface says to send with every call (section 4.4.6)."""

    url: str
    binding: str = JSON_RPC
    version: str = LEGACY
    tenant: str | None = None

    @property
    def is_current(self) -> bool:
        return self.version == CURRENT


@dataclass(frozen=True, slots=True)
class Call:
    """A request. json: its body, None where it has none."""

    method: str
    url: str
    headers: Mapping[str, str]
    json: Mapping[str, Any] | None = None


# -- cards ---------------------------------------------------------------------------------------


def card_url(url: str) -> str:
    """Where an agent's card is. url: of the agent, of its card, or of the host."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidRequest(f"{url!r} is no address of an agent.", fix="Write http://HOST:PORT or https://HOST/PATH.")
    plain = parts._replace(query="", fragment="").geturl()
    return plain if parts.path.endswith(".json") else plain.rstrip("/") + CARD


def choose(card: Mapping[str, Any], base: str) -> Endpoint:
    """The best of the interfaces that a card offers: 1.0 before 0.3, JSON-RPC before HTTP+JSON.

    base: address of the card, for relative URLs. Raises UpstreamFailed where there is nothing that we speak.
    """
    found = [endpoint for endpoint in _offered(card, base) if _is_spoken(endpoint)]
    if not found:
        raise UpstreamFailed("The agent's card offers no A2A 1.0 or 0.3 over JSON-RPC, nor 1.0 over HTTP+JSON.")
    best = min(found, key=lambda endpoint: (not endpoint.is_current, endpoint.binding != JSON_RPC))
    if urlsplit(base).scheme == "https" and urlsplit(best.url).scheme != "https":
        raise UpstreamFailed(f"The card was read by https and leads to {best.url}, which is not.")
    return best


def _is_spoken(endpoint: Endpoint) -> bool:
    return endpoint.binding == JSON_RPC or (endpoint.binding == HTTP_JSON and endpoint.is_current)


def _offered(card: Mapping[str, Any], base: str) -> list[Endpoint]:
    found = []
    for offer in _objects(card.get("supportedInterfaces")):
        version = str(offer.get("protocolVersion") or CURRENT)
        binding = str(offer.get("protocolBinding") or JSON_RPC).upper()
        found.append((offer.get("url"), binding, version, offer.get("tenant")))
    if isinstance(card.get("url"), str):  # as 0.3 writes it, and older servers do
        version = str(card.get("protocolVersion") or LEGACY)
        found.append((card["url"], str(card.get("preferredTransport") or JSON_RPC).upper(), version, None))
        found += [
            (offer.get("url"), str(offer.get("transport")).upper(), version, None)
            for offer in _objects(card.get("additionalInterfaces"))
        ]
    endpoints = []
    for url, binding, version, tenant in found:
        if isinstance(url, str) and url and version.split(".")[0] in ("0", "1"):
            spoken = CURRENT if version.startswith("1") else LEGACY
            endpoints.append(Endpoint(urljoin(base, url), binding, spoken, tenant or None))
    return endpoints


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


# -- calls ---------------------------------------------------------------------------------------


def call(endpoint: Endpoint, method: str, params: Mapping[str, Any]) -> Call:
    """A call of a method of A2A 1.0, as the endpoint wants it."""
    headers = {"accept": "application/json, text/event-stream"}
    if endpoint.is_current:
        headers["a2a-version"] = CURRENT
        params = ({"tenant": endpoint.tenant} if endpoint.tenant else {}) | dict(params)
    if endpoint.binding == HTTP_JSON:
        return _rest(endpoint, method, params, headers)
    name, params = (method, params) if endpoint.is_current else (_METHODS[method], _legacy(params))
    return Call(
        "POST", endpoint.url, headers, {"jsonrpc": "2.0", "id": uuid.uuid4().hex, "method": name, "params": params}
    )


def _rest(endpoint: Endpoint, method: str, params: Mapping[str, Any], headers: Mapping[str, str]) -> Call:
    base = endpoint.url.rstrip("/")
    if method in ("SendMessage", "SendStreamingMessage"):
        action = "send" if method == "SendMessage" else "stream"
        return Call("POST", f"{base}/message:{action}", headers, params)
    task = f"{base}/tasks/{quote(str(params['id']), safe='')}"
    if method == "GetTask":
        return Call("GET", task, headers)
    return Call("POST", f"{task}:{'cancel' if method == 'CancelTask' else 'subscribe'}", headers, {})


def _legacy(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as 0.3 has them; those of the older servers beside them, where they do no harm."""
    given = dict(params)
    if isinstance(message := given.get("message"), Mapping):
        parts = [_legacy_part(part) for part in message["parts"]]
        role = "agent" if message.get("role") == "ROLE_AGENT" else "user"
        given["message"] = dict(message) | {"kind": "message", "role": role, "parts": parts}
    if "configuration" in given:
        waits = not given["configuration"].get("returnImmediately", False)
        given["configuration"] = {"blocking": waits}
    return given


def _legacy_part(part: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {"metadata": part["metadata"]} if "metadata" in part else {}
    if "text" in part:
        return {"kind": "text", "text": part["text"]} | metadata
    if "data" in part:
        data = part["data"] if isinstance(part["data"], Mapping) else {"value": part["data"]}
        return {"kind": "data", "data": data} | metadata
    names = {"raw": "bytes", "url": "uri", "mediaType": "mimeType", "filename": "name"}
    return {"kind": "file", "file": {names[name]: part[name] for name in names if part.get(name)}} | metadata


# -- answers -------------------------------------------------------------------------------------


def ok(status: int, document: Any) -> Any:
    """The result that an answer carries. Raises the AgoraError that it says instead."""
    if isinstance(document, Mapping) and document.get("error"):
        raise failure(status, document["error"])
    if status >= 400:
        raise failure(status, document)
    if isinstance(document, Mapping) and "jsonrpc" in document:
        return document.get("result")
    return document


def failure(status: int, error: Any) -> AgoraError:
    """An error of JSON-RPC or of HTTP as one of ours."""
    told = error if isinstance(error, Mapping) else {}
    code = told.get("code")
    said = str(told.get("message") or told.get("detail") or told.get("title") or "")[:2000]
    kind = _BY_STATUS.get(status) if status >= 400 else None
    if isinstance(code, int):
        kind = _BY_CODE.get(code, _BY_STATUS.get(code, kind or UpstreamFailed))
    return (kind or UpstreamFailed)(
        said or f"The agent answered with the status {status}.", a2a_code=code, status_code=status
    )


def normal(result: Any) -> dict[str, Any]:
    """What an answer or an item of a stream is, as 1.0 has it: ``task``, ``message``, ``statusUpdate``, ``artifactUpdate``.

    Raises UpstreamFailed for what is nothing of the kind.
    """
    if isinstance(result, Mapping):
        found = {name: result[name] for name in _KINDS.values() if isinstance(result.get(name), Mapping)}
        if not found and (kind := _kind(result)):
            found = {kind: result}
        if found:
            return {name: _NORMAL[name](part) for name, part in found.items()}
    raise UpstreamFailed("The agent answered with what is neither a task nor a message.")


def _kind(result: Mapping[str, Any]) -> str | None:
    if isinstance(kind := _KINDS.get(str(result.get("kind"))), str):
        return kind
    if "parts" in result:
        return "message"
    if "artifact" in result:
        return "artifactUpdate"
    if isinstance(result.get("status"), Mapping):
        return "statusUpdate" if "taskId" in result and "id" not in result else "task"
    return "task" if "id" in result and "status" in result else None


def _message(wire: Any) -> dict[str, Any] | None:
    return Message.of(wire).wire() if isinstance(wire, Mapping) else None


def _status(status: Any) -> dict[str, Any]:
    told = status if isinstance(status, Mapping) else {"state": status}
    found: dict[str, Any] = {"state": _state(told.get("state"))}
    if message := _message(told.get("message")):
        found["message"] = message
    return found | ({"timestamp": told["timestamp"]} if "timestamp" in told else {})


def _state(state: Any) -> str:
    text = re.sub(r"[^A-Z]", "_", str(state or "UNSPECIFIED").upper()).removeprefix("TASK_STATE_")
    return "TASK_STATE_" + {"CANCELLED": "CANCELED", "PENDING": "SUBMITTED"}.get(text, text)


def _artifact(wire: Any) -> dict[str, Any]:
    told = dict(wire) if isinstance(wire, Mapping) else {}
    return told | {"parts": [part.wire() for part in Message.of(told).parts]}


def _task(wire: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(wire) | {"status": _status(wire.get("status"))}
    if isinstance(wire.get("artifacts"), list):
        found["artifacts"] = [_artifact(artifact) for artifact in wire["artifacts"]]
    if isinstance(wire.get("history"), list):
        found["history"] = [said for said in map(_message, wire["history"]) if said]
    return found


_NORMAL: Mapping[str, Any] = {
    "task": _task,
    "message": lambda wire: Message.of(wire).wire(),
    "statusUpdate": lambda wire: dict(wire) | {"status": _status(wire.get("status"))},
    "artifactUpdate": lambda wire: dict(wire) | {"artifact": _artifact(wire.get("artifact"))},
}
