"""The session of a client with a handshake, managed by the bridge: the server's own session may end and be reopened."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from agora_sdk import mcp_wire

from .request import Message, read_request_params

__all__ = ["Session", "list_subscription_catch_up"]

#: Lists with change notifications: the capability's name and the notification.
LIST_CHANGED_METHODS = {
    "tools": "notifications/tools/list_changed",
    "prompts": "notifications/prompts/list_changed",
    "resources": "notifications/resources/list_changed",
}
RESOURCE_UPDATED_METHOD = "notifications/resources/updated"


class Session:
    """The negotiated session, and the messages to replay to a server that lost it.

    request: the client's handshake. generation: number of openings, so that concurrent requests that lose the session
    reopen it once.
    """

    def __init__(self, request: Message | None = None) -> None:
        self.generation = 0
        self._request = request or {}
        self._id: str | None = None
        self._version: str | None = None
        self._capabilities: Mapping[str, Any] = {}
        self._level: Message | None = None
        self._watched_resources: dict[str, Message] = {}

    @property
    def has_begun(self) -> bool:
        """Whether a handshake was made."""
        return self._version is not None

    @property
    def has_stream(self) -> bool:
        """Whether the server may send messages outside of responses."""
        return self._id is not None

    @property
    def headers(self) -> dict[str, str]:
        """Headers of every message after the handshake."""
        session = {mcp_wire.SESSION_HEADER: self._id} if self._id else {}
        return session | ({mcp_wire.VERSION_HEADER: self._version} if self._version else {})

    def store_handshake(self, answer: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        """Store the server's answer to the handshake."""
        result = answer.get("result")
        if not isinstance(result, dict):
            return
        self._capabilities = result.get("capabilities") or {}
        self._id, self._version = headers.get(mcp_wire.SESSION_HEADER), str(result.get("protocolVersion"))
        self.generation += 1

    def record_successful_request(self, request: Message) -> None:
        """Record a successful request that changes the session's state."""
        match request.get("method"):
            case "logging/setLevel":
                self._level = request
            case "resources/subscribe":
                self._watched_resources[str(read_request_params(request).get("uri"))] = request
            case "resources/unsubscribe":
                self._watched_resources.pop(str(read_request_params(request).get("uri")), None)

    def build_handshake(self) -> Message:
        """Build the client's handshake again, with an id of the bridge."""
        # Never an id of the client, which may have a request with it under way.
        return self._request | {"id": self._create_bridge_request_id("initialize")}

    def list_messages_to_replay(self) -> Iterator[Message]:
        """Messages to replay to a new session of the server."""
        # First: before it, a server may refuse any other request (MCP, lifecycle).
        yield {"jsonrpc": "2.0", "method": "notifications/initialized"}
        requests = [*([self._level] if self._level else []), *self._watched_resources.values()]
        for number, request in enumerate(requests):
            yield request | {"id": self._create_bridge_request_id(str(number))}

    def list_catch_up_notifications(self) -> Iterator[bytes]:
        """Yield change notifications for everything that the client may have missed."""
        for name, method in LIST_CHANGED_METHODS.items():
            capability = self._capabilities.get(name)
            if isinstance(capability, dict) and capability.get("listChanged"):
                yield _encode_notification(method)
        for uri in self._watched_resources:
            yield _encode_notification(RESOURCE_UPDATED_METHOD, uri=uri)

    def _create_bridge_request_id(self, suffix: str) -> str:
        return f"agora-bridge-{self.generation}-{suffix}"


def list_subscription_catch_up(acknowledgement: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield change notifications for a renewed subscription without a session: anything it covers may have changed."""
    params = acknowledgement.get("params") or {}
    meta, notifications = params.get("_meta") or {}, params.get("notifications") or {}
    for name, method in LIST_CHANGED_METHODS.items():
        if notifications.get(f"{name}ListChanged"):
            yield _encode_notification(method, _meta=meta)
    for uri in notifications.get("resourceSubscriptions") or ():
        yield _encode_notification(RESOURCE_UPDATED_METHOD, uri=uri, _meta=meta)


def _encode_notification(method: str, **params: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "method": method} | ({"params": params} if params else {})).encode()
