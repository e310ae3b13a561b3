"""Secrets of jobs: encrypted at rest, bound to their job, and readable only by the worker that holds its lease."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic_core import from_json, to_json

from agora.core.call import Call
from agora.core.ports import CREDENTIAL_SEALER
from agora.domains.tasks.access import lock_held_task
from agora.domains.tasks.states import UNFINISHED_STATUSES
from agora_sdk.errors import Conflict

from . import queries as statements
from .records import JOB_SECRETS, JobSecretsRow

__all__ = ["decrypt_job_secrets", "store_encrypted_secrets"]


async def store_encrypted_secrets(call: Call, task_id: str, secrets: Mapping[str, str]) -> None:
    """Encrypt and store the secrets of a job created in this call."""
    if not secrets:
        return
    sealed = call.context.ports.get(CREDENTIAL_SEALER).seal(to_json(secrets), _seal_context(call, task_id))
    row = JobSecretsRow(tenant_id=call.caller.tenant, task_id=task_id, sealed=sealed, created_at=call.now)
    call.tx.append(JOB_SECRETS, row)


async def decrypt_job_secrets(call: Call, task_id: str, fencing_token: int) -> dict[str, str]:
    """Decrypt the secrets of a job for the holder of its lease. Raises NotFound, StaleLease, Conflict."""
    draft = await lock_held_task(call, task_id, fencing_token)
    # lock_held_task lets the last holder of an ended task pass, for repeated calls.
    if draft.row.status not in UNFINISHED_STATUSES:
        raise Conflict(f"{task_id} has ended; its secrets are gone.", fix="Give them with a new job.")
    row = await call.tx.one(statements.select_job_secrets, task_id=task_id)
    if row is None:
        return {}
    try:
        opened = call.context.ports.get(CREDENTIAL_SEALER).open(bytes(row.sealed), _seal_context(call, task_id))
    except ValueError as error:
        raise Conflict(
            f"The secrets of {task_id} were encrypted with another key of the server.", fix="Give them with a new job."
        ) from error
    secrets: dict[str, str] = from_json(opened)
    return secrets


def _seal_context(call: Call, task_id: str) -> str:
    # Authenticated with the ciphertext: a row copied to another job or tenant cannot be decrypted.
    return f"{call.caller.tenant}/job/{task_id}"
