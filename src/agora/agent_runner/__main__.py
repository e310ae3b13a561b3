"""``python -m agora.agent_runner``: run the agents that standard input names, until it ends."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Callable

import uvloop
from opentelemetry import trace

from agora import __version__
from agora.telemetry.tracing import open_provider

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
    tracing: list[Callable[[], None]] = []
    try:
        while line := await reader.readline():
            configuration = RunnerConfiguration.parse(line)
            if configuration.tracing and not tracing:
                tracing.append(_open_tracing())
            await supervisor.apply(configuration)
    finally:
        await supervisor.stop()
        for end in tracing:
            await asyncio.to_thread(end)


def _open_tracing() -> Callable[[], None]:
    """Send traces where the usual variables say; answers how to end it."""
    provider, end = open_provider(__version__)
    trace.set_tracer_provider(provider)
    return end


def main() -> None:
    """Run."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("agora.agent_runner").setLevel(logging.INFO)
    with tempfile.TemporaryDirectory(prefix="agora-runner-") as directory:
        # The SDK keeps what registering answers: not among the credentials of whoever started the server.
        os.environ["AGORA_CREDENTIALS"] = os.path.join(directory, "credentials.json")
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # a fifth less CPU a step than asyncio's own
            runner.run(run_until_input_ends())


if __name__ == "__main__":
    main()
