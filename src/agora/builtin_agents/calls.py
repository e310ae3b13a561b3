"""Operation calls of a built-in agent, retried on transient errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from agora.core.call import Caller
from agora.core.dispatcher import Dispatcher
from agora.core.usage import DEFAULT_TENANT
from agora.net.backoff import compute_exponential_delay
from agora_sdk.contract import Kind, Operation
from agora_sdk.errors import AgoraError, Halted, Overloaded, RateLimited, StorageUnavailable

__all__ = ["TRANSIENT_ERRORS", "AgentCalls", "InterruptibleSleep"]

TRANSIENT_ERRORS = (Halted, Overloaded, RateLimited, StorageUnavailable)
# Short, since the server is in this process: an overload or an outage of its store ends soon or concerns everything.
FIRST_BACKOFF, MAX_BACKOFF = 0.1, 2.0


class InterruptibleSleep(Protocol):
    """Sleep for a number of seconds, or until an override changes."""

    async def __call__(self, seconds: float, /) -> None: ...


class AgentCalls:
    """Calls operations by name, as one caller.

    find_operation: by name and tenant. pause: waits before a retry.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        caller: Caller,
        find_operation: Callable[[str, str], Operation],
        pause: InterruptibleSleep,
    ) -> None:
        self._dispatcher, self.caller, self._find_operation, self._pause = dispatcher, caller, find_operation, pause
        self.tracing, self.settings = dispatcher.tracing, dispatcher.context.settings

    async def __call__(self, name: str, /, *, idempotency_key: str | None = None, **arguments: Any) -> Any:
        """Run an operation and return its result. Retries transient errors without a limit; raises all others."""
        operation = self._get_operation(name)
        tries = 0
        while True:
            try:
                outcome = await self._dispatcher.invoke(
                    operation, self.caller, arguments, idempotency_key=idempotency_key
                )
            except TRANSIENT_ERRORS as error:
                # A call with an unknown outcome may have taken effect: repeat it only if that is harmless.
                is_repeatable = idempotency_key is not None or operation.kind is Kind.QUERY or operation.idempotent
                if error.extra.get("outcome") == "unknown" and not is_repeatable:
                    raise
                tries += 1
                await self._pause(_compute_retry_delay(error, tries))
            else:
                return outcome.result

    async def call_once(self, name: str, /, **arguments: Any) -> Any:
        """Run an operation without retries and return its result. Raises transient errors, too."""
        return (await self._dispatcher.invoke(self._get_operation(name), self.caller, arguments)).result

    def _get_operation(self, name: str) -> Operation:
        operation = self._find_operation(name, self.caller.tenant or DEFAULT_TENANT)
        if operation.kind is Kind.STREAM:
            raise TypeError(f"{name} is a stream")
        return operation


def _compute_retry_delay(error: AgoraError, tries: int) -> float:
    delay = compute_exponential_delay(tries, FIRST_BACKOFF, MAX_BACKOFF)
    return min(MAX_BACKOFF, max(delay, float(error.extra.get("retry_after") or 0)))
