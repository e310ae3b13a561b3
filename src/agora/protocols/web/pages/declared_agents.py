"""Declared agents: the list, their declarations with versions, and a conversation to try one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from agora.value_classes import value_class
from agora_sdk.contract.declared_agents import AgentSpecification, DeclaredAgent
from agora_sdk.contract.tasks import Task

from ..registry import register_fragment, register_page
from ..view import View
from .list_parameters import list_page_or_filter_error, query_if_allowed
from .task_exchange import QUESTION_STATES, TaskExchange, load_exchange

__all__ = ["load_declared_agent_page", "load_declared_agents_page"]

EVENTS: Final = ("agora.declared_agent.*", "agora.model_provider.*")
MAX_TURNS: Final = 20  #: maximum of the conversation, newest ones
MAX_TEXT_CHARACTERS: Final = 20_000  #: maximum characters of an answer
MAX_CONTEXT: Final = 200  #: maximum characters of a context id
#: fields of the form; other members of a declaration are sent unchanged
FORM_FIELDS: Final = frozenset(AgentSpecification.model_fields) & {
    "model", "instructions", "description", "capabilities", "fallbacks", "tools", "approval", "askers", "output_schema",
    "limits", "memory", "busy", "max_concurrent_tasks",
}  # fmt: skip


@value_class
class ConversationTurn:
    """A task of the conversation. answer: its result, or the output so far."""

    task: Task
    question: str
    answer: str


@register_page(
    "agents/declared",
    title="LLM agents",
    scope="admin",
    needs="agora.declared_agent.list",
    live=("declared_rows",),
)
async def load_declared_agents_page(view: View) -> Mapping[str, Any]:
    """Load all declared agents."""
    return {**await load_declared_table(view), **_build_form_values(None)}


@register_fragment("declared_rows", on=EVENTS, tick=30, every=1.0)
async def load_declared_table(view: View) -> Mapping[str, Any]:
    """Load the table."""
    result_page, error = await list_page_or_filter_error(view, "agora.declared_agent.list", {})
    return {"found": result_page, "trouble": error}


@register_page(
    "agents/declared/{name}",
    title="LLM agent",
    scope="admin",
    needs="agora.declared_agent.get",
    live=("declared_now", "declared_chat"),
)
async def load_declared_agent_page(view: View) -> Mapping[str, Any]:
    """Load one declared agent."""
    now, chat = await asyncio.gather(load_declared_now_fragment(view), load_declared_chat_fragment(view))
    return {**now, **chat, **_build_form_values(now["declaration"])}


@register_fragment("declared_now", on=EVENTS, tick=30, every=1.0)
async def load_declared_now_fragment(view: View) -> Mapping[str, Any]:
    """Load its declaration and earlier versions."""
    agent = await view.invoke("agora.declared_agent.get", {"name": view.path["name"]})
    versions, _ = await list_page_or_filter_error(view, "agora.declared_agent.versions", {"name": agent.name})
    return {"declaration": agent, "versions": versions}


@register_fragment("declared_chat", on=("agora.task.*",), tick=30, every=0.5)
async def load_declared_chat_fragment(view: View) -> Mapping[str, Any]:
    """Load the user's conversation with it, oldest first."""
    agent = await view.invoke("agora.declared_agent.get", {"name": view.path["name"]})
    context_id = _choose_context(view, agent)
    arguments = {"context_id": context_id, "agent_id": agent.agent_id, "descending": True, "limit": MAX_TURNS}
    tasks = await query_if_allowed(view, "agora.task.list", arguments)
    rows = [await view.invoke("agora.task.get", {"task_id": row.task_id}) for row in tasks.items] if tasks else []
    turns = await asyncio.gather(*(_read_turn(view, row) for row in reversed(rows)))
    asking = next((row for row in rows if row.status in QUESTION_STATES), None)
    exchange = await load_exchange(view, asking, artifacts=False) if asking else TaskExchange([], [])
    return {"declaration": agent, "context_id": context_id, "turns": turns, "asking": asking, "exchange": exchange}


def _choose_context(view: View, agent: DeclaredAgent) -> str:
    """Choose the conversation of the URL, otherwise the user's own with the agent."""
    chat_id = view.query.get("chat", "")
    if 0 < len(chat_id) <= MAX_CONTEXT and chat_id.isprintable():
        return chat_id
    return f"monitor-{view.caller.subject}-{agent.agent_id}"[:MAX_CONTEXT]


async def _read_turn(view: View, task: Task) -> ConversationTurn:
    text = task.payload.get("text")
    question = text if isinstance(text, str) else str(task.payload)
    if task.result is not None:
        answer = task.result if isinstance(task.result, str) else str(task.result)
    elif task.output_size and not task.error:
        arguments = {
            "task_id": task.task_id,
            "offset": max(0, task.output_size - MAX_TEXT_CHARACTERS),
            "limit": MAX_TEXT_CHARACTERS,
        }
        output = await query_if_allowed(view, "agora.task.output", arguments)
        answer = output.content if output else ""
    else:
        answer = task.error or ""
    return ConversationTurn(task, question[:MAX_TEXT_CHARACTERS], answer[:MAX_TEXT_CHARACTERS])


def _build_form_values(agent: DeclaredAgent | None) -> Mapping[str, Any]:
    """Build the initial values of the form of a declaration. rest: members of the declaration without a field."""
    specification = agent.specification if agent is not None else AgentSpecification.model_construct(model="")
    document = specification.model_dump(mode="json", exclude_defaults=True)
    other_fields = {name: value for name, value in document.items() if name not in FORM_FIELDS}
    policies = ("enqueue", "reject", "interrupt", "rollback", "concurrent")
    return {"specification": specification, "rest": other_fields, "policies": policies}
