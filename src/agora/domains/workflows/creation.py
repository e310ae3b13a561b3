"""Creation of workflows: all errors of the steps are reported together, then the rows are inserted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agora.clock import new_id
from agora.core.call import Call, encode_json
from agora.domains.agents.references import find_agent, looks_like_id
from agora.domains.tasks.views import PRIORITIES, RANKS
from agora.value_classes import value_class
from agora_sdk.contract.fields import Priority
from agora_sdk.contract.workflows import Step, StepStatus, WorkflowStatus
from agora_sdk.errors import InvalidRequest, field_error

from .planning.graph import MAX_REPORTED_ERRORS, build_graph, find_errors, list_agents_of_steps
from .records import STEPS, WORKFLOWS, WorkflowRow, WorkflowStepRow
from .run import StepDraft, WorkflowRun

__all__ = ["WorkflowOrder", "build_step_row", "check_steps", "create_nested_workflow", "create_workflow"]


async def check_steps(
    call: Call, steps: Sequence[Step], agents: Sequence[str] = (), *, new: Sequence[Step] | None = None
) -> None:
    """Check the steps of a workflow. Raises InvalidRequest, which names all errors.

    new: steps whose agents must exist; agents of other steps may have left since their step was accepted.
    """
    problems = list(find_errors(steps))
    named = [*list_agents_of_steps(steps if new is None else new)]
    named += [(f"assigned_agents[{at}]", ref) for at, ref in enumerate(agents)]
    # Each agent is looked up once, however many of the up to 500 steps name it.
    present: dict[str, bool] = {}
    for field, ref in named:
        # Names may be registered later: a task for one is held until then. An id that is unknown now can never exist.
        if not looks_like_id(ref):
            continue
        if ref not in present:
            row = await find_agent(call.tx, ref)
            present[ref] = row is not None and row.retired_at is None
        if not present[ref]:
            problems.append(field_error(field, f"no agent has the id {ref}"))
    if problems:
        first = f"{problems[0]['field']}: {problems[0]['message']}"
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise InvalidRequest(
            f"The steps are invalid: {first}{more}.",
            fix="Fix the fields listed in 'errors'; nothing was created.",
            errors=problems[:MAX_REPORTED_ERRORS],
        )


@value_class
class WorkflowOrder:
    """The request to create a workflow. steps: checked (:func:`check_steps`); agents: ids or names of assigned agents."""

    name: str
    steps: Sequence[Step]
    agents: Sequence[str]
    input: dict[str, Any]
    metadata: dict[str, Any]
    priority: Priority


@value_class
class Parent:
    """The parent step of a nested workflow, and the item if the step is a for_each."""

    run: WorkflowRun
    step: str
    item: int | None


async def create_workflow(call: Call, order: WorkflowOrder, parent: Parent | None = None) -> WorkflowRun:
    """Create a workflow without beginning its steps. A nested one gets its parent's creator, account and budget."""
    graph = build_graph(order.steps)
    workflow_id, tenant = new_id("wf"), call.caller.tenant
    row = WorkflowRow(
        tenant_id=tenant,
        workflow_id=workflow_id,
        workflow_name=order.name,
        status=WorkflowStatus.RUNNING.value,
        created_by=call.caller.subject if parent is None else parent.run.row.created_by,
        account_id=call.caller.account if parent is None else parent.run.row.account_id,
        assigned_agents=encode_json(list(dict.fromkeys(order.agents))),
        input=encode_json(order.input),
        metadata=encode_json(order.metadata),
        priority=RANKS[order.priority],
        graph=int(not graph.sequential),
        total_steps=sum(1 for node in graph.nodes.values() if not node.compensation),
        done_steps=0,
        modifications=0,
        created_at=call.now,
        updated_at=call.now,
        parent_id=None if parent is None else parent.run.workflow_id,
        parent_step=None if parent is None else parent.step,
        parent_item=None if parent is None else parent.item,
        error=None,
        paused_at=None,
        completed_at=None,
    )
    nodes = graph.nodes.values()
    step_rows = [build_step_row(tenant, workflow_id, node.step, node.position, node.depends_on) for node in nodes]
    drafts = [StepDraft(step) for step in step_rows]
    run = WorkflowRun(call, row, drafts, None if parent is None else parent.run.budget)
    run.reported = True  # its creator checks itself whether it ended immediately
    # Emitted before the steps begin, so that observers learn of the workflow before its first task.
    await run.emit("created", steps={step.name: step.status.value for step in drafts})
    call.tx.append(WORKFLOWS, row)
    for step_record in step_rows:
        call.tx.append(STEPS, step_record)
    return run


def build_step_row(
    tenant: str, workflow_id: str, step: Step, position: int, depends_on: Sequence[str]
) -> WorkflowStepRow:
    """Build the row of a step that has not begun."""
    return WorkflowStepRow(
        tenant_id=tenant,
        workflow_id=workflow_id,
        name=step.name,
        position=position,
        definition=step.model_dump_json(exclude_defaults=True),
        depends_on=encode_json(list(depends_on)),
        status=StepStatus.PENDING.value,
        items_open=0,
        items_failed=0,
        task_id=None,
        child_id=None,
        items_total=None,
        ready_at=None,
        completed_at=None,
        result=None,
        error=None,
    )


async def create_nested_workflow(
    run: WorkflowRun, spec: Step, payload: dict[str, Any], item: int | None
) -> WorkflowRun:
    """Create the nested workflow of a step without beginning its steps."""
    assert spec.workflow is not None
    # Creating the nested workflow reads the steps of this run from their rows.
    await run.save_steps()
    name = spec.name if item is None else f"{spec.name}[{item}]"
    order = WorkflowOrder(
        name=f"{run.row.workflow_name}/{name}"[:200],
        steps=spec.workflow,
        agents=run.assigned_agents,
        input=payload,
        metadata=dict(spec.metadata),
        priority=spec.priority or PRIORITIES[run.row.priority],
    )
    return await create_workflow(run.call, order, Parent(run, spec.name, item))
