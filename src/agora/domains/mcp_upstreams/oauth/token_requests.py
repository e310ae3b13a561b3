"""Requests to an authorization server: client registration, tokens, and revocation."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final
from urllib.parse import quote, urlsplit

from agora.core.upstream_client import build_client_metadata
from agora.net.egress_policy import is_loopback_host
from agora.value_classes import value_class
from agora_sdk.errors import UpstreamFailed, UpstreamUnavailable

from .authorization import AuthorizationServer
from .http import OAuthHttpClient

__all__ = ["GrantRefused", "OAuthClient", "Tokens", "register_client", "request_tokens", "revoke_token"]

# In the order of preference: a public client has no secret to store, and PKCE protects its code.
AUTHENTICATION_METHODS: Final = ("none", "client_secret_basic", "client_secret_post")
MAX_TOKEN_CHARACTERS: Final = 16_000
MAX_MESSAGE_CHARACTERS: Final = 200
MAX_LIFETIME_SECONDS: Final = 10**9
#: errors of RFC 6749, section 5.2, after which the same request can never succeed
FINAL_ERRORS: Final = frozenset({"invalid_grant", "invalid_client", "unauthorized_client", "invalid_target"})


class GrantRefused(UpstreamFailed):
    """The authorization server refuses the grant: the code or the refresh token is invalid or has expired."""


@value_class
class OAuthClient:
    """Our client at an authorization server. method: of authentication at its token endpoint."""

    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    method: str = "none"


@value_class
class Tokens:
    """Tokens of a response. expires_in: seconds, None if missing. scope: None: as requested."""

    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    expires_in: int | None
    scope: str | None


async def register_client(http: OAuthHttpClient, server: AuthorizationServer, redirect_uri: str) -> OAuthClient:
    """Register as a client (RFC 7591). Raises UpstreamFailed if that is not possible."""
    if server.registration_endpoint is None:
        raise UpstreamFailed(
            f"{server.issuer} does not support the registration of clients.",
            fix="Register one there, and add the upstream with its oauth_client_id (and oauth_client_secret).",
            redirect_uri=redirect_uri,
        )
    method = next((method for method in AUTHENTICATION_METHODS if method in server.methods), "client_secret_basic")
    # OpenID registration: only native clients may be called back by plain http on a loopback address.
    local = is_loopback_host(urlsplit(redirect_uri).hostname or "")
    status, answer = await http.post_json(
        server.registration_endpoint,
        {
            **build_client_metadata(redirect_uri),
            "token_endpoint_auth_method": method,
            "application_type": "native" if local else "web",
        },
    )
    document: Mapping[str, Any] = answer if isinstance(answer, dict) else {}
    client_id = _read_visible_text(document, "client_id")
    if status not in (200, 201) or client_id is None:
        raise UpstreamFailed(f"{server.issuer} did not register this server: {_describe_error(status, document)}.")
    secret = _read_visible_text(document, "client_secret")
    assigned = document.get("token_endpoint_auth_method", method)
    if assigned not in AUTHENTICATION_METHODS or (assigned != "none" and secret is None):
        raise UpstreamFailed(f"{server.issuer} registered this server with an authentication that it cannot use.")
    return OAuthClient(client_id, secret, str(assigned))


async def request_tokens(
    http: OAuthHttpClient, token_endpoint: str, client: OAuthClient, form: Mapping[str, str]
) -> Tokens:
    """Request tokens. Raises GrantRefused, UpstreamFailed, UpstreamUnavailable."""
    fields, headers = _authenticate_client(client, form)
    status, answer = await http.post_form(token_endpoint, fields, headers)
    document: Mapping[str, Any] = answer if isinstance(answer, dict) else {}
    access, kind = _read_visible_text(document, "access_token"), str(document.get("token_type", "")).lower()
    # Other types (DPoP, MAC) need proofs that this client does not send.
    if status == 200 and access is not None and kind == "bearer":
        seconds, scope = document.get("expires_in"), document.get("scope")
        is_duration = (
            isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 <= seconds < MAX_LIFETIME_SECONDS
        )
        return Tokens(
            access,
            _read_visible_text(document, "refresh_token"),
            int(seconds) if is_duration and seconds is not None else None,
            scope[:MAX_TOKEN_CHARACTERS] if isinstance(scope, str) else None,
        )
    detail = f"The authorization server refuses: {_describe_error(status, document)}."
    if document.get("error") in FINAL_ERRORS:
        raise GrantRefused(detail, fix="Authorize it again.", upstream_error=document["error"])
    if status >= 500 or status == 429:
        raise UpstreamUnavailable(detail, fix="Try again in a moment.", retry_after=5)
    raise UpstreamFailed(detail)


async def revoke_token(http: OAuthHttpClient, endpoint: str, client: OAuthClient, token: str, hint: str) -> bool:
    """Revoke a token (RFC 7009). Returns whether the server did. Raises UpstreamUnavailable."""
    fields, headers = _authenticate_client(client, {"token": token, "token_type_hint": hint})
    status, _ = await http.post_form(endpoint, fields, headers)
    return status == 200


def _authenticate_client(client: OAuthClient, form: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Build form and headers for client authentication (RFC 6749, section 2.3.1)."""
    if client.method == "client_secret_basic" and client.client_secret:
        pair = f"{quote(client.client_id, safe='')}:{quote(client.client_secret, safe='')}"
        return dict(form), {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    secret = {"client_secret": client.client_secret} if client.client_secret else {}
    return {**form, "client_id": client.client_id, **secret}, {}


def _read_visible_text(document: Mapping[str, Any], name: str) -> str | None:
    """Read a printable ASCII text that fits into a header; None for anything else."""
    value = document.get(name)
    usable = (
        isinstance(value, str) and 0 < len(value) <= MAX_TOKEN_CHARACTERS and value.isascii() and value.isprintable()
    )
    return str(value) if usable else None


def _describe_error(status: int, document: Mapping[str, Any]) -> str:
    """Describe an error response by its error fields only."""
    parts = [document.get("error"), document.get("error_description")]
    words = ": ".join(part[:MAX_MESSAGE_CHARACTERS] for part in parts if isinstance(part, str) and part.isprintable())
    return words.rstrip(".") or f"HTTP {status}"
