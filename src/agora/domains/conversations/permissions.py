"""Permissions: which agents may send which intents to an agent.

An agent declares them in its metadata: ``{"permissions": {"calculate": ["agent.app.orchestrator"]}}`` maps an intent (or
``*`` for all others) to allowed senders: agents by id, name or alias, ``account:NAME``, or ``*`` for everyone. A
credential with the scope ``intent:calculate`` is allowed too. Intents that are not listed need no permission.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agora.core.call import Call, decode_json
from agora.domains.agents import queries as agents
from agora.domains.agents.records import AgentRow
from agora_sdk.contract.envelopes import AgentMessage, Performative
from agora_sdk.errors import PermissionDenied

from .correlation import Sender

__all__ = ["GATED_PERFORMATIVES", "check_permissions"]

#: types that request an action and therefore need permission
GATED_PERFORMATIVES = frozenset(
    {
        Performative.REQUEST,
        Performative.PROPOSE,
        Performative.ASSIGN,
        Performative.DEPLOY,
        Performative.CO_LOCATE,
        Performative.SCALE,
    }
)


async def check_permissions(call: Call, message: AgentMessage, sender: Sender, recipients: Sequence[str]) -> None:
    """Check that the sender may send the message's intent to each recipient (agent ids).

    Raises PermissionDenied; ``required`` holds the missing intent, ``agent`` the agent that restricts it.
    """
    if message.type not in GATED_PERFORMATIVES or message.intent is None:
        return
    for agent_id in recipients:
        row = await call.tx.one(agents.select_agent_by_id, ref=agent_id)
        allowed = _list_allowed_senders(row, message.intent) if row is not None else None
        # An agent may always send to itself.
        if row is None or allowed is None or agent_id == sender.agent_id:
            continue
        if not _claims_intent(message) or not _is_sender_allowed(call, allowed, sender, message.intent):
            raise PermissionDenied(
                "Insufficient permissions",
                fix=f"{row.agent_name} decides who may ask it for {message.intent!r}.",
                required=[message.intent],
                agent=row.alias or row.agent_name,
            )


def _list_allowed_senders(row: AgentRow, intent: str) -> list[Any] | None:
    """List the senders allowed to send an intent to an agent; None for everyone."""
    # Agents write their metadata themselves: a policy of another form than expected restricts nothing.
    policy = decode_json(row.metadata).get("permissions")
    if not isinstance(policy, dict):
        return None
    allowed = policy.get(intent, policy.get("*"))
    return allowed if isinstance(allowed, list) else None if allowed is None else [allowed]


def _claims_intent(message: AgentMessage) -> bool:
    """Whether the message claims the permission; a message that lists permissions uses only those."""
    claimed = message.security.permissions if message.security else None
    return claimed is None or message.intent in claimed


def _is_sender_allowed(call: Call, allowed: list[Any], sender: Sender, intent: str) -> bool:
    names = {"*", *sender.known_names}
    if sender.row is not None:
        names.add(f"account:{sender.row.account_id}")
    # Only for the caller itself: an operator that sends as another agent does not lend it the scope.
    scoped = sender.agent_id == call.caller.subject and call.caller.may(f"intent:{intent}")
    return scoped or any(isinstance(who, str) and who in names for who in allowed)
