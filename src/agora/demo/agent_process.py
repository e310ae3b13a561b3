"""Process of one agent: ``python -m agora.demo.agent_process ROLE MARK [AFTER]``."""

from __future__ import annotations

import asyncio
import sys

from agora_sdk.agent import stop_on_signals

from .agents import create_agent


async def _run_agent(role: str, mark: str, after: str = "0") -> None:
    agent = create_agent(role, mark, int(after))
    stop_on_signals(agent)
    await agent.serve()


if __name__ == "__main__":
    asyncio.run(_run_agent(*sys.argv[1:]))
