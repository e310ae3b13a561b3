"""Watching: the event feed, as notifications about resources and lists."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote, unquote

from pydantic_core import from_json

from agora_sdk.errors import AgoraError

from ...dispatcher import Dispatcher
from ...events.frames import Farewell
from ...events.sink import QueueSink
from . import changes
from .exchange import Exchange

__all__ = ["Teller", "Wanted", "canonical", "watch"]

PAUSE_SECONDS = 0.25  #: between two rounds of notifications: what happens meanwhile is told once


class Teller(Protocol):
    """Sends notifications to one client."""

    async def updated(self, uri: str, /) -> None: ...
    async def tools_changed(self) -> None: ...
    async def resources_changed(self) -> None: ...
    async def prompts_changed(self) -> None: ...


@dataclass(slots=True)
class Wanted:
    """What a client wants to be told. uris: as it wrote them, to the ones that events name."""

    uris: Mapping[str, str] = field(default_factory=dict)
    tools: bool = False
    resources: bool = False
    prompts: bool = False


async def canonical(dispatcher: Dispatcher, exchange: Exchange, uri: str) -> str:
    """The URI that events name, for one that may name an agent by its name."""
    prefix = "agora://agents/"
    reference = unquote(uri.removeprefix(prefix))
    if not uri.startswith(prefix) or reference.startswith("agent_"):
        return uri
    operation = dispatcher.context.catalogue.find("agora.agent.get", None, exchange.caller.tenant)
    try:
        outcome = await dispatcher.invoke(operation, exchange.caller, {"agent_id": reference})
    except AgoraError:  # a resource there is not, or not for this caller, never changes
        return uri
    return prefix + quote(from_json(outcome.body)["agent_id"], safe="")


async def watch(dispatcher: Dispatcher, exchange: Exchange, wanted: Wanted, teller: Teller) -> Farewell:
    """Tell a client what changes, until the stream ends; answers why it did. Raises an AgoraError: refused."""
    operation = dispatcher.context.catalogue.find("agora.event.stream", None, exchange.caller.tenant)
    arguments = {"types": list(changes.TYPES)}
    stream = await dispatcher.stream(operation, exchange.caller, arguments, valid=exchange.valid)
    sink = QueueSink(dispatcher.feed.buffer_limit)
    attaching = asyncio.create_task(stream.attach(sink))
    try:
        while batches := await sink.take():
            found = [changes.of(from_json(item.json)) for batch in batches for item in batch.items]
            if await _tell(found, wanted, teller):
                await asyncio.sleep(PAUSE_SECONDS)
        return sink.farewell or Farewell()
    finally:
        stream.close()
        attaching.cancel()
        await asyncio.gather(attaching, return_exceptions=True)


async def _tell(found: list[changes.Changes], wanted: Wanted, teller: Teller) -> bool:
    """Tell each thing once; answers whether anything was told."""
    told = False
    own = {uri for change in found for uri in change.uris}
    for uri, named in tuple(wanted.uris.items()):
        if any(named == changed or named.startswith(changed + "/") for changed in own):
            told = True
            await teller.updated(uri)
    if wanted.tools and any(change.tools for change in found):
        told = True
        await teller.tools_changed()
    if wanted.resources and any(change.resources for change in found):
        told = True
        await teller.resources_changed()
    if wanted.prompts and any(change.prompts for change in found):
        told = True
        await teller.prompts_changed()
    return told
