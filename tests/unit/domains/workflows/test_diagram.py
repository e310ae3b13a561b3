"""Workflow diagrams as Mermaid text."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agora.domains.workflows.planning.diagram import COLOURS, render_mermaid
from agora.domains.workflows.planning.graph import build_graph
from agora_sdk.contract.workflows import Step, StepStatus

NODE = re.compile(r'    s\d+(\["|\{"|\[\["|\[/")(?P<text>[^"]*)("\]|"\}|"\]\]|"/\]):::[a-z]+')
EDGE = re.compile(r'    s\d+ -->(\|"(?P<text>[^"]*)"\|)? s\d+|    s\d+ -\.->\|on failure\| s\d+')
STYLE = re.compile(r"    classDef [a-z]+ [a-z0-9:,# -]+")
PLAIN = re.compile(r"(?:[\w .,…-]|#\d+;|<br/>)*")


def _draw(*given: Any, **states: str) -> str:
    return render_mermaid(build_graph([Step.model_validate(step) for step in given]), states)


def test_diagram_shows_steps_and_dependencies() -> None:
    text = _draw(
        ("extract", "Extractor"),
        {"name": "clean", "depends_on": ["extract"], "when": "steps.extract.result.rows > 0", "for_each": [1, 2]},
        {"name": "ask", "approval": True, "depends_on": ["clean"]},
        {"name": "ship", "workflow": ["pack", "send"], "depends_on": ["ask", "extract"]},
        {"name": "load", "depends_on": ["ship"], "on_failure": "compensate", "compensate": "undo"},
        {"name": "undo", "capability": ["sql", "backup"]},
        extract="completed",
        clean="running",
    )
    assert text.splitlines()[:13] == [
        "flowchart TD",
        '    s0["extract<br/>Extractor"]:::completed',
        '    s1[/"clean"/]:::running',
        '    s2{"ask"}:::pending',
        '    s3[["ship"]]:::pending',
        '    s4["load"]:::pending',
        '    s5["undo<br/>sql, backup"]:::pending',
        '    s0 -->|"steps.extract.result.rows #62; 0"| s1',
        "    s1 --> s2",
        "    s2 --> s3",
        "    s0 --> s3",
        "    s3 --> s4",
        "    s4 -.->|on failure| s5",
    ]
    assert re.findall(r"classDef (\w+)", text) == ["pending", "running", "completed"]


def test_every_step_state_has_a_colour() -> None:
    assert set(COLOURS) == {state.value for state in StepStatus}


def test_unknown_state_is_omitted() -> None:
    text = _draw("a", a="x; click s0 call alert()")
    assert "click" not in text
    assert ":::pending" in text


def test_long_texts_are_truncated() -> None:
    text = _draw(("a", "x" * 80), {"name": "b", "agent": "y" * 81, "depends_on": ["a"]})
    assert "x" * 80 + '"' in text
    assert "y" * 79 + '…"' in text


@given(
    st.text(min_size=1, max_size=30).filter(lambda text: re.fullmatch(r"[^\x00-\x1f\x7f/]+", text)),
    st.text(min_size=1, max_size=30),
)
def test_author_text_is_escaped(agent: str, when: str) -> None:
    steps = [Step(name="end", agent=agent), Step(name="graph", depends_on=["end"])]
    steps[1] = steps[1].model_copy(update={"when": when})
    head, *lines = render_mermaid(build_graph(steps), {}).splitlines()
    assert head == "flowchart TD"
    assert len(lines) == 4
    for line, shape in zip(lines, (NODE, NODE, EDGE, STYLE), strict=True):
        match = shape.fullmatch(line)
        assert match is not None
        assert PLAIN.fullmatch(match.groupdict().get("text") or "") is not None
