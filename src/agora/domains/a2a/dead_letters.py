"""Abandoned push notifications as a source of dead letters.

A dead letter refers to a configuration, whose position in the task's log determines the notifications still to be
delivered.
"""

from __future__ import annotations

from agora.core.call import Call, decode_json
from agora.domains.dead_letters.port import DeadLetterSource, Inspection
from agora.domains.dead_letters.records import DeadLetterRow
from agora_sdk.errors import Conflict

from . import queries as statements
from .push_configs import build_push_config_document, reactivate_dead_config
from .records import PushConfigRow

__all__ = ["PUSH_SOURCE"]

GONE_REASON = "The push configuration, or its task, is gone."


class PushSource(DeadLetterSource):
    """Webhooks of tasks: a replay resumes where deliveries stopped; discarding deletes the configuration."""

    async def inspect_letter(self, call: Call, dead_letter: DeadLetterRow) -> Inspection:
        row = await _find_config_of_letter(call, dead_letter)
        if row is None:
            return Inspection(None, GONE_REASON)
        return Inspection(
            build_push_config_document(row) | {"url": dead_letter.destination, "token": None, "position": row.position}
        )

    async def replay_letter(self, call: Call, dead_letter: DeadLetterRow) -> None:
        row = await _find_config_of_letter(call, dead_letter)
        if row is None or not await reactivate_dead_config(call, row):
            raise Conflict(GONE_REASON if row is None else "It is being delivered already.", fix="Discard it.")

    async def discard_letter(self, call: Call, dead_letter: DeadLetterRow) -> None:
        await call.tx.execute(statements.delete_push_config, **_build_config_key(dead_letter))


async def _find_config_of_letter(call: Call, dead_letter: DeadLetterRow) -> PushConfigRow | None:
    return await call.tx.one(statements.select_push_config, **_build_config_key(dead_letter))


def _build_config_key(dead_letter: DeadLetterRow) -> dict[str, str]:
    detail = decode_json(dead_letter.detail)
    return {"task_id": detail["task_id"], "config_id": detail["config_id"]}


PUSH_SOURCE = PushSource()
