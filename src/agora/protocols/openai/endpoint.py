"""The endpoint of models, responses and chat completions in OpenAI's format, as an ASGI application.

==========================================  ==================================================================
``GET  /v1/models``, ``/v1/models/{id}``    agents and apps available to the key
``POST /v1/chat/completions``               ask one; the messages contain the conversation
``POST /v1/responses``                      ask one; ``previous_response_id`` continues a conversation
``GET  /v1/responses/{id}``                 the current response; ``?stream=true`` follows it
``POST /v1/responses/{id}/cancel``          cancel it
``POST /v1/responses/compact``              pack a conversation into one item
==========================================  ==================================================================
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from pydantic_core import to_json

from agora.clock import new_id
from agora.core.call import Caller
from agora.core.dispatcher import Dispatcher
from agora.core.events.stream import LiveStream
from agora.protocols.http import (
    Receive,
    RequestAuthenticator,
    Scope,
    Send,
    read_header,
    run_while_connected,
    send_response,
)
from agora.protocols.http_streams import STREAM_HEADERS, follow_stream
from agora.protocols.json_body import parse_json_object, read_json_body
from agora.protocols.operation_calls import call_operation
from agora.protocols.query_string import decode_path_segment, parse_query_pairs
from agora.settings import Settings
from agora_sdk.errors import AgoraError, IllegalTransition, InternalError, InvalidRequest, MethodNotAllowed, NotFound

from .chat_completions import ChatCompletionBuilder
from .chat_requests import parse_chat_request
from .compaction import build_compaction
from .errors import build_model_not_found_error, invalid_field, send_error
from .identifiers import TurnId, parse_response_id
from .models import (
    APPS_CURSOR,
    FRONT_MODEL,
    MAX_PAGE_SIZE,
    build_app_model,
    build_model,
    convert_page_error,
    parse_page_arguments,
)
from .paths import CHAT_PATH, MODELS_PATH, RESPONSES_PATH
from .pieces import EndPiece, Piece, TextPiece, TurnPieceReader
from .request_fields import AgentRequest, list_tool_names
from .response_requests import parse_compact_request, parse_response_request
from .responses import ResponseBuilder
from .turn_streams import DONE_EVENT, ChatWriter, ResponseWriter, TurnEncoder, TurnWriter
from .turns import APP_PREFIX, FRONT_MODEL_NAME, BegunTurn, TurnCaller, Turns, Update

__all__ = ["OpenAiApp"]

log = logging.getLogger(__name__)

MIN_BODY_LIMIT: Final = 8 * 1024 * 1024  #: minimum in bytes, enough for an image


class OpenAiApp:
    """ASGI application of the paths below ``/v1`` used by clients of OpenAI's API."""

    def __init__(self, dispatcher: Dispatcher, request_authenticator: RequestAuthenticator, settings: Settings) -> None:
        self._dispatcher, self._request_authenticator = dispatcher, request_authenticator
        self._turns = Turns(dispatcher, settings.a2a_wait)
        # These clients send images as data URLs within the JSON.
        self._body_limit = max(settings.body_limit, MIN_BODY_LIMIT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            await _OpenAiRequest(self, scope, receive, send).answer_request()
        except AgoraError as error:
            await send_error(send, error)
        except Exception:
            # The client gets the id only; the log has the reason, which may contain callers' data.
            incident = new_id("err")
            log.exception("%s %r failed (%s)", scope["method"], scope["path"], incident)
            await send_error(send, InternalError("Something went wrong on our side.", incident=incident))

    async def authenticate_caller(self, scope: Scope) -> TurnCaller:
        """Authenticate the caller. Raises Unauthenticated."""

        async def reauthenticate_caller() -> None:
            await self._request_authenticator.authenticate_request(scope)

        caller = await self._request_authenticator.authenticate_request(scope)
        return TurnCaller(caller, read_header(scope, b"idempotency-key"), reauthenticate_caller)

    async def read_json_object(self, scope: Scope, receive: Receive, caller: Caller) -> dict[str, Any]:
        """Read the JSON object of a request's body. Raises InvalidRequest, PayloadTooLarge, UnsupportedMediaType."""
        return parse_json_object(await read_json_body(scope, receive, self._body_limit, self._dispatcher, caller))

    @property
    def turns(self) -> Turns:
        return self._turns

    @property
    def buffer_limit(self) -> int:
        """Maximum bytes that the reader of a stream may lag behind."""
        return self._dispatcher.feed.buffer_limit

    async def call_operation(self, name: str, caller: Caller, arguments: dict[str, Any]) -> dict[str, Any]:
        """Invoke an operation; returns its result as JSON types. Raises an AgoraError."""
        return await call_operation(self._dispatcher, name, caller, arguments)


class _OpenAiRequest:
    """Answers one request."""

    def __init__(self, app: OpenAiApp, scope: Scope, receive: Receive, send: Send) -> None:
        self._app, self._scope, self._receive, self._send = app, scope, receive, send
        self._turns = app.turns

    async def answer_request(self) -> None:
        """Route the request. Raises an AgoraError before anything is sent."""
        path: str = self._scope["path"]
        if path == CHAT_PATH:
            self._require_method("POST")
            await self._answer_chat()
        elif path.startswith(MODELS_PATH):
            self._require_method("GET")
            await self._answer_models(_decode_subpath(self._scope, MODELS_PATH))
        else:
            await self._answer_responses_path(_decode_subpath(self._scope, RESPONSES_PATH))

    def _require_method(self, method: str) -> None:
        if self._scope["method"] != method:
            raise MethodNotAllowed(
                f"{self._scope['method']} is not possible here.", fix=f"Use {method}.", allowed=[method], allow=method
            )

    async def _send_document(self, document: dict[str, Any]) -> None:
        await send_response(self._send, 200, to_json(document))

    # -- models --------------------------------------------------------------------------------------------

    async def _answer_models(self, name: str) -> None:
        turn_caller = await self._app.authenticate_caller(self._scope)
        await self._send_document(
            await (self._load_model(name, turn_caller) if name else self._list_models(turn_caller))
        )

    async def _load_model(self, name: str, turn_caller: TurnCaller) -> dict[str, Any]:
        """Load a model. Raises NotFound."""
        # The front agent is no registered agent, so no operation describes it.
        if name == FRONT_MODEL_NAME:
            return dict(FRONT_MODEL)
        if not name.startswith(APP_PREFIX):
            return build_model(await self._load_agent_and_any_price(name, turn_caller))
        try:
            ref = name.removeprefix(APP_PREFIX)
            app = await self._app.call_operation("agora.app.get", turn_caller.caller, {"ref": ref})
        except (NotFound, InvalidRequest) as error:
            raise build_model_not_found_error(name) from error
        return build_app_model(app)

    async def _load_agent_and_any_price(self, ref: str, turn_caller: TurnCaller) -> dict[str, Any]:
        """Load an agent with its price. Raises NotFound."""
        try:
            agent = await self._app.call_operation("agora.agent.get", turn_caller.caller, {"agent_id": ref})
            arguments: dict[str, Any] = {"name": agent["agent_name"], "limit": MAX_PAGE_SIZE}
            page = await self._app.call_operation("agora.instance.discover", turn_caller.caller, arguments)
        except (NotFound, InvalidRequest) as error:
            raise build_model_not_found_error(ref) from error
        offers = (each for each in page["agents"] if each["agent_id"] == agent["agent_id"])
        # Not among the listed agents: the caller may know it without its being offered on the marketplace.
        agent_with_price: dict[str, Any] = next(offers, agent | {"marketplace_info": {"pricing_info": None}})
        return agent_with_price

    async def _list_models(self, turn_caller: TurnCaller) -> dict[str, Any]:
        """List a page of models. ``last_id`` is the value of ``after`` for the next page. Raises InvalidRequest."""
        arguments = parse_page_arguments(self._read_query())
        cursor = arguments.get("cursor", "")
        data = [] if cursor else [dict(FRONT_MODEL)]
        try:
            if not cursor.startswith(APPS_CURSOR):
                page = await self._app.call_operation("agora.instance.discover", turn_caller.caller, arguments)
                data += map(build_model, page["agents"])
                if page.get("next_cursor") is not None:
                    return {"object": "list", "data": data, "has_more": True, "last_id": page["next_cursor"]}
                # The last page of agents is filled up with apps, so that no page is empty before the last one.
                arguments = {"limit": arguments["limit"] - len(page["agents"])}
                if not arguments["limit"]:
                    return {"object": "list", "data": data, "has_more": True, "last_id": APPS_CURSOR}
            else:
                app_cursor = cursor.removeprefix(APPS_CURSOR)
                arguments = {"limit": arguments["limit"]} | ({"cursor": app_cursor} if app_cursor else {})
            apps = await self._app.call_operation("agora.app.list", turn_caller.caller, arguments)
        except InvalidRequest as error:
            raise convert_page_error(error) from error
        # An app without an orchestrator cannot be asked.
        data += (build_app_model(app) for app in apps["apps"] if app.get("orchestrator_agent_id"))
        next_cursor = apps.get("next_cursor")
        last_id = None if next_cursor is None else f"{APPS_CURSOR}{next_cursor}"
        return {"object": "list", "data": data, "has_more": next_cursor is not None, "last_id": last_id}

    def _read_query(self) -> dict[str, str]:
        return dict(parse_query_pairs(self._scope["query_string"]))

    # -- chat completions ----------------------------------------------------------------------------------

    async def _answer_chat(self) -> None:
        turn_caller = await self._app.authenticate_caller(self._scope)
        request = parse_chat_request(await self._app.read_json_object(self._scope, self._receive, turn_caller.caller))
        if request.streams:
            # Before the response starts: a refused turn still gets its HTTP status.
            begun = await self._turns.begin_turn(request, turn_caller)
            completion = ChatCompletionBuilder(request.model, begun.id, shows_usage=request.usage)
            stream = await self._turns.follow_begun_turn(begun, turn_caller)
            writer = ChatWriter(completion)
            await self._stream_turn(begun, stream, request.tools, writer, turn_caller, completion=completion)
            return
        begun, updates = await self._run_turn_while_connected(request, turn_caller)
        completion = ChatCompletionBuilder(request.model, begun.id)
        for piece in _list_pieces(begun, updates, request.tools):
            completion.add_piece(piece)
        # 422 with the reason, not an answer: programs would take the reason of a failure for the agent's text.
        if completion.failure is not None:
            raise completion.failure
        if begun.text is None and not completion.has_turn_ended and begun.id is not None:
            # A completion cannot be read later, so nobody would read its result.
            await self._turns.abandon_turn(begun.id, turn_caller)
            raise self._turns.build_deadline_error()
        await self._send_document(completion.build())

    async def _run_turn_while_connected(
        self, request: AgentRequest, turn_caller: TurnCaller
    ) -> tuple[BegunTurn, list[Update]]:
        return await run_while_connected(
            self._receive, self._turns.begin_turn_and_collect_updates(request, turn_caller)
        )

    async def _stream_turn(
        self,
        begun: BegunTurn,
        stream: LiveStream | None,
        tools: Collection[str],
        writer: TurnWriter,
        turn_caller: TurnCaller,
        *,
        outlives: bool = False,
        completion: ChatCompletionBuilder | None = None,
    ) -> None:
        """Stream a turn. outlives: whether it continues if the client disconnects; otherwise it is cancelled.
        completion: for usage; it cannot be read later, so it does not outlive its stream."""
        encoder = TurnEncoder(TurnPieceReader(tools), writer)
        try:
            await self._send({"type": "http.response.start", "status": 200, "headers": STREAM_HEADERS})
            opening = writer.encode_opening() + (
                writer.encode_pieces(_list_pieces(begun, [], tools)) if stream is None else b""
            )
            await self._send({"type": "http.response.body", "body": opening, "more_body": True})
            if stream is not None:
                limit = self._app.buffer_limit
                # The usage and the mark of the end are still to be sent, below.
                await follow_stream(stream, encoder, self._receive, self._send, limit, ends=False)
        finally:
            if stream is not None:
                stream.close()
        if stream is None or encoder.was_closed:
            ending = b"" if completion is None else await self._encode_usage(completion, begun.id, turn_caller)
            await self._send({"type": "http.response.body", "body": ending + DONE_EVENT, "more_body": False})
        # The client has disconnected, or its stream was closed and cannot be resumed: nobody would read, or pay for, the
        # rest.
        ends_with_stream = completion is not None or not (outlives or encoder.was_closed)
        if begun.id is not None and stream is not None and ends_with_stream and not writer.has_turn_ended:
            await self._turns.abandon_turn(begun.id, turn_caller)

    async def _encode_usage(
        self, completion: ChatCompletionBuilder, turn: TurnId | None, turn_caller: TurnCaller
    ) -> bytes:
        if not completion.shows_usage:
            return b""
        usage = None
        # The answer is already sent: a refused read, such as one above the rate limit, must not break off the stream.
        with suppress(AgoraError):
            usage = None if turn is None else await self._turns.read_usage(turn, turn_caller)
        return completion.encode_usage(usage)

    # -- responses -----------------------------------------------------------------------------------------

    async def _answer_responses_path(self, subpath: str) -> None:
        turn_caller = await self._app.authenticate_caller(self._scope)
        identifier, _, action = subpath.partition("/")
        if not identifier:
            self._require_method("POST")
            await self._create_response(turn_caller)
        elif identifier == "compact" and not action:
            self._require_method("POST")
            await self._compact_conversation(turn_caller)
        elif action == "cancel":
            self._require_method("POST")
            await self._cancel_response(parse_response_id(identifier), turn_caller)
        elif action:
            raise NotFound(
                f"There is nothing at {self._scope['path'][:200]}.", fix="A response can be read and cancelled."
            )
        else:
            self._require_method("GET")
            await self._read_response(parse_response_id(identifier), turn_caller)

    async def _create_response(self, turn_caller: TurnCaller) -> None:
        request = parse_response_request(
            await self._app.read_json_object(self._scope, self._receive, turn_caller.caller)
        )
        if request.streams or request.background:
            begun = await self._turns.begin_turn(request, turn_caller)
            response = ResponseBuilder(request.model, begun.id, request.echo)
            if request.streams:
                writer = ResponseWriter(response)
                stream = await self._turns.follow_begun_turn(begun, turn_caller)
                await self._stream_turn(begun, stream, request.tools, writer, turn_caller, outlives=request.background)
                return
            updates: list[Update] = []
        else:
            begun, updates = await self._run_turn_while_connected(request, turn_caller)
            response = ResponseBuilder(request.model, begun.id, request.echo)
        response.add_pieces(_list_pieces(begun, updates, request.tools))
        await self._send_document(response.build())

    async def _compact_conversation(self, turn_caller: TurnCaller) -> None:
        body = await self._app.read_json_object(self._scope, self._receive, turn_caller.caller)
        model, items, previous_id = parse_compact_request(body)
        await self._load_model(model, turn_caller)  # check that the model exists
        await self._send_document(build_compaction(items, previous_id))

    async def _read_response(self, turn: TurnId, turn_caller: TurnCaller) -> None:
        query = self._read_query()
        begun = await self._turns.read_begun_turn(turn, turn_caller)
        response = _build_response(begun)
        tools = _list_offered_tools(begun)
        if query.get("stream", "").lower() == "true":
            # The turn is encoded from its start again: only so its events have the numbers that the client knows.
            writer = ResponseWriter(response, _read_starting_after(query))
            stream = await self._turns.follow_turn(turn, turn_caller)
            await self._stream_turn(begun, stream, tools, writer, turn_caller, outlives=True)
            return
        await self._send_current_response(begun, response, tools, turn_caller)

    async def _send_current_response(
        self, begun: BegunTurn, response: ResponseBuilder, tools: Collection[str], turn_caller: TurnCaller
    ) -> None:
        assert begun.id is not None
        response.add_pieces(_list_pieces(begun, await self._turns.read_available_updates(begun.id, turn_caller), tools))
        usage = await self._turns.read_usage(begun.id, turn_caller) if response.has_turn_ended else None
        await self._send_document(response.build(usage))

    async def _cancel_response(self, turn: TurnId, turn_caller: TurnCaller) -> None:
        """Cancel a response; a finished one is returned unchanged."""
        begun = await self._turns.read_begun_turn(turn, turn_caller)
        # It ended between the read and the cancellation; the answer below shows how.
        with suppress(IllegalTransition):
            await self._turns.cancel_turn(turn, turn_caller)
        await self._send_current_response(begun, _build_response(begun), _list_offered_tools(begun), turn_caller)


def _list_pieces(turn: BegunTurn, updates: Sequence[Update], tools: Collection[str]) -> list[Piece]:
    """List the pieces of a turn; for a text answer without a task, the text and the end."""
    if turn.text is not None:
        return [TextPiece(turn.text), EndPiece("TASK_STATE_COMPLETED")]
    reader = TurnPieceReader(tools)
    return [piece for number, update in updates for piece in reader.read_pieces(update, number)]


def _build_response(turn: BegunTurn) -> ResponseBuilder:
    """Build the response of a turn from its task's first message, because another protocol may have begun the task."""
    echo = turn.context.get("response")
    model = turn.context.get("model")
    model = model if isinstance(model, str) else turn.agent or FRONT_MODEL_NAME
    return ResponseBuilder(model, turn.id, echo if isinstance(echo, dict) else {})


def _list_offered_tools(turn: BegunTurn) -> frozenset[str]:
    tools = turn.context.get("tools")
    return list_tool_names(tools, turn.context.get("tool_choice")) if isinstance(tools, list) else frozenset()


def _read_starting_after(query: Mapping[str, str]) -> int:
    text = query.get("starting_after", "")
    if not text:
        return -1
    # isdigit alone accepts digits of other scripts and superscripts, which int() may refuse.
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise invalid_field("starting_after", "should be the sequence_number of an event")
    return int(text)


def _decode_subpath(scope: Scope, root: str) -> str:
    """Extract the part of a path below a root. Raises MalformedRequest."""
    # Cut before it is decoded: an encoded slash belongs to a name.
    raw = scope.get("raw_path")
    path = raw.split(b"?", 1)[0].decode("latin-1") if raw else scope["path"]
    return decode_path_segment(path[len(root) :].strip("/"))
