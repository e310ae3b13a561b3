"""The SQLite engine.

:mod:`.engine` queues calls and commits them together, :mod:`.transaction` is what one call does to the
writer's connection, :mod:`.reading` what a query does on another.
"""

from __future__ import annotations

from .engine import DataDirectoryLocked, SqliteStore

__all__ = ["DataDirectoryLocked", "SqliteStore"]
