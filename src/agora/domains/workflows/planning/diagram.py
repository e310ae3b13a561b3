"""Mermaid diagram of a workflow: a flowchart with the state of each step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .graph import Graph, Node

__all__ = ["render_mermaid"]

COLOURS = {
    "pending": "fill:#eceff1,stroke:#90a4ae,color:#37474f",
    "ready": "fill:#e3f2fd,stroke:#42a5f5,color:#0d47a1",
    "running": "fill:#bbdefb,stroke:#1e88e5,color:#0d47a1,stroke-width:3px",
    "completed": "fill:#c8e6c9,stroke:#43a047,color:#1b5e20",
    "failed": "fill:#ffcdd2,stroke:#e53935,color:#b71c1c",
    "skipped": "fill:#fafafa,stroke:#bdbdbd,color:#757575,stroke-dasharray:4 3",
    "cancelled": "fill:#eeeeee,stroke:#9e9e9e,color:#616161",
}


def render_mermaid(graph: Graph, states: Mapping[str, str]) -> str:
    """Render a flowchart. Text written by a step's author is escaped, so it is never parsed as Mermaid.

    states: step states by name; a missing or unknown state is shown as pending.
    """
    # Step names may be words of Mermaid's grammar, such as `end`, so nodes have numbered ids.
    ids = {name: f"s{at}" for at, name in enumerate(graph.nodes)}
    classes = {name: state if (state := states.get(name)) in COLOURS else "pending" for name in graph.nodes}
    lines = ["flowchart TD"]
    lines += [f"    {ids[name]}{_render_node(node)}:::{classes[name]}" for name, node in graph.nodes.items()]
    lines += [f"    {line}" for line in _render_edges(graph, ids)]
    lines += [f"    classDef {state} {colours}" for state, colours in COLOURS.items() if state in classes.values()]
    return "\n".join(lines) + "\n"


def _render_edges(graph: Graph, ids: Mapping[str, str]) -> Iterator[str]:
    for name, node in graph.nodes.items():
        for before in node.depends_on:
            yield f"{ids[before]} -->{_build_edge_label(node.step.when)} {ids[name]}"
        if node.step.compensate is not None:
            yield f"{ids[name]} -.->|on failure| {ids[node.step.compensate]}"


def _build_edge_label(when: str | None) -> str:
    return f'|"{_truncate_and_escape_text(when)}"|' if when is not None else ""


def _render_node(node: Node) -> str:
    step = node.step
    who = step.agent or ", ".join(step.capability)
    text = _truncate_and_escape_text(step.name) + (f"<br/>{_truncate_and_escape_text(who)}" if who else "")
    if step.approval:
        return f'{{"{text}"}}'
    if step.workflow is not None:
        return f'[["{text}"]]'
    if step.for_each is not None:
        return f'[/"{text}"/]'
    return f'["{text}"]'


def _truncate_and_escape_text(text: str) -> str:
    """Shorten text to 80 characters, and write all but letters, digits, spaces and plain punctuation as entity codes."""
    excerpt = text if len(text) <= 80 else text[:79] + "…"
    # An allow-list: the text is rendered as HTML by Mermaid, so a quote or bracket could inject markup into the monitor.
    return "".join(c if c.isalnum() or c in " _-.,…" else f"#{ord(c)};" for c in excerpt)
