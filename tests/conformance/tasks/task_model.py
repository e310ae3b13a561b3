"""A model of tasks in plain Python: permissions and transitions. Tests compare it with the implementation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agora_sdk.errors import (
    AgoraError,
    Conflict,
    IllegalTransition,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    StaleLease,
)

__all__ = ["BOSS", "ENDED", "FOLLOWING", "FOREVER", "INTERRUPTED", "OPERATOR", "SECOND", "Board", "Refused", "Task"]

SECOND = 1_000_000
FOREVER = 1 << 62
BOSS, OPERATOR = "Boss", "operator"
ENDED = {"completed", "failed", "cancelled", "rejected", "expired", "dead_lettered"}
INTERRUPTED = {"input_required", "auth_required"}
_BY_HAND = {"completed", "failed", "cancelled", "rejected"}
#: allowed sequences in a task's log
FOLLOWING: Mapping[str, set[str]] = {
    "pending": {"pending", "in_progress", "cancelled", "rejected", "expired"},
    "in_progress": {"pending", "dead_lettered"} | INTERRUPTED | _BY_HAND,
    "input_required": {"pending", "in_progress", "auth_required", "expired"} | _BY_HAND,
    "auth_required": {"pending", "in_progress", "input_required", "expired"} | _BY_HAND,
}


class Refused(Exception):
    """A call that must be refused with one of these errors."""

    def __init__(self, *kinds: type[AgoraError]) -> None:
        self.kinds = kinds


@dataclass
class Task:
    """home: owner of an unclaimed task, ``name:NAME`` before that agent exists; None: the pool."""

    task_id: str
    home: str | None
    needs: frozenset[str]
    assignee: str | None
    priority: int
    deadline: int
    max_attempts: int
    backoff: float
    timeout: int | None
    blocked: set[str]
    status: str = "pending"
    holder: str | None = None
    agent: str | None = None
    token: int = 0
    lease_seconds: int = 60
    lease_until: int | None = None
    started_at: int = 0
    attempts: int = 0
    available_at: int | None = None
    progress: float = 0
    result: Any = None
    error: str | None = None
    offers: int = 0
    actors: set[str] = field(default_factory=set)

    @property
    def waiting(self) -> bool:
        return self.status == "pending" and not self.blocked and self.available_at is None

    @property
    def in_hand(self) -> bool:
        return self.status == "in_progress" or self.status in INTERRUPTED

    def moments(self, now: int) -> list[int]:
        """Return the times at which the task changes."""
        if self.status in ENDED:
            return []
        found = [self.deadline] if self.deadline < FOREVER else []
        if self.status == "pending" and self.available_at is not None:
            found.append(self.available_at)
        if self.status == "in_progress":
            found = [moment for moment in found if moment > now]  # later it is emitted once, and the work continues
            found += [self.lease_until] if self.lease_until is not None else []
            found += [self.started_at + self.timeout * SECOND] if self.timeout is not None else []
        return found


class Board:
    """All tasks. Agents are identified by name; ``brings`` are their capabilities."""

    def __init__(self, brings: Mapping[str, frozenset[str]], now: int) -> None:
        self.brings, self.now = dict(brings), now
        self.tasks: dict[str, Task] = {}

    # -- giving ----------------------------------------------------------------------------------

    def home(self, assignee: str | None, needs: frozenset[str]) -> tuple[str | None, frozenset[str]]:
        """Return where an assigned task waits, and what it then requires."""
        if assignee is None or assignee.startswith("capability:"):
            return None, needs | ({assignee.removeprefix("capability:")} if assignee else frozenset())
        if assignee not in self.brings:
            return f"name:{assignee}", needs
        if not needs <= self.brings[assignee]:
            raise Refused(InvalidRequest)
        return assignee, needs

    def assign(self, task: Task, depends_on: list[str]) -> None:
        task.home, task.needs = self.home(task.assignee, task.needs)
        for name in depends_on:
            if self.tasks[name].status in ENDED - {"completed"}:
                raise Refused(Conflict)
        task.blocked = {name for name in depends_on if self.tasks[name].status != "completed"}
        task.agent = task.home
        task.actors.add(BOSS)
        self._offer(task)

    def join(self, name: str, able: frozenset[str]) -> None:
        """Give tasks held for a name to its new agent."""
        self.brings[name] = able
        for task in self.tasks.values():
            if task.agent == f"name:{name}" and task.status == "pending":
                task.home = task.agent = name
                self._offer(task)

    def leave(self, name: str) -> None:
        """Release claimed tasks of an agent that leaves. Its own tasks stay: the next agent with its name is a
        different one."""
        for task in self.tasks.values():
            if task.holder == name and task.in_hand:
                task.attempts -= 1
                self._requeue(task, name, 0)
        del self.brings[name]
        for task in self.tasks.values():
            task.home = f"former {name}" if task.home == name else task.home
            task.holder = f"former {name}" if task.holder == name else task.holder
            task.agent = f"former {name}" if task.agent == name else task.agent
            task.actors = {f"former {name}" if actor == name else actor for actor in task.actors}

    def _offer(self, task: Task) -> None:
        if task.waiting and not (task.home or "").startswith("name:"):
            task.offers += 1

    def reassign(self, caller: str, task_id: str, assignee: str | None) -> None:
        task = self._owned(caller, task_id)
        if task.status in ENDED:
            raise Refused(IllegalTransition)
        needs = frozenset(need for need in task.needs if f"capability:{need}" != task.assignee)
        home, needs = self.home(assignee, needs)
        if task.holder is not None:
            task.token += 1
        task.home, task.needs, task.assignee, task.agent = home, needs, assignee, home
        task.status, task.holder, task.lease_until = "pending", None, None
        task.actors.add(caller)
        self._offer(task)

    def cancel(self, caller: str, task_id: str) -> None:
        task = self._owned(caller, task_id)
        if task.status != "cancelled":
            self._end(task, "cancelled", caller)

    def retry(self, caller: str, task_id: str) -> Task:
        """Return the new task without its id."""
        old = self._owned(caller, task_id)
        if old.status not in ENDED:
            raise Refused(IllegalTransition)
        old.actors.add(caller)
        needs = frozenset(need for need in old.needs if f"capability:{need}" != old.assignee)
        new = Task(
            "", None, needs, old.assignee, old.priority, FOREVER, old.max_attempts, old.backoff, old.timeout, set()
        )
        self.assign(new, [])
        new.actors = {caller}
        return new

    # -- access ----------------------------------------------------------------------------------

    def _visible(self, caller: str, task: Task) -> bool:
        mine = caller in (OPERATOR, BOSS, task.holder) or task.agent in (caller, f"name:{caller}")
        return mine or (task.agent is None and task.status not in ENDED)

    def _seen(self, caller: str, task_id: str) -> Task:
        task = self.tasks[task_id]
        if not self._visible(caller, task):
            raise Refused(NotFound)
        return task

    def _owned(self, caller: str, task_id: str) -> Task:
        task = self._seen(caller, task_id)
        if caller not in (BOSS, OPERATOR):
            raise Refused(PermissionDenied)
        return task

    def _held(self, caller: str, task_id: str, token: int) -> Task:
        task = self.tasks[task_id]
        if not self._visible(caller, task) and caller not in task.actors:
            raise Refused(NotFound)
        mine = task.holder == caller or caller == OPERATOR
        if token != task.token or not mine or task.status in ENDED - {"completed", "failed"}:
            raise Refused(StaleLease)
        return task

    def _worked_on(self, caller: str, task_id: str, token: int | None) -> Task:
        if token is not None:
            return self._held(caller, task_id, token)
        task = self._seen(caller, task_id)
        if task.holder == caller:
            return task
        if task.lease_until is not None:
            raise Refused(Conflict)
        if caller != OPERATOR and task.agent not in (caller, f"name:{caller}"):
            raise Refused(PermissionDenied)
        return task

    # -- working ---------------------------------------------------------------------------------

    def claim(self, caller: str, limit: int, lease: int) -> list[Task]:
        """Return the claimed tasks, in this order."""
        able = self.brings[caller]
        mine = [
            task
            for task in self.tasks.values()
            if task.waiting and (task.home == caller or (task.home is None and task.needs <= able))
        ]
        taken = sorted(mine, key=lambda task: (task.priority, task.deadline, task.task_id))[:limit]
        for task in taken:
            self._taken(task, caller)
            task.lease_seconds, task.lease_until = lease, self.now + lease * SECOND
        return taken

    def _taken(self, task: Task, doer: str) -> None:
        task.status, task.holder, task.agent = "in_progress", doer, doer
        task.token += 1
        task.attempts += 1
        task.started_at, task.available_at, task.progress = self.now, None, 0
        task.actors.add(doer)

    def _begin(self, task: Task, caller: str, *, implied: bool = False) -> None:
        """Start a pending task by a write; if it is only implied, the assignee must make it."""
        if task.status == "pending":
            if implied and task.agent not in (caller, f"name:{caller}"):
                raise Refused(IllegalTransition)
            if task.blocked:
                raise Refused(IllegalTransition)
            known = task.agent is not None and not task.agent.startswith("name:")
            self._taken(task, task.agent if caller == OPERATOR and known and task.agent else caller)
            task.actors.add(caller)

    def renew(self, caller: str, task_id: str, token: int, lease: int | None, progress: float | None) -> None:
        task = self._held(caller, task_id, token)
        if not task.in_hand:
            raise Refused(IllegalTransition)
        if progress is not None:
            if progress < task.progress:
                raise Refused(Conflict)
            task.progress = progress
        if task.status == "in_progress":
            task.lease_seconds = lease or task.lease_seconds
            task.lease_until = self.now + task.lease_seconds * SECOND

    def release(self, caller: str, task_id: str, token: int, delay: float) -> None:
        task = self._held(caller, task_id, token)
        if not task.in_hand:
            raise Refused(IllegalTransition)
        task.attempts -= 1
        self._requeue(task, caller, delay)

    def complete(self, caller: str, task_id: str, token: int | None, result: Any) -> None:
        task = self._worked_on(caller, task_id, token)
        if task.status == "completed":
            if result != task.result:
                raise Refused(Conflict)
            return
        self._begin(task, caller)
        self._end(task, "completed", caller)
        task.result = result

    def fail(self, caller: str, task_id: str, token: int | None, retry: bool, error: str) -> None:
        task = self._worked_on(caller, task_id, token)
        if task.status == "failed":
            if error != task.error:
                raise Refused(Conflict)
            return
        self._begin(task, caller)
        if not task.in_hand:
            raise Refused(IllegalTransition)
        self._failed(task, caller, retry, "failed", error)

    def append(self, caller: str, task_id: str, token: int | None) -> None:
        task = self._worked_on(caller, task_id, token)
        self._begin(task, caller, implied=True)
        if not task.in_hand:
            raise Refused(IllegalTransition)
        task.actors.add(caller)

    def comment(self, caller: str, task_id: str) -> None:
        self._seen(caller, task_id).actors.add(caller)

    def update(self, caller: str, task_id: str, status: str | None, progress: float | None, token: int | None) -> None:
        task = self._reported(caller, task_id, status, token)
        if status in ENDED and status == task.status:
            return
        if status is None and task.status in ENDED and progress is not None:
            raise Refused(IllegalTransition)
        if status not in ("pending", "cancelled", "rejected") and (status is not None or progress is not None):
            self._begin(task, caller, implied=status is None)
        if progress is not None:
            if progress < task.progress:
                raise Refused(Conflict)
            task.progress = progress
        if status is None or status == task.status:
            task.actors.add(caller)
        elif status not in FOLLOWING.get(task.status, set()):
            raise Refused(IllegalTransition)
        elif status == "pending":
            self._requeue(task, caller, 0)
        elif status in ENDED:
            self._end(task, status, caller)
        else:
            task.status = status
            task.lease_until = None
            task.actors.add(caller)

    def _reported(self, caller: str, task_id: str, status: str | None, token: int | None) -> Task:
        if status not in ("pending", "cancelled"):
            return self._worked_on(caller, task_id, token)
        task = self._seen(caller, task_id)
        if caller in (BOSS, OPERATOR):
            if status == "pending" and task.status not in INTERRUPTED:
                if task.status != "in_progress":
                    raise Refused(IllegalTransition)
                if task.lease_until is not None and caller != task.holder:
                    raise Refused(Conflict)
            return task
        if status == "cancelled":
            raise Refused(PermissionDenied)
        return self._worked_on(caller, task_id, token)

    # -- moving on -------------------------------------------------------------------------------

    def _requeue(self, task: Task, actor: str, pause: float) -> None:
        task.status, task.holder, task.lease_until, task.agent = "pending", None, None, task.home
        task.token += 1
        task.available_at = self.now + int(pause * SECOND) if pause > 0 else None
        task.actors.add(actor)
        self._offer(task)

    def _failed(self, task: Task, actor: str, retry: bool, last: str, error: str) -> None:
        if retry and task.attempts < task.max_attempts:
            self._requeue(task, actor, min(task.backoff * 2 ** (task.attempts - 1), 86_400))
        else:
            self._end(task, last, actor)
            task.error = error

    def _end(self, task: Task, status: str, actor: str) -> None:
        if status not in FOLLOWING.get(task.status, set()):
            raise Refused(IllegalTransition)
        task.status, task.lease_until, task.available_at = status, None, None
        if status == "completed":
            task.progress = 100
        task.actors.add(actor)
        for other in [found for found in self.tasks.values() if task.task_id in found.blocked]:
            if status != "completed":
                if other.status not in ENDED:
                    self._end(other, "cancelled", actor)
                continue
            other.blocked.discard(task.task_id)
            if other.status not in ENDED:
                self._offer(other)

    def settle(self) -> None:
        """Do everything that is due after time has passed."""
        while any(self._look_after(task) for task in self.tasks.values()):
            continue

    def _look_after(self, task: Task) -> bool:
        now = self.now
        if task.status == "in_progress":
            if task.lease_until is not None and task.lease_until <= now:
                self._failed(task, "system", True, "dead_lettered", "lease lost")
                return True
            if task.timeout is not None and task.started_at + task.timeout * SECOND <= now:
                self._failed(task, "system", True, "failed", "out of time")
                return True
        elif task.status not in ENDED:
            if task.deadline <= now:
                self._end(task, "expired", "system")
                return True
            if task.available_at is not None and task.available_at <= now:
                task.available_at = None
                self._offer(task)
                return True
        return False
