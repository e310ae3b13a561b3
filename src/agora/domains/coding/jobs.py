"""Background jobs of coding: stand-ins, registrations of pending codebases, deletion of secrets and of old sessions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from agora.clock import SECOND
from agora.core.call import Call
from agora.core.jobs import Controller
from agora.core.lazy import Lazy
from agora.store.port import StoredEvent

from . import queries as statements
from . import transcript_queries as transcript_statements
from .worker_capabilities import MAX_SILENCE_SECONDS, ONLINE_SECONDS

__all__ = ["CodebaseQuestions", "JobSecretsCleaner", "StandIns", "TranscriptRetention"]

MAX_BATCH = 200
Rule = Lazy[Callable[..., Coroutine[Any, Any, Any]]]
APPOINT_STAND_INS: Rule = Lazy("agora.domains.coding.stand_ins:appoint_stand_ins_if_worker_gone")
DISMISS_STAND_INS: Rule = Lazy("agora.domains.coding.stand_ins:dismiss_stand_ins_if_worker_back")
REASSIGN_OR_REFUSE_QUESTION: Rule = Lazy("agora.domains.coding.registration:reassign_or_refuse_question")
DELETE_TRANSCRIPT: Rule = Lazy("agora.domains.coding.transcript_service:delete_transcript")


class StandIns(Controller):
    """Appoints stand-ins for codebases whose worker is gone, and dismisses them when it is back."""

    name = "stand_ins"
    interval = 15.0

    async def _wait_for_next_step_or_stop(self, stop: asyncio.Event) -> bool:
        return await self._wait_for_wakeup_or_stop(stop, self.seconds_until_next_step)

    def receive_committed_events(self, events: Sequence[StoredEvent]) -> None:
        """Wake up when a worker has left, so that its jobs need not wait for the interval."""
        if any(stored.event.type == "agora.worker.unregistered" for stored in events):
            self._wakeup.set()

    async def reconcile(self, tenant: str) -> None:
        # Each rule checks its condition again in its own transaction; this read only finds candidates.
        seen_since = self.context.clock.now() - ONLINE_SECONDS * SECOND
        silent = statements.select_codebases_without_worker
        async for row in self.iterate_rows(tenant, silent, "codebase_id", MAX_BATCH, seen_since=seen_since):
            await self.write_as_system(tenant, partial(APPOINT_STAND_INS.get(), codebase_id=row.codebase_id))
        # One page: those that are dismissed are no longer found, and the next pass goes on.
        rows = await self.read(
            tenant, statements.select_codebases_with_stand_ins, seen_since=seen_since, limit=MAX_BATCH
        )
        for row in rows:
            await self.write_as_system(tenant, partial(DISMISS_STAND_INS.get(), codebase_id=row.codebase_id))


class CodebaseQuestions(Controller):
    """Follows up registrations that nobody answers, because the worker has died or the task has ended."""

    name = "codebase_questions"
    interval = 15.0

    async def reconcile(self, tenant: str) -> None:
        seen_since = self.context.clock.now() - MAX_SILENCE_SECONDS * SECOND
        unanswered = statements.select_unanswered_codebases
        async for row in self.iterate_rows(tenant, unanswered, "codebase_id", MAX_BATCH, seen_since=seen_since):
            await self.write_as_system(tenant, partial(REASSIGN_OR_REFUSE_QUESTION.get(), codebase_id=row.codebase_id))


class JobSecretsCleaner(Controller):
    """Deletes the secrets of ended jobs."""

    name = "job_secrets"
    interval = 60.0

    async def reconcile(self, tenant: str) -> None:
        # A read first: most passes find nothing, and a write costs a commit.
        if await self.read(tenant, statements.select_secrets_of_ended_jobs):
            await self.write_as_system(tenant, _delete_ended_secrets)


class TranscriptRetention(Controller):
    """Deletes sessions that were idle for longer than the retention setting."""

    name = "transcript_retention"
    interval = 600.0

    async def reconcile(self, tenant: str) -> None:
        seconds = self.context.server.settings.session_retention
        # Zero keeps sessions for ever.
        if not seconds:
            return
        before = self.context.clock.now() - seconds * SECOND
        while not self.is_stopping:
            rows = await self.read(tenant, transcript_statements.select_old_sessions, before=before, limit=MAX_BATCH)
            for row in rows:
                forget = partial(_delete_session_transcript, codebase_id=row.codebase_id, session_id=row.session_id)
                await self.write_as_system(tenant, forget)
            if len(rows) < MAX_BATCH:
                break


async def _delete_session_transcript(call: Call, codebase_id: str, session_id: str) -> bool:
    await DELETE_TRANSCRIPT.get()(call, codebase_id, session_id)
    return False


async def _delete_ended_secrets(call: Call) -> bool:
    await call.tx.execute(statements.delete_ended_secrets)
    return False
