"""Sessions of coding agents: their messages, and continuing a session with a new job."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agora.clock import to_microseconds
from agora.core import pagination as paging
from agora.core.call import BoundService, decode_json, encode_json
from agora.core.errors import invalid_field
from agora.core.record_models import build_from_record
from agora.domains.search.words import build_contains_pattern
from agora.domains.tasks import queries as tasks
from agora.domains.tasks.service import TaskService
from agora.store.port import write_record
from agora_sdk.contract import codebases as contract
from agora_sdk.contract import implements
from agora_sdk.contract.fields import JsonObject, Priority, PriorityLike
from agora_sdk.contract.tasks import TaskReceipt
from agora_sdk.errors import InvalidRequest, field_error

from . import queries as statements
from .access import load_own_codebase, load_session, may_read_every_session, resolve_codebase
from .records import SESSIONS, CodebaseRow, MessageRow, SessionRow
from .worker_capabilities import build_codebase_capability

__all__ = ["SessionService"]

JOB_TYPE = "coding.job"
ROLES = ("user", "assistant", "system")
MAX_ID_CHARACTERS = 200
MAX_PATH = 4096


class SessionService(BoundService, contract.Sessions):
    """The contract's operations on sessions."""

    @implements
    async def list(
        self, codebase_id: str, q: str = "", *, limit: int = 50, cursor: str | None = None
    ) -> contract.SessionPage:
        call = self.call
        codebase = await resolve_codebase(call, codebase_id)
        codebase_id = codebase.codebase_id
        reader = "" if may_read_every_session(call, codebase) else call.caller.subject
        before, after = paging.decode_cursor(cursor, int, str) if cursor else (tasks.NO_DEADLINE, "")
        rows = await call.tx.all(
            statements.list_sessions,
            codebase_id=codebase_id,
            before=before,
            after=after,
            reader=reader,
            search=build_contains_pattern(q),
            limit=limit + 1,
        )
        more, rows = len(rows) > limit, rows[:limit]
        return contract.SessionPage.model_construct(
            sessions=[_build_session(row, codebase) for row in rows],
            **paging.build_page_fields(rows, "updated_at", "session_id", more=more, cursor=cursor),
        )

    @implements
    async def get(self, codebase_id: str, session_id: str) -> contract.Session:
        codebase = await resolve_codebase(self.call, codebase_id)
        return _build_session(await load_session(self.call, codebase, session_id), codebase)

    @implements
    async def sync(self, codebase_id: str, sessions: contract.Documents) -> contract.Synchronisation:
        codebase = await load_own_codebase(self.call, codebase_id)
        for index, document in enumerate(sessions):
            session_id = _parse_text(document, "session_id", f"sessions[{index}]", required=True)
            place = f"sessions[{index}]"
            session = await self._lock_or_create_session(codebase, session_id)
            session.title = _parse_text(document, "title", place) or session.title
            session.agent = _parse_text(document, "agent", place) or session.agent
            session.directory = _parse_text(document, "directory", place, most=MAX_PATH) or session.directory
            moment = _parse_time(document, "updated_at", place)
            is_new = session.created_at == session.updated_at == self.call.now
            # Updates by jobs are newer than the time in an agent's list.
            # A worker's clock may be ahead: a future time would keep the session first in lists, and from retention.
            changed_at = session.updated_at if moment is None else min(moment, self.call.now)
            await self._save_session(session, changed_at if is_new else max(session.updated_at, changed_at))
        return contract.Synchronisation(codebase_id=codebase_id, sessions=len(sessions))

    @implements
    async def ingest(
        self,
        codebase_id: str,
        session_id: str,
        messages: contract.Documents = [],
        *,
        title: str = "",
        agent: str = "",
        task_id: str | None = None,
    ) -> contract.Ingestion:
        codebase = await load_own_codebase(self.call, codebase_id)
        session = await self._lock_or_create_session(codebase, session_id)
        session.title, session.agent = title or session.title, agent or session.agent
        if task_id is not None:
            await self._link_held_task(session, task_id)
        for index, message in enumerate(messages):
            await self._upsert_message(session, message, f"messages[{index}]")
        await self._save_session(session)
        return contract.Ingestion(session_id=session_id, stored=len(messages), messages=session.messages)

    async def _lock_or_create_session(self, codebase: CodebaseRow, session_id: str) -> SessionRow:
        """Lock a session, or create an unknown one."""
        call = self.call
        key = {"codebase_id": codebase.codebase_id, "session_id": session_id}
        row = await call.tx.one(statements.lock_session, **key)
        if row is not None:
            return row
        row = SessionRow(
            tenant_id=call.caller.tenant,
            codebase_id=codebase.codebase_id,
            session_id=session_id,
            agent="",
            title="",
            context_id=None,
            task_id=None,
            requester=None,
            messages=0,
            created_at=call.now,
            updated_at=call.now,
            directory="",
        )
        call.tx.append(SESSIONS, row)
        return row

    async def _link_held_task(self, session: SessionRow, task_id: str) -> None:
        """Record the task that works in a session; the worker must hold it or have held it."""
        task = await self.call.tx.one(tasks.select_task, task_id=task_id)
        # Otherwise a worker could show its session to the requester of any task.
        if task is None or self.call.caller.subject not in (task.holder, task.assigned_agent):
            raise InvalidRequest(
                f"{task_id} is not a task of yours.", errors=[field_error("task_id", "not the caller's task")]
            )
        # The requester may read the session from now on (access.load_session).
        session.task_id, session.context_id, session.requester = task_id, task.context_id, task.created_by

    async def _upsert_message(self, session: SessionRow, message: Mapping[str, Any], place: str) -> None:
        message_id = _parse_text(message, "message_id", place, required=True)
        role = _parse_text(message, "role", place) or "assistant"
        if role not in ROLES:
            raise invalid_field(f"{place}.role", f"not one of {', '.join(ROLES)}")
        parts = message.get("parts")
        if parts is None:
            parts = [{"type": "text", "text": _parse_text(message, "content", place, required=True)}]
        key = {"codebase_id": session.codebase_id, "session_id": session.session_id, "message_id": message_id}
        # A message that is sent again, with more parts of a streamed answer, keeps its number.
        number = await self.call.tx.one(statements.select_message_number, **key)
        if number is None:
            session.messages += 1
            number = session.messages
        values = {"number": number, "role": role, "parts": encode_json(parts), "created_at": self.call.now}
        await self.call.tx.execute(statements.upsert_message, **key, **values)

    async def _save_session(self, session: SessionRow, updated_at: int | None = None) -> None:
        """Store a session. updated_at: None for now."""
        moment = self.call.now if updated_at is None else updated_at
        await write_record(self.call.tx, statements.update_session, session, updated_at=moment)

    @implements
    async def messages(
        self,
        codebase_id: str,
        session_id: str,
        *,
        descending: bool = False,
        limit: int = 50,
        cursor: str | None = None,
    ) -> contract.SessionMessagePage:
        call = self.call
        codebase = await resolve_codebase(call, codebase_id)
        codebase_id = codebase.codebase_id
        await load_session(call, codebase, session_id)
        query = statements.list_newest_messages if descending else statements.list_messages
        first = tasks.NO_DEADLINE if descending else 0
        key = {"codebase_id": codebase_id, "session_id": session_id}
        rows, more = await paging.read_query_page(call, query, "number", limit, cursor, first=first, **key)
        page = [_build_message(row) for row in rows]
        return contract.SessionMessagePage.model_construct(
            messages=page, **paging.build_page_fields(page, "number", more=more, cursor=cursor)
        )

    @implements
    async def resume(
        self,
        codebase_id: str,
        session_id: str,
        prompt: str,
        *,
        title: str = "",
        model: str | None = None,
        agent_type: str | None = None,
        priority: PriorityLike = Priority.NORMAL,
    ) -> TaskReceipt:
        call = self.call
        codebase = await resolve_codebase(call, codebase_id)
        codebase_id = codebase.codebase_id
        session = await load_session(call, codebase, session_id)
        values = {"prompt": prompt, "title": title or session.title, "codebase_id": codebase_id, "model": model}
        values |= {"agent_type": agent_type, "session_id": session_id}
        chosen = {name: value for name, value in values.items() if value}
        payload: JsonObject = decode_json(codebase.agent_config) | chosen
        # Only for its worker: the session and its worktree are on that machine.
        return await TaskService(call).assign(
            JOB_TYPE,
            payload,
            f"worker:{codebase.worker_id}",
            priority=priority,
            required_capabilities=[build_codebase_capability(codebase_id)],
            context_id=session.context_id,
        )


def _parse_time(document: Mapping[str, Any], name: str, place: str) -> int | None:
    """Read a time in microseconds from a document. Raises InvalidRequest unless it is ISO 8601 with an offset."""
    text = _parse_text(document, name, place)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise invalid_field(f"{place}.{name}", "a time in ISO 8601 with its offset is required")
    return to_microseconds(moment)


def _parse_text(
    document: Mapping[str, Any], name: str, place: str, *, required: bool = False, most: int = MAX_ID_CHARACTERS
) -> str:
    """Read a text from a document. Raises InvalidRequest if it is no text, too long, or missing although required."""
    value = document.get(name, "")
    if not isinstance(value, str) or (required and not value):
        raise invalid_field(f"{place}.{name}", "a text is required")
    # The content is bounded by the request's size; PostgreSQL stores no NUL.
    if "\x00" in value or (name != "content" and len(value) > most):
        raise invalid_field(f"{place}.{name}", f"longer than {most} characters, or has a null character")
    return value


def _build_session(row: SessionRow, codebase: CodebaseRow) -> contract.Session:
    return build_from_record(contract.Session, row, worker_id=codebase.worker_id)


def _build_message(row: MessageRow) -> contract.SessionMessage:
    return build_from_record(contract.SessionMessage, row)
