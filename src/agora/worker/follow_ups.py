"""Follow-ups: messages of people to a running job. The worker takes them one by one and records each in the checkpoint
before it is sent to the agent."""

from __future__ import annotations

from agora_sdk import TaskRun
from agora_sdk.client import AgoraClient
from agora_sdk.contract.follow_ups import FollowUp

from .request import JOB_TYPE

__all__ = ["FOLLOW_UP_EVENT", "FollowUpQueue", "TurnInterrupted"]

FOLLOW_UP_EVENT = "agora.task.follow_up"
PAGE_SIZE = 200


class TurnInterrupted(Exception):
    """A steering follow-up has ended the turn. prompt: its text."""

    def __init__(self, prompt: str) -> None:
        super().__init__(prompt)
        self.prompt = prompt


class FollowUpQueue:
    """The follow-ups of one job. Tasks of other types have none: their protocols send messages instead."""

    def __init__(self, client: AgoraClient) -> None:
        self._client = client

    async def take_next_follow_up(
        self, run: TaskRun, after: int, *, steering: bool = False, closing: bool = False
    ) -> FollowUp | None:
        """Take the next follow-up (``agora.follow_up.take``). after: the last one in the checkpoint. Raises
        AgoraError."""
        if run.task_type != JOB_TYPE:
            return None
        answer = await self._client.follow_up.take(
            run.task_id, run.fencing_token, after=after, steering=steering, closing=closing
        )
        return answer.follow_up

    async def find_taken_text(self, run: TaskRun, taken: int) -> str | None:
        """Read the text of a taken follow-up. Raises AgoraError."""
        cursor = None
        while taken and run.task_type == JOB_TYPE:
            page = await self._client.follow_up.list(run.task_id, limit=PAGE_SIZE, cursor=cursor)
            for follow_up in page.follow_ups:
                if follow_up.taken == taken:
                    return str(follow_up.text)
            cursor = page.next_cursor
            if cursor is None:
                break
        return None
