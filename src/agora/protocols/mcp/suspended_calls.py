"""Calls of clients of 2026-07-28, suspended while waiting for the client's response to a request.

Such a client gets the request in the result of its call, and responds with another call (SEP-2322). The origin of the
request, a connection to an upstream, waits on this server in the meantime: the second call must reach the same server.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from agora.core.call import ClientRefused
from agora_sdk.errors import Gone, Overloaded

from .client_requests import ClientRequests, build_input_required_result
from .request_context import RequestContext
from .sessions import Owner, choose_session_owner
from .tool_results import ToolResult

__all__ = ["STATE_PREFIX", "SuspendedCalls"]

STATE_PREFIX: Final = "call."  #: prefix of the states of suspended calls
REQUEST_KEY: Final = "request"  #: name of the only request in a result
ANSWER_SECONDS: Final = 3600.0  #: timeout of the client's response
RETRY_SECONDS: Final = 60
MAX_SUSPENDED: Final = 1000  #: calls on this server
MAX_SUSPENDED_EACH: Final = 100  #: calls of one account, so that it cannot take the places of all others

Work = Callable[[ClientRequests], Coroutine[Any, Any, ToolResult]]


@dataclass(eq=False)
class _SuspendedCall:
    """A running call. account: tenant, and registrar or subject. requests: the pending request with the future of
    its result."""

    owner: Owner
    account: tuple[str, str]
    tool: str
    requests: asyncio.Queue[tuple[str, Mapping[str, Any], asyncio.Future[dict[str, Any]]]] = field(
        default_factory=asyncio.Queue
    )
    task: asyncio.Task[ToolResult] | None = None
    response: asyncio.Future[dict[str, Any]] | None = None
    expiry: asyncio.TimerHandle | None = None

    async def send(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        response: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        await self.requests.put((method, params, response))
        return await response


class SuspendedCalls:
    """Runs calls, suspends them while their client is asked, and resumes them."""

    def __init__(self) -> None:
        self._calls: dict[str, _SuspendedCall] = {}

    async def run_call(self, request_context: RequestContext, tool: str, work: Work) -> ToolResult:
        """Run a call, or resume the one that the client responds to; returns its result, or its request to the client.

        Raises Gone if the call is not on this server, Overloaded if it asks its client while too many calls are suspended.
        """
        state = request_context.client.state
        if state is not None and state.startswith(STATE_PREFIX):
            return await self._run_until_request(self._resume_call(request_context, tool, state))
        call = _SuspendedCall(choose_session_owner(request_context.caller), request_context.caller.owner, tool)
        call.task = asyncio.create_task(work(replace(request_context.client, send=call.send)))
        return await self._run_until_request(call)

    def _resume_call(self, request_context: RequestContext, tool: str, state: str) -> _SuspendedCall:
        call = self._calls.get(state)
        # The state is unguessable, but travels through the client: it resumes only its owner's call of the same tool.
        if call is None or call.owner != choose_session_owner(request_context.caller) or call.tool != tool:
            raise Gone("The call is not on this server: it timed out, or runs on another server.", fix="Call again.")
        # Removed at once: a repeated response must not resume the call twice.
        del self._calls[state]
        if call.expiry is not None:
            call.expiry.cancel()
        assert call.response is not None
        response = request_context.client.responses.get(REQUEST_KEY)
        if not call.response.done():
            if isinstance(response, dict):
                call.response.set_result(response)
            else:
                call.response.set_exception(ClientRefused("The client did not answer."))
        return call

    async def _run_until_request(self, call: _SuspendedCall) -> ToolResult:
        """Wait until the call ends or sends the client a request. Cancelling the wait ends the call."""
        assert call.task is not None
        asking = asyncio.create_task(call.requests.get())
        try:
            await asyncio.wait((call.task, asking), return_when=asyncio.FIRST_COMPLETED)
            # First the end: a call that asked and then ended needs no answer any more.
            if call.task.done():
                return call.task.result()
            # Checked here, not when a call begins: most calls ask nothing.
            if (limit := self._find_reached_limit(call.account)) is not None:
                await _cancel_and_wait(call.task)
                raise Overloaded(
                    f"{limit} wait for responses of their clients.",
                    fix="Call again later, or over a session of the protocol of 2025-11-25, in which calls are not suspended.",
                    retry_after=RETRY_SECONDS,
                )
            method, params, call.response = asking.result()
            return self._suspend_call(call, {"method": method, "params": dict(params)})
        except asyncio.CancelledError:
            await _cancel_and_wait(call.task)
            raise
        finally:
            asking.cancel()

    def _find_reached_limit(self, account: tuple[str, str]) -> str | None:
        """Find the limit, in words, that leaves no place for another suspended call of an account; None if there is place."""
        own = [state for state, call in self._calls.items() if call.account == account]
        if len(own) >= MAX_SUSPENDED_EACH and not self._drop_ended_calls(own):
            return f"{MAX_SUSPENDED_EACH} of your calls"
        if len(self._calls) >= MAX_SUSPENDED and not self._drop_ended_calls(list(self._calls)):
            return f"{MAX_SUSPENDED} calls on this server"
        return None

    def _drop_ended_calls(self, states: Sequence[str]) -> bool:
        """Drop calls that ended while their client was asked, as those of an ended upstream; return whether there were any.

        Their results are kept for their clients until then.
        """
        ended = [state for state in states if (task := self._calls[state].task) is not None and task.done()]
        for state in ended:
            self._expire_call(state)
        return bool(ended)

    def _suspend_call(self, call: _SuspendedCall, request: Mapping[str, Any]) -> ToolResult:
        state = STATE_PREFIX + secrets.token_urlsafe(24)
        self._calls[state] = call
        # A client that never answers would otherwise hold its call, and the upstream's, for ever.
        call.expiry = asyncio.get_running_loop().call_later(ANSWER_SECONDS, self._expire_call, state)
        return ToolResult(relayed=build_input_required_result({REQUEST_KEY: request}, state))

    def _expire_call(self, state: str) -> None:
        call = self._calls.pop(state, None)
        if call is None or call.task is None:
            return
        if call.expiry is not None:
            call.expiry.cancel()
        if not call.task.cancel() and not call.task.cancelled():
            call.task.exception()  # nobody asks for it any more: asyncio would log it

    async def stop(self) -> None:
        """End all suspended calls."""
        tasks: list[Awaitable[Any]] = []
        for state in list(self._calls):
            task = self._calls[state].task
            self._expire_call(state)
            if task is not None:
                tasks.append(task)
        await asyncio.gather(*tasks, return_exceptions=True)


async def _cancel_and_wait(task: asyncio.Task[ToolResult]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
