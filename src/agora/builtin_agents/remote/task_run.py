"""An errand: one task taken to an agent elsewhere, and what it says brought back as it comes.

What must outlive a crash is the task's checkpoint: the ids at the other side, and which message was sent last. The next
run finds it, listens again or asks, and hands over what is missing. A message has the same id however often it is
sent, so an agent that keeps to section 3.1.1 of A2A 1.0 takes it once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Final, TypeVar

from agora.wire.a2a.states import INTERRUPTED, TERMINAL
from agora_sdk.errors import AgoraError, StaleLease

from ..port import Ask, Failed, Job, Part, Refused, Reply, text_of
from .artifact_parts import merged, rest
from .client import Line, Listening
from .errors import Fault, malformed
from .history import Past
from .message_relay import Meanwhile

__all__ = ["Errand"]

T = TypeVar("T")
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0  # seconds between looks at a task that cannot be listened to
CALLING_OFF: Final = 3.0  # seconds
MOST_PARTS: Final = 100  #: of one piece
LARGEST_RESULT: Final = 262_144  #: characters; a longer one is in the artifacts alone
PREFIX: Final = "TASK_STATE_"


class Errand:
    """One run of it. name: of the agent, for what the requester is told. troubled: the agent could not be talked to."""

    def __init__(self, job: Job, line: Line, past: Past, name: str) -> None:
        self._job, self._line, self._past, self._name = job, line, past, name
        kept = job.checkpoint or {}
        self._task: str | None = kept.get("task")
        self._context: str | None = kept.get("context")
        said = kept.get("said")
        self._sent = said == job.message_number  # and it was heard of since
        self._meanwhile = Meanwhile(job, line, name, said if isinstance(said, int) else 0, self._save, self._say)
        self._message_id = f"{job.task_id}.{job.message_number}"
        self._streams = line.interface.streams
        self._unsure = False  # whether pieces may have been missed
        self._given: dict[str, list[Part]] = {}
        self._seen: set[str] = set()
        self._saving: asyncio.Task[None] | None = None
        self.troubled = False

    async def run(self) -> Reply:
        """Answers what the agent's answer is. Raises as a resident's handler does."""
        try:
            try:
                return await self._answer()
            finally:
                await self._meanwhile.stop()
                await self._saved()
        except asyncio.CancelledError:
            if self._job.ended == "cancelled":
                await self._call_off()
            raise
        except Fault as fault:
            self.troubled = fault.passing or fault.away
            if not self.troubled:
                await self._call_off()
            raise Failed(f"{self._name}: {fault.detail}", retry=fault.passing) from None
        except StaleLease:
            if self._job.ended == "cancelled":
                await self._call_off()
            raise
        except AgoraError:  # what it said cannot be kept: it need not go on
            await self._call_off()
            raise

    async def _answer(self) -> Reply:
        """What it comes to. A question that the requester has answered before it was asked is not asked."""
        while True:
            try:
                return await self._run()
            except Ask:
                if self._task is None or not await self._meanwhile.pass_on(self._task, self._context):
                    raise

    async def _run(self) -> Reply:
        if self._task is not None:
            await self._recall()
        if self._task is None or not self._sent:
            self._sent = False
            try:
                if self._task is not None:
                    await self._meanwhile.pass_on(self._task, self._context, before=self._job.message_number)
                reply = await self._send(await self._params())
            except Fault as fault:
                if not fault.passing or not self._sent or self._task is None:
                    raise
                reply = None
            if reply is not None:
                return reply
        return await self._keep_on()

    async def _call_off(self) -> None:
        """Tell the agent that nobody waits any more."""
        if self._task is not None:
            with contextlib.suppress(Fault, TimeoutError):
                async with asyncio.timeout(CALLING_OFF):
                    await self._line.call("CancelTask", {"id": self._task}, task=True)

    # -- there -----------------------------------------------------------------------------------

    async def _params(self) -> dict[str, Any]:
        """The request; none of our own ids is in it but the message's, which is made of the task's."""
        job = self._job
        message: dict[str, Any] = {"messageId": self._message_id, "role": "ROLE_USER", "parts": list(job.parts)}
        message |= {name: job.message[name] for name in ("metadata", "extensions") if job.message.get(name)}
        if self._task is not None:
            message["taskId"] = self._task
        else:
            self._context = self._context or await self._past.context(job)
        if self._context is not None:
            message["contextId"] = self._context
        if references := await self._past.tasks(job):
            message["referenceTaskIds"] = references
        params: dict[str, Any] = {"message": message}
        if modes := job.payload.get("accepted_output_modes"):
            params["configuration"] = {"acceptedOutputModes": modes}
        if metadata := {name: value for name, value in job.metadata.items() if name != "agora"}:
            params["metadata"] = metadata
        return params

    async def _send(self, params: dict[str, Any]) -> Reply | None:
        if self._streams:
            try:
                return await self._follow(await self._first(self._line.stream("SendStreamingMessage", params)))
            except Fault as fault:
                if self._sent or not _unsupported(fault):
                    raise
                self._streams = False
        params["configuration"] = params.get("configuration", {}) | {"returnImmediately": True}
        return await self._take(await self._first(self._line.call("SendMessage", params)))

    async def _first(self, answer: Coroutine[Any, Any, T]) -> T:
        """The first answer to a message. Who is cancelled meanwhile waits a little for it: it says what to call off."""
        sending = asyncio.get_running_loop().create_task(answer)
        try:
            return await asyncio.shield(sending)
        except asyncio.CancelledError:
            if self._job.ended == "cancelled":
                with contextlib.suppress(Fault, TimeoutError):
                    async with asyncio.timeout(CALLING_OFF):
                        await self._learn(await sending)
            sending.add_done_callback(_drop)
            sending.cancel()
            raise

    async def _learn(self, answer: Any) -> None:
        """Which task it is about."""
        events = [answer]
        if isinstance(answer, Listening):
            try:
                events = await answer.items() or []
            finally:
                answer.close()
        for event in events:
            about = next(iter(event.values()))
            self._task = self._task or about.get("taskId") or ("task" in event and about.get("id")) or None

    async def _keep_on(self) -> Reply:
        """See what becomes of a task that is there, over another stream, or by asking now and then."""
        pause, loop = FIRST_PAUSE, asyncio.get_running_loop()
        sign = loop.time()
        while True:
            try:
                reply = await self._look()
                if reply is not None:
                    return reply
                sign = loop.time()
            except Fault as fault:
                if not fault.passing or loop.time() - sign > self._line.patience:
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _look(self) -> Reply | None:
        assert self._task is not None
        self._meanwhile.listen(self._task, self._context)
        if self._streams:
            try:
                self._unsure = True
                return await self._follow(await self._line.stream("SubscribeToTask", {"id": self._task}))
            except Fault as fault:
                if fault.passing or fault.reason is None:
                    raise
                self._streams = False  # it has ended, or there is no such method
        return await self._take(await self._line.call("GetTask", {"id": self._task}, task=True))

    async def _follow(self, listening: Listening) -> Reply | None:
        """Bring back what comes, to the end of the task or of the stream."""
        try:
            while (events := await listening.items()) is not None:
                for event in merged(events):
                    if (reply := await self._take(event)) is not None:
                        await listening.finish()
                        return reply
            return None
        except asyncio.CancelledError:
            if self._task is None and self._job.ended == "cancelled":
                with contextlib.suppress(Fault, TimeoutError):
                    async with asyncio.timeout(CALLING_OFF):
                        await self._learn(listening)
            raise
        finally:
            listening.close()

    # -- and back --------------------------------------------------------------------------------

    async def _take(self, event: Mapping[str, Any]) -> Reply | None:
        """Bring one event back; answers what the task's end is."""
        if "message" in event:
            return await self._answered(event["message"])
        if "task" in event:
            self._recognise(event["task"].get("id"), event["task"].get("contextId"))
            return await self._shown(event["task"])
        update = event.get("statusUpdate") or event["artifactUpdate"]
        self._recognise(update.get("taskId"), update.get("contextId"))
        if "statusUpdate" in event:
            return await self._moved(update["status"], update.get("metadata"))
        await self._piece(update)
        return None

    def _recognise(self, task: Any, context: Any) -> None:
        """Keep the ids of the first event; refuse those of another task. Raises Fault.

        They are kept while events are passed on: what is written here afterwards is not committed before.
        """
        if self._sent:
            if task and str(task) != self._task:
                raise malformed("it is about another task")
            return
        if not task or (self._task is not None and str(task) != self._task):
            raise malformed("it is about another task" if task else "it does not say which task it is about")
        self._task, self._sent = _id(task), True
        self._context = _id(context) if context else self._context
        self._meanwhile.said = max(self._meanwhile.said, self._job.message_number)
        self._meanwhile.listen(self._task, self._context)
        self._saving = asyncio.get_running_loop().create_task(self._save())

    async def _save(self) -> None:
        kept = {"task": self._task, "context": self._context, "said": self._meanwhile.said}
        await self._job.save({name: value for name, value in kept.items() if value is not None})

    async def _saved(self) -> None:
        if self._saving is not None:
            with contextlib.suppress(AgoraError):  # the task is nobody's, or another's: who writes next is told
                await self._saving

    async def _recall(self) -> None:
        """What runs before this one have handed over."""
        own = await self._job.call("agora.a2a.get", task_id=self._job.task_id)
        for artifact in own.artifacts or ():
            parts = [part.model_dump(by_alias=True, exclude_unset=True) for part in artifact.parts]
            self._given[artifact.artifact_id] = parts
        said = [*(own.history or ()), *([own.status.message] if own.status.message else ())]
        self._seen = {message.message_id for message in said if message.message_id}

    async def _answered(self, message: Mapping[str, Any]) -> Reply:
        """A message is the whole answer (section 3.1.1): there is no task."""
        if message.get("contextId"):
            self._context = _id(message["contextId"])
            await self._save()
        return Reply(message["parts"])

    async def _shown(self, task: Mapping[str, Any]) -> Reply | None:
        """The task as it is: hand over what is not here yet."""
        for artifact in task.get("artifacts", ()):
            missing = rest(self._given.get(artifact["artifactId"], ()), artifact["parts"])
            if missing is not None:
                parts, append = missing
                await self._hand_over(artifact, parts, append=append, last=True)
        self._unsure = False
        history = task.get("history", ())
        sent = [number for number, said in enumerate(history) if said.get("messageId") == self._message_id]
        for message in history[sent[-1] + 1 :] if sent else ():
            if message.get("role") == "ROLE_AGENT":
                await self._say(message)
        return await self._moved(task["status"], task.get("metadata"))

    async def _moved(self, status: Mapping[str, Any], metadata: Any) -> Reply | None:
        state, message = status["state"], status.get("message")
        if state in TERMINAL:
            return await self._ended(state, message)
        if state in INTERRUPTED:
            auth = state == "TASK_STATE_AUTH_REQUIRED"
            asked = f"{self._name} needs {'an authorisation' if auth else 'more'} to go on."
            raise Ask(message["parts"] if message else asked, auth=auth)
        if message is not None:
            await self._say(message)
        own = metadata.get("agora") if isinstance(metadata, dict) else None
        progress = own.get("progress") if isinstance(own, dict) else None
        if isinstance(progress, int | float) and 0 < progress <= 100:
            with contextlib.suppress(AgoraError):  # it goes back there, and does not here
                await self._job.report(float(progress))
        return None

    async def _ended(self, state: str, message: Mapping[str, Any] | None) -> Reply:
        if self._unsure:
            self._unsure = False
            shown = await self._line.call("GetTask", {"id": self._task}, task=True)
            found = await self._shown(shown["task"] | {"status": {"state": state, "message": message}})
            assert found is not None
            return found
        parts = message["parts"] if message is not None else []
        text = text_of(parts)
        if state == "TASK_STATE_COMPLETED":
            if message is not None and self._given and len(text_of(parts[:1])) != len(text):
                await self._say(message)
            return Reply([] if self._given else parts, self._result() if self._given else None, text or None)
        if state == "TASK_STATE_REJECTED":
            raise Refused(text or f"{self._name} refuses it.")
        what = "has cancelled it" if state == "TASK_STATE_CANCELED" else "has failed at it"
        raise Failed(text or f"{self._name} {what}.")

    def _result(self) -> Any:
        """The task's result, for those who read tasks and not artifacts."""
        parts = [part for given in self._given.values() for part in given]
        text = text_of(parts)
        if text:
            return text if len(text) <= LARGEST_RESULT else None
        return parts[0]["data"] if len(parts) == 1 and "data" in parts[0] else None

    async def _say(self, message: Mapping[str, Any]) -> None:
        if message["messageId"] in self._seen:
            return
        self._seen.add(message["messageId"])
        more = {name: message[name] for name in ("metadata", "extensions") if message.get(name)}
        await self._job.say(message["parts"][:MOST_PARTS], message_id=_id(message["messageId"]), **more)

    async def _piece(self, update: Mapping[str, Any]) -> None:
        artifact = update["artifact"]
        append = update.get("append") is True and artifact["artifactId"] in self._given
        await self._hand_over(artifact, artifact["parts"], append=append, last=update.get("lastChunk") is True)

    async def _hand_over(self, artifact: Mapping[str, Any], parts: Sequence[Part], *, append: bool, last: bool) -> None:
        artifact_id = _id(artifact["artifactId"])
        more = {name: artifact[name] for name in ("metadata", "extensions") if artifact.get(name)}
        for name, longest in (("name", 200), ("description", 4000)):
            if isinstance(artifact.get(name), str) and artifact[name]:
                more[name] = artifact[name][:longest]
        for start in range(0, len(parts), MOST_PARTS):
            piece = list(parts[start : start + MOST_PARTS])
            ends = last and start + MOST_PARTS >= len(parts)
            await self._job.artifact(piece, artifact_id=artifact_id, append=append or start > 0, last=ends, **more)
        if append:
            self._given[artifact_id] += parts
        else:
            self._given[artifact_id] = list(parts)


def _id(value: Any) -> str:
    """An id of theirs that can be kept. Raises Fault."""
    text = str(value)
    if not 1 <= len(text) <= 200 or not text.isprintable():
        raise malformed("an id has more than 200 characters, or some that cannot be printed")
    return text


def _drop(sending: asyncio.Task[Any]) -> None:
    """Whatever comes of it is of no use any more."""
    if not sending.cancelled() and sending.exception() is None and isinstance(answer := sending.result(), Listening):
        answer.close()


def _unsupported(fault: Fault) -> bool:
    """Whether an agent cannot stream: it says so, or has no such method or resource."""
    return fault.reason is not None and not fault.passing
