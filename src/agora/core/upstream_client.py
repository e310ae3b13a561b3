"""This server as an OAuth client of the authorization servers of upstreams.

Where a server takes client ID metadata documents (draft-ietf-oauth-client-id-metadata-document), the client's id is the URL at which it
publishes what dynamic registration (RFC 7591) would send. That URL has to be one of https.
"""

from __future__ import annotations

from typing import Any, Final

__all__ = [
    "CALLBACK_PATH",
    "DOCUMENT_PATH",
    "build_client_document_or_none",
    "build_client_document_url_or_none",
    "build_client_metadata",
]

CALLBACK_PATH: Final = "/v1/monitor/upstream-callback"
DOCUMENT_PATH: Final = "/v1/monitor/upstream-client"


def build_client_metadata(redirect_uri: str) -> dict[str, Any]:
    """Build the client metadata for an authorization server."""
    return {
        "client_name": "Agora",
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    }


def build_client_document_url_or_none(base_url: str) -> str | None:
    """Return the URL of a server's client metadata document; None if it cannot have one. base_url: without a slash at
    its end."""
    return f"{base_url}{DOCUMENT_PATH}" if base_url.startswith("https://") else None


def build_client_document_or_none(base_url: str) -> dict[str, Any] | None:
    """Build a server's client metadata document; None if it cannot have one."""
    url = build_client_document_url_or_none(base_url)
    if url is None:
        return None
    metadata = build_client_metadata(f"{base_url}{CALLBACK_PATH}")
    return {"client_id": url, "client_uri": base_url, **metadata, "token_endpoint_auth_method": "none"}
