"""A send by the TypeScript SDK, beside one by bare fetch with the same headers: CPU of the client's process per send."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import process
from benchmarks.send import register
from tests.processes import node_executable

PROGRAM = Path(__file__).with_name("typescript_send.ts")


def main(sends: int = 500, rounds: int = 5) -> None:
    with (
        tempfile.TemporaryDirectory() as directory,
        process.agora(Path(directory), rate_enterprise="1000000") as server,
    ):
        register(server, "Receiver")
        arguments = [server.url, register(server, "Sender"), str(sends), str(rounds)]
        command = [node_executable(), str(PROGRAM), *arguments]
        lines = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600).stdout.splitlines()
    results = [json.loads(line) for line in lines]
    ratios = [result["sdk"] / result["bare"] for result in results]
    print(f"TypeScript SDK    {statistics.median(r['sdk'] for r in results):7.0f} us CPU per send in the client")
    print(f"bare fetch        {statistics.median(r['bare'] for r in results):7.0f} us CPU per send (anchor)")
    print(f"ratio             {statistics.median(ratios):7.2f} (rounds: {', '.join(f'{r:.2f}' for r in ratios)})")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:3]))
