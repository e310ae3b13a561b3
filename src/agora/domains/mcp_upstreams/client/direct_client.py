"""Direct requests of MCP 2026-07-28 without the SDK's session machinery, at a third of its CPU time (docs/adr/0011).

A request of 2026-07-28 is stateless: it belongs to no session, and closing its connection cancels it. It therefore
needs none of the SDK's streams and tasks; the SDK still builds the request and parses the answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
from collections.abc import Mapping
from typing import Any, Final

from mcp.shared.exceptions import MCPError
from mcp_types import REQUEST_TIMEOUT
from mcp_types.jsonrpc import CONNECTION_CLOSED, PARSE_ERROR
from pydantic_core import from_json, to_json

from agora.net.http_client import ConnectionLost, HttpClient, Reply
from agora.telemetry import build_trace_headers, open_span
from agora_sdk.errors import AgoraError
from agora_sdk.mcp_wire import ACCEPT, Events, is_response

from ..oauth.authorization import AccessTokens
from ..oauth.challenge import read_challenge
from .addresses import AddressRefused
from .message_size import MAX_MESSAGE_BYTES, require_parseable_size
from .throttle import Throttle
from .transport_errors import TransportError, TransportErrors, find_content_type_error, find_status_error

__all__ = ["DirectClient", "Redirected", "add_token_header"]

MAX_ERROR_BYTES: Final = 65_536
#: seconds for a stream to end after its answer, so that its connection can be reused
STREAM_END_SECONDS: Final = 0.02


class Redirected(Exception):
    """The upstream redirects: the SDK takes over, because it follows redirects within the same origin."""


def add_token_header(headers: Mapping[str, str], token: str | None) -> dict[str, str]:
    """Add an access token to headers with lower-case names; None: none."""
    return dict(headers) if token is None else {**headers, "authorization": f"Bearer {token}"}


class DirectClient:
    """Sends requests through an HTTP client. headers: with lower-case names. tokens: None without OAuth."""

    def __init__(
        self,
        http: HttpClient,
        headers: Mapping[str, str],
        transport_errors: TransportErrors,
        tokens: AccessTokens | None = None,
    ) -> None:
        self._http, self._transport_errors, self._tokens = http, transport_errors, tokens
        self._headers = {"host": http.host, **headers, **ACCEPT}
        self._numbers = itertools.count(1)

    async def send_request(self, method: str, params: Mapping[str, Any], opts: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request and return the raw result. opts: the SDK's ``CallOptions``. Raises MCPError, Redirected."""
        id, progress = next(self._numbers), opts.get("on_progress")
        if progress is not None:
            params = {**params, "_meta": {**params.get("_meta", {}), "progressToken": id}}
        body = to_json({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
        try:
            async with asyncio.timeout(opts.get("timeout")):
                reply = await self._post_renewing_token({**self._headers, **opts.get("headers", {})}, body)
                try:
                    return _read_rpc_result(await self._read_answer(reply, id, progress))
                finally:
                    reply.close()
        except TimeoutError:
            raise MCPError(REQUEST_TIMEOUT, f"{method} timed out") from None
        except ConnectionLost as error:
            raise self._transport_errors.store_as_mcp_error(
                TransportError("lost", f"The connection broke: {error}.")
            ) from None
        except ValueError as error:
            raise MCPError(PARSE_ERROR, str(error)) from None

    async def _post_renewing_token(self, headers: Mapping[str, str], body: bytes) -> Reply:
        """Post with an access token; if it is rejected, retry once with a renewed one."""
        if self._tokens is None:
            return await self._post_request(headers, body)
        try:
            token = await self._tokens.current_token()
            reply = await self._post_request(add_token_header(headers, token), body)
            try:
                challenge = read_challenge(reply.status, reply.headers)
                renewed = await self._tokens.renew_token(token, challenge) if challenge is not None else None
            except BaseException:
                # Also if cancelled: nobody else closes the response, whose connection would stay open.
                reply.close()
                raise
        except AgoraError as error:
            raise self._transport_errors.store_as_mcp_error(TransportError("unreachable", str(error))) from None
        # No other token can be had: the refusal itself is the answer.
        if renewed is None or renewed == token:
            return reply
        reply.close()
        return await self._post_request(add_token_header(headers, renewed), body)

    async def _post_request(self, headers: Mapping[str, str], body: bytes) -> Reply:
        try:
            with open_span("mcp.request", "client", **{"server.address": self._http.host}) as here:
                reply = await self._http.post_body({**headers, **build_trace_headers()}, body)
                here.set_attribute("http.response.status_code", reply.status)
                return reply
        except AddressRefused as error:
            raise self._transport_errors.store_as_mcp_error(TransportError("refused", f"{error}.")) from None
        except OSError as error:
            raise self._transport_errors.store_as_mcp_error(
                TransportError("unreachable", f"It cannot be reached: {error}.")
            ) from None

    async def _read_answer(self, reply: Reply, id: int, progress: Any) -> Mapping[str, Any]:
        """Read the response message from a JSON body or an event stream."""
        if 300 <= reply.status < 400:
            raise Redirected
        if reply.status >= 400:
            return await self._read_error_reply(reply)
        kind = reply.headers.get("content-type", "")
        fault = find_content_type_error(kind, reply.headers.get("content-encoding"))
        if fault is not None:
            raise self._transport_errors.store_as_mcp_error(fault)
        if kind.lower().startswith("text/event-stream"):
            return await self._read_stream(reply, id, progress)
        return _parse_message(await _read_body(reply, MAX_MESSAGE_BYTES))

    async def _read_error_reply(self, reply: Reply) -> Mapping[str, Any]:
        body = await _read_body(reply, MAX_ERROR_BYTES)
        challenge = read_challenge(reply.status, reply.headers) if self._tokens is not None else None
        fault = find_status_error(reply.status, body, challenge, in_session=False)
        if fault is not None:
            raise self._transport_errors.store_as_mcp_error(fault)
        return _parse_message(body)

    async def _read_stream(self, reply: Reply, id: int, progress: Any) -> Mapping[str, Any]:
        events, pace = Events(MAX_MESSAGE_BYTES), Throttle()
        async for part in reply:
            await pace.throttle_event_part(part)
            for event in events.feed(part):
                message = _parse_message(event.data) if event.data else {}
                if is_response(message):  # any id is accepted, because there is only one request
                    await _try_drain_stream(reply)
                    return message
                if progress is not None and message.get("method") == "notifications/progress":
                    await _report_progress(message.get("params"), id, progress)
        # Whether it took effect is unknown (errors.translate_error).
        raise MCPError(CONNECTION_CLOSED, "The stream ended without an answer")


async def _read_body(reply: Reply, limit: int) -> bytes:
    """Read a body. Raises ValueError if it exceeds the limit."""
    parts, size = [], 0
    async for part in reply:
        parts.append(part)
        size += len(part)
        if size > limit:
            raise ValueError(f"it is larger than {limit} bytes")
    return b"".join(parts)


def _parse_message(text: bytes) -> dict[str, Any]:
    message = from_json(require_parseable_size(text))
    if not isinstance(message, dict):
        raise ValueError("it is not a JSON-RPC message")
    return message


def _read_rpc_result(message: Mapping[str, Any]) -> dict[str, Any]:
    error = message.get("error")
    if isinstance(error, dict) and isinstance(error.get("code"), int):
        raise MCPError(error["code"], str(error.get("message", "")), error.get("data"))
    result = message.get("result")
    if not isinstance(result, dict):
        raise ValueError("it is not a JSON-RPC response")
    return result


async def _report_progress(params: Any, token: int, progress: Any) -> None:
    """Report valid progress with the expected token; ignore anything else."""
    if not isinstance(params, dict) or params.get("progressToken") != token:
        return
    amount, total, words = params.get("progress"), params.get("total"), params.get("message")
    if _is_number(amount) and (total is None or _is_number(total)) and (words is None or isinstance(words, str)):
        await progress(amount, total, words)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


async def _try_drain_stream(reply: Reply) -> None:
    """Drain a stream if it ends immediately."""
    with contextlib.suppress(TimeoutError, ConnectionLost):
        async with asyncio.timeout(STREAM_END_SECONDS):
            async for _ in reply:
                pass
