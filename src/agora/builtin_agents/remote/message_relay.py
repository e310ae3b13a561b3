"""Relays messages of the requester to the remote agent while it works.

Message ids are derived from the task and the entry number, so that a message repeated after a crash is processed once.
An agent may refuse such messages (A2A 1.0, section 3.1.1): then the requester is notified and the task continues.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from agora_sdk.errors import AgoraError

from ..port import Job
from .client import A2AClient
from .errors import RemoteError, build_malformed_answer_error

__all__ = ["MessageRelay"]

Save = Callable[[], Awaitable[None]]
RelayReply = Callable[[Mapping[str, Any]], Awaitable[None]]
MAX_ATTEMPTS: Final = 3
MESSAGE_INTERVAL_SECONDS: Final = 0.5  # seconds between messages


class MessageRelay:
    """Relays messages of one task, in order.

    last_number: entry number of the newest delivered message. save: stores it. relay_reply: passes an immediate reply of
    the agent to the requester.
    """

    def __init__(
        self, job: Job, client: A2AClient, name: str, last_number: int, save: Save, relay_reply: RelayReply
    ) -> None:
        self._job, self._client, self._name, self._save, self._relay_reply = job, client, name, save, relay_reply
        self.last_number = last_number
        self._has_delivered = False
        self._lock = asyncio.Lock()
        self._relay_task: asyncio.Task[None] | None = None

    def start_relaying(self, task: str, context: str | None) -> None:
        """Relay new messages until :meth:`stop`."""
        if self._relay_task is None:
            self._relay_task = asyncio.get_running_loop().create_task(self._relay_new_messages(task, context))

    async def stop(self) -> None:
        """Stop relaying."""
        if self._relay_task is not None:
            self._relay_task.cancel()
            await asyncio.gather(self._relay_task, return_exceptions=True)

    async def relay_pending_messages(self, task: str, context: str | None, before: float = math.inf) -> bool:
        """Deliver the pending messages up to an entry number.

        Returns whether anything was delivered since the last call: a question asked before that may be answered.
        """
        async with self._lock:
            for number, message in await self._job.read_new_messages(self.last_number):
                if number < before:
                    await self._relay_message_and_save(number, message, task, context)
            has_delivered, self._has_delivered = self._has_delivered, False
        return has_delivered

    async def _relay_new_messages(self, task: str, context: str | None) -> None:
        with contextlib.suppress(AgoraError):  # the task has another worker now, which relays the message
            while True:
                await self._job.news.wait()
                async with self._lock:
                    for number, message in await self._job.read_new_messages(self.last_number):
                        await self._relay_message_and_save(number, message, task, context)

    async def _relay_message_and_save(
        self, number: int, message: Mapping[str, Any], task: str, context: str | None
    ) -> None:
        more = {name: message[name] for name in ("metadata", "extensions") if message.get(name)}
        outgoing = {
            "messageId": f"{self._job.task_id}.{number}",
            "role": "ROLE_USER",
            "parts": message["parts"],
            **more,
        }
        outgoing |= {"taskId": task} | ({"contextId": context} if context is not None else {})
        try:
            answer = await self._send_with_retry({"message": outgoing, "configuration": {"returnImmediately": True}})
            if "task" in answer and answer["task"].get("id") != task:
                raise build_malformed_answer_error("it is about another task")
        except RemoteError as error:
            await self._job.say(f"{self._name} did not take a message while it works: {error.detail}")
        else:
            self._has_delivered = True
            if "message" in answer:
                await self._relay_reply(answer["message"])
        # A refused message counts as delivered as well: it is not sent again after a crash.
        self.last_number = number
        await self._save()

    async def _send_with_retry(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Send a message, with retries on transient errors."""
        for _ in range(MAX_ATTEMPTS - 1):
            try:
                return await self._client.call("SendMessage", params)
            except RemoteError as error:
                if not error.transient:
                    raise
            await asyncio.sleep(MESSAGE_INTERVAL_SECONDS)
        return await self._client.call("SendMessage", params)
