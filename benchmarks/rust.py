"""A send with the Rust crate, compared with bare reqwest: CPU time of the client's thread per send, in a release
build."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.client_send import ClientProgram, compare_sends

PROGRAM = ClientProgram(
    client="Rust SDK",
    anchor="bare reqwest",
    command=("cargo", "bench", "--locked", "--quiet", "--bench", "send", "--"),
    directory=Path(__file__).parents[1] / "sdk" / "rust",
    timeout=900,
)

if __name__ == "__main__":
    compare_sends(PROGRAM, *(int(argument) for argument in sys.argv[1:3]))
