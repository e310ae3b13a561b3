"""Naming: ids of agents as the names that people know them by."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from agora_sdk.errors import RateLimited

from ..view import View
from .list_parameters import asked

__all__ = ["names"]

REMEMBERED = 20_000
LOOKED_UP = 60  #: of one page; what is beyond is shown by its id, and has its name the next time

_names: dict[tuple[str, str, str], str] = {}


async def names(view: View, ids: Iterable[str | None]) -> Mapping[str, str]:
    """Names of agents by id, as far as this person may see them.

    They are remembered for each person apart: who may not see an agent does not learn its name here. Names never change.
    """
    wanted = {id for id in ids if id and id.startswith("agent_")}
    who = view.caller.tenant, view.caller.subject
    missing = [id for id in wanted if (*who, id) not in _names][:LOOKED_UP]
    try:
        found = await asyncio.gather(*(asked(view, "agora.agent.get", {"agent_id": id}) for id in missing))
    except RateLimited:
        found = []
    while len(_names) > REMEMBERED:
        del _names[next(iter(_names))]
    _names.update({(*who, agent.agent_id): agent.agent_name for agent in found if agent is not None})
    return {id: name for id in wanted if (name := _names.get((*who, id))) is not None}
