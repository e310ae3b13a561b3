"""The demo: several real agents, each a process of its own with nothing but the SDK, and a table of what happened.

:mod:`.cast` is the agents, :mod:`.stage` the processes, :mod:`.director` the story, :mod:`.report` the table.
"""

from __future__ import annotations

__all__ = ["main"]


def main(url: str | None = None) -> int:
    """Run the demo on a running server, or on one of its own; answers the exit code."""
    from .director import run

    return run(url)
