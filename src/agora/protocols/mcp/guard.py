"""The guard in front of MCP: web pages that have no business here, and strangers who need a credential.

A web page reaches a loopback server through its visitor's browser. Requests without a credential count as
the operator's there, so those that a page made are refused, as the protocol demands (Origin, DNS rebinding).

Clients begin OAuth when their first request is answered with 401, and ask for more scopes at a 403 with
``insufficient_scope``. So where strangers may do nothing, every request of theirs gets 401, ``initialize`` too; a listing of
the few public tools would keep a client from ever signing in.
"""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json

from agora.core.call import Caller
from agora.domains.identity.oidc.configuration import Trust
from agora.protocols.cors import CorsPolicy
from agora.protocols.host_header import base_url, known_names, parse_origin
from agora.protocols.http import Access, Scope, Send, read_header, send_problem, send_response
from agora.settings import Settings
from agora_sdk.contract import Operation
from agora_sdk.errors import AgoraError, PermissionDenied, Unauthenticated

__all__ = ["METADATA", "Guard"]

METADATA = "/.well-known/oauth-protected-resource"


class Guard:
    """Lets a request pass, or raises."""

    def __init__(self, access: Access, settings: Settings, scopes: tuple[str, ...], cors: CorsPolicy) -> None:
        self._access, self._settings, self._scopes, self._cors = access, settings, scopes, cors
        self._names = known_names(settings)
        trust = Trust.from_settings(settings)
        self._issuers = [issuer.url for issuer in trust.issuers] if trust is not None else []

    async def authenticate_caller(self, scope: Scope) -> Caller:
        """Whose request it is.

        Raises PermissionDenied for a foreign page's, Unauthenticated for a bad credential, or none where one is needed.
        """
        if self._access.credential(scope) is None:
            self._refuse_foreign_pages(scope)
        caller = await self._access.authenticate_scope(scope)
        if caller.kind == "anonymous":
            raise Unauthenticated("This server needs a credential.", fix="Send 'Authorization: Bearer TOKEN'.")
        return caller

    def _refuse_foreign_pages(self, scope: Scope) -> None:
        if not self._settings.loopback:
            return
        origin, host = read_header(scope, b"origin"), read_header(scope, b"host")
        site = parse_origin(origin) if origin is not None else None
        foreign = origin is not None and (site is None or site.host.name not in self._names)
        if foreign and not self._cors.allows_origin(origin or ""):
            raise PermissionDenied(
                "Pages of other origins may not call this server.",
                fix="Add the origin to the setting cors_origins, or send a token.",
            )
        if host is not None and not self._access.is_ours(host):
            raise PermissionDenied(
                "The Host header names an untrusted host.",
                fix="Use localhost, add the name to the setting trusted_hosts, or send a token.",
            )

    @staticmethod
    def require_credential(caller: Caller, operation: Operation) -> None:
        """Raise Unauthenticated for a stranger who may only register (``open_registration``) and calls something else."""
        if not caller.may(operation.scope) and caller.subject == "anonymous":
            raise Unauthenticated(f"{operation.name} needs a credential.", fix="Send 'Authorization: Bearer TOKEN'.")

    async def send_error(self, scope: Scope, send: Send, error: AgoraError) -> None:
        """Answer with a problem document; a missing or bad credential says where the metadata is (RFC 9728)."""
        if not isinstance(error, Unauthenticated):
            await send_problem(send, error, instance=scope["path"])
            return
        has_credential = any(name in (b"authorization", b"x-api-key") for name, _ in scope["headers"])
        challenge = self._build_authenticate_header(scope, ', error="invalid_token"' if has_credential else "")
        document = error.problem() | {"instance": scope["path"]}
        kind = (b"content-type", b"application/problem+json")
        await send_response(send, error.status, to_json(document), [challenge], kind=kind)

    async def send_missing_scope(self, scope: Scope, send: Send, id: Any, error: PermissionDenied) -> None:
        """Answer a call whose credential lacks a scope: 403 with the scope to ask for (RFC 6750), and a JSON-RPC error.

        Clients with OAuth ask their provider for it and call again; all others read the error as that of any call.
        """
        required = error.extra["required"]
        challenge = self._build_authenticate_header(scope, f', error="insufficient_scope", scope="{required}"')
        failure = {"code": error.jsonrpc, "message": str(error), "data": error.problem()}
        body = to_json({"jsonrpc": "2.0", "id": id, "error": failure})
        await send_response(send, error.status, body, [challenge])

    def _build_authenticate_header(self, scope: Scope, reason: str) -> tuple[bytes, bytes]:
        """The header that says where the metadata is, and what is wrong."""
        metadata = f"{base_url(scope, self._settings)}{METADATA}/mcp"
        return (b"www-authenticate", f'Bearer realm="agora", resource_metadata="{metadata}"{reason}'.encode("latin-1"))

    async def send_metadata(self, scope: Scope, send: Send) -> None:
        """Answer with the metadata of the protected resource (RFC 9728).

        Where identity providers are trusted, scopes are those of theirs that a client is to ask for: ours go by role.
        """
        base = base_url(scope, self._settings)
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
