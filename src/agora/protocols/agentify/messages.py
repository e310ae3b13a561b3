"""Messages of the agent protocol: parsing, removal of credentials, and error messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic_core import from_json

from agora.clock import new_id
from agora_sdk.contract.envelopes import ORCHESTRATOR
from agora_sdk.errors import (
    AgoraError,
    InvalidRequest,
    MalformedRequest,
    PermissionDenied,
    Unauthenticated,
    field_error,
)

__all__ = ["IncomingMessage", "build_error_message", "parse_message"]

Document = dict[str, Any]


@dataclass(slots=True)
class IncomingMessage:
    """A received message and its credential."""

    document: Document
    credential: str | None = None

    @property
    def kind(self) -> str:
        return str(self.document.get("type"))

    @property
    def intent(self) -> str:
        return str(self.document.get("intent"))

    @property
    def to(self) -> list[str]:
        to = self.document.get("to")
        return [ref for ref in to if isinstance(ref, str)] if isinstance(to, list) else []

    @property
    def expected(self) -> Mapping[str, Any]:
        expected = self.document.get("expected")
        return expected if isinstance(expected, dict) else {}


def parse_message(body: bytes | str) -> IncomingMessage:
    """Parse a message, and remove its secrets. Raises MalformedRequest, InvalidRequest."""
    try:
        document = from_json(body or b"null", allow_inf_nan=False)
    except ValueError as error:
        raise MalformedRequest(f"This is not JSON: {error}", errors=[field_error("body", "not JSON")]) from None
    if not isinstance(document, dict):
        raise InvalidRequest("A message is a JSON object.", errors=[field_error("body", "not an object")])
    if isinstance(document.get("to"), str):
        document["to"] = [document["to"]]
    return IncomingMessage(document, _remove_credential(document))


def _remove_credential(document: Document) -> str | None:
    """Remove token and key from ``security``, so that they are not passed on; returns the token, otherwise the key, or
    None. Raises InvalidRequest if it is not a string.
    """
    security = document.get("security")
    if not isinstance(security, dict):
        return None
    # The document is stored and passed on to the recipients, who would otherwise get the sender's credential.
    document["security"] = {name: value for name, value in security.items() if name not in ("token", "api_key")}
    if not document["security"]:
        del document["security"]
    for name in ("token", "api_key"):
        value = security.get(name)
        if value is None or value == "":
            continue
        if not isinstance(value, str):
            raise InvalidRequest(
                f"security.{name} must be a string.", errors=[field_error(f"security.{name}", "not a text")]
            )
        return value.removeprefix("Bearer ").strip() or None
    return None


def build_error_message(error: AgoraError, message: IncomingMessage | None) -> Document:
    """Build the message of an error: ``refuse`` for missing permissions, ``failure`` for others."""
    document = message.document if message is not None else {}
    if isinstance(error, PermissionDenied):
        required = error.extra.get("required") or []
        kind, intent = "refuse", "permission_denied"
        payload: Document = {"required": [required] if isinstance(required, str) else required}
    elif isinstance(error, Unauthenticated):
        kind, intent, payload = "refuse", "unauthenticated", {"required": ["authentication"]}
    else:
        kind, intent, payload = "failure", error.code, {}
    payload = {"error": error.detail, "code": error.code.upper()} | payload
    details = {name: value for name, value in error.extra.items() if name not in ("required", "agent")}
    if error.fix:
        details["fix"] = error.fix
    # The operation's argument is the message: its sender knows the fields without that prefix.
    if "errors" in details:
        details["errors"] = [
            {**entry, "field": entry.get("field", "").removeprefix("message.")} for entry in details["errors"]
        ]
    return build_marketplace_message(
        kind, intent, payload | ({"details": details} if details else {}), document, error.extra.get("agent")
    )


def build_marketplace_message(
    kind: str, intent: str, payload: Document, original: Document, sender: str | None = None
) -> Document:
    """Build a message of the marketplace in response to another message; it is not stored."""
    correlation = original.get("correlation")
    conversation = correlation.get("conversation_id") if isinstance(correlation, dict) else None
    correlation_ids = {"conversation_id": conversation, "reply_to": original.get("id")}
    document = {
        "id": new_id("msg"),
        "ts": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "type": kind,
        "sender": sender or ORCHESTRATOR,
        "to": [original["sender"]] if isinstance(original.get("sender"), str) else [],
        "intent": intent,
        "payload": payload,
    }
    identifiers = {name: value for name, value in correlation_ids.items() if isinstance(value, str)}
    return document | ({"correlation": identifiers} if identifiers else {})
