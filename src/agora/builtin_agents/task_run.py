"""A run: one task in a resident's hands, from its start until what became of it is written."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agora.clock import new_id
from agora.telemetry import PROTOCOL
from agora_sdk.contract.fields import TaskStatus
from agora_sdk.contract.tasks import ClaimedTask
from agora_sdk.errors import AgoraError, InvalidRequest, StaleLease

from .calls import Calls
from .port import Ask, Ending, Failed, Job, Part, PutOff, Refused, Reply, Resident, text_of
from .task_io import as_parts, as_result, is_plain, message_of, newest, said_since

__all__ = ["MAIL", "Run"]

log = logging.getLogger(__name__)

MAIL = "agora.message_id"  #: in a task's metadata: the message that it was made of, and that its end replies to
CHUNK = 262_144  # most characters of output in one call
TEXT = 4000  # most characters of an error, a reason or a note
CHECKPOINTS = 1_000_000  # numbers of checkpoints grow from claim to claim


@dataclass(slots=True, kw_only=True)
class Run(Job):
    """The job as the host gives it to a resident. renew_at: when its lease is next renewed, in microseconds."""

    calls: Calls
    resident: Resident
    token: int
    lease_seconds: int
    renew_at: int
    output_size: int = 0
    settling: bool = False
    task: asyncio.Task[None] | None = None
    _saved: int = 0
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def of(cls, task: ClaimedTask, calls: Calls, resident: Resident, tenant: str, now: int) -> Run:
        """A run of a task that is leased already."""
        return cls(
            tenant=tenant,
            agent_id=calls.caller.subject,
            task_id=task.task_id,
            task_type=task.task_type,
            requester=task.created_by,
            message=message_of(task),
            payload=task.payload,
            context_id=getattr(task, "context_id", None),
            skill=_skill(task, resident),
            metadata=task.metadata,
            checkpoint=task.checkpoint,
            attempt=task.attempts,
            calls=calls,
            resident=resident,
            token=task.fencing_token,
            lease_seconds=task.lease_seconds,
            renew_at=now + task.lease_seconds * 1_000_000 // 3,
            output_size=task.output_size,
        )

    # -- the host's side -------------------------------------------------------------------------

    async def work(self) -> None:
        """Have the task done, and write what became of it; in the trace that it was given in."""
        PROTOCOL.set("resident")
        if self.calls.tracing is None:
            await self._work()
            return
        with self.calls.tracing.begin("resident.task", "consumer", self.metadata, {}):
            await self._work()

    async def _work(self) -> None:
        try:
            if self.token > 1:  # it was somebody's before: what its requester said last is in its log
                said = await newest(self.calls, self.task_id)
                self.message, self.message_number = said or (self.message, 0)
            answer = await self.resident.handle(self)
        except asyncio.CancelledError:
            if self.ended is None:
                raise
            await self._settle(self._left())
        except Exception as error:
            await self._settle(self._raised(error))
        else:
            await self._settle(self._done(answer))

    def end(self, why: Ending) -> None:
        """Stop the handler, unless it has ended by itself."""
        if self.settling or self.ended is not None:
            return
        self.ended = why
        if self.task is not None:
            self.task.cancel()

    async def renew(self, now: int) -> None:
        """Extend the lease."""
        self.renew_at = now + self.lease_seconds * 1_000_000 // 3
        try:
            await self.calls("agora.task.renew", task_id=self.task_id, fencing_token=self.token)
        except AgoraError as error:
            log.info("the lease on %s was not renewed: %s", self.task_id, error)
            self.end("lost")

    async def _settle(self, ending: Any) -> None:
        self.settling = True
        try:
            await ending
        except StaleLease:
            log.info("%s is no longer %s's", self.task_id, self.calls.caller.name)
        except AgoraError as error:
            log.warning("what became of %s could not be written: %s", self.task_id, error)

    async def _left(self) -> None:
        if self.ended == "stopping":
            await self._write("release", reason="The agent stops.")

    async def _raised(self, error: Exception) -> None:
        match error:
            case StaleLease():
                return
            case Ask():
                await self._ask(error)
            case PutOff():
                await self._write("release", reason=_cut(str(error)), delay=min(86_400.0, max(0.0, error.delay)))
            case Refused():
                await self._write("update", status=TaskStatus.REJECTED, notes=_cut(str(error)))
                await self._reply(str(error))
            case Failed():
                await self._fail(str(error), retry=error.retry)
            case AgoraError():
                await self._fail(error.detail, retry=False)
            case _:
                incident = new_id("err")
                log.error("%s failed at %s (%s)", self.calls.caller.name, self.task_id, incident, exc_info=error)
                what = f"{self.calls.caller.name} failed at it ({type(error).__name__}, {incident})."
                await self._fail(what, retry=False)

    async def _fail(self, error: str, *, retry: bool) -> None:
        if not retry:
            await self._reply(error)
        await self._write("fail", error=_cut(error), retry=retry)

    async def _ask(self, question: Ask) -> None:
        await self._reply(str(question))
        status = TaskStatus.AUTH_REQUIRED if question.auth else TaskStatus.INPUT_REQUIRED
        await self._write("message", parts=question.parts, status=status.value)

    async def _done(self, answer: Any) -> None:
        result = as_result(answer)
        try:
            if isinstance(answer, Reply) and answer.parts and not is_plain(answer.parts):
                await self.artifact(answer.parts, name="result")
            await self._reply(_said(answer))
            notes = answer.notes if isinstance(answer, Reply) else None
            await self._write("complete", result=result, **({"notes": _cut(notes)} if notes else {}))
        except InvalidRequest as error:
            await self._fail(f"Its result cannot be kept: {error.detail}", retry=False)

    async def _reply(self, text: str) -> None:
        """Answer the message that the task was made of, before the task ends: a crash in between repeats it."""
        message_id = self.metadata.get(MAIL)
        if isinstance(message_id, str):
            await self.calls(
                "agora.messaging.send",
                idempotency_key=f"reply:{self.task_id}",
                to_agent=self.requester,
                content=text[:CHUNK],
                reply_to=message_id,
            )

    async def _write(self, action: str, **arguments: Any) -> Any:
        if action != "renew" and self.ended == "lost":
            raise StaleLease(f"{self.task_id} is another's now.")
        return await self.calls(f"agora.task.{action}", task_id=self.task_id, fencing_token=self.token, **arguments)

    # -- the resident's side ---------------------------------------------------------------------

    async def append(self, text: str) -> None:
        async with self._writing:
            for start in range(0, len(text), CHUNK):
                part = text[start : start + CHUNK]
                stored = await self._write("append", content=part, offset=self.output_size)
                self.output_size = stored.next_offset

    async def artifact(
        self,
        parts: Sequence[Part],
        *,
        artifact_id: str | None = None,
        name: str | None = None,
        append: bool = False,
        last: bool = True,
        **more: Any,
    ) -> None:
        given = {"artifact_id": artifact_id, "name": name, **more}
        await self._write(
            "artifact",
            parts=list(parts),
            append=append,
            last=last,
            **{key: value for key, value in given.items() if value is not None},
        )

    async def say(self, content: str | Sequence[Part], **more: Any) -> None:
        await self._write("message", parts=as_parts(content), **more)

    async def more(self, after: int) -> Sequence[tuple[int, Mapping[str, Any]]]:
        self.news.clear()
        return await said_since(self.calls, self.task_id, after)

    async def report(self, progress: float | None = None, notes: str | None = None) -> None:
        given = {"progress": progress, "notes": notes and _cut(notes)}
        await self._write("update", **{name: value for name, value in given.items() if value is not None})

    async def save(self, checkpoint: Mapping[str, Any]) -> None:
        self._saved += 1
        number = self.token * CHECKPOINTS + self._saved
        await self._write("renew", checkpoint=dict(checkpoint), checkpoint_number=number)
        self.checkpoint = checkpoint

    async def publish(self, event_type: str, data: Any) -> None:
        await self.calls("agora.event.publish", event_type=event_type, data=data, subject=self.task_id)

    async def call(self, operation: str, /, **arguments: Any) -> Any:
        return await self.calls(operation, **arguments)


def _skill(task: ClaimedTask, resident: Resident) -> str | None:
    for found in (task.metadata.get("skill"), task.metadata.get("skillId"), task.task_type):
        if isinstance(found, str) and found in resident.profile.capabilities:
            return found
    return None


def _said(answer: Any) -> str:
    return text_of(as_parts(answer.parts or as_result(answer) if isinstance(answer, Reply) else answer)) or "Done."


def _cut(text: str) -> str:
    sound = text.replace("\x00", "").encode("utf-8", "replace").decode()
    return sound[:TEXT] or "No reason was given."
