"""Transcripts: full-text search, export and deletion of sessions, and the participants of a job."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Literal

from agora.clock import to_datetime
from agora.core import pagination as paging
from agora.core.call import BoundService, Call, decode_json, encode_json
from agora.core.record_models import build_from_record
from agora.domains.search.words import build_contains_pattern
from agora.domains.tasks import list_queries as task_lists
from agora.domains.tasks import queries as tasks
from agora.domains.tasks.access import load_visible_task
from agora.domains.tasks.messages import AGENT, USER, join_text
from agora.domains.tasks.records import TaskEntryRow
from agora_sdk.contract import codebases as sessions_contract
from agora_sdk.contract import implements
from agora_sdk.contract import transcripts as contract
from agora_sdk.errors import InvalidRequest, PermissionDenied, field_error

from . import transcript_queries as statements
from .access import load_codebase, load_session, may_read_every_session
from .records import TranscriptRow
from .sessions import SessionService

__all__ = ["TranscriptService", "delete_transcript", "format_markdown"]

EXCERPT_CHARACTERS = 160  #: characters on each side of a matched word
LOG_PAGE_SIZE = 500  #: entries of a job's log per page
INTERRUPTED_STATUSES = frozenset({"input_required", "auth_required"})


class TranscriptService(BoundService, contract.Transcripts):
    """The contract's operations on transcripts."""

    @implements
    async def search(
        self, q: str, *, codebase_id: str | None = None, limit: int = 20, cursor: str | None = None
    ) -> contract.TranscriptMatchPage:
        caller = self.call.caller
        words = list(dict.fromkeys(q.lower().split()))[: statements.MAX_WORDS]
        if not words:
            raise InvalidRequest("There are no words to search for.", errors=[field_error("q", "no words")])
        before, after = paging.decode_cursor(cursor, int, str) if cursor else (tasks.NO_DEADLINE, "")
        rows = await self.call.tx.all(
            statements.build_message_search_query(len(words)),
            reader="" if caller.reads_all else caller.subject,
            codebase_id=codebase_id or "",
            before=before,
            after=after,
            limit=limit + 1,
            **{f"word{number}": build_contains_pattern(word) for number, word in enumerate(words)},
        )
        more, rows = len(rows) > limit, rows[:limit]
        return contract.TranscriptMatchPage.model_construct(
            matches=[_build_transcript_match(row, words) for row in rows],
            **paging.build_page_fields(rows, "created_at", "message_id", more=more, cursor=cursor),
        )

    @implements
    async def export(
        self,
        codebase_id: str,
        session_id: str,
        format: Literal["json", "markdown"] = "markdown",
        *,
        limit: int = 500,
        cursor: str | None = None,
    ) -> contract.TranscriptExport:
        sessions = SessionService(self.call)
        session = await sessions.get(codebase_id, session_id)
        page = await sessions.messages(codebase_id, session_id, limit=limit, cursor=cursor)
        # Session ids are chosen by agents; the name is used in a header and on disk.
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", session_id)[:100]
        result = contract.TranscriptExport(
            codebase_id=session.codebase_id,
            session_id=session_id,
            format=format,
            filename=f"{name}.{'md' if format == 'markdown' else 'json'}",
            has_more=page.has_more,
            next_cursor=page.next_cursor,
        )
        if format == "markdown":
            result.content = format_markdown(page.messages, "" if cursor else session.title or session_id)
        else:
            result.messages = [message.model_dump(mode="json") for message in page.messages]
        return result

    @implements
    async def forget(self, codebase_id: str, session_id: str) -> contract.ForgottenSession:
        call = self.call
        codebase = await load_codebase(call, codebase_id)
        session = await load_session(call, codebase, session_id)
        is_own = call.caller.subject in (session.requester, codebase.owner)
        if not is_own and not (call.caller.acts_for_others and may_read_every_session(call, codebase)):
            raise PermissionDenied(
                f"{session_id} belongs to {session.requester or codebase.owner}.",
                fix="Its requester, its worker and operators may forget it.",
                required="act:any",
            )
        await delete_transcript(call, codebase_id, session_id)
        call.target = session_id
        return contract.ForgottenSession(codebase_id=codebase_id, session_id=session_id, messages=session.messages)

    @implements
    async def participants(self, task_id: str) -> contract.JobParticipants:
        task = await load_visible_task(self.call, task_id)
        answers = _AnswerPairing()
        commenters: dict[str, None] = {}
        reviewed: list[contract.ReviewDecision] = []
        async for entry in _iterate_log_entries(self.call, task_id, ["message", "comment"]):
            if entry.type == "message":
                answers.add_message(entry)
                continue
            commenters[entry.actor] = None
            data = decode_json(entry.data) if entry.data else {}
            if "review" in data:
                reviewed.append(contract.ReviewDecision(by=entry.actor, at=to_datetime(entry.time), **data["review"]))
        return contract.JobParticipants(
            task_id=task_id,
            asked_by=task.created_by,
            asked_at=to_datetime(task.created_at),
            worked_by=task.holder or task.assigned_agent,
            allowed=answers.answers,
            commented_by=list(commenters),
            reviewed=reviewed,
        )


async def delete_transcript(call: Call, codebase_id: str, session_id: str) -> None:
    """Delete a session with its messages."""
    for statement in (statements.delete_session_messages, statements.delete_session):
        await call.tx.execute(statement, codebase_id=codebase_id, session_id=session_id)


async def _iterate_log_entries(call: Call, task_id: str, types: Sequence[str]) -> AsyncIterator[TaskEntryRow]:
    """Read all entries of these types in a task's log, oldest first, in pages."""
    after, names = 0, encode_json(list(types))
    while True:
        place = {"task_id": task_id, "after": after, "limit": LOG_PAGE_SIZE}
        entries = await call.tx.all(task_lists.list_history_of_types, **place, types=names)
        for entry in entries:
            yield entry
        if len(entries) < LOG_PAGE_SIZE:
            return
        after = entries[-1].number


class _AnswerPairing:
    """Pairs each answer of a user with the open question."""

    def __init__(self) -> None:
        self.answers: list[contract.PermissionAnswer] = []
        self._question: str | None = None

    def add_message(self, entry: TaskEntryRow) -> None:
        """Process the next message of the log."""
        message: Any = decode_json(entry.data) if entry.data else {}
        parts = message.get("parts") or []
        if message.get("role") == AGENT:
            # A later message of the agent that asks nothing withdraws the question.
            self._question = join_text(parts) if entry.status in INTERRUPTED_STATUSES else None
        elif message.get("role") == USER and self._question is not None:
            data = [part["data"] for part in parts if "data" in part]
            answer = contract.PermissionAnswer(
                by=entry.actor,
                at=to_datetime(entry.time),
                question=self._question[:500],
                answer=data[0] if data else join_text(parts)[:500],
            )
            self.answers.append(answer)
            self._question = None


def format_markdown(messages: Sequence[sessions_contract.SessionMessage], title: str) -> str:
    """Format messages as Markdown. title: of the document; empty for a continuation."""
    blocks = [f"# {title}"] if title else []
    for message in messages:
        blocks.append(f"## {message.role.capitalize()} ({message.created_at:%Y-%m-%d %H:%M} UTC)")
        parts: Any = message.parts if isinstance(message.parts, list) else [message.parts]
        blocks += [text for part in parts if (text := _format_part(part))]
    return "\n\n".join(blocks) + "\n"


def _format_part(part: Any) -> str:
    if not isinstance(part, Mapping):
        return str(part or "")
    match part.get("type"):
        case "tool":
            status = part.get("status")
            head = f"**{part.get('kind')}** {part.get('title')}" + (f" ({status})" if status != "completed" else "")
            return head + (f"\n\n{_fence_text(str(part['result']))}" if part.get("result") else "")
        case "plan":
            # Whatever a worker has sent: one malformed part must not end every search and export that includes it.
            entries = part.get("entries")
            return "\n".join(
                f"- [{'x' if entry.get('status') == 'completed' else ' '}] {entry.get('text')}"
                for entry in (entries if isinstance(entries, list) else [])
                if isinstance(entry, Mapping)
            )
        case "thought":
            return "\n".join(f"> {line}" for line in str(part.get("text", "")).splitlines())
    return str(part.get("text") or "")


def _fence_text(text: str) -> str:
    """Format a text as a code block, with a fence longer than any in the text."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}\n{text}\n{fence}"


def _build_transcript_match(row: TranscriptRow, words: Sequence[str]) -> contract.TranscriptMatch:
    parts: Any = decode_json(row.parts)
    text = "\n".join(_format_part(part) for part in (parts if isinstance(parts, list) else [parts]))
    # The match may be only in the JSON around the texts; then the excerpt is the beginning.
    at = max(
        0, min((text.lower().find(word) for word in words if word in text.lower()), default=0) - EXCERPT_CHARACTERS
    )
    return build_from_record(contract.TranscriptMatch, row, excerpt=text[at : at + 2 * EXCERPT_CHARACTERS])
