"""Rate limits shared between servers: exchanged messages."""

from __future__ import annotations

from collections import Counter

import pytest
from pydantic_core import from_json

from agora.core.call import Caller
from agora.core.rate_limits import RateLimiter
from agora.server.replication import split_call_counts
from agora.store.postgres.peers import MAX_PAYLOAD_BYTES, Peers
from agora_sdk.errors import RateLimited

ADA = Caller("default", "agent_1", "Ada", "agent", frozenset())
ADA_KEY = ("default", "agent_1")


def test_refused_calls_are_not_announced() -> None:
    limiter = RateLimiter(lambda tier: 5.0, lambda: 0.0)
    limiter.unannounced_calls = Counter()
    for _ in range(1000):
        try:
            limiter.charge_call(ADA)
        except RateLimited:
            continue
    assert limiter.unannounced_calls == {ADA_KEY: 10}


def test_calls_refused_by_another_server_do_not_count_here() -> None:
    now = 0.0
    flooded, other = (RateLimiter(lambda tier: 5.0, lambda: now) for _ in range(2))
    flooded.unannounced_calls = Counter()
    for _ in range(10_000):
        try:
            flooded.charge_call(ADA)
        except RateLimited:
            continue
    other.add_remote_calls(*ADA_KEY, flooded.unannounced_calls[ADA_KEY])
    with pytest.raises(RateLimited):
        other.charge_call(ADA)
    now = 1.0
    other.charge_call(ADA)


def test_announcements_are_bounded_in_length() -> None:
    keys = [("t" * 63, f"{number}" + "ä" * length) for number, length in enumerate((5, 300, 1500, 3000, 900) * 20)]
    words = list(split_call_counts(Counter(dict.fromkeys(keys, 7))))
    told = [tuple(entry) for word in words for entry in from_json(word)]
    assert all(len(word.encode()) < MAX_PAYLOAD_BYTES for word in words)
    short = [(*key, 7) for key in keys if len(key[1]) < 1000]
    assert sorted(each for each in told if len(each[1]) < 1000) == sorted(short)
    assert len(told) == len(set(told))


@pytest.mark.parametrize("text", ["x" * 8000, "\0", "ä" * 4000])
def test_failed_announcement_keeps_the_connection(text: str) -> None:
    peers = Peers("postgresql://nowhere/none")
    with pytest.raises(ValueError, match="too long, or has a NUL"):
        peers.send("spent", text)
    peers.send("spent", "ä" * 3900)
