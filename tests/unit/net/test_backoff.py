"""Backoff delays after consecutive failures."""

from __future__ import annotations

from agora.net.backoff import Backoff, compute_exponential_delay


def test_delay_doubles_up_to_the_maximum() -> None:
    assert [compute_exponential_delay(failures, 0.5, 3.0) for failures in range(5)] == [0.5, 0.5, 1.0, 2.0, 3.0]
    assert compute_exponential_delay(10_000, 0.5, 3.0) == 3.0


def test_jitter_is_at_most_half_and_success_resets_the_delay() -> None:
    backoff = Backoff(1.0, 4.0)
    for whole in (1.0, 2.0, 4.0, 4.0):
        assert whole / 2 <= backoff.next_delay() <= whole
    backoff.reset_failures()
    assert 0.5 <= backoff.next_delay() <= 1.0
