"""Where the operator of this machine finds the admin token."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["find_data_directory", "find_keys_directory", "read_admin_token"]


def find_data_directory() -> Path:
    """The data directory a server of this person would use."""
    configured = os.environ.get("AGORA_DATA_DIR")
    if configured:
        return Path(configured).expanduser()
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "agora"


def find_keys_directory() -> Path:
    """Where that server would have its secrets."""
    configured = os.environ.get("AGORA_KEYS_DIR")
    return Path(configured).expanduser() if configured else find_data_directory()


def read_admin_token() -> str | None:
    """The admin token, if this person may read it."""
    try:
        return (find_keys_directory() / "admin-token").read_text("ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
