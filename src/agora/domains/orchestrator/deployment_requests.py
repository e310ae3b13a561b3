"""Deployment requests: served by the marketplace itself, or forwarded to a hosting agent.

The marketplace runs agents with a registered manifest (:mod:`agora.domains.instances.deploy_messages`). Other requests
are forwarded to the preferred agent, else to the one with the alias agent.agentify.hosting-orchestrator, else to any
agent with the capability ``hosting``.
"""

from __future__ import annotations

from typing import Any

from agora.core.call import Call, decode_json
from agora.domains.agents import queries as agents
from agora.domains.agents.records import AgentRow
from agora.domains.agents.references import find_agent, is_agent_visible
from agora.domains.conversations import queries as statements
from agora.domains.conversations.delivery import Draft, SentMessage, send_as_marketplace
from agora.domains.instances import deploy_messages, host_queries, hosting_agents
from agora.domains.instances.ports import LOCAL_HOST
from agora.domains.messaging import queries as messages
from agora_sdk.contract.envelopes import HOSTING, ORCHESTRATOR, Performative

from .agent_search import choose_protocol_name

__all__ = ["answer_as_host", "apply_or_forward_host_reply", "deploy_or_forward_request"]

P = Performative

CAPABILITY = "hosting"
NO_ENGINE_MESSAGE = "No runtime engine is available: this server has none, and no hosting agent is registered."
NO_DEPLOYMENT_MESSAGE = (
    "The agent has no registered deployment (agora.deployment.register), and no hosting agent is registered."
)
MANIFEST_FIELDS = ("repository", "build_config", "host_requirements")
INTENT_BY_PERFORMATIVE = {P.DEPLOY: "create_container", P.CO_LOCATE: "co_locate", P.SCALE: "scale"}


async def deploy_or_forward_request(call: Call, draft: Draft, sent: SentMessage) -> dict[str, Any] | None:
    """Deploy, or forward the request to a hosting agent; return a reply if it is refused or complete at once."""
    message = draft.message
    named = message.payload.get("agent_id") or (draft.sender.name if message.type is P.CO_LOCATE else None)
    row = await find_agent(call.tx, named) if isinstance(named, str) else None
    # A hidden agent is reported like an unknown one.
    if row is None or row.retired_at is not None or not is_agent_visible(call.caller, row):
        return _build_failure(draft, named, f"No agent {named!r} is registered.", "AGENT_NOT_FOUND")
    preferred = message.payload.get("preferred_host")
    if await deploy_messages.is_deployable(call, row) and await _is_placed_by_marketplace(call, preferred):
        if message.type is P.SCALE:
            return await deploy_messages.scale_agent_from_message(call, message, row)
        return await deploy_messages.deploy_agent_from_message(
            call, message, row, sent.message_id, await _resolve_preferred_host(call, preferred)
        )
    host = await _find_hosting_agent(call, preferred)
    if host is None:
        error, code = _build_no_host_error(call)
        return _build_failure(draft, named, error, code)
    request = {
        "type": "request",
        "to": [choose_protocol_name(host)],
        "intent": INTENT_BY_PERFORMATIVE[message.type],
        "payload": await _build_host_payload(call, draft, row),
        "correlation": {"conversation_id": sent.label},
    }
    if message.context:
        request["context"] = message.context
    # The cause connects the host's later reply with the original request (apply_or_forward_host_reply).
    await send_as_marketplace(call, ORCHESTRATOR, request, None, cause=sent.message_id)
    return None


async def _build_host_payload(call: Call, draft: Draft, row: AgentRow) -> dict[str, Any]:
    """Build the forwarded payload: the message's, completed with the build fields of the agent's registration."""
    payload = {name: value for name, value in draft.message.payload.items() if name != "preferred_host"}
    payload["agent_id"] = choose_protocol_name(row)
    if draft.message.type is P.DEPLOY:
        registered = decode_json(row.metadata)
        # The sender's values win over the registered ones.
        payload |= {name: registered[name] for name in MANIFEST_FIELDS if name in registered and name not in payload}
    near = payload.get("co_location")
    beside = near.get("with_agent") if isinstance(near, dict) and "with_container_id" not in near else None
    if isinstance(near, dict) and isinstance(beside, str):
        other = await find_agent(call.tx, beside)
        container = (
            decode_json(other.metadata).get("container_id")
            if other is not None and is_agent_visible(call.caller, other)
            else None
        )
        if isinstance(container, str):
            payload["co_location"] = near | {"with_container_id": container}
    return payload


async def _resolve_preferred_host(call: Call, preferred: Any) -> str | None:
    """Resolve the preferred host: the name of a server, or the id of a hosting agent."""
    if not isinstance(preferred, str) or not preferred:
        return None
    agent = await find_agent(call.tx, preferred)
    return agent.agent_id if agent is not None else preferred


async def _is_placed_by_marketplace(call: Call, preferred: Any) -> bool:
    """Whether the marketplace places the instance: not if the preferred hosting agent is not registered as a host."""
    agent = await find_agent(call.tx, preferred) if isinstance(preferred, str) and preferred else None
    return agent is None or await call.tx.one(host_queries.select_host_of_agent, agent_id=agent.agent_id) is not None


async def _find_hosting_agent(call: Call, preferred: Any) -> AgentRow | None:
    for ref in (preferred, HOSTING):
        row = await find_agent(call.tx, ref) if isinstance(ref, str) and ref else None
        # The default host is asked even if it is hidden from the caller: the marketplace sends, not the caller.
        if row is not None and row.retired_at is None and (ref == HOSTING or is_agent_visible(call.caller, row)):
            return row
    rows = await call.tx.all(agents.select_capable_agents, capability=CAPABILITY, limit=100)
    return next((row for row in rows if row.status in ("active", "busy") and is_agent_visible(call.caller, row)), None)


def _build_failure(draft: Draft, agent_ref: Any, error: str, code: str) -> dict[str, Any]:
    """Build the negative reply: ``deploy_failure`` to ``deploy``, else ``refuse``."""
    payload = {"error": error, "code": code} | ({"agent_id": agent_ref} if isinstance(agent_ref, str) else {})
    if draft.message.type is P.DEPLOY:
        return {"type": "deploy_failure", "intent": "deployment_failed", "payload": payload}
    return {"type": "refuse", "intent": f"{draft.message.type.value}_refused", "payload": payload}


async def answer_as_host(call: Call, draft: Draft, sent: SentMessage) -> dict[str, Any] | None:
    """Reply as the built-in hosting agent, which is active while no other one is registered."""
    if draft.message.type is not P.REQUEST:
        return await deploy_or_forward_request(call, draft, sent)
    if _has_runtime_engines(call):
        return await deploy_messages.handle_command(call, draft.message, sent.message_id)
    payload: dict[str, Any] = {"error": NO_ENGINE_MESSAGE, "code": "NO_RUNTIME_ENGINE"}
    if isinstance(draft.message.payload.get("agent_id"), str):
        payload["agent_id"] = draft.message.payload["agent_id"]
    return {"type": "refuse", "intent": "no_runtime_engine", "payload": payload}


def _has_runtime_engines(call: Call) -> bool:
    """Whether this marketplace runs agents itself."""
    local = call.context.ports.find(LOCAL_HOST)
    return local is not None and bool(local.engines)


def _build_no_host_error(call: Call) -> tuple[str, str]:
    """Return error message and code if no host can be asked."""
    return (
        (NO_DEPLOYMENT_MESSAGE, "NOT_DEPLOYABLE")
        if _has_runtime_engines(call)
        else (NO_ENGINE_MESSAGE, "NO_RUNTIME_ENGINE")
    )


async def apply_or_forward_host_reply(call: Call, draft: Draft) -> None:
    """Forward a hosting agent's reply to the original sender."""
    question = draft.asked
    # Replies about this marketplace's own instances are its own; they are not forwarded.
    if await hosting_agents.apply_hosting_reply(call, question, draft.message):
        return
    if question is None or question.sender != ORCHESTRATOR or not question.cause:
        return
    origin = await call.tx.one(statements.select_envelope_of_message, message_id=question.cause)
    letter = await call.tx.one(messages.select_message, message_id=question.cause)
    # Answered already, by a timeout or an earlier reply: one question gets one answer.
    if origin is None or letter is None or origin.answer is not None:
        return
    answer = _translate_answer(draft, Performative(origin.type))
    if answer is not None:
        correlation = {"conversation_id": letter.correlation_id, "reply_to": origin.envelope_id}
        asker = await call.tx.one(agents.select_agent_by_id, ref=letter.from_agent)
        if asker is None or asker.retired_at is None:  # the sender was deregistered
            document = answer | {"to": [letter.from_name], "correlation": correlation}
            await send_as_marketplace(call, ORCHESTRATOR, document, origin)


def _translate_answer(draft: Draft, origin_type: Performative) -> dict[str, Any] | None:
    """Translate the host's reply to the types of the original request; None if it is not final."""
    message, payload = draft.message, draft.message.payload
    if message.type is P.AGREE or (message.type is P.INFORM and message.status and message.status.state):
        return None
    if origin_type is not P.DEPLOY:
        return {"type": message.type.value, "intent": message.intent or "answer", "payload": payload}
    if message.type in (P.FAILURE, P.REFUSE, P.DEPLOY_FAILURE):
        error = payload.get("error") or "The hosting agent refused."
        rest = {name: payload[name] for name in ("agent_id", "code", "details") if payload.get(name) is not None}
        return {"type": "deploy_failure", "intent": "deployment_failed", "payload": {"error": error} | rest}
    agent_id = payload.get("agent_id") or "unknown"
    container = {name: payload[name] for name in ("address", "health_url", "container_id") if payload.get(name)}
    near = {"co_located": bool(payload.get("co_located") or payload.get("co_located_with"))}
    return {"type": "deploy_confirm", "intent": "agent_deployed", "payload": {"agent_id": agent_id} | container | near}
