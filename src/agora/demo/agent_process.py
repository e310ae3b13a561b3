"""One agent's process: ``python -m agora.demo.agent_process ROLE MARK [AFTER]``."""

from __future__ import annotations

import asyncio
import signal
import sys

from .agents import player


async def _play(role: str, mark: str, after: str = "0") -> None:
    agent = player(role, mark, int(after))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, agent.stop)
    await agent.serve()


if __name__ == "__main__":
    asyncio.run(_play(*sys.argv[1:]))
