"""Replies to messages that requested an instance: sent once, when it runs or has failed."""

from __future__ import annotations

from typing import Any

from agora.core.call import Call, decode_json
from agora.domains.agents import queries as agents
from agora.domains.agents.records import AgentRow
from agora.domains.conversations import queries as conversations
from agora.domains.conversations.delivery import send_as_marketplace
from agora.domains.conversations.records import EnvelopeRow
from agora.domains.messaging import queries as messages
from agora_sdk.contract.envelopes import HOSTING, ORCHESTRATOR, Performative

from . import queries as statements
from .records import InstanceRow

__all__ = ["CREATE_INTENT", "describe_container", "find_customer", "send_failure_reply", "send_running_reply"]

CREATE_INTENT = "create_container"


async def send_running_reply(call: Call, row: InstanceRow, address: str | None, health_url: str | None) -> None:
    """Report that an instance runs: ``deploy_confirm``, or ``container_created`` to a request to the hosting agent."""
    origin = await _claim_request_message(call, row)
    if origin is None:
        return
    payload = await describe_container(call, row, address, health_url)
    if origin.type == Performative.REQUEST:
        await _send_reply(call, origin, HOSTING, {"type": "inform", "intent": "container_created", "payload": payload})
        return
    payload["co_located"] = row.beside is not None
    document = {"type": "deploy_confirm", "intent": "agent_deployed", "payload": payload}
    await _send_reply(call, origin, ORCHESTRATOR, document)


async def send_failure_reply(call: Call, row: InstanceRow, error: str, code: str) -> bool:
    """Report that an instance failed: ``deploy_failure``, or ``failure``. Returns whether a message had requested it."""
    origin = await _claim_request_message(call, row)
    if origin is None:
        return False
    agent = await call.tx.one(agents.select_agent_by_id, ref=row.agent_id)
    payload = {"error": error[:4000], "code": code, "agent_id": _choose_display_name(agent, row.agent_id)}
    if origin.type == Performative.REQUEST:
        document: dict[str, Any] = {"type": "failure", "intent": "container_failed", "payload": payload}
        await _send_reply(call, origin, HOSTING, document)
    else:
        document = {"type": "deploy_failure", "intent": "deployment_failed", "payload": payload}
        await _send_reply(call, origin, ORCHESTRATOR, document)
    return True


async def describe_container(
    call: Call, row: InstanceRow, address: str | None, health_url: str | None
) -> dict[str, Any]:
    """Build the payload that describes a running instance."""
    agent = await call.tx.one(agents.select_agent_by_id, ref=row.agent_id)
    payload: dict[str, Any] = {
        "container_id": row.remote_id or row.instance_id,
        "instance_id": row.instance_id,
        "agent_id": _choose_display_name(agent, row.agent_id),
        "customer_id": find_customer(row),
        "account": row.account_id,
    }
    if address:
        payload["address"] = address
    if health_url:
        payload["health_url"] = health_url
    if row.beside:
        neighbour = await call.tx.one(statements.select_instance, instance_id=row.beside)
        payload["co_located_with"] = (neighbour.remote_id if neighbour is not None else None) or row.beside
    return payload


def find_customer(row: InstanceRow) -> str:
    """Find the customer of an instance: the one named in its configuration, else the paying account."""
    customer = decode_json(row.config).get("customer_id")
    return customer if isinstance(customer, str) else row.account_id


def _choose_display_name(agent: AgentRow | None, agent_id: str) -> str:
    return agent_id if agent is None else agent.alias or agent.agent_name


async def _claim_request_message(call: Call, row: InstanceRow) -> EnvelopeRow | None:
    """Take the message that requested an instance; None if answered. Clears ``cause``, so that it is reported once."""
    if row.cause is None:
        return None
    # Before the reply is built: a repeated step finds no cause and sends no second reply.
    await call.tx.execute(statements.clear_cause, instance_id=row.instance_id)
    origin = await call.tx.one(conversations.select_envelope_of_message, message_id=row.cause)
    return None if origin is None or origin.answer is not None else origin


async def _send_reply(call: Call, origin: EnvelopeRow, speaker: str, document: dict[str, Any]) -> None:
    message = await call.tx.one(messages.select_message, message_id=origin.message_id)
    if message is None:
        return
    asker = await call.tx.one(agents.select_agent_by_id, ref=message.from_agent)
    if asker is not None and asker.retired_at is not None:  # the sender was deregistered
        return
    correlation = {"conversation_id": message.correlation_id, "reply_to": origin.envelope_id}
    await send_as_marketplace(call, speaker, document | {"to": [message.from_name], "correlation": correlation}, origin)
