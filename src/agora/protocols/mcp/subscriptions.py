"""Subscriptions: notifications about resources and lists, derived from the event feed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol
from urllib.parse import quote, unquote

from pydantic_core import from_json

from agora.core.dispatcher import Dispatcher
from agora.core.events.frames import CloseReason
from agora.core.events.sink import QueueSink
from agora.core.events.stream import LiveStream
from agora.domains.client_sessions.sessions import TOOLSETS_CHANGED_EVENT, UNWATCHED_EVENT, WATCHED_EVENT
from agora.protocols.operation_calls import call_operation, open_operation_stream
from agora_sdk.errors import AgoraError, CursorTooOld, InvalidRequest

from . import resource_changes
from .request_context import RequestContext
from .upstream_watch import UpstreamWatch

__all__ = [
    "Notifier",
    "WatchFilter",
    "build_task_watch",
    "notify_changes",
    "open_events",
    "resolve_canonical_uri",
    "resume_events",
]

SESSION_EVENTS = (WATCHED_EVENT, UNWATCHED_EVENT, TOOLSETS_CHANGED_EVENT)  #: events about one client's session
TASK_STATUS = "task-status:"  #: prefix of the name of a watched task status; no resource URI begins with it
PAUSE_SECONDS = 0.25  #: pause between rounds of notifications: repeated changes within it are notified once


class Notifier(Protocol):
    """Sends notifications to one client. ``set_position``: log position to resume from after the next notification."""

    def set_position(self, position: int, /) -> None: ...
    async def notify_resource_updated(self, uri: str, /) -> None: ...
    async def notify_task_changed(self, task_id: str, /) -> None: ...
    async def notify_tools_changed(self) -> None: ...
    async def notify_resources_changed(self) -> None: ...
    async def notify_prompts_changed(self) -> None: ...


@dataclass(slots=True)
class WatchFilter:
    """The subscriptions of a client. uris: canonical URIs by the URIs as the client wrote them; for tasks
    :func:`build_task_watch`.

    session: key of the session that owns ``uris`` and toolsets; another server may change them.
    """

    uris: dict[str, str] = field(default_factory=dict)
    tools: bool = False
    resources: bool = False
    prompts: bool = False
    session: str | None = None

    def apply_event(self, event: Mapping[str, Any]) -> resource_changes.ResourceChanges:
        """Find the changes of an event for this client; also applies changes of the client's session."""
        if event["type"] not in SESSION_EVENTS:
            return resource_changes.find_changes_of_event(event)
        data = event["data"]
        # The stream has the session events of all the caller's clients; those of the others do not concern this one.
        if self.session is None or data["session"] != self.session:
            return resource_changes.NO_CHANGES
        if event["type"] == TOOLSETS_CHANGED_EVENT:
            return resource_changes.ResourceChanges(tools=True)
        if event["type"] == WATCHED_EVENT:
            self.uris[data["uri"]] = data["named"]
        else:
            self.uris.pop(data["uri"], None)
        return resource_changes.NO_CHANGES


def build_task_watch(task_id: str) -> tuple[str, str]:
    """Build the entry of a task in the watched resources: its name, and the URI in events."""
    return TASK_STATUS + task_id, f"agora://tasks/{task_id}"


async def resolve_canonical_uri(dispatcher: Dispatcher, request_context: RequestContext, uri: str) -> str:
    """Resolve a URI that may contain an agent's name to the URI used in events."""
    prefix = "agora://agents/"
    reference = unquote(uri.removeprefix(prefix))
    # Other URIs contain ids already.
    if not uri.startswith(prefix) or reference.startswith("agent_"):
        return uri
    try:
        agent = await call_operation(dispatcher, "agora.agent.get", request_context.caller, {"agent_id": reference})
    except AgoraError:  # a resource that is unknown or not visible never changes
        return uri
    return prefix + quote(agent["agent_id"], safe="")


async def open_events(dispatcher: Dispatcher, request_context: RequestContext, after: int | None = None) -> LiveStream:
    """Open the event stream for notifications. after: number of the last known event. Raises an AgoraError."""
    arguments: dict[str, Any] = {"types": [*resource_changes.EVENT_TYPES, *SESSION_EVENTS]}
    if after is not None:
        arguments["last_event_id"] = str(after)
    return await open_operation_stream(
        dispatcher, "agora.event.stream", request_context.caller, arguments, request_context.valid
    )


async def resume_events(dispatcher: Dispatcher, request_context: RequestContext, after: int) -> tuple[LiveStream, bool]:
    """Resume the events after a number; returns also whether some were missed. Raises an AgoraError."""
    try:
        return await open_events(dispatcher, request_context, after), False
    # Both mean that the gap is unknown, so the client is told that everything may have changed.
    except (CursorTooOld, InvalidRequest):  # deleted since, or from another log
        return await open_events(dispatcher, request_context), True


async def notify_changes(
    dispatcher: Dispatcher,
    stream: LiveStream,
    watch_filter: WatchFilter,
    notifier: Notifier,
    *,
    sink: QueueSink | None = None,
    missed: bool = False,
    upstreams: UpstreamWatch,
) -> CloseReason:
    """Notify a client of changes until the stream ends; returns the reason of its end.

    missed: begin with notifications for everything. upstreams: watches remote resources.
    """
    sink = sink or QueueSink(dispatcher.feed.buffer_limit)
    position = stream.position
    attaching = asyncio.create_task(stream.attach(sink))
    relaying = asyncio.create_task(_relay_updates(upstreams, notifier))
    try:
        if missed:
            await _send_notifications(
                _list_catch_up_notifications(watch_filter, notifier), notifier, position, position
            )
        while batches := await sink.wait_for_batches():
            events = [from_json(item.json) for batch in batches for item in batch.items]
            event_changes = [watch_filter.apply_event(event) for event in events]
            # After the filter has taken up the events: the remote subscriptions follow the client's.
            upstreams.schedule_reconciliation()
            before, position = position, batches[-1].sequence
            if await _send_notifications(
                _list_notifications_for(event_changes, watch_filter, notifier), notifier, before, position
            ):
                await asyncio.sleep(PAUSE_SECONDS)
        return sink.close_reason or CloseReason()
    finally:
        stream.close()
        attaching.cancel()
        relaying.cancel()
        await asyncio.gather(attaching, relaying, return_exceptions=True)
        upstreams.close()


async def _relay_updates(upstreams: UpstreamWatch, notifier: Notifier) -> None:
    while True:
        for uri in await upstreams.wait_for_updates():
            await notifier.notify_resource_updated(uri)
        await asyncio.sleep(PAUSE_SECONDS)


Notification = Callable[[], Awaitable[None]]


async def _send_notifications(notifications: list[Notification], notifier: Notifier, before: int, after: int) -> bool:
    """Send each notification once; returns whether any was sent. A client that misses the last one receives all
    again."""
    for number, notify in enumerate(notifications, 1):
        # Only the last notification moves the position: a client cut off in between must not skip the rest.
        notifier.set_position(after if number == len(notifications) else before)
        await notify()
    return bool(notifications)


def _list_catch_up_notifications(watch_filter: WatchFilter, notifier: Notifier) -> list[Notification]:
    """List notifications for everything that may have changed."""
    everything = resource_changes.ResourceChanges(
        tuple(watch_filter.uris.values()), tools=True, resources=True, prompts=True
    )
    return _list_notifications_for([everything], watch_filter, notifier)


def _list_notifications_for(
    change_list: list[resource_changes.ResourceChanges], watch_filter: WatchFilter, notifier: Notifier
) -> list[Notification]:
    changed_uris = {uri for change in change_list for uri in change.uris}
    notifications: list[Notification] = [
        partial(notifier.notify_task_changed, uri.removeprefix(TASK_STATUS))
        if uri.startswith(TASK_STATUS)
        else partial(notifier.notify_resource_updated, uri)
        for uri, canonical_uri in watch_filter.uris.items()
        # A change of a task also changes what is below its URI, such as its output.
        if any(canonical_uri == changed or canonical_uri.startswith(changed + "/") for changed in changed_uris)
    ]
    lists = (
        (watch_filter.tools and any(change.tools for change in change_list), notifier.notify_tools_changed),
        (watch_filter.resources and any(change.resources for change in change_list), notifier.notify_resources_changed),
        (watch_filter.prompts and any(change.prompts for change in change_list), notifier.notify_prompts_changed),
    )
    return notifications + [notify for is_due, notify in lists if is_due]
