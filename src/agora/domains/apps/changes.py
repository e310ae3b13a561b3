"""Changes of stored apps, with their events."""

from __future__ import annotations

from agora.core.call import Call, decode_json
from agora.store.port import write_record

from . import queries as statements
from .records import APPS, AppRow

__all__ = ["delete_app_with_event", "insert_app_with_event", "list_bundled_agent_names", "replace_app_with_event"]


def insert_app_with_event(call: Call, row: AppRow) -> None:
    """Store a new app."""
    call.tx.append(APPS, row)
    _emit_app_event(call, "created", row)


async def replace_app_with_event(call: Call, row: AppRow) -> None:
    """Replace the stored row of an app."""
    await write_record(call.tx, statements.update_app, row, now=call.now)
    _emit_app_event(call, "updated", row)


async def delete_app_with_event(call: Call, row: AppRow) -> None:
    """Delete an app; agents that it installed stay."""
    await call.tx.execute(statements.delete_app, app_id=row.app_id)
    _emit_app_event(call, "deleted", row)


def _emit_app_event(call: Call, change: str, row: AppRow) -> None:
    """Emit the event of a change; for a private app only to its owner."""
    data = {"app_id": row.app_id, "name": row.name, "version": row.version, "revision": row.revision}
    audience = (row.created_by,) if row.visibility == "private" else None
    if change == "created":
        call.emit("agora.app.created", data, subject=row.app_id, audience=audience)
    elif change == "updated":
        call.emit("agora.app.updated", data, subject=row.app_id, audience=audience)
    else:
        call.emit("agora.app.deleted", data, subject=row.app_id, audience=audience)


def list_bundled_agent_names(row: AppRow | None) -> list[str]:
    """List the names of an app's bundled declared agents."""
    return [] if row is None else list(decode_json(row.agents))
