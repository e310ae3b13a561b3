"""Classification of sentences by the orchestrator."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agora.domains.orchestrator.intents import ParsedIntent, parse_intent
from agora_sdk.contract.orchestrator import Orchestrator

SENTENCES = Path(__file__).parents[4] / "benchmarks" / "chat_sentences.json"


def test_most_sentences_are_classified_correctly() -> None:
    cases = json.loads(SENTENCES.read_text())
    wrong = []
    for case in cases:
        intent = parse_intent(case["sentence"])
        if (intent.tool, intent.arguments) != (case["tool"], case["arguments"]):
            wrong.append(case["sentence"])
    assert len(wrong) <= len(cases) / 10, wrong


@pytest.mark.parametrize(
    ("message", "intent"),
    [
        (
            'register an agent called "Paper Boy" that can deliver, sort and fold',
            ParsedIntent("register_agent", {"name": "Paper Boy", "capabilities": ["deliver", "sort", "fold"]}),
        ),
        ("Register an agent", ParsedIntent("register_agent", {"name": ""})),
        ("c++ or node.js agents", ParsedIntent("search_agents", {"query": "c++ node.js"})),
        ("Please delete MyBot", ParsedIntent(None, refusal="delete")),
        ("review code", ParsedIntent("search_agents", {"query": "review code"}, bare=True)),
        ("?!", ParsedIntent(None)),
        ("what is", ParsedIntent(None)),
    ],
)
def test_intent_of_a_sentence(message: str, intent: ParsedIntent) -> None:
    assert parse_intent(message) == intent


WORDS = st.sampled_from(
    [
        "find",
        "agents",
        "for",
        "create",
        "register",
        "how",
        "many",
        "free",
        "apps",
        "named",
        "'Ada'",
        "under",
        "2",
        "dollars",
        "rated",
        "above",
        "8",
        "it",
        "can",
        "do",
        "agent.a.b",
        "information",
        "about",
        "the",
        "cheapest",
        "in",
        "industry",
        ",",
        ".",
        "?",
        "!",
        "\x00",
        "ß",
        "999999999999",
        "delete",
        "-",
    ]
)


@given(st.one_of(st.text(min_size=1, max_size=2000), st.lists(WORDS, min_size=1, max_size=40).map(" ".join)))
def test_no_sentence_is_an_error(message: str) -> None:
    intent = parse_intent(message)
    assert len(intent.arguments.get("query", "").split()) <= 8
    if intent.tool is not None:
        assert intent.arguments.keys() <= Orchestrator.operations[intent.tool].input.model_fields.keys()


def test_classification_time_grows_linearly() -> None:
    """With backtracking rules these would take minutes; the test's timeout would end them."""
    for part in ("agent ", "a, ", "register agent named ", "for the ", "$9 ", "'", "agent.a", "it can do "):
        parse_intent((part * 1000)[:2000])
