"""``codetether worker``: the coding worker under CodeTether's command name."""

from __future__ import annotations

import sys

from agora.cli import main as agora

__all__ = ["main"]


def main() -> None:
    """Entry point of ``codetether``."""
    arguments = sys.argv[1:]
    if arguments[:1] != ["worker"]:
        sys.exit(
            "codetether has one command here: codetether worker --server URL --codebases DIR. All others: agora --help"
        )
    sys.argv[1:] = ["worker", "run", *arguments[1:]]
    agora()
