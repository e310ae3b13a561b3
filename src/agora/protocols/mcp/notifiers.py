"""Notifiers: send change notifications through the SDK, over a session's GET stream or a ``subscriptions/listen``
request."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import mcp_types as types
from mcp.server.context import ServerRequestContext

from agora_sdk.errors import AgoraError

from .event_ids import POSITION_KEY
from .request_context import RequestContext
from .session_store import SessionStore
from .sessions import Session
from .subscriptions import build_task_watch
from .task_methods import TaskMethods

__all__ = ["ListenNotifier", "SessionNotifier"]

ENDED_STATUSES: Final = frozenset({"completed", "failed", "cancelled"})  #: final states of a task in MCP


class SessionNotifier:
    """Notifies a session of the older era over its GET stream; each notification carries its log position."""

    def __init__(
        self, session: Session, request_context: RequestContext, tasks: TaskMethods, session_store: SessionStore
    ) -> None:
        self._session, self._request_context, self._tasks, self._session_store = (
            session,
            request_context,
            tasks,
            session_store,
        )
        self._meta: dict[str, Any] = {}

    def set_position(self, position: int, /) -> None:
        self._meta = {POSITION_KEY: position}

    async def notify_resource_updated(self, uri: str, /) -> None:
        params = types.ResourceUpdatedNotificationParams(uri=uri, _meta=self._meta)
        await self._send_notification(types.ResourceUpdatedNotification(params=params))

    async def notify_task_changed(self, task_id: str, /) -> None:
        document = await self._tasks.describe_own_task_or_none(self._request_context, task_id, {})
        if document is not None:
            await self._send_notification(_build_task_notification("notifications/tasks/status", document, self._meta))
        if document is None or document["status"] in ENDED_STATUSES:
            # The final state was sent, so the watch has no further use; if removing it fails, it expires with the session.
            with contextlib.suppress(AgoraError):
                await self._session_store.unwatch_resource(self._session, build_task_watch(task_id)[0])

    async def notify_tools_changed(self) -> None:
        await self._send_notification(
            types.ToolListChangedNotification(params=types.NotificationParams(_meta=self._meta))
        )

    async def notify_resources_changed(self) -> None:
        await self._send_notification(
            types.ResourceListChangedNotification(params=types.NotificationParams(_meta=self._meta))
        )

    async def notify_prompts_changed(self) -> None:
        await self._send_notification(
            types.PromptListChangedNotification(params=types.NotificationParams(_meta=self._meta))
        )

    async def _send_notification(self, notification: Any) -> None:
        await self._session.sdk_notifier.send_notification(notification)


def _build_task_notification(method: str, task: Mapping[str, Any], meta: Mapping[str, Any]) -> Any:
    """Build a notification of a task; the SDK's own type omits null values."""
    return types.Notification[dict[str, Any], str](method=method, params={**task, "_meta": dict(meta)})


class ListenNotifier:
    """Notifies over the response of a ``subscriptions/listen`` request."""

    def __init__(
        self, ctx: ServerRequestContext[Any, Any], request_context: RequestContext, tasks: TaskMethods
    ) -> None:
        self._ctx, self._request_context, self._tasks = ctx, request_context, tasks
        self.meta: dict[str, Any] = {"io.modelcontextprotocol/subscriptionId": ctx.request_id}

    # A response of subscriptions/listen cannot be resumed (2026-07-28), so it needs no position.
    def set_position(self, position: int, /) -> None: ...

    async def send_acknowledgement(self, requested_filter: types.SubscriptionFilter, task_ids: Sequence[str]) -> None:
        """Acknowledge the subscription: everything requested, but of the tasks only the caller's own."""
        acknowledged_filter = types.SubscriptionFilter(
            tools_list_changed=requested_filter.tools_list_changed or None,
            prompts_list_changed=requested_filter.prompts_list_changed or None,
            resources_list_changed=requested_filter.resources_list_changed or None,
            resource_subscriptions=list(requested_filter.resource_subscriptions)
            if requested_filter.resource_subscriptions
            else None,
            **({"taskIds": list(task_ids)} if task_ids else {}),
        )
        params = types.SubscriptionsAcknowledgedNotificationParams(notifications=acknowledged_filter, _meta=self.meta)
        await self._send_notification(types.SubscriptionsAcknowledgedNotification(params=params))

    async def notify_resource_updated(self, uri: str, /) -> None:
        params = types.ResourceUpdatedNotificationParams(uri=uri, _meta=self.meta)
        await self._send_notification(types.ResourceUpdatedNotification(params=params))

    async def notify_tools_changed(self) -> None:
        await self._send_notification(
            types.ToolListChangedNotification(params=types.NotificationParams(_meta=self.meta))
        )

    async def notify_resources_changed(self) -> None:
        await self._send_notification(
            types.ResourceListChangedNotification(params=types.NotificationParams(_meta=self.meta))
        )

    async def notify_prompts_changed(self) -> None:
        await self._send_notification(
            types.PromptListChangedNotification(params=types.NotificationParams(_meta=self.meta))
        )

    async def notify_task_changed(self, task_id: str, /) -> None:
        document = await self._tasks.describe_own_task_or_none(self._request_context, task_id, self._ctx.params or {})
        if document is not None:
            await self._send_notification(_build_task_notification("notifications/tasks", document, self.meta))

    async def _send_notification(self, notification: Any) -> None:
        await self._ctx.session.send_notification(notification, related_request_id=self._ctx.request_id)
