"""Access rules of codebases and sessions."""

from __future__ import annotations

from agora.core.call import Call, Caller
from agora.core.errors import not_found
from agora_sdk.errors import Conflict, PermissionDenied

from . import queries as statements
from .records import CodebaseRow, SessionRow

__all__ = [
    "load_codebase",
    "load_own_codebase",
    "load_session",
    "may_read_every_session",
    "require_requester",
    "resolve_codebase",
    "resolve_own_codebase",
]

MAX_LISTED_CODEBASES = 5  #: maximum number of codebase ids in the error for an ambiguous name


async def load_codebase(call: Call, codebase_id: str) -> CodebaseRow:
    """Load a codebase by id. Raises NotFound."""
    row = await call.tx.one(statements.select_codebase, codebase_id=codebase_id)
    if row is None:
        raise not_found(
            "codebase_id", f"There is no codebase {codebase_id!r}.", fix="See GET /v1/agent/codebases for their ids."
        )
    call.target = row.codebase_id
    return row


async def resolve_codebase(call: Call, ref: str) -> CodebaseRow:
    """Find a codebase by id, or by a name that is unique among the caller's codebases.

    Operators find the codebases of all callers. Raises NotFound, Conflict.
    """
    if (row := await call.tx.one(statements.select_codebase, codebase_id=ref)) is not None:
        call.target = row.codebase_id
        return row
    # By name only among the caller's own: agents choose names freely, and a job must not reach a stranger's worker by one.
    owner = "" if call.caller.acts_for_others else call.caller.subject
    rows = await call.tx.all(statements.select_codebases_by_name, name=ref, owner=owner, limit=MAX_LISTED_CODEBASES)
    if not rows:
        return await load_codebase(call, ref)
    if len(rows) > 1:
        ids = ", ".join(row.codebase_id for row in rows)
        raise Conflict(f"There are several codebases {ref!r}.", fix=f"Give the id of one: {ids}.")
    call.target = rows[0].codebase_id
    return rows[0]


async def resolve_own_codebase(call: Call, ref: str) -> CodebaseRow:
    """Find a codebase of the caller's worker by id or name; operators: any.

    Raises NotFound, Conflict, PermissionDenied.
    """
    return _check_own(call, await resolve_codebase(call, ref))


async def load_own_codebase(call: Call, codebase_id: str) -> CodebaseRow:
    """Load a codebase of the caller's worker; operators: any. Raises NotFound, PermissionDenied."""
    return _check_own(call, await load_codebase(call, codebase_id))


def _check_own(call: Call, row: CodebaseRow) -> CodebaseRow:
    if not call.caller.acts_for(row.owner):
        raise PermissionDenied(
            f"{row.codebase_id} belongs to a worker of {row.owner}.",
            fix="Only its worker and operators may change it.",
            required="act:any",
        )
    return row


def require_requester(caller: Caller, ref: str, requester: str, action: str) -> None:
    """Require that a caller requested something, or is an operator. Raises PermissionDenied."""
    if not caller.acts_for(requester):
        raise PermissionDenied(
            f"{ref} was requested by {requester}.",
            fix=f"Only its requester and operators may {action}.",
            required="act:any",
        )


def may_read_every_session(call: Call, codebase: CodebaseRow) -> bool:
    """Whether a caller may read all sessions of a codebase: its worker and operators may."""
    caller = call.caller
    return codebase.owner == caller.subject or caller.reads_all


async def load_session(call: Call, codebase: CodebaseRow, session_id: str) -> SessionRow:
    """Load a session that the caller may read. Raises NotFound for a hidden session, too."""
    row = await call.tx.one(statements.select_session, codebase_id=codebase.codebase_id, session_id=session_id)
    # Transcripts hold prompts and code of their requester.
    if row is None or not (may_read_every_session(call, codebase) or row.requester == call.caller.subject):
        raise not_found(
            "session_id",
            f"There is no session {session_id!r} in {codebase.codebase_id}.",
            fix=f"See GET /v1/agent/codebases/{codebase.codebase_id}/sessions.",
        )
    return row
