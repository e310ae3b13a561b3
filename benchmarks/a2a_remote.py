"""The remote agent of ``a2a_proxy``: a minimal A2A 1.0 server over JSON-RPC, with negligible cost.

Each task is started, gets an artifact whose text is the time at which it was sent (nanoseconds of the machine's
monotonic clock), and is completed. ``slow`` in a message adds a delay between the first event and the others.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from typing import Any

__all__ = ["app"]

NUMBERS = itertools.count(1)
PAUSE = 0.02  # seconds
CARD = {
    "name": "Remote",
    "description": "For benchmarks.",
    "version": "1",
    "supportedInterfaces": [{"url": "/", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}],
    "capabilities": {"streaming": True},
    "defaultInputModes": ["text/plain"],
    "defaultOutputModes": ["text/plain"],
    "skills": [{"id": "time", "name": "Time", "description": "Tells the time.", "tags": ["time"]}],
}
Send = Any


async def app(scope: dict[str, Any], receive: Any, send: Send) -> None:
    if scope["type"] != "http":
        return
    if scope["method"] == "GET":
        await _whole(send, CARD if scope["path"].endswith("agent-card.json") else {})
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    request = json.loads(body)
    number = next(NUMBERS)
    about = {"taskId": f"t{number}", "contextId": f"c{number}"}
    if request["method"] == "SendStreamingMessage":
        await _stream(send, request["id"], about, slow=b"slow" in body)
    else:
        done = {"id": about["taskId"], "contextId": about["contextId"], "status": {"state": "TASK_STATE_COMPLETED"}}
        await _whole(send, {"jsonrpc": "2.0", "id": request["id"], "result": {"task": done | {"artifacts": [_now()]}}})


def _now() -> dict[str, Any]:
    return {"artifactId": "time", "name": "time", "parts": [{"text": str(time.monotonic_ns())}]}


async def _whole(send: Send, document: Any) -> None:
    body = json.dumps(document).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _stream(send: Send, id: Any, about: dict[str, str], *, slow: bool) -> None:
    def item(result: dict[str, Any]) -> bytes:
        return b"data: " + json.dumps({"jsonrpc": "2.0", "id": id, "result": result}).encode() + b"\n\n"

    def status(state: str) -> dict[str, Any]:
        return {"statusUpdate": {**about, "status": {"state": f"TASK_STATE_{state}"}}}

    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    task = {"id": about["taskId"], "contextId": about["contextId"], "status": {"state": "TASK_STATE_SUBMITTED"}}
    pieces = [{"task": task}, status("WORKING")]
    await send({"type": "http.response.body", "body": b"".join(map(item, pieces)), "more_body": True})
    if slow:
        await asyncio.sleep(PAUSE)
    artifact = {"artifactUpdate": {**about, "artifact": _now(), "append": False, "lastChunk": True}}
    await send({"type": "http.response.body", "body": item(artifact), "more_body": True})
    if slow:
        await asyncio.sleep(PAUSE)
    await send({"type": "http.response.body", "body": item(status("COMPLETED")), "more_body": False})
