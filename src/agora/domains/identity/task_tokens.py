"""Task tokens: credentials of the program that works on a task, such as a coding agent over MCP.

A token is signed and not stored. It is valid while the worker that requested it holds the lease of that attempt, so it
ends with the task, with the lease, and with a reassignment. Its scopes are those that the task's creator allowed, as
far as the creator
holds them at the moment of each call.
"""

from __future__ import annotations

from pydantic_core import from_json

from agora.core import scopes
from agora.core.call import Caller
from agora.settings import Settings
from agora.store.port import Reader
from agora_sdk.errors import Unauthenticated

from . import credential_queries as credentials
from . import queries as people
from .roles import list_role_scopes
from .signing import TaskClaims

__all__ = ["authenticate_task_token", "read_current_scopes"]

OPERATORS = ("operator", "system")
IN_PROGRESS = "in_progress"


async def authenticate_task_token(reader: Reader, settings: Settings, claims: TaskClaims, now: int) -> Caller:
    """Return the caller of a verified task token. Raises Unauthenticated if the agent no longer works on the task."""
    row = await reader.one(credentials.select_task_credential, task_id=claims.task_id)
    if (
        row is None
        or row.status != IN_PROGRESS
        or (row.holder, row.worker, row.attempts) != (claims.holder, claims.worker, claims.attempt)
        or row.lease_until is None
        or row.lease_until <= now
    ):
        raise Unauthenticated(
            "The task token has ended: its task is not in progress any more, or with another worker.",
            fix="The holder of the task's lease gets another one with agora.task.issue_token.",
        )
    # Intersected at each call: a token never outlives a right that its grantor lost.
    granted = frozenset(claims.scopes) & await read_current_scopes(reader, settings, claims.tenant, row.created_by, now)
    return Caller(
        tenant=claims.tenant,
        subject=claims.task_id,
        name=claims.task_id,
        kind="task",
        scopes=granted & scopes.DELEGABLE,
        account=row.account_id,
        registrar=row.created_by,
    )


async def read_current_scopes(
    reader: Reader, settings: Settings, tenant: str, subject: str, now: int
) -> frozenset[str]:
    """Return the current scopes of a task's creator; empty if it left, was revoked, or is a task token."""
    if subject in OPERATORS:
        return scopes.ALL_SCOPES | scopes.AGENT
    if subject.startswith("static:"):
        names = [name for name, _, _ in settings.named_tokens]
        return scopes.AGENT if subject.removeprefix("static:") in names else frozenset()
    if subject.startswith("agent_"):
        agent = await reader.one(credentials.select_agent_credential, agent_id=subject)
        return scopes.AGENT if agent is not None and agent.status not in ("retired", "suspended") else frozenset()
    if subject.startswith("key_"):
        key = await reader.one(credentials.select_key_by_id, token_id=subject)
        if (
            key is None
            or key.kind == "enrolment"
            or key.revoked_at is not None
            or (key.expires_at is not None and key.expires_at <= now)
        ):
            return frozenset()
        # A key without scopes is an agent's key.
        return _expand_scopes(frozenset(from_json(key.scopes)) or scopes.AGENT)
    if subject.startswith("usr_"):
        user = await reader.one(people.select_user, user_id=subject)
        if user is not None and user.disabled_at is None:
            return _expand_scopes(list_role_scopes(user.role or user.provider_role, tenant))
    return frozenset()


def _expand_scopes(held: frozenset[str]) -> frozenset[str]:
    """``*`` holds every scope."""
    return held | scopes.AGENT if "*" in held else held
