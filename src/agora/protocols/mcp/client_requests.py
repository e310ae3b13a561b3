"""Requests of a running call to its client: elicitation, sampling, roots.

Up to 2025-11-25 the server sends the client a request and waits. Since 2026-07-28 the call returns ``input_required``
with the requests (SEP-2322), and the client repeats the call with the responses and the returned state.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import field
from typing import Any, Final

from agora.core.call import ClientRefused
from agora.value_classes import value_class

__all__ = ["CAPABILITY_BY_METHOD", "NO_CLIENT", "ClientRequests", "Notify", "Send", "build_input_required_result"]

#: sends a request to the client, by method and parameters; raises ClientRefused
Send = Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]
#: sends a notification to the client
Notify = Callable[[str, Mapping[str, Any]], Coroutine[Any, Any, None]]

#: client capability required by each request
CAPABILITY_BY_METHOD: Final[Mapping[str, str]] = {
    "elicitation/create": "elicitation",
    "sampling/createMessage": "sampling",
    "roots/list": "roots",
}


async def ignore_notification(method: str, params: Mapping[str, Any]) -> None:
    """Ignore a notification: the client cannot receive any."""


@value_class
class ClientRequests:
    """The client of a call, an :class:`agora.core.call.CallClient`. capabilities: as declared by the client.

    send: None if responses arrive with a repeated call. responses: of such a call, by request name. state: of such a
    call.
    key: of its session. log_level: minimum level of log messages; None for none.
    """

    capabilities: Mapping[str, Any] = field(default_factory=dict)
    send: Send | None = None
    responses: Mapping[str, Any] = field(default_factory=dict)
    state: str | None = None
    key: str = ""
    log_level: str | None = None
    send_notification: Notify = ignore_notification

    async def send_request(self, method: str, params: Mapping[str, Any], /) -> dict[str, Any]:
        """Send a request to the client; returns its result. Raises ClientRefused."""
        mode = str(params.get("mode", "form")) if method == "elicitation/create" else "form"
        # The protocol forbids requests for which the client has declared no capability.
        if self.send is None or not self.is_supported(method, mode):
            raise ClientRefused(f"The client does not support {method}.")
        return await self.send(method, params)

    def is_supported(self, method: str, mode: str = "form") -> bool:
        """Whether the client supports a request. mode: of an elicitation, ``form`` or ``url``."""
        capability = self.capabilities.get(CAPABILITY_BY_METHOD[method])
        if method != "elicitation/create" or not isinstance(capability, Mapping):
            return isinstance(capability, Mapping)
        return mode in capability or (mode == "form" and not capability)  # older revisions: an empty object means forms


#: for calls whose client supports no requests
NO_CLIENT: Final = ClientRequests()


def build_input_required_result(requests: Mapping[str, Mapping[str, Any]], state: str) -> dict[str, Any]:
    """Build the result of a call that continues once the client has answered these requests, by name."""
    return {"resultType": "input_required", "inputRequests": dict(requests), "requestState": state}
