"""Tool calls, executed by the server, so that neither the model nor its runner can bypass the checks.

A call is checked in one transaction (lease, tool, approval, rights), and executed as an ordinary operation by the
agent, under an idempotency key built from task and call. A marketplace operation therefore takes effect once even if
the call is repeated; an external one whose outcome was lost is ``unknown``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from pydantic_core import from_json

from agora.core.call import Call, Caller, cast_relay_to_result
from agora.domains.agents.references import find_agent, is_agent_visible
from agora.domains.tasks import access
from agora.domains.tasks import queries as tasks
from agora.domains.tasks.records import TaskRow
from agora.value_classes import value_class
from agora_sdk.contract import Operation
from agora_sdk.contract.declared_agents import AgentSpecification, ToolOutcome
from agora_sdk.contract.fields import JsonObject
from agora_sdk.errors import AgoraError, Conflict, PermissionDenied

from . import queries as statements
from .approvals import read_approval_decision
from .port import OPERATION_RUNNER, OperationRunner
from .records import DeclaredAgentRow
from .rights import TaskRights, build_requester_caller, resolve_task_rights
from .tool_uses import is_use_recorded, record_tool_use
from .tools import AGENT_TASK, ANY_AGENT, ResolvedTool, resolve_tools

__all__ = ["TIMEOUT_SECONDS", "ToolRequest", "authorize_and_relay_tool_call", "require_own_declaration"]

TIMEOUT_SECONDS = 900.0  # an upstream's own timeout is shorter


@value_class
class ToolRequest:
    """A call of a tool by a model."""

    task_id: str
    fencing_token: int
    call_id: str
    tool: str
    arguments: JsonObject


@value_class
class PreparedCall:
    """An operation ready to be called."""

    operation: Operation
    caller: Caller
    arguments: dict[str, Any]
    key: str
    memory_prefix: str | None = None


async def require_own_declaration(call: Call) -> DeclaredAgentRow:
    """Load the declaration of the calling agent. Raises PermissionDenied."""
    row = await call.tx.one(statements.select_agent_by_id, agent_id=call.caller.subject)
    if row is None:
        raise PermissionDenied(
            "Only a declared agent calls tools this way.", fix="Call the operation itself.", required="declared agent"
        )
    return row


async def authorize_and_relay_tool_call(call: Call, request: ToolRequest) -> ToolOutcome:
    """Check a call and return the relay that executes it. Raises StaleLease, NotFound, PermissionDenied."""
    row = await require_own_declaration(call)
    specification = AgentSpecification.model_validate_json(row.specification)
    draft = await access.lock_held_task(call, request.task_id, request.fencing_token)
    registry, tenant = call.context.registry, call.caller.tenant
    # All operations of the tenant: what this caller may do is decided by the rights below, not by its visibility.
    visible = registry.list_visible(replace(call.caller, scopes=frozenset({"*"})))
    tool = resolve_tools(specification, registry, visible, tenant).get(request.tool)
    checked: ToolOutcome | PreparedCall
    if tool is None:
        checked = _build_refused_outcome(f"{row.name} has no tool {request.tool!r}.")
    else:
        checked = await _prepare_or_refuse_call(call, draft.row, specification, tool, request)
    return _build_relay(checked, request, call.context.ports.get(OPERATION_RUNNER))


def _build_refused_outcome(error: str) -> ToolOutcome:
    return ToolOutcome(status="refused", error=error)


async def _prepare_or_refuse_call(
    call: Call, task: TaskRow, specification: AgentSpecification, tool: ResolvedTool, request: ToolRequest
) -> ToolOutcome | PreparedCall:
    # Before the rights: a person is asked at most once, and what a person approves may still be refused.
    if tool.needs_approval:
        decision = await read_approval_decision(call, task.task_id, request.call_id, request.tool, request.arguments)
        if decision == "open":
            return ToolOutcome(status="approval_required", error=f"{tool.name} waits for the approval of a person.")
        if decision == "rejected":
            return _build_refused_outcome(f"A person has rejected this call of {tool.name}.")
    rights = await resolve_task_rights(call, task)
    if tool.operation.scope not in rights.scopes:
        return _build_refused_outcome(
            f"The requester does not hold the scope {tool.operation.scope!r} of {tool.operation.name}."
        )
    asks_agent = tool.agent is not None or tool.capability is not None
    makes_task = asks_agent or (tool.grant is not None and tool.grant.bound == "parent")
    if makes_task and rights.depth >= specification.limits.depth:
        return _build_refused_outcome(
            f"{rights.depth} agents have asked each other in a row; the limit is {specification.limits.depth}."
        )
    # Without authority: an override or an undo is a person's act, whatever the requester may do.
    caller = replace(call.caller, scopes=rights.scopes, authority=0)
    # Chosen by the server: a runner that repeats a call after a crash cannot make it take effect twice.
    key = f"tool:{task.task_id}:{request.call_id}"
    if asks_agent:
        # A fixed addressee was chosen by the declaration's author; only the model's choice is checked.
        if tool.agent == ANY_AGENT:
            refusal = await _find_unknown_addressee_refusal(call, rights, request.arguments.get("agent"))
            if refusal is not None:
                return refusal
        return PreparedCall(tool.operation, caller, _build_task_arguments(task, tool, request.arguments), key)
    if tool.grant is None:
        return PreparedCall(tool.operation, caller, dict(request.arguments), key)
    return await _restrict_call_to_task(
        call, task, specification, tool, rights, PreparedCall(tool.operation, caller, dict(request.arguments), key)
    )


async def _find_unknown_addressee_refusal(call: Call, rights: TaskRights, name: Any) -> ToolOutcome | None:
    """Check that an agent named by the model exists and is visible to the requester.

    A task for an unknown name would wait forever, and one for the agent itself would wait for its own end.
    """
    row = await find_agent(call.tx, name) if isinstance(name, str) and name else None
    viewer = _build_directory_viewer(replace(call.caller, scopes=rights.scopes, authority=0), rights)
    if row is None or row.retired_at is not None or not is_agent_visible(viewer, row):
        return _build_refused_outcome(f"There is no agent {str(name)[:200]!r}.")
    if row.agent_id == call.caller.subject:
        return _build_refused_outcome("An agent cannot ask itself.")
    return None


def _build_directory_viewer(caller: Caller, rights: TaskRights) -> Caller:
    """Build the caller that reads the directory. It sees an account's private agents only if the requester does too."""
    return caller if rights.account == caller.account else replace(caller, account="default")


def _build_task_arguments(task: TaskRow, tool: ResolvedTool, arguments: Mapping[str, Any]) -> dict[str, Any]:
    text = str(arguments.get("message", ""))
    message = {"role": "ROLE_USER", "messageId": f"{task.task_id}-question", "parts": [{"text": text}]}
    order: dict[str, Any] = {"payload": {"message": message, "text": text}, "parent_id": task.task_id}
    if tool.agent is not None:
        addressee = arguments["agent"] if tool.agent == ANY_AGENT else tool.agent
        return order | {"task_type": AGENT_TASK, "assignee": addressee}
    return order | {"task_type": tool.capability, "required_capabilities": [tool.capability]}


async def _restrict_call_to_task(
    call: Call,
    task: TaskRow,
    specification: AgentSpecification,
    tool: ResolvedTool,
    rights: TaskRights,
    prepared: PreparedCall,
) -> ToolOutcome | PreparedCall:
    """Restrict a marketplace operation to its task, according to its grant."""
    assert tool.grant is not None
    arguments = prepared.arguments
    # By an allow-list, because operations may gain parameters that the grant has not considered.
    hidden = sorted(set(arguments) - set(tool.grant.parameters))
    if hidden:
        return _build_refused_outcome(f"{tool.name} has no parameter {hidden[0]!r}.")
    match tool.grant.bound:
        case "parent":
            return replace(prepared, arguments=arguments | {"parent_id": task.task_id})
        case "child":
            child = await call.tx.one(tasks.select_task, task_id=str(arguments.get("task_id", "")))
            if child is None or child.parent_id != task.task_id:
                return _build_refused_outcome(f"{arguments.get('task_id')!r} is not a task created for this one.")
        case "memory":
            namespace = specification.memory.namespace or "memory"
            return _prefix_memory_keys(prepared, f"{namespace}/{rights.requester}/")
        case "directory":
            return replace(prepared, caller=_build_directory_viewer(prepared.caller, rights))
        case "asker":
            asker = await build_requester_caller(call, task, rights)
            return (
                _build_refused_outcome("The requester no longer exists.")
                if asker is None
                else replace(prepared, caller=asker)
            )
        case _:
            pass
    return prepared


def _prefix_memory_keys(prepared: PreparedCall, prefix: str) -> PreparedCall:
    """Bind values to the agent and the requester, so that no requester reads values of another."""
    field = "prefix" if prepared.operation.action == "list" else "key"
    # The prefix ends with a slash, so that no requester's id can be the beginning of another one's.
    bound = {field: prefix + str(prepared.arguments.get(field, "")), "namespace": "own"}
    return replace(prepared, arguments=prepared.arguments | bound, memory_prefix=prefix)


def _build_relay(checked: ToolOutcome | PreparedCall, request: ToolRequest, runner: OperationRunner) -> ToolOutcome:
    # An error is an outcome for the model, which may try something else; only a lost lease ends the call itself.
    async def settle(end: Call, outcome: ToolOutcome | AgoraError) -> ToolOutcome:
        if isinstance(outcome, AgoraError):
            return _build_outcome_from_error(outcome)
        if isinstance(checked, PreparedCall) and outcome.status == "done" and is_use_recorded(checked.operation):
            await record_tool_use(end, request.task_id, request.call_id, checked.operation, outcome.content)
        return outcome

    return cast_relay_to_result(_build_operation_runner(checked, runner), settle, TIMEOUT_SECONDS)


def _build_operation_runner(
    checked: ToolOutcome | PreparedCall, runner: OperationRunner
) -> Callable[[], Awaitable[ToolOutcome]]:
    async def perform() -> ToolOutcome:
        if isinstance(checked, ToolOutcome):
            return checked
        try:
            outcome = await runner.invoke(
                checked.operation, checked.caller, checked.arguments, idempotency_key=checked.key
            )
        except AgoraError as error:
            return _build_outcome_from_error(error)
        content = from_json(outcome.body)
        is_task = checked.operation.name == "agora.task.assign"
        return ToolOutcome(
            status="done",
            content=_strip_namespace_prefix(_drop_secret_fields(content, checked.operation), checked.memory_prefix),
            # The runner waits for this task's end, which is the result that the model gets.
            task_id=content["task_id"] if is_task else None,
        )

    return perform


def _drop_secret_fields(content: Any, operation: Operation) -> Any:
    """Remove credentials, because a model may disclose everything that it receives."""
    if not isinstance(content, dict):
        return content
    return {name: value for name, value in content.items() if name not in operation.secrets}


def _strip_namespace_prefix(content: Any, prefix: str | None) -> Any:
    if prefix is None or not isinstance(content, dict):
        return content
    visible = {name: value for name, value in content.items() if name != "namespace"}
    if isinstance(visible.get("key"), str):
        visible["key"] = visible["key"].removeprefix(prefix)
    if isinstance(visible.get("memories"), list):
        visible["memories"] = [_strip_namespace_prefix(memory, prefix) for memory in visible["memories"]]
    return visible


def _build_outcome_from_error(error: AgoraError) -> ToolOutcome:
    outcome = error.extra.get("outcome")
    if outcome == "unknown":
        return ToolOutcome(status="unknown", error=f"Whether it was carried out is unknown: {error.detail}")
    if isinstance(error, Conflict) and outcome == "pending":
        return ToolOutcome(status="pending", error=error.detail)
    status = "refused" if isinstance(error, PermissionDenied) else "failed"
    return ToolOutcome(status=status, error=error.detail)
