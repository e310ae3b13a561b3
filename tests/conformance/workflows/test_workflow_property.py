"""Random workflow graphs, workers and outcomes: steps start in order, end once, and every workflow ends."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
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
from pydantic_core import from_json

from agora.core.call import Caller
from agora_sdk.errors import Conflict, InvalidRequest, StaleLease
from tests.conformance.engines import Engine, RunsOn
from tests.conformance.stopped_app import SECOND, Place
from tests.dict_rows import DictQuery

RUNS_ON = RunsOn.BOTH

EXAMPLES = int(os.environ.get("AGORA_PROPERTY_EXAMPLES", "40"))
SHARE = {"sqlite": 1.0, "postgres": 0.15}
MOST_STEPS = 6
MOST_IN_HAND = 3
MOST_ROUNDS = 200  # rounds in which working workers must have ended any such workflow
ENDED = {"completed", "failed", "cancelled"}
STEP_ENDED = ENDED | {"skipped"}
TASK_ENDED = {"completed", "failed", "cancelled", "rejected", "expired", "dead_lettered"}

ALL_WORKFLOWS = DictQuery("select * from workflows where tenant_id = :tenant order by workflow_id")
ALL_STEPS = DictQuery("select * from workflow_steps where tenant_id = :tenant order by workflow_id, position")
ALL_ITEMS = DictQuery("select * from workflow_items where tenant_id = :tenant order by workflow_id, step, item")
ALL_TASKS = DictQuery("select * from tasks where tenant_id = :tenant order by task_id")


# -- random workflows ------------------------------------------------------------------------------


@st.composite
def workflows(draw: st.DrawFn, depth: int = 0) -> list[dict[str, Any]]:
    """Generate steps: sequential or as a graph, of every kind, some that compensate others."""
    count = draw(st.integers(3, MOST_STEPS) if depth == 0 else st.integers(1, 2))
    as_graph = draw(st.booleans())
    steps: list[dict[str, Any]] = []
    known: list[set[str]] = []  # steps known to be done before each step
    for number in range(count):
        step: dict[str, Any] = {"name": f"s{number}", "retry_backoff": 0, "retries": draw(st.integers(0, 1))}
        if as_graph:
            before = sorted(draw(st.sets(st.integers(0, number - 1), max_size=3))) if number else []
            step["depends_on"] = [f"s{other}" for other in before]
            known.append(set(step["depends_on"]).union(*(known[other] for other in before)))
        else:
            known.append({f"s{other}" for other in range(number)})
        steps.append(step | draw(kinds(sorted(known[number]), depth)))
    return steps + _compensations(draw, steps, depth)


@st.composite
def kinds(draw: st.DrawFn, known: list[str], depth: int) -> dict[str, Any]:
    """Generate the work, condition and failure handling of a step."""
    step: dict[str, Any] = draw(
        st.sampled_from(
            [{}, {}, {}, {"capability": "c"}, {"agent": "Ann"}, {"approval": True}, {"for_each": [1, 2, 3]}]
        )
    ).copy()
    if depth == 0 and draw(st.integers(0, 4)) == 4:
        step = {"workflow": draw(workflows(depth=1))} | ({"for_each": [1, 2]} if draw(st.booleans()) else {})
    if known and not step and draw(st.integers(0, 3)) == 3:
        step = {"for_each": f"steps.{draw(st.sampled_from(known))}.result.list"}
    if "for_each" in step and draw(st.booleans()):
        step["max_parallel"] = draw(st.integers(1, 2))
    conditions = ["false", "true"]
    if known:
        other = draw(st.sampled_from(known))
        conditions += [f"steps.{other}.status == 'completed'", f"steps.{other}.result.n > 1"]
    if draw(st.integers(0, 3)) == 3:
        step["when"] = draw(st.sampled_from(conditions))
    if draw(st.integers(0, 3)) == 3:
        step["on_failure"] = "continue"
    return step


def _compensations(draw: st.DrawFn, steps: list[dict[str, Any]], depth: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for step in steps:
        if "on_failure" not in step and draw(st.integers(0, 4)) == 4:
            name = draw(st.sampled_from(["undo0", "undo1"]))
            step |= {"on_failure": "compensate", "compensate": name}
            if name not in [other["name"] for other in found]:
                kind = draw(st.sampled_from([{}, {"for_each": [1, 2]}, {"for_each": []}]))
                found.append({"name": name, "retry_backoff": 0} | kind)
    return found


# -- invariants -------------------------------------------------------------------------------------


class Seen:
    """The rows of a tenant, and the rules of a workflow's graph over them."""

    def __init__(self, place: Place, tenant: str) -> None:
        self.flows = {row["workflow_id"]: dict(row) for row in place.rows(tenant, ALL_WORKFLOWS)}
        self.steps: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in self.flows}
        for row in place.rows(tenant, ALL_STEPS):
            spec = {"definition": from_json(row["definition"]), "depends_on": from_json(row["depends_on"])}
            self.steps[row["workflow_id"]][row["name"]] = dict(row) | spec
        self.items: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for row in place.rows(tenant, ALL_ITEMS):
            self.items.setdefault((row["workflow_id"], row["step"]), []).append(dict(row))
        self.tasks = {row["task_id"]: dict(row) for row in place.rows(tenant, ALL_TASKS)}

    def statuses(self) -> dict[tuple[str, str], str]:
        return {(flow, name): step["status"] for flow, steps in self.steps.items() for name, step in steps.items()}

    def undoing(self, flow: str) -> set[str]:
        return {step["definition"].get("compensate") for step in self.steps[flow].values()} - {None}

    def passes(self, step: dict[str, Any]) -> bool:
        """Whether a step lets its dependants continue."""
        if step["status"] == "failed":
            return bool(step["definition"].get("on_failure") == "continue")
        return step["status"] in ("completed", "skipped")

    def behind(self, flow: str, step: dict[str, Any]) -> bool:
        """Whether all dependencies of a step are done; a skipped one waits for its own dependencies."""
        for name in step["depends_on"]:
            before = self.steps[flow][name]
            if not self.passes(before) or (before["status"] == "skipped" and not self.behind(flow, before)):
                return False
        return True

    def has_failed(self, flow: str) -> bool:
        plain = [step for name, step in self.steps[flow].items() if name not in self.undoing(flow)]
        return any(step["status"] == "failed" and not self.passes(step) for step in plain)

    # -- rules

    def check(self, cancelled: set[str]) -> None:
        for flow, row in self.flows.items():
            for step in self.steps[flow].values():
                self._check_order(flow, step)
                self._check_work(flow, step)
            if row["status"] in ENDED:
                self._check_end(flow, row, cancelled)
            else:
                self._check_going_on(flow, row)
        self._check_tasks()

    def _check_order(self, flow: str, step: dict[str, Any]) -> None:
        if step["ready_at"] is None:
            return
        if step["name"] in self.undoing(flow):
            makers = [
                other for other in self.steps[flow].values() if other["definition"].get("compensate") == step["name"]
            ]
            assert any(other["status"] == "failed" for other in makers), f"{step['name']} makes up for nothing"
        else:
            assert self.behind(flow, step), f"{step['name']} began before what it depends on was done"
        assert step["definition"].get("when") != "false"

    def _check_work(self, flow: str, step: dict[str, Any]) -> None:
        """Check that an active step has unfinished work, and an ended step has none."""
        items = self.items.get((flow, step["name"]), [])
        parts = [step, *items]
        open_tasks = [p for p in parts if p["task_id"] and self.tasks[p["task_id"]]["status"] not in TASK_ENDED]
        open_flows = [p for p in parts if p["child_id"] and self.flows[p["child_id"]]["status"] not in ENDED]
        awaits = bool(step["definition"].get("approval")) and step["status"] == "running"
        if step["status"] in ("ready", "running"):
            waits = step["items_open"] > 0 and self.flows[flow]["paused_at"] is not None
            assert open_tasks or open_flows or awaits or waits, (
                f"{step['name']} is {step['status']}, and nobody does it"
            )
        else:
            assert not open_tasks, f"{step['name']} is {step['status']}, and its task goes on"
            assert not open_flows, f"{step['name']} is {step['status']}, and its workflow goes on"
        if step["status"] == "completed" and step["task_id"]:
            assert self.tasks[step["task_id"]]["status"] == "completed"
        if items:
            states = Counter(item["status"] for item in items)
            assert step["items_total"] == len(items)
            if step["status"] == "running":
                assert step["items_open"] == states["pending"] + states["ready"]
                assert step["items_failed"] == states["failed"]
            assert states["ready"] <= step["definition"].get("max_parallel", 100)

    def _check_end(self, flow: str, row: dict[str, Any], cancelled: set[str]) -> None:
        assert all(step["status"] in STEP_ENDED for step in self.steps[flow].values())
        if row["status"] == "cancelled":
            assert cancelled or row["parent_id"] is not None
        else:
            assert row["status"] == ("failed" if self.has_failed(flow) else "completed")
        assert row["completed_at"] is not None
        done = ("completed", "skipped") if row["status"] in ("failed", "cancelled") else STEP_ENDED
        undoing = self.undoing(flow)
        plain = [step for name, step in self.steps[flow].items() if name not in undoing]
        assert row["done_steps"] == sum(step["status"] in done for step in plain)

    def _check_going_on(self, flow: str, row: dict[str, Any]) -> None:
        """Check that everything allowed by the graph progresses."""
        steps, undoing = self.steps[flow], self.undoing(flow)
        plain = [step for name, step in steps.items() if name not in undoing]
        assert row["done_steps"] == sum(step["status"] in STEP_ENDED for step in plain)
        if row["paused_at"] is not None:
            assert row["status"] == "paused"
            return
        assert any(step["status"] in ("ready", "running") for step in steps.values()), "nothing will advance it"
        if self.has_failed(flow):
            assert all(step["status"] in STEP_ENDED for step in plain)
        else:
            for step in plain:
                assert step["status"] != "pending" or not self.behind(flow, step), f"{step['name']} could have begun"

    def _check_tasks(self) -> None:
        """Check that there is one task for each step and part, claimable only while it is needed."""
        parts = Counter((task["workflow_id"], task["step"], task["item"]) for task in self.tasks.values())
        assert not parts or max(parts.values()) == 1, "a step was begun twice"
        for task in self.tasks.values():
            flow = self.flows[task["workflow_id"]]
            if flow["status"] in ENDED:
                assert task["status"] in TASK_ENDED
            if task["waiting"]:
                assert flow["status"] not in ENDED, "something of an ended workflow can be claimed"
                assert flow["paused_at"] is None, "something of a paused workflow can be claimed"
            elif task["status"] == "pending" and flow["paused_at"] is None:
                assert task["available_at"] is not None, "a task of a running workflow can never be claimed"


# -- the machine -----------------------------------------------------------------------------------

actions = st.sampled_from(["pause or resume"] * 2 + ["skip", "reassign", "add", "reorder"])


class Machine(RuleBasedStateMachine):
    """Workers claim and execute work; people change, approve and stop."""

    place: Place

    def __init__(self) -> None:
        super().__init__()
        self.tenant = self.place.tenant()
        self.operator = replace(self.place.market.operator, tenant=self.tenant)
        self.boss = self.place.register(self.operator, "Boss", [])
        self.workers = {name: self.place.register(self.operator, name, ["c"]) for name in ("Ann", "Bob")}
        self.hands: list[tuple[Caller, Any]] = []
        self.cancelled: set[str] = set()
        self.statuses: dict[tuple[str, str], str] = {}
        self.sound = False
        self.added = self.turns = 0

    @initialize(steps=workflows(), luck=st.sampled_from([3, 5, 1000]))
    def create(self, steps: list[dict[str, Any]], luck: int) -> None:
        self.luck = luck
        answer = self.place.call(self.boss, "workflow.create", workflow_name="random", steps=steps, input={"n": 1})
        self.workflow_id = answer.workflow_id

    # -- workers ---------------------------------------------------------------------------------

    @precondition(lambda self: len(self.hands) < MOST_IN_HAND)
    @rule(name=st.sampled_from(["Ann", "Bob"]), limit=st.integers(1, 3))
    def take(self, name: str, limit: int) -> None:
        self.sound = False
        self._take(name, limit)

    def _take(self, name: str, limit: int) -> int:
        claim = self.place.call(self.workers[name], "task.claim", limit=limit, lease_seconds=5)
        self.hands += [(self.workers[name], task) for task in claim.tasks]
        return len(claim.tasks)

    @precondition(lambda self: self.hands)
    @rule(
        number=st.integers(0, 9),
        n=st.integers(0, 3),
        outcome=st.sampled_from(["well"] * 3 + ["ill", "over"] * 2 + ["back"]),
    )
    def finish(self, number: int, n: int, outcome: str) -> None:
        self.sound = False
        self._finish(self.hands.pop(number % len(self.hands)), n, outcome)

    def _finish(self, held: tuple[Caller, Any], n: int, outcome: str) -> None:
        """Report an outcome; only a worker that has lost its task may be refused."""
        worker, task = held
        given = {"task_id": task.task_id, "fencing_token": task.fencing_token}
        try:
            if outcome == "well":
                self.place.call(worker, "task.complete", **given, result={"n": n, "list": list(range(n))})
            elif outcome == "back":
                self.place.call(worker, "task.release", **given)
            else:
                self.place.call(worker, "task.fail", **given, error="broken", retry=outcome == "ill")
        except StaleLease:
            row = next(row for row in self.place.rows(self.tenant, ALL_TASKS) if row["task_id"] == task.task_id)
            assert row["fence"] > task.fencing_token or row["status"] in TASK_ENDED

    @rule(n=st.integers(0, 3), outcome=st.sampled_from(["well", "well", "over"]))
    def finish_while_paused(self, n: int, outcome: str) -> None:
        """Work that started before a pause may end during it."""
        self.sound = False
        self._take("Ann", 1)
        self._take("Bob", 1)
        if Seen(self.place, self.tenant).flows[self.workflow_id]["status"] in ("running", "waiting_approval"):
            self._change("workflow.modify", workflow_id=self.workflow_id, action="pause")
        while self.hands:
            self._finish(self.hands.pop(), n, outcome)

    @rule(seconds=st.sampled_from([6, 6, 35]))
    def time_passes(self, seconds: int) -> None:
        self.sound = False
        self.place.clock.time += seconds * SECOND
        self.place.settle(self.tenant)

    # -- people ----------------------------------------------------------------------------------

    def _flow(self, number: int) -> str:
        flows = list(Seen(self.place, self.tenant).flows)
        return flows[0 if number < 6 else number % len(flows)]

    @rule(
        number=st.integers(0, 9),
        action=actions,
        which=st.integers(0, MOST_STEPS - 1),
        agent=st.sampled_from(["Ann", "Bob"]),
    )
    def modify(self, number: int, action: str, which: int, agent: str) -> None:
        self.sound = False
        flow = self._flow(number)
        if action == "pause or resume":
            paused = Seen(self.place, self.tenant).flows[flow]["paused_at"] is not None
            action = "resume" if paused else "pause"
        given: dict[str, Any] = {"workflow_id": flow, "action": action}
        if action in ("skip", "reassign"):
            given["step"] = f"s{which}"
        if action == "reassign":
            given["agent"] = agent
        if action == "add":
            self.added += 1
            given |= {"definition": {"name": f"added{self.added}", "retry_backoff": 0}, "before": [f"s{which}"]}
        if action == "reorder":
            steps = Seen(self.place, self.tenant).steps[flow]
            given["order"] = [name for name, step in steps.items() if step["status"] == "pending"][::-1]
        self._change("workflow.modify", **given)

    def _change(self, operation: str, **given: Any) -> None:
        """A refused change has no effect."""
        before = Seen(self.place, self.tenant)
        try:
            self.place.call(self.operator, operation, **given)
        except (Conflict, InvalidRequest):
            after = Seen(self.place, self.tenant)
            assert (before.flows, before.steps, before.items, before.tasks) == (
                after.flows,
                after.steps,
                after.items,
                after.tasks,
            )
        except Exception as error:
            if type(error).__name__ != "NotFound":
                raise

    @precondition(lambda self: "approval" in self.awaited())
    @rule(approved=st.sampled_from([True, True, True, False]))
    def approve(self, approved: bool) -> None:
        self.sound = False
        self._approve(approved)

    def awaited(self) -> set[str]:
        return {"approval"} if self._awaiting() else set()

    def _awaiting(self) -> list[tuple[str, str]]:
        seen = Seen(self.place, self.tenant)
        return [
            (flow, name)
            for flow, steps in seen.steps.items()
            for name, step in steps.items()
            if step["definition"].get("approval") and step["status"] == "running"
        ]

    def _approve(self, approved: bool) -> None:
        flow, name = self._awaiting()[0]
        self.place.call(self.operator, "workflow.approve", workflow_id=flow, step=name, approved=approved)

    @rule(number=st.integers(0, 9), chance=st.integers(0, 9))
    def cancel(self, number: int, chance: int) -> None:
        if chance == 9:
            self.sound = False
            flow = self._flow(number)
            if Seen(self.place, self.tenant).flows[flow]["status"] not in ENDED:
                self.place.call(self.boss, "workflow.cancel", workflow_id=flow, reason="enough")
                self.cancelled.add(flow)

    # -- invariants --------------------------------------------------------------------------------

    @invariant()
    def the_graph_is_kept(self) -> None:
        seen = Seen(self.place, self.tenant)
        seen.check(self.cancelled)
        statuses = seen.statuses()
        for step, before in self.statuses.items():
            after = statuses[step]
            assert before not in STEP_ENDED or after == before, f"{step} was {before}, and is {after}"
            assert before == "pending" or after != "pending", f"{step} was {before}, and is {after}"
        self.statuses = statuses
        self.sound = True

    def teardown(self) -> None:
        if self.sound:
            self._go_on()
            self.the_graph_is_kept()
            flows = Seen(self.place, self.tenant).flows.values()
            assert {flow["status"] for flow in flows} <= ENDED, "workers went on, and it has not ended"

    def _go_on(self) -> None:
        """Resume everything; all workers work, with random success."""
        for _ in range(MOST_ROUNDS):
            seen = Seen(self.place, self.tenant)
            if all(flow["status"] in ENDED for flow in seen.flows.values()):
                return
            for flow, row in seen.flows.items():
                if row["paused_at"] is not None and row["status"] not in ENDED:
                    self._change("workflow.modify", workflow_id=flow, action="resume")
            if self._awaiting():
                self._approve(True)
            while self.hands:
                self.turns += 1
                self._finish(self.hands.pop(), 2, "ill" if self.turns % self.luck == 0 else "well")
            if not self._take("Ann", 5) + self._take("Bob", 5):
                self.place.clock.time += 40 * SECOND
                self.place.settle(self.tenant)


@pytest.fixture
def place(engine: Engine, tmp_path: Path) -> Iterator[Place]:
    place = Place(engine, tmp_path / "data")
    yield place
    place.close()


def test_workflows_follow_their_graph_and_end(place: Place, engine: Engine) -> None:
    class Here(Machine):
        pass

    Here.place = place
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Here,
        settings=settings(
            max_examples=round(EXAMPLES * SHARE[engine.dialect]),
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
