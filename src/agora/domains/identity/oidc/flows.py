"""OAuth flows of a provider: authorization code with PKCE, password, refresh token, and logout."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit

from agora.value_classes import value_class
from agora_sdk.errors import AgoraError, Conflict, Unauthenticated, UpstreamFailed

from .configuration import Trust
from .provider import Provider

__all__ = ["Flows", "Tokens"]

MAX_FIELD_CHARACTERS: Final = 200
#: errors of the token endpoint (RFC 6749, section 5.2) caused by the user
PERSONAL_ERRORS: Final = frozenset({"invalid_grant", "access_denied", "invalid_request"})


@value_class
class Tokens:
    """Token response of a provider. expires_in: seconds."""

    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    identity: str | None = field(repr=False)
    expires_in: int | None
    refresh_expires_in: int | None


class Flows:
    """Requests to one provider as the configured client."""

    def __init__(self, provider: Provider, trust: Trust) -> None:
        self._provider, self._trust = provider, trust

    async def build_authorization_url(self, parameters: Mapping[str, str]) -> str:
        """Build the authorization URL for a browser. Raises Conflict if sign-in is not configured."""
        endpoint = (await self._provider.fetch_metadata()).authorization
        if endpoint is None or not self._trust.client_id:
            raise Conflict(
                "Signing in by a browser is not configured.",
                fix="Set oidc_client_id to a client that the provider allows the standard flow.",
            )
        query = {"response_type": "code", "client_id": self._trust.client_id, "scope": self._trust.scope, **parameters}
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(query)}"

    async def exchange_code(self, code: str, verifier: str, redirect_uri: str) -> Tokens:
        """Exchange a code for tokens."""
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        return await self._request_tokens(form | {"redirect_uri": redirect_uri}, self._trust.client_id)

    async def exchange_password(self, username: str, password: str) -> Tokens:
        """Exchange a name and a password for tokens, if the settings allow it."""
        form = {"grant_type": "password", "username": username, "password": password, "scope": self._trust.scope}
        return await self._request_tokens(form, self._trust.client_id)

    async def exchange_refresh_token(self, token: str, client_id: str) -> Tokens:
        """Exchange a refresh token of one of our clients for new tokens."""
        return await self._request_tokens({"grant_type": "refresh_token", "refresh_token": token}, client_id)

    async def revoke_token(self, refresh_token: str, client_id: str) -> bool:
        """Revoke a refresh token; returns whether the provider did. Raises UpstreamUnavailable."""
        metadata = await self._provider.fetch_metadata()
        # Only Keycloak takes a refresh token there; at others the endpoint is for browsers.
        if metadata.end_session is not None and "/realms/" in self._provider.issuer:  # Keycloak ends the whole session
            status, _ = await self._post_authenticated_form(
                metadata.end_session, {"refresh_token": refresh_token}, client_id
            )
        elif metadata.revocation is not None:
            form = {"token": refresh_token, "token_type_hint": "refresh_token"}
            status, _ = await self._post_authenticated_form(metadata.revocation, form, client_id)
        else:
            return False
        return status < 300

    async def build_logout_url(self, identity: str | None) -> str | None:
        """Return the URL where a browser ends its session at the provider. identity: the ID token, if known."""
        endpoint = (await self._provider.fetch_metadata()).end_session
        if endpoint is None:
            return None
        query = {"client_id": self._trust.client_id} | ({"id_token_hint": identity} if identity else {})
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(query)}"

    async def _request_tokens(self, form: Mapping[str, str], client_id: str) -> Tokens:
        status, answer = await self._post_authenticated_form(
            (await self._provider.fetch_metadata()).token, form, client_id
        )
        access, kind = answer.get("access_token"), answer.get("token_type", "Bearer")
        if status != 200 or not isinstance(access, str) or str(kind).lower() != "bearer":
            raise _build_provider_error(status, answer)
        return Tokens(
            access,
            _read_optional_text(answer.get("refresh_token")),
            _read_optional_text(answer.get("id_token")),
            _read_optional_seconds(answer.get("expires_in")),
            _read_optional_seconds(answer.get("refresh_expires_in")),
        )

    async def _post_authenticated_form(
        self, url: str, form: Mapping[str, str], client_id: str
    ) -> tuple[int, dict[str, Any]]:
        """Post a form with client authentication: our own client has a secret, the command line's has none."""
        secret = self._trust.client_secret if client_id == self._trust.client_id else ""
        if secret and not (await self._provider.fetch_metadata()).takes_posted_secret:
            # Both are form-encoded first (RFC 6749, section 2.3.1).
            basic = base64.b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode()
            return await self._provider.web.post_form(url, form, {"authorization": f"Basic {basic}"})
        credentials = {"client_id": client_id} | ({"client_secret": secret} if secret else {})
        return await self._provider.web.post_form(url, {**form, **credentials})


def _build_provider_error(status: int, answer: Mapping[str, Any]) -> AgoraError:
    code, description = (
        str(answer.get("error", ""))[:MAX_FIELD_CHARACTERS],
        str(answer.get("error_description", ""))[:MAX_FIELD_CHARACTERS],
    )
    # Text of a remote server reaches terminals and logs: no control characters.
    description = description if description.isprintable() else ""
    if code in PERSONAL_ERRORS:
        return Unauthenticated(
            f"The identity provider refuses: {description or code}.",
            fix="Check the name and the password, or sign in again.",
        )
    return UpstreamFailed(
        f"The identity provider answered {status} {code}{f': {description}' if description else ''}.",
        fix="Check oidc_client_id, oidc_client_secret, and which flows the provider allows that client.",
    )


def _read_optional_text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _read_optional_seconds(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and 0 <= value < 1e9 else None
