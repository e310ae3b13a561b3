"""The AG-UI endpoint: a posted run, with its events in the same response as server-sent events.

========================  ===================================================
``POST /ag-ui/{agent}``   a run of that agent, by id or name
``POST /ag-ui``           a run of the front agent, which selects an agent
========================  ===================================================

Errors before a run begins are problem documents with their status: a missing credential, an unknown agent, an invalid
``RunAgentInput``, a halt, a limit. Conflicts with the thread, and later errors, are ``RUN_ERROR``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic_core import from_json, to_json

from agora.core.dispatcher import Dispatcher
from agora.core.events.frames import CLOSE_RESTARTING, Batch, CloseReason, escape_line_ends
from agora.protocols.http import Receive, RequestAuthenticator, Scope, Send, send_problem
from agora.protocols.http_streams import STREAM_HEADERS, follow_stream
from agora.protocols.json_body import parse_json_object, read_json_body
from agora.protocols.query_string import decode_path_segment
from agora.settings import Settings
from agora_sdk.errors import AgoraError, MethodNotAllowed

from .paths import PATH
from .run_events import Event, RunEvents
from .run_input import RunInput, read_run_input
from .runs import OpenedRun, RunOpener, RunRefused, RunRequest

__all__ = ["AgUiApp"]


class AgUiApp:
    """ASGI application of ``/ag-ui``."""

    def __init__(self, dispatcher: Dispatcher, request_authenticator: RequestAuthenticator, settings: Settings) -> None:
        self._dispatcher, self._request_authenticator, self._settings = dispatcher, request_authenticator, settings
        self._runs = RunOpener(dispatcher)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            what = f"{scope['method']} is not possible at {scope['path']}."
            error = MethodNotAllowed(what, fix="Use POST.", allowed=["POST"])
            await send_problem(send, error, instance=scope["path"], extra_headers={"allow": "POST"})
            return
        try:
            run, opened, refusal = await self._begin_run(scope, receive)
        except AgoraError as error:
            await send_problem(send, error, instance=scope["path"])
            return
        await self._send_run(run, opened, refusal, receive, send)

    async def _begin_run(self, scope: Scope, receive: Receive) -> tuple[RunInput, OpenedRun, RunRefused | None]:
        caller = await self._request_authenticator.authenticate_request(scope)
        limit = self._settings.body_limit
        body = await read_json_body(scope, receive, limit, self._dispatcher, caller)
        run = read_run_input(parse_json_object(body))

        async def reauthenticate_caller() -> None:
            await self._request_authenticator.authenticate_request(scope)

        request = RunRequest(run, _read_agent_name_or_none(scope), caller, reauthenticate_caller)
        try:
            return run, await self._runs.open_run(request), None
        # Not a problem document: AG-UI clients show errors of a thread only as events of a run.
        except RunRefused as refusal:
            return run, OpenedRun(), refusal

    async def _send_run(
        self, run: RunInput, opened: OpenedRun, refusal: RunRefused | None, receive: Receive, send: Send
    ) -> None:
        events = RunEvents(run.thread_id, run.run_id, run.state)
        first = events.build_start_events() + events.build_conversation_events(opened.conversation)
        if refusal is not None:
            first += events.fail_run(str(refusal), refusal.code)
        elif opened.message is not None:
            first += events.finish_with_message(opened.message)
        elif opened.task_id is not None:
            first += events.start_task_events(opened.task_id)
        else:
            first += events.finish_empty_run()
        try:
            await send({"type": "http.response.start", "status": 200, "headers": STREAM_HEADERS})
            more = opened.stream is not None
            await send({"type": "http.response.body", "body": _encode_events(first), "more_body": more})
            if opened.stream is not None:
                await follow_stream(
                    opened.stream, _RunEncoder(events), receive, send, self._dispatcher.feed.buffer_limit
                )
        finally:
            if opened.stream is not None:
                opened.stream.close()


def _read_agent_name_or_none(scope: Scope) -> str | None:
    """Read the agent of a path; None for the front agent."""
    # The decoded path would not tell an encoded slash in an agent's name from a separator.
    raw = scope.get("raw_path")
    path: str = raw.split(b"?", 1)[0].decode("latin-1") if raw else scope["path"]
    return decode_path_segment(path.removeprefix(PATH).strip("/")) or None


class _RunEncoder:
    """Encodes a task's stream. Implements the encoder of :mod:`..http_streams`."""

    def __init__(self, events: RunEvents) -> None:
        self._events = events

    def encode_batches(self, batches: Sequence[Batch], /) -> bytes:
        return b"".join([self._encode_batch(batch) for batch in batches])

    def _encode_batch(self, batch: Batch) -> bytes:
        if not batch.items:
            return b": heartbeat\n\n"
        return b"".join(
            [_encode_events(self._events.build_update_events(from_json(item.json))) for item in batch.items]
        )

    def encode_end(self, close_reason: CloseReason, position: int, /) -> bytes:
        """Encode the end: without a final event it is an error, and the client may repeat the run with its id."""
        if close_reason.error is not None:
            return _encode_events(self._events.fail_run(str(close_reason.error), close_reason.error.code))
        if close_reason.code == CLOSE_RESTARTING:
            return _encode_events(
                self._events.fail_run("The server stops; run it again with the same runId.", "restarting")
            )
        return _encode_events(self._events.fail_run("The task no longer exists.", "task_ended"))


def _encode_events(events: Iterable[Event]) -> bytes:
    return b"".join(map(_encode_event, events))


def _encode_event(event: dict[str, Any]) -> bytes:
    return b"data: %b\n\n" % escape_line_ends(to_json(event))
