"""Garbage collection of a command: none during imports, normal while the command runs."""

from __future__ import annotations

import gc

__all__ = ["postpone_garbage_collection", "resume_garbage_collection"]

#: allocations before a collection: start-up imports allocate 130,000 containers, of which almost none become garbage
IMPORT_THRESHOLD = 500_000
THRESHOLDS = (700, 10, 10)  # Python's defaults


def postpone_garbage_collection() -> None:
    """Prevent garbage collection during start-up imports."""
    gc.set_threshold(IMPORT_THRESHOLD)


def resume_garbage_collection() -> None:
    """Restore normal garbage collection. HTTP exchanges end in reference cycles that hold the body: 150 kB for 500 rows
    of an import."""
    gc.freeze()  # exclude imported objects from all collections
    gc.set_threshold(*THRESHOLDS)
