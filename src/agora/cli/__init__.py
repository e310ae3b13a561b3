"""The command line. What belongs here: reading arguments, calling the SDK, printing.

Commands are projected from the contract (:mod:`.projection`), with hand-made ones where a person
deserves better. A client's command imports the SDK and nothing of the server; imports that cost
happen inside the command that needs them.
"""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Entry point of ``agora``."""
    from .app import application

    application()()
