"""One run of a task by an agent of this process, until its outcome is stored."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agora.clock import SECOND, new_id
from agora.domains.tasks.message_tasks import MESSAGE_ID_KEY
from agora.telemetry import CURRENT_PROTOCOL
from agora_sdk.contract.fields import TaskStatus
from agora_sdk.contract.tasks import ClaimedTask
from agora_sdk.errors import AgoraError, IdempotencyConflict, InvalidRequest, StaleLease

from .calls import TRANSIENT_ERRORS, AgentCalls
from .port import (
    BuiltinAgent,
    InputRequired,
    Job,
    Part,
    Reply,
    StopReason,
    TaskFailed,
    TaskPostponed,
    TaskRejected,
    join_text_parts,
)
from .task_io import (
    build_task_message,
    convert_answer_to_result,
    convert_content_to_parts,
    find_newest_requester_message,
    is_single_text_or_object,
    list_requester_messages_after,
)

__all__ = ["TaskRun"]

log = logging.getLogger(__name__)

MAX_OUTPUT_CHARACTERS = 262_144  # limit of one output call
MAX_TEXT_CHARACTERS = 4000  # limit of an error, a reason or a note
CHECKPOINTS_PER_CLAIM = 1_000_000  # checkpoint numbers per claim: they increase over all claims


@dataclass(slots=True, kw_only=True)
class TaskRun(Job):
    """The job that the host passes to a built-in agent. renew_at: next lease renewal, in microseconds since 1970."""

    calls: AgentCalls
    agent: BuiltinAgent
    token: int
    lease_seconds: int
    renew_at: int
    output_size: int = 0
    is_storing_outcome: bool = False
    task: asyncio.Task[None] | None = None
    _checkpoint_count: int = 0
    _append_lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def from_claimed_task(
        cls, task: ClaimedTask, calls: AgentCalls, agent: BuiltinAgent, tenant: str, now: int
    ) -> TaskRun:
        """Create the run of a task that is already leased."""
        return cls(
            tenant=tenant,
            agent_id=calls.caller.subject,
            task_id=task.task_id,
            task_type=task.task_type,
            requester=task.created_by,
            message=build_task_message(task),
            payload=task.payload,
            settings=calls.settings,
            context_id=getattr(task, "context_id", None),
            skill=_find_requested_skill(task, agent),
            metadata=task.metadata,
            checkpoint=task.checkpoint,
            attempt=task.attempts,
            calls=calls,
            agent=agent,
            token=task.fencing_token,
            lease_seconds=task.lease_seconds,
            renew_at=now + task.lease_seconds * SECOND // 3,
            output_size=task.output_size,
        )

    # -- the host's side -------------------------------------------------------------------------

    async def run_handler_and_store_outcome(self) -> None:
        """Run the handler and store the outcome, within the trace of the task's creation."""
        CURRENT_PROTOCOL.set("resident")
        if self.calls.tracing is None:
            await self._run_handler_untraced()
            return
        with self.calls.tracing.open_incoming_span("resident.task", "consumer", self.metadata, {}):
            await self._run_handler_untraced()

    async def _run_handler_untraced(self) -> None:
        try:
            if self.token > 1:  # an earlier attempt: the requester's last message is in the log
                latest = await find_newest_requester_message(self.calls, self.task_id)
                self.message, self.message_number = latest or (self.message, 0)
            answer = await self.agent.perform_task(self)
        except asyncio.CancelledError:
            # Cancelled by something else than stop_handler(): the loop is closing, and nothing can be stored any more.
            if self.stop_reason is None:
                raise
            await self._store_outcome_or_log(self._release_task_if_stopping())
        except Exception as error:
            await self._store_outcome_or_log(self._store_outcome_of_exception(error))
        else:
            await self._store_outcome_or_log(self._reply_and_complete_task(answer))

    def stop_handler(self, reason: StopReason) -> None:
        """Stop the handler, unless it has ended."""
        # While its outcome is being stored, a cancellation would lose it.
        if self.is_storing_outcome or self.stop_reason is not None:
            return
        self.stop_reason = reason
        if self.task is not None:
            self.task.cancel()

    async def renew_lease_or_stop_handler(self, now: int) -> None:
        """Extend the lease; if it is lost, stop the handler. A transient error is retried at the next check of the host."""
        # Before the call: the host checks for due renewals every two seconds, and must not start a second one.
        self.renew_at = now + self.lease_seconds * SECOND // 3
        try:
            # Once: the host waits for the renewals of all agents, and one of a paused agent is refused until it is resumed.
            await self.calls.call_once("agora.task.renew", task_id=self.task_id, fencing_token=self.token)
        except TRANSIENT_ERRORS as error:
            log.info("the lease on %s is not renewed yet: %s", self.task_id, error)
            self.renew_at = now  # the next check of the host repeats it
        except AgoraError as error:
            log.info("the lease on %s was not renewed: %s", self.task_id, error)
            self.stop_handler("lost")

    async def _store_outcome_or_log(self, store_outcome: Any) -> None:
        self.is_storing_outcome = True
        try:
            await store_outcome
        except StaleLease:
            log.info("%s is no longer %s's", self.task_id, self.calls.caller.name)
        except AgoraError as error:
            log.warning("the outcome of %s could not be stored: %s", self.task_id, error)

    async def _release_task_if_stopping(self) -> None:
        if self.stop_reason == "stopping":
            await self._call_task_operation("release", reason="The agent stops.")

    async def _store_outcome_of_exception(self, error: Exception) -> None:
        match error:
            case StaleLease():
                return
            case InputRequired():
                await self._ask_requester(error)
            case TaskPostponed():
                await self._call_task_operation(
                    "release", reason=_clean_reason(str(error)), delay=min(86_400.0, max(0.0, error.delay))
                )
            case TaskRejected():
                await self._call_task_operation("update", status=TaskStatus.REJECTED, notes=_clean_reason(str(error)))
                await self._reply_to_creating_message(
                    str(error), type="refuse", intent="refused", payload={"error": str(error)}
                )
            case TaskFailed():
                await self._reply_and_fail_task(str(error), retry=error.retry, failure=error)
            # A refusal of an operation that the handler called: the same call would be refused again.
            case AgoraError():
                await self._reply_and_fail_task(error.detail, retry=False)
            case _:
                # The requester sees only the incident's id: a traceback may contain data of other requesters.
                incident = new_id("err")
                log.error("%s failed at %s (%s)", self.calls.caller.name, self.task_id, incident, exc_info=error)
                reason = f"{self.calls.caller.name} failed at it ({type(error).__name__}, {incident})."
                await self._reply_and_fail_task(reason, retry=False)

    async def _reply_and_fail_task(self, error: str, *, retry: bool, failure: TaskFailed | None = None) -> None:
        if not retry:
            payload: dict[str, Any] = {"error": error}
            if failure is not None:
                payload |= {"code": failure.code} if failure.code else {}
                payload |= {"details": dict(failure.details)} if failure.details else {}
            intent = "failed" if failure is None else failure.intent
            await self._reply_to_creating_message(error, type="failure", intent=intent, payload=payload)
        await self._call_task_operation("fail", error=_clean_reason(error), retry=retry)

    async def _ask_requester(self, question: InputRequired) -> None:
        payload, status = {"text": str(question)}, {"state": "in_progress"}
        await self._reply_to_creating_message(str(question), intent="input_required", payload=payload, status=status)
        task_status = TaskStatus.AUTH_REQUIRED if question.auth else TaskStatus.INPUT_REQUIRED
        await self._call_task_operation("message", parts=question.parts, status=task_status.value)

    async def _reply_and_complete_task(self, answer: Any) -> None:
        result = convert_answer_to_result(answer)
        is_message_reply = isinstance(answer, Reply) and answer.message_id is not None and bool(answer.parts)
        try:
            if (
                isinstance(answer, Reply)
                and not is_message_reply
                and answer.parts
                and not is_single_text_or_object(answer.parts)
            ):
                await self.artifact(answer.parts, name="result")
            payload = result if isinstance(result, dict) else {"text": _format_reply_text(answer)}
            await self._reply_to_creating_message(_format_reply_text(answer), intent="result", payload=payload)
            if isinstance(answer, Reply) and is_message_reply:
                message = {"parts": list(answer.parts), "message_id": answer.message_id}
                await self._call_task_operation("message", status=TaskStatus.COMPLETED.value, **message)
                return
            notes = answer.notes if isinstance(answer, Reply) else None
            await self._call_task_operation(
                "complete", result=result, **({"notes": _clean_reason(notes)} if notes else {})
            )
        except InvalidRequest as error:
            await self._reply_and_fail_task(f"Its result cannot be stored: {error.detail}", retry=False)

    async def _reply_to_creating_message(
        self, text: str, *, type: str = "inform", intent: str, payload: Mapping[str, Any], **fields: Any
    ) -> None:
        """Reply to the message that created the task. Called before the task ends, so that a crash cannot lose the
        reply; it is idempotent. Each attempt may ask a question, but only the first outcome is sent.

        A request of the agent protocol gets an envelope (type, intent, payload, fields), any other message the text.
        """
        message_id = self.metadata.get(MESSAGE_ID_KEY)
        if not isinstance(message_id, str):
            return
        is_question = intent == "input_required"
        key = f"question:{self.task_id}:{self.token}" if is_question else f"reply:{self.task_id}"
        try:
            if "agentify" in self.metadata:
                envelope = {
                    "id": key,
                    "type": type,
                    "to": [self.requester],
                    "intent": intent,
                    "payload": dict(payload),
                    "correlation": {"reply_to": message_id},
                    **fields,
                }
                await self.calls("agora.conversation.send", message=envelope)
                return
            await self.calls(
                "agora.messaging.send",
                idempotency_key=key,
                to_agent=self.requester,
                content=text[:MAX_OUTPUT_CHARACTERS],
                reply_to=message_id,
            )
        except IdempotencyConflict:
            # Another outcome was sent, but not stored: by an attempt that ended in between, or because it cannot be
            # stored. The outcome of this attempt must be stored nevertheless.
            log.info("%s was already answered with another outcome", self.task_id)

    async def _call_task_operation(self, action: str, **arguments: Any) -> Any:
        if action != "renew" and self.stop_reason == "lost":
            raise StaleLease(f"{self.task_id} is now held by another worker.")
        return await self.calls(f"agora.task.{action}", task_id=self.task_id, fencing_token=self.token, **arguments)

    # -- the agent's side ------------------------------------------------------------------------

    async def append(self, text: str) -> None:
        # One at a time: each part begins at the offset in the receipt of the previous one.
        async with self._append_lock:
            for start in range(0, len(text), MAX_OUTPUT_CHARACTERS):
                part = text[start : start + MAX_OUTPUT_CHARACTERS]
                receipt = await self._call_task_operation("append", content=part, offset=self.output_size)
                self.output_size = receipt.next_offset

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
        options = {"artifact_id": artifact_id, "name": name, **more}
        await self._call_task_operation(
            "artifact",
            parts=list(parts),
            append=append,
            last=last,
            **{key: value for key, value in options.items() if value is not None},
        )

    async def say(self, content: str | Sequence[Part], **more: Any) -> None:
        await self._call_task_operation("message", parts=convert_content_to_parts(content), **more)

    async def read_new_messages(self, after: int) -> Sequence[tuple[int, Mapping[str, Any]]]:
        # Before the reading: a message that arrives during it sets the event again.
        self.news.clear()
        return await list_requester_messages_after(self.calls, self.task_id, after)

    async def report(self, progress: float | None = None, notes: str | None = None) -> None:
        fields = {"progress": progress, "notes": notes and _clean_reason(notes)}
        await self._call_task_operation(
            "update", **{name: value for name, value in fields.items() if value is not None}
        )

    async def save(self, checkpoint: Mapping[str, Any]) -> None:
        self._checkpoint_count += 1
        # Increasing over all attempts: a write of an earlier one that arrives late is older than any of this one.
        number = self.token * CHECKPOINTS_PER_CLAIM + self._checkpoint_count
        await self._call_task_operation("renew", checkpoint=dict(checkpoint), checkpoint_number=number)
        self.checkpoint = checkpoint

    async def publish(self, event_type: str, data: Any) -> None:
        await self.calls("agora.event.publish", event_type=event_type, data=data, subject=self.task_id)

    async def call(self, operation: str, /, **arguments: Any) -> Any:
        return await self.calls(operation, **arguments)


def _find_requested_skill(task: ClaimedTask, agent: BuiltinAgent) -> str | None:
    for candidate in (task.metadata.get("skill"), task.metadata.get("skillId"), task.task_type):
        if isinstance(candidate, str) and candidate in agent.profile.capabilities:
            return candidate
    return None


def _format_reply_text(answer: Any) -> str:
    return (
        join_text_parts(
            convert_content_to_parts(
                answer.parts or convert_answer_to_result(answer) if isinstance(answer, Reply) else answer
            )
        )
        or "Done."
    )


def _clean_reason(text: str) -> str:
    valid_text = text.replace("\x00", "").encode("utf-8", "replace").decode()
    return valid_text[:MAX_TEXT_CHARACTERS] or "No reason was given."
