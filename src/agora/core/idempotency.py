"""Idempotency: the result of a command is stored under the caller's key and returned to repetitions."""

from __future__ import annotations

from collections.abc import Callable

from agora.store.port import Query
from agora_sdk.errors import IdempotencyConflict, field_error

from .call import Call
from .records import IDEMPOTENCY, IdempotencyRow, StoredAnswer

__all__ = ["build_key_reused_error", "find_idempotent_answer", "select_idempotent_answer", "store_idempotent_answer"]

select_idempotent_answer = Query(
    "select operation, digest, response from idempotency where tenant_id = :tenant and subject = :subject and key = :key",
    StoredAnswer,
)


async def find_idempotent_answer(
    call: Call, key: str, operation: str, digest: bytes, reused: Callable[[], IdempotencyConflict]
) -> bytes | None:
    """Find the answer stored under a caller's key; empty while a relay is running, None for a new key.

    Raises what ``reused`` makes if the key was used for another operation, or for a request with another digest.
    """
    row = await call.tx.one(select_idempotent_answer, subject=call.caller.subject, key=key)
    if row is None:
        return None
    # Without this, a key reused by mistake would answer a new request with the result of an old one.
    if row.digest != digest or row.operation != operation:
        raise reused()
    return row.response


def store_idempotent_answer(call: Call, key: str, operation: str, digest: bytes, response: bytes) -> None:
    """Store an answer under a key of the caller, in the call's transaction."""
    caller = call.caller
    # Inserted, never replaced: of two concurrent calls under one key PostgreSQL refuses the second (primary key); the
    # store runs it again, and it finds the answer of the first.
    call.tx.append(
        IDEMPOTENCY,
        IdempotencyRow(
            tenant_id=caller.tenant,
            subject=caller.subject,
            key=key,
            operation=operation,
            digest=digest,
            response=response,
            created_at=call.now,
        ),
    )


def build_key_reused_error(name: str, key: str, noun: str, field: str | None = None) -> IdempotencyConflict:
    """Build the error of a key reused for a different request. name, field: of the key. noun: kind of request."""
    details = {} if field is None else {"errors": [field_error(field, f"used for another {noun}")]}
    return IdempotencyConflict(
        f"The {name} {key!r} was used for another {noun}.",
        fix=f"Use a new {name} for each {noun}, and the same one only to repeat it unchanged.",
        **details,
    )
