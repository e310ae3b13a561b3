"""A send by a client library in another language, beside one by a bare HTTP client: CPU of the client per send."""

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
    """A program that sends by both clients in turn.

    Attributes:
        client: the client library, as the report names it
        anchor: the bare client, as the report names it
        command: takes as further arguments: URL, token, sends, rounds; prints for each round a JSON object of
            microseconds of CPU per send, ``sdk`` and ``bare``
        directory: where the command runs
        timeout: seconds, the time to build it included
    """

    client: str
    anchor: str
    command: Sequence[str]
    directory: Path
    timeout: float


def compare_sends(program: ClientProgram, sends: int = 500, rounds: int = 5) -> None:
    """Run the program against a server of its own, and print the medians and the ratio of each round."""
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
