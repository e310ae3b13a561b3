"""Calls of operations by name, as the protocols that translate messages make them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic_core import from_json

from agora.core.call import Caller
from agora.core.dispatcher import Dispatcher
from agora.core.events.stream import LiveStream

__all__ = ["call_operation", "invoke_operation", "open_operation_stream"]


async def invoke_operation(
    dispatcher: Dispatcher, name: str, caller: Caller, arguments: Mapping[str, Any], **options: Any
) -> bytes:
    """Invoke an operation; returns its result as JSON. Raises an AgoraError. options: of ``Dispatcher.invoke``."""
    operation = dispatcher.context.registry.resolve(name, None, caller.tenant)
    return (await dispatcher.invoke(operation, caller, arguments, **options)).body


async def call_operation(
    dispatcher: Dispatcher, name: str, caller: Caller, arguments: Mapping[str, Any], **options: Any
) -> dict[str, Any]:
    """Invoke an operation as :func:`invoke_operation` does; returns its result as JSON types."""
    result: dict[str, Any] = from_json(await invoke_operation(dispatcher, name, caller, arguments, **options))
    return result


async def open_operation_stream(
    dispatcher: Dispatcher,
    name: str,
    caller: Caller,
    arguments: Mapping[str, Any],
    valid: Callable[[], Awaitable[None]] | None,
    **options: Any,
) -> LiveStream:
    """Open the stream of an operation. valid: checks the credential again. options: of ``Dispatcher.open_stream``.
    Raises an AgoraError."""
    operation = dispatcher.context.registry.resolve(name, None, caller.tenant)
    return await dispatcher.open_stream(operation, caller, arguments, valid=valid, **options)
