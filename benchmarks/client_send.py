"""A send with a client library in another language, compared with a bare HTTP client: CPU time of the client per
send."""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import process
from benchmarks.send import register

__all__ = ["ClientProgram", "compare_sends"]


@dataclass(frozen=True)
class ClientProgram:
    """A program that sends with both clients alternately.

    Attributes:
        client: name of the client library in the report
        anchor: name of the bare client in the report
        command: takes as further arguments: URL, token, sends, rounds; prints per round a JSON object with microseconds
        of CPU time per send, ``sdk`` and ``bare``
        directory: working directory of the command
        timeout: seconds, including the build
    """

    client: str
    anchor: str
    command: Sequence[str]
    directory: Path
    timeout: float


def compare_sends(program: ClientProgram, sends: int = 500, rounds: int = 5) -> None:
    """Run the program against its own server, and print the medians and the ratio of each round."""
    with (
        tempfile.TemporaryDirectory() as directory,
        process.agora(Path(directory), rate_enterprise="1000000") as server,
    ):
        register(server, "Receiver")
        arguments = [server.url, register(server, "Sender"), str(sends), str(rounds)]
        output = subprocess.run(
            [*program.command, *arguments],
            cwd=program.directory,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=program.timeout,
        ).stdout
    results = [json.loads(line) for line in output.splitlines()]
    ratios = [result["sdk"] / result["bare"] for result in results]
    for key, name, note in (("sdk", program.client, ""), ("bare", program.anchor, " (anchor)")):
        cost = statistics.median(result[key] for result in results)
        print(f"{name:17} {cost:7.0f} us CPU per send in the client{note}")
    print(f"{'ratio':17} {statistics.median(ratios):7.2f} (rounds: {', '.join(f'{r:.2f}' for r in ratios)})")
