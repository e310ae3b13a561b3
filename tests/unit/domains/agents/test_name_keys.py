"""Normalized keys of names, for texts of bounded length only."""

from __future__ import annotations

from agora.domains.agents.names import compute_name_key


def test_key_of_long_text_is_the_text() -> None:
    """Normalizing a run of combining marks of this length would take an hour."""
    text = "a" + "\u0301\u0316" * 450_000
    assert compute_name_key(text) == text


def test_names_up_to_the_limit_are_folded() -> None:
    assert compute_name_key("ÄB" * 100) == "äb" * 100
