"""Validation of form fields with agent names: an unknown name is rejected before the operation runs, with similar
names.

Operations accept the name of an agent that registers later. In a form, an unknown name is probably misspelt.
"""

from __future__ import annotations

from agora_sdk.errors import AgoraError, NotFound, field_error

from .forms import Form
from .view import View

__all__ = ["require_existing_agents"]

BROADCAST = "broadcast"
MAX_SUGGESTIONS = 3


async def require_existing_agents(view: View, form: Form) -> None:
    """Check the fields listed in the form's field ``agents``. Raises NotFound."""
    for field in form.fields.get("agents", []):
        name = (form.get(field) or "").strip()
        # ``capability:NAME`` and ``worker:NAME`` name no single agent.
        if name and name != BROADCAST and ":" not in name and view.may_call("agora.agent.get"):
            await _require_agent(view, field, name)


async def _require_agent(view: View, field: str, name: str) -> None:
    try:
        await view.invoke("agora.agent.get", {"agent_id": name})
    except NotFound:
        names = await _find_similar_names(view, name)
        raise NotFound(
            f"There is no agent {name!r}.",
            fix=f"Did you mean {' or '.join(names)}?" if names else "The page Agents lists all agents.",
            errors=[field_error(field, "no such agent")],
        ) from None
    except AgoraError:  # the operation reports the error
        return


async def _find_similar_names(view: View, name: str) -> list[str]:
    try:
        page = await view.invoke_or_none("agora.query.agents", {"search": name, "limit": MAX_SUGGESTIONS})
    # The suggestions are optional: their failure must not replace the error about the name.
    except AgoraError:
        return []
    return [agent.agent_name for agent in page.items] if page else []
