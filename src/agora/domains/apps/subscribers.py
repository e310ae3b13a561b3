"""Handlers of signals of agents: an agent of the category app is published as an app."""

from __future__ import annotations

from agora.core.call import Call, decode_json
from agora.domains.agents.names import compute_name_key
from agora.domains.agents.records import AgentRow
from agora.domains.agents.references import load_agent
from agora.domains.agents.signals import AgentRegistered

from . import queries as statements
from .changes import delete_app_with_event, insert_app_with_event
from .records import AppRow
from .references import find_app
from .search_text import fold_search_text

__all__ = ["publish_registered_app", "remove_published_app"]

CATEGORY = "app"


async def publish_registered_app(call: Call, registered: AgentRegistered) -> None:
    """Publish a new agent of the category app as an app of its name, unless the name is taken."""
    # A taken name must not refuse the registration: the agent exists without an app.
    if registered.category.casefold() != CATEGORY or await find_app(call.tx, registered.agent_name) is not None:
        return
    insert_app_with_event(call, _build_published_row(call, await load_agent(call.tx, registered.agent_id)))


def _build_published_row(call: Call, agent: AgentRow) -> AppRow:
    tags = [str(tag) for tag in decode_json(agent.tags)]
    industry = tags[0] if tags else ""
    texts = (agent.agent_name, agent.description, *tags, *decode_json(agent.capabilities))
    return AppRow(
        tenant_id=agent.tenant_id,
        # Derived and not new: its order among the apps of the agent is known (remove_published_app).
        app_id=agent.agent_id.replace("agent_", "app_", 1),
        name=agent.agent_name,
        name_key=compute_name_key(agent.agent_name),
        alias=None,
        description=agent.description,
        industry=industry,
        industry_key=fold_search_text(industry),
        version="",
        revision=1,
        orchestrator=agent.agent_id,
        uses="[]",
        visibility=agent.visibility,
        account_id=agent.account_id,
        created_by=agent.agent_id,
        registrar=agent.registrar,
        agents="[]",
        workflow=None,
        search_text=fold_search_text(*texts),
        published=1,
        created_at=call.now,
        updated_at=call.now,
    )


async def remove_published_app(call: Call, agent: AgentRow) -> None:
    """Remove the app published for an agent together with the agent. Its other apps remain and report the problem."""
    # The oldest hundred are enough: the published app has the digits of the agent's id, so none of its apps is older.
    for row in await call.tx.all(statements.select_apps_of_orchestrator, agent_id=agent.agent_id):
        # Apps that their owner created or installed are not the agent's.
        if row.published:
            await delete_app_with_event(call, row)
