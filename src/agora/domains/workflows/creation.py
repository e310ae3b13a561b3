"""Creating a workflow: every fault of its steps named at once, then its first steps begun."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agora.clock import new_id
from agora.core.call import Call, encode_json
from agora.domains.agents.references import find_agent, looks_like_id
from agora.domains.tasks.views import PRIORITIES, RANKS
from agora_sdk.contract.fields import Priority
from agora_sdk.contract.workflows import Step, StepStatus, WorkflowStatus
from agora_sdk.errors import InvalidRequest, field_error

from . import queries as workflows
from .planning.graph import MAX_REPORTED_ERRORS, Graph, agents_named, build_graph, find_errors
from .progress import advance_run
from .run import Budget, StepDraft, WorkflowRun

__all__ = ["check_steps", "create_child", "create_workflow", "step_row"]


async def check_steps(
    call: Call, steps: Sequence[Step], agents: Sequence[str] = (), *, new: Sequence[Step] | None = None
) -> None:
    """Refuse steps that cannot work. Raises InvalidRequest that names every fault.

    new: the steps whose agents are looked for; others may have left since their step was accepted.
    """
    problems = list(find_errors(steps))
    named = [*agents_named(steps if new is None else new)]
    named += [(f"assigned_agents[{at}]", ref) for at, ref in enumerate(agents)]
    present: dict[str, bool] = {}
    for field, ref in named:
        if not looks_like_id(ref):
            continue
        if ref not in present:
            row = await find_agent(call.tx, ref)
            present[ref] = row is not None and row["retired_at"] is None
        if not present[ref]:
            problems.append(field_error(field, f"no agent has the id {ref}"))
    if problems:
        first = f"{problems[0]['field']}: {problems[0]['message']}"
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise InvalidRequest(
            f"The steps cannot work: {first}{more}.",
            fix="Mend what 'errors' names; nothing was created.",
            errors=problems[:MAX_REPORTED_ERRORS],
        )


async def create_workflow(
    call: Call,
    name: str,
    steps: Sequence[Step],
    *,
    agents: Sequence[str] = (),
    input: dict[str, Any],
    metadata: dict[str, Any],
    priority: Priority,
    inherited: dict[str, Any] | None = None,
    budget: Budget | None = None,
) -> WorkflowRun:
    """Create a workflow of steps that were checked, and begin it.

    inherited: columns that a workflow takes from the one it is a step of.
    """
    graph = build_graph(steps)
    workflow_id, tenant = new_id("wf"), call.caller.tenant
    row = dict.fromkeys(workflows.WORKFLOWS.names) | {
        "tenant_id": tenant,
        "workflow_id": workflow_id,
        "workflow_name": name,
        "status": WorkflowStatus.RUNNING.value,
        "created_by": call.caller.subject,
        "account_id": call.caller.account,
        "assigned_agents": encode_json(list(dict.fromkeys(agents))),
        "input": encode_json(input),
        "metadata": encode_json(metadata),
        "priority": RANKS[priority],
        "graph": int(not graph.sequential),
        "total_steps": sum(1 for node in graph.nodes.values() if not node.compensation),
        "done_steps": 0,
        "modifications": 0,
        "created_at": call.now,
        "updated_at": call.now,
    }
    row |= inherited or {}
    drafts = _build_steps(graph, tenant, workflow_id)
    run = WorkflowRun(call, row, drafts, budget)
    run.reported = True  # whoever creates it sees whether it has ended at once
    await run.emit("created", steps={step.name: step.status.value for step in drafts})
    call.tx.append(workflows.WORKFLOWS, tuple(row[name] for name in workflows.WORKFLOWS.names))
    for step in drafts:
        call.tx.append(workflows.STEPS, tuple(step.row.get(name) for name in workflows.STEPS.names))
    await advance_run(run)
    await run.save()
    run.reported = False
    return run


def _build_steps(graph: Graph, tenant: str, workflow_id: str) -> list[StepDraft]:
    nodes = graph.nodes.values()
    return [StepDraft(step_row(tenant, workflow_id, node.step, node.position, node.depends_on)) for node in nodes]


def step_row(tenant: str, workflow_id: str, step: Step, position: int, depends_on: Sequence[str]) -> dict[str, Any]:
    """The row of a step that has not begun."""
    return dict.fromkeys(workflows.STEPS.names) | {
        "tenant_id": tenant,
        "workflow_id": workflow_id,
        "name": step.name,
        "position": position,
        "definition": step.model_dump_json(exclude_defaults=True),
        "depends_on": encode_json(list(depends_on)),
        "status": StepStatus.PENDING.value,
        "items_open": 0,
        "items_failed": 0,
    }


async def create_child(run: WorkflowRun, spec: Step, payload: dict[str, Any], item: int | None) -> WorkflowRun:
    """Create the workflow that a step runs."""
    assert spec.workflow is not None
    await run.save_steps()  # what is created looks at what is around it
    parent = run.row
    inherited = {name: parent[name] for name in ("created_by", "account_id", "assigned_agents")}
    inherited |= {"parent_id": run.workflow_id, "parent_step": spec.name, "parent_item": item}
    name = spec.name if item is None else f"{spec.name}[{item}]"
    return await create_workflow(
        run.call,
        f"{parent['workflow_name']}/{name}"[:200],
        spec.workflow,
        input=payload,
        metadata=dict(spec.metadata),
        priority=spec.priority or PRIORITIES[parent["priority"]],
        inherited=inherited,
        budget=run.budget,
    )
