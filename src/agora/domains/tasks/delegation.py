"""Delegation: rights on the marketplace that a task's creator grants to the program working on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agora.clock import to_datetime
from agora.core import scopes
from agora.core.call import Call, Caller, decode_json
from agora.domains.identity.task_tokens import read_current_scopes
from agora_sdk.contract import tasks as contract
from agora_sdk.contract.fields import TaskStatus
from agora_sdk.contract.tasks.coding import JOB_TYPE
from agora_sdk.errors import InvalidRequest, PermissionDenied, field_error

from . import access, states
from . import queries as tasks

__all__ = ["check_requested_scopes", "issue_task_token"]

FIELD = "scopes"  #: field of a coding job's payload
MAX_SCOPES = 20


def check_requested_scopes(caller: Caller, task_type: str, payload: Mapping[str, Any]) -> None:
    """Check the scopes that a coding job requests. Raises InvalidRequest, PermissionDenied for a scope its creator lacks."""
    if task_type != JOB_TYPE or FIELD not in payload:
        return
    requested = payload[FIELD]
    if not isinstance(requested, list) or len(requested) > MAX_SCOPES:
        raise _build_invalid_scopes_error(f"{FIELD!r} is a list of at most {MAX_SCOPES} scopes.")
    for scope in requested:
        if not isinstance(scope, str) or scope not in scopes.DELEGABLE:
            raise _build_invalid_scopes_error(f"{scope!r} is not a scope that a job may have.")
        if not caller.may(scope):
            raise PermissionDenied(
                f"You do not hold {scope!r} yourself.", fix="A job may do what its creator may.", required=scope
            )


def _build_invalid_scopes_error(detail: str) -> InvalidRequest:
    return InvalidRequest(
        detail,
        fix=f"Scopes are {', '.join(sorted(scopes.DELEGABLE))}; an empty list gives the agent no tools.",
        errors=[field_error(f"payload.{FIELD}", detail)],
    )


async def issue_task_token(call: Call, task_id: str, fencing_token: int) -> contract.TaskToken:
    """Issue a credential for the program working on a task. Raises NotFound, StaleLease, IllegalTransition."""
    draft = await access.lock_held_task(call, task_id, fencing_token)
    row = draft.row
    if row.status != TaskStatus.IN_PROGRESS or row.lease_until is None or row.holder is None:
        # For an ended task this raises the more precise IllegalTransition.
        states.check_transition(task_id, row.status, TaskStatus.IN_PROGRESS)
        if row.lease_until is not None and row.holder is not None:  # kept while the holder waits for an answer
            raise InvalidRequest(
                f"{task_id} waits for an answer: a token is valid only while its task is in progress.",
                fix="Request the token when the question is answered; the lease continues.",
                errors=[field_error("task_id", "waits for an answer")],
            )
        raise InvalidRequest(
            f"{task_id} has no lease: a token ends with the lease of the claim.",
            fix="Claim it with agora.task.claim.",
            errors=[field_error("task_id", "no lease")],
        )
    data = await call.tx.one(tasks.select_task_data, task_id=task_id)
    assert data is not None
    # Read now, not when the task was created: its creator may have lost scopes since.
    scopes = await read_current_scopes(call.tx, call.context.settings, call.caller.tenant, row.created_by, call.now)
    # An intersection: the payload is the requester's wish, and never gives more than the requester holds.
    granted = sorted(_parse_delegable_scopes(decode_json(data.payload)) & scopes)
    signer = call.context.signer
    return contract.TaskToken.model_construct(
        task_id=task_id,
        scopes=granted,
        lease_expires_at=to_datetime(row.lease_until),
        token=signer.sign_task_token(call.caller.tenant, task_id, row.holder, row.worker, row.attempts, granted),
    )


def _parse_delegable_scopes(payload: Mapping[str, Any]) -> frozenset[str]:
    requested = payload.get(FIELD)
    if not isinstance(requested, list):
        return scopes.DELEGATED_BY_DEFAULT
    # Filtered again: the payload of a task that is no coding job was never checked.
    return scopes.DELEGABLE & {scope for scope in requested if isinstance(scope, str)}
