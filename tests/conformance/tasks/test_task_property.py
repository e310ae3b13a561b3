"""Any sequence of task calls by any caller: tasks agree with a small model, and none is lost."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from agora.clock import to_datetime
from agora.core.call import Caller
from agora_sdk.errors import AgoraError
from tests.conformance.engines import Engine, RunsOn
from tests.conformance.stopped_app import Place
from tests.conformance.tasks.task_model import BOSS, ENDED, FOLLOWING, FOREVER, OPERATOR, SECOND, Board, Refused, Task
from tests.dict_rows import DictQuery

RUNS_ON = RunsOn.BOTH

EXAMPLES = int(os.environ.get("AGORA_PROPERTY_EXAMPLES", "40"))
SHARE = {"sqlite": 1.0, "postgres": 0.15}
BRINGS = {"Ann": frozenset({"x"}), "Bob": frozenset({"x", "y"}), "Cat": frozenset[str]()}
RANKS = ["urgent", "high", "normal", "low"]
MOST_TASKS = 8

ALL_TASKS = DictQuery("select * from tasks where tenant_id = :tenant order by task_id")
ALL_ENTRIES = DictQuery(
    """
    select task_id, number, type, status from task_entries where tenant_id = :tenant order by task_id, number
    """
)
BUSY = DictQuery("select agent_id, active_tasks from agents where tenant_id = :tenant")
OFFERS = DictQuery(
    """
    select subject, count(*) as times from events where tenant_id = :tenant and type = 'agora.task.available'
    group by subject
    """
)


people = st.sampled_from(["the holder"] * 4 + [BOSS, "Ann", "Bob", "Dan", OPERATOR])
tokens = st.sampled_from(["newest"] * 4 + ["none"] * 2 + ["older", "unknown"])
which = st.integers(0, MOST_TASKS - 1)
assignees = st.sampled_from([None, None, "Ann", "Bob", "Cat", "capability:x", "capability:y", "Dan", "Dan"])
statuses = st.sampled_from(
    ["in_progress", "completed", "failed", "cancelled", "rejected", "input_required", "auth_required", "pending", None]
)


@dataclass(frozen=True)
class Order:
    assignee: str | None
    needs: tuple[str, ...]
    priority: int
    deadline: int | None
    attempts: int
    backoff: float
    timeout: int | None
    depends_on: frozenset[int]


orders = st.builds(
    Order,
    assignees,
    st.sampled_from([(), (), ("x",), ("x", "y")]),
    st.integers(0, 3),
    st.sampled_from([None, None, 5, 20, 60]),
    st.integers(1, 3),
    st.sampled_from([0, 0, 1.5, 20]),
    st.sampled_from([None, None, 5, 15]),
    st.frozensets(st.integers(0, 3), max_size=2),
)

Expected = tuple[dict[str, Any], Callable[[Board], Any]]
WORK: dict[str, Callable[[str, str, int], Expected]] = {
    "complete": lambda who, task, token: ({"result": 1}, lambda board: board.complete(who, task, token, 1)),
    "fail": lambda who, task, token: ({"error": "broken"}, lambda board: board.fail(who, task, token, True, "broken")),
    "release": lambda who, task, token: ({}, lambda board: board.release(who, task, token, 0)),
    "renew": lambda who, task, token: ({}, lambda board: board.renew(who, task, token, None, None)),
}


class Machine(RuleBasedStateMachine):
    """Makes the same calls through the dispatcher and on the model."""

    place: Place

    def __init__(self) -> None:
        super().__init__()
        self.tenant = self.place.tenant()
        operator = replace(self.place.market.operator, tenant=self.tenant)
        self.callers: dict[str, Caller] = {OPERATOR: operator}
        self.board = Board(BRINGS | {BOSS: frozenset()}, self.place.clock.time)
        self.names: dict[str, str] = {}
        self.fences: dict[str, int] = {}
        for name, able in self.board.brings.items():
            self._register(name, able)

    def _register(self, name: str, able: frozenset[str]) -> None:
        self.callers[name] = self.place.register(self.callers[OPERATOR], name, sorted(able))
        self.names[self.callers[name].subject] = name

    # -- calls -----------------------------------------------------------------------------------

    def both(self, operation: str, caller: str, expected: Callable[[Board], Any], **given: Any) -> Any:
        """Make a call on both. Returns both answers, or None if both refuse."""
        trial, kinds, wanted = pickle.loads(pickle.dumps(self.board)), (), None  # takes half the time of deepcopy
        try:
            wanted = expected(trial)
        except Refused as refused:
            kinds = refused.kinds
        try:
            answer = self.place.call(self.callers[caller], f"task.{operation}", **given)
        except AgoraError as error:
            if type(error) not in kinds:
                raise AssertionError(f"{caller} cannot {operation}; the model says {kinds or 'yes'}") from error
            return None
        assert not kinds, f"{caller} could {operation}; the model says {kinds}"
        self.board = trial
        return answer, wanted

    def pick(self, number: int) -> Task:
        """Pick a task, mostly one that has not ended."""
        every = list(self.board.tasks.values())
        found = [task for task in every if task.status not in ENDED] if number else every
        return (found or every)[number % len(found or every)]

    def person(self, who: str, task: Task) -> str:
        who = who if who != "the holder" else task.holder or task.agent or "Ann"
        return who if who in self.callers else "Cat"

    def token(self, kind: str, caller: str, task: Task) -> int | None:
        if kind == "none" or (kind == "newest" and task.holder is None) or (caller == OPERATOR and task.holder is None):
            return None
        return {"newest": task.token, "older": max(0, task.token - 1), "unknown": task.token + 1}[kind]

    # -- rules -----------------------------------------------------------------------------------

    @initialize(orders=st.lists(orders, min_size=2, max_size=4))
    def begin(self, orders: list[Order]) -> None:
        for order in orders:
            self._assign(order)

    @precondition(lambda self: len(self.board.tasks) < MOST_TASKS)
    @rule(order=orders)
    def assign(self, order: Order) -> None:
        self._assign(order)

    def _assign(self, order: Order) -> None:
        every, deadline = list(self.board.tasks), order.deadline
        before = [every[number] for number in sorted(order.depends_on) if number < len(every)]
        if before:
            deadline = None  # which of two deadlines comes first would be random
        ends = FOREVER if deadline is None else self.board.now + deadline * SECOND
        kept = (order.priority, ends, order.attempts, order.backoff, order.timeout)
        task = Task("", None, frozenset(order.needs), order.assignee, *kept, set())
        given: dict[str, Any] = {"assignee": order.assignee, "required_capabilities": list(order.needs)}
        given |= {"deadline": to_datetime(ends)} if deadline is not None else {}
        given |= {"priority": RANKS[order.priority], "max_attempts": order.attempts, "depends_on": before}
        given |= {"retry_backoff": order.backoff, "timeout": order.timeout, "task_type": "work"}
        if self.both("assign", BOSS, lambda board: board.assign(task, before), **given):
            self._made(task)

    def _made(self, task: Task) -> None:
        found = [row["task_id"] for row in self._rows(ALL_TASKS) if row["task_id"] not in self.board.tasks]
        assert len(found) == 1
        task.task_id = found[0]
        self.board.tasks[task.task_id] = task

    @precondition(lambda self: any("Dan" in (task.home or "") for task in self.board.tasks.values()))
    @rule()
    def dan_comes_or_goes(self) -> None:
        if "Dan" not in self.callers:
            self._register("Dan", frozenset())
            self.board.join("Dan", frozenset())
        else:
            dan = self.callers.pop("Dan")
            self.place.call(dan, "agent.deregister", agent_id=dan.subject)
            self.names[dan.subject] = "former Dan"
            self.board.leave("Dan")

    @precondition(lambda self: any(task.waiting for task in self.board.tasks.values()))
    @rule(number=which, lease=st.sampled_from([5, 5, 30]))
    def take(self, number: int, lease: int) -> None:
        """Claim as an agent that can get a task."""
        waiting = [task for task in self.board.tasks.values() if task.waiting]
        self._claim(waiting[number % len(waiting)].home or "Bob", 1, lease)

    @precondition(lambda self: any(task.waiting for task in self.board.tasks.values()))
    @rule(caller=st.sampled_from(["Ann", "Bob", "Cat", "Dan"]), limit=st.integers(1, 3), lease=st.sampled_from([5, 30]))
    def claim(self, caller: str, limit: int, lease: int) -> None:
        self._claim(caller, limit, lease)

    def _claim(self, caller: str, limit: int, lease: int) -> None:
        caller = caller if caller in self.callers else "Cat"
        both = self.both(
            "claim", caller, lambda board: board.claim(caller, limit, lease), limit=limit, lease_seconds=lease
        )
        claim, wanted = both
        assert [task.task_id for task in claim.tasks] == [task.task_id for task in wanted]
        for task, model in zip(claim.tasks, wanted, strict=True):
            assert (task.fencing_token, task.attempts) == (model.token, model.attempts)

    @precondition(lambda self: any(task.holder and task.in_hand for task in self.board.tasks.values()))
    @rule(number=which, what=st.sampled_from([*WORK, *WORK, "complete", "complete"]))
    def carry_on(self, number: int, what: str) -> None:
        """Act like a well-behaved worker."""
        mine = [task for task in self.board.tasks.values() if task.holder in self.callers and task.in_hand]
        if mine:
            task = mine[number % len(mine)]
            caller, task_id, token = task.holder or "", task.task_id, task.token
            given, expected = WORK[what](caller, task_id, token)
            self.both(what, caller, expected, task_id=task_id, fencing_token=token, **given)

    @precondition(lambda self: self.board.tasks)
    @rule(number=which, who=people, kind=tokens, lease=st.none() | st.just(10), progress=st.none() | st.integers(0, 99))
    def renew(self, number: int, who: str, kind: str, lease: int | None, progress: int | None) -> None:
        task = self.pick(number)
        caller = self.person(who, task)
        token = self.token(kind, caller, task)
        if token is not None:
            given = {"task_id": task.task_id, "fencing_token": token, "lease_seconds": lease, "progress": progress}
            self.both("renew", caller, lambda board: board.renew(caller, task.task_id, token, lease, progress), **given)

    @precondition(lambda self: self.board.tasks)
    @rule(number=which, who=people, kind=tokens, delay=st.sampled_from([0, 0, 7]))
    def release(self, number: int, who: str, kind: str, delay: int) -> None:
        task = self.pick(number)
        caller = self.person(who, task)
        token = self.token(kind, caller, task)
        if token is not None:
            given = {"task_id": task.task_id, "fencing_token": token, "delay": delay}
            self.both("release", caller, lambda board: board.release(caller, task.task_id, token, delay), **given)

    @precondition(lambda self: self.board.tasks)
    @rule(number=which, who=people, kind=tokens)
    def complete(self, number: int, who: str, kind: str) -> None:
        task = self.pick(number)
        caller = self.person(who, task)
        token = self.token(kind, caller, task)
        result = {"by": caller}
        given = {"task_id": task.task_id, "fencing_token": token, "result": result}
        self.both("complete", caller, lambda board: board.complete(caller, task.task_id, token, result), **given)

    @precondition(lambda self: self.board.tasks)
    @rule(number=which, who=people, kind=tokens, retry=st.booleans(), error=st.sampled_from(["broken", "torn"]))
    def fail(self, number: int, who: str, kind: str, retry: bool, error: str) -> None:
        task = self.pick(number)
        caller = self.person(who, task)
        token = self.token(kind, caller, task)
        given = {"task_id": task.task_id, "fencing_token": token, "error": error, "retry": retry}
        self.both("fail", caller, lambda board: board.fail(caller, task.task_id, token, retry, error), **given)

    @precondition(lambda self: self.board.tasks)
    @rule(number=which, who=people, kind=tokens, status=statuses, progress=st.none() | st.integers(0, 99))
    def update(self, number: int, who: str, kind: str, status: str | None, progress: int | None) -> None:
        task = self.pick(number)
        caller = self.person(who, task)
        token = self.token(kind, caller, task)
        if status is not None:
            progress = None
        given = {"task_id": task.task_id, "fencing_token": token, "status": status, "progress": progress}
        self.both("update", caller, lambda board: board.update(caller, task.task_id, status, progress, token), **given)

    @precondition(lambda self: self.board.tasks)
    @rule(number=which, who=people, kind=tokens)
    def append(self, number: int, who: str, kind: str) -> None:
        task = self.pick(number)
        caller = self.person(who, task)
        token = self.token(kind, caller, task)
        given = {"task_id": task.task_id, "fencing_token": token, "content": "line\n"}
        self.both("append", caller, lambda board: board.append(caller, task.task_id, token), **given)

    @precondition(lambda self: self.board.tasks)
    @rule(number=which, who=people)
    def cancel(self, number: int, who: str) -> None:
        task = self.pick(number)
        caller = self.person(who, task)
        self.both("cancel", caller, lambda board: board.cancel(caller, task.task_id), task_id=task.task_id)

    @precondition(lambda self: self.board.tasks)
    @rule(number=which, who=people)
    def comment(self, number: int, who: str) -> None:
        task = self.pick(number)
        caller = self.person(who, task)
        self.both("comment", caller, lambda board: board.comment(caller, task.task_id), task_id=task.task_id, text="hm")

    @precondition(lambda self: self.board.tasks)
    @rule(number=which, who=st.sampled_from([BOSS, BOSS, "Ann", OPERATOR]), assignee=assignees)
    def reassign(self, number: int, who: str, assignee: str | None) -> None:
        task = self.pick(number)
        given = {"task_id": task.task_id, "assignee": assignee}
        self.both("reassign", who, lambda board: board.reassign(who, task.task_id, assignee), **given)

    @precondition(lambda self: 0 < len(self.board.tasks) < MOST_TASKS)
    @rule(number=which, who=st.sampled_from([BOSS, BOSS, "Ann"]))
    def retry(self, number: int, who: str) -> None:
        task = self.pick(number)
        if both := self.both("retry", who, lambda board: board.retry(who, task.task_id), task_id=task.task_id):
            answer, made = both
            self._made(made)
            assert made.task_id == answer.task_id

    @rule(seconds=st.sampled_from([1, 6, 6, 11, 31]), looks=st.sampled_from([True, True, False]))
    def time_passes(self, seconds: int, looks: bool) -> None:
        """Sometimes the controller is late."""
        self.place.clock.time += seconds * SECOND
        self.board.now = self.place.clock.time
        if looks:
            self.board.settle()
            self.place.settle(self.tenant)

    # -- invariants --------------------------------------------------------------------------------

    def _rows(self, query: DictQuery) -> list[Any]:
        return self.place.rows(self.tenant, query)

    def _name(self, subject: str | None) -> str | None:
        return subject if subject is None else self.names.get(subject, subject)

    @invariant()
    def each_task_is_as_the_model_has_it(self) -> None:
        rows = {row["task_id"]: row for row in self._rows(ALL_TASKS)}
        assert rows.keys() == self.board.tasks.keys()
        for task in self.board.tasks.values():
            row = rows[task.task_id]
            found = {name: row[name] for name in ("status", "attempts", "available_at", "lease_until", "progress")}
            found |= {"holder": self._name(row["holder"]), "agent": self._name(row["assigned_agent"])}
            found |= {"token": row["fence"], "waiting": bool(row["waiting"])}
            assert found == {name: getattr(task, name) for name in found}
            if task.status not in ENDED:
                assert row["blocked"] == len(task.blocked)
            assert row["fence"] >= self.fences.get(task.task_id, 0)
            self.fences[task.task_id] = row["fence"]
            assert (row["completed_at"] is not None) == (task.status in ENDED)
            if moments := task.moments(self.board.now):
                assert row["due_at"] is not None
                assert row["due_at"] <= min(moments)
            elif task.status in ENDED:
                assert row["due_at"] is None

    @invariant()
    def each_log_has_no_gap_and_no_leap(self) -> None:
        logs: dict[str, list[Any]] = {}
        for row in self._rows(ALL_ENTRIES):
            logs.setdefault(row["task_id"], []).append(row)
        for task in self.board.tasks.values():
            log = logs[task.task_id]
            assert [row["number"] for row in log] == list(range(1, len(log) + 1))
            course = [row["status"] for row in log if row["status"] is not None]
            assert course[0] == "pending"
            assert course[-1] == task.status
            for before, after in pairwise(course):
                assert after in FOLLOWING[before]
            assert sum(row["type"] == "done" for row in log) == (task.status in ENDED)

    @invariant()
    def nobody_is_busier_than_its_tasks(self) -> None:
        for row in self._rows(BUSY):
            mine = [task for task in self.board.tasks.values() if task.holder == self._name(row["agent_id"])]
            assert row["active_tasks"] == sum(task.in_hand for task in mine)

    @invariant()
    def whoever_waits_is_told_of_each_offer(self) -> None:
        offers = {row["subject"]: row["times"] for row in self._rows(OFFERS)}
        assert offers == {task.task_id: task.offers for task in self.board.tasks.values() if task.offers}


@pytest.fixture
def place(engine: Engine, tmp_path: Path) -> Iterator[Place]:
    place = Place(engine, tmp_path / "data")
    yield place
    place.close()


def test_tasks_agree_with_the_model(place: Place, engine: Engine) -> None:
    class Here(Machine):
        pass

    Here.place = place
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Here,
        settings=settings(
            max_examples=round(EXAMPLES * SHARE[engine.dialect]),
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
