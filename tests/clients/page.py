"""The page ``docs/reference/clients.md``, made of the results that the tests of clients recorded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

__all__ = ["PAGE", "RESULTS", "read_results", "render_page"]

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "reference" / "clients.md"
RESULTS = Path(__file__).parent / "results.json"  #: outcomes by client, kind of agent and scenario
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
WORKS, NOT_OFFERED = "works", "not offered"
HEAD = """# Clients that were run

What software of others does with Agora over A2A. `make clients` installs each client, pinned, into an environment of its own, runs
its program in `tests/clients/programs` against a server process, and writes this page; the long tests run the same and fail if an
outcome differs from it.

"yes" stands for all bindings that the client has (JSON-RPC and HTTP+JSON); what the client does not offer is no fault of either side; an
empty cell was not run.
"""


def read_results() -> dict[str, dict[str, dict[str, str]]]:
    """What was recorded last."""
    results: dict[str, dict[str, dict[str, str]]] = json.loads(RESULTS.read_text("utf-8"))
    return results


def _merge_bindings(outcomes: Mapping[str, str], scenario: str) -> str:
    """The cell of one scenario."""
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


def render_page(results: Mapping[str, Mapping[str, Mapping[str, str]]], about: Mapping[str, str]) -> str:
    """The page. about: of each client, what of it was used."""
    lines = [HEAD, "| Client | What of it |", "| --- | --- |", *(f"| {name} | {about[name]} |" for name in results), ""]
    lines += ["| Scenario | What is done |", "| --- | --- |"]
    lines += [f"| {name} | {what} |" for name, what in SCENARIOS.items()]
    for kind, title in AGENTS.items():
        shown = [name for name in SCENARIOS if any(_merge_bindings(result[kind], name) for result in results.values())]
        lines += ["", f"## {title}", "", f"| Client | {' | '.join(shown)} |", f"| --- |{' --- |' * len(shown)}"]
        for client, result in results.items():
            cells = " | ".join(_merge_bindings(result[kind], name) for name in shown)
            lines.append(f"| {client} | {cells} |")
    remarks = [
        f"- {client}, {scenario}: {outcome}"
        for client, result in results.items()
        for scenario, outcome in result["sdk"].items()
        if not outcome.startswith((WORKS, f"{NOT_OFFERED}: by "))
    ]
    return "\n".join([*lines, "", *(["## Remarks", "", *remarks, ""] if remarks else [])])
