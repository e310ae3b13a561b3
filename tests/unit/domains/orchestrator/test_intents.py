"""What sentences mean to the orchestrator."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agora.domains.orchestrator.intents import ParsedIntent, parse_intent


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("Find agents for code generation", ParsedIntent("search_agents", words=("code", "generation"))),
        ("Show me free text analysis agents", ParsedIntent("search_agents", words=("text", "analysis"), free=True)),
        ("What agents are available for Healthcare?", ParsedIntent("search_agents", words=("Healthcare",))),
        ("List all agents", ParsedIntent("search_agents")),
        ("Give me details about agent.codegen.fast", ParsedIntent("get_agent", alias="agent.codegen.fast")),
        ("Tell me more about the CodeHelper Agent", ParsedIntent("get_agent", name="CodeHelper Agent")),
        (
            "Register a new agent named MyBot with ID agent.myorg.mybot. It can do text analysis.",
            ParsedIntent("register_agent", name="MyBot", alias="agent.myorg.mybot", capabilities=("text_analysis",)),
        ),
        (
            'register an agent called "Paper Boy" that can deliver, sort and fold',
            ParsedIntent("register_agent", name="Paper Boy", capabilities=("deliver", "sort", "fold")),
        ),
        (
            "Add an agent with ID agent.acme.adder",
            ParsedIntent("register_agent", name="adder", alias="agent.acme.adder"),
        ),
        ("Register an agent", ParsedIntent("register_agent")),
        ("How many agents are in the marketplace?", ParsedIntent("get_marketplace_stats")),
        ("Show marketplace statistics", ParsedIntent("get_marketplace_stats")),
        ("Which apps are there for invoices?", ParsedIntent("search_apps", words=("invoices",))),
        ("c++ or node.js agents", ParsedIntent("search_agents", words=("c++", "node.js"))),
        ("?!", ParsedIntent(None)),
        ("what is", ParsedIntent(None)),
    ],
)
def test_what_is_wanted(message: str, wanted: ParsedIntent) -> None:
    assert parse_intent(message) == wanted


@given(st.text(min_size=1, max_size=2000))
def test_nothing_that_is_said_is_an_error(message: str) -> None:
    wanted = parse_intent(message)
    assert len(wanted.words) <= 8
