"""``/metrics`` for Prometheus; protected on addresses that other machines can reach."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from pydantic import SecretStr

from agora.protocols.http import Receive, RequestAuthenticator, Scope, Send, read_header, send_response
from agora_sdk.errors import NotFound, PermissionDenied, Unauthenticated

__all__ = ["METRICS_SCOPE", "MetricsPage"]

METRICS_PATH = "/metrics"
METRICS_SCOPE = "read:metrics"


class MetricsPage:
    """Serves metrics to callers with the scope or the token. render: returns the page and its content type for an
    Accept header."""

    def __init__(
        self,
        request_authenticator: RequestAuthenticator,
        render: Callable[[str], tuple[bytes, str]],
        *,
        is_public: bool,
        token: SecretStr,
    ) -> None:
        self._request_authenticator, self._render, self._is_public = request_authenticator, render, is_public
        self._token = token.get_secret_value().encode()

    def owns_request(self, scope: Scope) -> bool:
        return bool(scope["path"] == METRICS_PATH) and scope["method"] in ("GET", "HEAD")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the metrics. Raises NotFound, Unauthenticated, PermissionDenied."""
        if not self._is_public:
            raise NotFound("There is nothing at /metrics.", fix="The setting metrics turns it on.")
        await self._require_access(scope)
        body, media_type = self._render(read_header(scope, b"accept") or "")
        await send_response(send, 200, body, content_type=(b"content-type", media_type.encode()))

    async def _require_access(self, scope: Scope) -> None:
        credential = self._request_authenticator.read_credential(scope)
        # An empty token must match nothing, and a comparison in constant time tells nothing about its beginning.
        if credential and self._token and hmac.compare_digest(credential.encode(), self._token):
            return
        caller = await self._request_authenticator.authenticate_request(scope)
        if caller.may(METRICS_SCOPE):
            return
        fix = f"Send 'Authorization: Bearer TOKEN': the setting metrics_token, or a key with the scope {METRICS_SCOPE}."
        if caller.kind == "anonymous":
            raise Unauthenticated("Metrics require a credential.", fix=fix)
        raise PermissionDenied(f"/metrics needs the scope {METRICS_SCOPE!r}.", fix=fix, required=METRICS_SCOPE)
