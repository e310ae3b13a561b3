"""An agent elsewhere as a resident."""

from __future__ import annotations

from ..port import Job, Profile, Reply, Resident
from .client import Line
from .history import Past
from .task_run import Errand

__all__ = ["RemoteAgent"]


class RemoteAgent(Resident):
    """Passes its tasks on. reachable: as it was when it was last looked at; then it is alive.

    suspect: something has gone wrong since, and it should be looked at again.
    """

    concurrency = 64

    def __init__(self, profile: Profile, line: Line, past: Past, *, reachable: bool) -> None:
        self.profile, self._line, self._past = profile, line, past
        self.reachable, self.suspect = reachable, False
        self._errands, self._retired = 0, False

    @property
    def alive(self) -> bool:
        return self.reachable

    async def handle(self, job: Job) -> Reply:
        errand = Errand(job, self._line, self._past, self.profile.name)
        self._errands += 1
        try:
            return await errand.run()
        finally:
            self._errands -= 1
            self.suspect = self.suspect or errand.troubled
            if self._retired and not self._errands:
                self._line.close()

    def retire(self) -> None:
        """Another has its place: hang up once the errands of this one are done."""
        self._retired = True
        if not self._errands:
            self._line.close()

    async def close(self) -> None:
        self._line.close()
