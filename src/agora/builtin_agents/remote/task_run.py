"""One task forwarded to a remote agent, and its events relayed back.

The task's checkpoint holds what must survive a crash: the remote ids and the number of the last message sent. The next
run loads it, subscribes or polls again, and writes what is missing. Message ids are stable across retries, so an agent
that follows section 3.1.1 of A2A 1.0 processes each message once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Final, TypeVar

from agora.net.backoff import Backoff
from agora.wire.a2a.states import INTERRUPTED_STATES, TERMINAL_STATES
from agora_sdk.errors import AgoraError, StaleLease

from ..port import InputRequired, Job, Part, Reply, TaskFailed, TaskRejected, join_text_parts
from .artifact_parts import merge_chunks, select_unwritten_parts
from .client import A2AClient, A2AStream
from .errors import RemoteError, build_malformed_answer_error
from .history import ConversationHistory
from .message_relay import MessageRelay

__all__ = ["RemoteTaskRun"]

T = TypeVar("T")
# Most answers come at once; a long task is asked for every two seconds.
FIRST_PAUSE, MAX_POLL_INTERVAL = 0.05, 2.0  # seconds between polls of a task that cannot be streamed
CANCEL_TIMEOUT: Final = 3.0  # seconds
MAX_PARTS: Final = 100  #: limit of one artifact chunk
MAX_RESULT_CHARACTERS: Final = 262_144  #: characters; a longer result is only in the artifacts


class RemoteTaskRun:
    """One run. name: of the agent, for messages to the requester. was_unreachable: whether the agent was unreachable."""

    def __init__(self, job: Job, client: A2AClient, history: ConversationHistory, name: str) -> None:
        self._job, self._client, self._history, self._name = job, client, history, name
        checkpoint = job.checkpoint or {}
        self._task: str | None = checkpoint.get("task")
        self._context: str | None = checkpoint.get("context")
        last_number = checkpoint.get("said")
        self._is_accepted = last_number == job.message_number  # and the agent has responded since
        self._relay = MessageRelay(
            job,
            client,
            name,
            last_number if isinstance(last_number, int) else 0,
            self._save_checkpoint,
            self._relay_agent_message,
        )
        self._message_id = f"{job.task_id}.{job.message_number}"
        self._streams = client.interface.streams
        self._may_have_gaps = False  # whether artifact chunks may have been missed
        self._parts_written: dict[str, list[Part]] = {}
        self._relayed_ids: set[str] = set()
        self._checkpoint_save: asyncio.Task[None] | None = None
        self.was_unreachable = False

    async def run_task(self) -> Reply:
        """Run the task and return the agent's reply. Raises as :meth:`BuiltinAgent.perform_task`."""
        try:
            try:
                return await self._run_until_answered()
            finally:
                await self._relay.stop()
                await self._wait_until_checkpoint_saved()
        except asyncio.CancelledError:
            if self._job.stop_reason == "cancelled":
                await self._cancel_remote_task()
            raise
        except RemoteError as error:
            self.was_unreachable = error.transient or error.away
            if not self.was_unreachable:
                await self._cancel_remote_task()
            raise TaskFailed(f"{self._name}: {error.detail}", retry=error.transient) from None
        except StaleLease:
            if self._job.stop_reason == "cancelled":
                await self._cancel_remote_task()
            raise
        except AgoraError:  # its output cannot be stored, so it need not continue
            await self._cancel_remote_task()
            raise

    async def _run_until_answered(self) -> Reply:
        """Run until there is a reply. A question is dropped if the requester's answer is pending already."""
        while True:
            try:
                return await self._run_once()
            except InputRequired:
                if self._task is None or not await self._relay.relay_pending_messages(self._task, self._context):
                    raise

    async def _run_once(self) -> Reply:
        if self._task is not None:
            await self._load_previous_output()
        if self._task is None or not self._is_accepted:
            self._is_accepted = False
            try:
                if self._task is not None:
                    await self._relay.relay_pending_messages(self._task, self._context, before=self._job.message_number)
                reply = await self._send_message_and_relay_answer(await self._build_send_params())
            except RemoteError as error:
                # The connection broke after the task was accepted: it exists remotely, and is followed by
                # subscription or polling.
                if not error.transient or not self._is_accepted or self._task is None:
                    raise
                reply = None
            if reply is not None:
                return reply
        return await self._follow_remote_task()

    async def _cancel_remote_task(self) -> None:
        """Cancel the remote task; errors are ignored."""
        if self._task is not None:
            with contextlib.suppress(RemoteError, TimeoutError):
                async with asyncio.timeout(CANCEL_TIMEOUT):
                    await self._client.call("CancelTask", {"id": self._task}, task=True)

    # -- the remote task -------------------------------------------------------------------------

    async def _build_send_params(self) -> dict[str, Any]:
        """Build the request. No local id is sent except the message id, which is derived from the task id."""
        job = self._job
        message: dict[str, Any] = {"messageId": self._message_id, "role": "ROLE_USER", "parts": list(job.parts)}
        # Passed on unchanged: they are the requester's, and may be of an extension that both sides know.
        message |= {name: job.message[name] for name in ("metadata", "extensions") if job.message.get(name)}
        if self._task is not None:
            message["taskId"] = self._task
        else:
            self._context = self._context or await self._history.find_remote_context_id(job)
        if self._context is not None:
            message["contextId"] = self._context
        if references := await self._history.list_referenced_remote_tasks(job):
            message["referenceTaskIds"] = references
        params: dict[str, Any] = {"message": message}
        if modes := job.payload.get("accepted_output_modes"):
            params["configuration"] = {"acceptedOutputModes": modes}
        if metadata := {name: value for name, value in job.metadata.items() if name != "agora"}:
            params["metadata"] = metadata
        return params

    async def _send_message_and_relay_answer(self, params: dict[str, Any]) -> Reply | None:
        if self._streams:
            try:
                return await self._relay_stream(
                    await self._await_answer_or_task_id(self._client.open_stream("SendStreamingMessage", params))
                )
            except RemoteError as error:
                if self._is_accepted or not _means_no_streaming(error):
                    raise
                self._streams = False
        # Without it the call would be answered only when the task has ended or has a question.
        params = params | {"configuration": params.get("configuration", {}) | {"returnImmediately": True}}
        return await self._relay_event(await self._await_answer_or_task_id(self._client.call("SendMessage", params)))

    async def _await_answer_or_task_id(self, answer: Coroutine[Any, Any, T]) -> T:
        """Wait for the first answer. When cancelled, wait a little longer: the answer names the task to cancel."""
        sending = asyncio.get_running_loop().create_task(answer)
        try:
            return await asyncio.shield(sending)
        except asyncio.CancelledError:
            if self._job.stop_reason == "cancelled":
                with contextlib.suppress(RemoteError, TimeoutError):
                    async with asyncio.timeout(CANCEL_TIMEOUT):
                        await self._read_task_id_to_cancel(await sending)
            sending.add_done_callback(_close_late_stream)
            sending.cancel()
            raise

    async def _read_task_id_to_cancel(self, answer: Any) -> None:
        """Read the id of the remote task from an answer, or from the first events of a stream, which is closed."""
        events = [answer]
        if isinstance(answer, A2AStream):
            try:
                events = await answer.read_next_events() or []
            finally:
                answer.close()
        for event in events:
            payload = next(iter(event.values()))
            self._task = self._task or payload.get("taskId") or ("task" in event and payload.get("id")) or None

    async def _follow_remote_task(self) -> Reply:
        """Follow a task that exists remotely, by subscription or by polling with backoff."""
        backoff, loop = Backoff(FIRST_PAUSE, MAX_POLL_INTERVAL), asyncio.get_running_loop()
        last_answer_at = loop.time()
        while True:
            try:
                reply = await self._subscribe_or_poll_once()
                if reply is not None:
                    return reply
                # The time limit for an unreachable agent counts from its last answer.
                last_answer_at = loop.time()
            except RemoteError as error:
                if not error.transient or loop.time() - last_answer_at > self._client.timeout:
                    raise
            await asyncio.sleep(backoff.next_delay())

    async def _subscribe_or_poll_once(self) -> Reply | None:
        assert self._task is not None
        self._relay.start_relaying(self._task, self._context)
        if self._streams:
            try:
                # Before subscribing: whatever happened since the last event of the broken stream is not sent again.
                self._may_have_gaps = True
                return await self._relay_stream(await self._client.open_stream("SubscribeToTask", {"id": self._task}))
            except RemoteError as error:
                if error.transient or error.reason is None:
                    raise
                self._streams = False  # the stream has ended, or is not supported
        return await self._relay_event(await self._client.call("GetTask", {"id": self._task}, task=True))

    async def _relay_stream(self, stream: A2AStream) -> Reply | None:
        """Relay events until the task or the stream ends, and close the stream. None if the task goes on."""
        try:
            while (events := await stream.read_next_events()) is not None:
                for event in merge_chunks(events):
                    if (reply := await self._relay_event(event)) is not None:
                        await stream.drain_if_ended()
                        return reply
            return None
        except asyncio.CancelledError:
            if self._task is None and self._job.stop_reason == "cancelled":
                with contextlib.suppress(RemoteError, TimeoutError):
                    async with asyncio.timeout(CANCEL_TIMEOUT):
                        await self._read_task_id_to_cancel(stream)
            raise
        finally:
            stream.close()

    # -- relaying results ------------------------------------------------------------------------

    async def _relay_event(self, event: Mapping[str, Any]) -> Reply | None:
        """Relay one event. Returns the reply if the task has ended."""
        if "message" in event:
            return await self._complete_with_message(event["message"])
        if "task" in event:
            self._store_or_check_ids(event["task"].get("id"), event["task"].get("contextId"))
            return await self._write_missing_task_output(event["task"])
        update = event.get("statusUpdate") or event["artifactUpdate"]
        self._store_or_check_ids(update.get("taskId"), update.get("contextId"))
        if "statusUpdate" in event:
            return await self._relay_status(update["status"], update.get("metadata"))
        await self._relay_artifact_chunk(update)
        return None

    def _store_or_check_ids(self, task: Any, context: Any) -> None:
        """Store the ids of the first event; reject events of another task. Raises RemoteError.

        The ids are stored concurrently with relaying; later writes are not committed before them.
        """
        if self._is_accepted:
            if task and str(task) != self._task:
                raise build_malformed_answer_error("it is about another task")
            return
        if not task or (self._task is not None and str(task) != self._task):
            raise build_malformed_answer_error(
                "it is about another task" if task else "it does not say which task it is about"
            )
        self._task, self._is_accepted = _require_storable_id(task), True
        self._context = _require_storable_id(context) if context else self._context
        # The message of this run was the first sent: the relay must not send it a second time.
        self._relay.last_number = max(self._relay.last_number, self._job.message_number)
        self._relay.start_relaying(self._task, self._context)
        self._checkpoint_save = asyncio.get_running_loop().create_task(self._save_checkpoint())

    async def _save_checkpoint(self) -> None:
        checkpoint = {"task": self._task, "context": self._context, "said": self._relay.last_number}
        await self._job.save({name: value for name, value in checkpoint.items() if value is not None})

    async def _wait_until_checkpoint_saved(self) -> None:
        if self._checkpoint_save is not None:
            with contextlib.suppress(
                AgoraError
            ):  # the task has no worker or another one; the next write fails with the reason
                await self._checkpoint_save

    async def _load_previous_output(self) -> None:
        """Load the artifacts and messages that earlier runs have written."""
        task = await self._job.call("agora.a2a.get", task_id=self._job.task_id)
        for artifact in task.artifacts or ():
            parts = [part.model_dump(by_alias=True, exclude_unset=True) for part in artifact.parts]
            self._parts_written[artifact.artifact_id] = parts
        messages = [*(task.history or ()), *([task.status.message] if task.status.message else ())]
        self._relayed_ids = {message.message_id for message in messages if message.message_id}

    async def _complete_with_message(self, message: Mapping[str, Any]) -> Reply:
        """Complete the task with a message as its answer (section 3.1.1): the remote agent has no task, and the
        requester sees none."""
        if message.get("contextId"):
            self._context = _require_storable_id(message["contextId"])
            await self._save_checkpoint()
        # After a task was accepted the requester has seen one, which a message could not replace.
        is_whole = not self._is_accepted and 1 <= len(message["parts"]) <= MAX_PARTS
        return Reply(message["parts"], message_id=_require_storable_id(message["messageId"]) if is_whole else None)

    async def _write_missing_task_output(self, task: Mapping[str, Any]) -> Reply | None:
        """Compare a snapshot of the remote task with what is written, and write the rest."""
        for artifact in task.get("artifacts", ()):
            missing = select_unwritten_parts(self._parts_written.get(artifact["artifactId"], ()), artifact["parts"])
            if missing is not None:
                parts, append = missing
                await self._write_artifact(artifact, parts, append=append, last=True)
        self._may_have_gaps = False
        history = task.get("history", ())
        # Entries before this run's message belong to earlier turns.
        positions = [number for number, entry in enumerate(history) if entry.get("messageId") == self._message_id]
        for message in history[positions[-1] + 1 :] if positions else ():
            if message.get("role") == "ROLE_AGENT":
                await self._relay_agent_message(message)
        return await self._relay_status(task["status"], task.get("metadata"))

    async def _relay_status(self, status: Mapping[str, Any], metadata: Any) -> Reply | None:
        state, message = status["state"], status.get("message")
        if state in TERMINAL_STATES:
            return await self._build_reply_or_raise(state, message)
        if state in INTERRUPTED_STATES:
            auth = state == "TASK_STATE_AUTH_REQUIRED"
            question = f"{self._name} needs {'an authorisation' if auth else 'more'} to go on."
            raise InputRequired(message["parts"] if message else question, auth=auth)
        if message is not None:
            await self._relay_agent_message(message)
        task = metadata.get("agora") if isinstance(metadata, dict) else None
        progress = task.get("progress") if isinstance(task, dict) else None
        if isinstance(progress, int | float) and 0 < progress <= 100:
            with contextlib.suppress(AgoraError):  # remote progress may decrease, the task's may not
                await self._job.report(float(progress))
        return None

    async def _build_reply_or_raise(self, state: str, message: Mapping[str, Any] | None) -> Reply:
        # Chunks may have been missed before the subscription: a snapshot of the task has them.
        if self._may_have_gaps:
            self._may_have_gaps = False
            response = await self._client.call("GetTask", {"id": self._task}, task=True)
            reply = await self._write_missing_task_output(
                response["task"] | {"status": {"state": state, "message": message}}
            )
            assert reply is not None
            return reply
        parts = message["parts"] if message is not None else []
        text = join_text_parts(parts)
        if state == "TASK_STATE_COMPLETED":
            if message is not None and self._parts_written and len(join_text_parts(parts[:1])) != len(text):
                await self._relay_agent_message(message)
            return Reply(
                [] if self._parts_written else parts,
                self._build_result_from_artifacts() if self._parts_written else None,
                text or None,
            )
        if state == "TASK_STATE_REJECTED":
            raise TaskRejected(text or f"{self._name} refuses it.")
        outcome = "has cancelled it" if state == "TASK_STATE_CANCELED" else "has failed at it"
        raise TaskFailed(text or f"{self._name} {outcome}.")

    def _build_result_from_artifacts(self) -> Any:
        """Build the result for clients that read results, not artifacts."""
        parts = [part for artifact in self._parts_written.values() for part in artifact]
        text = join_text_parts(parts)
        if text:
            return text if len(text) <= MAX_RESULT_CHARACTERS else None
        return parts[0]["data"] if len(parts) == 1 and "data" in parts[0] else None

    async def _relay_agent_message(self, message: Mapping[str, Any]) -> None:
        if message["messageId"] in self._relayed_ids:
            return
        self._relayed_ids.add(message["messageId"])
        more = {name: message[name] for name in ("metadata", "extensions") if message.get(name)}
        await self._job.say(message["parts"][:MAX_PARTS], message_id=_require_storable_id(message["messageId"]), **more)

    async def _relay_artifact_chunk(self, update: Mapping[str, Any]) -> None:
        artifact = update["artifact"]
        # The beginning of the artifact may never have been received: then there is nothing to append to.
        append = update.get("append") is True and artifact["artifactId"] in self._parts_written
        await self._write_artifact(artifact, artifact["parts"], append=append, last=update.get("lastChunk") is True)

    async def _write_artifact(
        self, artifact: Mapping[str, Any], parts: Sequence[Part], *, append: bool, last: bool
    ) -> None:
        artifact_id = _require_storable_id(artifact["artifactId"])
        more = {name: artifact[name] for name in ("metadata", "extensions") if artifact.get(name)}
        for name, longest in (("name", 200), ("description", 4000)):
            if isinstance(artifact.get(name), str) and artifact[name]:
                more[name] = artifact[name][:longest]
        for start in range(0, len(parts), MAX_PARTS):
            piece = list(parts[start : start + MAX_PARTS])
            is_last = last and start + MAX_PARTS >= len(parts)
            await self._job.artifact(piece, artifact_id=artifact_id, append=append or start > 0, last=is_last, **more)
        # After the write: an artifact that could not be stored must not count as written.
        if append:
            self._parts_written[artifact_id] += parts
        else:
            self._parts_written[artifact_id] = list(parts)


def _require_storable_id(value: Any) -> str:
    """Check that a remote id can be stored. Raises RemoteError."""
    text = str(value)
    if not 1 <= len(text) <= 200 or not text.isprintable():
        raise build_malformed_answer_error("an id has more than 200 characters, or some that cannot be printed")
    return text


def _close_late_stream(sending: asyncio.Task[Any]) -> None:
    """Close a stream that opened after the run was cancelled."""
    if not sending.cancelled() and sending.exception() is None and isinstance(answer := sending.result(), A2AStream):
        answer.close()


def _means_no_streaming(error: RemoteError) -> bool:
    """Whether the error means that the agent does not support streaming: explicitly, or by a missing method or
    resource."""
    return error.reason is not None and not error.transient
