"""Behaviour and log during storage outages."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import pytest

from agora.core import relays as relay
from agora.core.call import Relay
from agora.server.logging import OutageFilter
from agora.store.outages import Outages
from agora.store.port import StoreUnavailable
from agora_sdk.errors import DeadlineExceeded, StorageUnavailable


def trouble(cause: str = "unreachable", *, unknown: bool = False) -> StoreUnavailable:
    return StoreUnavailable("It is away.", cause=cause, unknown=unknown, reason="10.0.0.1 refused")


def test_outage_logs_one_line_per_cause_and_one_at_its_end(caplog: pytest.LogCaptureFixture) -> None:
    outages = Outages()
    outages.end_outage_if_recovered(time.monotonic())
    for cause in ("unreachable", "timeout", "unreachable", "unreachable"):
        outages.record_failure(trouble(cause))
    began_before = time.monotonic() - 60
    outages.end_outage_if_recovered(began_before)
    lines = [record.getMessage() for record in caplog.records]
    assert [line.split(":")[0] for line in lines] == [
        "storage unavailable (unreachable)",
        "storage unavailable (timeout)",
    ]
    outages.end_outage_if_recovered(time.monotonic())
    assert caplog.records[-1].getMessage().endswith("unreachable 3, timeout 1")
    outages.end_outage_if_recovered(time.monotonic())
    assert len(caplog.records) == 3
    outages.record_failure(trouble())
    assert len(caplog.records) == 4, "a new outage is logged again"


def test_only_tracebacks_of_an_outage_are_dropped() -> None:
    def record(error: Exception) -> logging.LogRecord:
        return logging.LogRecord("x", logging.ERROR, "x", 1, "failed", None, (type(error), error, None))

    assert not OutageFilter().filter(record(trouble()))
    assert OutageFilter().filter(record(ValueError("x")))
    assert OutageFilter().filter(logging.LogRecord("x", logging.ERROR, "x", 1, "failed", None, None))


def test_error_of_the_engine_is_hidden_from_callers() -> None:
    assert "10.0.0.1" not in str(trouble().problem())


def intent() -> relay.Intent:
    async def perform() -> str:
        return "done"

    async def settle(call: Any, outcome: Any) -> Any: ...

    return relay.Intent(Relay(perform, settle, timeout=1.0), "rly_1", None, None)


async def test_remote_outcome_is_stored_after_the_outage() -> None:
    failures = [trouble(), trouble("disk_full")]

    async def finish(outcome: Any) -> Any:
        if failures:
            raise failures.pop()
        return outcome

    assert await relay.run_relay(intent(), finish, pause_seconds=0.0) == "done"
    failures += [trouble()] * 2
    with pytest.raises(DeadlineExceeded) as lost:
        await relay.run_relay(intent(), finish, outage_seconds=0.0, pause_seconds=0.0)
    assert lost.value.outcome == "unknown"


async def test_possibly_stored_outcome_is_not_stored_again() -> None:
    calls = 0

    async def finish(outcome: Any) -> Any:
        nonlocal calls
        calls += 1
        raise trouble(unknown=True)

    with pytest.raises(StorageUnavailable):
        await asyncio.wait_for(relay.run_relay(intent(), finish), 60)
    assert calls == 1
