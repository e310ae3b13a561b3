"""Template filters: values formatted for people."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from agora.protocols.web.filters import FILTERS

NOTHING = "\N{EN DASH}"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("duration", None, NOTHING),
        ("duration", 0.0421, "42 ms"),
        ("duration", 3.0, "3 s"),
        ("duration", 59.96, "60 s"),
        ("duration", 61, "1 m 1 s"),
        ("duration", 3600, "1 h"),
        ("duration", 90_000, "1 d 1 h"),
        ("share", 0.5, "50.0 %"),
        ("share", 1, "100 %"),
        ("share", None, NOTHING),
        ("size", 512, "512 B"),
        ("size", 2048, "2.0 KB"),
        ("size", 5 * 1024**3, "5.0 GB"),
        ("count", 12_345, "12,345"),
        ("milliseconds", 0.25, "0.2 ms"),
        ("milliseconds", 1500, "1.5 s"),
        ("brief", "task_" + "0" * 24 + "1a2b3c4d", "1a2b3c4d"),
        ("brief", "operator", "operator"),
        ("brief", None, ""),
        ("words", "in_progress", "in progress"),
        ("sentence", "in progress", "In progress"),
        ("day", date(2026, 11, 3), "3 Nov"),
        ("document", "as it is", "as it is"),
        ("document", {"a": 1}, '{\n  "a": 1\n}'),
        ("room", "wf_" + "0" * 32, "workflows/wf_" + "0" * 32),
        ("room", "wf_/../../x" + "0" * 24, None),
        ("room", "key_" + "0" * 32, None),
        ("room", None, None),
        ("cut", "a  b\nc", "a b c"),
    ],
)
def test_values_are_formatted(name: str, value: object, shown: object) -> None:
    given = (value, 80) if name == "cut" else (value,)
    assert FILTERS[name](*given) == shown


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (12.5, "12.50 USD"),
        (0, "0.00 USD"),
        (0.0421, "0.0421 USD"),
        (0.000051, "0.000051 USD"),
        (-3, "-3.00 USD"),
        (-1e-9, "0.000000 USD"),
    ],
)
def test_small_amounts_keep_their_digits(amount: float, shown: str) -> None:
    assert FILTERS["money"](amount, "USD") == shown


def test_long_document_is_truncated() -> None:
    assert FILTERS["document"]("x" * 50_000).endswith("30,000 more")


def test_state_is_rendered_as_a_mark_and_a_word() -> None:
    shown = FILTERS["state"]("in_progress")
    assert shown.endswith("In progress</span>")
    assert 'class="state live"' in shown
    assert "<b>" not in FILTERS["state"]("<b>")


def test_times_are_machine_readable_and_readable() -> None:
    noon = datetime(2026, 11, 21, 12, 0, 1, tzinfo=UTC)
    for name, form in (("ago", "ago"), ("clock", "clock"), ("moment", "full")):
        shown = f'<time datetime="2026-11-21T12:00:01+00:00" data-time="{form}">2026-11-21 12:00:01 UTC</time>'
        assert FILTERS[name](noon) == shown
    assert FILTERS["ago"](None) == NOTHING


@pytest.mark.parametrize(
    ("quantity", "unit", "shown"),
    [
        (0, "file", "0 files"),
        (1, "file", "1 file"),
        (2, "instance", "2 instances"),
        (1, "entry", "1 entry"),
        (3, "entry", "3 entries"),
        (2, "key", "2 keys"),
        (12_345, "dead letter", "12,345 dead letters"),
        (1.0, "second", "1 second"),
        (20.517289, "second", "20.517 seconds"),
        (0.0004, "hour", "0.0004 hours"),
    ],
)
def test_unit_is_plural_unless_the_count_is_one(quantity: float, unit: str, shown: str) -> None:
    assert FILTERS["quantity"](quantity, unit) == shown
