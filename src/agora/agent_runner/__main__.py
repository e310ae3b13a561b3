"""``python -m agora.agent_runner``: run the agents that standard input names, until it ends."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import tempfile

from .configuration import RunnerConfiguration
from .supervisor import Supervisor

LONGEST_CONFIGURATION = 64 * 1024 * 1024  # bytes of a line


async def run_until_input_ends() -> None:
    """Follow the configuration. The end of the input is the end of the server, or its wish."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LONGEST_CONFIGURATION)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    for number in (signal.SIGTERM, signal.SIGINT):  # the server decides; a terminal's Ctrl-C reaches it, too
        loop.add_signal_handler(number, lambda: None)
    supervisor = Supervisor()
    try:
        while line := await reader.readline():
            await supervisor.apply(RunnerConfiguration.parse(line))
    finally:
        await supervisor.stop()


def main() -> None:
    """Run."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("agora.agent_runner").setLevel(logging.INFO)
    with tempfile.TemporaryDirectory(prefix="agora-runner-") as directory:
        # The SDK keeps what registering answers: not among the credentials of whoever started the server.
        os.environ["AGORA_CREDENTIALS"] = os.path.join(directory, "credentials.json")
        asyncio.run(run_until_input_ends())


if __name__ == "__main__":
    main()
