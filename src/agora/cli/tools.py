"""Commands for tools of upstreams: ``agora call weather.forecast --arguments city=Bern``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agora_sdk.contract import Operation, Service
from agora_sdk.errors import NotFound

from .projection import build_command, call_operation_and_print, resolve_operation
from .session import Session

if TYPE_CHECKING:
    from agora_sdk.errors import NotFound

__all__ = ["build_tool_command"]


def build_tool_command(name: str, base: dict[str, Any] | None, unknown: NotFound) -> tuple[Any, list[str]]:
    """Build the command that calls a tool, and the beginning of its arguments.

    base: the tool's arguments, if given as one object. Raises ``unknown`` if the name cannot be an upstream's; the
    command also raises it if the server has no upstream of that name.
    """
    upstream, dot, tool = name.partition(".")
    if not (upstream and dot and tool) or upstream == "agora" or upstream in Service.declared:
        raise unknown

    def run_tool(session: Session, operation: Operation, arguments: dict[str, Any]) -> None:
        try:
            call_operation_and_print(session, operation, arguments)
        except NotFound as error:
            if any(fault["field"] == "upstream" for fault in error.extra.get("errors", ())):
                raise unknown from None
            raise

    whole = None if base is None else {"arguments": base}
    return build_command(resolve_operation("upstream.call"), whole, run=run_tool), [upstream, tool]
