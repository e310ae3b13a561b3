"""The example of an agent run by the marketplace: by its program, and by the manifest in its directory."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agora.runtimes.process import orphans
from agora.server.app import App
from agora_sdk import AgoraClient
from tests.docs.test_examples import EXAMPLES, printed
from tests.harness import Running, make_settings, running


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Running]:
    """A server that may run the examples."""
    data, first = tmp_path / "host", 20_000 + (os.getpid() * 37) % 9_900
    settings = make_settings(data, instance_sources=(EXAMPLES,), instance_ports=f"{first}-{first + 19}")
    async with running(App(settings)) as server:
        yield server
    orphans.kill_processes_with_variables([f"AGORA_INSTALLATION={(data / 'host-id').read_text().strip()}".encode()])


async def test_instances(host: Running) -> None:
    output = (await printed(host, "instances.py")).splitlines()
    assert output[1:5] == [
        "WordCounter: 0.1 once, 0.6 an hour, 0.01 each, in USD",
        "{'Wörter': 6, 'total': 6} for 0.01 USD",
        "{'Wörter': 4, 'total': 10} for 0.01 USD",
        'upstream_failed: /count answered with HTTP 422. {"error": "text is required"} A failed execution is free.',
    ]
    assert output[5].startswith("paused: 0.12")
    assert output[6] == "running; its output: counted 4 words, 10 in total"
    assert output[7].startswith("base 0.1, 2 executions 0.02, time 0.00")

    manifest = EXAMPLES / "word_counter" / "agent.yaml"
    command = (sys.executable, "-m", "agora.cli", "agent", "register", "--config", str(manifest))
    environ = os.environ | {"AGORA_URL": host.url}
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=STDOUT, env=environ)
    said = (await process.communicate())[0].decode()
    assert "WordCounter is registered in revision 2" in said
    async with AgoraClient(host.url) as client:
        made = await client.instance.create("WordCounter", wait=60)
        done = await client.instance.execute(made.instance_id, "/count", {"text": "one two"})
        assert done.result == {"words": 2, "total": 2}
        ended = await client.instance.terminate(made.instance_id, wait=60)
    assert ended.status == "stopped"
