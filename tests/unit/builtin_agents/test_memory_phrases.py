"""Phrases understood by the Memory agent."""

from __future__ import annotations

import time
from typing import Any

import pytest

from agora.builtin_agents.memory import parse_memory_sentence


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Store 'Important Data' with key 'demo_key'",
            {"action": "store", "value": "Important Data", "key": "demo_key"},
        ),
        ("store hello world with key k1", {"action": "store", "value": "hello world", "key": "k1"}),
        ("Please remember the milk as todo.", {"action": "store", "value": "the milk", "key": "todo"}),
        ("Set color to blue", {"action": "store", "key": "color", "value": "blue"}),
        ("remember that sky is blue", {"action": "store", "key": "sky", "value": "blue"}),
        ("Store it's fine with key mood", {"action": "store", "value": "it's fine", "key": "mood"}),
        ("store line one\nline two with key l", {"action": "store", "value": "line one\nline two", "key": "l"}),
        ("Recall demo_key", {"action": "recall", "key": "demo_key"}),
        ("Retrieve the data stored with key 'demo_key'", {"action": "recall", "key": "demo_key"}),
        ("What is demo_key?", {"action": "recall", "key": "demo_key"}),
        ("get the value of key demo_key", {"action": "recall", "key": "demo_key"}),
        ("What do you know about invoices?", {"action": "search", "query": "invoices"}),
        ("search for fox", {"action": "search", "query": "fox"}),
        ("what do you remember?", {"action": "list"}),
        ("List keys", {"action": "list"}),
        ("delete key 'a b'", {"action": "forget", "key": "a b"}),
        ("Forget demo_key", {"action": "forget", "key": "demo_key"}),
        ("hello", {}),
        ("Store some data", {}),
        ("store " * 20_000, {}),
    ],
)
def test_sentences_map_to_commands(text: str, expected: dict[str, Any]) -> None:
    assert parse_memory_sentence(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "store " + " " * 60_000 + "x",
        "store a" + " " * 60_000 + "with'",
        "set a" + "\n" * 60_000 + "x",
        "what is " + " " * 60_000 + "'",
        "recall x" + "?" * 60_000 + "x?" + " " * 5000,
        "store a " + "with a " * 8_000 + "'",
    ],
    ids=lambda text: text[:8].strip(),
)
def test_parsing_time_is_linear(text: str) -> None:
    """All built-in agents share one thread: a phrase with backtracking over many spaces would block the server."""
    began = time.process_time()
    parse_memory_sentence(text)
    assert time.process_time() - began < 2.0
