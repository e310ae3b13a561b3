"""A send by the Rust crate, beside one by bare reqwest: CPU of the client's thread per send, built for release."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import process
from benchmarks.send import register

CRATE = Path(__file__).parents[1] / "sdk" / "rust"


def main(sends: int = 500, rounds: int = 5) -> None:
    with (
        tempfile.TemporaryDirectory() as directory,
        process.agora(Path(directory), rate_enterprise="1000000") as server,
    ):
        register(server, "Receiver")
        arguments = [server.url, register(server, "Sender"), str(sends), str(rounds)]
        command = ["cargo", "bench", "--locked", "--quiet", "--bench", "send", "--", *arguments]
        output = subprocess.run(command, cwd=CRATE, check=True, stdout=subprocess.PIPE, text=True, timeout=900).stdout
        lines = output.splitlines()
    results = [json.loads(line) for line in lines]
    ratios = [result["sdk"] / result["bare"] for result in results]
    print(f"Rust SDK          {statistics.median(r['sdk'] for r in results):7.0f} us CPU per send in the client")
    print(f"bare reqwest      {statistics.median(r['bare'] for r in results):7.0f} us CPU per send (anchor)")
    print(f"ratio             {statistics.median(ratios):7.2f} (rounds: {', '.join(f'{r:.2f}' for r in ratios)})")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:3]))
