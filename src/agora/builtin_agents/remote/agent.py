"""A remote A2A agent as an agent of this process."""

from __future__ import annotations

from ..port import BuiltinAgent, Job, Profile, Reply
from .client import A2AClient
from .history import ConversationHistory
from .task_run import RemoteTaskRun

__all__ = ["RemoteAgent"]


class RemoteAgent(BuiltinAgent):
    """Forwards its tasks. reachable: the result of the last check; an unreachable agent is not alive.

    needs_check: a call has failed since the last check, so the next check is due soon.
    """

    concurrency = 64

    def __init__(self, profile: Profile, client: A2AClient, history: ConversationHistory, *, reachable: bool) -> None:
        self.profile, self._client, self._history = profile, client, history
        self.reachable, self.needs_check = reachable, False
        self._active_runs, self._retired = 0, False

    @property
    def alive(self) -> bool:
        return self.reachable

    async def perform_task(self, job: Job) -> Reply:
        run = RemoteTaskRun(job, self._client, self._history, self.profile.name)
        self._active_runs += 1
        try:
            return await run.run_task()
        finally:
            self._active_runs -= 1
            self.needs_check = self.needs_check or run.was_unreachable
            if self._retired and not self._active_runs:
                self._client.close()

    def close_when_idle(self) -> None:
        """Close the connection when the current runs have ended, after replacement by another instance."""
        self._retired = True
        if not self._active_runs:
            self._client.close()

    async def close(self) -> None:
        self._client.close()
