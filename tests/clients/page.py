"""The page ``docs/reference/clients.md``, generated from the recorded results of the client tests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["MCP_RESULTS", "PAGE", "RESULTS", "read_results", "render_page"]

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "reference" / "clients.md"
RESULTS = Path(__file__).parent / "results.json"  #: outcomes by client, kind of agent and scenario
MCP_RESULTS = Path(__file__).with_name("mcp_results.json")  #: outcomes by client and scenario
AGENTS = {"built-in": "The built-in Echo Agent", "sdk": "An agent made with the SDK"}
SCENARIOS = {
    "send": "a message and its answer",
    "message": "an answer that is a message, not a task",
    "stream": "a message whose task is streamed",
    "polling": "a message that is not waited for",
    "ask back": "a question of the agent, and its answer",
    "cancel": "a task is cancelled",
    "resubscribe": "a stream that was left is taken up again",
    "push": "push notifications",
    "files": "256 bytes of every value, there and back",
    "extended card": "the card of those who have signed in",
}
MCP_SCENARIOS = {
    "list": "the default listing: at most 30 tools, with names that OpenAI takes",
    "send": "a message, with a listed tool",
    "search and call": "a tool of an upstream is searched, and called by `agora_tools_call`",
    "virtual server": "its tools and no others; one of ours, of an upstream and of an agent is called",
    "elicitation": "an agent's tool asks back, and the client's person answers",
    "answer by a call": "the same without elicitation: the question is the result, and is answered by the call that it names",
    "progress": "an agent reports progress, and the client shows it",
    "errors": "the model sees what was wrong, and what to do about it",
    "resource": "a resource is read",
    "sign in": "a server that wants a credential: the client finds where a person signs in",
}
WORKS, NOT_OFFERED = "works", "not offered"
HEAD = """# Clients that were run

What software of others does with Agora over MCP and A2A. `make clients` installs each client, pinned, into an environment of its own,
runs its program in `tests/clients/programs` against a server process, and writes this page; the long tests run the same and fail if
an outcome differs from it.

What the client does not offer is no fault of either side.
"""
A2A_HEAD = """## A2A

"yes" stands for all bindings that the client has (JSON-RPC and HTTP+JSON).
"""


def read_results(path: Path = RESULTS) -> dict[str, Any]:
    """Read the recorded results."""
    results: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return results


def _merge_bindings(outcomes: Mapping[str, str], scenario: str) -> str:
    """Build the cell of one scenario."""
    found = {name.partition(": ")[2]: said for name, said in outcomes.items() if name.partition(":")[0] == scenario}
    if not found:
        return ""
    if all(said == WORKS for said in found.values()):
        return "yes"
    if all(said.startswith(NOT_OFFERED) for said in found.values()):
        return NOT_OFFERED
    if any(said == WORKS for said in found.values()):
        return f"{', '.join(binding for binding, said in found.items() if said == WORKS)} only"
    return "**no**"


def _name_clients(names: Iterable[str], about: Mapping[str, str]) -> list[str]:
    return ["| Client | What of it |", "| --- | --- |", *(f"| {name} | {about[name]} |" for name in names), ""]


def _name_scenarios(scenarios: Mapping[str, str]) -> list[str]:
    return [
        "| Scenario | What is done |",
        "| --- | --- |",
        *(f"| {name} | {what} |" for name, what in scenarios.items()),
    ]


def _head_table(scenarios: Sequence[str]) -> list[str]:
    return [f"| Client | {' | '.join(scenarios)} |", f"| --- |{' --- |' * len(scenarios)}"]


def _render_mcp(results: Mapping[str, Mapping[str, str]], about: Mapping[str, str]) -> list[str]:
    lines = ["## MCP", "", *_name_clients(results, about), *_name_scenarios(MCP_SCENARIOS), ""]
    lines += _head_table(list(MCP_SCENARIOS))
    for client, result in results.items():
        lines.append(f"| {client} | {' | '.join(_merge_bindings(result, name) for name in MCP_SCENARIOS)} |")
    return [*lines, "", *_render_remarks(results)]


def _render_remarks(results: Mapping[str, Mapping[str, str]]) -> list[str]:
    """List failures, and unsupported features whose reason is not the client's own choice."""
    remarks = [
        f"- {client}, {scenario}: {outcome}"
        for client, result in results.items()
        for scenario, outcome in result.items()
        if not outcome.startswith((WORKS, f"{NOT_OFFERED}: by "))
    ]
    return ["### Remarks", "", *remarks, ""] if remarks else []


def render_page(
    a2a: Mapping[str, Mapping[str, Mapping[str, str]]],
    mcp: Mapping[str, Mapping[str, str]],
    about_a2a: Mapping[str, str],
    about_mcp: Mapping[str, str],
) -> str:
    """Render the page. about_a2a, about_mcp: tested part of each client."""
    lines = [HEAD, *_render_mcp(mcp, about_mcp), A2A_HEAD, *_name_clients(a2a, about_a2a), *_name_scenarios(SCENARIOS)]
    for kind, title in AGENTS.items():
        shown = [name for name in SCENARIOS if any(_merge_bindings(result[kind], name) for result in a2a.values())]
        lines += ["", f"### {title}", "", *_head_table(shown)]
        for client, result in a2a.items():
            cells = " | ".join(_merge_bindings(result[kind], name) for name in shown)
            lines.append(f"| {client} | {cells} |")
    return "\n".join([*lines, "", *_render_remarks({client: result["sdk"] for client, result in a2a.items()})])
