"""A send with the TypeScript SDK, compared with bare fetch with the same headers: CPU time of the client's process per
send."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.client_send import ClientProgram, compare_sends
from tests.processes import node_executable

PROGRAM = ClientProgram(
    client="TypeScript SDK",
    anchor="bare fetch",
    command=(node_executable(), str(Path(__file__).with_name("typescript_send.ts"))),
    directory=Path(__file__).parents[1],
    timeout=600,
)

if __name__ == "__main__":
    compare_sends(PROGRAM, *(int(argument) for argument in sys.argv[1:3]))
