"""Streaming of model text into a task's output."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from agora.agent_runner.text_stream import FLUSH_SECONDS, TextStream


class SlowTask:
    """A task whose output accepts or refuses text when the test says so."""

    def __init__(self, error: Exception | None = None) -> None:
        self.output: list[str] = []
        self.is_asked, self.may_go_on = asyncio.Event(), asyncio.Event()
        self._error = error

    async def write(self, text: str) -> None:
        self.is_asked.set()
        await self.may_go_on.wait()
        if self._error is not None:
            raise self._error
        self.output.append(text)


def open_stream(task: SlowTask) -> TextStream:
    return TextStream(cast(Any, task))


async def test_unwritten_text_is_the_rest() -> None:
    task = SlowTask()
    stream = open_stream(task)
    stream.add("Good ")
    stream.add("morn\0ing")
    assert await stream.take_unwritten_text() == "Good morning"
    assert await stream.take_unwritten_text() == ""
    await asyncio.sleep(2 * FLUSH_SECONDS)
    await stream.close()
    assert (task.output, task.is_asked.is_set()) == ([], False)


async def test_rest_begins_at_the_end_of_a_write_in_progress() -> None:
    task = SlowTask()
    stream = open_stream(task)
    stream.add("one ")
    await task.is_asked.wait()
    stream.add("two ")
    stream.add("three")
    taking = asyncio.create_task(stream.take_unwritten_text())
    await asyncio.sleep(0)
    assert not taking.done()
    task.may_go_on.set()
    assert await taking == "two three"
    assert task.output == ["one "]
    await stream.close()


async def test_text_received_during_a_write_is_written_next() -> None:
    task = SlowTask()
    stream = open_stream(task)
    stream.add("one ")
    await task.is_asked.wait()
    task.is_asked.clear()
    stream.add("two")
    task.may_go_on.set()
    await task.is_asked.wait()
    assert await stream.take_unwritten_text() == ""
    assert task.output == ["one ", "two"]


async def test_taking_the_rest_raises_the_error_of_a_failed_write() -> None:
    task = SlowTask(ValueError("full"))
    stream = open_stream(task)
    task.may_go_on.set()
    stream.add("one")
    await task.is_asked.wait()
    await asyncio.sleep(0)
    stream.add("two")
    with pytest.raises(ValueError, match="full"):
        await stream.take_unwritten_text()
    await stream.close()
