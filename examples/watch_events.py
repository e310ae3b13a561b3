"""Print the events of the marketplace.

Usage, with a running server: python examples/watch_events.py [COUNT]
After a lost connection the client reconnects and resumes after the last event received.
"""

from __future__ import annotations

import asyncio
import sys

from agora_sdk import AgoraClient


async def watch(limit: int | None = None) -> None:
    """Print events until Ctrl-C, or until the limit is reached."""
    async with AgoraClient() as client, client.event.stream(["agora.*"]) as events:
        await events
        print("watching", flush=True)
        count = 0
        async for event in events:
            print(f"{event.sequence:>6}  {event.type}  {event.subject or ''}", flush=True)
            count += 1
            if count == limit:
                return


if __name__ == "__main__":
    asyncio.run(watch(int(sys.argv[1]) if len(sys.argv) > 1 else None))
