"""Location of the admin token on this machine."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["find_data_directory", "find_keys_directory", "read_admin_token_or_none"]


def find_data_directory() -> Path:
    """Return the default data directory of the current user's server."""
    configured = os.environ.get("AGORA_DATA_DIR")
    if configured:
        return Path(configured).expanduser()
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "agora"


def find_keys_directory() -> Path:
    """Return the directory of that server's secrets."""
    configured = os.environ.get("AGORA_KEYS_DIR")
    return Path(configured).expanduser() if configured else find_data_directory()


def read_admin_token_or_none() -> str | None:
    """Read the admin token; None if it is not readable."""
    try:
        return (find_keys_directory() / "admin-token").read_text("ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
