"""Columns of a v4 export's rows, under the names used by v4's clients and documents."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from agora.clock import SECOND, to_microseconds
from agora_sdk.errors import InvalidRequest, field_error

__all__ = [
    "OPEN_STATES",
    "build_row_key",
    "find_first_value",
    "is_delivered",
    "read_text",
    "read_time",
    "require_text",
    "shorten_key",
]

#: states of unfinished tasks, steps and workflows in v4
OPEN_STATES: Final = frozenset(
    [
        "",
        "accepted",
        "active",
        "assigned",
        "created",
        "in_progress",
        "open",
        "pending",
        "queued",
        "ready",
        "running",
        "started",
        "waiting",
    ]
)
MAX_KEY_CHARACTERS: Final = 200
#: units of a time, each with the minimum value that is interpreted in it
_UNITS: Final = ((10**17, 1, 1000), (10**14, 1, 1), (10**11, 1000, 1), (0, SECOND, 1))  # ns, us, ms, s
_SPACETIME_TIME_KEY: Final = "__timestamp_micros_since_unix_epoch__"  #: SpacetimeDB's representation of a Timestamp


def find_first_value(row: Mapping[str, Any], *names: str) -> Any:
    """Return the first non-null value of these columns."""
    return next((row[name] for name in names if row.get(name) is not None), None)


def read_text(row: Mapping[str, Any], *names: str) -> str:
    """Read a text from the first non-null one of these columns; other values become JSON. Raises InvalidRequest for a
    null character, which PostgreSQL does not store."""
    value = find_first_value(row, *names)
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if "\x00" in text:
        raise InvalidRequest(
            f"{names[0]} has a null character: {text[:100]!r}.",
            fix="Remove it from the export.",
            errors=[field_error(names[0], "a null character")],
        )
    return text


def require_text(row: Mapping[str, Any], *names: str) -> str:
    """Read a text like :func:`read_text`. Raises InvalidRequest if there is none."""
    if not (text := read_text(row, *names).strip()):
        raise InvalidRequest(f"The row has no {names[0]}.", errors=[field_error(names[0], "missing")])
    return text


def read_time(row: Mapping[str, Any], now: int) -> int:
    """Read the creation time in microseconds since 1970; ``now`` if missing. Raises InvalidRequest."""
    value = find_first_value(row, "timestamp", "created_at", "sent_at", "registered_at")
    if isinstance(value, Mapping):
        value = value.get(_SPACETIME_TIME_KEY)
    if isinstance(value, str) and not value.strip():
        value = None
    if value is None:
        return now
    try:
        if isinstance(value, str) and not value.strip().lstrip("-").replace(".", "", 1).isdigit():
            moment = datetime.fromisoformat(value.strip())
            microseconds = to_microseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        else:
            number = float(value) if isinstance(value, str | float) else int(value)
            # By magnitude: exports of v4 mix units, and plausible dates of two units do not overlap.
            factor, divisor = next((up, down) for least, up, down in _UNITS if number >= least)
            microseconds = int(number * factor / divisor) if isinstance(number, float) else number * factor // divisor
    except (ValueError, TypeError, OverflowError, StopIteration):
        raise InvalidRequest(f"{value!r:.100} is not a time.", errors=[field_error("timestamp", "no time")]) from None
    if microseconds < 0 or microseconds > now + 366 * 86_400 * SECOND:
        raise InvalidRequest(f"{value!r:.100} is not a plausible time.", errors=[field_error("timestamp", "no time")])
    return min(microseconds, now)


def is_delivered(row: Mapping[str, Any]) -> bool:
    """Whether v4 had delivered the message to its recipient."""
    delivered = find_first_value(row, "delivered", "is_delivered", "is_read", "read")
    if delivered is not None:
        return str(delivered).lower() in ("true", "1")
    return read_text(row, "status", "delivery_status").lower() in ("delivered", "read", "acknowledged", "processed")


def shorten_key(key: str, limit: int) -> str:
    """Shorten a key above a length, so that different keys stay different: a row with a known key is not imported."""
    if len(key) <= limit:
        return key
    digest = hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()[:32]
    return f"{key[: limit - len(digest) - 1]}#{digest}"


def build_row_key(row: Mapping[str, Any], position: int, *names: str) -> str:
    """Build the key of a row: its id; without one, its position in the table and a digest of its content."""
    if identity := read_text(row, *names, "id"):
        return shorten_key(identity, MAX_KEY_CHARACTERS)
    digest = hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()[:16]
    return f"#{position}:{digest}"
