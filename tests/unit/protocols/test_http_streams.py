"""Streams over HTTP: what is logged when one breaks off."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pytest

from agora.core.events.frames import Batch, CloseReason
from agora.core.events.sink import Sink
from agora.protocols.http_streams import follow_stream


class OneBatch:
    """A stream with a single batch."""

    position = 0
    grace_seconds = 0.0

    async def attach(self, sink: Sink) -> None:
        sink.try_write(Batch((), 1))

    def close(self) -> None: ...


class Failing:
    """An encoder that raises. error: what it raises."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def encode_batches(self, batches: Sequence[Batch], /) -> bytes:
        raise self._error

    def encode_end(self, close_reason: CloseReason, position: int, /) -> bytes:
        raise self._error


async def receive() -> Any:
    await asyncio.Event().wait()


async def send(message: Any) -> None: ...


@pytest.mark.parametrize(("error", "lines"), [(KeyError("artifact"), 1), (OSError("the client left"), 0)])
async def test_defect_of_an_encoder_is_logged(error: Exception, lines: int, caplog: pytest.LogCaptureFixture) -> None:
    stream: Any = OneBatch()
    with caplog.at_level(logging.ERROR, "agora.protocols.http_streams"):
        await follow_stream(stream, Failing(error), receive, send, 1_000_000)
    assert len(caplog.records) == lines
