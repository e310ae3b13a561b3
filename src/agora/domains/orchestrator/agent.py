"""Replies of the built-in agent ``agent.marketplace.orchestrator``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from agora.clock import new_id, to_microseconds
from agora.core.call import Call, encode_json
from agora.domains.agents.references import find_agent
from agora.domains.conversations.delivery import Draft, SentMessage
from agora.domains.conversations.records import USAGE, ReportedUsageRow
from agora_sdk.contract.envelopes import HOSTING, ORCHESTRATOR, Performative
from agora_sdk.contract.fields import Timestamp
from agora_sdk.errors import InvalidRequest, PermissionDenied, field_error

from . import agent_search, deployment_requests
from .service import OrchestratorService

__all__ = ["compose_answer"]

P = Performative

_TIME: TypeAdapter[datetime] = TypeAdapter(Timestamp)
MAX_SENTENCE_CHARACTERS = 2000  # characters
INTENTS = (
    "find_agent",
    "find_agents",
    "chat",
    "track_usage",
    "an operation such as agora.task.get (over /agent/message)",
)


async def compose_answer(call: Call, draft: Draft, sent: SentMessage) -> dict[str, Any] | None:
    """Compose the reply to a message addressed to the marketplace; None if there is none, or it follows later."""
    message = draft.message
    if ORCHESTRATOR not in draft.own:
        hosting = HOSTING in draft.own and message.type in (P.REQUEST, *_HOSTING_PERFORMATIVES)
        return await deployment_requests.answer_as_host(call, draft, sent) if hosting else None
    if message.type in _HOSTING_PERFORMATIVES:
        return await deployment_requests.deploy_or_forward_request(call, draft, sent)
    if message.type in (P.DISCOVER, P.REQUEST) and message.intent in ("find_agent", "find_agents"):
        find_one = message.intent == "find_agent"
        return await (agent_search.answer_find_agent if find_one else agent_search.answer_find_agents)(
            call, message.payload
        )
    if message.type is P.INFORM and message.intent == "track_usage":
        return await _store_usage_report(call, draft)
    if message.type is P.REQUEST and message.intent == "chat":
        return await _answer_chat_message(call, message.payload.get("message"))
    # Only what asks for something is refused; statements to the marketplace need no reply.
    if message.type in (P.DISCOVER, P.REQUEST, P.PROPOSE):
        error = f"The marketplace does not know the intent {message.intent!r}."
        return {"type": "refuse", "intent": "unknown_intent", "payload": {"error": error, "known": list(INTENTS)}}
    return None


async def _answer_chat_message(call: Call, sentence: Any) -> dict[str, Any]:
    """Answer ``payload.message`` by the chat, with the sender's permissions."""
    if not isinstance(sentence, str) or not 1 <= len(sentence) <= MAX_SENTENCE_CHARACTERS:
        error = (
            "payload.message is missing."
            if sentence is None
            else f"payload.message is 1 to {MAX_SENTENCE_CHARACTERS} characters."
        )
        return {"type": "refuse", "intent": "chat", "payload": {"error": error}}
    answer = await OrchestratorService(call).answer_by_rules(
        sentence
    )  # without a model, because the reply is stored in the message's transaction
    return {"type": "inform", "intent": "chat", "payload": answer.model_dump(mode="json")}


_HOSTING_PERFORMATIVES = (P.DEPLOY, P.CO_LOCATE, P.SCALE)


async def _store_usage_report(call: Call, draft: Draft) -> dict[str, Any]:
    """Store a usage report and return the confirmation. Agents may only report their own usage."""
    payload, sender = draft.message.payload, draft.sender
    agent_id = await _require_reportable_agent(call, draft)
    usage_id = new_id("use")
    # Other fields are kept as they are: the agent protocol leaves the payload open.
    fields = {"agent_id", "customer_id", "action", "duration", "timestamp"}
    details = {name: value for name, value in payload.items() if name not in fields}
    customer, action = _parse_payload_text(payload, "customer_id"), _parse_payload_text(payload, "action") or "use"
    duration, used_at = _parse_duration(payload.get("duration")), _parse_timestamp(payload.get("timestamp"), call.now)
    usage = ReportedUsageRow(
        tenant_id=call.caller.tenant,
        usage_id=usage_id,
        agent_id=agent_id,
        customer_id=customer,
        action=action,
        duration=duration,
        used_at=used_at,
        reported_by=sender.agent_id,
        reported_at=call.now,
        details=encode_json(details),
    )
    call.tx.append(USAGE, usage)
    record = {"usage_id": usage_id, "agent_id": agent_id, "action": action, "duration": duration}
    audience = tuple(dict.fromkeys((agent_id, sender.agent_id)))
    call.emit("agora.usage.recorded", record | {"customer_id": customer}, subject=usage_id, audience=audience)
    return {"type": "confirm", "intent": "usage_recorded", "payload": record}


async def _require_reportable_agent(call: Call, draft: Draft) -> str:
    named, sender = draft.message.payload.get("agent_id"), draft.sender
    if named is None or named in sender.known_names:
        return sender.agent_id
    row = await find_agent(call.tx, named) if isinstance(named, str) else None
    if row is None or (row.agent_id != sender.agent_id and not call.caller.acts_for_others):
        raise PermissionDenied(
            "An agent reports its own usage.",
            fix="Leave out payload.agent_id, or send it as that agent.",
            required=["act:any"],
        )
    return row.agent_id


def _parse_payload_text(payload: dict[str, Any], name: str) -> str | None:
    value = payload.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > 100 or "\x00" in value:
        raise _build_payload_error(name, "a text of at most 100 characters")
    return value


def _parse_duration(value: Any) -> float:
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1e12:
        raise _build_payload_error("duration", "milliseconds, 0 or more")
    return float(value)


def _parse_timestamp(value: Any, default: int) -> int:
    if value is None:
        return default
    try:
        return to_microseconds(_TIME.validate_python(value))
    except ValidationError:
        raise _build_payload_error("timestamp", "an RFC 3339 time") from None


def _build_payload_error(name: str, what: str) -> InvalidRequest:
    return InvalidRequest(f"payload.{name} must be {what}.", errors=[field_error(f"payload.{name}", f"not {what}")])
