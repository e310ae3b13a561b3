"""Random graphs: every acyclic one is accepted, every cycle is found."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from agora.domains.workflows.planning.graph import add_node, build_graph, find_errors, reorder_nodes
from agora_sdk.contract.workflows import Step
from agora_sdk.errors import InvalidRequest

Edges = set[tuple[int, int]]


@st.composite
def dags(draw: st.DrawFn) -> tuple[int, Edges]:
    """Generate a number of steps, and pairs (earlier, later) of some order of them."""
    count = draw(st.integers(2, 12))
    order = draw(st.permutations(range(count)))
    pairs = draw(st.sets(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=30))
    return count, {(order[min(pair)], order[max(pair)]) for pair in pairs if pair[0] != pair[1]}


def _steps(count: int, edges: Edges) -> list[Step]:
    return [
        Step(name=f"s{at}", depends_on=[f"s{before}" for before, after in sorted(edges) if after == at])
        for at in range(count)
    ]


def _reachable(edges: Edges, start: int) -> set[int]:
    found, waiting = set[int](), [start]
    while waiting:
        current = waiting.pop()
        for before, after in edges:
            if before == current and after not in found:
                found.add(after)
                waiting.append(after)
    return found


@settings(deadline=None)
@given(dags())
def test_acyclic_graph_is_accepted_and_runs_to_its_end(drawn: tuple[int, Edges]) -> None:
    count, edges = drawn
    steps = _steps(count, edges)
    assert find_errors(steps) == []
    graph = build_graph(steps)
    waiting = {name: set(node.depends_on) for name, node in graph.nodes.items()}
    ready, done = [name for name, dependencies in waiting.items() if not dependencies], list[str]()
    while ready:
        name = ready.pop()
        done.append(name)
        for following in graph.list_successors(name):
            waiting[following].discard(name)
            if not waiting[following]:
                ready.append(following)
    assert sorted(done) == sorted(graph.nodes)
    place = {name: at for at, name in enumerate(done)}
    assert all(place[f"s{before}"] < place[f"s{after}"] for before, after in edges)


@settings(deadline=None)
@given(dags(), st.data())
def test_every_cycle_is_found_and_named(drawn: tuple[int, Edges], data: st.DataObject) -> None:
    count, edges = drawn
    loops = [(after, start) for start in range(count) for after in _reachable(edges, start)]
    if not loops:
        return
    edges = edges | {data.draw(st.sampled_from(loops))}
    found = [fault for fault in find_errors(_steps(count, edges)) if "cycle" in fault["message"]]
    assert found
    for fault in found:
        names = fault["message"].removeprefix("a cycle: ").split(" -> ")
        numbers = [int(name[1:]) for name in names]
        assert numbers[0] == numbers[-1]
        assert len(numbers) > 2
        assert all((before, after) in edges for after, before in pairwise(numbers))
        assert fault["field"] == f"steps[{numbers[0]}].depends_on"


@settings(deadline=None)
@given(dags(), st.integers(0, 11), st.integers(0, 11))
def test_step_knows_exactly_its_ancestors(drawn: tuple[int, Edges], reader: int, read: int) -> None:
    count, edges = drawn
    reader, read = reader % count, read % count
    steps = _steps(count, edges)
    steps[reader] = steps[reader].model_copy(update={"when": f"steps.s{read}.status == 'completed'"})
    assert (find_errors(steps) == []) == (reader in _reachable(edges, read))


@settings(deadline=None)
@given(dags(), st.data())
def test_step_is_added_unless_it_creates_a_cycle(drawn: tuple[int, Edges], data: st.DataObject) -> None:
    count, edges = drawn
    graph = build_graph(_steps(count, edges))
    after = data.draw(st.sets(st.integers(0, count - 1), max_size=3))
    before = data.draw(st.sets(st.integers(0, count - 1), max_size=3))
    step = Step(name="new", depends_on=[f"s{at}" for at in sorted(after)])
    cyclic = any(late in after or _reachable(edges, late) & after for late in before)
    try:
        changed = add_node(graph, step, [f"s{at}" for at in sorted(before)], [])
    except InvalidRequest:
        assert cyclic
        return
    assert not cyclic
    assert find_errors([node.step for node in changed.nodes.values()]) == []
    assert set(changed.list_successors("new")) == {f"s{at}" for at in before}


@given(st.integers(1, 10), st.data())
def test_pending_steps_can_be_put_in_any_order(count: int, data: st.DataObject) -> None:
    graph = build_graph([Step(name=f"s{at}") for at in range(count)])
    fixed = data.draw(st.sets(st.sampled_from(sorted(graph.nodes))))
    order = data.draw(st.permutations([name for name in graph.nodes if name not in fixed]))
    changed = reorder_nodes(graph, order, fixed)
    names = list(changed.nodes)
    assert [name for name in names if name not in fixed] == list(order)
    assert all(names.index(name) == graph.nodes[name].position for name in fixed)
    assert [node.depends_on for node in changed.nodes.values()] == [(), *((name,) for name in names[:-1])]


def test_largest_workflow_is_checked_quickly() -> None:
    """500 steps, each after the hundred steps before it: half a million pairs of ancestors, none visited twice."""
    steps = [
        Step(name=f"s{at}", depends_on=[f"s{earlier}" for earlier in range(max(0, at - 100), at)]) for at in range(500)
    ]
    steps[-1] = steps[-1].model_copy(update={"when": "steps.s0.status == 'completed'"})
    assert find_errors(steps) == []
