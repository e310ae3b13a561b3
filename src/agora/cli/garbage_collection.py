"""Garbage collection of a command: disabled during imports, normal while the command runs."""

from __future__ import annotations

import gc

__all__ = ["postpone_garbage_collection", "resume_garbage_collection"]

#: container objects made before the collector looks: a start imports a hundred thousand, and drops next to none
IMPORT_THRESHOLD = 50_000
THRESHOLDS = (700, 10, 10)  # Python's own


def postpone_garbage_collection() -> None:
    """Disable garbage collection during start-up imports."""
    gc.set_threshold(IMPORT_THRESHOLD)


def resume_garbage_collection() -> None:
    """Enable garbage collection. HTTP exchanges end in reference cycles that hold the body: 150 kB for 500 rows of an
    import."""
    gc.freeze()  # what the start imported stays: no collection looks at it again
    gc.set_threshold(*THRESHOLDS)
