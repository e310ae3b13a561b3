"""Wire format: an entry as flat fields of a Redis stream, and its signature.

=================  =============================================================================================
field              content
=================  =============================================================================================
message_id         the publisher's own id, such as a UUID; a repeated id has no further effect
timestamp          RFC 3339
sender, target     names of agents; ``broadcast`` for everyone
type, priority     as in :class:`agora_sdk.contract.bus.BusEntry`
content            a JSON object, as text; any other text stands for ``{"text": ...}``
correlation_id     optional
key                inbound: a credential of the sender; or
signature          inbound: HMAC-SHA256 over all other fields, in hexadecimal, keyed with the sender's token
tenant             inbound, with a signature: the sender's marketplace, if not the default one
origin             outbound: marks the marketplace's own entries, which are not read again
=================  =============================================================================================
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json, to_json

from .port import Fields

__all__ = ["ORIGIN_SERVER", "compute_signature", "decode_fields", "encode_fields", "verify_signature"]

ORIGIN_SERVER = "agora"
PLAIN_FIELDS = ("message_id", "timestamp", "sender", "target", "type", "priority", "correlation_id")
SERVER_FIELDS = frozenset({"key", "signature", "tenant", "origin"})
JSON_FIELDS = ("content", "extensions")


def encode_fields(entry: Mapping[str, Any]) -> dict[str, str]:
    """Convert an entry (JSON values) to fields with the origin mark; null values are omitted."""
    fields = {name: str(entry[name]) for name in PLAIN_FIELDS if entry.get(name) is not None}
    fields["content"] = to_json(entry.get("content") or {}).decode()
    if entry.get("extensions"):
        fields["extensions"] = to_json(entry["extensions"]).decode()
    return fields | {"origin": ORIGIN_SERVER}


def decode_fields(fields: Fields) -> dict[str, Any]:
    """Convert fields to an entry; unknown fields go to the extensions."""
    entry: dict[str, Any] = {name: fields[name] for name in PLAIN_FIELDS if fields.get(name)}
    entry["content"] = _parse_object_or_wrap_text(fields.get("content", ""))
    # Credentials and the origin mark never reach the stored entry.
    other = {name: value for name, value in fields.items() if name not in {*PLAIN_FIELDS, *JSON_FIELDS, *SERVER_FIELDS}}
    extensions = other | (_parse_object_or_wrap_text(fields["extensions"]) if fields.get("extensions") else {})
    return entry | ({"extensions": extensions} if extensions else {})


def _parse_object_or_wrap_text(text: str) -> dict[str, Any]:
    try:
        value = from_json(text)
    except ValueError:
        value = text
    if isinstance(value, dict):
        return value
    words = value if isinstance(value, str) else text
    return {"text": words} if words else {}


def compute_signature(fields: Fields, token: str) -> str:
    """Compute the hex HMAC-SHA256 over ``name=value`` of all fields but the signature, sorted by name, joined by NUL.

    Raises ValueError for ambiguous fields: NUL anywhere, or ``=`` in a name.
    """
    signed = {name: value for name, value in fields.items() if name != "signature"}
    # Otherwise two different entries could have the same signed text.
    if any("\0" in name or "=" in name or "\0" in value for name, value in signed.items()):
        raise ValueError("fields to be signed hold no NUL, and their names no '='")
    text = "\0".join(f"{name}={signed[name]}" for name in sorted(signed))
    return hmac.digest(token.encode(), text.encode("utf-8", "surrogateescape"), "sha256").hex()


def verify_signature(fields: Fields, token: str) -> bool:
    """Whether the signature is valid."""
    claimed = fields.get("signature", "").encode("utf-8", "surrogateescape")
    return hmac.compare_digest(claimed, compute_signature(fields, token).encode())
