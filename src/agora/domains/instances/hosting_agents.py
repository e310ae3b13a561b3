"""Instances on hosting agents, controlled by messages.

The orchestrator sends requests (``create_container``, ``pause_container``, ``resume_container``,
``remove_container``), and the replies change the instance's state. The row's column ``asked`` holds the id of the
only open request; a reply to any other message is late. A request without reply is repeated, then counts as lost.
"""

from __future__ import annotations

import re
from typing import Any, TypeGuard

from agora.core.call import Call, decode_json
from agora.domains.agents import queries as agents
from agora.domains.agents.records import AgentRow
from agora.domains.conversations.delivery import send_as_marketplace
from agora.domains.conversations.lookup import build_envelope_from_row
from agora.domains.conversations.records import EnvelopeRow
from agora.domains.messaging import queries as messages
from agora_sdk.contract.envelopes import ORCHESTRATOR, AgentMessage, Performative

from . import host_queries, metering, transitions
from . import queries as statements
from .metering import MonotonicTime
from .notifications import emit_instance_event
from .ports import LOCAL_HOST
from .records import InstanceRow
from .request_replies import CREATE_INTENT, find_customer, send_running_reply
from .spending_limits import block_exhausted_instances, schedule_limit_checks

__all__ = ["apply_hosting_reply", "read_metering_clock", "reconcile_instance", "record_health_check"]

P = Performative
CREATE_MICROSECONDS = 600_000_000  #: time for a hosting agent to build and start an instance, in microseconds
CHANGE_MICROSECONDS = 60_000_000
MAX_ATTEMPTS = 3
MAX_FAILED_CHECKS = 3
URL = re.compile(r"https?://[^\s/?#\x00-\x1f\x7f]{1,255}(/[!-~]{0,1700})?")


def read_metering_clock(call: Call) -> MonotonicTime:
    """Read this server's clock to meter remote instances, because their hosts share no monotonic clock with it."""
    local = call.context.ports.get(LOCAL_HOST)
    return MonotonicTime(local.read_steady_time(), "elsewhere")


async def reconcile_instance(call: Call, instance_id: str, check_interval: int) -> None:
    """Send the request that moves an instance towards its desired state. check_interval: microseconds until the next check."""
    row = await call.tx.one(statements.lock_instance, instance_id=instance_id)
    if row is None or row.due_at is None or row.due_at > call.now:
        return
    # Due with an open request: its reply is late.
    if row.asked is not None:
        await _retry_or_fail_request(call, row)
        return
    goal, state = transitions.resolve_goal_state(row), row.state
    if goal == "stopped":
        await _request_removal(call, row)
    elif state in ("requested", "provisioning", "starting"):
        await _request_creation(call, row)
    elif state == "running" and goal == "paused":
        await _send_hosting_request(call, row, "pause_container", CHANGE_MICROSECONDS)
        # Ends with the request, not with the reply: the customer never pays for the time that the agent takes to pause.
        await metering.close_and_bill_interval(call, row, read_metering_clock(call), until_now=True)
    elif state == "paused" and goal == "running":
        await _send_hosting_request(call, row, "resume_container", CHANGE_MICROSECONDS)
    elif state == "failed" and goal == "running":
        await _remove_crashed_container(call, row)
        if await transitions.change_state_if_current(
            call,
            row,
            "provisioning",
            next_generation=row.generation + 1,
            restarts=row.restarts + 1,
            due_at=call.now,
        ):
            await emit_instance_event(
                "agora.instance.provisioning", call, row, status="provisioning", generation=row.generation + 1
            )
    else:
        await call.tx.execute(
            statements.update_asked_message,
            instance_id=instance_id,
            asked=None,
            remote_id=None,
            due_at=call.now + check_interval,
            now=call.now,
        )


# -- requests --------------------------------------------------------------------------------------


async def _send_hosting_request(
    call: Call, row: InstanceRow, intent: str, timeout: int, payload: dict[str, Any] | None = None
) -> None:
    agent = await _find_hosting_agent_or_end_instance(call, row)
    if agent is None:
        return
    data = {"container_id": row.remote_id, "instance_id": row.instance_id}
    document = {
        "type": "request",
        "to": [agent.alias or agent.agent_name],
        "intent": intent,
        "payload": data if payload is None else payload,
    }
    message = await send_as_marketplace(call, ORCHESTRATOR, document, None, cause=row.cause)
    await call.tx.execute(
        statements.update_asked_message,
        instance_id=row.instance_id,
        asked=message.message_id,
        remote_id=None,
        due_at=call.now + timeout,
        now=call.now,
    )


async def _find_hosting_agent_or_end_instance(call: Call, row: InstanceRow) -> AgentRow | None:
    """Find the agent that runs an instance; None if it was deregistered, which ends the instance."""
    host = await call.tx.one(host_queries.select_host, ref=row.host_id)
    agent = await call.tx.one(agents.select_agent_by_id, ref=host.agent_id) if host is not None else None
    if agent is not None and agent.retired_at is None:
        return agent
    await transitions.end_lost_instance(call, row, "Its hosting agent was deregistered.")
    return None


async def _remove_crashed_container(call: Call, row: InstanceRow) -> None:
    """Request the removal of the container that another one is about to replace."""
    host = await _find_hosting_agent_or_end_instance(call, row)
    if host is not None and row.remote_id is not None:
        await _send_removal(call, host.alias or host.agent_name, row.remote_id, row.instance_id)
        await call.tx.execute(statements.clear_remote_id, instance_id=row.instance_id)


async def _send_removal(call: Call, hosting_agent: str, container: str, instance_id: str) -> None:
    """Send a request to remove a container that is not the instance's any more; its reply changes nothing."""
    payload = {"container_id": container, "instance_id": instance_id}
    document = {"type": "request", "to": [hosting_agent], "intent": "remove_container", "payload": payload}
    await send_as_marketplace(call, ORCHESTRATOR, document, None)


async def _request_creation(call: Call, row: InstanceRow) -> None:
    if row.state == "requested":
        await transitions.change_state_if_current(call, row, "provisioning", due_at=call.now)
        await emit_instance_event("agora.instance.provisioning", call, row, status="provisioning")
    await _send_hosting_request(
        call, row, CREATE_INTENT, CREATE_MICROSECONDS, await _build_container_payload(call, row)
    )


async def _build_container_payload(call: Call, row: InstanceRow) -> dict[str, Any]:
    """Build the payload of ``create_container``."""
    agent = await call.tx.one(agents.select_agent_by_id, ref=row.agent_id)
    manifest = decode_json(row.manifest)
    fields = ("repository", "build_config", "docker_image", "port", "health", "env_vars")
    payload: dict[str, Any] = {
        "instance_id": row.instance_id,
        "generation": row.generation,
        "agent_id": (agent.alias or agent.agent_name) if agent is not None else row.agent_id,
        "customer_id": find_customer(row),
        "host_requirements": manifest.get("host_requirements", {}),
        "instance_config": decode_json(row.config),
    }
    payload |= {name: manifest[name] for name in fields if name in manifest}
    if row.beside:
        neighbour = await call.tx.one(statements.select_instance, instance_id=row.beside)
        other = await call.tx.one(agents.select_agent_by_id, ref=neighbour.agent_id) if neighbour is not None else None
        payload["co_location"] = {
            "required": True,
            "with_container_id": (neighbour.remote_id if neighbour is not None else None) or row.beside,
        }
        if other is not None:
            payload["co_location"]["with_agent"] = other.alias or other.agent_name
    return payload


async def _request_removal(call: Call, row: InstanceRow) -> None:
    if row.remote_id is None:
        await transitions.finish_and_refund_instance(call, row, row.reason)
        return
    # As for a pause, the time ends with the request: the customer does not pay for the removal.
    await metering.close_and_bill_interval(
        call, row, read_metering_clock(call), until_now=row.state in ("running", "stopping")
    )
    await _send_hosting_request(call, row, "remove_container", CHANGE_MICROSECONDS)


async def _retry_or_fail_request(call: Call, row: InstanceRow) -> None:
    """Handle a request without a timely reply: try up to ``MAX_ATTEMPTS`` times, then record failure or loss."""
    reason = "The hosting agent did not answer."
    # A reply from now on is late (_remove_late_container).
    await _clear_open_request(call, row)
    if transitions.resolve_goal_state(row) != "stopped" and row.state == "provisioning":
        await transitions.record_crash_and_schedule_restart(call, row, read_metering_clock(call), None, reason)
    elif row.failing + 1 < MAX_ATTEMPTS:
        await transitions.change_state_if_current(
            call, row, row.state, reason=reason, failing=row.failing + 1, due_at=call.now
        )
    elif transitions.resolve_goal_state(row) == "stopped":
        await transitions.end_lost_instance(call, row, reason)
    else:
        await transitions.record_crash_and_schedule_restart(call, row, read_metering_clock(call), None, reason)


async def _clear_open_request(call: Call, row: InstanceRow, remote_id: str | None = None) -> None:
    """Store that no request is open."""
    await call.tx.execute(
        statements.update_asked_message,
        instance_id=row.instance_id,
        asked=None,
        remote_id=remote_id,
        due_at=call.now,
        now=call.now,
    )


# -- replies ---------------------------------------------------------------------------------------


async def apply_hosting_reply(call: Call, question: EnvelopeRow | None, message: AgentMessage) -> bool:
    """Apply a hosting agent's reply; return whether it concerned an instance. question: row of the answered message."""
    if question is None or question.sender != ORCHESTRATOR:
        return False
    # By the open request and not by an id in the reply: a hosting agent must not change other instances.
    row = await call.tx.one(statements.select_instance_of_message, message_id=question.message_id)
    if row is None:
        return await _remove_late_container(call, question, message)
    if message.type is P.AGREE or (message.type is P.INFORM and message.status and message.status.state):
        return True  # in progress: the final reply will follow
    intent = question.intent
    if message.type in (P.FAILURE, P.REFUSE, P.DEPLOY_FAILURE):
        await _end_or_record_crash(call, row, str(message.payload.get("error") or "The hosting agent refused."))
    elif intent == CREATE_INTENT:
        await _apply_creation_reply(call, row, message.payload)
    else:
        await _apply_change_reply(call, row, intent)
    return True


async def _remove_late_container(call: Call, question: EnvelopeRow, message: AgentMessage) -> bool:
    """Handle a reply to a request that is no longer open: remove a container that was created nevertheless."""
    container = message.payload.get("container_id")
    letter = await call.tx.one(messages.select_message, message_id=question.message_id)
    if (
        question.intent != CREATE_INTENT
        or message.type is P.FAILURE
        or letter is None
        or not _is_valid_container_id(container)
    ):
        return False
    instance_id = build_envelope_from_row(letter).payload.get("instance_id")
    if not isinstance(instance_id, str):
        return False  # a request that the orchestrator forwarded for another sender
    row = await call.tx.one(statements.select_instance, instance_id=instance_id)
    # Nobody else would ever stop that container: its instance was started again, or has ended.
    if row is None or row.remote_id != container:
        await _send_removal(call, letter.to_agent, container, instance_id)
    return True


def _is_valid_container_id(container: Any) -> TypeGuard[str]:
    return isinstance(container, str) and 0 < len(container) <= 200 and container.isprintable()


async def _end_or_record_crash(call: Call, row: InstanceRow, error: str) -> None:
    await _clear_open_request(call, row)
    if transitions.resolve_goal_state(row) == "stopped":
        await transitions.end_lost_instance(call, row, error)
    else:
        await transitions.record_crash_and_schedule_restart(call, row, read_metering_clock(call), None, error)


async def _apply_creation_reply(call: Call, row: InstanceRow, payload: dict[str, Any]) -> None:
    container = payload.get("container_id")
    address, health = (payload.get(name) or None for name in ("address", "health_url"))
    # The address comes from another program and is requested by this server: only plain http URLs, the egress policy does the rest.
    if not all(url is None or (isinstance(url, str) and URL.fullmatch(url)) for url in (address, health)):
        await _end_or_record_crash(call, row, "The hosting agent's reply has an address that is not a URL.")
        return
    if not _is_valid_container_id(container):
        await _end_or_record_crash(call, row, "The hosting agent's reply has no container_id.")
        return
    await _clear_open_request(call, row, container)
    if transitions.resolve_goal_state(row) == "stopped":
        return  # terminated meanwhile: the next step requests its removal
    moved = await transitions.change_state_if_current(
        call,
        row,
        "running",
        healthy=1,
        failing=0,
        address=address,
        health_url=health,
        started_at=call.now,
        due_at=call.now,
    )
    if moved:
        await metering.begin_interval(call, row, read_metering_clock(call))
        await schedule_limit_checks(call, [(row.account_id, row.agent_id, row.price_version)])
        await emit_instance_event("agora.instance.running", call, row, status="running", address=address)
        current_row = await call.tx.one(statements.select_instance, instance_id=row.instance_id)
        if current_row is not None:
            await send_running_reply(call, current_row, address, health)


async def _apply_change_reply(call: Call, row: InstanceRow, intent: str | None) -> None:
    await _clear_open_request(call, row)
    if intent == "remove_container":
        await transitions.finish_and_refund_instance(call, row, row.reason)
    elif intent == "pause_container" and row.state == "running":
        await transitions.change_state_if_current(
            call, row, "paused", reason=row.reason if row.blocked else None, due_at=call.now
        )
        await emit_instance_event("agora.instance.paused", call, row, status="paused")
    elif intent == "resume_container" and row.state == "paused":
        await transitions.change_state_if_current(call, row, "running", healthy=1, failing=0, due_at=call.now)
        await metering.begin_interval(call, row, read_metering_clock(call))
        await schedule_limit_checks(call, [(row.account_id, row.agent_id, row.price_version)])
        await emit_instance_event("agora.instance.running", call, row, status="running", address=row.address)


async def record_health_check(call: Call, row: InstanceRow, healthy: bool, detail: str, check_interval: int) -> None:
    """Store a health check of a remote instance, which counts as crashed after ``MAX_FAILED_CHECKS`` consecutive failures.

    The check is dropped if the row changed since it was read.
    """
    now = await call.tx.one(statements.lock_instance, instance_id=row.instance_id)
    if now is None or now.state != "running" or now.generation != row.generation or now.asked is not None:
        return
    if await _find_hosting_agent_or_end_instance(call, now) is None:
        return
    if healthy:
        await metering.bill_running_intervals(call, [row.instance_id], read_metering_clock(call))
        await transitions.change_state_if_current(
            call, now, "running", healthy=1, failing=0, due_at=call.now + check_interval
        )
        await block_exhausted_instances(call, [now])
    elif now.failing + 1 >= MAX_FAILED_CHECKS:
        await transitions.record_crash_and_schedule_restart(
            call, now, read_metering_clock(call), None, f"It does not work any more: {detail}."
        )
    else:
        error = f"Its health check failed: {detail}."
        await transitions.change_state_if_current(
            call,
            now,
            "running",
            healthy=0,
            failing=now.failing + 1,
            errors=1,
            last_error=error,
            due_at=call.now + check_interval,
        )
