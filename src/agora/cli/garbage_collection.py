"""The garbage collector of a command: idle while modules are imported, as usual while the command works."""

from __future__ import annotations

import gc

__all__ = ["postpone_garbage_collection", "resume_garbage_collection"]

#: container objects made before the collector looks: a start imports a hundred thousand, and drops next to none
IMPORT_THRESHOLD = 50_000
THRESHOLDS = (700, 10, 10)  # Python's own


def postpone_garbage_collection() -> None:
    """Spare the imports of a start most of the collector's work."""
    gc.set_threshold(IMPORT_THRESHOLD)


def resume_garbage_collection() -> None:
    """Collect as usual. An HTTP exchange ends as a cycle that holds its body: of an import's 500 rows, 150 kB each."""
    gc.freeze()  # what the start imported stays: no collection looks at it again
    gc.set_threshold(*THRESHOLDS)
