"""The guard of MCP: rejects requests of foreign web pages and anonymous callers that need a credential.

A web page can reach a loopback server through its visitor's browser. There, requests without a credential count as
the operator's, so those made by a page are rejected, as the protocol requires (Origin, DNS rebinding).

Clients start OAuth when their first request gets 401, and request more scopes after a 403 with ``insufficient_scope``.
So if anonymous callers have no permissions, all their requests get 401, including ``initialize``; after a listing of
the few public tools a client would never sign in.
"""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json

from agora.core.call import Caller
from agora.domains.identity.oidc.configuration import Trust
from agora.protocols.cors import CorsPolicy
from agora.protocols.host_header import choose_server_url, list_own_host_names, parse_origin_or_none
from agora.protocols.http import RequestAuthenticator, Scope, Send, read_header, send_problem, send_response
from agora.settings import Settings
from agora_sdk.contract import Operation
from agora_sdk.errors import AgoraError, PermissionDenied, Unauthenticated

from .paths import METADATA_PATH

__all__ = ["Guard"]


class Guard:
    """Authenticates requests, and builds the responses to missing credentials and scopes."""

    def __init__(
        self, request_authenticator: RequestAuthenticator, settings: Settings, scopes: tuple[str, ...], cors: CorsPolicy
    ) -> None:
        self._request_authenticator, self._settings, self._scopes, self._cors = (
            request_authenticator,
            settings,
            scopes,
            cors,
        )
        self._names = list_own_host_names(settings)
        trust = Trust.from_settings(settings)
        self._issuers = [issuer.url for issuer in trust.issuers] if trust is not None else []

    async def authenticate_caller(self, scope: Scope) -> Caller:
        """Authenticate the caller of a request.

        Raises PermissionDenied for a foreign page, Unauthenticated for an invalid or missing credential.
        """
        # A page cannot know a credential of this server, so a request with one is not made in the visitor's name.
        if self._request_authenticator.read_credential(scope) is None:
            self._refuse_foreign_pages(scope)
        caller = await self._request_authenticator.authenticate_request(scope)
        if caller.kind == "anonymous":
            raise Unauthenticated("This server needs a credential.", fix="Send 'Authorization: Bearer TOKEN'.")
        return caller

    def _refuse_foreign_pages(self, scope: Scope) -> None:
        # Elsewhere a request without a credential has no more rights than any stranger.
        if not self._settings.loopback:
            return
        origin, host = read_header(scope, b"origin"), read_header(scope, b"host")
        site = parse_origin_or_none(origin) if origin is not None else None
        # An unreadable Origin, such as "null" of a sandboxed frame, is foreign, too.
        foreign = origin is not None and (site is None or site.host.name not in self._names)
        if foreign and not self._cors.allows_origin(origin or ""):
            raise PermissionDenied(
                "Pages of other origins may not call this server.",
                fix="Add the origin to the setting cors_origins, or send a token.",
            )
        # DNS rebinding: the page's own name resolves to 127.0.0.1, so its Origin looks like ours while Host still has the name.
        if host is not None and not self._request_authenticator.is_own_host(host):
            raise PermissionDenied(
                "The Host header names an untrusted host.",
                fix="Use localhost, add the name to the setting trusted_hosts, or send a token.",
            )

    @staticmethod
    def require_credential(caller: Caller, operation: Operation) -> None:
        """Raise Unauthenticated if an anonymous caller with only the permission to register calls another operation."""
        if not caller.may(operation.scope) and caller.subject == "anonymous":
            raise Unauthenticated(f"{operation.name} needs a credential.", fix="Send 'Authorization: Bearer TOKEN'.")

    async def send_error(self, scope: Scope, send: Send, error: AgoraError) -> None:
        """Send a problem document; for a missing or invalid credential with the location of the metadata (RFC 9728)."""
        if not isinstance(error, Unauthenticated):
            await send_problem(send, error, instance=scope["path"])
            return
        # RFC 6750, 3.1: a request without any credential gets no error code, only the challenge.
        has_credential = any(name in (b"authorization", b"x-api-key") for name, _ in scope["headers"])
        challenge = self._build_authenticate_header(scope, ', error="invalid_token"' if has_credential else "")
        document = error.problem() | {"instance": scope["path"]}
        content_type = (b"content-type", b"application/problem+json")
        await send_response(send, error.status, to_json(document), [challenge], content_type=content_type)

    async def send_missing_scope_error(self, scope: Scope, send: Send, id: Any, error: PermissionDenied) -> None:
        """Send the response to a missing scope: 403 with the required scope (RFC 6750), and a JSON-RPC error.

        Clients with OAuth request the scope from their provider and repeat the call; others read the JSON-RPC error.
        """
        required = error.extra["required"]
        challenge = self._build_authenticate_header(scope, f', error="insufficient_scope", scope="{required}"')
        failure = {"code": error.jsonrpc, "message": str(error), "data": error.problem()}
        body = to_json({"jsonrpc": "2.0", "id": id, "error": failure})
        await send_response(send, error.status, body, [challenge])

    def _build_authenticate_header(self, scope: Scope, reason: str) -> tuple[bytes, bytes]:
        """Build the header with the location of the metadata and the reason."""
        metadata = f"{choose_server_url(scope, self._settings)}{METADATA_PATH}/mcp"
        return (b"www-authenticate", f'Bearer realm="agora", resource_metadata="{metadata}"{reason}'.encode("latin-1"))

    async def send_resource_metadata(self, scope: Scope, send: Send) -> None:
        """Send the metadata of the protected resource (RFC 9728).

        With trusted identity providers, the scopes are those to request from the provider: Agora's own scopes follow
        from roles.
        """
        base = choose_server_url(scope, self._settings)
        scopes = self._settings.oidc_scope.split() if self._issuers else self._scopes
        document = {
            "resource": f"{base}/mcp",
            "resource_name": "Agora",
            "resource_documentation": f"{base}/docs",
            "bearer_methods_supported": ["header"],
            "scopes_supported": list(scopes),
        }
        if self._issuers:
            document["authorization_servers"] = self._issuers
        await send_response(send, 200, to_json(document), ((b"access-control-allow-origin", b"*"),))
