"""The command line. What belongs here: reading arguments, calling the SDK, printing.

Commands are projected from the contract (:mod:`.projection`), with hand-made ones where a person
deserves better. A client's command imports the SDK and nothing of the server; imports that cost
happen inside the command that needs them.
"""

from __future__ import annotations

import gc
import sys

__all__ = ["main"]


#: objects made before the collector looks: a command imports a hundred thousand, and drops next to none
GC_THRESHOLD = 50_000


def main() -> None:
    """Entry point of ``agora``."""
    gc.set_threshold(GC_THRESHOLD)
    if sys.argv[1:2] == ["mcp"]:  # a client starts it and waits for it: the other commands are not loaded
        from .mcp import group

        group()(sys.argv[2:], prog_name="agora mcp")
    from .app import application

    application()()
