"""The SQLite engine.

:mod:`.engine` queues calls and commits them together, :mod:`.transaction` runs one call on the writer's connection,
:mod:`.reading` runs queries on another; :mod:`.directory_lock` excludes other servers.
"""

from __future__ import annotations

from .directory_lock import DataDirectoryLocked
from .engine import SqliteStore

__all__ = ["DataDirectoryLocked", "SqliteStore"]
