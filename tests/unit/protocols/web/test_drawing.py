"""Drawings: layouts of any graph, positions of bars and lines, and escaping."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agora.protocols.web.drawing import (
    TONES,
    Arrow,
    Bar,
    Stage,
    arrange_graph,
    draw_columns,
    draw_gantt,
    draw_sequence,
    draw_sparkline,
    draw_workflow,
    tone_of_state,
)
from agora_sdk.contract.fields import AgentStatus, DeliveryState, TaskStatus
from agora_sdk.contract.instances import InstanceStatus
from agora_sdk.contract.workflows import StepStatus, WorkflowStatus

EVIL = "<script>alert('\"&')</script>"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    """Generate graphs whose vertices depend on earlier ones, and sometimes on missing ones, or themselves."""
    names = [f"s{n}" for n in range(draw(st.integers(0, 14)))]
    pool = st.sampled_from([*names, "absent"]) if names else st.just("absent")
    return {name: draw(st.lists(pool, max_size=4)) for name in names}


@given(graphs())
def test_every_vertex_has_its_own_position_after_its_dependencies(needs: dict[str, list[str]]) -> None:
    layout = arrange_graph(needs)
    assert set(layout.vertices) == set(needs)
    for start, end, ways in layout.edges:
        assert layout.vertices[start].layer < layout.vertices[end].layer
        assert start in needs[end]
        assert len(ways) == layout.vertices[end].layer - layout.vertices[start].layer - 1
    for layer in range(layout.layers):
        rows = sorted(vertex.y for vertex in layout.vertices.values() if vertex.layer == layer)
        assert all(below - above >= 0.99 for above, below in pairwise(rows))
        assert all(-0.01 <= y <= layout.height for y in rows)


def test_no_edge_of_an_acyclic_graph_is_lost() -> None:
    needs = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"], "e": ["a", "d"]}
    layout = arrange_graph(needs)
    assert {(a, b) for a, b, _ in layout.edges} == {(n, v) for v in needs for n in needs[v]}
    assert [layout.vertices[name].layer for name in needs] == [0, 1, 1, 2, 3]


def test_cyclic_graph_is_drawn() -> None:
    assert arrange_graph({"a": ["b"], "b": ["a"]}).layers == 2


def test_wide_graph_of_five_hundred_steps_is_laid_out() -> None:
    needs = {f"s{n}": [f"s{m}" for m in range(max(n - 100, 0), n)] for n in range(500)}
    layout = arrange_graph(needs)
    assert len(layout.vertices) == 500
    assert len(layout.edges) == 499  # transitively implied edges are omitted


@pytest.mark.parametrize(
    "drawn",
    [
        draw_workflow([Stage(EVIL, "running", (), EVIL, 0.5, href=EVIL), Stage("b", EVIL, (EVIL,))], EVIL),
        draw_sequence(
            [Arrow(EVIL, EVIL, EVIL, NOON, EVIL, EVIL), Arrow(EVIL, None, EVIL), Arrow("b", EVIL, EVIL)], EVIL
        ),
        draw_sparkline([1, None, 2], EVIL, kind="live"),
        draw_columns([(EVIL, 1.0)], EVIL),
    ],
    ids=["workflow", "sequence", "sparkline", "columns"],
)
def test_user_text_is_escaped(drawn: str) -> None:
    root = ElementTree.fromstring(drawn)  # well-formed
    assert "script" not in {element.tag for element in root.iter()}
    assert not any(name.startswith("on") or name == "style" for element in root.iter() for name in element.attrib)
    assert EVIL in [root.get("aria-label"), *root.itertext()]


def test_every_state_has_a_colour() -> None:
    for states in (AgentStatus, TaskStatus, WorkflowStatus, StepStatus, InstanceStatus, DeliveryState):
        assert {tone_of_state(state.value) for state in states} <= set(TONES)
    assert tone_of_state("completed") == "good"
    assert tone_of_state("failed") == "bad"
    assert tone_of_state("whatever an agent says") == "idle"


def pieces(row: str) -> list[tuple[str, float, float]]:
    found = re.findall(r'<rect x="([\d.]+)" y="3" width="([\d.]+)" height="10" class="piece (\w+)"', row)
    return [(kind, float(x), float(width)) for x, width, kind in found]


def test_bars_cover_the_time_spent() -> None:
    def at(seconds: float) -> datetime:
        return NOON + timedelta(seconds=seconds)

    chart = draw_gantt(
        [
            Bar("completed", at(0), at(25), at(50)),
            Bar("running", at(50), at(50), None),
            Bar("pending", at(50), None, None),
            Bar("completed", None, at(99), at(99)),
            Bar("pending", None, None, None),
        ],
        at(0),
        at(100),
    )
    assert pieces(chart.rows[0]) == [("waiting", 0, 250), ("good", 250, 250)]
    assert pieces(chart.rows[1]) == [("live", 500, 500)]
    assert pieces(chart.rows[2]) == [("waiting", 500, 500)]
    assert pieces(chart.rows[3]) == [("good", 990, 3)]  # steps without duration are visible too
    assert pieces(chart.rows[4]) == []


@pytest.mark.parametrize("seconds", [0.0, 0.004, 0.8, 2.5, 7, 90, 4000, 86_400 * 3, 86_400 * 400])
def test_scale_has_a_few_round_marks(seconds: float) -> None:
    chart = draw_gantt([], NOON, NOON + timedelta(seconds=seconds))
    assert 2 <= len(chart.ticks) <= 8
    assert chart.ticks[0] == (0, "0")
    assert len({words for _, words in chart.ticks}) == len(chart.ticks)
    assert all(0 <= at <= 1000 for at, _ in chart.ticks)


def test_participants_are_ordered_by_appearance_and_the_last_share_a_line() -> None:
    few = draw_sequence([Arrow("a", "b", "hi"), Arrow("b", None, "all"), Arrow("c", "c", "me")], "few")
    titles = re.findall(r"<g class=\"participant\"><title>(.*?)</title>", few) or re.findall(
        r"<title>(\w+)</title>", few
    )
    assert titles[:4] == ["a", "b", "everyone", "c"]
    many = draw_sequence([Arrow(f"p{n}", f"p{n + 1}", "x") for n in range(40)], "many")
    assert many.count('class="participant"') == 12
    assert "others" in many


def test_gap_interrupts_a_line() -> None:
    drawn = draw_sparkline([1, 2, None, 3, 4], "calls")
    assert drawn.count('class="line"') == 2
    assert draw_sparkline([], "nothing").count("<path") == 0
    assert draw_sparkline([None, None], "nothing").count("<path") == 0


def test_columns_show_their_values() -> None:
    drawn = draw_columns([("1 Nov: 3", 3.0), ("2 Nov: 0", 0.0)], "cost")
    assert drawn.count("<title>") == 2
    assert 'class="column none"' in drawn
