"""The SQLite engine.

:mod:`.engine` queues calls and commits them together, :mod:`.transaction` is what one call does to the
writer's connection, :mod:`.reading` what a query does on another; :mod:`.directory_lock` keeps
other servers out.
"""

from __future__ import annotations

from .directory_lock import DataDirectoryLocked
from .engine import SqliteStore

__all__ = ["DataDirectoryLocked", "SqliteStore"]
