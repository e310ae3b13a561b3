"""The log of the process that runs declared agents is relayed to the server's log."""

from __future__ import annotations

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE

import pytest

from agora.domains.declared_agents.runner_process import relay_log

WRITE = "import sys; sys.stderr.write('before\\n' + 'x' * 5_000 + '\\nafter\\n')"


async def test_lines_after_an_overlong_one_are_relayed(caplog: pytest.LogCaptureFixture) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", WRITE, stderr=PIPE, limit=1000)
    with caplog.at_level(logging.INFO):
        await relay_log(process)
    assert await process.wait() == 0
    messages = [record.getMessage() for record in caplog.records]
    assert "declared agents: before" in messages
    assert "declared agents: after" in messages
    assert max(map(len, messages)) < 2100
