"""Deployment requests that arrive as messages, subject to the same rules as the operations.

``deploy`` and ``co_locate`` create an instance, ``scale`` sets the number of instances. The built-in hosting agent
accepts ``create_container`` and the other container intents. The outcome is sent later (:mod:`.request_replies`).
"""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter, ValidationError

from agora.core.call import Call
from agora.domains.agents.records import AgentRow
from agora.domains.agents.references import find_agent, is_agent_visible
from agora.domains.billing.accounts import get_paying_account_of_caller
from agora_sdk.contract.billing import Account
from agora_sdk.contract.envelopes import AgentMessage, Performative
from agora_sdk.contract.hosts import HostRequirements
from agora_sdk.contract.instances import CoLocation, InstanceConfig
from agora_sdk.contract.validation_errors import describe_error
from agora_sdk.errors import AgoraError, InvalidRequest, PermissionDenied

from . import host_queries, scaling
from .access import require_instance
from .creation import InstanceRequest, create_instance
from .desired_state import set_desired_state
from .notifications import emit_instance_event
from .request_replies import CREATE_INTENT

__all__ = ["deploy_agent_from_message", "handle_command", "is_deployable", "scale_agent_from_message"]

SCOPE = "write:instances"
_ACCOUNT: TypeAdapter[str] = TypeAdapter(Account)
COMMANDS = ("pause_container", "resume_container", "remove_container", "stop_container")


async def is_deployable(call: Call, agent: AgentRow) -> bool:
    """Whether the marketplace itself can run instances of an agent: its manifest is registered and not withdrawn."""
    row = await call.tx.one(host_queries.select_deployment, agent_id=agent.agent_id)
    return row is not None and row.withdrawn_at is None


async def deploy_agent_from_message(
    call: Call, message: AgentMessage, agent: AgentRow, cause: str, host: str | None
) -> dict[str, Any] | None:
    """Create an instance for ``deploy``, ``co_locate`` or ``create_container``; return a reply only for a refusal.

    cause: id of the message, answered when the instance runs. host: the preferred host.
    """
    payload = message.payload
    try:
        _require_creation_scope(call)
        request = InstanceRequest(
            agent.agent_id,
            _resolve_paying_account(call, payload),
            _parse_config(call, payload),
            requirements=_parse_requirements(payload),
            near=_parse_co_location(message),
            preferred=host,
            cause=cause,
        )
        await create_instance(call, request)
    except ValidationError as error:
        return _build_refusal(message, agent, _explain_validation_error(error))
    except AgoraError as error:
        return _build_refusal(message, agent, error)
    return None


def _explain_validation_error(error: ValidationError) -> InvalidRequest:
    detail = "; ".join(f"{'.'.join(map(str, each['loc']))}: {describe_error(each)}" for each in error.errors()[:5])
    return InvalidRequest(detail)


def _require_creation_scope(call: Call) -> None:
    # Whoever may send messages gets here: the scope of the operation has to hold for messages, too.
    if not call.caller.may(SCOPE):
        raise PermissionDenied(f"Creating instances requires the scope {SCOPE}.", required=SCOPE)


def _resolve_paying_account(call: Call, payload: dict[str, Any]) -> str:
    """Resolve the paying account: the sender's; an admin may name another in ``customer_id``.

    For other senders, ``customer_id`` names a customer of the sender: a label of the instance (:func:`_parse_config`).
    """
    customer = payload.get("customer_id")
    # A sender cannot let another account pay.
    if not customer or not call.caller.may("admin"):
        return get_paying_account_of_caller(call.caller)
    try:
        return _ACCOUNT.validate_python(customer)
    except ValidationError:
        raise InvalidRequest("customer_id is not the name of an account.") from None


def _parse_config(call: Call, payload: dict[str, Any]) -> InstanceConfig:
    """Parse the configuration in a message. It includes ``customer_id``, unless that names the paying account."""
    document = payload.get("instance_config") or {}
    customer = payload.get("customer_id")
    if isinstance(document, dict) and customer and customer != _resolve_paying_account(call, payload):
        document = {"customer_id": customer} | document
    return InstanceConfig.model_validate(document)


def _parse_requirements(payload: dict[str, Any]) -> HostRequirements | None:
    """Parse a message's host requirements, which are added to the manifest's. Unknown fields are ignored."""
    document = payload.get("host_requirements")
    if not isinstance(document, dict):
        return None
    fields = {name: value for name, value in document.items() if name in HostRequirements.model_fields}
    return HostRequirements.model_validate(fields)


def _parse_co_location(message: AgentMessage) -> CoLocation | None:
    payload = message.payload
    document = payload.get("co_location")
    if message.type is Performative.CO_LOCATE and not isinstance(document, dict):
        document = {"required": True, "with_agent": payload.get("with_agent")}
    if not isinstance(document, dict):
        return None
    container = document.get("with_container_id")
    instance = container if isinstance(container, str) and container.startswith("inst_") else None
    return CoLocation(
        required=bool(document.get("required", False)),
        with_agent=document.get("with_agent"),
        with_instance=instance,
        reason=document.get("reason"),
    )


def _build_refusal(message: AgentMessage, agent: AgentRow, error: AgoraError) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "error": str(error)[:4000],
        "code": error.code.upper(),
        "agent_id": agent.alias or agent.agent_name,
    }
    if error.extra.get("errors"):
        payload["details"] = error.extra["errors"]
    if message.type is Performative.DEPLOY:
        return {"type": "deploy_failure", "intent": "deployment_failed", "payload": payload}
    if message.type is Performative.REQUEST:
        return {"type": "failure", "intent": "container_failed", "payload": payload}
    return {"type": "refuse", "intent": f"{message.type.value}_refused", "payload": payload}


async def scale_agent_from_message(call: Call, message: AgentMessage, agent: AgentRow) -> dict[str, Any]:
    """Set the number of instances of an agent for the sender's account; return the reply."""
    payload = message.payload
    try:
        _require_creation_scope(call)
        min_instances = _parse_instance_count(payload, "min_instances", _parse_instance_count(payload, "replicas", 1))
        max_instances = _parse_instance_count(payload, "max_instances", min_instances)
        target = payload.get("target_concurrency", 1.0)
        if isinstance(target, bool) or not isinstance(target, int | float) or not 0 < target <= 10_000:
            raise InvalidRequest("target_concurrency must be a number greater than 0 and at most 10000.")
        order = scaling.ScalingOrder(
            agent=agent.agent_id,
            account=_resolve_paying_account(call, payload),
            least=min_instances,
            most=max_instances,
            target=float(target),
            config=_parse_config(call, payload),
        )
        scaling_state = await scaling.set_scaling(call, order)
    except ValidationError as error:
        return _build_refusal(message, agent, _explain_validation_error(error))
    except AgoraError as error:
        return _build_refusal(message, agent, error)
    answer = scaling_state.model_dump(mode="json", exclude={"updated_at", "problem"}) | {
        "agent_id": agent.alias or agent.agent_name
    }
    return {"type": "confirm", "intent": "scaled", "payload": answer}


def _parse_instance_count(payload: dict[str, Any], name: str, otherwise: int) -> int:
    value = payload.get(name, otherwise)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1000:
        raise InvalidRequest(f"{name} must be an integer from 0 to 1000.")
    return value


async def handle_command(call: Call, message: AgentMessage, cause: str) -> dict[str, Any] | None:
    """Handle a request to the built-in hosting agent; return the reply, None if it is sent later."""
    payload, intent = message.payload, message.intent or ""
    if intent == CREATE_INTENT:
        agent_ref = payload.get("agent_id")
        agent = await find_agent(call.tx, agent_ref) if isinstance(agent_ref, str) else None
        if agent is None or not is_agent_visible(call.caller, agent) or not await is_deployable(call, agent):
            error = f"No instance of {agent_ref!r} can be created: it has no registered deployment."
            return {
                "type": "refuse",
                "intent": "not_deployable",
                "payload": {"error": error, "code": "NOT_DEPLOYABLE"},
            }
        return await deploy_agent_from_message(call, message, agent, cause, None)
    if intent in COMMANDS:
        return await _change_desired_state(call, intent, payload)
    intents = [CREATE_INTENT, *COMMANDS]
    error = f"The hosting agent does not know the intent {intent!r}."
    return {"type": "refuse", "intent": "unknown_intent", "payload": {"error": error, "known": intents}}


async def _change_desired_state(call: Call, intent: str, payload: dict[str, Any]) -> dict[str, Any]:
    desired = {"pause_container": "paused", "resume_container": "running"}.get(intent, "stopped")
    try:
        _require_creation_scope(call)
        agent_ref = payload.get("container_id") or payload.get("instance_id")
        row = await require_instance(call, agent_ref if isinstance(agent_ref, str) else "", change=True)
        if row.desired == "stopped" and desired != "stopped":
            raise InvalidRequest(f"The instance is {row.state}.")
        await set_desired_state(call, row, desired, "stopping" if desired == "stopped" else None)
        if desired == "stopped":
            await emit_instance_event("agora.instance.stopping", call, row, status="stopping", desired_status="stopped")
        elif desired == "paused":
            await emit_instance_event("agora.instance.pausing", call, row, desired_status="paused")
        else:
            await emit_instance_event("agora.instance.resuming", call, row, desired_status="running")
    except AgoraError as error:
        failure = {"error": str(error), "code": error.code.upper()}
        return {"type": "failure", "intent": f"{intent}_failed", "payload": failure}
    confirmation = {"container_id": row.instance_id, "desired_status": desired}
    return {"type": "confirm", "intent": f"{intent}_accepted", "payload": confirmation}
