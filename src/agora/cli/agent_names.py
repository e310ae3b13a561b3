"""Agent names in table columns that contain ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from agora_sdk.errors import AgoraError

from .output import Column

if TYPE_CHECKING:
    from agora_sdk import AgoraClient

__all__ = ["replace_agent_ids_by_names"]

PREFIX = "agent_"


def replace_agent_ids_by_names(client: AgoraClient, columns: Sequence[Column], *headings: str) -> list[Column]:
    """Return the columns, with agent names instead of ids under these headings. Each agent is fetched once."""
    name = cache(lambda ref: _fetch_agent_name_or_ref(client, ref))

    def translate_cell(cell: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda item: name(cell(item))

    return [(heading, translate_cell(cell) if heading in headings else cell) for heading, cell in columns]


def _fetch_agent_name_or_ref(client: AgoraClient, ref: str | None) -> str | None:
    if ref is None or not ref.startswith(PREFIX):
        return ref
    try:
        return client.agent.get(ref).agent_name
    except AgoraError:  # deregistered, or not visible to the caller
        return ref
