"""The operation registry: names, concurrent versions, lifecycle, and usage counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from agora.clock import to_datetime
from agora.core.operation_registry import OperationRegistry
from agora.core.semver import InvalidVersion, parse_range, parse_version
from agora.core.usage import Meter
from agora_sdk.contract import Lifecycle, Operation, operations
from agora_sdk.errors import InvalidRequest, NotFound, OperationSunset
from tests.harness import ManualClock


def _versions(clock: ManualClock, **life: object) -> tuple[OperationRegistry, dict[str, Operation]]:
    """Build a registry with three versions of one operation; the newest is beta."""
    send = next(found for found in operations() if found.name == "agora.messaging.send")
    old = replace(send, version="1.0.0", **life)
    made = {
        "1.0.0": old,
        "1.2.0": replace(send, version="1.2.0"),
        "2.0.0": replace(send, version="2.0.0", lifecycle=Lifecycle.BETA),
    }
    return OperationRegistry(made.values(), clock), made


def test_newest_active_version_is_the_default(clock: ManualClock) -> None:
    registry, made = _versions(clock)
    assert registry.resolve("agora.messaging.send") is made["1.2.0"]
    assert registry.resolve("agora_messaging_send") is made["1.2.0"]
    assert registry.resolve("agora.messaging.send@1.0.0") is made["1.0.0"]
    assert registry.resolve("agora.messaging.send", "^2") is made["2.0.0"]
    assert registry.resolve("agora.messaging.send", "~1.0") is made["1.0.0"]
    with pytest.raises(NotFound, match=r"3\.0\.0"):
        registry.resolve("agora.messaging.send", "3.0.0")
    with pytest.raises(InvalidRequest):
        registry.resolve("agora.messaging.send", "newest")
    with pytest.raises(NotFound) as failure:
        registry.resolve("agora.mesaging.send")
    assert "agora.messaging.send" in (failure.value.fix or "")


def test_deprecation_and_sunset_dates_take_effect(clock: ManualClock) -> None:
    today = to_datetime(clock.now()).date()
    tomorrow, after = today + timedelta(days=1), today + timedelta(days=2)
    registry, made = _versions(
        clock, deprecation_date=tomorrow, sunset_date=after, replacement="agora.messaging.send@1.2.0"
    )
    old = made["1.0.0"]
    assert (registry.status(old), registry.get_lifecycle_headers(old)) == (Lifecycle.ACTIVE, {})
    clock.advance(86_400)
    assert registry.status(old) is Lifecycle.DEPRECATED
    notices = registry.get_lifecycle_headers(old)
    assert notices["Deprecation"].startswith("@")
    assert notices["Sunset"].endswith("00:00:00 GMT")
    registry.require_available(old)
    clock.advance(86_400)
    with pytest.raises(OperationSunset, match=r"1\.0\.0") as failure:
        registry.require_available(old)
    assert failure.value.replacement == "agora.messaging.send@1.2.0"


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("1.0.0", "1.0.0", "1.0.1"),
        ("^1.2", "1.9.0", "2.0.0"),
        ("~1.2.3", "1.2.9", "1.3.0"),
        (">=1,<2", "1.5.0", "2.0.0"),
        ("1.x", "1.7.3", "2.0.0"),
    ],
)
def test_version_ranges_select_a_version(text: str, inside: str, outside: str) -> None:
    bounds = parse_range(text)
    assert parse_version(inside) in bounds
    assert parse_version(outside) not in bounds


@pytest.mark.parametrize("text", ["", "newest", "1.2.3.4.5", "^", ">=x", "1..2"])
def test_invalid_ranges_are_refused(text: str) -> None:
    with pytest.raises(InvalidVersion):
        parse_range(text)


def test_usage_counts_calls_and_errors() -> None:
    meter, operation = Meter(), operations()[0]
    for milliseconds in range(1, 101):
        meter.record(operation, milliseconds / 1000, ok=milliseconds % 10 != 0)
    usage = meter.usage(operation)
    assert (usage.calls, usage.errors) == (100, 10)
    median, last = usage.duration_quantile(0.5), usage.duration_quantile(0.99)
    assert median is not None
    assert last is not None
    assert abs(median - 50) < 50 / 8
    assert abs(last - 99) < 99 / 8
