"""A replacement of the ``spacetime`` program: answers commands of v4 agents from this marketplace.

``python -m agora_sdk.migration.spacetime ARGUMENTS``, or the program that ``agora migrate shim DIRECTORY`` writes. It
implements ``call``, ``sql``, ``logs``, ``ping`` and ``stop`` for the marketplace's databases; everything else is
delegated to the real program. The server is ``AGORA_URL``, else http://localhost:8080; the credential ``AGORA_TOKEN``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from . import real_program
from .compatibility import V4CompatibilityLayer
from .spacetime_commands import run_command

__all__ = ["main"]

DEFAULT_URL = "http://localhost:8080"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a program. Returns its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    result = run_command(V4CompatibilityLayer(os.environ.get("AGORA_URL", DEFAULT_URL)), arguments)
    if result is None:
        program = real_program.find_program()
        if program is not None:
            # execv replaces this process without writing what is buffered.
            sys.stdout.flush()
            os.execv(program, [program, *arguments])  # noqa: S606  (the real program, in place of this one)
        result = real_program.run_program(arguments)
    sys.stdout.write(result.stdout)
    sys.stderr.write(result.stderr)
    return result.returncode


if __name__ == "__main__":
    sys.exit(main())
