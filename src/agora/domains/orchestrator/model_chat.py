"""The chat with a model: a sentence becomes a task of the declared agent of the setting ``chat_agent``.

As in any of its tasks, the agent's tools act with the requester's rights. The chat's answer takes its data and
credentials from the tool results in the task's log (:mod:`agora.domains.declared_agents.tool_uses`), because a model
sees no credentials.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from agora.clock import new_id
from agora.core.call import Call, WaitForEvent, cast_deferred_to_result, decode_json, encode_json
from agora.core.idempotency import build_key_reused_error, find_idempotent_answer, store_idempotent_answer
from agora.domains.agents.records import AgentRow
from agora.domains.agents.references import find_agent, load_agent
from agora.domains.declared_agents import queries as declared
from agora.domains.declared_agents.tool_uses import ToolUse, list_tool_uses
from agora.domains.tasks import queries as tasks
from agora.domains.tasks import states
from agora.domains.tasks.creation import Order, create_task
from agora.domains.tasks.list_queries import select_recent_messages
from agora.domains.tasks.messages import join_text
from agora.domains.tasks.records import TaskRow
from agora_sdk.contract import orchestrator as contract
from agora_sdk.contract.agents import Agent
from agora_sdk.contract.apps import App
from agora_sdk.contract.fields import TaskStatus
from agora_sdk.contract.instances import MarketplaceAgent
from agora_sdk.errors import UpstreamUnavailable

from .answer_rows import build_app_fields, build_count_fields, build_market_fields, build_profile_fields

__all__ = ["create_chat_task_and_await_answer", "find_chat_agent"]

OPERATION = "agora.orchestrator.chat"
TASK_TYPE = "a2a.message"
WAIT_SECONDS = 55.0  #: less than a minute, the usual timeout of clients and proxies
SETTLED_EVENTS = frozenset(
    f"agora.task.{status.value}" for status in (*states.TERMINAL_STATUSES, *states.INTERRUPTED_STATUSES)
)
CALLER_KINDS = ("agent", "key", "operator", "user")  #: callers whose rights can be resolved again during the task
WORKING_STATUSES = ("active", "busy")


async def find_chat_agent(call: Call) -> AgentRow | None:
    """Find the declared agent that answers this caller; None to use fixed rules, also while the agent is inactive."""
    name, caller = call.context.settings.chat_agent, call.caller
    if not name or caller.kind not in CALLER_KINDS:
        return None
    if not (caller.may("read:agents") or caller.may("write:agents")):  # none of the tools would be permitted
        return None
    row = await find_agent(call.tx, name)
    if row is None or row.status not in WORKING_STATUSES or row.retired_at is not None:
        return None
    is_declared = await call.tx.one(declared.select_agent_by_id, agent_id=row.agent_id) is not None
    return row if is_declared else None


async def create_chat_task_and_await_answer(call: Call, agent: AgentRow, sentence: str) -> contract.ChatAnswer:
    """Have the agent answer, and wait for it. A sentence repeated under the same idempotency key is one task."""
    # Another sentence under the same key is an error, as for every idempotency key.
    digest = hashlib.blake2b(sentence.encode(), digest_size=16).digest()
    # The space distinguishes it from clients' own idempotency keys.
    key = f"chat {call.idempotency_key}" if call.idempotency_key is not None else None
    earlier = None
    if key is not None:
        reused = build_key_reused_error("idempotency key", key.removeprefix("chat "), "request")
        earlier = await find_idempotent_answer(call, key, OPERATION, digest, lambda: reused)
    if earlier is not None:
        task_id = earlier.decode()
    else:
        message = {"role": "ROLE_USER", "messageId": new_id("msg"), "parts": [{"text": sentence}]}
        payload = encode_json({"message": message, "text": sentence})
        draft, _ = await create_task(call, Order(TASK_TYPE, payload, agent.agent_id, agent=agent))
        task_id = draft.task_id
        if key is not None:
            store_idempotent_answer(call, key, OPERATION, digest, task_id.encode())
    call.target = task_id
    late = contract.ChatAnswer(
        response=f"{agent.agent_name} still works on it, as {task_id}: agora.task.get has its answer once it has ended."
    )

    async def read_answer(later: Call) -> contract.ChatAnswer:
        row = await later.tx.one(tasks.select_task, task_id=task_id)
        assert row is not None
        # The task was created in an earlier transaction: its end is awaited without holding one.
        if row.status not in states.TERMINAL_STATUSES and row.status not in states.INTERRUPTED_STATUSES:
            raise WaitForEvent(SETTLED_EVENTS, WAIT_SECONDS, late, subject=task_id)
        return await _build_answer(later, row, agent.agent_name)

    return cast_deferred_to_result(read_answer)


async def _build_answer(call: Call, task: TaskRow, agent_name: str) -> contract.ChatAnswer:
    """Build the answer of a completed or asking task. Raises UpstreamUnavailable for a failed one."""
    if task.status in states.INTERRUPTED_STATUSES:
        question = await _read_question(call, task.task_id)
        return contract.ChatAnswer(response=f"{question}\n\nAnswer it with agora.task.message, as {task.task_id}.")
    if task.status != TaskStatus.COMPLETED:
        raise UpstreamUnavailable(
            f"{agent_name} could not answer: {task.error or task.status}.",
            fix=f"See agora.task.get {task.task_id}. Without the setting chat_agent, fixed rules answer.",
        )
    stored = await call.tx.one(tasks.select_task_data, task_id=task.task_id)
    result = None if stored is None or stored.result is None else decode_json(stored.result)
    uses = await list_tool_uses(call, task)
    answer = contract.ChatAnswer(
        response=result if isinstance(result, str) else encode_json(result),
        data=[row for use in uses for row in _list_rows(use)],
        tools_used=list(dict.fromkeys(use.tool for use in uses)),
    )
    registered = [use.content["agent_id"] for use in uses if use.tool == "register_agent"]
    if registered:
        agent = await load_agent(call.tx, registered[-1])
        if agent.status != "retired":
            signer = call.context.signer
            answer.token = signer.sign_agent_token(call.caller.tenant, agent.agent_id, agent.token_generation)
    return answer


async def _read_question(call: Call, task_id: str) -> str:
    for entry in await call.tx.all(select_recent_messages, task_id=task_id, limit=1):
        message = decode_json(entry.data) if entry.data else {}
        return join_text(message.get("parts") or ())
    return "It waits for an answer."


def _list_rows(use: ToolUse) -> Iterator[dict[str, Any]]:
    """Convert the result of a tool to rows of the chat's answer."""
    match use.tool:
        case "search_agents":
            for agent in use.content["agents"]:
                yield build_market_fields(MarketplaceAgent.model_validate(agent))
        case "search_apps":
            for app in use.content["apps"]:
                yield build_app_fields(App.model_validate(app))
        case "get_marketplace_stats":
            yield build_count_fields(contract.MarketplaceCount.model_validate(use.content))
        case "get_agent" | "register_agent":
            yield build_profile_fields(Agent.model_validate(use.content))
