"""Checks and encryption for outgoing connections: URLs of remote agents and webhooks, and their credentials."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic_core import to_json

from agora.core.call import Call
from agora.core.ports import CREDENTIAL_SEALER
from agora.net.egress_policy import is_evidently_private
from agora_sdk.errors import InvalidRequest, field_error

from .records import RemoteAgentRow
from .remote_port import RemoteEndpoint

__all__ = ["build_endpoint", "check_outgoing_url", "seal_secrets"]


def build_endpoint(row: RemoteAgentRow) -> RemoteEndpoint:
    """Build the endpoint of a remote agent."""
    return RemoteEndpoint(
        row.tenant_id,
        row.agent_id,
        row.url,
        row.secrets,
        bool(row.private),
        row.timeout,
        row.revision,
    )


def seal_secrets(call: Call, secrets: Mapping[str, str], owner: str) -> bytes | None:
    """Encrypt credentials, bound to their owner; None if there are none."""
    if not secrets:
        return None
    return call.context.ports.get(CREDENTIAL_SEALER).seal(to_json(dict(secrets)), owner)


def check_outgoing_url(url: str, *, private: bool) -> None:
    """Check that the URL of an outgoing connection is http(s), without password, and public. Raises InvalidRequest."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise _build_url_error("It is not a URL.") from None
    if parts.scheme not in ("http", "https") or not host:
        raise _build_url_error("It is not a URL of http or https.")
    # They would be shown with the URL in lists, events and logs.
    if parts.username is not None or parts.password is not None:
        raise _build_url_error("Credentials do not belong into the URL.", "Give them apart from it.")
    if not private and is_evidently_private(host):
        fix = "An operator allows them with the setting a2a_private_networks."
        raise _build_url_error(f"{host} is a private or loopback address.", fix)


def _build_url_error(detail: str, fix: str | None = None) -> InvalidRequest:
    return InvalidRequest(detail, fix=fix, errors=[field_error("url", detail)])
