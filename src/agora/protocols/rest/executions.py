"""Streamed executions: ``POST .../execute`` with ``Accept: text/event-stream`` answers with server-sent events.

``piece`` is a part of a streaming instance's answer; ``result`` is the whole answer, as the operation
returns it; ``error`` is an error after the first piece. Earlier errors are problem documents.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic_core import to_json

from agora.core.dispatcher import Dispatcher
from agora.protocols.http import (
    Receive,
    RequestAuthenticator,
    Scope,
    Send,
    read_body,
    read_header,
    run_while_connected,
    send_problem,
)
from agora.protocols.json_body import parse_json_object, require_json_media_type
from agora_sdk.contract import declared
from agora_sdk.errors import AgoraError

from .event_response import EventResponse

__all__ = ["ExecutionStreams"]

EXECUTE_OPERATION = declared("instance", "execute")
EXECUTION_PATH = re.compile(r"/marketplace/(?:instances|agents)/([^/]{1,600})/execute")


class ExecutionStreams:
    """Streams the answers of executions."""

    def __init__(self, dispatcher: Dispatcher, request_authenticator: RequestAuthenticator, body_limit: int) -> None:
        self.dispatcher, self.request_authenticator = dispatcher, request_authenticator
        self.body_limit = min(EXECUTE_OPERATION.body_limit, body_limit)

    def owns_request(self, scope: Scope) -> bool:
        """Whether a request is an execution and accepts a stream."""
        if scope["method"] != "POST" or not scope["path"].endswith("/execute"):
            return False
        return (
            "text/event-stream" in (read_header(scope, b"accept") or "")
            and EXECUTION_PATH.fullmatch(scope["path"]) is not None
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = EventResponse(send)
        try:
            caller = await self.request_authenticator.authenticate_request(scope)
            arguments = await self._read_arguments(scope, receive)
            key = read_header(scope, b"idempotency-key")
            call = self.dispatcher.invoke(
                EXECUTE_OPERATION, caller, arguments, idempotency_key=key, progress=answer.send_piece
            )
            outcome = await run_while_connected(receive, call)
            await answer.send_event("result", outcome.body)
        except AgoraError as error:
            # Nothing was sent yet, so that the error can still have its HTTP status.
            if not answer.has_started:
                await send_problem(send, error, instance=scope["path"])
                return
            await answer.send_event("error", to_json(error.problem()))
        await answer.end()

    async def _read_arguments(self, scope: Scope, receive: Receive) -> dict[str, Any]:
        body = await read_body(scope, receive, self.body_limit)
        require_json_media_type(scope, body)
        document = parse_json_object(body)
        match = EXECUTION_PATH.fullmatch(scope["path"])
        assert match is not None, "owned"
        # The path is decoded already: a name with a percent sign would be changed by a second time.
        return document | {"instance_id": match[1]}
