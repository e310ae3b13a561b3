"""Codebases: checkouts of workers, their jobs, and the form for a new job."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

from agora_sdk.contract import fields
from agora_sdk.contract.codebases import Codebase
from agora_sdk.contract.workers import Worker
from agora_sdk.contract.worktrees import DiskUse, Worktree

from ..registry import register_fragment, register_page
from ..view import View
from .coding_jobs import OPEN_STATUSES, is_job_of_codebase, load_jobs
from .list_parameters import list_page_or_filter_error, query_if_allowed, read_url_filters
from .workers import list_attempt_variants, list_coding_agent_names

__all__ = ["load_codebase_page", "load_codebases_page", "load_sessions_page"]

EVENTS: Final = ("agora.worker.*", "agora.codebase.*")
JOB_EVENTS: Final = ("agora.task.*",)
MAX_JOBS: Final = 20
MAX_SESSIONS: Final = 10
MAX_REMOVABLE: Final = 100
LOSSLESS_VERDICTS: Final = ("removable", "recent")
#: effect of a clean-up on a worktree, with the reason
VERDICT_LABELS: Final = {
    "removable": "can be removed without loss",
    "recent": "can be removed without loss; the worker keeps it because of its age and size",
    "in_use": "stays: a job works there",
    "uncommitted": "stays: changes or new files",
    "unmerged": "stays: commits that are on no other branch",
    "stashed": "stays: stashed changes",
    "unknown": "stays: git could not check it",
}


@register_page(
    "codebases",
    title="Codebases",
    scope="read:tasks",
    nav=25,
    key="k",
    needs="agora.codebase.list",
    live=("codebase_rows",),
)
async def load_codebases_page(view: View) -> Mapping[str, Any]:
    """Load all codebases, or those that match the search."""
    return await load_codebase_table(view)


@register_fragment("codebase_rows", on=EVENTS, tick=15, every=1.0)
async def load_codebase_table(view: View) -> Mapping[str, Any]:
    """Load the table."""
    filters = read_url_filters(view, "search")
    result_page, error = await list_page_or_filter_error(view, "agora.codebase.list", filters)
    return {
        "found": result_page,
        "trouble": error,
        "filtered": bool(filters),
        "workers": await _load_workers(view, result_page.items if result_page.count else ()),
    }


@register_page(
    "codebases/{codebase_id}",
    title="Codebase",
    scope="read:tasks",
    needs="agora.codebase.get",
    live=("codebase_now", "codebase_jobs"),
)
async def load_codebase_page(view: View) -> Mapping[str, Any]:
    """Load one codebase: its worker, jobs and sessions."""
    values = await load_codebase_now_fragment(view)
    record, worker = values["codebase"], values["worker"]
    jobs, copies = await asyncio.gather(load_codebase_jobs_fragment(view), _load_copies(view, record))
    return {
        **values,
        **jobs,
        "removable": _list_removable(values["disk"]),
        "copies": copies,
        "agents": list_coding_agent_names(worker) if worker else [],
        "models": worker.models if worker else [],
        "variants": list_attempt_variants(worker) if worker else [],
        "priorities": [priority.value for priority in fields.Priority],
    }


@register_fragment("codebase_now", on=(*EVENTS, "agora.review.changed"), tick=15, every=1.0)
async def load_codebase_now_fragment(view: View) -> Mapping[str, Any]:
    """Load whether its worker is online and takes queued jobs."""
    record = await view.invoke("agora.codebase.get", {"codebase_id": view.path["codebase_id"]})
    codebase_filter = {"codebase_id": record.codebase_id}
    workers, disk, watch = await asyncio.gather(
        _load_workers(view, [record]),
        query_if_allowed(view, "agora.worktree.list", codebase_filter),
        query_if_allowed(view, "agora.codebase.watch_status", codebase_filter),
    )
    return {
        "codebase": record,
        "watch": watch,
        "worker": workers.get(record.worker_id),
        "disk": disk if disk and disk.worktrees else None,
        "lossless": LOSSLESS_VERDICTS,
        "verdicts": VERDICT_LABELS,
    }


@register_fragment("codebase_jobs", on=JOB_EVENTS, every=1.0)
async def load_codebase_jobs_fragment(view: View) -> Mapping[str, Any]:
    """Load its newest jobs and sessions."""
    record = await view.invoke("agora.codebase.get", {"codebase_id": view.path["codebase_id"]})
    arguments = {"codebase_id": record.codebase_id, "limit": MAX_SESSIONS}
    newest, page = await asyncio.gather(load_jobs(view), query_if_allowed(view, "agora.session.list", arguments))
    jobs = [job for job in newest if is_job_of_codebase(job, record)]
    return {
        "codebase": record,
        "jobs": jobs[:MAX_JOBS],
        "hidden_jobs": max(0, len(jobs) - MAX_JOBS),
        "running": sum(job.status in OPEN_STATUSES for job in jobs),
        "sessions": page,
    }


@register_page("codebases/{codebase_id}/sessions", title="Sessions", scope="read:tasks", needs="agora.session.list")
async def load_sessions_page(view: View) -> Mapping[str, Any]:
    """Load the sessions of a codebase, latest first."""
    record = await view.invoke("agora.codebase.get", {"codebase_id": view.path["codebase_id"]})
    filters = read_url_filters(view, "q")
    listing, error = await list_page_or_filter_error(
        view, "agora.session.list", {"codebase_id": record.codebase_id, **filters}
    )
    return {"codebase": record, "found": listing, "trouble": error, "filtered": bool(filters)}


def _list_removable(disk: DiskUse | None) -> list[Worktree]:
    """List the worktrees that a clean-up may remove."""
    return [one for one in disk.worktrees if one.verdict in LOSSLESS_VERDICTS][:MAX_REMOVABLE] if disk else []


async def _load_copies(view: View, codebase: Codebase) -> list[Codebase]:
    """List the codebases of the same repository on other workers."""
    if not codebase.repository:
        return []
    page = await query_if_allowed(view, "agora.codebase.list", {"search": codebase.repository})
    return [
        other
        for other in (page.items if page else [])
        if other.repository == codebase.repository and other.codebase_id != codebase.codebase_id
    ]


async def _load_workers(view: View, codebases: Iterable[Codebase]) -> Mapping[str, Worker]:
    """Load the workers of codebases by id, as far as the user may see them."""
    ids = dict.fromkeys(codebase.worker_id for codebase in codebases)
    workers = await asyncio.gather(*(query_if_allowed(view, "agora.worker.get", {"worker_id": id}) for id in ids))
    return {worker.worker_id: worker for worker in workers if worker is not None}
