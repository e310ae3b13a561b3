"""Agents that run beside the command line: in a thread, with a separate loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from agora_sdk import Agent, AgoraClient
from tests.unit.cli.conftest import Served

__all__ = ["at_work"]


@contextmanager
def at_work(served: Served, *agents: type[Agent]) -> Iterator[None]:
    """Run agents of these classes until the block ends; each is the same agent as in the tests before."""
    ready, stopping = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def live() -> None:
        loops.append(asyncio.get_running_loop())
        async with AgoraClient(served.url, credentials=served.data_dir.parent / "crew.json") as client:
            crew = [agent(client=client) for agent in agents]
            lives = [asyncio.create_task(agent.serve()) for agent in crew]
            ready.set()
            await stopping.wait()
            for agent in crew:
                agent.stop()
            await asyncio.gather(*lives)

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    assert ready.wait(60)
    try:
        yield
    finally:
        loops[0].call_soon_threadsafe(stopping.set)
        thread.join(20)
        assert not thread.is_alive()
