"""What a start costs: CPU until ready, memory when idle, and the command line, beside a bare Python and a bare server."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import process

ROUNDS = 5
SETTLE = 3.0  # seconds until an idle server has done its first rounds


def _command(*arguments: str) -> float:
    """CPU seconds of a command that ends by itself."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _server() -> tuple[float, float]:
    """CPU seconds until ready, and megabytes when idle, of a server on a new database."""
    with tempfile.TemporaryDirectory() as directory, process.agora(Path(directory)) as server:
        cpu = server.cpu()
        time.sleep(SETTLE)
        return cpu, server.memory()


def _anchor() -> tuple[float, float]:
    with process.anchor("benchmarks.bare:app") as server:
        cpu = server.cpu()
        time.sleep(1)
        return cpu, server.memory()


def main() -> None:
    with tempfile.TemporaryDirectory() as directory, process.agora(Path(directory)) as running:
        client = ["-m", "agora.cli", "--url", running.url, "agents"]
        rows = [
            (
                _command("-c", "pass"),
                _command("-m", "agora.cli", "--help"),
                _command(*client),
                *_server(),
                *_anchor(),
            )
            for _ in range(ROUNDS)
        ]
    bare, words, listing, ready, memory, anchor_ready, anchor_memory = map(statistics.median, zip(*rows, strict=True))
    print(f"python -c pass        {bare:6.2f} s CPU (anchor)")
    print(f"agora --help          {words:6.2f} s CPU")
    print(f"agora agents          {listing:6.2f} s CPU")
    print(f"bare uvicorn, ready   {anchor_ready:6.2f} s CPU, {anchor_memory:4.0f} MB idle (anchor)")
    print(
        f"agora serve, ready    {ready:6.2f} s CPU, {memory:4.0f} MB idle; the MCP SDK loads with the first request that streams"
    )


if __name__ == "__main__":
    main()
