"""A run of a workflow: its row and steps are loaded and locked, changed, and written back.

No state of a workflow is held in memory between transactions. Each cause of progress (the end of a task, an approval, a
modification) loads the workflow, applies the change, begins all steps that are ready, and saves, in one transaction with
the cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from agora.core.call import Call, decode_json, encode_json
from agora.core.errors import not_found
from agora.domains.agents.references import resolve_agent_ids_at
from agora_sdk.contract.workflows import Step, StepStatus, WorkflowStatus
from agora_sdk.errors import NotFound

from . import queries as workflows
from .planning.expressions import ExpressionError, WorkBudget
from .records import WorkflowRow, WorkflowStep

__all__ = [
    "TERMINAL_STATUSES",
    "Budget",
    "StepDraft",
    "WorkflowRun",
    "build_failure_and_result",
    "build_unknown_workflow_error",
    "list_named_agents",
    "load_outcomes",
    "parse_definition",
]

# 4096 definitions of at most 4096 characters bound the cache to some tens of megabytes of models.
MAX_CACHED_CHARACTERS = 4096  #: most characters of a cached definition
MAX_PAYLOAD_CHARACTERS = 16_777_216  #: most characters of all payloads that begin in one transaction
WORK_UNITS_PER_TRANSACTION = 30_000  #: units of work for expressions in one transaction: some 25 milliseconds
_W, _S = WorkflowStatus, StepStatus
TERMINAL_STATUSES = frozenset({_W.COMPLETED, _W.FAILED, _W.CANCELLED})


def parse_definition(text: str) -> Step:
    """Parse a step definition; the result is shared and never changed."""
    return _parse_cached_definition(text) if len(text) <= MAX_CACHED_CHARACTERS else Step.model_validate_json(text)


@lru_cache(4096)
def _parse_cached_definition(text: str) -> Step:
    return Step.model_validate_json(text)


class Budget:
    """Remaining limits of one transaction, for a workflow and its nested workflows."""

    __slots__ = ("characters", "work")

    def __init__(self) -> None:
        self.work = WorkBudget(WORK_UNITS_PER_TRANSACTION)
        self.characters = MAX_PAYLOAD_CHARACTERS

    def spend_payload(self, text: str) -> str:
        """Spend the size of a payload. Raises ExpressionError if there are too many payloads or too large ones."""
        self.characters -= len(text)
        if self.characters < 0:
            raise ExpressionError(
                f"the payloads of what begins at once are larger than {MAX_PAYLOAD_CHARACTERS:,} characters; "
                "store large values outside of the workflow, and set max_parallel"
            )
        return text


class StepDraft:
    """A step and its pending changes."""

    __slots__ = ("_spec", "changed", "depends_on", "row")

    def __init__(self, row: WorkflowStep) -> None:
        self.row = row
        self.depends_on: list[str] = decode_json(row.depends_on)
        self.changed: dict[str, Any] = {}
        self._spec: Step | None = None

    @property
    def name(self) -> str:
        return self.row.name

    @property
    def status(self) -> StepStatus:
        return StepStatus(self.row.status)

    @property
    def spec(self) -> Step:
        if self._spec is None:
            self._spec = parse_definition(self.row.definition)
        return self._spec

    @property
    def has_ended(self) -> bool:
        return self.row.status not in ("pending", "ready", "running")

    @property
    def is_active(self) -> bool:
        return self.row.status in ("ready", "running")

    @property
    def is_satisfied(self) -> bool:
        """Whether dependent steps may begin."""
        if self.row.status == _S.FAILED:
            return self.spec.on_failure == "continue"
        return self.row.status in (_S.COMPLETED, _S.SKIPPED)

    def set_columns(self, **values: Any) -> None:
        self.changed |= values
        for name, value in values.items():
            if name != "result":  # not in the loaded row: results are read with those of tasks (load_outcomes)
                setattr(self.row, name, value)
        if "definition" in values:
            self._spec = None


class WorkflowRun:
    """A locked workflow. reported: whether the parent workflow detects its end by itself."""

    __slots__ = (
        "_changed",
        "_compensations",
        "_dependents",
        "_examined_steps",
        "_resolved_agents",
        "_scope",
        "budget",
        "call",
        "moved",
        "reported",
        "row",
        "steps",
    )

    def __init__(self, call: Call, row: WorkflowRow, steps: list[StepDraft], budget: Budget | None = None) -> None:
        # The budget is of the transaction: nested workflows that begin in it share their parent's.
        self.call, self.budget = call, budget or Budget()
        self.row = row
        self.steps = {step.name: step for step in steps}
        self.moved: dict[str, str] = {}
        self.reported = False
        self._examined_steps: set[str] = set()
        self._resolved_agents: tuple[list[str], list[str]] | None = None
        self._scope: dict[str, Any] | None = None
        self._changed: set[str] = set()
        self._compensations: frozenset[str] | None = None
        self._dependents: dict[str, list[tuple[int, StepDraft]]] | None = None

    @classmethod
    async def lock_and_load_run(cls, call: Call, workflow_id: str) -> WorkflowRun:
        """Lock a workflow and load its steps. Raises NotFound."""
        row = await call.tx.one(workflows.lock_workflow, workflow_id=workflow_id)
        if row is None:
            raise build_unknown_workflow_error(workflow_id)
        return cls(
            call, row, [StepDraft(step) for step in await call.tx.all(workflows.select_steps, workflow_id=workflow_id)]
        )

    async def reload_rows(self) -> None:
        """Reload the rows after a save, with other changes of the same transaction."""
        locked_run = await WorkflowRun.lock_and_load_run(self.call, self.workflow_id)
        self.row, self.steps, self._scope, self._dependents = locked_run.row, locked_run.steps, None, None

    # -- reading ---------------------------------------------------------------------------------

    @property
    def workflow_id(self) -> str:
        return self.row.workflow_id

    @property
    def has_ended(self) -> bool:
        return self.row.status in TERMINAL_STATUSES

    @property
    def compensation_steps(self) -> frozenset[str]:
        """Return the compensation steps, which run only after the failure of others."""
        if self._compensations is None:
            compensations = (step.spec.compensate for step in self.steps.values())
            self._compensations = frozenset(name for name in compensations if name is not None)
        return self._compensations

    @property
    def assigned_agents(self) -> list[str]:
        agents: list[str] = decode_json(self.row.assigned_agents)
        return agents

    def normal_flow_steps(self) -> Iterator[StepDraft]:
        """Iterate over the steps of the normal flow, in order."""
        return (step for step in self.steps.values() if step.name not in self.compensation_steps)

    def list_successors(self, ended: Iterable[StepDraft]) -> list[StepDraft]:
        """List the steps of the normal flow that may have waited for one of the ended steps, in order.

        A skipped step passes on its own dependencies, so its successors may have waited for the ended steps too.
        """
        if self._dependents is None:
            self._dependents = {}
            for number, step in enumerate(self.steps.values()):
                for name in step.depends_on:
                    self._dependents.setdefault(name, []).append((number, step))
        waits, names = {}, [step.name for step in ended]
        while names:
            for number, step in self._dependents.get(names.pop(), ()):
                if number not in waits:
                    waits[number] = step
                    if step.status is _S.SKIPPED:
                        names.append(step.name)
        compensations = self.compensation_steps
        return [step for _, step in sorted(waits.items()) if step.name not in compensations]

    def can_begin(self, step: StepDraft) -> bool:
        """Whether all dependencies of a step are done."""
        return step.status is _S.PENDING and self._has_satisfied_dependencies(step)

    def _has_satisfied_dependencies(self, step: StepDraft) -> bool:
        """Whether the dependencies of a step are satisfied; a skipped one passes on its own dependencies."""
        waits, left_out = list(step.depends_on), set[str]()
        while waits:
            # Iterative: a chain of skipped steps may be as long as the workflow.
            before = self.steps[waits.pop()]
            if not before.is_satisfied:
                return False
            if before.status is _S.SKIPPED and before.name not in self._examined_steps and before.name not in left_out:
                left_out.add(before.name)
                waits += before.depends_on
        self._examined_steps |= left_out  # each is examined once, however many paths lead to it
        return True

    # -- changing --------------------------------------------------------------------------------

    def set_columns(self, **values: Any) -> None:
        for name, value in values.items():
            if getattr(self.row, name) != value:
                setattr(self.row, name, value)
                self._changed.add(name)

    def set_step_status(self, step: StepDraft, status: StepStatus, **values: Any) -> None:
        """Set the status of a step, and queue its event."""
        now = self.call.now
        values |= {"status": status.value}
        if status in (_S.READY, _S.RUNNING):
            values.setdefault("ready_at", now)
        elif status is not _S.PENDING:
            values.setdefault("completed_at", now)
        step.set_columns(**values)
        if status is _S.SKIPPED and self._scope is not None:
            # Completed in place: reading all outcomes again for each of many skipped steps would take quadratic time.
            self._scope["steps"][step.name] = {"status": status.value, "error": None, "result": None}
        # Its outcome is new: the next expression reads it from the database.
        elif step.has_ended:
            self._scope = None
        self.moved[step.name] = status.value

    async def save_steps(self) -> None:
        """Write the changed steps, so that later reads in this transaction see them."""
        for step in self.steps.values():
            if step.changed:
                # Emptied before the write, so that a nested save in the same transaction does not write them again.
                changes, step.changed = step.changed, {}
                write = workflows.build_step_update(frozenset(changes))
                await self.call.tx.execute(write, workflow_id=self.workflow_id, name=step.name, **changes)

    async def save(self) -> None:
        """Write all changes and emit their events."""
        await self.save_steps()
        self.set_columns(done_steps=self.count_done_steps(), status=self._compute_status())
        self.set_columns(updated_at=self.call.now)
        columns, self._changed = frozenset(self._changed), set()
        values = {name: getattr(self.row, name) for name in columns}
        if columns:
            await self.call.tx.execute(workflows.build_workflow_update(columns), workflow_id=self.workflow_id, **values)
        await self.emit("updated", steps=self.moved)
        self.moved = {}

    def count_done_steps(self) -> int:
        """Count the steps that need no more work. In a failed or cancelled workflow, only the steps done by then count, not
        those that failed with it or never began.
        """
        unfinished = (_S.FAILED, _S.CANCELLED) if self.row.status in (_W.FAILED, _W.CANCELLED) else ()
        return sum(1 for step in self.normal_flow_steps() if step.has_ended and step.status not in unfinished)

    def _compute_status(self) -> str:
        if self.has_ended:
            return self.row.status
        if self.row.paused_at is not None:
            return _W.PAUSED.value
        awaited = any(step.is_active and step.spec.approval for step in self.steps.values())
        return (_W.WAITING_APPROVAL if awaited else _W.RUNNING).value

    def set_paused(self, paused_at: int | None) -> None:
        """Set the time of the pause (None: not paused), and the status that follows from it, which the next event contains."""
        self.set_columns(paused_at=paused_at)
        self.set_columns(status=self._compute_status())

    async def emit(self, change: str, **data: Any) -> None:
        """Emit the event ``agora.workflow.CHANGE`` to its creator and its agents."""
        row = self.row
        summary = {
            "workflow_id": self.workflow_id,
            "workflow_name": row.workflow_name,
            "status": row.status,
            "done_steps": row.done_steps,
            "total_steps": row.total_steps,
        }
        audience = tuple(dict.fromkeys((row.created_by, *await self._resolve_agent_ids())))
        self.call.emit(f"agora.workflow.{change}", summary | data, subject=self.workflow_id, audience=audience)

    async def _resolve_agent_ids(self) -> list[str]:
        """List the ids of its assigned agents and of those named by its steps: events are addressed to ids, not names.

        Looked up in each transaction, because a name may be registered after the workflow was created.
        """
        refs = list(
            dict.fromkeys((*self.assigned_agents, *list_named_agents(step.spec for step in self.steps.values())))
        )
        if self._resolved_agents is None or self._resolved_agents[0] != refs:
            self._resolved_agents = refs, await resolve_agent_ids_at(self.call.tx, refs, self.row.created_at)
        return self._resolved_agents[1]

    # -- outcomes of its steps -------------------------------------------------------------------

    async def load_expression_scope(self) -> dict[str, Any]:
        """Load the values that expressions of its steps may refer to."""
        if self._scope is not None:
            return self._scope
        await self.save_steps()
        steps = await load_outcomes(self.call, self.workflow_id)
        self._scope = {
            "steps": {name: outcome for name, outcome in steps.items() if self.steps[name].has_ended},
            "input": decode_json(self.row.input),
            "workflow": {"id": self.workflow_id, "name": self.row.workflow_name},
        }
        return self._scope


def list_named_agents(steps: Iterable[Step]) -> Iterator[str]:
    """Iterate over the references by which steps name their agents."""
    return (step.agent for step in steps if step.agent is not None)


async def load_outcomes(call: Call, workflow_id: str) -> dict[str, dict[str, Any]]:
    """Load the status, result and error of each step; the result of a for_each is a list in the order of its items."""
    rows = await call.tx.all(workflows.select_step_outcomes, workflow_id=workflow_id)
    by_step: dict[str, dict[str, Any]] = {}
    for row in rows:
        text = row.task_result if row.task_result is not None else row.result
        by_step[row.name] = {
            "status": row.status,
            "error": row.error,
            "result": None if text is None else decode_json(text),
        }
    if any(row.items_total is not None for row in rows):
        for row in rows:
            if row.items_total is not None:
                by_step[row.name]["result"] = []
        for part in await call.tx.all(workflows.select_item_outcomes, workflow_id=workflow_id):
            text = part.task_result if part.task_result is not None else part.result
            by_step[part.step]["result"].append(None if text is None else decode_json(text))
    return by_step


async def build_failure_and_result(run: WorkflowRun) -> tuple[str | None, str | None]:
    """Build the outcome of an ended workflow: the error, or as JSON the results of the steps that no step depends on."""
    if run.row.status != _W.COMPLETED:
        return run.row.error or f"Its workflow was {run.row.status}.", None
    needed = {name for step in run.steps.values() for name in step.depends_on}
    by_step = await load_outcomes(run.call, run.workflow_id)
    return None, encode_json(
        {step.name: by_step[step.name]["result"] for step in run.normal_flow_steps() if step.name not in needed}
    )


def build_unknown_workflow_error(workflow_id: str) -> NotFound:
    return not_found(
        "workflow_id", f"There is no workflow {workflow_id}.", fix="Workflows are found with GET /agora/workflow/list."
    )
