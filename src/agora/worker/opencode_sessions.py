"""Sessions of OpenCode on this machine that belong to no job, read from its database, which is never written to.

Its own listing (``opencode session list``) covers one project only. With an unknown database schema there are no
sessions, which is logged.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .transcript import replace_unstorable_characters

__all__ = [
    "PAGE_SIZE",
    "OpenCodeSession",
    "find_opencode_database",
    "parse_object_or_empty",
    "read_changed_sessions",
    "read_latest_messages",
]

logger = logging.getLogger("agora.worker")

PAGE_SIZE = 200  #: sessions read at once
MAX_MESSAGES = 200  #: limit of a session; the latest are read
MAX_PART_CHARACTERS = 20_000
BUSY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class OpenCodeSession:
    """A session. updated_at: milliseconds since 1970."""

    session_id: str
    title: str
    directory: str
    updated_at: int

    def to_document(self) -> dict[str, Any]:
        """Serialize for ``agora.session.sync``."""
        moment = datetime.fromtimestamp(self.updated_at / 1000, UTC)
        return {
            "session_id": self.session_id,
            # The server refuses NUL in texts.
            "title": self.title.replace("\x00", "")[:200],
            "agent": "opencode",
            "directory": self.directory[:4096],
            "updated_at": moment.isoformat(),
        }


def find_opencode_database(environment: Mapping[str, str], home: Path) -> Path | None:
    """Find OpenCode's database; None if it does not exist."""
    data = environment.get("XDG_DATA_HOME")
    path = (Path(data) if data else home / ".local/share") / "opencode" / "opencode.db"
    return path if path.is_file() else None


def read_changed_sessions(
    database: Path, after: int, after_id: str = "", limit: int = PAGE_SIZE
) -> list[OpenCodeSession]:
    """Read the next changed sessions up to a limit, oldest change first; none if they cannot be read.

    after, after_id: time of change (milliseconds since 1970) and id of the last session read.
    """
    # Sessions with a parent are those of subagents, whose results are in the parent's messages.
    sql = """select id, title, directory, time_updated from session
        where (time_updated, id) > (?, ?) and parent_id is null order by time_updated, id limit ?"""
    rows = _read_rows(database, sql, after, after_id, limit)
    return [OpenCodeSession(str(id), str(title), str(place), int(moment)) for id, title, place, moment in rows]


def read_latest_messages(database: Path, session_id: str) -> list[dict[str, Any]]:
    """Read the latest messages of a session, oldest first, in the format of ``agora.session.ingest``."""
    # The latest ones by a descending order with a limit, then reversed.
    sql = "select id, data from message where session_id = ? order by time_created desc, id desc limit ?"
    messages = []
    for message_id, data in reversed(_read_rows(database, sql, session_id, MAX_MESSAGES)):
        parts = _read_rows(database, "select data from part where message_id = ? order by time_created, id", message_id)
        contents = [part for (text,) in parts if (part := _convert_part(parse_object_or_empty(text))) is not None]
        role = parse_object_or_empty(data).get("role")
        if contents:
            messages.append(
                {"message_id": message_id, "role": "user" if role == "user" else "assistant", "parts": contents}
            )
    return messages


def _convert_part(part: Mapping[str, Any]) -> dict[str, Any] | None:
    """Convert a part of OpenCode's message to the format of job sessions; None for parts that are not displayed."""
    match part.get("type"):
        case "text":
            return {"type": "text", "text": _clip_text(part.get("text"))}
        case "reasoning":
            return {"type": "thought", "text": _clip_text(part.get("text"))}
        case "tool":
            raw = part.get("state")
            state: Mapping[str, Any] = raw if isinstance(raw, dict) else {}
            tool = {"type": "tool", "id": str(part.get("callID")), "kind": str(part.get("tool"))}
            title = _clip_text(state.get("title") or part.get("tool"))
            return tool | {
                "title": title,
                "status": str(state.get("status")),
                "result": _clip_text(state.get("output")),
            }
    return None


def _clip_text(value: Any) -> str:
    return str(replace_unstorable_characters(str(value or ""))[:MAX_PART_CHARACTERS])


def _read_rows(database: Path, sql: str, *values: Any) -> list[Any]:
    """Read rows of the database; none if it cannot be read."""
    try:
        # Opened per query: between two polls the worker holds no lock and no file of OpenCode's.
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)) as connection:
            return connection.execute(sql, values).fetchall()
    except sqlite3.Error as error:
        logger.warning("The sessions of OpenCode in %s cannot be read: %s", database, error)
        return []


def parse_object_or_empty(text: Any) -> dict[str, Any]:
    """Parse a JSON object; empty for anything else."""
    try:
        document = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
