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
AGENTS = {"built-in": "With the built-in Echo Agent", "sdk": "With an agent of the SDK"}
SCENARIOS = {
    "send": "send a message and read the answer",
    "message": "receive the answer as a Message instead of a Task",
    "stream": "stream the task of a message",
    "polling": "send a message without blocking, then poll its task",
    "ask back": "answer a question of the agent (`input-required`)",
    "cancel": "cancel a task",
    "resubscribe": "subscribe again to a task after disconnecting",
    "push": "receive push notifications",
    "files": "send a file with all 256 byte values and receive it unchanged",
    "extended card": "fetch the authenticated extended card",
}
MCP_SCENARIOS = {
    "list": "list the default tools: at most 30, with names that OpenAI accepts",
    "send": "send a message with a listed tool",
    "search and call": "search a tool of an upstream and call it with `agora_tools_call`",
    "virtual server": "list exactly the tools of a virtual server; call one of Agora, of an upstream and of an agent",
    "elicitation": "answer a question of an agent's tool by elicitation",
    "answer by a call": "answer it without elicitation: the result holds the question and names the tool for the answer",
    "progress": "receive an agent's progress notifications",
    "errors": "pass the error and its fix to the model",
    "resource": "read a resource",
    "sign in": "find the authorization server of a server that requires a credential",
}
WORKS, NOT_OFFERED = "works", "not offered"
HEAD = """# Tested clients

Test results of third-party MCP and A2A clients with Agora. `make clients` installs a pinned version of each client into its own
environment, runs its program in `tests/clients/programs` against a server process, and generates this page. The long tests run the
same programs and fail if a result differs from this page.

"not offered" means that the client has no such feature.
"""
A2A_HEAD = """## A2A

"yes" means that the scenario works over all bindings of the client (JSON-RPC and HTTP+JSON).
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
    return ["| Client | Tested part |", "| --- | --- |", *(f"| {name} | {about[name]} |" for name in names), ""]


def _name_scenarios(scenarios: Mapping[str, str]) -> list[str]:
    return [
        "| Scenario | Steps |",
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
    return ["### Notes", "", *remarks, ""] if remarks else []


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
