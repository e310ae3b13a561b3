"""CPU time of opening a stream is charged to the rate limit of its caller."""

from __future__ import annotations

from collections import Counter
from itertools import count
from pathlib import Path

import pytest

from agora.scheduling import StepClock
from agora.server.app import App
from agora_sdk.contract import declared
from agora_sdk.errors import InvalidRequest
from tests.harness import ManualClock, make_settings
from tests.market import Market


async def test_parsing_large_arguments_of_a_stream_counts_as_calls(tmp_path: Path) -> None:
    clock = ManualClock()
    app = App(make_settings(tmp_path, rate_call_ms=0.1), clock=clock)
    await app.start()
    try:
        ada = await Market(app, clock).agent("Ada")
        limiter, spent = app.dispatcher.limiter, Counter[tuple[str, str]]()
        limiter.unannounced_calls = spent
        # Each reading is 0.4 ms after the last one, so that parsing takes four times the time of a call.
        app.dispatcher.scheduler.clock = StepClock(monotonic=(0.0004 * each for each in count()).__next__)
        types = ["x" * 2_000 + str(number) for number in range(2_000)]
        with pytest.raises(InvalidRequest):
            await app.dispatcher.open_stream(declared("event", "stream"), ada, {"types": types})
        assert spent[ada.tenant, ada.subject] == pytest.approx(4)
    finally:
        await app.stop()
