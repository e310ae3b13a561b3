"""Fields that name an agent: a name that nobody has is refused before an operation runs, with the names that are near.

Operations take a name of an agent that registers later. A person who writes one in a form has misspelt it.
"""

from __future__ import annotations

from agora_sdk.errors import AgoraError, NotFound, field_error

from .forms import Form
from .view import View

__all__ = ["check_named_agents"]

BROADCAST = "broadcast"
MAX_SUGGESTIONS = 3


async def check_named_agents(view: View, form: Form) -> None:
    """Check the fields that the form's own field ``agents`` lists. Raises NotFound."""
    for field in form.fields.get("agents", []):
        name = (form.get(field) or "").strip()
        if name and name != BROADCAST and ":" not in name and view.may("agora.agent.get"):
            await _check_agent(view, field, name)


async def _check_agent(view: View, field: str, name: str) -> None:
    try:
        await view.invoke("agora.agent.get", {"agent_id": name})
    except NotFound:
        names = await _find_similar_names(view, name)
        raise NotFound(
            f"There is no agent {name!r}.",
            fix=f"Did you mean {' or '.join(names)}?" if names else "The page Agents lists those there are.",
            errors=[field_error(field, "no such agent")],
        ) from None
    except AgoraError:  # the operation says what is wrong with it
        return


async def _find_similar_names(view: View, name: str) -> list[str]:
    try:
        page = await view.invoke_or_none("agora.query.agents", {"search": name, "limit": MAX_SUGGESTIONS})
    except AgoraError:
        return []
    return [agent.agent_name for agent in page.items] if page else []
