"""Client of a cluster's API: JSON requests, JSON or binary responses, and errors of this package."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from agora.net.egress_policy import EgressPolicy
from agora.net.http_client import ConnectionLost, HttpClient
from agora.runtimes.errors import EngineError, EngineUnavailable

from .access import Access, load_access

__all__ = ["Client", "Refused"]

REQUEST_TIMEOUT = 30.0
CONNECT_SECONDS = 5.0
MAX_RESPONSE_BYTES = 64 * 1024**2
FIELD_MANAGER = "agora"
APPLY, MERGE = "application/apply-patch+yaml", "application/merge-patch+json"


class Refused(EngineError):
    """The API answered with an error. status: of HTTP. reason: the API's reason, such as ``NotFound``."""

    code = "cluster_refused"

    def __init__(self, status: int, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason


class Client:
    """Requests to one cluster. Its configuration is read at the first request."""

    def __init__(self, config: str, context: str = "") -> None:
        self._config, self._context = config, context
        self._access: Access | None = None
        self._http: HttpClient | None = None
        self._closed = False

    async def read_context_namespace(self) -> str:
        """Namespace of the context."""
        return (await self._get_client())[0].namespace

    async def get_object(self, path: str, **query: str) -> Any:
        return json.loads(await self.read_bytes(path, **query))

    async def read_bytes(self, path: str, **query: str) -> bytes:
        """Read the body of a response as bytes."""
        return await self._send_authorized_request("GET", f"{path}?{urlencode(query)}" if query else path)

    async def server_side_apply(self, path: str, document: Mapping[str, Any]) -> Any:
        """Create or update an object by server-side apply (JSON is valid YAML)."""
        # force: fields that another manager has changed are taken over; without it the API answers 409 Conflict.
        target = f"{path}?{urlencode({'fieldManager': FIELD_MANAGER, 'force': 'true'})}"
        return json.loads(await self._send_authorized_request("PATCH", target, document, APPLY))

    async def merge_patch(self, path: str, document: Mapping[str, Any]) -> Any:
        """Apply a JSON merge patch."""
        return json.loads(await self._send_authorized_request("PATCH", path, document, MERGE))

    async def delete_object(self, path: str, **options: Any) -> None:
        """Delete an object; no-op if it does not exist. options: of the deletion, such as gracePeriodSeconds."""
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background", **options}
        try:
            await self._send_authorized_request("DELETE", path, body, "application/json")
        except Refused as error:
            if error.status != 404:
                raise

    async def close(self) -> None:
        self._closed = True
        if self._http is not None:
            self._http.close()
            await asyncio.sleep(0)

    async def _get_client(self) -> tuple[Access, HttpClient]:
        if self._closed:
            raise EngineUnavailable("The engine has been closed.")
        if self._access is None or self._http is None:
            access = await asyncio.to_thread(load_access, self._config, self._context)
            # Again: another request may have loaded it while the thread was reading the files.
            if self._http is None:
                self._access = access
                self._http = HttpClient(access.server, EgressPolicy(private=True), CONNECT_SECONDS, access.ssl_context)
        assert self._access is not None
        return self._access, self._http

    async def _send_authorized_request(self, method: str, target: str, document: Any = None, kind: str = "") -> bytes:
        access, http = await self._get_client()
        headers = {"host": http.host, "accept": "application/json, */*", "user-agent": "agora"}
        try:
            if bearer := await asyncio.to_thread(access.read_bearer_token):
                headers["authorization"] = f"Bearer {bearer}"
            if kind:
                headers["content-type"] = kind
            async with asyncio.timeout(REQUEST_TIMEOUT):
                body = b"" if document is None else json.dumps(document).encode()
                status, text = await _send_request(http, method, target, headers, body)
        except (OSError, ConnectionLost, TimeoutError) as error:
            raise EngineUnavailable(f"The cluster does not answer: {str(error) or 'it took too long'}.") from error
        if status >= 400:
            raise _to_refusal(status, text)
        return text


async def _send_request(
    http: HttpClient, method: str, target: str, headers: dict[str, str], body: bytes
) -> tuple[int, bytes]:
    reply = await http.request(method, target, headers, body)
    parts, size = [], 0
    try:
        async for part in reply:
            size += len(part)
            if size > MAX_RESPONSE_BYTES:
                raise ConnectionLost("its answer is too large")
            parts.append(part)
    finally:
        reply.close()
    return reply.status, b"".join(parts)


def _to_refusal(status: int, text: bytes) -> EngineError:
    try:
        document = json.loads(text)
        reason, message = str(document.get("reason", "")), str(document.get("message", ""))
    except (ValueError, AttributeError):
        reason, message = "", text[:500].decode(errors="replace")
    # Temporary, so the reconciler tries again; so is a missing right, which an administrator grants.
    if status in (429, 500, 502, 503, 504):
        return EngineUnavailable(f"The cluster cannot do it now ({status}): {message[:500]}.")
    if status in (401, 403):
        return EngineUnavailable(
            f"The cluster does not allow it: {message[:500]}.",
            fix="Give the server's account the role in docs/how-to/engines.md.",
        )
    return Refused(status, reason, message[:2000])
