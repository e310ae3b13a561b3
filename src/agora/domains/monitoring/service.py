"""Operations of the monitor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Literal, cast

from agora.clock import new_id, to_datetime
from agora.core import pagination as paging
from agora.core.call import BoundService, Entry, LogPage, LogStreamSpec, encode_json
from agora.core.events.filter import Viewer
from agora.domains.admin.service import AdminService
from agora.domains.agents.references import load_agent
from agora.domains.events.service import EventService
from agora.domains.messaging.service import MessageDraft, MessagingService
from agora.domains.search.service import QueryService
from agora.domains.workers.service import WorkerService
from agora.store.port import Reader
from agora_sdk.contract import implements
from agora_sdk.contract import monitor as contract
from agora_sdk.contract.events import Event
from agora_sdk.contract.fields import (
    AgentStatusLike,
    DeliveryState,
    JsonObject,
    OverrideAction,
    Priority,
    PriorityLike,
)
from agora_sdk.contract.workers import WorkerPage
from agora_sdk.errors import InvalidRequest, PermissionDenied, field_error

from . import queries as statements
from .message_log import AFTER_EVERY_ID, BEFORE_EVERY_ID, MessageLogReader, MessageQuery, build_filter
from .statistics import collect_stats

__all__ = ["MonitorService"]

EXPORT_BATCH = 6  # messages of an export held in memory at a time: each may be large
INTERVENTION = "intervention"  # type of messages sent by operators to intervene


class MonitorService(BoundService, contract.Monitor):
    """Monitoring and interventions of operators."""

    @implements
    async def stats(self) -> contract.MonitorStats:
        return await collect_stats(self.call)

    @implements
    async def agents(
        self,
        status: AgentStatusLike | None = None,
        search: str | None = None,
        *,
        limit: int = 50,
        cursor: str | None = None,
    ) -> contract.MonitoredAgentPage:
        tx = self.call.tx
        page = await QueryService(self.call).agents(status=status, search=search, limit=limit, cursor=cursor)
        ids = encode_json([agent.agent_id for agent in page.agents])
        tasks = {row.agent_id: row.tasks for row in await tx.all(statements.count_active_tasks, ids=ids)}
        message_counts = {
            row.agent_id: row.messages for row in await tx.all(statements.count_waiting_messages_by_agent, ids=ids)
        }
        agents = [
            contract.MonitoredAgent.model_construct(
                **dict(agent),
                active_tasks=tasks.get(agent.agent_id, 0),
                waiting_messages=message_counts.get(agent.agent_id, 0),
            )
            for agent in page.agents
        ]
        return contract.MonitoredAgentPage.model_construct(
            agents=agents,
            count=len(agents),
            total=page.total,
            total_is_estimate=page.total_is_estimate,
            has_more=page.has_more,
            next_cursor=page.next_cursor,
        )

    @implements
    async def workers(self, search: str | None = None, *, limit: int = 500) -> WorkerPage:
        page = await WorkerService(self.call).list(limit=limit)
        if search is None:
            return page
        matches = [worker for worker in page.workers if search.strip().lower() in worker.worker_name.lower()]
        return page.model_copy(update={"workers": matches, "count": len(matches), "total": None})

    # -- messages --------------------------------------------------------------------------------

    @implements
    async def messages(
        self,
        type: str | None = None,
        agent: str | None = None,
        q: str | None = None,
        *,
        from_agent: str | None = None,
        to_agent: str | None = None,
        priority: PriorityLike | None = None,
        correlation_id: str | None = None,
        message_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> contract.MessageLog:
        query = MessageQuery(
            type=type,
            agent=agent,
            q=q,
            from_agent=from_agent,
            to_agent=to_agent,
            priority=priority and Priority(priority),
            correlation_id=correlation_id,
            message_id=message_id,
            since=since,
            until=until,
        )
        messages, page = await self._read_page(query, limit, cursor)
        return contract.MessageLog.model_construct(messages=messages, **page)

    @implements
    async def search(
        self,
        q: str,
        *,
        type: str | None = None,
        agent: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> contract.SearchResults:
        query = MessageQuery(q=q, type=type, agent=agent, since=since, until=until)
        results, page = await self._read_page(query, limit, cursor)
        return contract.SearchResults.model_construct(query=q, results=results, **page)

    async def _read_page(
        self, query: MessageQuery, limit: int, cursor: str | None
    ) -> tuple[list[contract.LoggedMessage], dict[str, Any]]:
        before = str(paging.decode_cursor(cursor)[0]) if cursor else AFTER_EVERY_ID
        log = MessageLogReader(await build_filter(self.call, query))
        messages, next_cursor = await log.read_page_back(
            self.call.tx, before, limit, self.call.context.settings.page_bytes
        )
        following = paging.encode_cursor(next_cursor) if next_cursor is not None else None
        return messages, {"count": len(messages), "has_more": next_cursor is not None, "next_cursor": following}

    @implements
    async def count(
        self,
        type: str | None = None,
        agent: str | None = None,
        q: str | None = None,
        *,
        from_agent: str | None = None,
        to_agent: str | None = None,
        priority: PriorityLike | None = None,
        correlation_id: str | None = None,
        message_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> contract.MessageCount:
        query = MessageQuery(
            type=type,
            agent=agent,
            q=q,
            from_agent=from_agent,
            to_agent=to_agent,
            priority=priority and Priority(priority),
            correlation_id=correlation_id,
            message_id=message_id,
            since=since,
            until=until,
        )
        log = MessageLogReader(await build_filter(self.call, query))
        total, estimate = await log.count_messages(self.call.tx, paging.MAX_EXACT_TOTAL)
        return contract.MessageCount(total=total, total_is_estimate=estimate, type_filter=type)

    @implements
    def export(
        self,
        type: str | None = None,
        agent: str | None = None,
        q: str | None = None,
        *,
        from_agent: str | None = None,
        to_agent: str | None = None,
        priority: Priority | None = None,
        correlation_id: str | None = None,
        message_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        last_event_id: str | None = None,
    ) -> AsyncIterator[contract.LoggedMessage]:
        # The dispatcher awaits the description within a read transaction; the feed then reads the log.
        query = MessageQuery(
            type=type,
            agent=agent,
            q=q,
            from_agent=from_agent,
            to_agent=to_agent,
            priority=priority and Priority(priority),
            correlation_id=correlation_id,
            message_id=message_id,
            since=since,
            until=until,
        )
        following = self._open_export_stream(query, last_event_id)
        return cast("AsyncIterator[contract.LoggedMessage]", following)

    async def _open_export_stream(self, query: MessageQuery, last_event_id: str | None) -> LogStreamSpec:
        log = MessageLogReader(await build_filter(self.call, query))
        ceiling = new_id("msg")  # messages sent after the start of the export are not waited for

        async def read_messages(reader: Reader, position: int) -> LogPage:
            after = _build_entry_id(position) if position else BEFORE_EVERY_ID
            messages, finished = await log.read_page_forward(
                reader, after, ceiling, EXPORT_BATCH, paging.MAX_PAGE_BYTES
            )
            entries = [Entry(_read_entry_number(each), "message", each.model_dump_json().encode()) for each in messages]
            return LogPage(entries, finished)

        viewer = Viewer(self.call.caller.subject, self.call.caller.may("read:all"))
        return LogStreamSpec(read_messages, ceiling, viewer, _parse_position(last_event_id))

    # -- live stream and interventions -------------------------------------------------------------

    @implements
    def stream(
        self, types: list[str] = [], agent: str | None = None, *, last_event_id: str | None = None
    ) -> AsyncIterator[Event]:
        opening = EventService(self.call).stream(types, agent, last_event_id=last_event_id)
        return cast("AsyncIterator[Event]", opening)

    @implements
    async def intervene(
        self,
        agent_id: str,
        message: str = "",
        action: Literal["message", "pause", "resume", "terminate", "emergency_halt"] = "message",
        *,
        reason: str = "",
        priority: int | None = None,
        expires_in: int | None = None,
    ) -> contract.Intervention:
        call = self.call
        agent = call.target = (await load_agent(call.tx, agent_id)).agent_id
        fields: dict[str, Any] = {"agent_id": agent, "action": action, "timestamp": to_datetime(call.now)}
        if action == "message":
            if not message.strip():
                raise InvalidRequest(
                    "There is no message.",
                    fix="Set the text for the agent, or choose another action.",
                    errors=[field_error("message", "missing")],
                )
            metadata: JsonObject = {"intervention": True} | ({"reason": reason} if reason else {})
            draft = MessageDraft(
                to_agent=agent,
                content=message,
                message_type=INTERVENTION,
                priority=Priority.HIGH,
                metadata=metadata,
            )
            sent = await MessagingService(call).send_draft(draft)
            call.target, call.detail = agent, reason or None
            return contract.Intervention(**fields, message_id=sent.message_id, status=DeliveryState.QUEUED)
        # The operation's own scope is enough for a message; stopping an agent is administration.
        if not call.caller.may("admin"):
            raise PermissionDenied(
                f"{action} needs the scope 'admin'.", fix="Ask an operator for a key that has it.", required="admin"
            )
        override = await AdminService(call).override(
            agent, OverrideAction(action), (reason or message)[:2000], priority, expires_in
        )
        return contract.Intervention(**fields, override_id=override.override_id, status=override.status)


def _read_entry_number(message: contract.LoggedMessage) -> int:
    # Items of a stream are numbered in order, as the ids of messages are: a reader can resume after any of them.
    return int(message.message_id[4:], 16)


def _build_entry_id(number: int) -> str:
    # The inverse of _read_entry_number: the id of a message is a number of 128 bits (UUIDv7).
    return f"msg_{number:032x}"


def _parse_position(last_event_id: str | None) -> int:
    position = int(last_event_id or 0)
    if position >= 1 << 128:
        raise InvalidRequest(
            "No message has such a number.", errors=[field_error("last_event_id", "not a message's number")]
        )
    return position
