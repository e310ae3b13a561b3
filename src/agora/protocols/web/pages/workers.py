"""Workers: the processes that take tasks, and the software installed on their machines."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from agora.value_classes import value_class
from agora_sdk.contract.codebases import Codebase
from agora_sdk.contract.workers import Worker

from ..registry import register_fragment, register_page
from ..view import View
from .agent_names import load_agent_names
from .list_parameters import list_page_or_filter_error, query_if_allowed, read_url_filters

__all__ = [
    "Installation",
    "list_attempt_variants",
    "list_coding_agent_names",
    "load_worker_page",
    "load_workers_page",
    "read_installation",
]

EVENTS: Final = ("agora.worker.*",)
MAX_WORKERS: Final = 500
MAX_CODEBASES: Final = 500
MAX_AGENTS: Final = 20
MAX_NAME_CHARACTERS: Final = 64
GLOBAL_CODEBASE: Final = "global"  #: name of the codebase in a worker's home directory
AGENT_CAPABILITY: Final = "coding:"
PROFILE_CAPABILITY: Final = "profile:"
MAX_VARIANTS: Final = 24  #: maximum offered by a form


@value_class
class Installation:
    """A worker's report about its machine. agents: coding agents, with versions if known."""

    hostname: str
    version: str
    agents: tuple[str, ...]


@register_page(
    "agents/workers", title="Workers", scope="read:tasks", needs="agora.monitor.workers", live=("worker_rows",)
)
async def load_workers_page(view: View) -> Mapping[str, Any]:
    """Load the workers."""
    return await load_worker_rows_fragment(view)


@register_fragment("worker_rows", on=EVENTS, tick=10, every=1.0)
async def load_worker_rows_fragment(view: View) -> Mapping[str, Any]:
    """Load the table."""
    # Without the cursor of the URL, which the operation does not have as a parameter.
    arguments = {**read_url_filters(view, "search"), "cursor": None}
    (result_page, error), codebases = await asyncio.gather(
        list_page_or_filter_error(view, "agora.monitor.workers", arguments, rows=MAX_WORKERS), _load_codebases(view)
    )
    rows = result_page.items if result_page.count else []
    return {
        "found": result_page,
        "names": await load_agent_names(view, [row.owner for row in rows]),
        "codebases": codebases,
        "installations": {row.worker_id: read_installation(row) for row in rows},
        "trouble": error,
        "filtered": "search" in view.query,
    }


@register_page(
    "agents/workers/{worker_id}", title="Worker", scope="read:tasks", needs="agora.worker.get", live=("worker_now",)
)
async def load_worker_page(view: View) -> Mapping[str, Any]:
    """Load one worker."""
    values = await load_worker_now_fragment(view)
    home = next((codebase for codebase in values["codebases"] if codebase.name == GLOBAL_CODEBASE), None)
    return {**values, "global_codebase": home}


@register_fragment("worker_now", on=(*EVENTS, "agora.task.*"), tick=10, every=1.0)
async def load_worker_now_fragment(view: View) -> Mapping[str, Any]:
    """Load its state and its work."""
    record = await view.invoke("agora.worker.get", {"worker_id": view.path["worker_id"]})
    tasks, codebases, names = await asyncio.gather(
        query_if_allowed(view, "agora.task.list", {"worker_id": record.worker_id, "descending": True, "limit": 20}),
        _load_codebases(view),
        load_agent_names(view, [record.owner]),
    )
    return {
        "worker": record,
        "tasks": tasks,
        "codebases": codebases.get(record.worker_id, []),
        "names": names,
        "installation": read_installation(record),
    }


async def _load_codebases(view: View) -> Mapping[str, list[Codebase]]:
    """Load codebases by worker id."""
    page = await query_if_allowed(view, "agora.codebase.list", {"limit": MAX_CODEBASES})
    by_worker: dict[str, list[Codebase]] = defaultdict(list)
    for codebase in page.items if page else []:
        by_worker[codebase.worker_id].append(codebase)
    return by_worker


def read_installation(worker: Worker) -> Installation:
    """Read a worker's report from its metadata, or its coding agents from its capabilities."""
    metadata = worker.metadata
    reported = metadata.get("agents")
    agents = [_format_agent_label(agent) for agent in reported[:MAX_AGENTS]] if isinstance(reported, list) else []
    return Installation(
        hostname=str(metadata.get("hostname") or "")[:MAX_NAME_CHARACTERS],
        version=str(metadata.get("version") or "")[:MAX_NAME_CHARACTERS],
        agents=tuple(agent for agent in agents if agent) or tuple(list_coding_agent_names(worker)),
    )


def list_coding_agent_names(worker: Worker) -> list[str]:
    """List the names of a worker's coding agents: its capabilities ``coding:NAME``."""
    names = [name.removeprefix(AGENT_CAPABILITY) for name in worker.capabilities if name.startswith(AGENT_CAPABILITY)]
    return names[:MAX_AGENTS]


def list_attempt_variants(worker: Worker) -> list[str]:
    """List what attempts can require of a worker: its agents, profiles and models."""
    capabilities = [name for name in worker.capabilities if name.startswith((AGENT_CAPABILITY, PROFILE_CAPABILITY))]
    return [*capabilities, *(f"model:{name}" for name in worker.models)][:MAX_VARIANTS]


def _format_agent_label(agent: Any) -> str:
    """Format a coding agent as name and version."""
    if isinstance(agent, Mapping):
        return " ".join(str(agent[name]) for name in ("name", "version") if agent.get(name))[:MAX_NAME_CHARACTERS]
    return str(agent)[:MAX_NAME_CHARACTERS]
