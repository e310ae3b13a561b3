"""A bus consumer in a separate process, to be killed: reads, records received entries, acknowledges.

``python -m tests.faults.bus_consumer PORT TOKEN NOTES CONSUMER``
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import httpx


def main(port: str, token: str, notes: str, consumer: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    base = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=base, headers=headers, timeout=10) as client, Path(notes).open("a") as file:
        while True:
            try:
                _turn(client, file, consumer)
            except httpx.TransportError:
                time.sleep(0.02)  # the server is down


def _turn(client: httpx.Client, file: object, consumer: str) -> None:
    """Process one batch. A recovery between batches takes over from killed consumers."""
    for path in ("read", "recover"):
        answer = client.post(f"/agora/bus/{path}", json={"consumer": consumer, "count": 20})
        if answer.status_code != 200:
            continue
        entries = answer.json()["entries"]
        for entry in entries:
            print(entry["message_id"], file=file, flush=True)  # type: ignore[call-overload]
        if entries:
            client.post("/agora/bus/ack", json={"message_ids": [entry["entry_id"] for entry in entries]})


if __name__ == "__main__":
    main(*sys.argv[1:])
