"""The REST ASGI application: calls operations through the dispatcher."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agora.clock import new_id
from agora.core.dispatcher import Dispatcher
from agora.protocols import query_string
from agora.protocols.http import (
    Receive,
    RequestAuthenticator,
    Scope,
    Send,
    read_body,
    read_header,
    run_while_connected,
    send_problem,
    send_response,
)
from agora.protocols.json_body import parse_json_object, read_media_type, require_json_media_type
from agora_sdk.contract import Kind, Operation
from agora_sdk.errors import (
    AgoraError,
    MethodNotAllowed,
    NotFound,
)

from .chat_streams import send_chat_stream, wants_chat_stream
from .routes import RouteMatch, RouteTable, has_body

__all__ = ["RestApp"]

#: operations that accept the media type curl -d sends by default: a cross-site page gains nothing by calling them
UNTYPED_OPERATIONS = frozenset({"agora.auth.login", "agora.auth.refresh"})
#: operations that anonymous callers call with a form, as their standard requires; unknown fields are ignored
FORM_OPERATIONS = frozenset({"agora.auth.backchannel_logout"})
LARGE_DIGITS = 5  # digits in the length of a body that is expensive to parse
FORM_TYPE = "application/x-www-form-urlencoded"


class RestApp:
    """Serves the operations of a route table."""

    def __init__(
        self, dispatcher: Dispatcher, request_authenticator: RequestAuthenticator, routes: RouteTable, body_limit: int
    ) -> None:
        self.dispatcher, self.request_authenticator, self.routes, self.body_limit = (
            dispatcher,
            request_authenticator,
            routes,
            body_limit,
        )

    async def __call__(self, match: RouteMatch, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; every error is a problem document."""
        operation, request_id = match.operation, _read_or_create_request_id(scope)
        try:
            caller = await self.request_authenticator.authenticate_request(scope)
            # Before it is read: a body that is refused for its content costs processor time, too.
            announced = read_header(scope, b"content-length")
            if announced is not None and len(announced) >= LARGE_DIGITS:
                await self.dispatcher.wait_for_turn(
                    caller, min(int(announced), self.body_limit) if announced.isdigit() else 0
                )
            arguments = await self._read_arguments(match, scope, receive)
            call = self.dispatcher.invoke(
                operation,
                caller,
                arguments,
                idempotency_key=read_header(scope, b"idempotency-key"),
                request_id=request_id,
            )
            outcome = await (
                run_while_connected(receive, call) if _is_cancelled_on_disconnect(operation, arguments) else call
            )
            headers = [(b"x-request-id", request_id.encode())]
            for name, value in outcome.notices.items():
                headers.append((name.lower().encode(), value.encode()))
            if outcome.replayed:
                headers.append((b"idempotency-replayed", b"true"))
            if wants_chat_stream(operation, scope):
                await send_chat_stream(send, outcome.body, headers)
            else:
                await send_response(send, operation.success_status, outcome.body, headers)
        except AgoraError as error:
            await send_problem(send, error, instance=scope["path"], extra_headers={"x-request-id": request_id})

    async def _read_arguments(self, match: RouteMatch, scope: Scope, receive: Receive) -> bytes | Mapping[str, Any]:
        query = scope["query_string"]
        if has_body(match.operation, scope["method"]):
            body = await read_body(scope, receive, min(match.operation.body_limit, self.body_limit))
            if match.operation.name in FORM_OPERATIONS and read_media_type(scope) == FORM_TYPE:
                # OpenID Connect Back-Channel Logout 1.0 section 2.5: the logout token comes as a form field, others may be added.
                form = query_string.parse_query(body, match.operation)
                return {name: value for name, value in form.items() if name in match.operation.parameters}
            if match.operation.name not in UNTYPED_OPERATIONS:
                require_json_media_type(scope, body)
            # Passed on as bytes: validation parses them, without a second pass over the JSON.
            if not match.parameters and not query:
                return body
            arguments = parse_json_object(body)
        else:
            arguments = {}
        if query:
            arguments = query_string.parse_query(query, match.operation) | arguments
        return query_string.merge_path_parameters(arguments, match.parameters)

    async def send_not_found_or_not_allowed(self, scope: Scope, send: Send) -> None:
        """Answer a path that does not exist with 404, a method that its path does not have with 405."""
        allowed = self.routes.list_allowed_methods(scope["path"], scope.get("raw_path"))
        if allowed:
            error: AgoraError = MethodNotAllowed(
                f"{scope['method']} is not possible at {scope['path']}.",
                fix=f"Use {', '.join(allowed)}.",
                allowed=allowed,
            )
            await send_problem(send, error, instance=scope["path"], extra_headers={"allow": ", ".join(allowed)})
        else:
            error = NotFound(f"There is nothing at {scope['path']}.", fix="The API is described at /docs.")
            await send_problem(send, error, instance=scope["path"])


def _is_cancelled_on_disconnect(operation: Operation, arguments: bytes | Mapping[str, Any]) -> bool:
    """Whether a call is cancelled when its caller disconnects: calls that wait, and calls of an upstream."""
    if operation.implementation == "upstream" and operation.kind is Kind.RELAY:
        return True
    if "wait" not in operation.parameters:
        return False
    # The body is not parsed yet.
    return b'"wait"' in arguments if isinstance(arguments, bytes) else "wait" in arguments


def _read_or_create_request_id(scope: Scope) -> str:
    request_id = read_header(scope, b"x-request-id")
    return (
        request_id
        if request_id and len(request_id) <= 100 and request_id.isascii() and request_id.isprintable()
        else new_id("req")
    )
