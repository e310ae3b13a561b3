"""Calls of the tests of remote agents."""

from __future__ import annotations

from typing import Any

from agora.builtin_agents.remote.jobs import RemoteAgentsController
from agora.core.call import Caller
from tests.conformance.a2a.a2a_calls import ask
from tests.market import Market

__all__ = ["add", "message", "remotes_of", "send", "text_of"]


def remotes_of(market: Market) -> RemoteAgentsController:
    """Return the controller of remote agents."""
    return next(found for found in market.app.controllers if isinstance(found, RemoteAgentsController))


async def add(market: Market, url: str, name: str = "Far", **options: Any) -> Any:
    """Add a remote agent, and wait until it is hosted."""
    added = await market.call(market.operator, "a2a.add_remote", url=url, name=name, **options)
    await remotes_of(market).wait_until_settled()
    return added


async def send(market: Market, caller: Caller, text: Any, agent: str = "Far", **options: Any) -> Any:
    """Send a message and wait for the outcome. Returns the task."""
    return (await ask(market, caller, "send", message=text, agent=agent, **options))["task"]


def message(text: str, **more: Any) -> dict[str, Any]:
    return {"parts": [{"text": text}], **more}


def text_of(artifact: Any) -> str:
    return "".join(part["text"] for part in artifact["parts"])
