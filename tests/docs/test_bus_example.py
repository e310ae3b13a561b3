"""The Redis-only example runs unchanged, as a process, against a real Redis server."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

from agora.server.app import App
from agora_sdk import AgoraClient
from tests.harness import ManualClock, make_settings, running
from tests.valkey import broker, valkey_server

__all__ = ["broker", "valkey_server"]

EXAMPLE = Path(__file__).parents[2] / "examples" / "redis_agent.py"
SECONDS = 60


async def test_redis_agent(tmp_path: Path, clock: ManualClock, broker: str) -> None:
    app = App(make_settings(tmp_path / "data", bus=broker), clock=clock)
    async with running(app) as server, AgoraClient(server.url) as person:
        token = (await person.register("RedisAgent", capabilities=["review"])).token
        asker = person.with_options(token=(await person.register("Asker")).token)
        task = await asker.task.assign("review", {"file": "x"}, assignee="capability:review")
        environ = os.environ | {"AGORA_TOKEN": token or "", "REDIS_URL": broker}
        command = (sys.executable, str(EXAMPLE))
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=STDOUT, env=environ)
        try:
            reply = await asker.request("RedisAgent", '{"question":"?"}', "assistance_request", timeout=SECONDS)
            async with asyncio.timeout(SECONDS):
                async for entry in asker.task.stream(task.task_id):
                    last = entry
            done = await asker.task.get(task.task_id)
        finally:
            process.kill()
            output = (await process.communicate())[0].decode()
            print(output)
    assert reply.content == "RedisAgent is available"
    assert last.type == "done"
    assert (done.status.value, done.result) == ("completed", {"done_by": "RedisAgent"})
    assert "task_assignment from" in output
