"""Recording and settling dead letters, within the transaction that abandons the delivery."""

from __future__ import annotations

from collections.abc import Sequence

from agora.clock import new_id
from agora.core.call import Call, encode_json
from agora_sdk.contract.dead_letters import DeadLetterState

from . import queries as statements
from .port import NewDeadLetter
from .records import LETTERS, DeadLetterRow

__all__ = ["emit_letter_event", "record_dead_letter", "record_dead_letters", "record_settlement_by_source"]

MAX_LETTERS = 1000  #: per owner and source; the oldest are dropped
MAX_REASON_CHARACTERS = 1000


async def record_dead_letter(call: Call, dead_letter: NewDeadLetter) -> None:
    """Store an abandoned delivery and notify its owner. No-op if its key already has a letter."""
    await record_dead_letters(call, [dead_letter])


async def record_dead_letters(call: Call, letters: Sequence[NewDeadLetter], *, once: bool = False) -> None:
    """Record several letters of one source and owner. once: also no-op if a letter of its key was already settled."""
    if not letters:
        return
    source, owner = letters[0].source, letters[0].owner
    keys = encode_json([dead_letter.key for dead_letter in letters])
    recorded_keys = set(
        await call.tx.all(
            statements.select_known_keys if once else statements.select_open_keys, source=source, keys=keys
        )
    )
    for dead_letter in letters:
        if dead_letter.key in recorded_keys:
            continue
        # The list itself may repeat a key.
        recorded_keys.add(dead_letter.key)
        row = _build_dead_letter_row(call, dead_letter)
        call.tx.append(LETTERS, row)
        if owner:  # for letters of operators, the source emits a combined event
            emit_letter_event(call, "recorded", row)
    # A receiver that is always down must not fill the store; the newest letters are the useful ones.
    if oldest := await call.tx.all(statements.select_surplus_letters, source=source, owner=owner, most=MAX_LETTERS):
        await call.tx.execute(statements.delete_letters, ids=encode_json(list(oldest)))


def _build_dead_letter_row(call: Call, dead_letter: NewDeadLetter) -> DeadLetterRow:
    return DeadLetterRow(
        tenant_id=call.caller.tenant,
        letter_id=new_id("dead"),
        source=dead_letter.source,
        key=dead_letter.key,
        owner=dead_letter.owner,
        account=dead_letter.account,
        ref=dead_letter.ref,
        destination=dead_letter.destination,
        # PostgreSQL refuses NUL in a text, and the reason may quote a remote server.
        reason=dead_letter.reason[:MAX_REASON_CHARACTERS].replace("\0", ""),
        attempts=dead_letter.attempts,
        detail=encode_json(dict(dead_letter.detail)),
        state=DeadLetterState.DEAD.value,
        died_at=call.now,
        settled_at=None,
        settled_by=None,
    )


async def record_settlement_by_source(call: Call, source: str, key: str, state: DeadLetterState) -> None:
    """Record that a source has replayed or discarded a letter itself."""
    happening, place = state.value, {"source": source, "key": key}
    settlement = {"state": happening, "now": call.now, "by": call.caller.subject}
    for row in await call.tx.returning(statements.settle_letters_of_key, **place, **settlement):
        emit_letter_event(call, happening, row)


def emit_letter_event(call: Call, change: str, row: DeadLetterRow) -> None:
    """Emit the event ``agora.dead_letter.CHANGE`` to the letter's owner."""
    data = {
        "dead_letter_id": row.letter_id,
        "source": row.source,
        "agent_id": row.owner or None,
        "ref": row.ref,
        "destination": row.destination,
        "reason": row.reason,
        "attempts": row.attempts,
    }
    audience = (row.owner or "operator",)
    call.emit(f"agora.dead_letter.{change}", data, subject=row.letter_id, audience=audience)
