"""Held bus entries: ordered, bounded, and shared fairly between senders and tenants."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from agora.domains.bus.engines.port import Delivery
from agora.domains.bus.held_entries import HeldEntries


@pytest.fixture
def waiting() -> HeldEntries:
    return HeldEntries(limit=10, tenant_limit=6, sender_limit=4)


def some(count: int, start: int = 0) -> list[Delivery]:
    return [Delivery(str(number), {}) for number in range(start, start + count)]


def shown(waiting: HeldEntries) -> dict[str, Sequence[str]]:
    found = {
        f"{tenant}/{who}": "".join(e.entry_id for e in held)
        for (tenant, who), held in waiting.take_all_entries().items()
    }
    return dict(sorted(found.items()))


def test_held_entries_stay_in_order_and_only_ids_of_the_last_are_kept(waiting: HeldEntries) -> None:
    sender = ("t", "a")
    assert not waiting.defer_if_sender_has_deferred(sender, "x"), "nothing of it is waiting"
    waiting.add_or_defer_entries(sender, some(9))
    assert "".join(waiting.entry_ids) == "012345678"
    assert len(waiting) == 4
    assert waiting.defer_if_sender_has_deferred(sender, "9"), "it comes after those that wait"
    assert waiting.take_deferred_ids() == {sender: []}, "there is no room yet"
    assert shown(waiting) == {"t/a": "0123"}
    assert (len(waiting), bool(waiting)) == (0, True)
    taken = waiting.take_deferred_ids()
    assert taken == {sender: ["4", "5", "6", "7"]}
    waiting.add_or_defer_entries(sender, some(2, 6))
    assert "".join(waiting.entry_ids) == "6789"
    waiting.return_deferred_ids({sender: ["y"]})
    assert waiting.take_deferred_ids() == {sender: ["y", "8"]}, "as many as have room"


def test_held_ids_are_bounded() -> None:
    waiting = HeldEntries(limit=2, tenant_limit=2, sender_limit=2, id_limit=3)
    waiting.add_or_defer_entries(("t", "a"), some(9))
    assert "".join(waiting.entry_ids) == "01234"
    assert waiting.defer_if_sender_has_deferred(("t", "a"), "9")
    assert "".join(waiting.entry_ids) == "01234"


def test_largest_sender_yields_to_others_of_its_tenant(waiting: HeldEntries) -> None:
    waiting.add_or_defer_entries(("t", "a"), some(4))
    waiting.add_or_defer_entries(("t", "b"), some(2))
    waiting.add_or_defer_entries(("t", "c"), some(4))
    assert shown(waiting) == {"t/a": "01", "t/b": "01", "t/c": "01"}
    waiting.add_or_defer_entries(("t", "a"), some(3))
    waiting.add_or_defer_entries(("t", "b"), some(3))
    waiting.add_or_defer_entries(("t", "c"), some(1))
    assert shown(waiting) == {"t/a": "01", "t/b": "012", "t/c": "0"}


def test_largest_tenant_yields_to_others(waiting: HeldEntries) -> None:
    for who in "ab":
        waiting.add_or_defer_entries(("loud", who), some(4))
    waiting.add_or_defer_entries(("t", "a"), some(4))
    assert len(waiting) == 10
    waiting.add_or_defer_entries(("u", "a"), some(4))
    waiting.add_or_defer_entries(("v", "a"), some(1))
    assert len(waiting) == 10
    found = shown(waiting)
    assert {tenant: sum(len(held) for who, held in found.items() if who.startswith(tenant)) for tenant in "ltuv"} == {
        "l": 3,
        "t": 3,
        "u": 3,
        "v": 1,
    }


def test_sender_with_many_names_gets_no_larger_share(waiting: HeldEntries) -> None:
    waiting.add_or_defer_entries(("t", "a"), some(2))
    for number in range(100):
        waiting.add_or_defer_entries(("loud", f"agent{number}"), some(4))
    found = shown(waiting)
    assert found["t/a"] == "01"
    assert sum(map(len, found.values())) == 8
