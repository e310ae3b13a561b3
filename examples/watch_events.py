"""Watch what happens on the marketplace, as it happens.

Run it with a server up: python examples/watch_events.py [HOW_MANY]
A broken connection is mended, and the stream goes on after the last event seen.
"""

from __future__ import annotations

import asyncio
import sys

from agora_sdk import AgoraClient


async def watch(how_many: int | None = None) -> None:
    """Print so many events, or all until Ctrl-C."""
    async with AgoraClient() as client, client.event.stream(["agora.*"]) as events:
        await events
        print("watching", flush=True)
        seen = 0
        async for event in events:
            print(f"{event.sequence:>6}  {event.type}  {event.subject or ''}", flush=True)
            seen += 1
            if seen == how_many:
                return


if __name__ == "__main__":
    asyncio.run(watch(int(sys.argv[1]) if len(sys.argv) > 1 else None))
