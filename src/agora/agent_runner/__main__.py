"""``python -m agora.agent_runner``: runs the agents configured on standard input, until it ends."""

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
from agora.telemetry.tracing import create_exporting_provider

from .configuration import RunnerConfiguration
from .supervisor import Supervisor

MAX_LINE_BYTES = 64 * 1024 * 1024  # limit of a line in bytes


async def run_until_input_ends() -> None:
    """Apply configurations until the input ends, which means that the server has ended or wants the runner to end."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=MAX_LINE_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    # ignored: the server decides when to stop, and a terminal's Ctrl-C reaches it, too
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: None)
    supervisor = Supervisor()
    tracing: list[Callable[[], None]] = []
    try:
        while line := await reader.readline():
            configuration = RunnerConfiguration.parse(line)
            if configuration.tracing and not tracing:
                tracing.append(_start_tracing())
            await supervisor.apply_configuration(configuration)
    finally:
        await supervisor.stop()
        for end in tracing:
            # In a thread: it exports the remaining spans over the network.
            await asyncio.to_thread(end)


def _start_tracing() -> Callable[[], None]:
    """Export traces as configured by the usual variables. Returns a function that ends it."""
    provider, end = create_exporting_provider(__version__)
    trace.set_tracer_provider(provider)
    return end


def main() -> None:
    """Run the program."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("agora.agent_runner").setLevel(logging.INFO)
    with tempfile.TemporaryDirectory(prefix="agora-runner-") as directory:
        # The SDK stores registrations: keep them out of the credentials of the user who started the server.
        os.environ["AGORA_CREDENTIALS"] = os.path.join(directory, "credentials.json")
        # a fifth less CPU time per step than asyncio's own loop
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run_until_input_ends())


if __name__ == "__main__":
    main()
