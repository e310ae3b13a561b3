"""Records of apps."""

from __future__ import annotations

from agora.store.port import Table
from agora.store.records import record

__all__ = ["APPS", "AppRow", "Orchestrator"]


@record
class AppRow:
    """A row of ``apps``.

    orchestrator: an agent's id. uses, agents: JSON arrays, of capabilities and of names of declared agents. workflow:
    JSON.
    search_text: folded. published: 1 if the registration of an agent of the category app published it.
    """

    tenant_id: str
    app_id: str
    name: str
    name_key: str
    alias: str | None
    description: str
    industry: str
    industry_key: str
    version: str
    revision: int
    orchestrator: str | None
    uses: str
    visibility: str
    account_id: str
    created_by: str
    registrar: str | None
    agents: str
    workflow: str | None
    search_text: str
    published: int
    created_at: int
    updated_at: int


APPS = Table("apps", AppRow)
"""Apps of the marketplace."""


@record
class Orchestrator:
    """The agent that users of an app talk to."""

    agent_id: str
    agent_name: str
    account_id: str
    visibility: str
    retired_at: int | None
