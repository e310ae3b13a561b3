"""Display names of agents by id."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from agora_sdk.errors import RateLimited

from ..view import View
from .list_parameters import query_if_allowed

__all__ = ["load_agent_names"]

MAX_NAMES = 20_000
MAX_LOOKUPS = 60  #: maximum per page; further agents are shown by id until a later request

_names: dict[tuple[str, str, str], str] = {}


async def load_agent_names(view: View, ids: Iterable[str | None]) -> Mapping[str, str]:
    """Find the names of agents by id, as far as the user may see them.

    They are cached per user, so that the cache reveals no agent that the user may not see. Names never change.
    """
    agent_ids = {id for id in ids if id and id.startswith("agent_")}
    caller = view.caller.tenant, view.caller.subject
    missing = [id for id in agent_ids if (*caller, id) not in _names][:MAX_LOOKUPS]
    try:
        agents = await asyncio.gather(*(query_if_allowed(view, "agora.agent.get", {"agent_id": id}) for id in missing))
    # The page shows ids rather than an error.
    except RateLimited:
        agents = []
    while len(_names) > MAX_NAMES:
        del _names[next(iter(_names))]
    _names.update({(*caller, agent.agent_id): agent.agent_name for agent in agents if agent is not None})
    return {id: name for id in agent_ids if (name := _names.get((*caller, id))) is not None}
