"""Relay of an upstream's requests to the client of a call: elicitation, sampling, roots, and log messages.

On a shared connection, requests cannot be attributed to a call and are refused. A call whose client can be asked
gets an exclusive connection (:mod:`.client_connections`), over which one call runs at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final, get_args

import mcp_types as types

from agora.core.call import CallClient, ClientRefused

__all__ = ["ClientGone", "ClientRelay"]

CLIENT_METHODS: Final = frozenset({"elicitation/create", "sampling/createMessage", "roots/list"})
LOGGING_LEVELS: Final[tuple[str, ...]] = get_args(types.LoggingLevel)  #: log levels in ascending order
REFUSED_CODE: Final = -32000  #: JSON-RPC code if the client declined, disconnected, or timed out
NO_CLIENT_MESSAGE: Final = (
    "The caller cannot be asked: its client does not support such requests, or no call is running."
)


class ClientGone(Exception):
    """Raised when there is no client to ask."""


class ClientRelay:
    """Relays the requests of a connection to the client of the call that uses it.

    capabilities: declared to the upstream; on a shared connection all supported ones, so that upstreams list the tools
    that need them.
    """

    SHARED: Final[Mapping[str, Any]] = {"elicitation": {"form": {}, "url": {}}, "sampling": {}, "roots": {}}

    def __init__(self, capabilities: Mapping[str, Any] | None = None) -> None:
        self.capabilities = self.SHARED if capabilities is None else capabilities
        self._client: CallClient | None = None
        self._latest: CallClient | None = None
        self._limit: asyncio.Timeout | None = None

    def begin_call(self, client: CallClient, limit: asyncio.Timeout) -> None:
        """Begin a call of a client. limit: its timeout, which is suspended while the client is asked."""
        self._client = self._latest = client
        self._limit = limit

    def end_call(self) -> None:
        """End the call."""
        self._client, self._limit = None, None

    async def ask_client(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Ask the client and return its result. Raises ClientGone, ClientRefused."""
        client, limit = self._client, self._limit
        if client is None or limit is None or method not in CLIENT_METHODS:
            raise ClientGone
        loop = asyncio.get_running_loop()
        ends_at = limit.when()
        remaining = None if ends_at is None else max(0.0, ends_at - loop.time())
        # The time in which a person thinks does not count towards the timeout of the upstream's call.
        limit.reschedule(None)
        try:
            return await client.send_request(method, params)
        finally:
            # The call may have ended while its client was asked: a timeout that was left cannot be rescheduled.
            if remaining is not None and self._limit is limit:
                limit.reschedule(loop.time() + remaining)

    # -- callbacks of the SDK's session ----------------------------------------------------------

    async def answer_request(self, method: str, params: Mapping[str, Any]) -> dict[str, Any] | types.ErrorData:
        """Ask the client and return its result, or the error for the upstream."""
        try:
            return await self.ask_client(method, params)
        except ClientGone:
            return types.ErrorData(code=types.METHOD_NOT_FOUND, message=NO_CLIENT_MESSAGE)
        except ClientRefused as error:
            return types.ErrorData(code=REFUSED_CODE, message=str(error))

    async def relay_elicitation(self, context: Any, params: types.ElicitRequestParams) -> Any:
        result = await self.answer_request("elicitation/create", _to_document(params))
        return result if isinstance(result, types.ErrorData) else types.ElicitResult.model_validate(result)

    async def relay_sampling(self, context: Any, params: types.CreateMessageRequestParams) -> Any:
        result = await self.answer_request("sampling/createMessage", _to_document(params))
        if isinstance(result, types.ErrorData):
            return result
        kind = types.CreateMessageResultWithTools if params.tools else types.CreateMessageResult
        return kind.model_validate(result)

    async def relay_list_roots(self, context: Any) -> Any:
        result = await self.answer_request("roots/list", {})
        return result if isinstance(result, types.ErrorData) else types.ListRootsResult.model_validate(result)

    async def relay_log_message(self, params: types.LoggingMessageNotificationParams) -> None:
        """Relay a log message if the client wants its level; between calls, to the client of the previous call."""
        # Log messages may arrive after the response that they belong to.
        client = self._client or self._latest
        if client is not None and _wants_level(client.log_level, params.level):
            await client.send_notification("notifications/message", _to_document(params))


def _wants_level(minimum: str | None, level: str) -> bool:
    """Whether a client wants a log level. The upstream may send lower ones, wanted by an earlier call of the client."""
    return minimum in LOGGING_LEVELS and LOGGING_LEVELS.index(level) >= LOGGING_LEVELS.index(minimum)


def _to_document(params: Any) -> dict[str, Any]:
    document: dict[str, Any] = params.model_dump(by_alias=True, exclude_none=True, mode="json")
    meta = document.pop("_meta", None)  # its tokens belong to this connection
    extra = {key: value for key, value in (meta or {}).items() if key != "progressToken"}
    return document | {"_meta": extra} if extra else document
