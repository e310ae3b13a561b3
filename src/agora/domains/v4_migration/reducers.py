"""The v4 reducers, implemented by the services of the other domains."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from typing import Any, Final

from agora.clock import to_datetime
from agora.core.call import Call
from agora.domains.messaging.service import MessageDraft, MessagingService
from agora.domains.tasks.service import TaskService
from agora.domains.workflows.service import WorkflowService
from agora.value_classes import value_class
from agora_sdk.contract.fields import DeliveryState, JsonObject, Priority, TaskStatus
from agora_sdk.errors import NotFound, field_error

from . import queries as statements
from .arguments import Arguments, translate_priority_or_normal, validate_for
from .identities import authorize_as_agent, find_or_register_agent, resolve_recipient, store_mapping

__all__ = ["REDUCERS", "TaskRequest", "WorkflowRequest", "build_message_key", "create_task", "create_workflow"]

MESSAGE_TABLE: Final = "agent_message"
TASK_TABLE: Final = "task_assignment"
WORKFLOW_TABLE: Final = "workflow_coordination"
SEQUENTIAL_STRATEGIES: Final = frozenset(
    {"sequential", "pipeline", "chain"}
)  #: strategies that run agents one after the other
Answer = dict[str, Any]
_INVALID_NAME_CHARACTERS = re.compile(r"[^A-Za-z0-9_.-]+")


async def register_agent_capability(call: Call, args: Arguments) -> Answer:
    """Add a capability to an agent, which is registered with its first one."""
    proficiency = args.read_integer("proficiency", -1, -1, 100)
    row = await find_or_register_agent(
        call,
        args.read_identifier("agent_id"),
        capabilities=[args.read_text("capability")],
        description=args.read_text("description")[:4000],
        proficiency=None if proficiency < 0 else proficiency,
        max_tasks=args.read_integer("max_tasks", 1, 1, 10_000),
    )
    call.target = row.agent_id
    return {"agent_id": row.agent_id, "message": "Agent registered successfully via compatibility layer"}


async def register_agent(call: Call, args: Arguments) -> Answer:
    """Register an agent, with its capabilities if the call lists them."""
    row = await find_or_register_agent(
        call,
        args.read_identifier("agent_id"),
        agent_name=args.read_identifier("agent_name"),
        category=args.read_text("category")[:64],
        capabilities=args.read_names("capabilities"),
    )
    call.target = row.agent_id
    return {"agent_id": row.agent_id, "message": "Agent registered successfully via compatibility layer"}


async def send_agent_message(call: Call, args: Arguments) -> Answer:
    """Send a message; a repetition with the same v4 id and content has no effect."""
    sender, recipient = args.read_identifier("from_agent"), args.read_identifier("to_agent")
    content, kind = args.read_text("content"), args.read_text("message_type") or "info"
    message_id = args.read_text("message_id")
    key = build_message_key(message_id, sender, recipient, kind, content)
    if (
        message_id
        and (mapping := await call.tx.one(statements.select_mapping, kind=MESSAGE_TABLE, v4_key=key)) is not None
    ):
        call.target = mapping.target
        return {"message_id": mapping.target, "status": "queued", "timestamp": to_datetime(mapping.created_at)}
    row = await find_or_register_agent(call, sender)
    metadata: JsonObject = dict(args.read_document("metadata"))
    if args.read_text("requires_response").lower() == "true":
        metadata["requires_response"] = True
    message = validate_for(
        call,
        "agora.messaging.send",
        to_agent=await resolve_recipient(call, recipient),
        content=content,
        message_type=kind[:64],
        priority=translate_priority_or_normal(args.read_number("priority", 2, -1e9, 1e9)),
        correlation_id=args.read_text("correlation_id")[:200] or None,
        metadata={name: value for name, value in metadata.items() if name not in ("agentify", "bus")},
    )
    draft = MessageDraft(**{**message, "priority": Priority(message["priority"])})
    stored = await MessagingService(authorize_as_agent(call, row, "agora.messaging.send")).send_draft(draft)
    if message_id:
        # In the message's transaction: a repetition after a lost answer finds it. v4 knows no idempotency keys.
        store_mapping(call, MESSAGE_TABLE, key, stored.message_id, run_id="")
    call.target = stored.message_id
    receipt = {"message_id": stored.message_id, "status": DeliveryState.QUEUED, "timestamp": to_datetime(call.now)}
    optional = {"recipients": stored.recipients, "warning": stored.warning}
    return receipt | {name: value for name, value in optional.items() if value is not None}


async def broadcast_to_agents(call: Call, args: Arguments) -> Answer:
    """Send a message to everyone."""
    return await send_agent_message(call, Arguments(args.reducer, {**args.values, "to_agent": "*"}))


async def assign_task(call: Call, args: Arguments) -> Answer:
    """Assign a task to the named agent, or to any agent with the capabilities."""
    task = TaskRequest(
        task_type=args.read_text("task_type"),
        payload=args.read_document("input_data"),
        capabilities=args.read_names("required_capabilities"),
        requester=args.read_identifier("requesting_agent"),
        assignee=args.read_identifier("assigned_agent"),
        workflow=args.read_identifier("workflow_id"),
    )
    task_id = await create_task(call, task)
    call.target = task_id
    return {"task_id": task_id, "assignment_id": task_id, "status": "pending"}


@value_class(kw_only=True)
class TaskRequest:
    """A v4 task. priority: 1 to 4. requester, assignee: v4 agents, empty for none."""

    task_type: str
    payload: JsonObject
    capabilities: list[str]
    requester: str = ""
    assignee: str = ""
    workflow: str = ""
    priority: float = 2
    metadata: JsonObject = field(default_factory=dict)


async def create_task(call: Call, task: TaskRequest, run_id: str = "") -> str:
    """Create a task. Returns its id."""
    assignee = (await find_or_register_agent(call, task.assignee, run_id=run_id)).agent_id if task.assignee else None
    if task.requester:
        call = authorize_as_agent(
            call, await find_or_register_agent(call, task.requester, run_id=run_id), "agora.task.assign"
        )
    metadata = {**task.metadata, **({"v4_workflow_id": task.workflow} if task.workflow else {})}
    order = validate_for(
        call,
        "agora.task.assign",
        task_type=task.task_type[:64] or "general",
        payload=task.payload,
        assignee=assignee,
        priority=translate_priority_or_normal(task.priority),
        required_capabilities=[] if assignee else task.capabilities,
        metadata=metadata,
    )
    receipt = await TaskService(call).assign(**order)
    return receipt.task_id


async def start_workflow_coordination(call: Call, args: Arguments) -> Answer:
    """Create a workflow with one step per participating agent, sequential or parallel according to the strategy."""
    v4_id = args.read_identifier("workflow_id")
    started = await call.tx.one(statements.select_mapping, kind=WORKFLOW_TABLE, v4_key=v4_id)
    if started is not None:
        call.target = started.target
        return {"workflow_id": started.target, "status": "running", "message": "The workflow is known already."}
    coordinator = args.read_identifier("coordinator_agent")
    participants = args.read_names("participating_agents") or [coordinator]
    strategy = args.read_text("coordination_strategy", "adaptive")
    payload: JsonObject = {"v4_workflow_id": v4_id, "coordination_strategy": strategy, "coordinator": coordinator}
    workflow = WorkflowRequest(
        name=v4_id,
        coordinator=coordinator,
        participants=participants,
        steps=[
            {"name": f"step-{number}", "agent": agent, "payload": payload}
            for number, agent in enumerate(participants, 1)
        ],
        in_order=strategy.lower() in SEQUENTIAL_STRATEGIES,
    )
    call.target = workflow_id = await create_workflow(call, workflow)
    store_mapping(call, WORKFLOW_TABLE, v4_id, workflow_id, run_id="")
    return {"workflow_id": workflow_id, "status": "running"}


@value_class(kw_only=True)
class WorkflowRequest:
    """A v4 workflow. steps: as for agora.workflow.create, with v4 agents. in_order: sequential."""

    name: str
    coordinator: str
    participants: list[str]
    steps: list[dict[str, Any]]
    in_order: bool


async def create_workflow(call: Call, workflow: WorkflowRequest, run_id: str = "") -> str:
    """Create a workflow as the coordinator, registering the participants if needed. Returns its id."""
    ids = {}
    agent_names = [workflow.coordinator, *workflow.participants, *(step.get("agent") or "" for step in workflow.steps)]
    for agent in dict.fromkeys(filter(None, agent_names)):
        ids[agent] = (await find_or_register_agent(call, agent, run_id=run_id)).agent_id
    steps = [
        {
            **step,
            "name": _build_step_name(step["name"]),
            **({"agent": ids[step["agent"]]} if step.get("agent") else {}),
            "depends_on": [] if workflow.in_order else [_build_step_name(name) for name in step.get("depends_on", ())],
        }
        for step in workflow.steps
    ]
    if workflow.in_order:
        for earlier, later in itertools.pairwise(steps):
            later["depends_on"] = [earlier["name"]]
    order = validate_for(
        call,
        "agora.workflow.create",
        workflow_name=workflow.name[:200] or "migrated_workflow",
        steps=steps,
        assigned_agents=[ids[agent] for agent in workflow.participants if agent in ids],
        metadata={"v4_workflow_id": workflow.name},
    )
    if workflow.coordinator:
        call = authorize_as_agent(
            call, await find_or_register_agent(call, workflow.coordinator), "agora.workflow.create"
        )
    receipt = await WorkflowService(call).create(**order)
    return receipt.workflow_id


async def update_task_progress(call: Call, args: Arguments) -> Answer:
    """Report a task's progress, 0 to 1; 1 completes it with the intermediate results."""
    assignment = args.read_identifier("assignment_id")
    mapping = await call.tx.one(statements.select_mapping, kind=TASK_TABLE, v4_key=assignment)
    task_id = assignment if mapping is None else mapping.target
    row = await find_or_register_agent(call, args.read_identifier("agent_id"))
    agent = TaskService(authorize_as_agent(call, row, "agora.task.update"))
    progress = args.read_number("progress", 0, 0, 1) * 100
    try:
        task = await agent.get(task_id)
    except NotFound:
        raise NotFound(
            f"No task is known as {assignment!r}.",
            fix="Use the assignment_id that assign_task answered.",
            errors=[field_error("args.assignment_id", "unknown task")],
        ) from None
    call.target = task_id
    if task.assigned_agent is None:  # v4 allowed reports about unassigned tasks
        await TaskService(call).reassign(task_id, row.agent_id, "it reports about it")
    results = args.read_document("intermediate_results")
    is_complete = progress >= 100
    update = await agent.update(
        task_id,
        TaskStatus.COMPLETED if is_complete else None,
        progress,
        args.read_text("status_update")[:4000] or None,
        result=(results or None) if is_complete else None,
    )
    # A task has one result, at its end: earlier ones are comments.
    if results and not is_complete:
        await agent.comment(task_id, str(results)[:4000])
    return {"task_id": task_id, "assignment_id": assignment, "status": update.status, "progress": progress}


REDUCERS: Final[Mapping[str, Callable[[Call, Arguments], Awaitable[Answer]]]] = {
    "register_agent_capability": register_agent_capability,
    "register_agent": register_agent,
    "send_agent_message": send_agent_message,
    "send_message": send_agent_message,
    "assign_task": assign_task,
    "broadcast_to_agents": broadcast_to_agents,
    "start_workflow_coordination": start_workflow_coordination,
    "update_task_progress": update_task_progress,
}


def build_message_key(row_id: str, *fields: str) -> str:
    """Build the key of a v4 message: its id and a digest of its content, because v4 reused ids after each restart."""
    return f"{row_id[:100]}:{hashlib.sha256(chr(31).join(fields).encode()).hexdigest()[:20]}"


def _build_step_name(name: str) -> str:
    """Convert a name to a valid step name."""
    plain = _INVALID_NAME_CHARACTERS.sub("-", name)[:60]
    return plain if plain[:1].isalpha() else f"s-{plain}"
