"""Deploying: what messages ask for, done by the same rules as what is called.

``deploy`` and ``co_locate`` make an instance, ``scale`` says how many there are to be; to the marketplace's own hosting
agent ``create_container`` and its like mean the same. Whoever asked is answered when it is so (:mod:`.reporting`).
"""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter, ValidationError

from agora.core.call import Call
from agora.domains.agents.references import find_agent, visible_to
from agora.domains.billing.accounts import account_of
from agora.store.port import Row
from agora_sdk.contract.billing import Account
from agora_sdk.contract.envelopes import AgentMessage, Performative
from agora_sdk.contract.faults import wording
from agora_sdk.contract.hosts import HostRequirements
from agora_sdk.contract.instances import CoLocation, InstanceConfig
from agora_sdk.errors import AgoraError, InvalidRequest, PermissionDenied

from . import host_queries as hosting
from . import scaling
from .access import require
from .creation import Wish, create
from .desired_state import want
from .notifications import tell
from .reports import CREATE

__all__ = ["command", "deploy", "is_deployable", "scale"]

SCOPE = "write:instances"
_ACCOUNT: TypeAdapter[str] = TypeAdapter(Account)
COMMANDS = ("pause_container", "resume_container", "remove_container", "stop_container")


async def is_deployable(call: Call, agent: Row) -> bool:
    """Whether instances of an agent are made by the marketplace itself."""
    row = await call.tx.one(hosting.deployment, agent_id=agent["agent_id"])
    return row is not None and row["withdrawn_at"] is None


async def deploy(call: Call, message: AgentMessage, agent: Row, cause: str, host: str | None) -> dict[str, Any] | None:
    """Make an instance for ``deploy``, ``co_locate`` or ``create_container``; answers at once only if that is refused.

    cause: id of the message, to be answered when the instance runs. host: the one that was asked for.
    """
    payload = message.payload
    try:
        _check_scope(call)
        wish = Wish(
            agent["agent_id"],
            _resolve_account(call, payload),
            InstanceConfig.model_validate(payload.get("instance_config") or {}),
            requirements=_parse_requirements(payload),
            near=_parse_co_location(message),
            preferred=host,
            cause=cause,
        )
        await create(call, wish)
    except ValidationError as error:
        detail = "; ".join(f"{'.'.join(map(str, each['loc']))}: {wording(each)}" for each in error.errors()[:5])
        return _build_refusal(message, agent, InvalidRequest(detail))
    except AgoraError as error:
        return _build_refusal(message, agent, error)
    return None


def _check_scope(call: Call) -> None:
    if not call.caller.may(SCOPE):
        raise PermissionDenied(f"Making instances takes the scope {SCOPE}.", required=SCOPE)


def _resolve_account(call: Call, payload: dict[str, Any]) -> str:
    """Who pays: the sender's account; for another customer only whoever acts for others may ask."""
    customer = payload.get("customer_id")
    if not customer or not call.caller.may("admin"):
        return account_of(call.caller)
    try:
        return _ACCOUNT.validate_python(customer)
    except ValidationError:
        raise InvalidRequest("customer_id is not the name of an account.") from None


def _parse_requirements(payload: dict[str, Any]) -> HostRequirements | None:
    """What the message needs beside the manifest. Fields that are not of the protocol are nobody's requirement."""
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


def _build_refusal(message: AgentMessage, agent: Row, error: AgoraError) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "error": str(error)[:4000],
        "code": error.code.upper(),
        "agent_id": agent["alias"] or agent["agent_name"],
    }
    if error.extra.get("errors"):
        payload["details"] = error.extra["errors"]
    if message.type is Performative.DEPLOY:
        return {"type": "deploy_failure", "intent": "deployment_failed", "payload": payload}
    if message.type is Performative.REQUEST:
        return {"type": "failure", "intent": "container_failed", "payload": payload}
    return {"type": "refuse", "intent": f"{message.type.value}_refused", "payload": payload}


async def scale(call: Call, message: AgentMessage, agent: Row) -> dict[str, Any]:
    """Set how many instances of an agent the sender's account is to have."""
    payload = message.payload
    try:
        _check_scope(call)
        least = _parse_number(payload, "min_instances", _parse_number(payload, "replicas", 1))
        most = _parse_number(payload, "max_instances", least)
        target = payload.get("target_concurrency", 1.0)
        if isinstance(target, bool) or not isinstance(target, int | float) or not 0 < target <= 10_000:
            raise InvalidRequest("target_concurrency is a number above 0.")
        scaling_state = await scaling.scale(
            call, agent["agent_id"], _resolve_account(call, payload), least, most, float(target), None
        )
    except AgoraError as error:
        return _build_refusal(message, agent, error)
    answer = scaling_state.model_dump(mode="json", exclude={"updated_at", "problem"}) | {
        "agent_id": agent["alias"] or agent["agent_name"]
    }
    return {"type": "confirm", "intent": "scaled", "payload": answer}


def _parse_number(payload: dict[str, Any], name: str, otherwise: int) -> int:
    value = payload.get(name, otherwise)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1000:
        raise InvalidRequest(f"{name} is a whole number from 0 to 1000.")
    return value


async def command(call: Call, message: AgentMessage, cause: str) -> dict[str, Any] | None:
    """What the marketplace's own hosting agent is asked for; None where the answer comes later."""
    payload, intent = message.payload, message.intent or ""
    if intent == CREATE:
        named = payload.get("agent_id")
        agent = await find_agent(call.tx, named) if isinstance(named, str) else None
        if agent is None or not visible_to(call.caller, agent) or not await is_deployable(call, agent):
            error = f"No instance of {named!r} can be made: nobody has registered what it is made of."
            return {
                "type": "refuse",
                "intent": "not_deployable",
                "payload": {"error": error, "code": "NOT_DEPLOYABLE"},
            }
        return await deploy(call, message, agent, cause, None)
    if intent in COMMANDS:
        return await _change_desired_state(call, intent, payload)
    intents = [CREATE, *COMMANDS]
    error = f"The hosting agent does not know the intent {intent!r}."
    return {"type": "refuse", "intent": "unknown_intent", "payload": {"error": error, "known": intents}}


async def _change_desired_state(call: Call, intent: str, payload: dict[str, Any]) -> dict[str, Any]:
    desired = {"pause_container": "paused", "resume_container": "running"}.get(intent, "stopped")
    try:
        _check_scope(call)
        named = payload.get("container_id") or payload.get("instance_id")
        row = await require(call, named if isinstance(named, str) else "", change=True)
        if row["desired"] == "stopped" and desired != "stopped":
            raise InvalidRequest(f"The instance is {row['state']}.")
        await want(call, row, desired, "stopping" if desired == "stopped" else None)
        if desired == "stopped":
            await tell("agora.instance.stopping", call, row, status="stopping", desired_status="stopped")
        elif desired == "paused":
            await tell("agora.instance.pausing", call, row, desired_status="paused")
        else:
            await tell("agora.instance.resuming", call, row, desired_status="running")
    except AgoraError as error:
        failure = {"error": str(error), "code": error.code.upper()}
        return {"type": "failure", "intent": f"{intent}_failed", "payload": failure}
    confirmation = {"container_id": row["instance_id"], "desired_status": desired}
    return {"type": "confirm", "intent": f"{intent}_accepted", "payload": confirmation}
