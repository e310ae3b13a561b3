"""Subscriptions of coding to signals of agents, workers and tasks: declared codebases, ended deliveries."""

from __future__ import annotations

from agora.core.call import Call, encode_json
from agora.domains.agents.signals import CODEBASE_CAPABILITY, DeclaredCodebases
from agora.domains.tasks.records import TaskRow
from agora_sdk.errors import PermissionDenied

from . import queries as statements
from .reviews import ReviewService

__all__ = ["reopen_review", "require_own_codebases"]


async def require_own_codebases(call: Call, declared: DeclaredCodebases) -> None:
    """Refuse the codebase id of another agent: its jobs carry prompts for that agent's worker and produce branches."""
    foreign = await call.tx.one(
        statements.select_foreign_codebase, codebases=encode_json(list(declared.codebases)), owner=declared.owner
    )
    if foreign is not None:
        raise PermissionDenied(
            f"The capability '{CODEBASE_CAPABILITY}{foreign.codebase_id}' belongs to a worker of {foreign.owner}.",
            fix="Register the codebase for your own worker (POST /v1/agent/codebases), which gives it an id of its own.",
        )


async def reopen_review(call: Call, task: TaskRow) -> None:
    """Reopen the review whose delivery has ended without a report."""
    await ReviewService(call).reopen_undelivered_review(task)
